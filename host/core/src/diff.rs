//! Diff: what another policy set changes in the plan of the same inventory.

use crate::digest;
use probate_contract::API_VERSION;
use probate_contract::cause::Cause;
use probate_contract::common::{Identity, Time};
use probate_contract::plan::{
    Annotations, DecisionAction, Entry, PlanPolicy, PlanReport, Revision, Total, Vote,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// What can differ between two decisions about one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub enum Aspect {
    /// Retain or Delete.
    Action,
    /// Why.
    Causes,
    /// The rules that answered.
    Rule,
    /// Annotations to set or remove.
    Annotations,
}

/// A decision as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Retain or Delete.
    pub action: DecisionAction,
    /// Why.
    pub causes: Vec<Cause>,
    /// The rules that answered so, with their policies: `unused-claims:unused`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Annotations to set or remove.
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
    /// True where only time or watching holds the delete.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub candidate: bool,
    /// One line; it is not compared.
    pub reason: String,
}

/// A subject about which the two plans differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Which.
    pub subject: Revision,
    /// How large.
    pub bytes: i64,
    /// In what.
    pub differs: Vec<Aspect>,
    /// With the old policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<State>,
    /// With the new policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<State>,
}

/// New less old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delta {
    /// How many.
    pub count: i64,
    /// How much.
    pub bytes: i64,
}

/// New totals less old ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deltas {
    /// What would go.
    pub delete: Delta,
    /// What stays.
    pub retain: Delta,
    /// Subjects with annotations; no bytes.
    pub annotate: Delta,
    /// Held by facts that are unknown.
    pub incomplete: Delta,
    /// Held by time or watching alone.
    pub candidates: Delta,
}

/// One of the two plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// The plan's digest.
    pub digest: String,
    /// Its policies.
    pub policies: Vec<PlanPolicy>,
    /// What would go.
    pub delete: Total,
}

/// `kind: PlanDiff`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanDiff {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `PlanDiff`.
    pub kind: String,
    /// Digest of the document without itself.
    pub digest: String,
    /// The inventory's time.
    pub as_of: Time,
    /// With the old policies.
    pub old: Side,
    /// With the new policies.
    pub new: Side,
    /// New totals less old ones.
    pub totals: Deltas,
    /// Subjects that are the same in both.
    pub same: u64,
    /// Subjects that differ, sorted.
    pub changes: Vec<Change>,
}

/// Compares two plans of one inventory.
pub fn diff(old: &PlanReport, new: &PlanReport) -> PlanDiff {
    let mut pairs: BTreeMap<&Identity, (Option<&Entry>, Option<&Entry>)> = BTreeMap::new();
    for entry in &old.entries {
        pairs.entry(&entry.subject.identity).or_default().0 = Some(entry);
    }
    for entry in &new.entries {
        pairs.entry(&entry.subject.identity).or_default().1 = Some(entry);
    }
    let all = pairs.len();
    let changes: Vec<Change> = pairs.into_values().filter_map(|(old, new)| change(old, new)).collect();
    let side = |plan: &PlanReport| Side {
        digest: plan.digest.clone(),
        policies: plan.policies.clone(),
        delete: plan.summary.delete,
    };
    let mut diff = PlanDiff {
        api_version: API_VERSION.into(),
        kind: "PlanDiff".into(),
        digest: String::new(),
        as_of: new.as_of.clone(),
        old: side(old),
        new: side(new),
        totals: totals(old, new),
        same: u64::try_from(all.saturating_sub(changes.len())).unwrap_or(u64::MAX),
        changes,
    };
    let mut document = serde_json::to_value(&diff).unwrap_or_default();
    if let Some(document) = document.as_object_mut() {
        document.remove("digest");
    }
    diff.digest = digest::of_json(&document);
    diff
}

fn change(old: Option<&Entry>, new: Option<&Entry>) -> Option<Change> {
    let entry = new.or(old)?;
    let (old, new) = (old.map(state), new.map(state));
    let differs = match (&old, &new) {
        (Some(old), Some(new)) => aspects(old, new),
        _ => vec![Aspect::Action],
    };
    (!differs.is_empty()).then(|| Change {
        subject: entry.subject.clone(),
        bytes: entry.bytes,
        differs,
        old,
        new,
    })
}

fn aspects(old: &State, new: &State) -> Vec<Aspect> {
    let compared = [
        (Aspect::Action, old.action != new.action),
        (Aspect::Causes, old.causes != new.causes),
        (Aspect::Rule, old.rules != new.rules),
        (Aspect::Annotations, old.annotations != new.annotations),
    ];
    compared.into_iter().filter(|(_, differs)| *differs).map(|(aspect, _)| aspect).collect()
}

fn state(entry: &Entry) -> State {
    State {
        action: entry.decision.action,
        causes: entry.decision.causes.clone(),
        rules: rules(entry),
        annotations: entry.annotations.clone(),
        candidate: entry.candidate,
        reason: entry.decision.reason.clone(),
    }
}

