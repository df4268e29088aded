//! `probate.yaml`: what a dump says of its own time and completeness.

use crate::common::{Cluster, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Reason {
    /// No list of it in the dump.
    NotCollected,
    /// Not permitted.
    Forbidden,
    /// The watch has not caught up.
    NotSynced,
    /// The cluster did not answer.
    Unreachable,
    /// Something could not be read.
    Unreadable,
    /// Larger than a fact may be.
    TooLarge,
    /// No record tells.
    NoRecord,
    /// Clocks disagree.
    ClockSkew,
    /// More than one answer fits.
    Ambiguous,
}

/// Which kinds in which namespaces a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scope {
    /// `KIND.GROUP`, core kinds without group; `*` for all.
    pub kinds: Vec<String>,
    /// Namespaces; missing or `*` for all.
    #[serde(default = "everywhere")]
    pub namespaces: Vec<String>,
}

/// A statement that something is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Incomplete {
    /// `KIND.GROUP`, core kinds without group; `*` for all.
    pub kinds: Vec<String>,
    /// Namespaces; missing or `*` for all.
    #[serde(default = "everywhere")]
    pub namespaces: Vec<String>,
    /// Why.
    #[serde(default = "not_collected")]
    pub reason: Reason,
}

/// `kind: Dump`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dump {
    /// `probate.dev/v1alpha1`; may be left out in a `probate.yaml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub api_version: Option<String>,
    /// `Dump`.
    pub kind: String,
    /// Which cluster it is of.
    #[serde(default)]
    pub cluster: Cluster,
    /// When it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub taken_at: Option<Time>,
    /// What is whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complete: Vec<Scope>,
    /// What is not; beats `complete`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
    /// Kinds, `KIND.GROUP`, that the cluster does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent_kinds: Vec<String>,
}

fn everywhere() -> Vec<String> {
    vec!["*".into()]
}

fn not_collected() -> Reason {
    Reason::NotCollected
}
