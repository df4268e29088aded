//! `Ledger`: rates used and breakers open, in one object that is only written by compare-and-swap.

use super::definition::{Column, Definition};
use super::{SchemaError, kind::kind};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use probate_contract::evidence::Open;
use serde_json::json;

kind! {
    /// Rates used and breakers open, of the whole installation; there is one, named as the controller.
    Ledger, "ledgers", NamespaceResourceScope, Open, Open
}

impl Ledger {
    /// The name of the one there is.
    pub const NAME: &str = "probate";
}

/// Its definition. The document is the core's; a kind of its own so that a right to reset breakers is no right to ConfigMaps.
pub(super) fn crd() -> Result<CustomResourceDefinition, SchemaError> {
    let spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let mut made = Definition::new(Ledger::KIND, Ledger::PLURAL, spec, None);
    made.columns = vec![
        Column("Open", "string", ".spec.open[*].rule", 0),
        Column("Of", "string", ".spec.open[*].policy", 0),
        Column("Age", "date", ".metadata.creationTimestamp", 0),
    ];
    made.finish()
}
