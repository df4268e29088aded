//! Virtual machines, running and stopped (kubevirt v1, staging/src/kubevirt.io/api/core/v1; Harvester's annotations on them).

use super::meta::{Map, Meta, nullable};
use super::{Edge, Parsed, Payload, Read, Unreadable};
use crate::intake::GroupKind;
use crate::time;
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Volume {
    #[serde(default)]
    persistent_volume_claim: Option<ClaimSource>,
    #[serde(default)]
    data_volume: Option<Named>,
    #[serde(default)]
    memory_dump: Option<ClaimSource>,
    #[serde(default)]
    ephemeral: Option<Ephemeral>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimSource {
    claim_name: Box<str>,
}

#[derive(Deserialize)]
struct Named {
    name: Box<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ephemeral {
    #[serde(default)]
    persistent_volume_claim: Option<ClaimSource>,
}

impl Volume {
    /// Every claim that it names; a dataVolume means the claim of that name, even when the DataVolume is gone.
    fn edges(self, state: ReferenceState, at: &str) -> impl Iterator<Item = Edge> {
        let edge = |name: Box<str>, field: &str| Edge::claim(name, state, format!("{at}.{field}"));
        let ephemeral = self.ephemeral.and_then(|ephemeral| ephemeral.persistent_volume_claim);
        [
            self.persistent_volume_claim
                .map(|source| edge(source.claim_name, "persistentVolumeClaim.claimName")),
            self.data_volume.map(|source| edge(source.name, "dataVolume.name")),
            self.memory_dump.map(|source| edge(source.claim_name, "memoryDump.claimName")),
            ephemeral.map(|source| edge(source.claim_name, "ephemeral.persistentVolumeClaim.claimName")),
        ]
        .into_iter()
        .flatten()
    }
}

fn volumes(volumes: Option<Vec<Volume>>, state: ReferenceState, at: &str) -> Vec<Edge> {
    let volumes = volumes.unwrap_or_default().into_iter().enumerate();
    volumes
        .flat_map(|(index, volume)| volume.edges(state, &format!("{at}[{index}]")).collect::<Vec<_>>())
        .collect()
}

/// What a VM says of its disks beside naming them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Intent {
    /// Claims that Harvester deletes with the VM (`harvesterhci.io/removedPersistentVolumeClaims`).
    pub(crate) removed: Vec<Box<str>>,
    /// `harvesterhci.io/removeAllPersistentVolumeClaims` is `true`.
    pub(crate) remove_all: bool,
}

#[derive(Deserialize)]
struct Machine<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: MachineSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: MachineStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct MachineSpec {
    #[serde(deserialize_with = "nullable")]
    template: Template,
    data_volume_templates: Option<Vec<DataVolumeTemplate>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Template {
    #[serde(deserialize_with = "nullable")]
    spec: InstanceSpec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InstanceSpec {
    volumes: Option<Vec<Volume>>,
}

#[derive(Deserialize)]
struct DataVolumeTemplate {
    metadata: Named,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct MachineStatus {
    created: Option<bool>,
    printable_status: Option<Box<str>>,
    conditions: Option<Vec<super::storage::Condition>>,
    volume_requests: Option<Vec<VolumeRequest>>,
    memory_dump_request: Option<ClaimSource>,
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

impl MachineStatus {
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
}

/// VirtualMachine: its disks are its own whether it runs or not.
pub(crate) fn machine(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Machine<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let annotations = object.metadata.annotations(kind)?;
    let head = object.metadata.head(kind)?;
    let state = object.status.state();
    let since = (state == ReferenceState::Stopped).then(|| object.status.stopped_since()).flatten();
    let mut edges = volumes(object.spec.template.spec.volumes, state, "spec.template.spec.volumes");
    for (index, template) in object.spec.data_volume_templates.unwrap_or_default().into_iter().enumerate() {
        edges.push(Edge::claim(
            template.metadata.name,
            state,
            format!("spec.dataVolumeTemplates[{index}].metadata.name"),
        ));
    }
    for (index, request) in object.status.volume_requests.unwrap_or_default().into_iter().enumerate() {
        let at = format!("status.volumeRequests[{index}].addVolumeOptions.volumeSource");
        let source = request.add_volume_options.and_then(|options| options.volume_source);
        edges.extend(
            source
                .into_iter()
                .flat_map(|source| source.edges(ReferenceState::Pending, &at).collect::<Vec<_>>()),
        );
    }
    if let Some(dump) = object.status.memory_dump_request {
        edges.push(Edge::claim(dump.claim_name, state, "status.memoryDumpRequest.claimName"));
    }
    edges.extend(harvester_templates(&annotations, state));
    for edge in &mut edges {
        edge.since = since;
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

/// Harvester re-creates the claims of this annotation while the VM lives (harvester, vm_controller.go createPVCsFromAnnotation).
fn harvester_templates(annotations: &Map, state: ReferenceState) -> Vec<Edge> {
    const KEY: &str = "harvesterhci.io/volumeClaimTemplates";
    let Some(text) = annotations.get(KEY) else { return Vec::new() };
    let templates: Vec<DataVolumeTemplate> = serde_json::from_str(text).unwrap_or_default();
    let edge = |template: DataVolumeTemplate| {
        Edge::claim(template.metadata.name, state, format!("metadata.annotations[{KEY}]"))
    };
    templates.into_iter().map(edge).collect()
}

#[derive(Deserialize)]
struct Instance<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: InstanceSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: InstanceStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct InstanceStatus {
    phase: Option<Box<str>>,
    volume_status: Option<Vec<VolumeStatus>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeStatus {
    #[serde(default)]
    persistent_volume_claim_info: Option<ClaimInfo>,
    #[serde(default)]
    memory_dump_volume: Option<ClaimInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimInfo {
    #[serde(default)]
    claim_name: Option<Box<str>>,
}

/// VirtualMachineInstance: spec, and what its status says is plugged in.
pub(crate) fn instance(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Instance<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let state = match object.status.phase.as_deref() {
        Some("Succeeded" | "Failed") => ReferenceState::Finished,
        Some("Pending" | "Scheduling") | None => ReferenceState::Pending,
        _ => ReferenceState::Active,
    };
    let mut edges = volumes(object.spec.volumes, state, "spec.volumes");
    for (index, status) in object.status.volume_status.unwrap_or_default().into_iter().enumerate() {
        let infos = [status.persistent_volume_claim_info, status.memory_dump_volume];
        let names = infos.into_iter().flatten().filter_map(|info| info.claim_name);
        edges.extend(names.map(|name| {
            Edge::claim(name, state, format!("status.volumeStatus[{index}].persistentVolumeClaimInfo"))
        }));
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}
