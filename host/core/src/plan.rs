//! Plan: entries, totals, what is incomplete and what would supply it.

use crate::facts::Facts;
use crate::inventory::Inventory;
use crate::pacing;
use crate::pipeline::Options;
use crate::policy::{Policy, PolicySet};
use crate::{digest, time};
use probate_contract::common::{Cluster, Identity};
use probate_contract::dump::Reason;
use probate_contract::plan::{
    CauseTotal, DecisionAction, Entry, Follows, IncompleteSource, Missing, PlanCluster, PlanPolicy,
    PlanReport, Summary, Total,
};
use probate_contract::{API_VERSION, Cause, Fact};
use std::collections::{BTreeMap, BTreeSet};

/// Entries whose texts are held at once for the digest.
const AT_ONCE: usize = 4096;

/// An entry, and what the totals need of it.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub(crate) entry: Entry,
    /// The claim that a bound volume goes with.
    pub(crate) claim: Option<Box<Identity>>,
    /// Every fact that the sources of its missing facts leave unknown.
    pub(crate) gaps: Vec<Missing>,
    /// Whether it is asked for; what is not still counts for the pace.
    pub(crate) shown: bool,
}

impl Decided {
    /// Namespace of the claim, for a volume of its claimRef.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.entry.subject.identity.namespace.as_deref().or(self.entry.claim_namespace.as_deref())
    }

    /// A bound pair's bytes count once, at the claim.
    pub(crate) fn counted(&self) -> i64 {
        if self.claim.is_some() { 0 } else { self.entry.bytes }
    }
}

/// All facts that the sources of the missing ones leave unknown.
pub(crate) fn gaps_of(facts: &Facts, missing: &[Missing]) -> Vec<Missing> {
    if missing.is_empty() {
        return Vec::new();
    }
    let sources: BTreeSet<&str> = missing.iter().map(|missing| missing.source.as_str()).collect();
    let all = facts.missing(crate::facts::FactSet::all());
    all.into_iter().filter(|missing| sources.contains(missing.source.as_str())).collect()
}

pub(crate) fn report(
    inventory: &Inventory,
    policies: &PolicySet,
    options: &Options,
    mut decided: Vec<Decided>,
) -> PlanReport {
    follow(&mut decided);
    let pacing = pacing::of(policies, &decided);
    decided.retain(|decided| decided.shown);
    let clusters = inventory.clusters.iter().map(|cluster| PlanCluster {
        cluster: Cluster {
            name: Some(cluster.name.to_string()),
            uid: cluster.uid.as_deref().map(str::to_owned),
        },
        taken_at: cluster.taken_at.map(time::format),
    });
    let matched = |policy: &Policy| {
        let id = policy.id();
        let hits = decided
            .iter()
            .filter(|decided| decided.entry.verdicts.iter().any(|verdict| verdict.policy == id));
        u64::try_from(hits.count()).unwrap_or(u64::MAX)
    };
    let shown = policies.iter().map(|policy| PlanPolicy {
        policy: policy.id(),
        mode: policy.spec().mode,
        actions: policy.spec().actions.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        matched: matched(policy),
        digest: policy.digest(),
    });
    let mut report = PlanReport {
        api_version: API_VERSION.into(),
        kind: "PlanReport".into(),
        digest: String::new(),
        as_of: time::format(inventory.now),
        as_of_source: options.as_of_source,
        clusters: clusters.collect(),
        policies: shown.collect(),
        summary: summary(&decided),
        incomplete: incomplete(&decided),
        pacing,
        entries: decided.into_iter().map(|decided| decided.entry).collect(),
        diagnostics: inventory.diagnostics.clone(),
    };
    if !options.undigested {
        report.digest = digest_in(&report, options.threads);
    }
    report
}

/// Digest of the document without itself.
pub fn digest_of(report: &PlanReport) -> String {
    digest_in(report, 1)
}

fn digest_in(report: &PlanReport, threads: usize) -> String {
    let PlanReport {
        api_version,
        kind,
        digest: _,
        as_of,
        as_of_source,
        clusters,
        policies,
        summary,
        incomplete,
        entries,
        pacing,
        diagnostics,
    } = report;
    let head = PlanReport {
        api_version: api_version.clone(),
        kind: kind.clone(),
        digest: String::new(),
        as_of: as_of.clone(),
        as_of_source: *as_of_source,
        clusters: clusters.clone(),
        policies: policies.clone(),
        summary: summary.clone(),
        incomplete: incomplete.clone(),
        entries: Vec::new(),
        pacing: pacing.clone(),
        diagnostics: diagnostics.clone(),
    };
    let mut head = serde_json::to_value(head).unwrap_or_default();
    let Some(head) = head.as_object_mut() else { return String::new() };
    head.remove("digest");
    let texts = |entries: &[Entry]| {
        crate::evaluate::in_parallel(entries, threads, |entry: &Entry| digest::canonical(entry))
    };
    digest::of_parts(head, "entries", entries.chunks(AT_ONCE).flat_map(texts))
}

/// A bound volume goes with its claim.
fn follow(decided: &mut [Decided]) {
    let going: BTreeSet<Identity> = decided
        .iter()
        .filter(|decided| decided.entry.decision.action == DecisionAction::Delete)
        .map(|decided| decided.entry.subject.identity.clone())
        .collect();
    for decided in decided {
        let claim = decided.claim.as_ref().filter(|claim| going.contains(&***claim));
        decided.entry.follows = claim.map(|claim| Follows { claim: Identity::clone(claim) });
    }
}

