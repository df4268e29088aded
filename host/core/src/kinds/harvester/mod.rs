//! Harvester: images, backups and restores of VMs, remote backups of guest volumes, endpoints of shared volumes, add-ons.

pub(super) mod annotations;
mod backup;
mod image;

use super::table::Known;

macro_rules! source {
    ($file:literal) => {
        concat!("harvester v1.6, pkg/apis/harvesterhci.io/v1beta1/", $file)
    };
}

const BACKUP: &str = source!("backup.go");
const REMOTE: &str = source!("volumeremotebackup.go");

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "harvesterhci.io",
        kind: "VirtualMachineImage",
        says: "The claim of its own name holds the image; until the import is done it wants the claim it is exported from.",
        fields: &["spec.pvcName", "spec.pvcNamespace", "spec.sourceType", "status.conditions"],
        source: source!("image.go"),
        read: image::image,
    },
    Known {
        group: "harvesterhci.io",
        kind: "VirtualMachineBackup",
        says: "Until it is ready a backup or snapshot of its claims is in the making; then it stands for one of each. A backup lies \
               elsewhere, a snapshot dies with the volume.",
        fields: &[
            "spec.type",
            "status.readyToUse",
            "status.volumeBackups[].creationTime",
            "status.volumeBackups[].persistentVolumeClaim.metadata",
            "status.volumeBackups[].readyToUse",
            "status.volumeBackups[].volumeSize",
        ],
        source: BACKUP,
        read: backup::backup,
    },
    Known {
        group: "harvesterhci.io",
        kind: "VirtualMachineRestore",
        says: "Until it is complete it wants the claims it restores and those it takes the place of; then it names the latter as \
               replaced.",
        fields: &[
            "status.complete",
            "status.deletedVolumes[]",
            "status.restoreTime",
            "status.restores[].persistentVolumeClaimSpec.metadata",
        ],
        source: BACKUP,
        read: backup::restore,
    },
    Known {
        group: "harvesterhci.io",
        kind: "VolumeRemoteBackup",
        says: "Until it succeeded a backup of the claim is in the making; then it stands for one that lies elsewhere.",
        fields: &["spec.source", "status.success"],
        source: REMOTE,
        read: backup::remote_backup,
    },
    Known {
        group: "harvesterhci.io",
        kind: "VolumeRemoteRestore",
        says: "Until it succeeded the claim of its own name is being filled.",
        fields: &["spec.from", "status.success"],
        source: REMOTE,
        read: backup::remote_restore,
    },
    Known {
        group: "harvesterhci.io",
        kind: "NetworkFilesystem",
        says: "It serves the volume of its own name to several machines; switched off it goes before the claim all the same.",
        fields: &["spec.desiredState", "spec.networkFSName", "status.state"],
        source: "networkfs-manager v1.6, pkg/apis/harvesterhci.io/v1beta1/networkfilesystem.go",
        read: image::network_filesystem,
    },
    Known {
        group: "harvesterhci.io",
        kind: "Addon",
        says: "Switched off, rancher-monitoring keeps Grafana's volume for the next time; what its values name may be a claim.",
        fields: &["metadata.annotations[harvesterhci.io/grafana-pv-name]", "spec.valuesContent"],
        source: "harvester v1.6, pkg/controller/master/addon/patch_grafana.go",
        read: image::addon,
    },
];