/// The rules behind a decision: of those that voted for it, else of the deletes that a guard holds.
pub fn rules(entry: &Entry) -> Vec<String> {
    let of = |votes: &[Vote]| -> Vec<String> {
        let voted = entry.verdicts.iter().filter(|verdict| votes.contains(&verdict.action));
        let name = |policy: &str| policy.split_once('/').map_or(policy, |(_, name)| name).to_owned();
        let mut rules: Vec<String> = voted
            .map(|verdict| match &verdict.rule {
                Some(rule) => format!("{}:{rule}", name(&verdict.policy)),
                None => name(&verdict.policy),
            })
            .collect();
        rules.sort_unstable();
        rules
    };
    match entry.decision.action {
        DecisionAction::Delete => of(&[Vote::Delete]),
        DecisionAction::Retain => {
            let kept = of(&[Vote::Retain, Vote::Failed]);
            if kept.is_empty() { of(&[Vote::Delete]) } else { kept }
        }
    }
}

fn totals(old: &PlanReport, new: &PlanReport) -> Deltas {
    let less = |new: u64, old: u64| {
        i64::try_from(new).unwrap_or(i64::MAX).saturating_sub(i64::try_from(old).unwrap_or(i64::MAX))
    };
    let of = |new: &Total, old: &Total| Delta {
        count: less(new.count, old.count),
        bytes: new.bytes.saturating_sub(old.bytes),
    };
    let (old, new) = (&old.summary, &new.summary);
    Deltas {
        delete: of(&new.delete, &old.delete),
        retain: of(&new.retain, &old.retain),
        annotate: Delta { count: less(new.annotate.count, old.annotate.count), bytes: 0 },
        incomplete: of(&new.incomplete, &old.incomplete),
        candidates: of(&new.candidates, &old.candidates),
    }
}

#[cfg(test)]
mod tests {
    use super::{Aspect, Delta, diff};
    use probate_contract::plan::PlanReport;
    use serde_json::{Value, json};

    fn plan(entries: &[Value], deletes: u64, bytes: i64) -> PlanReport {
        let none = json!({"count": 0, "bytes": 0});
        serde_json::from_value(json!({
            "apiVersion": "probate.dev/v1alpha1", "kind": "PlanReport", "digest": "sha256:0", "asOf": "2026-11-22T06:00:00Z",
            "asOfSource": "Inventory", "clusters": [], "policies": [], "entries": entries, "incomplete": [], "diagnostics": [],
            "summary": {"subjects": entries.len(), "bytes": 0, "delete": {"count": deletes, "bytes": bytes}, "retain": none,
                "annotate": {"count": 0}, "incomplete": none, "candidates": none, "unobserved": none, "causes": []},
        }))
        .unwrap()
    }

    fn entry(name: &str, action: &str, cause: &str, rule: &str) -> Value {
        json!({"subject": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": name, "uid": name}, "bytes": 5,
            "decision": {"id": "d-1", "action": action, "causes": [cause], "nextStep": "None", "reason": "r"},
            "verdicts": [{"policy": "ClusterRetentionPolicy/p", "action": action, "reason": "r", "rule": rule}],
            "evidenceDigest": "sha256:0"})
    }

    #[test]
    fn only_what_changes_is_listed() {
        let same = entry("same", "Retain", "PolicyRetain", "keep");
        let old = plan(
            &[
                same.clone(),
                entry("x", "Retain", "PolicyRetain", "keep"),
                entry("y", "Delete", "PolicyDelete", "a"),
            ],
            1,
            5,
        );
        let new = plan(
            &[
                same,
                entry("x", "Delete", "PolicyDelete", "unused"),
                entry("y", "Delete", "PolicyDelete", "b"),
            ],
            2,
            10,
        );
        let found = diff(&old, &new);
        assert_eq!(found.same, 1);
        assert_eq!(found.totals.delete, Delta { count: 1, bytes: 5 });
        let differs: Vec<(&str, &[Aspect])> = found
            .changes
            .iter()
            .map(|change| (change.subject.identity.name.as_str(), &*change.differs))
            .collect();
        assert_eq!(
            differs,
            [("x", &[Aspect::Action, Aspect::Causes, Aspect::Rule][..]), ("y", &[Aspect::Rule][..])]
        );
        assert_eq!(found.changes[1].new.as_ref().unwrap().rules, ["p:b"]);
        assert!(diff(&old, &old).changes.is_empty());
    }

    #[test]
    fn a_subject_of_one_side_only_is_a_change() {
        let one = plan(&[entry("x", "Retain", "PolicyRetain", "keep")], 0, 0);
        let found = diff(&one, &plan(&[], 0, 0));
        assert_eq!(found.changes.len(), 1);
        assert!(found.changes[0].new.is_none());
    }
}
