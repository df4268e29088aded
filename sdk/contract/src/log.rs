//! The decision log: one line for each changed decision and for each write, chained by their hashes. A line of a decision holds
//! all that the decision was made of, so that it can be made again from the line and the programs of its digests alone.

use crate::cause::Cause;
use crate::common::Time;
use crate::evidence::{Open, Reference};
use crate::fact::Fact;
use crate::plan::{
    Annotations, Decision, DecisionAction, GuardEntry, Missing, NextStep, PolicyVerdict, Revision,
};
use crate::record::Mark;
use crate::settings::Protected;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogEngine {
    /// Version of probate.
    pub probate: String,
    /// Source digest of the Rego guest.
    pub rego_guest: String,
}

/// The decision of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedDecision {
    /// As in the plan.
    pub id: String,
    /// Retain or Delete.
    pub action: DecisionAction,
    /// Why, in the order of the closed list.
    pub causes: Vec<Cause>,
    /// What comes next.
    pub next_step: NextStep,
    /// One line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl From<Decision> for LoggedDecision {
    fn from(decision: Decision) -> Self {
        let Decision { id, action, causes, next_step, reason } = decision;
        Self { id, action, causes, next_step, reason }
    }
}

/// One policy's answer, with what the policy was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedVerdict {
    /// Its answer.
    #[serde(flatten)]
    pub verdict: PolicyVerdict,
    /// Policy digest.
    pub digest: String,
}

/// A hold annotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedHold {
    /// Where it stands.
    pub place: String,
    /// Until when, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub until: Option<Time>,
}

/// The record's quarantine; its manifests stay in the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedQuarantine {
    /// Decision id.
    pub decision: String,
    /// When Released was observed; missing while the claim is still being let go.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub released_at: Time,
    /// How long it was watched since.
    #[serde(default)]
    pub watched_seconds: i64,
    /// Where the claim's name stays promised: uid of the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub promised_in: Option<String>,
    /// Labels of the claim that was let go, by which policies are selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub claim_labels: Option<BTreeMap<String, String>>,
}

/// What the guards look at beside the facts. Empty parts are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggedRails {
    /// References that are proven, where they are not what the fact `references` holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Reference>")]
    pub proven: Option<Vec<Reference>>,
    /// Vetoes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<LoggedHold>,
    /// Marks by which a platform or a release keeps it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// Operations under way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// A scaled-down StatefulSet that would come back for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub ordinal: Option<String>,
    /// Marks of GitOps tools.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracked: Vec<String>,
    /// Volumes with the same driver and handle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub twins: Vec<String>,
    /// Finalizers nobody knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
    /// Volume and claim name each other, but not by uid.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unproven: bool,
    /// The claim or volume is being deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleting: bool,
    /// The record's mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mark")]
    pub mark: Option<Mark>,
    /// The record's quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LoggedQuarantine")]
    pub quarantine: Option<LoggedQuarantine>,
}

/// The settings that a decision reads, defaults written out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedSettings {
    /// `TooYoung`.
    pub minimum_age_seconds: i64,
    /// `UnusedTooShort`.
    pub minimum_unused_seconds: i64,
    /// What is kept whatever policies say.
    pub protected: Protected,
    /// Annotation prefixes that policies may set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotation_prefixes: Vec<String>,
}

/// A changed decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionRecord {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `DecisionRecord`.
    pub kind: String,
    /// One process start.
    pub chain: String,
    /// Position in the chain; the first is 1.
    pub sequence: u64,
    /// The inventory's time.
    pub at: Time,
    /// Which.
    pub subject: Revision,
    /// How large.
    #[serde(default)]
    pub bytes: i64,
    /// What is decided.
    pub decision: LoggedDecision,
    /// What each policy answered.
    pub verdicts: Vec<LoggedVerdict>,
    /// Every policy there was, whether it was asked or not: id and digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<String, String>,
    /// Rails that hold a delete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardEntry>,
    /// What comes of all annotations together.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
    /// True where only time or watching holds the delete.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub candidate: bool,
    /// What the controller held it back with: rates, breaker, protocol. No part of the decision, and not replayed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<GuardEntry>,
    /// As in the plan.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence_digest: String,
    /// The facts that are recorded here: those that policies and guard read; all of them where a delete was asked again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Fact>,
    /// Those of them that are unknown.
    pub unknown: Vec<Missing>,
    /// Those that are known and present, as policies see them.
    pub evidence: Open,
    /// What the guards looked at beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LoggedRails")]
    pub rails: Option<LoggedRails>,
    /// The settings that held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LoggedSettings")]
    pub settings: Option<LoggedSettings>,
    /// What decided.
    pub engine: LogEngine,
    /// Hash of the line before; of a chain's first line, of the last one of an older chain, or 64 zeros.
    pub previous: String,
    /// Digest of this line without itself.
    pub hash: String,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Outcome {
    /// The API server did it.
    Applied,
    /// 409: something changed meanwhile.
    Conflict,
    /// 403 or 422: not allowed.
    Denied,
    /// 404: it is not there any more.
    Gone,
    /// No reply, or one that says nothing: only reading tells.
    Unknown,
    /// Anything else.
    Failed,
}

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedRequest {
    /// `Patch`, `Delete`, `Create` or `Apply`.
    pub verb: String,
    /// The object it went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Revision")]
    pub target: Option<Revision>,
    /// Uids and resourceVersions that had to hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preconditions: Vec<Revision>,
    /// Nothing was to be stored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// What the API server answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedStatus {
    /// HTTP status; missing where no reply came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u16")]
    pub code: Option<u16>,
    /// `Conflict`, `Forbidden`, …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// In words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// A write, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectRecord {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `EffectRecord`.
    pub kind: String,
    /// One process start.
    pub chain: String,
    /// Position in the chain.
    pub sequence: u64,
    /// When its end was known.
    pub at: Time,
    /// The claim or volume that it is about.
    pub subject: Revision,
    /// Decision id.
    pub decision: String,
    /// The protocol's step, `Mark`, `Quarantine`, `Purge`, `Restore`, …
    pub step: String,
    /// What was sent.
    pub request: LoggedRequest,
    /// How it ended.
    pub outcome: Outcome,
    /// What the API server answered.
    #[serde(default)]
    pub status: LoggedStatus,
    /// What decided.
    pub engine: LogEngine,
    /// Hash of the line before.
    pub previous: String,
    /// Digest of this line without itself.
    pub hash: String,
}
