//! Custom kinds whose mention of a name is no reference. Kinds, not groups, where a group also holds something that mounts claims.

use crate::intake::GroupKind;

/// Kinds that are ignored as possible references.
#[derive(Debug)]
pub struct Ignored {
    /// API group.
    pub group: &'static str,
    /// Kinds of it; `*` for all that are not understood.
    pub kinds: &'static [&'static str],
    /// Why their mention of a name is no reference.
    pub why: &'static str,
}

const ALL: &[&str] = &["*"];
const REPORT: &str = "reports and scans list objects, they want none";
const INVENTORY: &str = "lists what a release or Git repository applies; the mark that its tool leaves on the claim holds it (GitOpsTracked)";
const DATA_PLANE: &str = "a driver's own object of each volume; whoever wants the volume names it elsewhere";
const ELSEWHERE: &str = "names no claim: Services, Secrets, hosts or where backups lie";
const POINTS_AT_VM: &str = "names VMs and images; what it makes of them names the claims itself";

/// The shipped list; `ignoredReferences` in Settings adds to it.
const LIST: &[Ignored] = &[
    Ignored { group: "wgpolicyk8s.io", kinds: ALL, why: REPORT },
    Ignored { group: "openreports.io", kinds: ALL, why: REPORT },
    Ignored { group: "reports.kyverno.io", kinds: ALL, why: REPORT },
    Ignored { group: "aquasecurity.github.io", kinds: ALL, why: REPORT },
    Ignored { group: "spdx.softwarecomposition.kubescape.io", kinds: ALL, why: REPORT },
    Ignored { group: "cis.cattle.io", kinds: ALL, why: REPORT },
    Ignored { group: "probate.dev", kinds: ALL, why: "our own records and plans" },
    Ignored { group: "argoproj.io", kinds: &["Application", "ApplicationSet", "AppProject"], why: INVENTORY },
    Ignored { group: "kustomize.toolkit.fluxcd.io", kinds: &["Kustomization"], why: INVENTORY },
    Ignored { group: "helm.toolkit.fluxcd.io", kinds: &["HelmRelease"], why: INVENTORY },
    Ignored { group: "fleet.cattle.io", kinds: ALL, why: INVENTORY },
    Ignored { group: "catalog.cattle.io", kinds: &["App", "Operation", "ClusterRepo"], why: INVENTORY },
    Ignored {
        group: "kubevirt.io",
        kinds: &["KubeVirt", "VirtualMachineInstancePreset"],
        why: "settings of the installation",
    },
    Ignored { group: "clone.kubevirt.io", kinds: &["VirtualMachineClone"], why: POINTS_AT_VM },
    Ignored {
        group: "instancetype.kubevirt.io",
        kinds: ALL,
        why: "sizes and preferences of VMs, without volumes",
    },
    Ignored {
        group: "cdi.kubevirt.io",
        kinds: &["CDI", "CDIConfig", "StorageProfile", "VolumeUploadSource"],
        why: "settings of the installation and of storage classes",
    },
    Ignored { group: "harvesterhci.io", kinds: &["ScheduleVMBackup"], why: POINTS_AT_VM },
    Ignored {
        group: "harvesterhci.io",
        kinds: &["Setting", "Preference", "KeyPair", "Version"],
        why: ELSEWHERE,
    },
    Ignored {
        group: "longhorn.io",
        kinds: ALL,
        why: "Longhorn's data plane tells of volumes that others want; Volume alone says attached",
    },
    Ignored { group: "topolvm.io", kinds: &["LogicalVolume"], why: DATA_PLANE },
    Ignored { group: "topolvm.cybozu.com", kinds: &["LogicalVolume"], why: DATA_PLANE },
    Ignored {
        group: "trident.netapp.io",
        kinds: &["TridentVolume", "TridentVolumePublication", "TridentNode", "TridentTransaction"],
        why: DATA_PLANE,
    },
    Ignored { group: "storage.hpe.com", kinds: &["HPEVolumeInfo", "HPENodeInfo"], why: DATA_PLANE },
    Ignored { group: "internal.linstor.linbit.com", kinds: ALL, why: DATA_PLANE },
    Ignored { group: "openebs.io", kinds: &["JivaVolume", "DiskPool", "BlockDevice"], why: DATA_PLANE },
    Ignored { group: "cns.vmware.com", kinds: ALL, why: DATA_PLANE },
    Ignored {
        group: "csiaddons.openshift.io",
        kinds: &["ReclaimSpaceJob", "ReclaimSpaceCronJob", "CSIAddonsNode"],
        why: "frees blocks of volumes that others want",
    },
    Ignored {
        group: "velero.io",
        kinds: &[
            "BackupStorageLocation",
            "VolumeSnapshotLocation",
            "BackupRepository",
            "ResticRepository",
            "DownloadRequest",
            "DeleteBackupRequest",
            "ServerStatusRequest",
            "Schedule",
        ],
        why: ELSEWHERE,
    },
    Ignored {
        group: "monitoring.coreos.com",
        kinds: &[
            "ServiceMonitor",
            "PodMonitor",
            "PrometheusRule",
            "Probe",
            "ScrapeConfig",
            "AlertmanagerConfig",
        ],
        why: ELSEWHERE,
    },
    Ignored { group: "cert-manager.io", kinds: ALL, why: ELSEWHERE },
    Ignored { group: "acme.cert-manager.io", kinds: ALL, why: ELSEWHERE },
    Ignored { group: "gateway.networking.k8s.io", kinds: ALL, why: ELSEWHERE },
    Ignored { group: "networking.istio.io", kinds: ALL, why: ELSEWHERE },
    Ignored { group: "traefik.io", kinds: ALL, why: ELSEWHERE },
    Ignored {
        group: "autoscaling.k8s.io",
        kinds: ALL,
        why: "names workloads to size, which name their claims",
    },
    Ignored { group: "loadbalancer.harvesterhci.io", kinds: ALL, why: ELSEWHERE },
];

