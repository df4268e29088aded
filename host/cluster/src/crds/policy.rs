//! `ClusterRetentionPolicy` and `RetentionPolicy`, with the rules that the manifest's text states.

use super::definition::{Column, Definition};
use super::structural::{Defaults, of};
use super::{SchemaError, kind::kind};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::Resource;
use probate_contract::manifest::{Policy, PolicyMetadata, Spec};
use probate_contract::record::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The program as it was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProgramStatus {
    /// `sha256:` of its files' names and bytes.
    pub digest: String,
    /// Facts that it reads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<String>,
}

/// What a policy comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyTotals {
    /// Subjects it selects.
    pub matched: u64,
    /// Held only because disuse was not watched, or not for long enough.
    pub candidates: u64,
    /// Marked now.
    pub marked: u64,
    /// In quarantine now.
    pub quarantined: u64,
    /// Purged so far.
    pub purged: u64,
    /// Bytes freed so far.
    pub reclaimed_bytes: i64,
    /// Bytes that unknown facts hold back.
    pub held_by_unknown_bytes: i64,
}

/// What the controller says of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyStatus {
    /// Of which generation this speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub observed_generation: Option<i64>,
    /// The program as it was loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ProgramStatus")]
    pub program: Option<ProgramStatus>,
    /// What it comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PolicyTotals")]
    pub totals: Option<PolicyTotals>,
    /// `Ready`, `Degraded`, `Blocked`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

kind! {
    /// A policy of the whole cluster.
    ClusterRetentionPolicy, "clusterretentionpolicies", ClusterResourceScope, Spec, PolicyStatus
}

kind! {
    /// A policy of one namespace: it reaches claims there, and can never consent.
    RetentionPolicy, "retentionpolicies", NamespaceResourceScope, Spec, PolicyStatus
}

impl From<&ClusterRetentionPolicy> for Policy {
    fn from(policy: &ClusterRetentionPolicy) -> Self {
        manifest(ClusterRetentionPolicy::KIND, policy, &policy.spec)
    }
}

impl From<&RetentionPolicy> for Policy {
    fn from(policy: &RetentionPolicy) -> Self {
        manifest(RetentionPolicy::KIND, policy, &policy.spec)
    }
}

fn manifest(kind: &str, object: &impl Resource, spec: &Spec) -> Policy {
    Policy {
        api_version: probate_contract::API_VERSION.to_owned(),
        kind: kind.to_owned(),
        metadata: PolicyMetadata {
            name: object.meta().name.clone().unwrap_or_default(),
            namespace: object.meta().namespace.clone(),
        },
        spec: spec.clone(),
        status: None,
    }
}

/// The definition of `ClusterRetentionPolicy`.
pub(super) fn cluster_crd() -> Result<CustomResourceDefinition, SchemaError> {
    let mut made = common(ClusterRetentionPolicy::KIND, ClusterRetentionPolicy::PLURAL);
    made.short = &["crpol"];
    made.scope = "Cluster";
    for field in ["clusters", "namespaces", "excludedNamespaces"] {
        names(&mut made, &format!("spec.match.{field}"));
    }
    selector(&mut made, "spec.match.namespaceSelector");
    made.at("spec.subjects", json!({"minItems": 1, "maxItems": 2, "x-kubernetes-list-type": "set"}))
        .at("spec.consents", json!({"maxItems": 4, "x-kubernetes-list-type": "set"}))
        .at("spec.program.rego.files", json!({"maxItems": 64}))
        .at("spec.program.rego.files.[]", json!({"minLength": 1, "maxLength": 256}))
        .at("spec.program.wasm.file", json!({"minLength": 1, "maxLength": 256}))
        .rule(
            "spec.program.rego",
            "[has(self.inline), has(self.files) && size(self.files) > 0, has(self.configMapRef), has(self.oci)].filter(given, given).size() == 1",
            "exactly one source: inline, files, configMapRef or oci",
        )
        .rule(
            "spec.program.wasm",
            "[has(self.file), has(self.configMapRef), has(self.oci)].filter(given, given).size() == 1",
            "exactly one source: file, configMapRef or oci",
        )
        .rule(
            "spec.program.rego.files.[]",
            "!self.startsWith('/') && !self.split('/').exists(part, part == '..')",
            "paths are relative and stay in the policy's folder",
        )
        .rule(
            "spec.program.wasm.file",
            "!self.startsWith('/') && !self.split('/').exists(part, part == '..')",
            "paths are relative and stay in the policy's folder",
        )
        .rule(
            "spec",
            "self.mode == 'Audit' || !self.actions.exists(action, action == 'Delete') || (has(self.match.namespaces) && size(self.match.namespaces) > 0) || has(self.match.namespaceSelector) || (has(self.match.storageClasses) && size(self.match.storageClasses) > 0)",
            "beyond Audit a policy that may delete names match.namespaces, match.namespaceSelector or match.storageClasses",
        );
    made.finish()
}

