//! What would flip it: a finite list of single edits of what is known about one subject.

pub(crate) mod wait;

use crate::evidence::{Rails, strength, wants};
use crate::facts::{Facts, Known};
use crate::policy::PolicySet;
use crate::time;
use probate_contract::Cause;
use probate_contract::evidence::{
    Continuity, EffectivePolicy, Reference, ReferenceState, Unused, UsageState,
};
use probate_contract::plan::{Entry, Vote};
use std::sync::Arc;

/// One edit.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    /// In words, after "if ".
    pub(crate) change: String,
    pub(crate) facts: Facts,
    pub(crate) rails: Rails,
    /// This guard does not hold.
    pub(crate) cleared: Option<Cause>,
    /// This policy does not vote.
    pub(crate) without: Option<usize>,
}

/// All edits: a reference added or dropped, a state flipped, a missing fact supplied, one label or guard or vote gone. `observed` is
/// since when nothing wants it if nothing does.
pub(crate) fn edits(
    facts: &Facts,
    rails: &Rails,
    observed: &Known<Unused>,
    entry: &Entry,
    policies: &PolicySet,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    let base = |change: String| Edit {
        change,
        facts: facts.clone(),
        rails: rails.clone(),
        cleared: None,
        without: None,
    };
    references(facts, rails, &mut edits, &base);
    missing(facts, rails, observed, &mut edits, &base);
    marks(facts, &mut edits, &base);
    // What is not known is supplied above; that it did not matter is no change that could be.
    for guard in entry.guards.iter().filter(|guard| guard.cause != Cause::IncompleteEvidence) {
        edits.push(Edit {
            cleared: Some(guard.cause),
            ..base(format!("the guard {} did not hold it", guard.cause))
        });
    }
    for (at, policy) in policies.iter().enumerate() {
        let id = policy.id();
        let against = |verdict: &probate_contract::plan::PolicyVerdict| {
            verdict.policy == id && matches!(verdict.action, Vote::Retain | Vote::Failed | Vote::Delete)
        };
        if entry.verdicts.iter().any(against) {
            edits.push(Edit { without: Some(at), ..base(format!("{id} did not vote")) });
        }
    }
    edits
}

type Base<'a> = dyn Fn(String) -> Edit + 'a;

fn references(facts: &Facts, rails: &Rails, edits: &mut Vec<Edit>, base: &Base<'_>) {
    let words = |reference: &Reference| {
        let namespace =
            reference.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        format!("{} {namespace}{}", reference.kind, reference.name)
    };
    let mut objects: Vec<String> = rails.proven.iter().map(words).collect();
    objects.dedup();
    for object in &objects {
        let mut edit = base(format!("{object} did not name it, and had not for long"));
        Arc::make_mut(&mut edit.rails.proven).retain(|reference| words(reference) != *object);
        if object.starts_with("StatefulSet") {
            edit.rails.ordinal = None;
        }
        if object.starts_with("PersistentVolume ") {
            edit.rails.twins.clear();
        }
        rolled_up(&mut edit);
        edits.push(edit);
    }
    for object in &objects {
        let mut edit = base(format!("{object} were finished, and had been for long"));
        for reference in
            Arc::make_mut(&mut edit.rails.proven).iter_mut().filter(|reference| words(reference) == *object)
        {
            reference.state = ReferenceState::Finished;
        }
        rolled_up(&mut edit);
        edits.push(edit);
    }
    let namespace = facts.claim.get().map(|claim| claim.namespace.clone());
    let pod = Reference {
        cluster: facts.cluster_name.clone(),
        group: None,
        kind: "Pod".into(),
        namespace,
        name: "a-pod".into(),
        uid: None,
        state: ReferenceState::Active,
        state_since: None,
        state_seconds: None,
        path: None,
    };
    let mut edit = base("a Pod used it".into());
    Arc::make_mut(&mut edit.rails.proven).push(pod);
    rolled_up(&mut edit);
    edits.push(edit);
}

/// The roll-ups of the edited references.
fn rolled_up(edit: &mut Edit) {
    let (facts, rails) = (&mut edit.facts, &edit.rails);
    let referenced = rails.proven.iter().any(|reference| wants(reference.state));
    let state = rails
        .proven
        .iter()
        .filter_map(|reference| strength(reference.state))
        .min()
        .unwrap_or(UsageState::None);
    if let Known::Present(list) = &mut facts.references {
        *list = rails.proven.clone();
    }
    if referenced || facts.referenced.gaps().is_none() {
        facts.referenced = Known::Present(referenced);
    }
    if state == UsageState::Active || facts.state.gaps().is_none() {
        facts.state = Known::Present(state);
    }
    match (&facts.referenced, &facts.unused) {
        (Known::Present(true), _) => facts.unused = Known::Absent,
        (Known::Present(false), Known::Absent) => facts.unused = Known::Present(unused_for_long(facts)),
        _ => {}
    }
}

