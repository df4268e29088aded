//! The policy manifest: `ClusterRetentionPolicy` and `RetentionPolicy`.

use crate::evidence::Open;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a policy may go.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Mode {
    /// Its deletes are shown, never carried out.
    #[default]
    Audit,
    /// Its deletes wait for an approved Plan.
    Propose,
    /// Its deletes are carried out.
    Enforce,
}

/// What a policy may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Allowed {
    /// Retain.
    Retain,
    /// Delete.
    Delete,
    /// Annotate.
    Annotate,
}

/// The kinds that policies decide about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SubjectKind {
    /// A claim.
    PersistentVolumeClaim,
    /// A volume.
    PersistentVolume,
}

impl SubjectKind {
    /// The kind's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::PersistentVolume => "PersistentVolume",
        }
    }
}

/// Operators of label expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Operator {
    /// The value is one of them.
    In,
    /// The value is none of them, or the label is missing.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is missing.
    DoesNotExist,
}

/// One label expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expression {
    /// Label.
    pub key: String,
    /// Operator.
    pub operator: Operator,
    /// Values, for In and NotIn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// A Kubernetes label selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selector {
    /// Labels with these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Expressions, all of which hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Expression>,
}

/// Which subjects; parts are ANDed, lists ORed, names may hold `*` and `?`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Match {
    /// Names of clusters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// Namespaces of the claim, for a volume of its claimRef.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Not these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_namespaces: Vec<String>,
    /// Labels of the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Selector")]
    pub namespace_selector: Option<Selector>,
    /// Labels of the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Selector")]
    pub label_selector: Option<Selector>,
    /// Classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage_classes: Vec<String>,
}

/// A key of a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigMapRef {
    /// Name.
    pub name: String,
    /// Key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub key: Option<String>,
}

/// An OCI artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Oci {
    /// Reference.
    pub reference: String,
}

/// A Rego program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rego {
    /// The package with the rule `verdict`; found if only one has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub package: Option<String>,
    /// The program itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub inline: Option<String>,
    /// Paths, relative to the manifest and inside its folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// From a ConfigMap of the policy's own namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ConfigMapRef")]
    pub config_map_ref: Option<ConfigMapRef>,
    /// From a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Oci")]
    pub oci: Option<Oci>,
}

/// A Wasm component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wasm {
    /// Path, relative to the manifest and inside its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub file: Option<String>,
    /// From a ConfigMap of the policy's own namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ConfigMapRef")]
    pub config_map_ref: Option<ConfigMapRef>,
    /// From a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Oci")]
    pub oci: Option<Oci>,
}

/// The program: one of `rego` and `wasm`, from one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Program {
    /// In Rego.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Rego")]
    pub rego: Option<Rego>,
    /// As a Wasm component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Wasm")]
    pub wasm: Option<Wasm>,
    /// `sha256:` of its files' names and bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub digest: Option<String>,
}

/// Who lets the data go at the end.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Purge {
    /// A person's command.
    #[default]
    Manual,
    /// An approved Plan.
    Approved,
    /// The controller.
    Auto,
}

/// What becomes of volumes that some layer retains.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum RetainedVolumes {
    /// The delete is held from the start.
    #[default]
    Keep,
    /// The claim goes, the volume stays.
    Release,
    /// The PV object goes too.
    DeleteObject,
    /// Object and asset go.
    DeleteObjectAndAsset,
}

/// A snapshot must exist first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotGate {
    /// No older than this.
    pub max_age_seconds: i64,
}

/// How deletes proceed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Deletion {
    /// Marked to quarantined.
    pub grace_seconds: i64,
    /// Quarantined to purged.
    pub quarantine_seconds: i64,
    /// Who lets the data go.
    pub purge: Purge,
    /// Volumes that some layer retains.
    pub retained_volumes: RetainedVolumes,
    /// A snapshot must exist first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_gate: Option<SnapshotGate>,
}

impl Default for Deletion {
    fn default() -> Self {
        Self {
            grace_seconds: 7 * 86_400,
            quarantine_seconds: 30 * 86_400,
            purge: Purge::default(),
            retained_volumes: RetainedVolumes::default(),
            snapshot_gate: None,
        }
    }
}

