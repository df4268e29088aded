//! Probate's own documents (manifests, settings, records, suites) as YAML or JSON, with the place of what is wrong.

use probate_contract::Diagnostic;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Largest document of our own.
const MAX_BYTES: u64 = 16 << 20;

/// The text of a file.
///
/// # Errors
/// It cannot be read, is no text, or is too large.
pub fn text(path: &Path, code: &str) -> Result<String, Diagnostic> {
    let name = path.display().to_string();
    let refused = |error: std::io::Error| {
        let fix = match error.kind() {
            std::io::ErrorKind::NotFound => "name a file that is there",
            std::io::ErrorKind::InvalidData => "save it as UTF-8",
            _ => "name a file that can be read",
        };
        Diagnostic::error(code, error.to_string()).file(&*name).fix(fix)
    };
    let size = std::fs::metadata(path).map_err(refused)?.len();
    if size > MAX_BYTES {
        return Err(Diagnostic::error(
            code,
            format!("the file has {size} bytes, at most {MAX_BYTES} are read"),
        )
        .file(name)
        .fix("name a manifest, a suite or records; a dump is given as DUMP"));
    }
    std::fs::read_to_string(path).map_err(refused)
}

/// All documents of a text; an empty one is none.
///
/// # Errors
/// With line and column of the first thing wrong.
pub fn parse<T: DeserializeOwned>(text: &str, name: &str, code: &str) -> Result<Vec<T>, Diagnostic> {
    serde_saphyr::from_multiple(text)
        .map_err(|error| told(&error, name, code, "mend the YAML (or JSON) there"))
}

/// An error of the YAML reader in our words, with its place, and a fix: the given one where the reader knows none.
pub(crate) fn told(error: &serde_saphyr::Error, name: &str, code: &str, otherwise: &str) -> Diagnostic {
    let said = error.to_string();
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("not YAML").trim();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    // The place is told apart from the message.
    let first = match first.split_once(": ") {
        Some((place, rest)) if place.starts_with("line ") => rest,
        _ => first,
    };
    let (message, fix) = if let Some((_, key)) = first.split_once("duplicate mapping key") {
        let key = key.trim_start_matches([':', ' ']);
        let key = key.split([',', ' ']).next().unwrap_or_default().trim_matches(['`', '"', '\'']);
        (
            format!("the key `{key}` is there twice"),
            "keep one of the two: which one counts would be up to the reader",
        )
    } else if first.contains("tab") && !first.contains("table") {
        (first.to_owned(), "indent with spaces: YAML takes no tabs there")
    } else {
        (first.to_owned(), otherwise)
    };
    let diagnostic = Diagnostic::error(code, message).file(name).fix(fix);
    match error.location() {
        Some(place) => diagnostic.at(place.line(), place.column()),
        None => diagnostic,
    }
}

/// All documents of a file.
///
/// # Errors
/// As `text` and `parse`.
pub fn read<T: DeserializeOwned>(path: &Path, code: &str) -> Result<Vec<T>, Diagnostic> {
    parse(&text(path, code)?, &path.display().to_string(), code)
}
