//! Settings of the installation.

use crate::manifest::{Breaker, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is kept whatever policies say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Protected {
    /// Namespaces whose claims are never deleted; `*` and `?` match.
    pub namespaces: Vec<String>,
    /// Classes whose claims and volumes are never deleted; `*` and `?` match.
    pub storage_classes: Vec<String>,
}

impl Default for Protected {
    fn default() -> Self {
        Self {
            namespaces: ["kube-system", "kube-public", "kube-node-lease", "probate"]
                .map(String::from)
                .to_vec(),
            storage_classes: Vec::new(),
        }
    }
}

/// Breaker rules of the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SettingsBreaker {
    /// Share of the matched subjects of a kind.
    pub max_percent: u32,
    /// Below this many deletes it never opens.
    pub min_count: u64,
    /// Opens when the deletes grow by more than this against the last run, in percent.
    pub max_jump_percent: u32,
    /// Opens when referrers of a kind shrink by more than this against the last run, in percent.
    pub max_lost_references_percent: u32,
    /// Opens when more than this share of the subjects is unknown, in percent.
    pub max_unknown_percent: u32,
}

impl Default for SettingsBreaker {
    fn default() -> Self {
        let Breaker { max_percent, min_count } = Breaker::default();
        Self {
            max_percent,
            min_count,
            max_jump_percent: 100,
            max_lost_references_percent: 50,
            max_unknown_percent: 50,
        }
    }
}

/// The settings themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SettingsSpec {
    /// Younger subjects are kept: `TooYoung`.
    pub minimum_age_seconds: i64,
    /// Unused for less is kept: `UnusedTooShort`.
    pub minimum_unused_seconds: i64,
    /// A record that looked away for longer counts as `Sampled`.
    pub maximum_gap_seconds: i64,
    /// Shortest grace of any policy.
    pub minimum_grace_seconds: i64,
    /// Shortest quarantine of any policy.
    pub minimum_quarantine_seconds: i64,
    /// What is kept whatever policies say.
    pub protected: Protected,
    /// Annotation prefixes that policies may set beside `probate.dev/note.`.
    pub annotation_prefixes: Vec<String>,
    /// Kinds, `KIND.GROUP`, whose mention of a name is no possible reference; added to the shipped list.
    pub ignored_references: Vec<String>,
    /// Rates of the whole installation.
    pub rates: Vec<Rate>,
    /// Breaker rules of the whole installation.
    pub breaker: SettingsBreaker,
}

impl Default for SettingsSpec {
    fn default() -> Self {
        Self {
            minimum_age_seconds: 86_400,
            minimum_unused_seconds: 86_400,
            maximum_gap_seconds: 3600,
            minimum_grace_seconds: 3600,
            minimum_quarantine_seconds: 3600,
            protected: Protected::default(),
            annotation_prefixes: Vec::new(),
            ignored_references: Vec::new(),
            rates: Vec::new(),
            breaker: SettingsBreaker::default(),
        }
    }
}

/// `kind: Settings`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `Settings`.
    pub kind: String,
    /// The settings.
    #[serde(default)]
    pub spec: SettingsSpec,
}