fn summary(decided: &[Decided]) -> Summary {
    let mut summary = Summary::default();
    let mut causes: BTreeMap<Cause, Total> = BTreeMap::new();
    let add = |total: &mut Total, bytes: i64| {
        total.count += 1;
        total.bytes = total.bytes.saturating_add(bytes);
    };
    for decided in decided {
        let (entry, bytes) = (&decided.entry, decided.counted());
        summary.subjects += 1;
        summary.bytes = summary.bytes.saturating_add(bytes);
        summary.annotate.count +=
            u64::from(!(entry.annotations.set.is_empty() && entry.annotations.remove.is_empty()));
        if entry.follows.is_some() {
            summary.follows.count += 1;
            continue;
        }
        match entry.decision.action {
            DecisionAction::Delete => add(&mut summary.delete, bytes),
            DecisionAction::Retain => add(&mut summary.retain, bytes),
        }
        if entry.decision.causes.contains(&Cause::IncompleteEvidence) {
            add(&mut summary.incomplete, bytes);
        }
        if entry.candidate {
            add(&mut summary.candidates, bytes);
        }
        if entry.unobserved {
            add(&mut summary.unobserved, bytes);
        }
        for cause in &entry.decision.causes {
            add(causes.entry(*cause).or_default(), bytes);
        }
    }
    summary.causes = causes
        .into_iter()
        .map(|(cause, Total { count, bytes })| CauseTotal { cause, count, bytes })
        .collect();
    summary.causes.sort_by(|left, right| right.bytes.cmp(&left.bytes).then(left.cause.cmp(&right.cause)));
    summary
}

/// What is not complete, by the bytes it holds.
fn incomplete(decided: &[Decided]) -> Vec<IncompleteSource> {
    let mut sources: BTreeMap<(String, Reason), (BTreeSet<Fact>, u64, i64)> = BTreeMap::new();
    for decided in decided {
        if !decided.entry.decision.causes.contains(&Cause::IncompleteEvidence) {
            continue;
        }
        let mut counted = BTreeSet::new();
        for gap in decided.entry.missing.iter().chain(&decided.gaps) {
            let key = (gap.source.clone(), gap.reason);
            let (facts, count, bytes) = sources.entry(key.clone()).or_default();
            facts.insert(gap.fact);
            if counted.insert(key) {
                *count += 1;
                *bytes = bytes.saturating_add(decided.counted());
            }
        }
    }
    let typed =
        |((source, reason), (facts, subjects, bytes)): ((String, Reason), (BTreeSet<Fact>, u64, i64))| {
            IncompleteSource {
                remedy: remedy(&source, reason),
                source,
                reason,
                facts: facts.into_iter().collect(),
                subjects,
                bytes,
            }
        };
    let mut list: Vec<IncompleteSource> = sources.into_iter().map(typed).collect();
    list.sort_by(|left, right| right.bytes.cmp(&left.bytes).then_with(|| left.source.cmp(&right.source)));
    list
}

/// What would supply a source.
pub fn remedy(source: &str, reason: Reason) -> String {
    let (kind, place) = source.split_once('@').unwrap_or((source, ""));
    let namespace = place.split_once('/').map(|(_, namespace)| namespace);
    if kind == "VolumeRecord" {
        return "give what was observed with --records, or state it with --unused-since TIME (candidates only)".into();
    }
    let layer = [
        (
            "guest clusters of ",
            "add the guest clusters' dumps (guest=DUMP), or give what was learned of them with --records",
        ),
        ("virtual cluster ", "add its dump, named after it: vcluster:NAME=DUMP"),
        ("host of ", "add the dump of the cluster below it: host=DUMP"),
        (
            "vCluster marks of ",
            "its marks contradict each other or are not all there; only a record by uid tells whose it is",
        ),
    ];
    if let Some((_, remedy)) = layer.iter().find(|(prefix, _)| source.starts_with(prefix)) {
        return (*remedy).into();
    }
    match reason {
        Reason::Unreadable => format!("mend what could not be read of {kind}, see the messages"),
        Reason::ClockSkew => "a time lies after the inventory's; check --as-of and the clocks".into(),
        Reason::TooLarge => "read the roll-ups (usage, retention.effective) in place of the whole".into(),
        Reason::Ambiguous => format!("two answers fit; look at {kind} by uid"),
        _ if kind == "CustomResourceDefinition.apiextensions.k8s.io" => {
            "add the output of: kubectl get customresourcedefinitions -o json, or state --complete all".into()
        }
        _ => {
            let at = namespace.map_or_else(|| " -A".to_owned(), |namespace| format!(" -n {namespace}"));
            let at = if crate::inventory::cluster_scoped(kind) { String::new() } else { at };
            let stated = namespace.map_or_else(|| kind.to_owned(), |namespace| format!("{kind}/{namespace}"));
            format!(
                "add the output of: kubectl get {}{at} -o json, or state --complete {stated} if the list is whole",
                resource(kind)
            )
        }
    }
}

/// The resource that kubectl knows a kind by.
fn resource(kind: &str) -> String {
    let (name, group) = kind.split_once('.').unwrap_or((kind, ""));
    let lower = name.to_lowercase();
    let plural = match lower.as_str() {
        _ if lower.ends_with("ss") => format!("{lower}es"),
        _ if lower.ends_with('y') && !lower.ends_with("ay") => format!("{}ies", lower.trim_end_matches('y')),
        _ if lower.ends_with('s') => lower.clone(),
        _ => format!("{lower}s"),
    };
    if group.is_empty() || crate::inventory::builtin(group) { plural } else { format!("{plural}.{group}") }
}
