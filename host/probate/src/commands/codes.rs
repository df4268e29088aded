//! `probate codes`: what message codes and causes mean.

use crate::cli::CodesArgs;
use crate::codes::{CODES, find};
use crate::exit::{Exit, Outcome, Stop};
use crate::print::{self, codes::Meaning};
use probate_contract::Cause;

/// Runs the command.
///
/// # Errors
/// No such code or cause.
pub fn run(args: &CodesArgs) -> Outcome {
    let meanings: Vec<Meaning> = match &args.code {
        None => CODES.iter().map(Meaning::from).chain(Cause::ALL.map(Meaning::from)).collect(),
        Some(name) => vec![meaning(name)?],
    };
    print::codes::codes(&meanings, args.code.is_some(), args.output)?;
    Ok(Exit::Done)
}

fn meaning(name: &str) -> Result<Meaning, Stop> {
    let cause = || Cause::ALL.into_iter().find(|cause| cause.to_string().eq_ignore_ascii_case(name));
    find(name).map(Meaning::from).or_else(|| cause().map(Meaning::from)).ok_or_else(|| {
        Stop::usage(
            "PB0004",
            format!("there is no code or cause `{name}`"),
            "run `probate codes` for all of them",
        )
    })
}
