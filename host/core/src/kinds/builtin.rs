//! Namespaces, nodes, definitions, records, and built-in kinds that name no storage.

use super::map::Map;
use super::meta::{Bare, Meta, nullable};
use super::table::Known;
use super::{Edge, Parsed, Payload, Read, Target, Unreadable, storage};
use crate::intake::GroupKind;
use crate::inventory::records;
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

const CORE: &str = "kubernetes v1.33, staging/src/k8s.io/api/core/v1/types.go";
const STORAGE: &str = "kubernetes v1.33, staging/src/k8s.io/api/storage/v1/types.go";

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "",
        kind: "PersistentVolumeClaim",
        says: "Until it is bound it wants what it is filled from; it asks for the volume that it names.",
        fields: &[
            "metadata.labels",
            "metadata.annotations",
            "metadata.finalizers",
            "spec.accessModes",
            "spec.dataSource",
            "spec.dataSourceRef",
            "spec.resources.requests.storage",
            "spec.storageClassName",
            "spec.volumeMode",
            "spec.volumeName",
            "status.capacity.storage",
            "status.conditions",
            "status.phase",
        ],
        source: CORE,
        read: storage::claim,
    },
    Known {
        group: "",
        kind: "PersistentVolume",
        says: "A claimRef without uid reserves it; two with one driver and handle share their asset.",
        fields: &[
            "metadata.labels",
            "metadata.annotations",
            "metadata.finalizers",
            "spec.accessModes",
            "spec.capacity.storage",
            "spec.claimRef",
            "spec.csi",
            "spec.flexVolume, …: every in-tree plugin",
            "spec.nodeAffinity",
            "spec.persistentVolumeReclaimPolicy",
            "spec.storageClassName",
            "spec.volumeMode",
            "status.lastPhaseTransitionTime",
            "status.phase",
        ],
        source: CORE,
        read: storage::volume,
    },
    Known {
        group: "storage.k8s.io",
        kind: "StorageClass",
        says: "It names no claims; its reclaim policy counts for what has no volume yet.",
        fields: &["metadata.labels", "provisioner", "reclaimPolicy"],
        source: STORAGE,
        read: storage::class,
    },
    Known {
        group: "storage.k8s.io",
        kind: "VolumeAttachment",
        says: "While it is there its volume may be attached, whatever its status says.",
        fields: &["spec.source.persistentVolumeName"],
        source: STORAGE,
        read: storage::attachment,
    },
    Known {
        group: "",
        kind: "Namespace",
        says: "It names no claims; holds, opt-ins and its end stand there.",
        fields: &["metadata.labels", "metadata.annotations", "status.phase"],
        source: CORE,
        read: namespace,
    },
    Known {
        group: "",
        kind: "Node",
        says: "Volumes in use or attached are used: in-tree drivers have no VolumeAttachment.",
        fields: &["status.volumesInUse", "status.volumesAttached[].name"],
        source: CORE,
        read: node,
    },
    Known {
        group: "apiextensions.k8s.io",
        kind: "CustomResourceDefinition",
        says: "It tells which custom kinds exist.",
        fields: &["spec.group", "spec.names.kind", "spec.versions[].served"],
        source: "kubernetes v1.33, staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/types.go",
        read: definition,
    },
    Known {
        group: "probate.dev",
        kind: "VolumeRecord",
        says: "It tells what was seen while owners and other layers lived.",
        fields: &["spec", "status"],
        source: "probate v1alpha1, sdk/contract/src/record.rs",
        read: record,
    },
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) phase: Box<str>,
    pub(crate) labels: Map,
    pub(crate) annotations: Map,
}

#[derive(Deserialize)]
struct NamespaceObject<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    status: NamespaceStatus,
}

#[derive(Deserialize, Default)]
struct NamespaceStatus {
    #[serde(default)]
    phase: Option<Box<str>>,
}

/// Namespace.
pub(crate) fn namespace(kind: &GroupKind, json: &[u8]) -> Read {
    let object: NamespaceObject<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let (labels, mut annotations) = (object.metadata.labels(kind)?, object.metadata.annotations(kind)?);
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    let head = object.metadata.head(kind)?;
    let phase = object.status.phase.unwrap_or_else(|| "Active".into());
    let payload = Payload::Namespace(Arc::new(Namespace { phase, labels, annotations }));
    Ok(Parsed { payload, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Node<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    status: NodeStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct NodeStatus {
    volumes_in_use: Option<Vec<Box<str>>>,
    volumes_attached: Option<Vec<Attached>>,
}

#[derive(Deserialize)]
struct Attached {
    name: Box<str>,
}

/// Node: in-tree drivers have no VolumeAttachment, so the node's own lists count.
pub(crate) fn node(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Node<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let edge = |unique: Box<str>, path: &'static str| Edge {
        target: Target::Attachment { unique: unique.clone() },
        ..Edge::claim(unique, ReferenceState::Active, path)
    };
    let in_use = object
        .status
        .volumes_in_use
        .unwrap_or_default()
        .into_iter()
        .map(|name| edge(name, "status.volumesInUse"));
    let attached = object
        .status
        .volumes_attached
        .unwrap_or_default()
        .into_iter()
        .map(|attached| edge(attached.name, "status.volumesAttached"));
    Ok(Parsed { edges: in_use.chain(attached).collect(), ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Definition<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    spec: DefinitionSpec,
}

#[derive(Deserialize)]
struct DefinitionSpec {
    group: String,
    names: DefinitionNames,
    #[serde(default)]
    versions: Vec<DefinitionVersion>,
}

#[derive(Deserialize)]
struct DefinitionVersion {
    #[serde(default)]
    served: bool,
}

#[derive(Deserialize)]
struct DefinitionNames {
    kind: String,
}

/// CustomResourceDefinition.
pub(crate) fn definition(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Definition<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let versions = &object.spec.versions;
    if !versions.is_empty() && versions.iter().all(|version| !version.served) {
        // Nobody can read or write an object of it.
        return Ok(Parsed::new(kind, head));
    }
    let defined = GroupKind { group: object.spec.group, kind: object.spec.names.kind };
    Ok(Parsed { payload: Payload::Defines(Box::new(defined)), ..Parsed::new(kind, head) })
}

/// VolumeRecord, whole or short. It needs no uid of its own: the subject's uids are its identity.
pub(crate) fn record(kind: &GroupKind, json: &[u8]) -> Read {
    let shape = |error: serde_json::Error| Unreadable::shape(kind, &error);
    let document: Value = serde_json::from_slice(json).map_err(shape)?;
    let record = records::parse(&document).map_err(|message| Unreadable {
        code: "PB1022",
        message: format!("{kind}: {message}"),
        fix: "see `probate schema record`",
    })?;
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().into();
    let head = super::meta::Head {
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
        uid: "".into(),
        resource_version: "".into(),
        created: None,
        deleting: None,
        owners: Box::default(),
    };
    Ok(Parsed { payload: Payload::Record(Box::new(record)), ..Parsed::new(kind, head) })
}

/// A kind of which only the identity matters.
pub(crate) fn other(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Bare<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    Ok(Parsed::new(kind, head))
}
