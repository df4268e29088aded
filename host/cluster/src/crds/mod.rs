//! The kinds that probate brings to a cluster: policies, records, plans and the ledger, as kube types and as
//! CustomResourceDefinitions. Specs and statuses are the contract's own types; schemas come from them, rules are added here.

mod definition;
mod kind;
mod ledger;
mod plan;
mod policy;
mod record;
mod structural;
#[cfg(test)]
mod tests;

pub use ledger::Ledger;
pub use plan::{Approval, Plan, PlanItem, PlanItemState, PlanItemStatus, PlanSpec, PlanStatus};
pub use policy::{ClusterRetentionPolicy, PolicyStatus, PolicyTotals, ProgramStatus, RetentionPolicy};
pub use record::VolumeRecord;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

/// The API group of every kind here.
pub const GROUP: &str = "probate.dev";
/// The one version there is.
pub const VERSION: &str = "v1alpha1";
/// Where records, plans and the ledger live, and the controller.
pub const NAMESPACE: &str = "probate";
/// ServiceAccount and field manager of the controller.
pub const CONTROLLER: &str = "probate";
/// ServiceAccount that alone may set a quarantined volume's reclaim policy to Delete.
pub const PURGER: &str = "probate-purger";

/// All definitions, in the order in which they are installed.
///
/// # Errors
/// Where a schema could not be made of the contract's types: a defect that a test rules out.
pub fn all() -> Result<Vec<CustomResourceDefinition>, SchemaError> {
    Ok(vec![policy::cluster_crd()?, policy::namespaced_crd()?, record::crd()?, plan::crd()?, ledger::crd()?])
}

/// A definition that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A rule speaks of a field that the schema does not have.
    #[error("PB9001: the schema of {kind} has no field {path}")]
    NoField {
        /// Kind.
        kind: String,
        /// Path.
        path: String,
    },
    /// What was put together is no CustomResourceDefinition.
    #[error("PB9001: not a CustomResourceDefinition: {0}")]
    NotADefinition(#[from] serde_json::Error),
}
