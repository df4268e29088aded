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
    let size = std::fs::metadata(path)
        .map_err(|error| Diagnostic::error(code, error.to_string()).file(&*name))?
        .len();
    if size > MAX_BYTES {
        return Err(Diagnostic::error(
            code,
            format!("the file has {size} bytes, at most {MAX_BYTES} are read"),
        )
        .file(name));
    }
    std::fs::read_to_string(path).map_err(|error| Diagnostic::error(code, error.to_string()).file(name))
}

/// All documents of a text; an empty one is none.
///
/// # Errors
/// With line and column of the first thing wrong.
pub fn parse<T: DeserializeOwned>(text: &str, name: &str, code: &str) -> Result<Vec<T>, Diagnostic> {
    serde_saphyr::from_multiple(text).map_err(|error| {
        let said = error.to_string();
        let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("not YAML").trim();
        let message = first.strip_prefix("error: ").unwrap_or(first).to_owned();
        let diagnostic = Diagnostic::error(code, message).file(name);
        match error.location() {
            Some(place) => diagnostic.at(place.line(), place.column()),
            None => diagnostic,
        }
    })
}

/// All documents of a file.
///
/// # Errors
/// As `text` and `parse`.
pub fn read<T: DeserializeOwned>(path: &Path, code: &str) -> Result<Vec<T>, Diagnostic> {
    parse(&text(path, code)?, &path.display().to_string(), code)
}
