//! `VolumeRecord`: what probate keeps of one claim and its volume, by uid; the authority for marks and quarantines.

use super::definition::{Column, Definition};
use super::structural::{Defaults, of};
use super::{SchemaError, kind::kind};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use probate_contract::record::{self, RecordMetadata, RecordSpec, RecordStatus};
use serde_json::json;

kind! {
    /// What probate keeps of one claim and its volume; in probate's own namespace, where tenants have no access.
    VolumeRecord, "volumerecords", NamespaceResourceScope, RecordSpec, RecordStatus
}

impl From<VolumeRecord> for record::VolumeRecord {
    fn from(record: VolumeRecord) -> Self {
        Self {
            api_version: probate_contract::API_VERSION.to_owned(),
            kind: VolumeRecord::KIND.to_owned(),
            metadata: RecordMetadata {
                name: record.metadata.name.unwrap_or_default(),
                namespace: record.metadata.namespace.unwrap_or_default(),
            },
            spec: record.spec,
            status: record.status.unwrap_or_default(),
        }
    }
}

impl From<record::VolumeRecord> for VolumeRecord {
    fn from(record: record::VolumeRecord) -> Self {
        let mut made = Self::new(&record.metadata.name, record.spec);
        made.metadata.namespace = Some(record.metadata.namespace).filter(|namespace| !namespace.is_empty());
        made.status = Some(record.status);
        made
    }
}

/// Its definition: identity may gain a part, never change.
pub(super) fn crd() -> Result<CustomResourceDefinition, SchemaError> {
    let spec = of::<RecordSpec>(Defaults::Dropped);
    let mut made = Definition::new(
        VolumeRecord::KIND,
        VolumeRecord::PLURAL,
        spec,
        Some(of::<RecordStatus>(Defaults::Dropped)),
    );
    made.short = &["vrec"];
    made.columns = vec![
        Column("Namespace", "string", ".spec.claim.namespace", 0),
        Column("Claim", "string", ".spec.claim.name", 0),
        Column("Volume", "string", ".spec.volume.name", 0),
        Column("Unused", "date", ".status.unusedSince", 0),
        Column("Due", "string", ".status.mark.notBefore", 0),
        Column("Quarantined", "date", ".status.quarantine.releasedAt", 0),
        Column("Intent", "string", ".status.intent.write", 1),
        Column("Age", "date", ".metadata.creationTimestamp", 0),
    ];
    for part in ["cluster", "claim", "volume"] {
        made.rule(
            "spec",
            &format!("!has(oldSelf.{part}) || has(self.{part})"),
            &format!("identity: {part} may be added, never taken away"),
        );
    }
    for (part, fields) in [
        ("cluster", &["name", "uid"][..]),
        ("claim", &["namespace", "name", "uid"]),
        ("volume", &["name", "uid", "driver", "volumeHandle"]),
    ] {
        for field in fields {
            let key = if *field == "namespace" { "__namespace__" } else { field };
            made.at(&format!("spec.{part}.{field}"), json!({"maxLength": 1024}));
            made.rule(
                &format!("spec.{part}"),
                &format!("!has(oldSelf.{key}) || (has(self.{key}) && self.{key} == oldSelf.{key})"),
                &format!("identity: {part}.{field} may be added, never changed"),
            );
        }
    }
    made.rule("spec", "has(self.claim) || has(self.volume)", "a record is of a claim, a volume or both");
    made.at(
        "status.conditions",
        json!({"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}),
    );
    made.finish()
}