/// The definition of `RetentionPolicy`, whose schema lacks what reaches beyond its namespace.
pub(super) fn namespaced_crd() -> Result<CustomResourceDefinition, SchemaError> {
    let mut made = common(RetentionPolicy::KIND, RetentionPolicy::PLURAL);
    made.short = &["rpol"];
    made.without("spec", &["subjects", "consents"])
        .without("spec.match", &["clusters", "namespaces", "excludedNamespaces", "namespaceSelector"])
        .without("spec.deletion", &["retainedVolumes"])
        .without("spec.program.rego", &["files"])
        .without("spec.program.wasm", &["file"])
        .rule(
            "spec.program.rego",
            "[has(self.inline), has(self.configMapRef), has(self.oci)].filter(given, given).size() == 1",
            "exactly one source: inline, configMapRef or oci",
        )
        .rule(
            "spec.program.wasm",
            "[has(self.configMapRef), has(self.oci)].filter(given, given).size() == 1",
            "exactly one source: configMapRef or oci",
        );
    made.finish()
}

/// What both have.
fn common(kind: &'static str, plural: &'static str) -> Definition {
    let status = of::<PolicyStatus>(Defaults::Dropped);
    let mut made = Definition::new(kind, plural, of::<Spec>(Defaults::Kept), Some(status));
    made.columns = columns();
    numbers(&mut made);
    names(&mut made, "spec.match.storageClasses");
    selector(&mut made, "spec.match.labelSelector");
    program(&mut made);
    made.at("spec.actions", json!({"minItems": 1, "maxItems": 3, "x-kubernetes-list-type": "set"}))
        .at("status.conditions", json!({"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}))
        .rule(
            "spec",
            "self.mode == 'Audit' || has(self.program.digest) || (has(self.program.rego) && has(self.program.rego.inline))",
            "beyond Audit a program that is not inline needs program.digest",
        );
    made
}

fn columns() -> Vec<Column> {
    vec![
        Column("Mode", "string", ".spec.mode", 0),
        Column("Matched", "integer", ".status.totals.matched", 0),
        Column("Candidates", "integer", ".status.totals.candidates", 0),
        Column("Marked", "integer", ".status.totals.marked", 0),
        Column("Quarantined", "integer", ".status.totals.quarantined", 0),
        Column("Purged", "integer", ".status.totals.purged", 0),
        Column("Reclaimed", "integer", ".status.totals.reclaimedBytes", 0),
        Column("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", 0),
        Column("Age", "date", ".metadata.creationTimestamp", 0),
        Column("Digest", "string", ".status.program.digest", 1),
        Column("Held", "integer", ".status.totals.heldByUnknownBytes", 1),
    ]
}

/// Nothing negative, a rate has a maximum, percents are percents.
fn numbers(made: &mut Definition) {
    for field in ["graceSeconds", "quarantineSeconds", "snapshotGate.maxAgeSeconds"] {
        made.at(&format!("spec.deletion.{field}"), json!({"minimum": 0}));
    }
    made.at("spec.breaker.maxPercent", json!({"minimum": 1, "maximum": 100}))
        .at("spec.rates", json!({"maxItems": 16}))
        .at("spec.rates.[].maxBytes", json!({"maxLength": 64}))
        .rule(
            "spec.rates.[]",
            "has(self.maxCount) || has(self.maxBytes)",
            "a rate has maxCount, maxBytes or both",
        )
        .rule(
            "spec.rates.[].maxBytes",
            "isQuantity(self) && !quantity(self).isLessThan(quantity('0'))",
            "maxBytes is a quantity, 0 or more, such as 500Gi",
        );
}

/// One program, and a digest where the bytes are elsewhere.
fn program(made: &mut Definition) {
    made.at("spec.program.digest", json!({"maxLength": 80, "pattern": "^sha256:[0-9a-f]{64}$"}))
        .rule("spec.program", "has(self.rego) != has(self.wasm)", "exactly one program: rego or wasm")
        .rule(
            "spec.program",
            "has(self.digest) || !((has(self.rego) && has(self.rego.oci)) || (has(self.wasm) && has(self.wasm.oci)))",
            "a program from a registry needs program.digest",
        );
    for language in ["rego", "wasm"] {
        let at = format!("spec.program.{language}");
        made.at(&format!("{at}.configMapRef.name"), json!({"minLength": 1, "maxLength": 253}))
            .at(&format!("{at}.configMapRef.key"), json!({"minLength": 1, "maxLength": 253}))
            .at(&format!("{at}.oci.reference"), json!({"minLength": 1, "maxLength": 1024}));
    }
}

/// A list of names with wildcards.
fn names(made: &mut Definition, path: &str) {
    made.at(path, json!({"maxItems": 256}))
        .at(&format!("{path}.[]"), json!({"minLength": 1, "maxLength": 253}));
}

/// A selector whose expressions have the values that their operator takes.
fn selector(made: &mut Definition, path: &str) {
    let expressions = format!("{path}.matchExpressions");
    made.at(&expressions, json!({"maxItems": 32}))
        .at(&format!("{expressions}.[].key"), json!({"minLength": 1, "maxLength": 317}))
        .at(&format!("{expressions}.[].values"), json!({"maxItems": 256}))
        .rule(
            &format!("{expressions}.[]"),
            "(self.operator == 'In' || self.operator == 'NotIn') == (has(self.values) && size(self.values) > 0)",
            "In and NotIn have values, Exists and DoesNotExist none",
        );
}
