//! The only place that writes to standard output and error.

pub mod plan;

use probate_contract::Diagnostic;
use std::io::Write;

/// Messages go to standard error.
pub fn diagnostics(diagnostics: &[Diagnostic]) {
    let mut stream = anstream::stderr().lock();
    for diagnostic in diagnostics {
        // Nobody is left to tell that standard error is closed.
        let _ = writeln!(stream, "{diagnostic}");
    }
}
