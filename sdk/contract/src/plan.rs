//! `PlanReport`: what would happen to each claim and volume.

use crate::cause::Cause;
use crate::common::{Cluster, Identity, Time};
use crate::diagnostic::Diagnostic;
use crate::dump::Reason;
use crate::fact::Fact;
use crate::manifest::{self, Allowed, Mode, Per, Window};
use crate::verdict::{Ensure, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where `asOf` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AsOfSource {
    /// `--as-of`.
    Flag,
    /// The inventory's own time.
    Inventory,
    /// The clock, read once.
    Clock,
}

/// A decision's action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DecisionAction {
    /// It stays.
    Retain,
    /// It goes.
    Delete,
}

/// What the controller would do next.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum NextStep {
    /// Nothing.
    #[default]
    None,
    /// Write annotations.
    Annotate,
    /// Flip the volume to Retain.
    EnsureRetain,
    /// Mark it.
    Mark,
    /// Take the mark away.
    Unmark,
    /// Wait.
    Wait,
    /// Quarantine it.
    Quarantine,
    /// Let the data go.
    Purge,
}

/// A cluster of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanCluster {
    /// Name and uid.
    #[serde(flatten)]
    pub cluster: Cluster,
    /// When it was observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub taken_at: Option<Time>,
}

/// A policy of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanPolicy {
    /// `ClusterRetentionPolicy/NAME` or `RetentionPolicy/NAMESPACE/NAME`.
    pub policy: String,
    /// How far it may go.
    pub mode: Mode,
    /// What it may answer; missing where that is everything.
    #[serde(default = "manifest::all_actions", skip_serializing_if = "manifest::is_every_action")]
    pub actions: Vec<Allowed>,
    /// Subjects it selects.
    pub matched: u64,
    /// Policy digest.
    pub digest: String,
}

/// Count and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Total {
    /// How many.
    pub count: u64,
    /// How much; a bound pair counts once, at the claim.
    pub bytes: i64,
}

/// A count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// How many.
    pub count: u64,
}

/// What one cause holds back or lets go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CauseTotal {
    /// The cause.
    pub cause: Cause,
    /// How many.
    pub count: u64,
    /// How much.
    pub bytes: i64,
}

/// Totals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Claims and volumes; a volume that follows its claim counts in `follows` alone.
    pub subjects: u64,
    /// Their bytes.
    pub bytes: i64,
    /// What would go.
    pub delete: Total,
    /// What stays.
    pub retain: Total,
    /// Subjects with annotations to write or remove.
    pub annotate: Count,
    /// Subjects held by facts that are unknown.
    pub incomplete: Total,
    /// Held only because disuse was not watched, or not for long enough.
    pub candidates: Total,
    /// Named by nothing, while for how long is not known.
    pub unobserved: Total,
    /// Volumes that go with their claim.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub follows: Count,
    /// By cause, most bytes first.
    pub causes: Vec<CauseTotal>,
}

fn is_zero(count: &Count) -> bool {
    count.count == 0
}

/// A subject with the revision that was evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Which object.
    #[serde(flatten)]
    pub identity: Identity,
    /// Its resourceVersion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub resource_version: Option<String>,
}

/// The decision about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// `d-` and base32 of a hash of subject uid, policy digests, evidence digest and action.
    pub id: String,
    /// Retain or Delete.
    pub action: DecisionAction,
    /// Why, in the order of the closed list.
    pub causes: Vec<Cause>,
    /// What the controller would do next.
    pub next_step: NextStep,
    /// One line.
    pub reason: String,
}

/// What a policy answered, or that it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, Hash)]
pub enum Vote {
    /// No opinion.
    Abstain,
    /// Keep it.
    Retain,
    /// Let it go.
    Delete,
    /// It failed: a retain vote.
    Failed,
}

/// One policy's answer in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVerdict {
    /// The policy.
    pub policy: String,
    /// Its vote.
    pub action: Vote,
    /// Of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Cause")]
    pub cause: Option<Cause>,
    /// Reason, or what failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub rule: Option<String>,
    /// Paths it rests on.
    #[serde(default, skip_serializing_if = "<[String]>::is_empty")]
    #[schemars(with = "Vec<String>")]
    // Mostly one list for all that the policy is asked.
    pub basis: Arc<[String]>,
    /// Annotations it asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What it asked the host to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Ensure")]
    pub ensure: Option<Ensure>,
    /// When it wants to be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub recheck_after_seconds: Option<u64>,
}

impl PolicyVerdict {
    /// A policy's verdict.
    pub fn of(policy: String, verdict: Verdict) -> Self {
        let Verdict { action, reason, rule, annotations, ensure, recheck_after_seconds, basis } = verdict;
        let action = match action {
            crate::verdict::Action::Abstain => Vote::Abstain,
            crate::verdict::Action::Retain => Vote::Retain,
            crate::verdict::Action::Delete => Vote::Delete,
        };
        let basis = basis.into();
        Self { policy, action, cause: None, reason, rule, basis, annotations, ensure, recheck_after_seconds }
    }

