//! The command line as a library: what loads dumps and policies, what commands do, how results are printed. The binary beside it
//! only calls `run`.

pub mod cli;
pub mod commands;
pub mod document;
pub mod exit;
pub mod load;
pub mod policies;
pub mod print;
pub mod session;
pub mod world;

use clap::Parser;
use cli::{Cli, Color, Command};
use exit::{Exit, Stop};
use std::process::ExitCode;

/// Parses the arguments, runs the command and says what is wrong.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match cli.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let threads = cli.threads;
    let outcome = match cli.command {
        Command::Plan(args) => commands::plan::run(&args, threads),
        _ => Err(internal("no such command")),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(Stop { exit, diagnostics }) => {
            print::diagnostics(&diagnostics);
            exit.into()
        }
    }
}

/// Ends with the internal error that is nobody's but ours.
pub(crate) fn internal(message: impl std::fmt::Display) -> Stop {
    Stop {
        exit: Exit::Internal,
        diagnostics: vec![probate_contract::Diagnostic::error("PB9001", message.to_string())],
    }
}
