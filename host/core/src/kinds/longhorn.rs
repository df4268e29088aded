//! Longhorn's own word on a volume. The rest of longhorn.io is its data plane and on the ignore list.

use super::meta::{Meta, nullable};
use super::table::Known;
use super::{Edge, Parsed, Read, Target, Unreadable, asset};
use crate::intake::GroupKind;
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;

pub(super) const KINDS: &[Known] = &[Known {
    group: "longhorn.io",
    kind: "Volume",
    says: "Unless it is detached, the volume whose handle is its name is attached somewhere; a clone from it or a restore may be \
           under way.",
    fields: &[
        "spec.dataSource",
        "spec.nodeID",
        "status.cloneStatus",
        "status.restoreRequired",
        "status.state",
    ],
    source: "longhorn-manager v1.9, k8s/pkg/apis/longhorn/v1beta2/volume.go",
    read: volume,
}];

const DRIVER: &str = "driver.longhorn.io";

#[derive(Deserialize)]
struct Volume<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    data_source: Option<Box<str>>,
    #[serde(rename = "nodeID")]
    node_id: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    state: Option<Box<str>>,
    restore_required: Option<bool>,
    clone_status: Option<CloneStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CloneStatus {
    #[serde(default)]
    source_volume: Option<Box<str>>,
    #[serde(default)]
    state: Option<Box<str>>,
}

fn called(name: &str, path: &'static str) -> Edge {
    let target = Target::Attachment { unique: asset::attached(DRIVER, name).into() };
    Edge::new(target, ReferenceState::Active, path)
}

/// Volume.
fn volume(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Volume<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let mut edges = Vec::new();
    if object.status.state.as_deref() != Some("detached") {
        edges.push(called(&head.name, "status.state"));
    }
    if object.spec.node_id.is_some_and(|node| !node.is_empty()) {
        edges.push(called(&head.name, "spec.nodeID"));
    }
    if object.status.restore_required == Some(true) {
        edges.push(called(&head.name, "status.restoreRequired").running());
    }
    // `vol://NAME` or `snap://NAME/SNAPSHOT`; before the clone has begun its status is empty.
    let begun = object.status.clone_status.as_ref().and_then(|clone| clone.state.as_deref());
    let source = object.spec.data_source.as_deref().and_then(|source| source.split_once("://"));
    if let (Some(("vol" | "snap", source)), None | Some("")) = (source, begun) {
        edges.push(called(source.split('/').next().unwrap_or(source), "spec.dataSource").running());
    }
    let cloning = object.status.clone_status.filter(|clone| {
        let state = clone.state.as_deref().unwrap_or_default();
        !matches!(state, "" | "completed" | "failed")
    });
    if let Some(source) = cloning.and_then(|clone| clone.source_volume).filter(|name| !name.is_empty()) {
        edges.push(called(&head.name, "status.cloneStatus").running());
        edges.push(called(&source, "status.cloneStatus.sourceVolume").running());
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}
