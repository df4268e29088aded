//! The only place that writes to standard output and error. Results go to standard output, everything else to standard error;
//! texts carry styles, which the stream drops where nobody can see them.

pub mod check;
pub mod codes;
pub mod diff;
pub mod explain;
pub mod graph;
pub mod log;
pub mod plan;
mod progress;
pub mod style;
pub mod table;

pub use progress::Progress;

use crate::exit::Stop;
use probate_contract::common::Identity;
use probate_contract::{Diagnostic, Severity};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Messages go to standard error.
pub fn diagnostics(diagnostics: &[Diagnostic]) {
    let mut stream = anstream::stderr().lock();
    for diagnostic in diagnostics {
        // Nobody is left to tell that standard error is closed.
        let _ = writeln!(stream, "{}", styled(diagnostic));
    }
}

/// A line that is no message, to standard error.
pub fn aside(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// The message, with its severity in color.
fn styled(diagnostic: &Diagnostic) -> String {
    let (word, style) = match diagnostic.severity {
        Severity::Error => ("error", style::BAD),
        Severity::Warning => ("warning", style::CAREFUL),
        Severity::Note => ("note", style::QUIET),
    };
    let mark = format!("{word}[{}]", diagnostic.code);
    diagnostic.to_string().replacen(&mark, &format!("{style}{mark}{style:#}"), 1)
}

/// Writes a result.
///
/// # Errors
/// Standard output cannot be written. That nobody reads it any more is no error.
pub fn text(text: &str) -> Result<(), Stop> {
    let mut out = anstream::stdout().lock();
    settle(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Writes a document as JSON.
///
/// # Errors
/// As `text`.
pub fn json(document: &impl Serialize) -> Result<(), Stop> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from);
    settle(written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
}

/// Writes a document as YAML.
///
/// # Errors
/// As `text`.
pub fn yaml(document: &impl Serialize) -> Result<(), Stop> {
    text(&as_yaml(document)?)
}

/// A document as YAML.
///
/// # Errors
/// It cannot be written as YAML, which would be our fault.
pub fn as_yaml(document: &impl Serialize) -> Result<String, Stop> {
    let mut options = serde_saphyr::SerializerOptions::default();
    options.prefer_block_scalars = false;
    serde_saphyr::to_string_with_options(document, options).map_err(crate::internal)
}

/// What became of writing a result.
///
/// # Errors
/// As `text`.
pub fn settle(written: io::Result<()>) -> Result<(), Stop> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(crate::internal(format!("standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Columns of the terminal that results are shown on; none where they go elsewhere.
pub fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns).max(60))
}

/// `pvc/NS/NAME` or `pv/NAME`, with `CLUSTER:` before it where there are several: as `explain` takes it.
pub fn object(identity: &Identity, clusters: usize) -> String {
    let kind = match identity.kind.as_str() {
        "PersistentVolumeClaim" => "pvc",
        "PersistentVolume" => "pv",
        other => other,
    };
    let cluster = match &identity.cluster {
        Some(cluster) if clusters > 1 => format!("{cluster}:"),
        _ => String::new(),
    };
    match &identity.namespace {
        Some(namespace) => format!("{cluster}{kind}/{namespace}/{}", identity.name),
        None => format!("{cluster}{kind}/{}", identity.name),
    }
}

/// A word as a shell takes it, so that a command that is shown can be copied.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// `1 claim`, `2 claims`.
pub fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Writes a document as JSON or YAML.
///
/// # Errors
/// As `text`.
pub fn document(document: &impl Serialize, format: crate::cli::Format) -> Result<(), Stop> {
    match format {
        crate::cli::Format::Yaml => yaml(document),
        _ => json(document),
    }
}
