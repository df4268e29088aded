//! The second half of the evidence: what surrounds a claim or volume. Usage, references, owners, other layers, snapshots and
//! retention; `evidence` gives them out together with the first half.

use crate::common::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The strongest way in which something wants a claim or volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum UsageState {
    /// In use now.
    Active,
    /// About to be used.
    Pending,
    /// By something that is stopped.
    Stopped,
    /// By a template that can make a user.
    Template,
    /// Held by name only.
    Reserved,
    /// Named by a resource nobody knows.
    Possible,
    /// Not at all.
    None,
}

/// How one object refers to a claim or volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ReferenceState {
    /// In use now.
    Active,
    /// About to be used.
    Pending,
    /// By something that is stopped.
    Stopped,
    /// By a template that can make a user.
    Template,
    /// Held by name only.
    Reserved,
    /// Named by a resource nobody knows.
    Possible,
    /// A finished Pod: no use, but it holds the claim.
    Finished,
}

/// How well disuse was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Continuity {
    /// Stated by the user.
    Assumed,
    /// From dumps with gaps.
    Sampled,
    /// From an object's own status.
    Condition,
    /// Watched all the time.
    Watched,
}

/// Whether anything can still want the volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Something can still want it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub referenced: Option<bool>,
    /// The strongest reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UsageState")]
    pub state: Option<UsageState>,
    /// Since when nothing has; absent while referenced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub unused_since: Option<Time>,
    /// Since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub unused_seconds: Option<i64>,
    /// How well that was watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Continuity")]
    pub continuity: Option<Continuity>,
    /// The longest time nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub largest_gap_seconds: Option<i64>,
}

/// Since when nothing has wanted the volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unused {
    /// When.
    pub unused_since: Time,
    /// Since then.
    pub unused_seconds: i64,
    /// How well that was watched.
    pub continuity: Continuity,
    /// The longest time nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub largest_gap_seconds: Option<i64>,
}

/// One object that refers to the claim or volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// Cluster of the object.
    pub cluster: String,
    /// API group; missing for core kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Namespace; missing for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
    /// How. Wanted it is by what is `Active` (in use now), `Pending` (about to be), `Stopped`, a `Template` (it can make a user)
    /// and `Possible` (named by a kind nobody knows); not by what is `Reserved` (held by name only) or `Finished` (a Pod that is done).
    pub state: ReferenceState,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub state_since: Option<Time>,
    /// Since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub state_seconds: Option<i64>,
    /// Where in the object the name stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub path: Option<String>,
}

/// How an owner is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Relation {
    /// ownerReference with controller: true.
    Controller,
    /// Another ownerReference.
    OwnerReference,
    /// The platform made it for this object.
    CreatedFor,
    /// It used the claim.
    Used,
}

/// Whether an owner still lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum LifeState {
    /// It is there.
    Alive,
    /// It is being deleted.
    Deleting,
    /// It is gone.
    Gone,
}

/// What the owner's platform would do with the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PlatformIntent {
    /// Keep it.
    Keep,
    /// Delete it.
    Delete,
}

/// Who made or used the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Cluster of the object.
    pub cluster: String,
    /// API group; missing for core kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Namespace; missing for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
    /// How it is known.
    pub relation: Relation,
    /// Whether it lives.
    pub state: LifeState,
    /// When it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub gone_since: Option<Time>,
    /// Since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub gone_seconds: Option<i64>,
    /// Same name, other uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub successor_uid: Option<String>,
    /// What its platform would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PlatformIntent")]
    pub platform_intent: Option<PlatformIntent>,
}

/// What runs the guest cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum GuestClusterType {
    /// Rancher.
    Rancher,
    /// Cluster API.
    ClusterAPI,
    /// vCluster.
    VCluster,
}

/// The guest cluster that the volume serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuestCluster {
    /// What runs it.
    pub r#type: GuestClusterType,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
    /// Whether it lives.
    pub state: LifeState,
    /// When it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub gone_since: Option<Time>,
    /// Since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub gone_seconds: Option<i64>,
}

/// Which layer the counterpart is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CounterpartRelation {
    /// Below.
    Host,
    /// Above.
    Guest,
    /// In a virtual cluster.
    Virtual,
}

/// Whether the counterpart is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CounterpartState {
    /// It is there.
    Present,
    /// It is gone.
    Gone,
}

/// What proves the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum LinkedBy {
    /// The volume handle.
    VolumeHandle,
    /// The platform's own two-way check.
    ObjectMarks,
    /// A record.
    Record,
}

/// The same volume on another layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counterpart {
    /// Cluster of the object.
    pub cluster: String,
    /// API group; missing for core kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Namespace; missing for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
    /// Which layer.
    pub relation: CounterpartRelation,
    /// Whether it is there.
    pub state: CounterpartState,
    /// When it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub gone_since: Option<Time>,
    /// Since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub gone_seconds: Option<i64>,
    /// Its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub phase: Option<String>,
    /// Its reclaim policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub reclaim_policy: Option<String>,
    /// What proves the link.
    pub linked_by: LinkedBy,
}

/// Snapshot or backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SnapshotType {
    /// A snapshot.
    Snapshot,
    /// A backup.
    Backup,
}

/// A snapshot or backup of the volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Cluster of the object.
    pub cluster: String,
    /// API group; missing for core kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Namespace; missing for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
    /// Which.
    pub r#type: SnapshotType,
    /// Ready to use.
    pub ready: bool,
    /// creationTimestamp.
    pub created_at: Time,
    /// Since then.
    pub age_seconds: i64,
    /// restoreSize.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub bytes: Option<i64>,
    /// Proven to outlive the volume: a finished data upload of Velero, a VolSync replication, a Harvester VM backup. Snapshots in the
    /// same storage system never are, nor is what other tools keep.
    pub independent: bool,
}

/// What will happen to the data with the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum EffectivePolicy {
    /// It stays.
    Retain,
    /// It goes.
    Delete,
}

/// A layer's word on retention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionSource {
    /// Cluster of the object.
    pub cluster: String,
    /// API group; missing for core kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Namespace; missing for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
    /// Its word.
    pub policy: EffectivePolicy,
}

/// The source that settles the effective policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionFrom {
    /// Cluster of the object.
    pub cluster: String,
    /// API group; missing for core kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Namespace; missing for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
}

/// What the reclaim policies of all layers come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// The strongest: one Retain wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EffectivePolicy")]
    pub effective: Option<EffectivePolicy>,
    /// A source that settles it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RetentionFrom")]
    pub from: Option<RetentionFrom>,
    /// Every layer's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<RetentionSource>")]
    pub sources: Option<Vec<RetentionSource>>,
}
