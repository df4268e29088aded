//! The evidence: what a policy reads about one subject. A struct here is the whole shape of a fact; a document holds only
//! the facts that are known, present and read by the policy, so a fact's own fields are required and the facts are optional.

use crate::common::{Cluster, Time};
pub use crate::examples;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// String maps of labels and annotations; open below.
pub type Map = BTreeMap<String, String>;
/// A JSON object of any shape; open below.
pub type Open = serde_json::Map<String, serde_json::Value>;

/// One subject and everything known of it. In Rego the paths are `input.` and what is written here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `Evidence`.
    pub kind: String,
    /// The inventory's time, the only clock there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub now: Option<Time>,
    /// The manifest's parameters with the defaults of the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Open")]
    pub parameters: Option<Open>,
    /// The cluster of the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Cluster")]
    pub cluster: Option<Cluster>,
    /// Why the subject is looked at; a hint, never a reason to delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Trigger")]
    pub trigger: Option<Trigger>,
    /// The claim or volume in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Subject")]
    pub subject: Option<Subject>,
    /// The claim: the subject, or the one that the volume's claimRef names by uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Claim")]
    pub claim: Option<Claim>,
    /// The volume: the subject, or the one that the claim is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Volume")]
    pub volume: Option<Volume>,
    /// The class that claim and volume name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StorageClass")]
    pub storage_class: Option<StorageClass>,
    /// The namespace of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Namespace")]
    pub namespace: Option<Namespace>,
    /// Whether anything can still want the volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Usage")]
    pub usage: Option<Usage>,
    /// Everything that refers to claim or volume, whole or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Reference>")]
    pub references: Option<Vec<Reference>>,
    /// Who made or used it, by uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Owner>")]
    pub owners: Option<Vec<Owner>>,
    /// The guest cluster that it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GuestCluster")]
    pub guest_cluster: Option<GuestCluster>,
    /// The same volume on other layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Counterpart>")]
    pub counterparts: Option<Vec<Counterpart>>,
    /// Snapshots and backups of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Snapshot>")]
    pub snapshots: Option<Vec<Snapshot>>,
    /// What the reclaim policies of all layers come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Retention")]
    pub retention: Option<Retention>,
}

/// Why a subject is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TriggerType {
    /// A full pass.
    Scan,
    /// It appeared.
    Created,
    /// It or its surroundings changed.
    Changed,
    /// Its volume was released.
    Released,
    /// An owner went.
    OwnerGone,
    /// A time it waited for has come.
    Due,
}

/// What woke the evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The kind of wake-up.
    pub r#type: TriggerType,
    /// When.
    pub at: Time,
}

/// The claim or volume in question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// `PersistentVolumeClaim` or `PersistentVolume`.
    pub kind: String,
    /// Of a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// creationTimestamp.
    pub created_at: Time,
    /// Since then.
    pub age_seconds: i64,
    /// deletionTimestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub deleting_since: Option<Time>,
    /// Since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub deleting_seconds: Option<i64>,
    /// Capacity, else request.
    pub bytes: i64,
    /// Its labels.
    pub labels: Map,
    /// Its annotations.
    pub annotations: Map,
    /// Its finalizers.
    pub finalizers: Vec<String>,
    /// Raw metadata, spec and status, without managedFields and last-applied; at most 32 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Open")]
    pub object: Option<Open>,
}

/// What a claim was filled from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataSource {
    /// API group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Another namespace, if one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// `Pending`, `Bound` or `Lost`.
    pub phase: String,
    /// spec.resources.requests.storage.
    pub requested_bytes: i64,
    /// status.capacity.storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub capacity_bytes: Option<i64>,
    /// Class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub storage_class_name: Option<String>,
    /// `Filesystem` or `Block`.
    pub volume_mode: String,
    /// Access modes.
    pub access_modes: Vec<String>,
    /// The bound volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub volume_name: Option<String>,
    /// What it was filled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DataSource")]
    pub data_source: Option<DataSource>,
}

/// The claim that a volume names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRef {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid; missing where the volume is only reserved by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
}

/// A PersistentVolume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// `Available`, `Bound`, `Released`, `Failed` or `Pending`.
    pub phase: String,
    /// When it was released; a fact of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub released_since: Option<Time>,
    /// Since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub released_seconds: Option<i64>,
    /// `Retain`, `Delete` or `Recycle`.
    pub reclaim_policy: String,
    /// spec.capacity.storage.
    pub capacity_bytes: i64,
    /// Class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub storage_class_name: Option<String>,
    /// `Filesystem` or `Block`.
    pub volume_mode: String,
    /// Access modes.
    pub access_modes: Vec<String>,
    /// CSI driver, or in-tree source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub driver: Option<String>,
    /// What the driver calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub volume_handle: Option<String>,
    /// The claim it is or was bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ClaimRef")]
    pub claim_ref: Option<ClaimRef>,
    /// False for a stand-in or copy of another layer's volume.
    pub governing: bool,
}

/// How long a volume has been released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    /// When.
    pub released_since: Time,
    /// Since then.
    pub released_seconds: i64,
}

/// A StorageClass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StorageClass {
    /// Name.
    pub name: String,
    /// Provisioner.
    pub provisioner: String,
    /// `Delete` unless said.
    pub reclaim_policy: String,
    /// Labels.
    pub labels: Map,
}

/// The namespace of the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Namespace {
    /// Name.
    pub name: String,
    /// `Active` or `Terminating`.
    pub phase: String,
    /// creationTimestamp.
    pub created_at: Time,
    /// Since then.
    pub age_seconds: i64,
    /// Labels.
    pub labels: Map,
    /// Annotations.
    pub annotations: Map,
}

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
    /// How.
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
    /// Proven to outlive the volume.
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
