//! What the storage layer itself knows.

use super::edges::{Edge, rail, want};
use super::plant::{Plot, Target};
use serde_json::{Value, json};

fn reserved(target: &Target, uid: Option<&str>) -> Value {
    let mut reference = json!({"namespace": target.namespace, "name": target.name});
    if let Some(uid) = uid {
        reference["uid"] = json!(uid);
    }
    json!({"spec": {"capacity": {"storage": "1Gi"}, "persistentVolumeReclaimPolicy": "Delete", "claimRef": reference},
        "status": {"phase": "Available"}})
}

/// As a Node calls the volume.
fn node_name(target: &Target) -> Option<String> {
    match (target.volume.is_empty(), target.handle.is_empty()) {
        (true, _) => None,
        (false, false) => Some(format!("kubernetes.io/csi/{}^{}", target.driver, target.handle)),
        (false, true) => Some(format!("kubernetes.io/aws-ebs/aws-{}", &target.uid[..8])),
    }
}

fn node(plot: &mut Plot, target: &Target, status: impl Fn(&str) -> Value) -> bool {
    let Some(name) = node_name(target) else { return false };
    plot.wide(target, ("v1", "Node"), &json!({"status": status(&name)}))
}

fn snapshot(plot: &mut Plot, target: &Target, status: &Value) -> bool {
    let rest = json!({"spec": {"source": {"persistentVolumeClaimName": target.name}}, "status": status});
    plot.beside(target, ("snapshot.storage.k8s.io/v1", "VolumeSnapshot"), &rest)
}

fn clone(plot: &mut Plot, target: &Target, space: &str, source: &Value) -> bool {
    let rest = json!({"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": "Pending"}});
    let mut rest = rest;
    crate::world::merge(&mut rest["spec"], source);
    plot.add(target.cluster, ("v1", "PersistentVolumeClaim"), (space, "copy"), &rest);
    true
}

fn finalizer(plot: &mut Plot, target: &Target, name: &str) -> bool {
    plot.claim(target, &json!({"metadata": {"finalizers": ["kubernetes.io/pvc-protection", name]}}))
}

fn twin(plot: &mut Plot, target: &Target, cluster: usize) -> bool {
    if target.handle.is_empty() {
        return false;
    }
    let csi = json!({"driver": target.driver, "volumeHandle": target.handle});
    let rest = json!({"spec": {"capacity": {"storage": "1Gi"}, "persistentVolumeReclaimPolicy": "Retain", "csi": csi},
        "status": {"phase": "Available"}});
    plot.add(cluster, ("v1", "PersistentVolume"), ("", "twin"), &rest);
    true
}

