//! Replay: a line is decided again, from what it records and the programs that are given, and compared part by part.

use super::recall::{Recalled, recall};
use super::record::record;
use crate::decide::Case;
use crate::evaluate::{self, Vote};
use crate::policy::PolicySet;
use crate::port::{NOT_ASKED, Sandbox};
use probate_contract::log::{DecisionRecord, LoggedVerdict};
use probate_contract::plan::{DecisionAction, Entry, PolicyVerdict, Vote as Voted};
use probate_contract::{Cause, Fact};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A line that cannot be decided again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Of another version.
    #[error("the line is of apiVersion {0}")]
    Version(String),
    /// It does not hold what is needed.
    #[error("the line does not record {0}")]
    Lacks(&'static str),
    /// A fact is not what it should be.
    #[error("the line's {0} cannot be read: {1}")]
    Fact(Fact, String),
}

impl Unfit {
    pub(super) fn fact(fact: Fact, error: &serde_json::Error) -> Self {
        Self::Fact(fact, error.to_string())
    }
}

/// A part that came out otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `decision.causes`, `verdicts.POLICY.reason`, …
    pub path: String,
    /// As the line has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Value>,
    /// As it came out now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<Value>,
}

/// A line, decided again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// What came out otherwise; empty where it is the same byte for byte.
    pub differences: Vec<Difference>,
    /// Policies whose answer is the line's own: the run made it, not the evidence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<String>,
    /// Facts that the given policies read and the line does not record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unrecorded: Vec<Fact>,
}

/// Decides lines again, in order, whatever the number of threads. The sandbox's clock must stand at their time. `logged` are the
/// policies that any line of the log knows: one of those that a line does not know was not there yet, and is not asked about it.
pub fn replay(
    records: &[DecisionRecord],
    logged: &BTreeSet<String>,
    policies: &PolicySet,
    sandbox: &dyn Sandbox,
    threads: usize,
) -> Vec<Result<Replayed, Unfit>> {
    evaluate::in_parallel(records, threads, |record| one(record, logged, policies, sandbox))
}

fn one(
    line: &DecisionRecord,
    logged: &BTreeSet<String>,
    policies: &PolicySet,
    sandbox: &dyn Sandbox,
) -> Result<Replayed, Unfit> {
    let recalled = recall(line)?;
    let mut votes = evaluate::ask_of(policies, sandbox, &recalled.facts, &recalled.rails);
    votes.retain(|vote| {
        let id = &vote.verdict.policy;
        line.policies.contains_key(id) || !logged.contains(id)
    });
    let mut taken = overlay(line, policies, &mut votes, of_the_run);
    let first = entry(line, policies, &recalled, &votes);
    if first.decision.action == DecisionAction::Delete || first.candidate {
        refute(policies, sandbox, &recalled, &mut votes);
    }
    taken.extend(overlay(line, policies, &mut votes, |verdict| verdict.cause == Some(Cause::PolicyNotPure)));
    taken.sort();
    let entry = entry(line, policies, &recalled, &votes);
    let again = record(policies, &recalled.settings, &entry, &recalled.facts, &recalled.rails);
    let asked = votes.iter().filter_map(|vote| policies.get(vote.policy));
    let reads = asked.fold(crate::facts::FactSet::default(), |reads, policy| reads.with(policy.reads()));
    let unrecorded =
        reads.iter().filter(|fact| *fact != Fact::Parameters && !line.reads.contains(fact)).collect();
    Ok(Replayed { differences: differences(line, &again), taken, unrecorded })
}

fn entry(line: &DecisionRecord, policies: &PolicySet, recalled: &Recalled, votes: &[Vote]) -> Entry {
    let case = Case {
        policies,
        settings: &recalled.settings,
        now: recalled.now,
        facts: &recalled.facts,
        rails: &recalled.rails,
        votes,
        cleared: None,
        resource_version: line.subject.resource_version.clone(),
        preconditions: Vec::new(),
    };
    case.entry()
}

/// The sandbox's own failure, or one that stands for others before it.
fn of_the_run(verdict: &PolicyVerdict) -> bool {
    verdict.cause == Some(Cause::SandboxFailed)
        || verdict.action == Voted::Failed && verdict.reason.starts_with(NOT_ASKED)
}

/// Puts answers of the line in place of new ones, where the policy is the same. Gives their policies.
fn overlay(
    line: &DecisionRecord,
    policies: &PolicySet,
    votes: &mut [Vote],
    which: fn(&PolicyVerdict) -> bool,
) -> Vec<String> {
    let mut taken = Vec::new();
    for LoggedVerdict { verdict, digest } in line.verdicts.iter().filter(|logged| which(&logged.verdict)) {
        let same = |vote: &&mut Vote| {
            vote.verdict.policy == verdict.policy && policies.digest(vote.policy) == digest
        };
        if let Some(vote) = votes.iter_mut().find(same) {
            vote.verdict = verdict.clone();
            vote.missing.clear();
            taken.push(verdict.policy.clone());
        }
    }
    taken
}

/// Asks deletes again on everything that the line records, as the pipeline did.
fn refute(policies: &PolicySet, sandbox: &dyn Sandbox, recalled: &Recalled, votes: &mut [Vote]) {
    let deleting = votes.iter().filter(|vote| vote.verdict.action == Voted::Delete);
    let documents: Vec<_> =
        deleting.filter_map(|vote| evaluate::confirmation(policies, &recalled.facts, 0, vote)).collect();
    for (_, policy, cause) in evaluate::confirm(sandbox, policies, &documents) {
        if let Some(vote) = votes.iter_mut().find(|vote| vote.policy == policy) {
            evaluate::refuted(vote, cause);
        }
    }
}

/// Part by part, by name.
fn differences(recorded: &DecisionRecord, replayed: &DecisionRecord) -> Vec<Difference> {
    let has =
        |record: &DecisionRecord, id: &str| record.verdicts.iter().any(|logged| logged.verdict.policy == id);
    let both = |id: &str| has(recorded, id) && has(replayed, id);
    let (left, right) = (parts(recorded, &both), parts(replayed, &both));
    let mut paths: Vec<&String> = left.keys().chain(right.keys()).collect();
    paths.sort();
    paths.dedup();
    let differ = paths.into_iter().filter(|path| left.get(*path) != right.get(*path));
    differ
        .map(|path| Difference {
            path: path.clone(),
            recorded: left.get(path).cloned(),
            replayed: right.get(path).cloned(),
        })
        .collect()
}

/// What a replay must give again, one value a name.
fn parts(record: &DecisionRecord, both: &dyn Fn(&str) -> bool) -> Map<String, Value> {
    let mut parts = Map::new();
    let mut put = |prefix: String, value: Value| match value {
        Value::Object(fields) => {
            parts.extend(fields.into_iter().map(|(key, value)| (format!("{prefix}.{key}"), value)));
        }
        value => {
            parts.insert(prefix, value);
        }
    };
    put("decision".into(), value(&record.decision));
    for logged in &record.verdicts {
        let path = format!("verdicts.{}", logged.verdict.policy);
        // Of a policy that was not asked both times there is one thing to say.
        let part = if both(&logged.verdict.policy) { value(logged) } else { value(&logged.verdict.action) };
        put(path, part);
    }
    put("guards".into(), value(&record.guards));
    put("annotations".into(), value(&record.annotations));
    put("candidate".into(), Value::Bool(record.candidate));
    put("evidenceDigest".into(), Value::String(record.evidence_digest.clone()));
    parts
}

fn value(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}
