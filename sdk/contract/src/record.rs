//! `VolumeRecord`: what probate keeps of one claim and its volume, by uid.

use crate::common::{Cluster, Time};
use crate::evidence::{ClaimRef, Continuity, EffectivePolicy, GuestClusterType, LifeState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name and namespace of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordMetadata {
    /// `c-<claim uid>`, or `v-<volume uid>` if it never had a claim.
    #[serde(default)]
    pub name: String,
    /// Probate's own namespace.
    #[serde(default)]
    pub namespace: String,
}

/// The volume of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordVolume {
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// Driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub driver: Option<String>,
    /// What the driver calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub volume_handle: Option<String>,
}

/// Identity: a part may be added, never changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordSpec {
    /// The cluster.
    #[serde(default)]
    pub cluster: Cluster,
    /// The claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ClaimRef")]
    pub claim: Option<ClaimRef>,
    /// The volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RecordVolume")]
    pub volume: Option<RecordVolume>,
}

/// How well it was watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Observation {
    /// How.
    #[serde(default = "watched")]
    pub continuity: Continuity,
    /// First seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub first_at: Option<Time>,
    /// Last seen; `now` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub last_at: Option<Time>,
    /// The longest time nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub largest_gap_seconds: Option<i64>,
}

impl Default for Observation {
    fn default() -> Self {
        Self { continuity: Continuity::Watched, first_at: None, last_at: None, largest_gap_seconds: None }
    }
}

/// The guest cluster a record remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordGuestCluster {
    /// What runs it.
    pub r#type: GuestClusterType,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
    /// Whether it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LifeState")]
    pub state: Option<LifeState>,
    /// When it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub gone_since: Option<Time>,
    /// When it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub last_seen_at: Option<Time>,
    /// Its owner asked to keep its volumes; once it is going nobody can ask it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_volumes: bool,
}

/// A mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mark {
    /// Decision id.
    pub decision: String,
    /// When.
    pub at: Time,
    /// Not quarantined before.
    pub not_before: Time,
}

/// Manifests for a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifests {
    /// The claim as JSON.
    #[serde(default)]
    pub claim: String,
    /// The volume as JSON.
    #[serde(default)]
    pub volume: String,
}

/// A quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quarantine {
    /// Decision id.
    pub decision: String,
    /// When Released was observed; missing while the claim is still being let go.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub released_at: Time,
    /// How long it was watched since.
    #[serde(default)]
    pub watched_seconds: i64,
    /// Manifests for a restore.
    #[serde(default)]
    pub manifests: Manifests,
    /// The policies that wanted it, with the digests they had.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<String, String>,
    /// Where the claim's name stays promised: uid of the namespace it is promised in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub promised_in: Option<String>,
}

/// What is about to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Intent {
    /// The protocol's step.
    pub step: String,
    /// The write.
    pub write: String,
    /// When.
    pub at: Time,
}

/// A condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Type.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Reason.
    #[serde(default)]
    pub reason: String,
    /// Message.
    #[serde(default)]
    pub message: String,
    /// When it last changed.
    #[serde(default)]
    pub last_transition_time: Time,
}

/// What was learned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RecordStatus {
    /// How well it was watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation: Option<Observation>,
    /// Since when nothing wanted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused_since: Option<Time>,
    /// Owners, also those that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<RecordOwner>,
    /// The guest cluster it served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest_cluster: Option<RecordGuestCluster>,
    /// Other layers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counterparts: Vec<RecordCounterpart>,
    /// The reclaim policy before any flip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_reclaim_policy: Option<EffectivePolicy>,
    /// The mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// The quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
    /// What is about to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// An owner as a record keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordOwner {
    /// How it is known.
    pub relation: crate::evidence::Relation,
    /// Cluster, if another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub cluster: Option<String>,
    /// Group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
    /// Namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
    /// Whether it lived when last seen.
    pub state: LifeState,
    /// When it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub gone_since: Option<Time>,
    /// What its platform would do with the volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "crate::evidence::PlatformIntent")]
    pub platform_intent: Option<crate::evidence::PlatformIntent>,
}

/// A counterpart as a record keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordCounterpart {
    /// Which layer.
    pub relation: crate::evidence::CounterpartRelation,
    /// Its cluster.
    pub cluster: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
    /// Its reclaim policy when last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub reclaim_policy: Option<String>,
    /// Whether it was there when last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "crate::evidence::CounterpartState")]
    pub state: Option<crate::evidence::CounterpartState>,
    /// When it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub gone_since: Option<Time>,
}

/// `kind: VolumeRecord`, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VolumeRecord {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `VolumeRecord`.
    pub kind: String,
    /// Name and namespace.
    #[serde(default)]
    pub metadata: RecordMetadata,
    /// Identity.
    pub spec: RecordSpec,
    /// What was learned.
    #[serde(default)]
    pub status: RecordStatus,
}

fn watched() -> Continuity {
    Continuity::Watched
}
