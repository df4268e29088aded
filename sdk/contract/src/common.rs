//! What several documents share: identities, and the words for times and bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An instant: RFC 3339, UTC, whole seconds, `2026-11-22T06:00:00Z`.
pub type Time = String;

/// A cluster as evidence and records name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Name of the dump or of the linked cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub name: Option<String>,
    /// Uid of the Namespace `kube-system`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
}

/// Which object of which cluster; `group` is missing for core kinds, `namespace` for cluster-scoped ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Name of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub cluster: Option<String>,
    /// API group; missing for core kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub group: Option<String>,
    /// Kind, `PersistentVolumeClaim`.
    pub kind: String,
    /// Namespace; missing for cluster-scoped kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Uid, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uid: Option<String>,
}
