//! What is stated to be whole, and what a delete needs whole.

use super::json::{at, kind, text, typed};
use super::{By, Case, Found};
use crate::world::{Cluster, Says};

/// Kinds that can name claims of their own namespace alone.
const NAMESPACED: [&str; 11] = [
    "PersistentVolumeClaim",
    "Pod",
    "ReplicationController",
    "Deployment.apps",
    "ReplicaSet.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "Job.batch",
    "CronJob.batch",
    "VirtualMachine.kubevirt.io",
    "VirtualMachineInstance.kubevirt.io",
];

/// Kinds needed everywhere: those without namespace, and those of other systems.
const EVERYWHERE: [&str; 8] = [
    "PersistentVolume",
    "StorageClass.storage.k8s.io",
    "Namespace",
    "Node",
    "VolumeAttachment.storage.k8s.io",
    "VolumeSnapshotContent.snapshot.storage.k8s.io",
    "VolumeSnapshot.snapshot.storage.k8s.io",
    "DataVolume.cdi.kubevirt.io",
];

/// Custom kinds whose mention of a name means nothing.
const IGNORED: [&str; 3] =
    ["Application.argoproj.io", "ApplicationSet.argoproj.io", "AppProject.argoproj.io"];

pub(super) fn ask(case: &Case<'_>, found: &mut Found) {
    let cluster = &case.world.clusters[case.cluster];
    let space = |kind: &str| if kind.contains("VolumeSnapshot.") { case.namespace } else { "*" };
    let gap = NAMESPACED.iter().any(|kind| !stated(cluster, kind, case.namespace))
        || EVERYWHERE.iter().any(|kind| !stated(cluster, kind, space(kind)))
        || custom(cluster).iter().any(|kind| !stated(cluster, kind, "*"));
    if gap || inline(case, cluster) {
        found.add("gap", By::Untold, None, true);
    } else if !discovered(cluster) {
        found.add("no discovery", By::Untold, None, true);
    } else if cluster.says.iter().any(|says| matches!(says, Says::Incomplete(..))) {
        found.add("gap elsewhere", By::Untold, None, false);
    }
}

/// A disk of an in-tree plugin may be mounted by its name, in any namespace.
fn inline(case: &Case<'_>, cluster: &Cluster) -> bool {
    let tree = case.volume.is_some_and(|volume| {
        at(volume, "spec.awsElasticBlockStore").is_object()
            || text(volume, "spec.csi.driver") == "ebs.csi.aws.com"
    });
    let whole = |kind: &str| stated(cluster, kind, "*");
    tree && NAMESPACED
        .iter()
        .filter(|kind| !kind.contains("kubevirt.io") && !kind.contains("Claim"))
        .any(|kind| !whole(kind))
}

/// Custom kinds that the cluster is known to have.
fn custom(cluster: &Cluster) -> Vec<String> {
    let told = cluster.says.iter().filter_map(|says| match says {
        Says::Discovered(kinds) => Some(kinds.clone()),
        // What is forbidden may well be there.
        Says::Incomplete(kind, ..) => Some(vec![kind.clone()]),
        _ => None,
    });
    let seen = cluster.objects.iter().filter(|object| !kind(object).is_empty()).map(typed);
    let foreign_name = |name: &String| {
        name.split_once('.')
            .is_some_and(|(kind, group)| foreign(group) || super::custom::unheard(group, kind))
    };
    told.flatten()
        .chain(seen)
        .filter(foreign_name)
        .filter(|kind| {
            !IGNORED.contains(&kind.as_str())
                && !NAMESPACED.contains(&kind.as_str())
                && !kind.starts_with("VolumeSnapshot.")
        })
        .collect()
}

/// True for groups that Kubernetes does not serve.
fn foreign(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io") && group != "probate.dev"
}

/// Which kinds there are must be known.
fn discovered(cluster: &Cluster) -> bool {
    cluster.says.iter().any(|says| match says {
        Says::Discovered(_) => true,
        Says::Complete(kind, namespace) => kind == "*" && namespace == "*",
        _ => false,
    })
}

/// True where the list of that kind is whole in that namespace, in the case's cluster.
pub(super) fn whole(case: &Case<'_>, kind: &str, namespace: &str) -> bool {
    stated(&case.world.clusters[case.cluster], kind, namespace)
}

/// True where it is stated, and nothing is stated against it.
pub(super) fn stated(cluster: &Cluster, kind: &str, namespace: &str) -> bool {
    let mut whole = false;
    for says in &cluster.says {
        match says {
            Says::Incomplete(of, space, _)
                if (of == kind || of == "*") && (space == "*" || namespace == "*" || space == namespace) =>
            {
                return false;
            }
            Says::Complete(of, space) if of == kind || of == "*" => {
                whole |= space == "*" || space == namespace;
            }
            Says::Absent(of) if of == kind => whole |= !there(cluster, kind),
            Says::Discovered(kinds) => whole |= !kinds.iter().any(|of| of == kind) && !there(cluster, kind),
            _ => {}
        }
    }
    whole
}

fn there(cluster: &Cluster, kind: &str) -> bool {
    cluster.objects.iter().any(|object| typed(object) == kind)
}
