//! What is not known: lists that are missing, forbidden, or never stated.

use super::edges::{Edge, gap};
use super::plant::{Plot, Target};
use crate::world::Says;
use probate_contract::dump::Reason;

fn forbidden(plot: &mut Plot, target: &Target, kind: &str, everywhere: bool) -> bool {
    let namespace = if everywhere { "*".to_owned() } else { target.namespace.clone() };
    let why = *plot.random.one(&[Reason::Forbidden, Reason::NotCollected, Reason::Unreachable]);
    plot.world.clusters[target.cluster].says.push(Says::Incomplete(kind.into(), namespace, why));
    target.real
}

/// The statement about that kind is missing; where all was stated at a stroke, it is stated not to be whole.
fn unstated(plot: &mut Plot, target: &Target, kind: &str) -> bool {
    let says = &mut plot.world.clusters[target.cluster].says;
    let before = says.len();
    says.retain(|says| !matches!(says, Says::Complete(of, _) if of == kind));
    if says.len() == before {
        return forbidden(plot, target, kind, true);
    }
    target.real
}

/// Each kind that evidence rests on, unstated or forbidden.
pub(super) const EDGES: &[Edge] = &[
    gap("pods forbidden here", |p, t| forbidden(p, t, "Pod", false)),
    gap("pods forbidden", |p, t| forbidden(p, t, "Pod", true)),
    gap("pods unstated", |p, t| unstated(p, t, "Pod")),
    gap("claims unstated", |p, t| unstated(p, t, "PersistentVolumeClaim")),
    gap("volumes unstated", |p, t| unstated(p, t, "PersistentVolume")),
    gap("classes unstated", |p, t| unstated(p, t, "StorageClass.storage.k8s.io")),
    gap("namespaces unstated", |p, t| unstated(p, t, "Namespace")),
    gap("nodes unstated", |p, t| unstated(p, t, "Node")),
    gap("replication controllers unstated", |p, t| unstated(p, t, "ReplicationController")),
    gap("deployments unstated", |p, t| unstated(p, t, "Deployment.apps")),
    gap("deployments forbidden here", |p, t| forbidden(p, t, "Deployment.apps", false)),
    gap("replica sets unstated", |p, t| unstated(p, t, "ReplicaSet.apps")),
    gap("stateful sets unstated", |p, t| unstated(p, t, "StatefulSet.apps")),
    gap("daemon sets unstated", |p, t| unstated(p, t, "DaemonSet.apps")),
    gap("jobs unstated", |p, t| unstated(p, t, "Job.batch")),
    gap("cron jobs forbidden here", |p, t| forbidden(p, t, "CronJob.batch", false)),
    gap("attachments unstated", |p, t| unstated(p, t, "VolumeAttachment.storage.k8s.io")),
    gap("snapshots forbidden here", |p, t| forbidden(p, t, "VolumeSnapshot.snapshot.storage.k8s.io", false)),
    gap("snapshots unstated", |p, t| unstated(p, t, "VolumeSnapshot.snapshot.storage.k8s.io")),
    gap("contents unstated", |p, t| unstated(p, t, "VolumeSnapshotContent.snapshot.storage.k8s.io")),
    gap("machines unstated", |p, t| unstated(p, t, "VirtualMachine.kubevirt.io")),
    gap("machines forbidden here", |p, t| forbidden(p, t, "VirtualMachine.kubevirt.io", false)),
    gap("instances unstated", |p, t| unstated(p, t, "VirtualMachineInstance.kubevirt.io")),
    gap("data volumes unstated", |p, t| unstated(p, t, "DataVolume.cdi.kubevirt.io")),
    gap("a custom kind unstated", |p, t| unstated(p, t, "Widget.example.com")),
    gap("a custom kind forbidden here", |p, t| forbidden(p, t, "Widget.example.com", false)),
    gap("autoscalers forbidden, an ordinal", |p, t| {
        super::workloads::scaled_down(p, t) && forbidden(p, t, "HorizontalPodAutoscaler.autoscaling", false)
    }),
    gap("everything forbidden here", |p, t| forbidden(p, t, "*", false)),
    gap("nothing stated", |p, t| {
        p.world.clusters[t.cluster].says.clear();
        t.real
    }),
    gap("no discovery", |p, t| {
        let says = &mut p.world.clusters[t.cluster].says;
        let before = says.len();
        says.retain(|says| !matches!(says, Says::Discovered(_)));
        t.real && says.len() < before
    }),
];
