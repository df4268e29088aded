//! The command line as a library: what loads dumps and policies, what commands do, how results are printed. The binary beside it
//! only calls `run`.

pub mod cli;
pub mod cluster;
pub mod codes;
pub mod commands;
pub mod document;
pub mod exit;
pub mod lines;
pub mod load;
pub mod policies;
pub mod print;
pub mod schemas;
pub mod session;
pub mod suite;
pub mod unheard;
pub mod world;

use clap::{CommandFactory, FromArgMatches};
use cli::{Cli, Color, Command};
use exit::{Exit, Outcome, Stop};
use probate_contract::Diagnostic;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Parses the arguments, runs the command and says what is wrong.
pub fn run() -> ExitCode {
    let cli = match parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => return refused(&error).into(),
    };
    match cli.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(Stop { exit, diagnostics }) => {
            print::diagnostics(&diagnostics);
            exit.into()
        }
    }
}

/// The arguments; as a plugin of kubectl, help says `kubectl probate`.
fn parse(args: Vec<OsString>) -> Result<Cli, clap::Error> {
    let name = args.first().map(Path::new).and_then(Path::file_stem).and_then(std::ffi::OsStr::to_str);
    let plugin = name.is_some_and(|name| name.starts_with("kubectl-"));
    let command = Cli::command().bin_name(if plugin { "kubectl probate" } else { "probate" });
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

/// Help and version are results; everything else is wrong usage.
fn refused(error: &clap::Error) -> Exit {
    use clap::error::ErrorKind;
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nobody is left to tell that standard output is closed.
            let _ = error.print();
            Exit::Done
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Exit::Usage
        }
        _ => {
            let said = error.render().to_string();
            let said = said.strip_prefix("error: ").unwrap_or(&said).trim_end();
            print::diagnostics(&[Diagnostic::error("PB0001", said)]);
            Exit::Usage
        }
    }
}

fn dispatch(cli: Cli) -> Outcome {
    let threads = cli.threads;
    match cli.command {
        Command::Plan(args) => commands::plan::run(&args, threads),
        Command::Explain(args) => commands::explain::run(&args, threads),
        Command::Graph(args) => commands::graph::run(&args, threads),
        Command::Controller(args) => commands::controller::run(&args, threads),
        Command::Status(args) => commands::status::run(&args),
        Command::Restore(args) => commands::restore::run(&args),
        Command::Apply(args) => commands::apply::run(&args),
        Command::Approve(args) => commands::apply::approve(&args),
        Command::Collect(args) => commands::collect::run(&args),
        Command::Rbac(args) => commands::rbac::run(&args),
        Command::Breaker(args) => commands::breaker::run(&args),
        Command::Test(args) => commands::test::run(&args, threads),
        Command::Check(args) => commands::check::run(&args, threads),
        Command::Init(args) => commands::init::run(&args),
        Command::Diff(args) => commands::diff::run(&args, threads),
        Command::Log(args) => commands::log::run(&args),
        Command::Replay(args) => commands::replay::run(&args, threads),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Codes(args) => commands::codes::run(&args),
        Command::Completion(args) => commands::completion::run(&args),
        Command::Version(args) => commands::version::run(&args),
    }
}

/// Ends with the internal error that is nobody's but ours.
pub(crate) fn internal(message: impl std::fmt::Display) -> Stop {
    Stop { exit: Exit::Internal, diagnostics: vec![Diagnostic::error("PB9001", message.to_string())] }
}
