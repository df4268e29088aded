//! `probate diff`: one dump, two policy sets, and only what changes.

use super::plan;
use crate::cli::DiffArgs;
use crate::exit::{Exit, Outcome};
use crate::policies::Policies;
use crate::print::{self, Progress};
use crate::{session, world};
use probate_core::diff;
use std::num::NonZeroUsize;

/// Runs the command.
///
/// # Errors
/// No result: bad usage, manifests or dumps.
pub fn run(args: &DiffArgs, threads: Option<NonZeroUsize>) -> Outcome {
    let shown = plan::shown(&args.shown)?;
    let progress = Progress::new(&args.dumps);
    let world =
        world::load(&args.dumps, &args.input, threads, Some(&|file, bytes| progress.read(file, bytes)))?;
    drop(progress);
    let engine = session::engine(world.inventory.now(), threads)?;
    let old = Policies::load(&args.against, &engine)?;
    let new = Policies::load(&args.policies, &engine)?;
    let before = plan::decide(&world, &old, shown.clone(), threads);
    let after = plan::decide(&world, &new, shown, threads);
    let mut said: Vec<_> = old.diagnostics().chain(new.diagnostics()).cloned().collect();
    said.extend(after.diagnostics.iter().cloned());
    said.extend(plan::empty_world(&world));
    print::diagnostics(&said);
    let difference = diff::diff(&before, &after);
    print::diff::diff(&difference, after.clusters.len(), args.output)?;
    let mut fits = Vec::new();
    if plan::unreadable(&world) {
        fits.push(Exit::Unreadable);
    }
    let failed = old.any_failed() || new.any_failed();
    if failed || plan::policy_failed(&before) || plan::policy_failed(&after) {
        fits.push(Exit::PolicyFailed);
    }
    if !difference.changes.is_empty() {
        fits.push(if args.detailed_exitcode { Exit::Changes } else { Exit::Failed });
    }
    Ok(Exit::first(&fits))
}