/// Rails that a policy may consent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Consent {
    /// A scaled-down StatefulSet would come back for it.
    ScaledDownOrdinal,
    /// Snapshots would die with it.
    DependentSnapshots,
    /// It would be re-created.
    GitOpsTracked,
    /// Its namespace is gone.
    NamespaceGone,
}

/// The window of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Window {
    /// An hour.
    Hour,
    /// A day.
    Day,
}

/// What a rate counts per.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Per {
    /// Per policy.
    Policy,
    /// Per namespace.
    Namespace,
    /// Per class.
    StorageClass,
}

/// How many at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// In which time.
    pub window: Window,
    /// Of what.
    pub per: Per,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub max_count: Option<u64>,
    /// At most so much, a quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub max_bytes: Option<String>,
}

/// When the whole delete set is held; opens when both are exceeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Breaker {
    /// Share of the matched subjects of a kind, 1..=100.
    pub max_percent: u32,
    /// So many are always allowed.
    pub min_count: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { max_percent: 5, min_count: 10 }
    }
}

/// Limits of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Fuel of a call.
    pub fuel_per_call: u64,
    /// And so much per byte of evidence.
    pub fuel_per_input_byte: u64,
    /// Memory of an instance.
    pub memory_bytes: u64,
    /// Longest answer.
    pub output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel_per_call: 50_000_000,
            fuel_per_input_byte: 2000,
            memory_bytes: 64 << 20,
            output_bytes: 64 << 10,
        }
    }
}

/// What a policy is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// How far it may go.
    #[serde(default)]
    pub mode: Mode,
    /// What it may answer.
    #[serde(default = "all_actions")]
    pub actions: Vec<Allowed>,
    /// What it decides about.
    #[serde(default = "all_subjects")]
    pub subjects: Vec<SubjectKind>,
    /// Which of them.
    #[serde(default, rename = "match")]
    pub r#match: Match,
    /// Its program.
    pub program: Program,
    /// Its parameters.
    #[serde(default)]
    pub parameters: Open,
    /// How deletes proceed.
    #[serde(default)]
    pub deletion: Deletion,
    /// Rails it consents to.
    #[serde(default)]
    pub consents: Vec<Consent>,
    /// How many at a time.
    #[serde(default = "ten_an_hour")]
    pub rates: Vec<Rate>,
    /// When the whole delete set is held.
    #[serde(default)]
    pub breaker: Breaker,
    /// Limits of the sandbox.
    #[serde(default)]
    pub limits: Limits,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            actions: all_actions(),
            subjects: all_subjects(),
            r#match: Match::default(),
            program: Program::default(),
            parameters: Open::default(),
            deletion: Deletion::default(),
            consents: Vec::new(),
            rates: ten_an_hour(),
            breaker: Breaker::default(),
            limits: Limits::default(),
        }
    }
}

/// Name, namespace and what else metadata holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyMetadata {
    /// Name.
    pub name: String,
    /// Namespace, of a RetentionPolicy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
}

/// `kind: ClusterRetentionPolicy` or `RetentionPolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `ClusterRetentionPolicy` or `RetentionPolicy`.
    pub kind: String,
    /// Name and namespace.
    pub metadata: PolicyMetadata,
    /// The policy.
    pub spec: Spec,
    /// Written by the controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Open")]
    pub status: Option<Open>,
}

pub(crate) fn all_actions() -> Vec<Allowed> {
    vec![Allowed::Retain, Allowed::Delete, Allowed::Annotate]
}

pub(crate) fn is_every_action(actions: &[Allowed]) -> bool {
    actions == all_actions()
}

fn all_subjects() -> Vec<SubjectKind> {
    vec![SubjectKind::PersistentVolumeClaim, SubjectKind::PersistentVolume]
}

fn ten_an_hour() -> Vec<Rate> {
    vec![Rate { window: Window::Hour, per: Per::Policy, max_count: Some(10), max_bytes: None }]
}
