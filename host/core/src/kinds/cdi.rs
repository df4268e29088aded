//! DataVolumes (kubevirt/containerized-data-importer, cdi.kubevirt.io/v1beta1).

use super::meta::{Meta, nullable};
use super::{Edge, Parsed, Payload, Read, Target, Unreadable};
use crate::intake::GroupKind;
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;

#[derive(Deserialize)]
struct DataVolume<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spec {
    source: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    pvc: Option<Origin>,
}

#[derive(Deserialize)]
struct Origin {
    name: Box<str>,
    #[serde(default)]
    namespace: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Option<Box<str>>,
    claim_name: Option<Box<str>>,
}

/// DataVolume: the claim of its name, and while it is being filled the claim it is cloned from.
pub(crate) fn data_volume(kind: &GroupKind, json: &[u8]) -> Read {
    let object: DataVolume<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let filled = object.status.phase.as_deref() == Some("Succeeded");
    let state = if filled { ReferenceState::Template } else { ReferenceState::Active };
    let mut edges =
        vec![Edge { operation: !filled, ..Edge::claim(head.name.clone(), state, "metadata.name") }];
    if let Some(name) = object.status.claim_name.filter(|name| *name != head.name) {
        edges.push(Edge { operation: !filled, ..Edge::claim(name, state, "status.claimName") });
    }
    if let Some(origin) = object.spec.source.and_then(|source| source.pvc).filter(|_| !filled) {
        let namespace = origin.namespace.unwrap_or_else(|| head.namespace.clone());
        edges.push(Edge {
            target: Target::Claim { namespace: Some(namespace), name: origin.name.clone() },
            operation: true,
            ..Edge::claim(origin.name, ReferenceState::Active, "spec.source.pvc.name")
        });
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}
