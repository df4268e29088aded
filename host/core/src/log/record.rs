//! One decision and all that it was made of, before it has a place in a chain.

use crate::evidence::Rails;
use crate::facts::{FactSet, Facts, Known};
use crate::guard;
use crate::policy::PolicySet;
use crate::select::kept_labels;
use crate::time;
use probate_contract::log::{
    DecisionRecord, LogEngine, LoggedHold, LoggedQuarantine, LoggedRails, LoggedSettings, LoggedVerdict,
};
use probate_contract::plan::{DecisionAction, Entry, PolicyVerdict};
use probate_contract::settings::SettingsSpec;
use probate_contract::{API_VERSION, Cause, Fact};
use serde_json::Value;

/// The record of an entry; chain, sequence, engine and hashes come when it is sealed.
pub(crate) fn record(
    policies: &PolicySet,
    settings: &SettingsSpec,
    entry: &Entry,
    facts: &Facts,
    rails: &Rails,
) -> DecisionRecord {
    let digest = |id: &str| policies.place(id).map(|(_, digest)| digest.to_owned());
    let verdict = |verdict: &PolicyVerdict| LoggedVerdict {
        digest: digest(&verdict.policy).unwrap_or_default(),
        verdict: verdict.clone(),
    };
    let reads = reads(policies, entry);
    let mut evidence = match facts.value(reads) {
        Value::Object(evidence) => evidence,
        _ => serde_json::Map::new(),
    };
    evidence.remove("apiVersion");
    evidence.remove("kind");
    DecisionRecord {
        api_version: API_VERSION.into(),
        kind: "DecisionRecord".into(),
        chain: String::new(),
        sequence: 0,
        at: facts.now.clone(),
        subject: entry.subject.clone(),
        bytes: entry.bytes,
        decision: entry.decision.clone().into(),
        verdicts: entry.verdicts.iter().map(verdict).collect(),
        policies: policies.digests(),
        guards: entry.guards.clone(),
        annotations: entry.annotations.clone(),
        candidate: entry.candidate,
        held: Vec::new(),
        evidence_digest: entry.evidence_digest.clone(),
        reads: reads.iter().collect(),
        unknown: facts.missing(reads),
        evidence,
        rails: Some(logged_rails(rails, facts)),
        settings: Some(logged_settings(settings)),
        engine: LogEngine::default(),
        previous: String::new(),
        hash: String::new(),
    }
}

/// The facts that policies and guard read. A delete that would have stood was asked again on all of them.
fn reads(policies: &PolicySet, entry: &Entry) -> FactSet {
    let refuted =
        |cause: Option<Cause>| matches!(cause, Some(Cause::PolicyNotPure | Cause::ProjectionDisagrees));
    let again = entry.decision.action == DecisionAction::Delete
        || entry.candidate
        || entry.verdicts.iter().any(|verdict| refuted(verdict.cause));
    let all = if again {
        FactSet::all()
    } else {
        let asked = |verdict: &PolicyVerdict| policies.get(policies.place(&verdict.policy)?.0);
        let own = guard::looks().with([Fact::Now, Fact::ClusterName].into_iter().collect());
        entry.verdicts.iter().filter_map(asked).fold(own, |reads, policy| reads.with(policy.reads()))
    };
    // Parameters are the policy's, and in its digest.
    all.iter().filter(|fact| *fact != Fact::Parameters).collect()
}

/// Every field by name: one that is added must be recorded, or guards could not be asked again.
fn logged_rails(rails: &Rails, facts: &Facts) -> LoggedRails {
    let Rails {
        proven,
        holds,
        kept,
        operations,
        ordinal,
        tracked,
        twins,
        finalizers,
        unproven,
        deleting,
        mark,
        quarantine,
    } = rails.clone();
    let listed = matches!(&facts.references, Known::Present(list) if *list == proven);
    let hold = |(place, until): (String, Option<i64>)| LoggedHold { place, until: until.map(time::format) };
    LoggedRails {
        proven: (!listed && !proven.is_empty()).then(|| proven.to_vec()),
        holds: holds.into_iter().map(hold).collect(),
        kept,
        operations,
        ordinal,
        tracked,
        twins,
        finalizers,
        unproven,
        deleting,
        mark,
        quarantine: quarantine.map(|quarantine| LoggedQuarantine {
            claim_labels: kept_labels(&quarantine),
            decision: quarantine.decision,
            released_at: quarantine.released_at,
            watched_seconds: quarantine.watched_seconds,
            promised_in: quarantine.promised_in,
        }),
    }
}

fn logged_settings(settings: &SettingsSpec) -> LoggedSettings {
    LoggedSettings {
        minimum_age_seconds: settings.minimum_age_seconds,
        minimum_unused_seconds: settings.minimum_unused_seconds,
        protected: settings.protected.clone(),
        annotation_prefixes: settings.annotation_prefixes.clone(),
    }
}
