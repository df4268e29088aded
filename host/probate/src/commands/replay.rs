//! `probate replay`: decides the lines of a decision log again.

use crate::cli::ReplayArgs;
use crate::exit::{Exit, Outcome};
use crate::lines::{self, Body, Line, Wanted};
use crate::policies::Policies;
use crate::{print, session};
use probate_contract::log::DecisionRecord;
use probate_contract::{Diagnostic, Fact};
use probate_core::log::{Replayed, Unfit};
use probate_core::time;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

/// A decision's line, and what came of it.
pub struct Again<'a> {
    /// The line.
    pub line: &'a Line,
    /// What it says.
    pub record: &'a DecisionRecord,
    /// What came out.
    pub replayed: Result<Replayed, Unfit>,
}

/// Runs the command.
///
/// # Errors
/// Wrong usage, bad manifests, or a file that cannot be read.
pub fn run(args: &ReplayArgs, threads: Option<NonZeroUsize>) -> Outcome {
    let wanted = Wanted::of(&args.lines)?;
    let read = lines::read(&args.files, &wanted)?;
    let decisions = read.lines.iter().filter_map(|line| match &line.body {
        Body::Decision(record) => Some((line, &**record)),
        Body::Effect(_) => None,
    });
    let decisions: Vec<(&Line, &DecisionRecord)> = decisions.collect();
    let first = decisions.first().and_then(|(_, record)| time::parse(&record.at)).unwrap_or(0);
    let engine = session::engine(first, threads)?;
    let policies = Policies::load(&args.policies, &engine)?;
    let again = again(&decisions, &policies, session::threads(threads));
    print::diagnostics(
        &policies.diagnostics().filter(|said| said.code != "PB2003").cloned().collect::<Vec<_>>(),
    );
    print::diagnostics(&read.diagnostics);
    print::diagnostics(&again.iter().filter_map(unfit).collect::<Vec<_>>());
    print::diagnostics(&notes(&again));
    print::log::replayed(&again, args.output)?;
    let mut fits = Vec::new();
    if !read.diagnostics.is_empty() || again.iter().any(|again| again.replayed.is_err()) {
        fits.push(Exit::Unreadable);
    }
    if again
        .iter()
        .any(|again| again.replayed.as_ref().is_ok_and(|replayed| !replayed.differences.is_empty()))
    {
        fits.push(Exit::Failed);
    }
    if again.is_empty() && read.diagnostics.is_empty() {
        fits.push(Exit::Empty);
    }
    Ok(Exit::first(&fits))
}

/// Decides again, time by time: every clock of a program stands where it stood.
fn again<'a>(
    decisions: &[(&'a Line, &'a DecisionRecord)],
    policies: &Policies,
    threads: usize,
) -> Vec<Again<'a>> {
    let logged: BTreeSet<String> =
        decisions.iter().flat_map(|(_, record)| record.policies.keys().cloned()).collect();
    let mut times: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (at, (_, record)) in decisions.iter().enumerate() {
        times.entry(time::parse(&record.at).unwrap_or(0)).or_default().push(at);
    }
    let mut done: BTreeMap<usize, Again<'a>> = BTreeMap::new();
    for (now, places) in times {
        let (set, programs) = policies.split_at(now, 1);
        let pairs: Vec<(usize, (&Line, &DecisionRecord))> =
            places.into_iter().filter_map(|at| Some((at, *decisions.get(at)?))).collect();
        let records: Vec<DecisionRecord> = pairs.iter().map(|(_, (_, record))| (*record).clone()).collect();
        let replayed = probate_core::log::replay(&records, &logged, &set, &programs, threads);
        for ((at, (line, record)), replayed) in pairs.into_iter().zip(replayed) {
            done.insert(at, Again { line, record, replayed });
        }
    }
    done.into_values().collect()
}

fn unfit(again: &Again<'_>) -> Option<Diagnostic> {
    let error = again.replayed.as_ref().err()?;
    let said = Diagnostic::error("PB7008", error.to_string())
        .file(again.line.file.display().to_string())
        .at(again.line.number, 1)
        .consequence("it is not decided again");
    Some(said)
}

/// What holds for many lines, once.
fn notes(again: &[Again<'_>]) -> Vec<Diagnostic> {
    let ours = session::log_engine();
    let (mut engines, mut taken, mut unrecorded) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::<Fact>::new());
    for Again { record, replayed, .. } in again {
        if record.engine != ours {
            engines.insert((record.engine.probate.clone(), record.engine.rego_guest.clone()));
        }
        if let Ok(replayed) = replayed {
            taken.extend(replayed.taken.iter().cloned());
            unrecorded.extend(replayed.unrecorded.iter().copied());
        }
    }
    let joined = |names: Vec<String>| names.join(", ");
    let mut said: Vec<Diagnostic> = engines
        .into_iter()
        .map(|(probate, guest)| {
            let message = format!(
                "probate {probate} with the Rego guest {guest} decided, and this is {} with {}",
                ours.probate, ours.rego_guest
            );
            Diagnostic::note("PB7009", message)
        })
        .collect();
    if !taken.is_empty() {
        let message = format!("answers of {} are the lines' own", joined(taken.into_iter().collect()));
        said.push(
            Diagnostic::note("PB7010", message)
                .consequence("the run and not the evidence made them; all else is decided again"),
        );
    }
    if !unrecorded.is_empty() {
        let facts = unrecorded.into_iter().map(|fact| fact.name().to_owned()).collect();
        let message = format!("lines do not record what these policies read: {}", joined(facts));
        said.push(Diagnostic::warning("PB7011", message).consequence("it counts as unknown"));
    }
    said
}