    /// A policy's failure.
    pub fn failed(policy: String, cause: Cause, message: String) -> Self {
        let Verdict { rule, annotations, ensure, recheck_after_seconds, .. } = Verdict::default();
        Self {
            policy,
            action: Vote::Failed,
            cause: Some(cause),
            reason: message,
            rule,
            basis: Arc::default(),
            annotations,
            ensure,
            recheck_after_seconds,
        }
    }
}

/// What comes of all annotations together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Annotations {
    /// To be set.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// To be removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Keys with two values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
    /// Keys or values that policies may not set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// False where only Audit policies asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub written: Option<bool>,
}

impl Annotations {
    /// True where there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty() && self.conflicts.is_empty() && self.refused.is_empty()
    }
}

/// A rail that holds a delete, also one behind another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardEntry {
    /// Which.
    pub cause: Cause,
    /// By what.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Until when, where time lifts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub until: Option<Time>,
}

/// A fact that was needed and unknown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// The fact.
    pub fact: Fact,
    /// Why it is unknown.
    pub reason: Reason,
    /// `KIND.GROUP@CLUSTER/NAMESPACE`, or what else would tell.
    pub source: String,
}

/// The claim that a volume goes with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Follows {
    /// The claim.
    pub claim: Identity,
}

/// One claim or volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Which.
    pub subject: Revision,
    /// How large.
    pub bytes: i64,
    /// StorageClass, where one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub storage_class: Option<String>,
    /// Of a volume: namespace of the claim that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub claim_namespace: Option<String>,
    /// What is decided.
    pub decision: Decision,
    /// What each policy answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<PolicyVerdict>,
    /// What comes of all annotations together.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
    /// Rails that hold a delete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardEntry>,
    /// What was needed and unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// True where only time or watching holds the delete.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub candidate: bool,
    /// True where nothing names it while for how long is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unobserved: bool,
    /// The claim that this volume goes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Follows")]
    pub follows: Option<Follows>,
    /// Digest of the facts that policies and guard read, without `now` and ages.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence_digest: String,
    /// The counterpart's revision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preconditions: Vec<Revision>,
    /// What the deletion protocol needs beside; never part of the document.
    #[serde(skip)]
    pub aside: Aside,
}

/// What the deletion protocol needs to know of a subject beside its entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// Some layer retains it, or none says anything.
    pub retained: bool,
    /// A live controller would make the claim again: its name stays promised.
    pub returns: bool,
    /// Nothing wants it but backups that are being made: they are over soon.
    pub passing: bool,
}

/// A source of facts that is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncompleteSource {
    /// `KIND.GROUP@CLUSTER/NAMESPACE`, or what else would tell.
    pub source: String,
    /// Why.
    pub reason: Reason,
    /// All facts it leaves unknown.
    pub facts: Vec<Fact>,
    /// Subjects it holds.
    pub subjects: u64,
    /// Their bytes.
    pub bytes: i64,
    /// What would supply it.
    pub remedy: String,
}

/// What a rate would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PacingRate {
    /// The policy.
    pub policy: String,
    /// In which time.
    pub window: Window,
    /// Of what.
    pub per: Per,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub max_count: Option<u64>,
    /// At most so much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub max_bytes: Option<i64>,
    /// Deletes that wait for it: those of the fullest group.
    pub deletes: u64,
}

/// What a breaker would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PacingBreaker {
    /// The policy.
    pub policy: String,
    /// Of which kind.
    pub kind: String,
    /// Deletes of that kind.
    #[serde(default)]
    pub deletes: u64,
    /// Share of its matched subjects, rounded up.
    pub percent: u64,
    /// Its limit.
    pub max_percent: u32,
    /// It opens for more deletes than these alone.
    #[serde(default)]
    pub min_count: u64,
    /// Whether it would open.
    pub would_open: bool,
}

/// What rates and breakers would do; offline they hold nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Pacing {
    /// Rates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<PacingRate>,
    /// Breakers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breaker: Vec<PacingBreaker>,
    /// Rules that need the last run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
}

impl Pacing {
    /// True where there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty() && self.breaker.is_empty() && self.skipped.is_empty()
    }
}

/// The whole plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `PlanReport`.
    pub kind: String,
    /// Digest of the document without itself.
    pub digest: String,
    /// The inventory's time.
    pub as_of: Time,
    /// Where that comes from.
    pub as_of_source: AsOfSource,
    /// Clusters.
    pub clusters: Vec<PlanCluster>,
    /// Policies.
    pub policies: Vec<PlanPolicy>,
    /// Totals.
    pub summary: Summary,
    /// One entry for each claim and volume, sorted.
    pub entries: Vec<Entry>,
    /// What is not complete, by bytes held.
    pub incomplete: Vec<IncompleteSource>,
    /// What rates and breakers would do.
    #[serde(default, skip_serializing_if = "Pacing::is_empty")]
    pub pacing: Pacing,
    /// What was wrong with the input.
    pub diagnostics: Vec<Diagnostic>,
}
