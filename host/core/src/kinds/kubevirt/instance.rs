//! Instances, what makes them by number, and their migrations.

use super::machine::{Spec, Template};
use super::{ClaimInfo, InstanceSpec, Migrated, migrated};
use crate::intake::GroupKind;
use crate::kinds::meta::{Meta, nullable};
use crate::kinds::{Edge, Parsed, Read, Target, Unreadable};
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;

#[derive(Deserialize)]
struct Instance<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: InstanceSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Option<Box<str>>,
    volume_status: Option<Vec<VolumeStatus>>,
    migrated_volumes: Option<Vec<Migrated>>,
    migration_state: Option<MigrationState>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeStatus {
    #[serde(default)]
    persistent_volume_claim_info: Option<ClaimInfo>,
    #[serde(default)]
    memory_dump_volume: Option<ClaimInfo>,
}

/// Where the state of TPM and EFI is, and where it goes.
#[derive(Deserialize, Default)]
#[serde(default)]
struct MigrationState {
    completed: Option<bool>,
    #[serde(rename = "sourcePersistentStatePVCName")]
    source: Option<Box<str>>,
    #[serde(rename = "targetPersistentStatePVCName")]
    target: Option<Box<str>>,
}

impl MigrationState {
    fn edges(self) -> impl Iterator<Item = Edge> {
        let named =
            [(self.source, "sourcePersistentStatePVCName"), (self.target, "targetPersistentStatePVCName")];
        named.into_iter().filter_map(|(name, field)| {
            let path = format!("status.migrationState.{field}");
            Some(Edge::claim(name.filter(|name| !name.is_empty())?, ReferenceState::Active, path).running())
        })
    }
}

/// VirtualMachineInstance: spec, and what its status says is plugged in.
pub(super) fn instance(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Instance<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let state = match object.status.phase.as_deref() {
        Some("Succeeded" | "Failed") => ReferenceState::Finished,
        Some("Pending" | "Scheduling") | None => ReferenceState::Pending,
        _ => ReferenceState::Active,
    };
    let mut edges = object.spec.edges_of(&head.name, state, "spec");
    for (index, status) in object.status.volume_status.unwrap_or_default().into_iter().enumerate() {
        let infos = [
            (status.persistent_volume_claim_info, "persistentVolumeClaimInfo"),
            (status.memory_dump_volume, "memoryDumpVolume"),
        ];
        for (info, field) in infos {
            let name = info.and_then(|info| info.claim_name).filter(|name| !name.is_empty());
            let path = format!("status.volumeStatus[{index}].{field}.claimName");
            edges.extend(name.map(|name| Edge::claim(name, state, path)));
        }
    }
    if state != ReferenceState::Finished {
        edges.extend(migrated(object.status.migrated_volumes, "status.migratedVolumes"));
        let moving = object.status.migration_state.filter(|state| state.completed != Some(true));
        edges.extend(moving.into_iter().flat_map(MigrationState::edges));
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Migration<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

/// VirtualMachineInstanceMigration; the claim it fills carries its name until it is over.
pub(super) fn migration(kind: &GroupKind, json: &[u8]) -> Read {
    const LABEL: &str = "kubevirt.io/migrationName";
    let object: Migration<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    if matches!(object.status.phase.as_deref(), Some("Succeeded" | "Failed")) {
        return Ok(Parsed::new(kind, head));
    }
    let mut edges =
        vec![Edge::labelled(LABEL, &head.name, ReferenceState::Active, "metadata.name").running()];
    edges.extend(object.status.migration_state.into_iter().flat_map(MigrationState::edges));
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct ReplicaSet<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
}

fn scaled(replicas: Option<i64>) -> ReferenceState {
    if replicas == Some(0) { ReferenceState::Stopped } else { ReferenceState::Template }
}

/// VirtualMachineInstanceReplicaSet.
pub(super) fn replica_set(kind: &GroupKind, json: &[u8]) -> Read {
    let object: ReplicaSet<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let edges = object.spec.template.spec.edges(scaled(object.spec.replicas), "spec.template.spec");
    Ok(Parsed { edges, ..Parsed::new(kind, object.metadata.head(kind)?) })
}

#[derive(Deserialize)]
struct Pool<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: PoolSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PoolSpec {
    replicas: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    virtual_machine_template: MachineTemplate,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MachineTemplate {
    #[serde(deserialize_with = "nullable")]
    spec: Spec,
}

/// VirtualMachinePool: `TEMPLATE-NUMBER` for what its template makes, the plain name for what all its VMs share.
pub(super) fn pool(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Pool<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let PoolSpec { replicas, virtual_machine_template: MachineTemplate { spec } } = object.spec;
    let Spec { template: Template { spec: instance }, data_volume_templates, .. } = spec;
    let mut edges = instance.edges(scaled(replicas), "spec.virtualMachineTemplate.spec.template.spec");
    for (index, template) in data_volume_templates.unwrap_or_default().into_iter().enumerate() {
        let target = Target::Ordinals {
            prefix: template.metadata.name,
            start: 0,
            end: replicas.unwrap_or(1),
            reserves: true,
        };
        let path = format!("spec.virtualMachineTemplate.spec.dataVolumeTemplates[{index}].metadata.name");
        edges.push(Edge::new(target, ReferenceState::Template, path));
        // Each VM that the pool makes clones it anew.
        if let Some(origin) = template.spec.source.and_then(|source| source.pvc) {
            let path =
                format!("spec.virtualMachineTemplate.spec.dataVolumeTemplates[{index}].spec.source.pvc.name");
            edges.push(Edge::claim_in(origin.namespace, origin.name, ReferenceState::Template, path));
        }
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}
