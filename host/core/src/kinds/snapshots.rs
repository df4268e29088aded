//! Snapshots (kubernetes-csi/external-snapshotter, snapshot.storage.k8s.io/v1).

use super::meta::{Meta, nullable};
use super::table::Known;
use super::{Edge, Parsed, Payload, Read, Target, Unreadable, asset};
use crate::intake::GroupKind;
use crate::quantity;
use probate_contract::evidence::{ReferenceState, SnapshotType};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

const SNAPSHOTS: &str = "external-snapshotter v8.2, client/apis/volumesnapshot/v1/types.go";

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "snapshot.storage.k8s.io",
        kind: "VolumeSnapshot",
        says: "Until it is ready a snapshot of its claim is in the making; then it stands for one.",
        fields: &["spec.source.persistentVolumeClaimName", "status.readyToUse", "status.restoreSize"],
        source: SNAPSHOTS,
        read: snapshot,
    },
    Known {
        group: "snapshot.storage.k8s.io",
        kind: "VolumeSnapshotContent",
        says: "Until it is ready a snapshot of the volume with its handle is in the making; then, where its VolumeSnapshot is gone, it \
               stands for one.",
        fields: &[
            "spec.driver",
            "spec.source.volumeHandle",
            "spec.volumeSnapshotRef",
            "status.readyToUse",
            "status.restoreSize",
        ],
        source: SNAPSHOTS,
        read: content,
    },
    Known {
        group: "groupsnapshot.storage.k8s.io",
        kind: "VolumeGroupSnapshot",
        says: "Until it is ready snapshots of the claims that it selects are in the making; each gets a VolumeSnapshot.",
        fields: &["spec.source.selector", "status.readyToUse"],
        source: "external-snapshotter v8.2, client/apis/volumegroupsnapshot/v1beta1/types.go",
        read: group,
    },
    Known {
        group: "groupsnapshot.storage.openshift.io",
        kind: "VolumeGroupSnapshot",
        says: "The same, as OpenShift Data Foundation has it.",
        fields: &["spec.source.selector", "status.readyToUse"],
        source: "red-hat-storage external-snapshotter v8.2, client/apis/volumegroupsnapshot/v1beta1/types.go",
        read: group,
    },
    Known {
        group: "groupsnapshot.storage.k8s.io",
        kind: "VolumeGroupSnapshotContent",
        says: "Until it is ready snapshots of the volumes with its handles are in the making; its members are VolumeSnapshots.",
        fields: &["spec.driver", "spec.source.volumeHandles[]", "status.readyToUse"],
        source: "external-snapshotter v8.2, client/apis/volumegroupsnapshot/v1beta1/types.go",
        read: group_content,
    },
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) claim: Option<Box<str>>,
    pub(crate) ready: bool,
    pub(crate) bytes: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) driver: Box<str>,
    pub(crate) volume_handle: Option<Box<str>>,
    pub(crate) ready: bool,
    pub(crate) bytes: Option<i64>,
    /// Name and namespace of the VolumeSnapshot, which then stands for it.
    pub(crate) snapshot: Option<(Box<str>, Box<str>)>,
}

/// A snapshot or backup of one claim, of whatever system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    /// Namespace of the claim.
    pub(crate) namespace: Box<str>,
    /// Name of the claim.
    pub(crate) claim: Box<str>,
    /// Uid of the claim, where the object tells it: a claim of another uid was never copied.
    pub(crate) uid: Option<Box<str>>,
    pub(crate) r#type: SnapshotType,
    pub(crate) ready: bool,
    /// When the data is from, if the object tells it apart from its own creation.
    pub(crate) created: Option<i64>,
    pub(crate) bytes: Option<i64>,
    /// Proven to outlive the volume.
    pub(crate) independent: bool,
}