/// Attachments, claimRefs, handles, clones, snapshots, finalizers.
pub(super) const EDGES: &[Edge] = &[
    want("attachment", |p, t| {
        let rest = json!({"spec": {"attacher": "csi.example.com", "nodeName": "node-1", "source": {"persistentVolumeName": t.volume}},
            "status": {"attached": true}});
        !t.volume.is_empty() && p.wide(t, ("storage.k8s.io/v1", "VolumeAttachment"), &rest)
    }),
    want("attachment, detached", |p, t| {
        let rest =
            json!({"spec": {"source": {"persistentVolumeName": t.volume}}, "status": {"attached": false}});
        !t.volume.is_empty() && p.wide(t, ("storage.k8s.io/v1", "VolumeAttachment"), &rest)
    }),
    want("node's volumesInUse", |p, t| node(p, t, |name| json!({"volumesInUse": [name]}))),
    want("node's volumesAttached", |p, t| {
        node(p, t, |name| json!({"volumesAttached": [{"name": name, "devicePath": ""}]}))
    }),
    want("volume reserved for it", |p, t| p.wide(t, ("v1", "PersistentVolume"), &reserved(t, None))),
    want("volume reserved for it by uid", |p, t| {
        t.real && p.wide(t, ("v1", "PersistentVolume"), &reserved(t, Some(&t.uid)))
    }),
    want("claim that asks for its volume", |p, t| {
        let rest = json!({"spec": {"volumeName": t.volume, "storageClassName": "fast"}, "status": {"phase": "Pending"}});
        !t.volume.is_empty() && {
            p.add(t.cluster, ("v1", "PersistentVolumeClaim"), ("other", "asks"), &rest);
            true
        }
    }),
    want("claimRef of another uid", |p, t| {
        p.volume(t, &json!({"spec": {"claimRef": {"uid": "somebody-else"}}}))
    }),
    want("claimRef of another name", |p, t| {
        p.volume(t, &json!({"spec": {"claimRef": {"name": "somebody-else", "uid": "somebody-else"}}}))
    }),
    want("twin", |p, t| twin(p, t, t.cluster)),
    want("twin in another cluster", |p, t| {
        let others = p.world.clusters.len();
        others > 1 && twin(p, t, (t.cluster + 1) % others)
    })
    .of(super::edges::Shape::Harvester),
    want("clone under way", |p, t| {
        clone(p, t, &t.namespace, &json!({"dataSource": {"kind": "PersistentVolumeClaim", "name": t.name}}))
    }),
    want("clone under way, dataSourceRef", |p, t| {
        let source = json!({"kind": "PersistentVolumeClaim", "name": t.name, "namespace": t.namespace});
        clone(p, t, "elsewhere", &json!({"dataSourceRef": source}))
    }),
    want("snapshot in the making", |p, t| snapshot(p, t, &json!({"readyToUse": false}))),
    want("snapshot without a status", |p, t| snapshot(p, t, &json!({}))),
    want("snapshot ready", |p, t| {
        snapshot(
            p,
            t,
            &json!({"readyToUse": true, "creationTime": "2026-02-01T00:00:00Z", "restoreSize": "1Gi"}),
        )
    }),
    want("snapshot content of its handle", |p, t| {
        let rest = json!({"spec": {"driver": t.driver, "deletionPolicy": "Delete", "source": {"volumeHandle": t.handle},
            "volumeSnapshotRef": {"namespace": "elsewhere", "name": "s"}}, "status": {"readyToUse": true}});
        !t.handle.is_empty() && p.wide(t, ("snapshot.storage.k8s.io/v1", "VolumeSnapshotContent"), &rest)
    }),
    want("snapshot content in the making", |p, t| {
        let rest = json!({"spec": {"driver": t.driver, "source": {"volumeHandle": t.handle},
            "volumeSnapshotRef": {"namespace": "elsewhere", "name": "s"}}});
        !t.handle.is_empty() && p.wide(t, ("snapshot.storage.k8s.io/v1", "VolumeSnapshotContent"), &rest)
    }),
    rail("resize", |p, t| {
        p.claim(t, &json!({"status": {"conditions": [{"type": "Resizing", "status": "True"}]}}))
    }),
    rail("finalizer of a clone", |p, t| {
        finalizer(p, t, "provisioner.storage.kubernetes.io/cloning-protection")
    }),
    rail("finalizer of a snapshot", |p, t| {
        finalizer(p, t, "snapshot.storage.kubernetes.io/pvc-as-source-protection")
    }),
    rail("finalizer of somebody", |p, t| finalizer(p, t, "example.com/wait")),
    rail("finalizer on the volume", |p, t| {
        p.volume(t, &json!({"metadata": {"finalizers": ["kubernetes.io/pv-protection", "example.com/wait"]}}))
    }),
    rail("fake volume by label", |p, t| {
        p.volume(t, &json!({"metadata": {"labels": {"vcluster.loft.sh/fake-pv": "true"}}}))
    }),
    rail("volume retained", |p, t| {
        p.volume(t, &json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}}))
    }),
    rail("volume terminating", |p, t| {
        p.volume(t, &json!({"metadata": {"deletionTimestamp": "2026-11-22T05:00:00Z"}}))
    }),
];
