//! `Plan`: a proposal that a person approves, and what became of each part.

use super::definition::{Column, Definition};
use super::structural::{Defaults, of};
use super::{SchemaError, kind::kind};
use crate::plans::MAX_ITEMS;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use probate_contract::Cause;
use probate_contract::common::{Cluster, Time};
use probate_contract::plan::NextStep;
use probate_contract::record::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Whether it may be carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Approval {
    /// Nobody has said.
    #[default]
    Pending,
    /// It may.
    Approved,
    /// It may not, or no longer; final.
    Rejected,
}

/// One step about one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanItem {
    /// Kind, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Namespace, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which object.
    pub uid: String,
    /// The revision that was evaluated.
    pub resource_version: String,
    /// How large.
    pub bytes: i64,
    /// Decision id.
    pub decision: String,
    /// What is approved.
    pub step: NextStep,
}

/// What is proposed; nothing but the approval ever changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanSpec {
    /// The cluster it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Cluster")]
    pub cluster: Option<Cluster>,
    /// Digest of the plan report it was made of.
    pub digest: String,
    /// Refused from then on.
    pub expires_at: Time,
    /// Exactly these.
    pub items: Vec<PlanItem>,
    /// Set by a person with the right to.
    #[serde(default)]
    pub approval: Approval,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PlanItemState {
    /// Not yet.
    #[default]
    Waiting,
    /// The step was carried out.
    Done,
    /// It changed, or something holds it now.
    Refused,
}

/// What became of an item, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanItemStatus {
    /// Which object.
    pub uid: String,
    /// What became of it.
    pub state: PlanItemState,
    /// Of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Cause")]
    pub cause: Option<Cause>,
    /// In words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// What became of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PlanStatus {
    /// Of which generation this speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub observed_generation: Option<i64>,
    /// How many items there are.
    pub count: u64,
    /// And how large.
    pub bytes: i64,
    /// Carried out.
    pub done: u64,
    /// Refused.
    pub refused: u64,
    /// Item by item.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<PlanItemStatus>,
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

kind! {
    /// A proposal: exactly these objects in these revisions, once a person has approved it; in probate's own namespace.
    Plan, "plans", NamespaceResourceScope, PlanSpec, PlanStatus
}

/// Its definition.
pub(super) fn crd() -> Result<CustomResourceDefinition, SchemaError> {
    let spec = of::<PlanSpec>(Defaults::Kept);
    let mut made = Definition::new(Plan::KIND, Plan::PLURAL, spec, Some(of::<PlanStatus>(Defaults::Dropped)));
    made.short = &["pbplan"];
    made.columns = vec![
        Column("Approval", "string", ".spec.approval", 0),
        Column("Items", "integer", ".status.count", 0),
        Column("Bytes", "integer", ".status.bytes", 0),
        Column("Done", "integer", ".status.done", 0),
        Column("Refused", "integer", ".status.refused", 0),
        Column("Expires", "string", ".spec.expiresAt", 0),
        Column("Age", "date", ".metadata.creationTimestamp", 0),
    ];
    for (field, length) in [
        ("kind", 64),
        ("namespace", 63),
        ("name", 253),
        ("uid", 64),
        ("resourceVersion", 64),
        ("decision", 64),
    ] {
        made.at(&format!("spec.items.[].{field}"), json!({"maxLength": length}));
    }
    for field in ["uid", "resourceVersion", "decision"] {
        made.at(&format!("spec.items.[].{field}"), json!({"minLength": 1}));
    }
    made.at("spec.items.[].bytes", json!({"minimum": 0}))
        .at("spec.items", json!({"minItems": 1, "maxItems": MAX_ITEMS}))
        .at("spec.items", json!({"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"]}))
        .at("spec.digest", json!({"maxLength": 80, "pattern": "^sha256:[0-9a-f]{64}$"}))
        .at("spec.expiresAt", json!({"format": "date-time", "maxLength": 32}))
        .at("status.items", json!({"maxItems": MAX_ITEMS}))
        .at(
            "status.conditions",
            json!({"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}),
        )
        .at("spec.cluster.name", json!({"maxLength": 253}))
        .at("spec.cluster.uid", json!({"maxLength": 64}))
        .rule("spec.cluster", "self == oldSelf", "cluster: a plan never changes")
        .rule("spec.digest", "self == oldSelf", "digest: a plan never changes")
        .rule("spec.expiresAt", "self == oldSelf", "expiresAt: a plan never changes")
        .rule("spec.items", "self == oldSelf", "items: a plan never changes")
        .rule("spec", "has(self.cluster) == has(oldSelf.cluster)", "cluster: a plan never changes")
        .rule(
            "spec.approval",
            "self == oldSelf || oldSelf == 'Pending' || self == 'Rejected'",
            "approval: Pending becomes Approved or Rejected, Approved becomes Rejected, Rejected stays",
        );
    made.finish()
}