#[derive(Deserialize)]
struct SnapshotObject<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    spec: SnapshotSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize)]
struct SnapshotSpec {
    source: SnapshotSource,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotSource {
    #[serde(default)]
    persistent_volume_claim_name: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    ready_to_use: Option<bool>,
    restore_size: Option<Value>,
}

impl Status {
    fn bytes(&self) -> Option<i64> {
        match &self.restore_size {
            Some(Value::String(text)) => quantity::parse(text),
            Some(Value::Number(number)) => number.as_i64(),
            _ => None,
        }
    }
}

/// VolumeSnapshot: in the making it is an operation, finished it is evidence of its own.
pub(crate) fn snapshot(kind: &GroupKind, json: &[u8]) -> Read {
    let object: SnapshotObject<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let ready = object.status.ready_to_use == Some(true);
    let bytes = object.status.bytes();
    let claim = object.spec.source.persistent_volume_claim_name;
    let edges = claim
        .iter()
        .filter(|_| !ready)
        .map(|name| Edge {
            operation: true,
            ..Edge::claim(name.clone(), ReferenceState::Active, "spec.source.persistentVolumeClaimName")
        })
        .collect();
    let payload = Payload::Snapshot(Arc::new(Snapshot { claim, ready, bytes }));
    Ok(Parsed { payload, edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct ContentObject<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    spec: ContentSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContentSpec {
    #[serde(default)]
    driver: Box<str>,
    #[serde(default, deserialize_with = "nullable")]
    source: ContentSource,
    #[serde(default)]
    volume_snapshot_ref: Option<SnapshotRef>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContentSource {
    volume_handle: Option<Box<str>>,
    volume_handles: Option<Vec<Box<str>>>,
}

/// A snapshot of that asset is in the making.
fn making(driver: &str, handle: &str, path: &'static str) -> Edge {
    let (driver, handle) = asset::canonical(driver, handle);
    let target = Target::Attachment { unique: asset::attached(driver, handle).into() };
    Edge::new(target, ReferenceState::Active, path).running()
}

/// VolumeGroupSnapshotContent.
fn group_content(kind: &GroupKind, json: &[u8]) -> Read {
    let object: ContentObject<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let ContentSpec { driver, source, .. } = object.spec;
    let going = object.status.ready_to_use != Some(true);
    let handles = source.volume_handles.unwrap_or_default().into_iter().filter(|_| going);
    let edges = handles.map(|handle| making(&driver, &handle, "spec.source.volumeHandles")).collect();
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct SnapshotRef {
    #[serde(default)]
    name: Box<str>,
    #[serde(default)]
    namespace: Box<str>,
}

/// VolumeSnapshotContent.
pub(crate) fn content(kind: &GroupKind, json: &[u8]) -> Read {
    let object: ContentObject<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let going = object.status.ready_to_use != Some(true);
    let handle = object.spec.source.volume_handle.as_deref().filter(|_| going);
    let edges = handle
        .map(|handle| making(&object.spec.driver, handle, "spec.source.volumeHandle"))
        .into_iter()
        .collect();
    let content = Content {
        ready: object.status.ready_to_use == Some(true),
        bytes: object.status.bytes(),
        driver: object.spec.driver,
        volume_handle: object.spec.source.volume_handle,
        snapshot: object.spec.volume_snapshot_ref.map(|reference| (reference.namespace, reference.name)),
    };
    Ok(Parsed { payload: Payload::Content(Arc::new(content)), edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct GroupObject<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    spec: GroupSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize)]
struct GroupSpec {
    #[serde(default, deserialize_with = "nullable")]
    source: GroupSource,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GroupSource {
    selector: Option<Selector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Selector {
    #[serde(default, deserialize_with = "nullable")]
    match_labels: super::map::Map,
}

/// VolumeGroupSnapshot. Of several labels one is looked at, of expressions none: it is over soon, and more is retained, not less.
fn group(kind: &GroupKind, json: &[u8]) -> Read {
    let object: GroupObject<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let selector = object.spec.source.selector.filter(|_| object.status.ready_to_use != Some(true));
    let edge = selector.map(|selector| {
        let path = "spec.source.selector";
        match selector.match_labels.iter().next() {
            Some((key, value)) => Edge::labelled(key, value, ReferenceState::Active, path).running(),
            None => {
                let target = Target::Namespace { name: head.namespace.clone() };
                Edge::new(target, ReferenceState::Active, path).running()
            }
        }
    });
    Ok(Parsed { edges: edge.into_iter().collect(), ..Parsed::new(kind, head) })
}
