//! VirtualMachineImage, NetworkFilesystem, Addon.

use crate::intake::GroupKind;
use crate::kinds::meta::{Meta, nullable};
use crate::kinds::storage::Condition;
use crate::kinds::{Edge, Parsed, Read, Target, Unreadable, custom};
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;

#[derive(Deserialize)]
struct Image<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: ImageSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: ImageStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ImageSpec {
    source_type: Option<Box<str>>,
    pvc_name: Option<Box<str>>,
    pvc_namespace: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ImageStatus {
    conditions: Option<Vec<Condition>>,
}

/// VirtualMachineImage.
pub(super) fn image(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Image<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let conditions = object.status.conditions.unwrap_or_default();
    let imported =
        conditions.iter().any(|condition| &*condition.r#type == "Imported" && &*condition.status == "True");
    let mut edges = vec![Edge::claim(head.name.clone(), ReferenceState::Template, "metadata.name")];
    let ImageSpec { source_type, pvc_name, pvc_namespace } = object.spec;
    let exported = source_type.as_deref() == Some("export-from-volume") && !imported;
    if let Some(name) = pvc_name.filter(|name| exported && !name.is_empty()) {
        edges.push(Edge::claim_in(pvc_namespace, name, ReferenceState::Active, "spec.pvcName").running());
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Filesystem<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: FilesystemSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: FilesystemStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct FilesystemSpec {
    desired_state: Option<Box<str>>,
    #[serde(rename = "networkFSName")]
    name: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FilesystemStatus {
    state: Option<Box<str>>,
}

/// NetworkFilesystem. The CSI driver deletes it before the claim, so that one that is switched off keeps the volume too.
pub(super) fn network_filesystem(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Filesystem<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let off = |state: Option<&str>| state == Some("Disabled");
    let disabled = off(object.spec.desired_state.as_deref()) && off(object.status.state.as_deref());
    let state = if disabled { ReferenceState::Stopped } else { ReferenceState::Active };
    let volume = |name, path| Edge::new(Target::Volume { name }, state, path);
    let mut edges = vec![volume(head.name.clone(), "metadata.name")];
    let named = object.spec.name.filter(|name| !name.is_empty() && *name != head.name);
    edges.extend(named.map(|name| volume(name, "spec.networkFSName")));
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Addon<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: AddonSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct AddonSpec {
    values_content: Option<Box<str>>,
}

/// Addon; its values are a document in a string, of which every name-shaped part is a possible reference.
pub(super) fn addon(kind: &GroupKind, json: &[u8]) -> Read {
    const KEY: &str = "harvesterhci.io/grafana-pv-name";
    let object: Addon<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let annotations = object.metadata.annotations(kind)?;
    let edges = annotations.get(KEY).filter(|name| !name.is_empty()).map(|name| {
        let target = Target::Volume { name: name.into() };
        Edge::new(target, ReferenceState::Reserved, format!("metadata.annotations[{KEY}]"))
    });
    let names = object.spec.values_content.map(|text| custom::names_in(&text)).unwrap_or_default();
    Ok(Parsed { edges: edges.into_iter().collect(), names, ..Parsed::new(kind, object.metadata.head(kind)?) })
}
