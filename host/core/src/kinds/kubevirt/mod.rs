//! KubeVirt: virtual machines running and stopped, their instances, pools, migrations, snapshots and exports.

mod instance;
mod machine;
mod snapshots;

use super::Edge;
use super::table::Known;
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;

pub(crate) use machine::Intent;

const CORE: &str = "kubevirt v1.6, staging/src/kubevirt.io/api/core/v1/types.go";

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "kubevirt.io",
        kind: "VirtualMachine",
        says: "Its disks are its own whether it runs or not; a dataVolume means the claim of that name, even when the DataVolume is \
               gone. Harvester re-creates the claims of its template annotation.",
        fields: &[
            "metadata.annotations[harvesterhci.io/volumeClaimTemplates]",
            "metadata.annotations[harvesterhci.io/removedPersistentVolumeClaims]",
            "metadata.annotations[harvesterhci.io/removeAllPersistentVolumeClaims]",
            "spec.dataVolumeTemplates[].metadata.name",
            "spec.dataVolumeTemplates[].spec.source.pvc",
            "spec.template.spec.domain.devices.tpm.persistent",
            "spec.template.spec.domain.firmware.bootloader.efi.persistent",
            "spec.template.spec.utilityVolumes[].claimName",
            "spec.template.spec.volumes[].dataVolume.name",
            "spec.template.spec.volumes[].ephemeral.persistentVolumeClaim.claimName",
            "spec.template.spec.volumes[].memoryDump.claimName",
            "spec.template.spec.volumes[].persistentVolumeClaim.claimName",
            "status.conditions",
            "status.created",
            "status.memoryDumpRequest.claimName",
            "status.printableStatus",
            "status.volumeRequests[].addVolumeOptions.volumeSource",
            "status.volumeUpdateState.volumeMigrationState.migratedVolumes[]",
        ],
        source: CORE,
        read: machine::machine,
    },
    Known {
        group: "kubevirt.io",
        kind: "VirtualMachineInstance",
        says: "It uses its disks, and what its status says is plugged in or migrated.",
        fields: &[
            "spec.domain",
            "spec.utilityVolumes[].claimName",
            "spec.volumes[]",
            "status.migratedVolumes[]",
            "status.migrationState",
            "status.phase",
            "status.volumeStatus[].memoryDumpVolume.claimName",
            "status.volumeStatus[].persistentVolumeClaimInfo.claimName",
        ],
        source: CORE,
        read: instance::instance,
    },
    Known {
        group: "kubevirt.io",
        kind: "VirtualMachineInstanceReplicaSet",
        says: "Its template can make an instance at any moment; scaled to nothing it is stopped.",
        fields: &["spec.replicas", "spec.template.spec.volumes[]"],
        source: CORE,
        read: instance::replica_set,
    },
    Known {
        group: "kubevirt.io",
        kind: "VirtualMachineInstanceMigration",
        says: "Until it succeeded or failed, both states of the VM are in a migration.",
        fields: &["status.migrationState", "status.phase"],
        source: CORE,
        read: instance::migration,
    },
    Known {
        group: "pool.kubevirt.io",
        kind: "VirtualMachinePool",
        says: "It names claims TEMPLATE-NUMBER for each of its VMs and comes back for those beyond its replicas.",
        fields: &[
            "spec.replicas",
            "spec.virtualMachineTemplate.spec.dataVolumeTemplates[].metadata.name",
            "spec.virtualMachineTemplate.spec.dataVolumeTemplates[].spec.source.pvc",
            "spec.virtualMachineTemplate.spec.template.spec.volumes[]",
        ],
        source: "kubevirt v1.6, staging/src/kubevirt.io/api/pool/v1beta1/types.go and pkg/virt-controller/watch/pool/pool.go",
        read: instance::pool,
    },
];

pub(super) const SNAPSHOT_KINDS: &[Known] = snapshots::KINDS;

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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimInfo {
    #[serde(default)]
    claim_name: Option<Box<str>>,
}

/// A disk on its way from one claim to another.
#[derive(Deserialize)]
struct Migrated {
    #[serde(rename = "sourcePVCInfo", default)]
    source: Option<ClaimInfo>,
    #[serde(rename = "destinationPVCInfo", default)]
    destination: Option<ClaimInfo>,
}

/// The part of a VM or instance that names claims.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct InstanceSpec {
    volumes: Option<Vec<Volume>>,
    utility_volumes: Option<Vec<ClaimSource>>,
    domain: Option<Domain>,
}

#[derive(Deserialize)]
struct Domain {
    #[serde(default)]
    devices: Option<Devices>,
    #[serde(default)]
    firmware: Option<Firmware>,
}

#[derive(Deserialize)]
struct Devices {
    #[serde(default)]
    tpm: Option<Kept>,
}

#[derive(Deserialize)]
struct Firmware {
    #[serde(default)]
    bootloader: Option<Bootloader>,
}

#[derive(Deserialize)]
struct Bootloader {
    #[serde(default)]
    efi: Option<Kept>,
}

#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    persistent: Option<bool>,
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

/// Key of the label, and beginning of the name, of a claim with a VM's TPM and EFI state (pkg/storage/backend-storage).
const STATE: &str = "persistent-state-for";

impl Domain {
    fn keeps_state(&self) -> bool {
        let tpm = self.devices.as_ref().and_then(|devices| devices.tpm.as_ref());
        let bootloader = self.firmware.as_ref().and_then(|firmware| firmware.bootloader.as_ref());
        let efi = bootloader.and_then(|bootloader| bootloader.efi.as_ref());
        [tpm, efi].into_iter().flatten().any(|part| part.persistent == Some(true))
    }
}

impl InstanceSpec {
    /// All disks.
    fn edges(self, state: ReferenceState, at: &str) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (index, volume) in self.volumes.unwrap_or_default().into_iter().enumerate() {
            edges.extend(volume.edges(state, &format!("{at}.volumes[{index}]")));
        }
        let utility = self.utility_volumes.unwrap_or_default().into_iter().enumerate();
        edges.extend(utility.map(|(index, source)| {
            Edge::claim(source.claim_name, state, format!("{at}.utilityVolumes[{index}].claimName"))
        }));
        edges
    }

    /// All disks of a VM of that name, with the claim that keeps its state.
    fn edges_of(self, name: &str, state: ReferenceState, at: &str) -> Vec<Edge> {
        // Older releases named the claim after the VM and did not label it.
        let kept = self.domain.as_ref().is_some_and(Domain::keeps_state);
        let mut edges = self.edges(state, at);
        if kept {
            edges.push(Edge::claim(format!("{STATE}-{name}").into(), state, format!("{at}.domain")));
        }
        edges.push(Edge::labelled(STATE, name, state, "metadata.name"));
        edges
    }
}

/// Both sides of disks that are being moved.
fn migrated(volumes: Option<Vec<Migrated>>, at: &str) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (index, volume) in volumes.unwrap_or_default().into_iter().enumerate() {
        for (info, field) in [(volume.source, "sourcePVCInfo"), (volume.destination, "destinationPVCInfo")] {
            let name = info.and_then(|info| info.claim_name).filter(|name| !name.is_empty());
            edges.extend(name.map(|name| {
                let path = format!("{at}[{index}].{field}.claimName");
                Edge::claim(name, ReferenceState::Active, path).running()
            }));
        }
    }
    edges
}
