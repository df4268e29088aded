//! Velero and VolSync.

use super::edges::{Edge, want};
use super::plant::{Plot, Target};
use serde_json::{Value, json};

fn velero(plot: &mut Plot, target: &Target, version: &str, kind: &str, rest: &Value) -> bool {
    plot.add(target.cluster, (&format!("velero.io/{version}"), kind), ("velero", "work"), rest);
    true
}

fn volsync(plot: &mut Plot, target: &Target, kind: &str, spec: &Value) -> bool {
    plot.beside(target, ("volsync.backube/v1alpha1", kind), &json!({"spec": spec}))
}

/// What moves data from and to claims.
pub(super) const EDGES: &[Edge] = &[
    want("velero backup under way", |p, t| {
        let rest = json!({"spec": {"includedNamespaces": [t.namespace]}, "status": {"phase": "InProgress"}});
        velero(p, t, "v1", "Backup", &rest)
    }),
    want("velero backup of everything", |p, t| {
        velero(
            p,
            t,
            "v1",
            "Backup",
            &json!({"spec": {"includedNamespaces": ["*"]}, "status": {"phase": "New"}}),
        )
    }),
    want("velero restore under way", |p, t| {
        let rest = json!({"spec": {"includedNamespaces": [t.namespace]}, "status": {"phase": "InProgress"}});
        velero(p, t, "v1", "Restore", &rest)
    }),
    want("velero restore into its namespace", |p, t| {
        let spec = json!({"includedNamespaces": ["far"], "namespaceMapping": {"far": t.namespace}});
        velero(p, t, "v1", "Restore", &json!({"spec": spec, "status": {"phase": "InProgress"}}))
    }),
    want("velero restore that makes it", |p, t| {
        let rest = json!({"spec": {"includedNamespaces": ["far"], "namespaceMapping": {"far": "farther"}}, "status": {"phase": "InProgress"}});
        p.claim(t, &json!({"metadata": {"labels": {"velero.io/restore-name": "work"}}}))
            && velero(p, t, "v1", "Restore", &rest)
    }),
    want("velero data upload", |p, t| {
        let spec = json!({"sourceNamespace": t.namespace, "sourcePVC": t.name, "snapshotType": "CSI"});
        velero(p, t, "v2alpha1", "DataUpload", &json!({"spec": spec, "status": {"phase": "InProgress"}}))
    }),
    want("velero data download", |p, t| {
        let volume = json!({"namespace": t.namespace, "pvc": t.name, "pv": ""});
        velero(
            p,
            t,
            "v2alpha1",
            "DataDownload",
            &json!({"spec": {"targetVolume": volume}, "status": {"phase": "Accepted"}}),
        )
    }),
    want("velero pod volume backup", |p, t| {
        let rest = json!({"metadata": {"labels": {"velero.io/pvc-uid": t.uid}, "annotations": {"velero.io/pvc-name": t.name}},
            "spec": {"pod": {"namespace": t.namespace, "name": "gone"}, "volume": "v"}, "status": {"phase": "InProgress"}});
        velero(p, t, "v1", "PodVolumeBackup", &rest)
    }),
    want("velero pod volume backup by uid", |p, t| {
        let rest = json!({"metadata": {"labels": {"velero.io/pvc-uid": t.uid}},
            "spec": {"pod": {"namespace": t.namespace, "name": "gone"}, "volume": "v"}, "status": {"phase": "InProgress"}});
        velero(p, t, "v1", "PodVolumeBackup", &rest)
    }),
    want("volsync source", |p, t| {
        volsync(p, t, "ReplicationSource", &json!({"sourcePVC": t.name, "restic": {}}))
    }),
    want("volsync destination", |p, t| {
        volsync(p, t, "ReplicationDestination", &json!({"restic": {"destinationPVC": t.name}}))
    }),
];
