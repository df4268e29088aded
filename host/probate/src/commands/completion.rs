//! `probate completion`: a script for the shell.

use crate::cli::{Cli, CompletionArgs};
use crate::exit::{Exit, Outcome};
use crate::print;
use clap::CommandFactory;

/// Runs the command.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &CompletionArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "probate", &mut script);
    print::text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