/// The shipped ignore list.
pub fn ignore_list() -> impl Iterator<Item = &'static Ignored> {
    LIST.iter()
}

/// Why a kind's mention of a name is no reference, where the shipped list says so.
pub(super) fn reason(group: &str, kind: &str) -> Option<&'static str> {
    let row = LIST
        .iter()
        .find(|row| row.group == group && row.kinds.iter().any(|known| *known == kind || *known == "*"))?;
    // A kind that is understood is never ignored, whatever is said of its group.
    let ours = group == "probate.dev";
    (ours || super::table::reader(group, kind).is_none()).then_some(row.why)
}

/// True for custom kinds that the shipped list ignores as possible references.
pub(crate) fn ignored(kind: &GroupKind) -> bool {
    reason(&kind.group, &kind.kind).is_some()
}

#[cfg(test)]
mod tests {
    use super::{ignore_list, ignored};
    use crate::intake::GroupKind;

    #[test]
    fn what_may_mount_a_claim_is_not_ignored_for_its_group() {
        for kind in [
            "Rollout.argoproj.io",
            "Workflow.argoproj.io",
            "CronWorkflow.argoproj.io",
            "WorkflowTemplate.argoproj.io",
            "Prometheus.monitoring.coreos.com",
            "Volume.longhorn.io",
            "DataUpload.velero.io",
            "VirtualMachineTemplateVersion.harvesterhci.io",
            "SparkApplication.sparkoperator.k8s.io",
            "HelmChart.helm.cattle.io",
        ] {
            assert!(!ignored(&GroupKind::parse(kind)), "{kind}");
        }
        for kind in [
            "Application.argoproj.io",
            "PolicyReport.wgpolicyk8s.io",
            "Bundle.fleet.cattle.io",
            "VolumeRecord.probate.dev",
            "Replica.longhorn.io",
            "ServiceMonitor.monitoring.coreos.com",
        ] {
            assert!(ignored(&GroupKind::parse(kind)), "{kind}");
        }
    }

    #[test]
    fn every_row_says_why() {
        for row in ignore_list() {
            assert!(!row.why.is_empty() && !row.kinds.is_empty(), "{}", row.group);
        }
    }
}
