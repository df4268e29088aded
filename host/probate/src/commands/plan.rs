//! `probate plan`: what would happen to each claim and volume.

use crate::cli::{PlanArgs, ShownArgs};
use crate::exit::{Exit, Outcome, Stop};
use crate::policies::Policies;
use crate::print;
use crate::world::World;
use crate::{cluster, session, unheard};
use probate_contract::manifest::{Allowed, Match};
use probate_contract::plan::{PlanReport, Vote};
use probate_contract::{Cause, Diagnostic, Severity};
use probate_core::log::{Chain, Journal};
use probate_core::pipeline::{self, Options, Shown};
use probate_core::policy::PolicySet;
use probate_core::{digest, selector};
use std::io::Write;
use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::path::Path;

/// Runs the command.
///
/// # Errors
/// No result: bad usage, manifests or dumps.
pub fn run(args: &PlanArgs, threads: Option<NonZeroUsize>) -> Outcome {
    let shown = shown(&args.shown)?;
    // Millions of objects that the process takes with it.
    let world = ManuallyDrop::new(cluster::world(&args.dumps, &args.cluster, &args.input, threads)?);
    let engine = session::engine(world.inventory.now(), threads)?;
    let policies = if args.policies.is_empty() {
        cluster::policies(&args.cluster, &engine)?
    } else {
        Policies::load(&args.policies, &engine)?
    };
    let options = options(&world, shown, threads);
    let (set, programs) = policies.split(options.threads);
    let report = ManuallyDrop::new(pipeline::decide(&world.inventory, &set, &programs, &options));
    if let Some(path) = &args.log {
        log(path, &world, &set, &options, &report)?;
    }
    print::diagnostics(
        &policies.diagnostics().filter(|said| said.code != "PB2003").cloned().collect::<Vec<_>>(),
    );
    print::diagnostics(&report.diagnostics);
    print::diagnostics(&empty_world(&world));
    print::diagnostics(&selection(&report, &policies));
    print::diagnostics(&unheard::diagnostics(&report));
    print::plan::plan(&report, args.output, args.group_by)?;
    Ok(exit(&report, &world, &policies, args))
}

/// Decides with these policies.
pub fn decide(world: &World, policies: &Policies, shown: Shown, threads: Option<NonZeroUsize>) -> PlanReport {
    let options = options(world, shown, threads);
    let (set, programs) = policies.split(options.threads);
    pipeline::decide(&world.inventory, &set, &programs, &options)
}

fn options(world: &World, shown: Shown, threads: Option<NonZeroUsize>) -> Options {
    Options {
        settings: world.settings.clone(),
        unused_since: world.unused_since,
        shown,
        as_of_source: world.as_of_source,
        threads: session::threads(threads),
        ..Options::default()
    }
}

/// Writes the plan's decisions as one chain, which is named after the plan: the same input gives the same bytes.
fn log(
    path: &Path,
    world: &World,
    set: &PolicySet,
    options: &Options,
    report: &PlanReport,
) -> Result<(), Stop> {
    let chain = format!("c-{}", digest::short(&[&report.digest]));
    let mut journal = Journal::new(Chain::start(chain, session::log_engine(), None));
    let failed = |error: std::io::Error| {
        let message = format!("{}: {error}", path.display());
        Stop::usage("PB7012", message, "name a file in a folder that is there")
    };
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
    for entries in report.entries.chunks(LOGGED_AT_ONCE) {
        let entries: Vec<_> = entries.iter().collect();
        let records = pipeline::logged(&world.inventory, set, options, &entries);
        for line in journal.decisions(&records) {
            writeln!(file, "{line}").map_err(failed)?;
        }
    }
    file.flush().map_err(failed)
}

/// Records are larger than entries: so many are held at once.
const LOGGED_AT_ONCE: usize = 1024;

/// Which subjects the flags mean.
///
/// # Errors
/// The selector is none.
pub fn shown(args: &ShownArgs) -> Result<Shown, Stop> {
    let labels = match &args.selector {
        Some(text) => Some(
            selector::parse(text)
                .map_err(|message| Stop::usage("PB0003", message, "write a=b,c!=d,e in (f,g),h,!i"))?,
        ),
        None => None,
    };
    Ok(Shown { namespaces: args.namespace.clone(), labels })
}

/// What a world without claims or without Pods means.
pub fn empty_world(world: &World) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    if world.inventory.counts() == (0, 0) {
        said.push(
            Diagnostic::warning("PB5002", "the dumps hold no PersistentVolumeClaim and no PersistentVolume")
                .consequence("there is nothing to decide about")
                .fix("add the output of: kubectl get pvc,pv -A -o json"),
        );
    } else if !world.inventory.holds("Pod") {
        said.push(
            Diagnostic::warning("PB5003", "the dumps hold no Pod")
                .consequence("claims that Pods use look unused; unless the list of Pods is stated complete, nothing is deleted")
                .fix("add the output of: kubectl get pods -A -o json"),
        );
    }
    said
}

/// Policies that select nothing, and such as may delete and select everything.
fn selection(report: &PlanReport, policies: &Policies) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    if report.entries.is_empty() {
        said.push(
            Diagnostic::warning("PB5001", "no claim or volume is shown").fix("look at the dumps, -n and -l"),
        );
        return said;
    }
    for policy in report.policies.iter().filter(|policy| policy.matched == 0) {
        said.push(
            Diagnostic::warning("PB5001", format!("{} selects nothing", policy.policy))
                .consequence("it decides about no claim and no volume of these dumps")
                .fix("look at its spec.match and spec.subjects, and at -n and -l"),
        );
    }
    let everything: Vec<String> = policies
        .items
        .iter()
        .filter(|item| item.manifest.spec.r#match == Match::default())
        .filter(|item| item.manifest.spec.actions.contains(&Allowed::Delete))
        .filter(|item| item.description.as_ref().is_some_and(|description| description.can_delete))
        .map(|item| item.policy().id())
        .collect();
    if !everything.is_empty() {
        said.push(
            Diagnostic::note(
                "PB5004",
                format!("may delete and selects every namespace and class: {}", everything.join(", ")),
            )
            .fix("name spec.match.namespaces, namespaceSelector or storageClasses before going beyond Audit"),
        );
    }
    said
}

/// True where some input was unreadable or dropped.
pub fn unreadable(world: &World) -> bool {
    world.unreadable
        || world.inventory.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// True where a policy failed, other than for want of evidence.
pub fn policy_failed(report: &PlanReport) -> bool {
    let failed = |verdict: &probate_contract::plan::PolicyVerdict| {
        verdict.action == Vote::Failed && verdict.cause != Some(Cause::IncompleteEvidence)
    };
    report.entries.iter().flat_map(|entry| &entry.verdicts).any(failed)
}

fn exit(report: &PlanReport, world: &World, policies: &Policies, args: &PlanArgs) -> Exit {
    let mut fits = Vec::new();
    if unreadable(world) {
        fits.push(Exit::Unreadable);
    }
    if policies.any_failed() || policy_failed(report) {
        fits.push(Exit::PolicyFailed);
    }
    let selected: u64 = report.policies.iter().map(|policy| policy.matched).sum();
    if selected == 0 && !args.allow_empty {
        fits.push(Exit::Empty);
    }
    let summary = &report.summary;
    if args.detailed_exitcode && (summary.delete.count > 0 || summary.annotate.count > 0) {
        fits.push(Exit::Changes);
    }
    Exit::first(&fits)
}
