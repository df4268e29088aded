//! `probate log`: what a decision log says.

use crate::cli::LogArgs;
use crate::exit::{Exit, Outcome};
use crate::lines::{self, Wanted};
use crate::print;

/// Runs the command.
///
/// # Errors
/// Wrong usage, or a file that cannot be read.
pub fn run(args: &LogArgs) -> Outcome {
    let wanted = Wanted::of(&args.lines)?;
    let read = lines::read(&args.files, &wanted)?;
    print::diagnostics(&read.diagnostics);
    print::log::lines(&read.lines, args.output)?;
    Ok(if read.diagnostics.is_empty() { Exit::Done } else { Exit::Unreadable })
}
