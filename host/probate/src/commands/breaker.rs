//! `probate breaker reset`: a person has looked.

use crate::cli::{BreakerArgs, BreakerCommand, BreakerResetArgs};
use crate::cluster::{access, block_on};
use crate::exit::{Exit, Outcome, Stop};
use probate_cluster::ledger::LedgerStore;
use std::io::Write;

/// Runs the command.
///
/// # Errors
/// The cluster does not answer or refuses.
pub fn run(args: &BreakerArgs) -> Outcome {
    match &args.command {
        BreakerCommand::Reset(args) => reset(args),
    }
}

fn reset(args: &BreakerResetArgs) -> Outcome {
    let closed = block_on(async {
        let access = access(&args.cluster).await?;
        let mut store = LedgerStore::load(&access).await.map_err(|error| Stop::cluster(&error))?;
        let change = |ledger: &mut probate_core::ledger::Ledger| {
            let before: Vec<String> = ledger.open.iter().map(|open| open.detail.clone()).collect();
            let closed = probate_core::ledger::reset(ledger, args.policy.as_deref());
            let still: Vec<String> = ledger.open.iter().map(|open| open.detail.clone()).collect();
            let which = before.into_iter().filter(|detail| !still.contains(detail)).collect::<Vec<_>>();
            (which, closed > 0)
        };
        store.change(&access, change).await.map_err(|error| Stop::cluster(&error))
    })?;
    let mut out = anstream::stdout();
    if closed.is_empty() {
        writeln!(out, "no breaker is open").map_err(crate::internal)?;
        return Ok(Exit::Empty);
    }
    for breaker in closed {
        writeln!(out, "closed: {breaker}").map_err(crate::internal)?;
    }
    Ok(Exit::Done)
}
