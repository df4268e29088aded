//! The evidence: what a policy reads about one subject. A struct here is the whole shape of a fact; a document holds only
//! the facts that are known, present and read by the policy, so a fact's own fields are required and the facts are optional.

use crate::common::{Cluster, Time};
pub use crate::examples;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use crate::surroundings::*;

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
