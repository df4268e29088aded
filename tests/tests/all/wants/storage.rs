//! What the storage layer itself knows.

use super::{Want, add, claim, volume};
use crate::world::{CLAIM, NAMESPACE, VOLUME, object};
use probate_contract::Cause::*;
use serde_json::json;

/// What the storage layer itself knows.
pub(super) const STORAGE: &[Want] = &[
    Want {
        name: "VolumeAttachment",
        causes: &[InUse],
        make: |w| {
            w.objects.push(object(
                "storage.k8s.io/v1",
                "VolumeAttachment",
                None,
                "a",
                json!({"spec": {"source": {"persistentVolumeName": VOLUME}}, "status": {"attached": false}}),
            ))
        },
    },
    Want {
        name: "Node's volumesInUse",
        causes: &[InUse],
        make: |w| {
            w.patch(
                "Node",
                "node-1",
                &json!({"status": {"volumesInUse": ["kubernetes.io/csi/csi.example.com^vol-1"]}}),
            )
        },
    },
    Want {
        name: "Node's volumesAttached",
        causes: &[InUse],
        make: |w| {
            w.patch("Node", "node-1", &json!({"status": {"volumesAttached": [{"name": "kubernetes.io/csi/csi.example.com^vol-1", "devicePath": ""}]}}))
        },
    },
    Want {
        name: "clone of it under way",
        causes: &[Referenced, OperationInProgress],
        make: |w| {
            w.objects.push(object("v1", "PersistentVolumeClaim", Some(NAMESPACE), "copy", json!({"spec": {"storageClassName": "fast", "dataSource": {"kind": "PersistentVolumeClaim", "name": CLAIM}}, "status": {"phase": "Pending"}})))
        },
    },
    Want {
        name: "snapshot in the making",
        causes: &[OperationInProgress, Referenced, InUse],
        make: |w| {
            add(
                w,
                "snapshot.storage.k8s.io/v1",
                "VolumeSnapshot",
                json!({"spec": {"source": {"persistentVolumeClaimName": CLAIM}}, "status": {"readyToUse": false}}),
            )
        },
    },
    Want {
        name: "snapshot without a status",
        causes: &[OperationInProgress, Referenced, InUse],
        make: |w| {
            add(
                w,
                "snapshot.storage.k8s.io/v1",
                "VolumeSnapshot",
                json!({"spec": {"source": {"persistentVolumeClaimName": CLAIM}}}),
            )
        },
    },
    Want {
        name: "another volume reserved for it",
        causes: &[Reserved],
        make: |w| {
            w.objects.push(object("v1", "PersistentVolume", None, "reserved", json!({"spec": {"capacity": {"storage": "1Gi"}, "claimRef": {"namespace": NAMESPACE, "name": CLAIM}}, "status": {"phase": "Available"}})))
        },
    },
    Want {
        name: "another volume with its handle",
        causes: &[SharedVolume],
        make: |w| {
            w.objects.push(object("v1", "PersistentVolume", None, "twin", json!({"spec": {"capacity": {"storage": "1Gi"}, "csi": {"driver": "csi.example.com", "volumeHandle": "vol-1"}}, "status": {"phase": "Available"}})))
        },
    },
    Want {
        name: "another claim that asks for its volume",
        causes: &[Reserved, Referenced, InUse, IdentityUnproven],
        make: |w| {
            w.objects.push(object(
                "v1",
                "PersistentVolumeClaim",
                Some("other"),
                "asks",
                json!({"spec": {"volumeName": VOLUME}, "status": {"phase": "Pending"}}),
            ))
        },
    },
    Want {
        name: "claimRef of another uid",
        causes: &[IdentityUnproven],
        make: |w| volume(w, json!({"spec": {"claimRef": {"uid": "somebody-else"}}})),
    },
    Want {
        name: "resize",
        causes: &[OperationInProgress],
        make: |w| claim(w, json!({"status": {"conditions": [{"type": "Resizing", "status": "True"}]}})),
    },
    Want {
        name: "clone's finalizer",
        causes: &[OperationInProgress],
        make: |w| {
            claim(
                w,
                json!({"metadata": {"finalizers": ["provisioner.storage.kubernetes.io/cloning-protection"]}}),
            )
        },
    },
    Want {
        name: "snapshot's finalizer",
        causes: &[OperationInProgress],
        make: |w| {
            claim(
                w,
                json!({"metadata": {"finalizers": ["snapshot.storage.kubernetes.io/pvc-as-source-protection"]}}),
            )
        },
    },
    Want {
        name: "foreign finalizer",
        causes: &[ForeignFinalizer],
        make: |w| claim(w, json!({"metadata": {"finalizers": ["example.com/wait"]}})),
    },
    Want {
        name: "foreign finalizer on the volume",
        causes: &[ForeignFinalizer],
        make: |w| volume(w, json!({"metadata": {"finalizers": ["example.com/wait"]}})),
    },
    Want {
        name: "volume of another layer",
        causes: &[NotGoverningVolume],
        make: |w| volume(w, json!({"metadata": {"labels": {"vcluster.loft.sh/fake-pv": "true"}}})),
    },
];
