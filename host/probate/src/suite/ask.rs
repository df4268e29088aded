//! Asks: a case through the whole pipeline, as a plan would decide it.

use super::bench::{Bench, Seat};
use super::find::Suite;
use super::leaves::Leaf;
use super::names::Target;
use super::scene::Scene;
use probate_contract::common::Identity;
use probate_contract::log::DecisionRecord;
use probate_contract::plan::{DecisionAction, Entry, GuardEntry, NextStep, PlanReport, PolicyVerdict};
use probate_contract::{Cause, Diagnostic, Fact};
use probate_core::log::{Difference, replay};
use probate_core::pipeline::{self, Options};
use probate_core::policy::PolicySet;
use probate_sandbox::Programs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What came out of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Actual {
    /// The decision's action; cases of `input` have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<DecisionAction>,
    /// Its causes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// Facts that were needed and unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Fact>,
    /// Annotations to be set.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What the controller would do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<NextStep>,
    /// The decision's reason.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Rails that hold a delete.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardEntry>,
    /// What each policy answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<PolicyVerdict>,
}

impl Actual {
    fn of(entry: &Entry) -> Self {
        let mut missing: Vec<Fact> = entry.missing.iter().map(|missing| missing.fact).collect();
        missing.sort_unstable();
        missing.dedup();
        Self {
            action: Some(entry.decision.action),
            causes: entry.decision.causes.clone(),
            missing,
            annotations: entry.annotations.set.clone(),
            next_step: Some(entry.decision.next_step),
            reason: entry.decision.reason.clone(),
            guards: entry.guards.clone(),
            verdicts: entry.verdicts.clone(),
        }
    }
}

/// Plans of a suite by what they were made from: cases that differ in the subject alone share one.
#[derive(Default)]
pub(crate) struct Plans(Mutex<BTreeMap<String, Arc<Planned>>>);

/// A report, and what was said on the way to it.
type Planned = (PlanReport, Vec<String>);

/// Decides a case.
///
/// # Errors
/// What keeps it from being one.
pub(crate) fn decide(
    suite: &Suite,
    leaf: &Leaf,
    seats: &[Seat],
    plans: &Plans,
    bench: &Bench<'_>,
) -> Result<Actual, Vec<Diagnostic>> {
    let wrong =
        |code: &str, message: String, fix: &str| vec![suite.diagnostic(code, message, leaf.line).fix(fix)];
    let shape = "write when: pvc/NAMESPACE/NAME or pv/NAME, with CLUSTER: before it where there are several";
    let Some(when) = &leaf.when else {
        let message = format!("`{}` has neither when nor input", leaf.name);
        return Err(wrong("PB8009", message, shape));
    };
    let target = Target::parse(when).map_err(|message| wrong("PB8009", message, shape))?;
    let kind = target
        .subject_kind()
        .ok_or_else(|| wrong("PB8009", format!("`{when}` is no claim or volume"), shape))?;
    let plan = plan(suite, leaf, seats, plans, bench)?;
    let (report, clusters) = &*plan;
    let found =
        pipeline::find(report, target.cluster.as_deref(), kind, target.namespace.as_deref(), &target.name);
    let entry = match found.as_slice() {
        [entry] => *entry,
        [] => {
            let fix = format!("the world has: {}", subjects(report));
            return Err(wrong("PB8005", format!("`{when}` is not in the world"), &fix));
        }
        _ => {
            let fix = format!("write CLUSTER: before it; the clusters are {}", clusters.join(", "));
            return Err(wrong("PB8005", format!("`{when}` is in several clusters"), &fix));
        }
    };
    if entry.verdicts.is_empty() {
        let message = format!("no policy of the suite selects `{when}`");
        return Err(wrong(
            "PB8004",
            message,
            "see match and subjects of the manifest, or name another subject",
        ));
    }
    Ok(Actual::of(entry))
}

fn plan(
    suite: &Suite,
    leaf: &Leaf,
    seats: &[Seat],
    plans: &Plans,
    bench: &Bench<'_>,
) -> Result<Arc<Planned>, Vec<Diagnostic>> {
    let steps: Vec<serde_json::Value> = leaf
        .steps
        .iter()
        .filter_map(|step| serde_json::to_value(step).ok())
        .filter(|step| *step != serde_json::to_value(super::leaves::Step::default()).unwrap_or_default())
        .collect();
    let key = serde_json::json!([steps, leaf.now, leaf.parameters]).to_string();
    let known = |plans: &Plans| plans.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(plan) = known(plans) {
        return Ok(plan);
    }
    let scene = Scene::of(suite, leaf, bench)?;
    let now = scene.now(suite, leaf)?;
    let settings = scene.settings(suite, leaf)?;
    let inventory = scene.inventory(suite, leaf, now, &settings)?;
    let options = Options { settings, trigger: scene.trigger.clone(), ..Options::default() };
    // Seats are sorted by id, as the set is.
    let set = PolicySet::new(seats.iter().map(|seat| seat.policy.clone()).collect());
    let at = u64::try_from(now).unwrap_or(0);
    let programs = seats.iter().map(|seat| seat.program.clone().map(|program| program.at(at))).collect();
    let programs = Programs::new(programs).threads(1);
    let report = pipeline::decide(&inventory, &set, &programs, &options);
    if bench.replay {
        let entries: Vec<&Entry> = report.entries.iter().collect();
        let records = pipeline::logged(&inventory, &set, &options, &entries);
        again(&records, &set, &programs)
            .map_err(|message| vec![suite.diagnostic("PB7014", message, leaf.line)])?;
    }
    let clusters = scene.clusters().map(str::to_owned).collect();
    let plan = Arc::new((report, clusters));
    plans.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, plan.clone());
    Ok(plan)
}

/// Decides records again, once on one thread and once on two: both must give what was decided.
fn again(records: &[DecisionRecord], set: &PolicySet, programs: &Programs) -> Result<(), String> {
    for threads in [1, 2] {
        for (record, replayed) in
            records.iter().zip(replay(records, &BTreeSet::new(), set, programs, threads))
        {
            let name = &record.subject.identity.name;
            let replayed = replayed.map_err(|error| format!("{name}: {error}"))?;
            if let Some(first) = replayed.differences.first() {
                let Difference { path, recorded, replayed } = first;
                return Err(format!("{name}: {path}: {recorded:?} was decided, and again {replayed:?}"));
            }
        }
    }
    Ok(())
}

/// The first few subjects of a plan.
fn subjects(report: &PlanReport) -> String {
    let name = |entry: &Entry| {
        let Identity { kind, namespace, name, .. } = &entry.subject.identity;
        let short = if kind == "PersistentVolume" { "pv" } else { "pvc" };
        match namespace {
            Some(namespace) => format!("{short}/{namespace}/{name}"),
            None => format!("{short}/{name}"),
        }
    };
    let shown: Vec<String> = report.entries.iter().take(8).map(name).collect();
    match report.entries.len().saturating_sub(shown.len()) {
        _ if shown.is_empty() => "no claim and no volume".into(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
