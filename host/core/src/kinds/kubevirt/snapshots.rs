//! Snapshots, restores and exports of virtual machines.

use super::Named;
use super::machine::Spec;
use crate::intake::GroupKind;
use crate::kinds::meta::{Meta, nullable};
use crate::kinds::snapshots::Copy;
use crate::kinds::table::Known;
use crate::kinds::{Edge, Parsed, Payload, Read, Target, Unreadable};
use probate_contract::evidence::{ReferenceState, SnapshotType};
use serde::Deserialize;
use std::collections::BTreeSet;

const SNAPSHOTS: &str = "kubevirt v1.6, staging/src/kubevirt.io/api/snapshot/v1beta1/types.go";

pub(in crate::kinds) const KINDS: &[Known] = &[
    Known {
        group: "snapshot.kubevirt.io",
        kind: "VirtualMachineSnapshot",
        says: "It names a VM; its content names the claims.",
        fields: &[],
        source: SNAPSHOTS,
        read: crate::kinds::builtin::other,
    },
    Known {
        group: "snapshot.kubevirt.io",
        kind: "VirtualMachineSnapshotContent",
        says: "Until it is ready a snapshot of its claims is in the making; then it stands for snapshots of them, and a restore \
               would mount again the claims that it left out.",
        fields: &[
            "spec.source.virtualMachine.spec.template.spec.volumes[]",
            "spec.volumeBackups[].persistentVolumeClaim.metadata.name",
            "spec.volumeBackups[].volumeSnapshotName",
            "status.readyToUse",
        ],
        source: SNAPSHOTS,
        read: content,
    },
    Known {
        group: "snapshot.kubevirt.io",
        kind: "VirtualMachineRestore",
        says: "Until it is complete it wants the claims it restores and those it takes the place of; then it names the latter as \
               replaced. Without status it may want any claim of its namespace.",
        fields: &["status.complete", "status.deletedDataVolumes[]", "status.restores[]"],
        source: SNAPSHOTS,
        read: restore,
    },
    Known {
        group: "export.kubevirt.io",
        kind: "VirtualMachineExport",
        says: "Until it is terminated it serves the claim it names to somebody outside.",
        fields: &["spec.source", "status.phase"],
        source: "kubevirt v1.6, staging/src/kubevirt.io/api/export/v1beta1/types.go",
        read: export,
    },
];

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: ContentSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: ContentStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContentSpec {
    #[serde(deserialize_with = "nullable")]
    source: Source,
    volume_backups: Option<Vec<VolumeBackup>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Source {
    virtual_machine: Option<SavedMachine>,
}

/// The VM as a restore would make it again.
#[derive(Deserialize)]
struct SavedMachine {
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeBackup {
    persistent_volume_claim: ClaimCopy,
    #[serde(default)]
    volume_snapshot_name: Option<Box<str>>,
}

#[derive(Deserialize)]
struct ClaimCopy {
    metadata: Named,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContentStatus {
    ready_to_use: Option<bool>,
}

/// Where a snapshot keeps the VM that a restore would make.
const SAVED: &str = "spec.source.virtualMachine.spec.template.spec";

/// VirtualMachineSnapshotContent. A volume without VolumeSnapshot was not cut and is no snapshot of the claim.
fn content(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Content<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let ready = object.status.ready_to_use == Some(true);
    let mut edges = Vec::new();
    let mut copies = Vec::new();
    let mut cut: BTreeSet<Box<str>> = BTreeSet::new();
    for (index, backup) in object.spec.volume_backups.unwrap_or_default().into_iter().enumerate() {
        let claim = backup.persistent_volume_claim.metadata.name;
        if !ready {
            let path = format!("spec.volumeBackups[{index}].persistentVolumeClaim.metadata.name");
            edges.push(Edge::claim(claim.clone(), ReferenceState::Active, path).running());
        }
        if backup.volume_snapshot_name.is_some_and(|name| !name.is_empty()) {
            cut.insert(claim.clone());
            copies.push(Copy {
                namespace: head.namespace.clone(),
                claim,
                uid: None,
                r#type: SnapshotType::Snapshot,
                ready,
                created: None,
                bytes: None,
                independent: false,
            });
        }
    }
    let saved = object.spec.source.virtual_machine.map(|machine| machine.spec.template.spec);
    let disks = saved.into_iter().flat_map(|spec| spec.edges(ReferenceState::Template, SAVED));
    edges.extend(
        disks.filter(|edge| !matches!(&edge.target, Target::Claim { name, .. } if cut.contains(name))),
    );
    Ok(Parsed { payload: Payload::Copies(copies.into()), edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Restore<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default)]
    status: Option<RestoreStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RestoreStatus {
    complete: Option<bool>,
    restores: Option<Vec<VolumeRestore>>,
    deleted_data_volumes: Option<Vec<Box<str>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeRestore {
    #[serde(default)]
    persistent_volume_claim: Option<Box<str>>,
    #[serde(default)]
    data_volume_name: Option<Box<str>>,
    #[serde(default)]
    volume_snapshot_name: Option<Box<str>>,
}

/// VirtualMachineRestore; what it put in place then belongs to the VM.
fn restore(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Restore<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let Some(status) = object.status else {
        // Nobody has looked at it yet: what it will restore is known to its snapshot alone.
        let target = Target::Namespace { name: head.namespace.clone() };
        let edges = vec![Edge::new(target, ReferenceState::Active, "spec").running()];
        return Ok(Parsed { edges, ..Parsed::new(kind, head) });
    };
    let RestoreStatus { complete, restores, deleted_data_volumes } = status;
    let over = complete == Some(true);
    let mut edges = Vec::new();
    let filled = |name: Option<Box<str>>| name.filter(|name| !name.is_empty());
    for (index, restored) in restores.unwrap_or_default().into_iter().enumerate().filter(|_| !over) {
        let at = format!("status.restores[{index}]");
        let claim =
            |name, field| Edge::claim(name, ReferenceState::Active, format!("{at}.{field}")).running();
        edges.extend(
            filled(restored.persistent_volume_claim).map(|name| claim(name, "persistentVolumeClaim")),
        );
        edges.extend(filled(restored.data_volume_name).map(|name| claim(name, "dataVolumeName")));
        edges.extend(filled(restored.volume_snapshot_name).map(|name| {
            let target = Target::Snapshot { namespace: None, name };
            Edge::new(target, ReferenceState::Pending, format!("{at}.volumeSnapshotName")).running()
        }));
    }
    edges.extend(Edge::replaced(deleted_data_volumes, over, "status.deletedDataVolumes"));
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    spec: ExportSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: ExportStatus,
}

#[derive(Deserialize)]
struct ExportSpec {
    source: ExportSource,
}

#[derive(Deserialize)]
struct ExportSource {
    #[serde(default)]
    kind: Box<str>,
    #[serde(default)]
    name: Box<str>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ExportStatus {
    phase: Option<Box<str>>,
}

/// VirtualMachineExport; of a VM or snapshot the claims are named by that one.
fn export(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Export<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let over = object.status.phase.as_deref() == Some("Terminated");
    let source = object.spec.source;
    let edges = (!over && &*source.kind == "PersistentVolumeClaim")
        .then(|| Edge::claim(source.name, ReferenceState::Active, "spec.source.name").running());
    Ok(Parsed { edges: edges.into_iter().collect(), ..Parsed::new(kind, head) })
}
