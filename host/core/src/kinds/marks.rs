//! Labels, annotations and finalizers that decide something, as data: who can write each, and what it may prove. A mark that a
//! tenant can write never lets anything go.

/// A mark.
#[derive(Debug)]
pub struct Mark {
    /// Key, or how keys begin.
    pub key: &'static str,
    /// On what it stands.
    pub on: &'static str,
    /// Who can write it.
    pub written_by: &'static str,
    /// What it may prove.
    pub proves: &'static str,
    /// What a forged one does.
    pub forged: &'static str,
}

const EDITORS: &str = "whoever may edit the object, tenants of a vCluster too";
const HOST: &str = "the host; the shipped admission policy keeps others from it on a quarantined volume";
const RETAINS: &str = "retains";

const fn keeps(key: &'static str, on: &'static str, proves: &'static str) -> Mark {
    Mark { key, on, written_by: EDITORS, proves, forged: RETAINS }
}

/// All marks, by key.
pub const MARKS: &[Mark] = &[
    keeps(
        "app.kubernetes.io/instance",
        "claim, volume",
        "the Application of that name makes it again, while it is there",
    ),
    keeps("argocd.argoproj.io/", "claim, volume", "an Application makes it again, while it is there"),
    keeps(
        "argocd.argoproj.io/sync-options",
        "claim, volume",
        "with Delete=false or Prune=false: it outlives its Application",
    ),
    keeps(
        "autoscaling.keda.sh/paused-replicas",
        "ScaledObject",
        "as how many replicas its StatefulSet is held",
    ),
    keeps(
        "cdi.kubevirt.io/",
        "claim",
        "of which import cron it is; an annotation alone says nothing, the DataVolume or claim that it is filled for does",
    ),
    keeps("cli-utils.sigs.k8s.io/on-remove", "claim, volume", "keep: it outlives its inventory"),
    keeps("client.lifecycle.config.k8s.io/deletion", "claim, volume", "detach: it outlives its inventory"),
    keeps("cluster.x-k8s.io/cluster-name", "Machine", "which cluster of its namespace a machine belongs to"),
    keeps("cnpg.io/", "claim, volume", "a hibernated cluster is made again from it"),
    keeps("harvesterhci.io/goldenImage", "claim", "an image is made of it"),
    keeps("harvesterhci.io/grafana-pv-name", "Addon", "a Released volume that is bound again"),
    Mark {
        key: "harvesterhci.io/removeAllPersistentVolumeClaims",
        on: "VirtualMachine",
        written_by: "Rancher; whoever may edit VMs",
        proves: "nothing; shown as what the platform intends",
        forged: "nothing",
    },
    Mark {
        key: "harvesterhci.io/removedPersistentVolumeClaims",
        on: "VirtualMachine",
        written_by: "Harvester, the node driver; whoever may edit VMs",
        proves: "nothing; shown as `owners[].platformIntent`, which policies may weigh",
        forged: "a policy that trusts it may vote Delete; references and guards hold all the same",
    },
    keeps("harvesterhci.io/skipHarvesterMachineProvisionCleanup", "Cluster", "its volumes are kept"),
    keeps(
        "harvesterhci.io/volumeClaimTemplates",
        "VirtualMachine",
        "Harvester makes the claims that it names",
    ),
    keeps("helm.sh/resource-policy", "claim, volume", "it outlives its release"),
    keeps("kapp.k14s.io/delete-strategy", "claim, volume", "orphan: it outlives its app"),
    keeps("k8s.io/CloneRequest", "claim", "the claim that it is cloned from, until it is bound"),
    keeps("kubernetes.io/pv", "claim, volume", "Kubernetes' own protection; nothing is concluded from it"),
    keeps("kubevirt.io/migrationName", "claim", "the target of a migration under way"),
    keeps("kustomize.toolkit.fluxcd.io/prune", "claim, volume", "disabled: it outlives its Kustomization"),
    keeps("meta.helm.sh/release-name", "claim, volume", "a release makes it again"),
    keeps(
        "objectset.rio.cattle.io/",
        "claim, volume",
        "what Rancher applied makes it again, while its owner is there",
    ),
    keeps(
        "orphan",
        "DataVolume (finalizer)",
        "its claim is kept on purpose; shown as `owners[].platformIntent`",
    ),
    Mark {
        key: "probate.dev/claim",
        on: "volume",
        written_by: HOST,
        proves: "which claim a quarantined volume was kept of, where no record tells",
        forged: "a restore offers the wrong name; nothing is purged by it",
    },
    Mark {
        key: "probate.dev/decision",
        on: "claim, volume",
        written_by: HOST,
        proves: "nothing; for people",
        forged: "nothing; on a marked object another one counts as a veto",
    },
    Mark {
        key: "probate.dev/deletion",
        on: "Namespace, StorageClass",
        written_by: "admins; the shipped admission policy keeps tenants from it",
        proves: "the namespace or class is opened for deletes",
        forged: "opens it; every other guard still holds",
    },
    keeps("probate.dev/hold", "claim, volume, Namespace", "a veto"),
    Mark {
        key: "probate.dev/manifest",
        on: "volume",
        written_by: HOST,
        proves: "the claim that a restore makes, where no record tells",
        forged: "a restore makes what it says, with the rights of who restores; nothing is purged by it",
    },
    Mark {
        key: "probate.dev/not-before",
        on: "claim, volume",
        written_by: HOST,
        proves: "nothing; for people",
        forged: "nothing",
    },
    Mark {
        key: "probate.dev/note",
        on: "claim, volume",
        written_by: "policies, by the host",
        proves: "nothing",
        forged: "nothing; removed when no verdict sets it",
    },
    Mark {
        key: "probate.dev/original-reclaim-policy",
        on: "volume",
        written_by: HOST,
        proves: "the policy that a restore gives back on request",
        forged: "a restored volume says Delete where a person asked for its old policy",
    },
    Mark {
        key: "probate.dev/restored-from",
        on: "claim",
        written_by: HOST,
        proves: "a restore made this claim",
        forged: "a restore takes it for its own, where it asks for that very volume",
    },
    Mark {
        key: "probate.dev/state",
        on: "claim, volume",
        written_by: HOST,
        proves: "nothing; without its record it is void and removed",
        forged: "nothing; taken away by hand it is a veto",
    },
    keeps(
        "provisioner.storage.kubernetes.io/cloning-protection",
        "claim (finalizer)",
        "a clone of it is under way",
    ),
    keeps(
        "snapshot.storage.kubernetes.io/pvc-as-source-protection",
        "claim (finalizer)",
        "a snapshot of it is under way",
    ),
    keeps(
        "external-provisioner.volume.kubernetes.io/finalizer",
        "volume (finalizer)",
        "a CSI driver destroys the asset; nothing is concluded from it",
    ),
    keeps(
        "pv.kubernetes.io/provisioned-by",
        "volume",
        "it stands for another layer's, if vCluster's fake provisioner made it; without it nobody would destroy the asset",
    ),
    keeps("trident.netapp.io/cloneFrom", "claim", "the claim that it is cloned from, until it is bound"),
    keeps("vcluster.loft.sh/fake-pv", "volume", "it stands for another layer's"),
    keeps("vcluster.loft.sh/host-pv", "volume", "it stands for another layer's"),
    keeps(
        "vcluster.loft.sh/managed-by",
        "claim",
        "with the `object-` set: which virtual cluster of the namespace it is a copy of",
    ),
    keeps("vcluster.loft.sh/object-imported", "claim", "true: it was born on the host"),
    Mark {
        key: "vcluster.loft.sh/object-",
        on: "claim",
        written_by: "vCluster's syncer, which does not copy them from a tenant; whoever may edit host claims",
        proves: "whose copy it is, where kind, host name, host namespace and label agree with the claim itself",
        forged: "retains: a set that contradicts itself is unknown, one that agrees adds a layer that must be gone",
    },
    keeps("velero.io/", "claim, Pod", "a backup or restore that is not over"),
];

