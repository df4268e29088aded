//! VirtualMachine.

use super::{ClaimSource, InstanceSpec, Migrated, Named, Volume, migrated};
use crate::intake::GroupKind;
use crate::kinds::cdi;
use crate::kinds::harvester::annotations;
use crate::kinds::meta::{Meta, nullable};
use crate::kinds::storage::Condition;
use crate::kinds::{Edge, Parsed, Payload, Read, Unreadable};
use crate::time;
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;
use std::sync::Arc;

/// What a VM or a DataVolume says of its disks beside naming them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Intent {
    /// Claims that Harvester deletes with the VM (`harvesterhci.io/removedPersistentVolumeClaims`).
    pub(crate) removed: Vec<Box<str>>,
    /// `harvesterhci.io/removeAllPersistentVolumeClaims` is `true`.
    pub(crate) remove_all: bool,
    /// It is deleted in a way that leaves its claim alone.
    pub(crate) orphaned: bool,
}

#[derive(Deserialize)]
struct Machine<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    pub(super) replicas: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    pub(super) template: Template,
    pub(super) data_volume_templates: Option<Vec<DataVolumeTemplate>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Template {
    #[serde(deserialize_with = "nullable")]
    pub(super) spec: InstanceSpec,
}

#[derive(Deserialize)]
pub(super) struct DataVolumeTemplate {
    pub(super) metadata: Named,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) spec: TemplateSpec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TemplateSpec {
    pub(super) source: Option<cdi::Source>,
    pvc: Option<cdi::Made>,
    storage: Option<cdi::Made>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    created: Option<bool>,
    printable_status: Option<Box<str>>,
    conditions: Option<Vec<Condition>>,
    volume_requests: Option<Vec<VolumeRequest>>,
    memory_dump_request: Option<ClaimSource>,
    volume_update_state: Option<UpdateState>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeRequest {
    #[serde(default)]
    add_volume_options: Option<AddVolume>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddVolume {
    #[serde(default)]
    volume_source: Option<Volume>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateState {
    #[serde(default)]
    volume_migration_state: Option<MigrationState>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MigrationState {
    #[serde(default)]
    migrated_volumes: Option<Vec<Migrated>>,
}

impl Status {
    /// Running, on its way there, or stopped; what is not said to run is stopped, never unused.
    fn state(&self) -> ReferenceState {
        match self.printable_status.as_deref() {
            Some("Running" | "Migrating" | "Paused" | "Stopping" | "Terminating") => ReferenceState::Active,
            Some("Starting" | "Provisioning" | "WaitingForVolumeBinding" | "WaitingForReceiver") => {
                ReferenceState::Pending
            }
            _ if self.created == Some(true) => ReferenceState::Active,
            _ => ReferenceState::Stopped,
        }
    }

    fn stopped_since(&self) -> Option<i64> {
        let conditions = self.conditions.as_deref().unwrap_or_default();
        let ready = conditions
            .iter()
            .find(|condition| &*condition.r#type == "Ready" && &*condition.status == "False")?;
        ready.last_transition_time.as_deref().and_then(time::parse)
    }

    /// What is being plugged in, dumped to or moved.
    fn edges(self, state: ReferenceState) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (index, request) in self.volume_requests.unwrap_or_default().into_iter().enumerate() {
            let at = format!("status.volumeRequests[{index}].addVolumeOptions.volumeSource");
            let source = request.add_volume_options.and_then(|options| options.volume_source);
            if let Some(source) = source {
                edges.extend(source.edges(ReferenceState::Pending, &at));
            }
        }
        let dump = self.memory_dump_request.map(|dump| dump.claim_name);
        edges.extend(dump.map(|name| Edge::claim(name, state, "status.memoryDumpRequest.claimName")));
        let moving = self.volume_update_state.and_then(|state| state.volume_migration_state);
        edges.extend(migrated(
            moving.and_then(|state| state.migrated_volumes),
            "status.volumeUpdateState.volumeMigrationState.migratedVolumes",
        ));
        edges
    }
}

/// VirtualMachine: its disks are its own whether it runs or not.
pub(super) fn machine(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Machine<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let marks = object.metadata.annotations(kind)?;
    let head = object.metadata.head(kind)?;
    let state = object.status.state();
    let since = (state == ReferenceState::Stopped).then(|| object.status.stopped_since()).flatten();
    let mut edges = object.spec.template.spec.edges_of(&head.name, state, "spec.template.spec");
    for (index, template) in object.spec.data_volume_templates.unwrap_or_default().into_iter().enumerate() {
        let at = format!("spec.dataVolumeTemplates[{index}]");
        let made = template.metadata.name;
        // KubeVirt makes the DataVolume once it sees the VM; from then on that one names what it clones.
        let TemplateSpec { source, pvc, storage } = template.spec;
        let source = source.and_then(|source| source.pvc).map(|origin| (origin.namespace, origin.name));
        let origins = [
            (source, "source.pvc.name"),
            (pvc.and_then(cdi::Made::origin), "pvc.dataSourceRef"),
            (storage.and_then(cdi::Made::origin), "storage.dataSourceRef"),
        ];
        edges.extend(origins.into_iter().filter_map(|(origin, field)| {
            let (namespace, name) = origin?;
            Some(Edge::filling(&made, namespace, name, state, format!("{at}.spec.{field}")))
        }));
        edges.push(Edge::claim(made, state, format!("{at}.metadata.name")));
    }
    edges.extend(object.status.edges(state));
    let (templates, names) = annotations::templates(&marks, state);
    edges.extend(templates);
    for edge in &mut edges {
        edge.since = since;
    }
    let intent = annotations::intent(&marks);
    let payload = intent.map_or(Payload::Nothing, |intent| Payload::Intent(Arc::new(intent)));
    Ok(Parsed { payload, edges, names, ..Parsed::new(kind, head) })
}
