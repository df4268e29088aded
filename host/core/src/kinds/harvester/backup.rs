//! Backups and restores of VMs and of single volumes.

use crate::intake::GroupKind;
use crate::kinds::meta::{Meta, nullable};
use crate::kinds::snapshots::Copy;
use crate::kinds::{Edge, Parsed, Payload, Read, Unreadable};
use crate::time;
use probate_contract::evidence::{ReferenceState, SnapshotType};
use serde::Deserialize;

#[derive(Deserialize)]
struct Backup<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: BackupSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: BackupStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BackupSpec {
    r#type: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct BackupStatus {
    ready_to_use: Option<bool>,
    volume_backups: Option<Vec<VolumeBackup>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeBackup {
    persistent_volume_claim: ClaimCopy,
    #[serde(default)]
    creation_time: Option<Box<str>>,
    #[serde(default)]
    volume_size: Option<i64>,
    #[serde(default)]
    ready_to_use: Option<bool>,
}

#[derive(Deserialize)]
struct ClaimCopy {
    metadata: ClaimMeta,
}

#[derive(Deserialize)]
struct ClaimMeta {
    name: Box<str>,
    #[serde(default)]
    namespace: Option<Box<str>>,
    #[serde(default)]
    uid: Option<Box<str>>,
}

/// VirtualMachineBackup of type backup (elsewhere) or snapshot (with the volume).
pub(super) fn backup(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Backup<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let elsewhere = object.spec.r#type.as_deref() != Some("snapshot");
    let whole = object.status.ready_to_use == Some(true);
    let mut edges = Vec::new();
    let mut copies = Vec::new();
    for (index, volume) in object.status.volume_backups.unwrap_or_default().into_iter().enumerate() {
        let ClaimMeta { name, namespace, uid } = volume.persistent_volume_claim.metadata;
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        if !whole {
            let path = format!("status.volumeBackups[{index}].persistentVolumeClaim.metadata.name");
            edges.push(
                Edge::claim_in(namespace.clone(), name.clone(), ReferenceState::Active, path).running(),
            );
        }
        let ready = whole && volume.ready_to_use != Some(false);
        if elsewhere && !ready {
            continue;
        }
        copies.push(Copy {
            namespace: namespace.unwrap_or_else(|| head.namespace.clone()),
            claim: name,
            uid: uid.filter(|uid| !uid.is_empty()),
            r#type: if elsewhere { SnapshotType::Backup } else { SnapshotType::Snapshot },
            ready,
            created: volume.creation_time.as_deref().and_then(time::parse),
            bytes: volume.volume_size.filter(|bytes| *bytes > 0),
            independent: elsewhere,
        });
    }
    Ok(Parsed { payload: Payload::Copies(copies.into()), edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Restore<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    status: RestoreStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RestoreStatus {
    complete: Option<bool>,
    restores: Option<Vec<VolumeRestore>>,
    deleted_volumes: Option<Vec<Box<str>>>,
    restore_time: Option<Box<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeRestore {
    #[serde(default)]
    persistent_volume_claim_spec: Option<ClaimCopy>,
}

/// VirtualMachineRestore; complete, what it took the place of is a leftover, and still said to be.
pub(super) fn restore(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Restore<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let RestoreStatus { complete, restores, deleted_volumes, restore_time } = object.status;
    let over = complete == Some(true);
    let mut edges = Vec::new();
    for (index, restored) in restores.unwrap_or_default().into_iter().enumerate().filter(|_| !over) {
        let claim = restored.persistent_volume_claim_spec.map(|claim| claim.metadata);
        edges.extend(claim.map(|claim| {
            let path = format!("status.restores[{index}].persistentVolumeClaimSpec.metadata.name");
            Edge::claim_in(claim.namespace, claim.name, ReferenceState::Active, path).running()
        }));
    }
    let since = restore_time.as_deref().and_then(time::parse).filter(|_| over);
    let replaced = Edge::replaced(deleted_volumes, over, "status.deletedVolumes");
    edges.extend(replaced.into_iter().map(|edge| Edge { since, ..edge }));
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Remote<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: RemoteSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: RemoteStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RemoteSpec {
    source: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RemoteStatus {
    success: Option<bool>,
}

/// VolumeRemoteBackup.
pub(super) fn remote_backup(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Remote<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let ready = object.status.success == Some(true);
    let Some(claim) = object.spec.source.filter(|name| !name.is_empty()) else {
        return Ok(Parsed::new(kind, head));
    };
    let running = Edge::claim(claim.clone(), ReferenceState::Active, "spec.source").running();
    let copy = Copy {
        namespace: head.namespace.clone(),
        claim,
        uid: None,
        r#type: SnapshotType::Backup,
        ready,
        created: None,
        bytes: None,
        independent: ready,
    };
    Ok(Parsed {
        payload: Payload::Copies(ready.then_some(copy).into_iter().collect()),
        edges: (!ready).then_some(running).into_iter().collect(),
        ..Parsed::new(kind, head)
    })
}

/// VolumeRemoteRestore; the CSI driver deletes it with the claim of its name.
pub(super) fn remote_restore(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Remote<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let running = (object.status.success != Some(true))
        .then(|| Edge::claim(head.name.clone(), ReferenceState::Active, "metadata.name").running());
    Ok(Parsed { edges: running.into_iter().collect(), ..Parsed::new(kind, head) })
}