#[cfg(test)]
mod tests {
    use super::MARKS;

    #[test]
    fn every_key_of_the_sources_is_here_and_the_other_way_round() {
        let mut sources = String::new();
        let mut folders = vec![std::path::PathBuf::from("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("marks.rs") {
                    let text = std::fs::read_to_string(path).unwrap();
                    sources.push_str(text.split("#[cfg(test)]").next().unwrap());
                }
            }
        }
        // Plugins of volumes, and what every object may carry.
        let no_marks = [
            "kubernetes.io/",
            "kubectl.kubernetes.io/last-applied-configuration",
            "cluster.x-k8s.io",
            "velero.io",
        ];
        let strings = sources.split('"').skip(1).step_by(2);
        let keys = strings.filter(|text| {
            text.split_once('/').is_some_and(|(domain, name)| {
                domain.contains('.')
                    && !name.is_empty()
                    && !text.contains([' ', '{', '^', ':', ',', '[', '\n'])
            })
        });
        let missing: Vec<&str> = keys
            .filter(|key| !MARKS.iter().any(|mark| key.starts_with(mark.key)))
            .filter(|key| !no_marks.iter().any(|known| key.starts_with(known)))
            .collect();
        assert_eq!(missing, Vec::<&str>::new(), "marks that no page tells of");
        for mark in MARKS {
            let stem = mark.key.trim_end_matches(['/', '-']);
            let prefix = mark.key.split('/').next().unwrap();
            assert!(
                sources.contains(stem) || sources.contains(&format!("{prefix}/")),
                "{} is nowhere read",
                mark.key
            );
        }
    }
}