/// Watched and unused since it was made.
fn unused_for_long(facts: &Facts) -> Unused {
    let seconds = facts.subject.age_seconds.max(0);
    Unused {
        unused_since: facts.subject.created_at.clone(),
        unused_seconds: seconds,
        continuity: Continuity::Watched,
        largest_gap_seconds: None,
    }
}

fn missing(facts: &Facts, rails: &Rails, observed: &Known<Unused>, edits: &mut Vec<Edit>, base: &Base<'_>) {
    if facts.references.gaps().is_some() || facts.referenced.gaps().is_some() {
        let mut edit = base("every list were whole and showed nothing more".into());
        edit.facts.references = Known::Present(rails.proven.clone());
        edit.facts.referenced = Known::Present(false);
        edit.facts.state = Known::Present(UsageState::None);
        edit.facts.unused = observed.clone();
        rolled_up(&mut edit);
        fill(&mut edit.facts);
        edits.push(edit);
    }
    if facts.unused.gaps().is_some() {
        let mut edit = base("a record had watched it unused since it was made".into());
        edit.facts.unused = Known::Present(unused_for_long(facts));
        edits.push(edit);
    }
    if let Some(unused) = facts.unused.get() {
        let mut edit = base("it had been watched and unused since it was made".into());
        let changed = unused_for_long(facts);
        if *unused != changed {
            edit.facts.unused = Known::Present(changed);
            edits.push(edit);
        }
    }
    let others = facts.owners.gaps().is_some()
        || facts.counterparts.gaps().is_some()
        || facts.snapshots.gaps().is_some();
    if others {
        let mut edit = base("owners, other layers and snapshots were known and there were none".into());
        fill(&mut edit.facts);
        edits.push(edit);
    }
    if facts.namespace.gaps().is_some() {
        let mut edit = base("its namespace were known to be gone".into());
        edit.facts.namespace = Known::Absent;
        edits.push(edit);
    }
}

/// Unknown lists as empty ones.
fn fill(facts: &mut Facts) {
    if facts.owners.gaps().is_some() {
        facts.owners = Known::Present(Vec::new());
    }
    if facts.counterparts.gaps().is_some() {
        facts.counterparts = Known::Present(Vec::new());
    }
    if facts.guest_cluster.gaps().is_some() {
        facts.guest_cluster = Known::Absent;
    }
    if facts.snapshots.gaps().is_some() {
        facts.snapshots = Known::Present(Vec::new());
    }
}

fn marks(facts: &Facts, edits: &mut Vec<Edit>, base: &Base<'_>) {
    if let Known::Present(namespace) = &facts.namespace {
        for (key, value) in &namespace.labels {
            let mut edit = base(format!("the namespace had no label {key}={value}"));
            if let Known::Present(namespace) = &mut edit.facts.namespace {
                Arc::make_mut(namespace).labels.remove(key);
            }
            edits.push(edit);
        }
    }
    for (key, value) in &facts.subject.labels {
        let mut edit = base(format!("it had no label {key}={value}"));
        edit.facts.subject.labels.remove(key);
        edits.push(edit);
    }
    for key in facts.subject.annotations.keys() {
        let mut edit = base(format!("it had no annotation {key}"));
        edit.facts.subject.annotations.remove(key);
        edits.push(edit);
    }
    if let Known::Present((policy, from)) = &facts.effective {
        let other = match policy {
            EffectivePolicy::Retain => EffectivePolicy::Delete,
            EffectivePolicy::Delete => EffectivePolicy::Retain,
        };
        let mut edit = base(format!("the effective reclaim policy were {other:?}"));
        edit.facts.effective = Known::Present((other, from.clone()));
        if let Known::Present(volume) = &mut edit.facts.volume {
            volume.reclaim_policy = format!("{other:?}");
        }
        edits.push(edit);
    }
    if facts.snapshots.get().is_some_and(|snapshots| !snapshots.is_empty()) {
        let mut edit = base("it had no snapshots".into());
        edit.facts.snapshots = Known::Present(Vec::new());
        edits.push(edit);
    }
    let created = time::parse(&facts.subject.created_at);
    if created.is_some() && facts.subject.age_seconds < 365 * 86_400 {
        let mut edit = base("it were a year older".into());
        edit.facts.subject.age_seconds = edit.facts.subject.age_seconds.saturating_add(365 * 86_400);
        edits.push(edit);
    }
}
