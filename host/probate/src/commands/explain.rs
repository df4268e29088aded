//! `probate explain`: why one claim or volume stays or goes, and which single change would turn that.

use crate::cli::{ExplainArgs, Format};
use crate::commands::{object, plan};
use crate::exit::{Exit, Outcome};
use crate::policies::Policies;
use crate::print::{self, explain as printed};
use crate::world::World;
use crate::{cluster, session};
use probate_contract::evidence::Reference;
use probate_contract::plan::{Entry, Missing};
use probate_contract::record::{Condition, VolumeRecord};
use probate_contract::rego::Explained;
use probate_contract::{API_VERSION, Evidence};
use probate_core::explain::{Explanation, Flip};
use probate_core::pipeline::Options;
use schemars::JsonSchema;
use serde::Serialize;
use std::num::NonZeroUsize;

/// How one policy came to its answer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// The policy.
    pub policy: String,
    /// Folder of its files, as the user named it.
    #[serde(skip)]
    pub folder: String,
    /// Bodies that fired, prints, answer or error.
    #[serde(flatten)]
    pub explained: Explained,
}

/// `kind: Explanation`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Explanation")]
pub struct Document {
    /// `probate.dev/v1alpha1`.
    pub api_version: &'static str,
    /// `Explanation`.
    pub kind: &'static str,
    /// The entry of the plan.
    pub entry: Entry,
    /// The whole evidence, ready for a test's `input:`.
    pub evidence: Evidence,
    /// References that are proven, also where the list is not whole.
    pub references: Vec<Reference>,
    /// What is unknown.
    pub unknown: Vec<Missing>,
    /// The platforms' own rules, in their words.
    pub platform: Vec<String>,
    /// What its record remembers, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Condition>,
    /// How each policy came to its answer.
    pub traces: Vec<Trace>,
    /// Single changes that turn the decision: the change, and what is decided then.
    pub flips: Vec<(String, String)>,
    /// How many were tried.
    pub tried: usize,
}

/// Runs the command.
///
/// # Errors
/// No such object, bad usage, manifests or dumps.
pub fn run(args: &ExplainArgs, threads: Option<NonZeroUsize>) -> Outcome {
    let (written, rest) = object::first(&args.words, args.namespace.as_deref()).ok_or_else(object::none)?;
    let dumps = object::dumps(rest)?;
    let world = cluster::world(&dumps, &args.cluster, &args.input, threads)?;
    let engine = session::engine(world.inventory.now(), threads)?;
    let policies = match (args.policies.is_empty(), dumps.is_empty()) {
        (false, _) => Policies::load(&args.policies, &engine)?,
        (true, true) => cluster::policies(&args.cluster, &engine)?,
        (true, false) => Policies { items: Vec::new() },
    };
    let threads = session::threads(threads);
    let options = Options {
        settings: world.settings.clone(),
        unused_since: world.unused_since,
        as_of_source: world.as_of_source,
        threads,
        ..Options::default()
    };
    let (set, programs) = policies.split(threads);
    let explained = probate_core::explain::explain(&world.inventory, &set, &programs, &options, &written.1);
    print::diagnostics(
        &policies.diagnostics().filter(|said| said.code != "PB2003").cloned().collect::<Vec<_>>(),
    );
    print::diagnostics(&world.inventory.diagnostics);
    let documents: Vec<Document> =
        explained.into_iter().map(|explanation| document(explanation, &policies, &world)).collect();
    match documents.as_slice() {
        [] => return Err(object::missing(&world.inventory, &written)),
        [one] => printed::explanation(one, args.output)?,
        several => match args.output {
            Format::Json => print::json(&several)?,
            Format::Yaml => print::yaml(&several)?,
            _ => several.iter().try_for_each(|one| printed::explanation(one, args.output))?,
        },
    }
    let unreadable = plan::unreadable(&world).then_some(Exit::Unreadable);
    let failed = policies.any_failed().then_some(Exit::PolicyFailed);
    Ok(Exit::first(&[unreadable, failed].into_iter().flatten().collect::<Vec<_>>()))
}

fn document(explanation: Explanation, policies: &Policies, world: &World) -> Document {
    let Explanation { entry, evidence, unknown, platform, asked, flips, tried, references } = explanation;
    let trace = |(at, input): (usize, String)| {
        let item = policies.items.get(at)?;
        let program = item.program.as_ref().ok()?;
        let explained = program.explain(&input).unwrap_or_else(|failure| Explained {
            error: Some(format!("{}: {}", failure.cause, failure.message)),
            ..Explained::default()
        });
        let folder = item.path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        Some(Trace { policy: item.policy().id(), folder, explained })
    };
    Document {
        api_version: API_VERSION,
        kind: "Explanation",
        history: history(&entry, world),
        traces: asked.into_iter().filter_map(trace).collect(),
        flips: flips.into_iter().map(|Flip { change, action }| (change, format!("{action:?}"))).collect(),
        entry,
        evidence,
        references,
        unknown,
        platform,
        tried,
    }
}

/// The conditions of the subject's record.
fn history(entry: &Entry, world: &World) -> Vec<Condition> {
    let Some(uid) = entry.subject.identity.uid.as_deref() else { return Vec::new() };
    let about = |record: &&VolumeRecord| {
        let claim = record.spec.claim.as_ref().and_then(|claim| claim.uid.as_deref());
        claim == Some(uid) || record.spec.volume.as_ref().is_some_and(|volume| volume.uid == uid)
    };
    let record = world.records.iter().find(about);
    let mut conditions = record.map(|record| record.status.conditions.clone()).unwrap_or_default();
    conditions.sort_by(|left, right| left.last_transition_time.cmp(&right.last_transition_time));
    conditions
}
