//! What fills and copies disks.

use super::base;
use super::edges::{Edge, want};
use super::plant::{Plot, Target};
use serde_json::{Value, json};

const VOLUME: (&str, &str) = ("cdi.kubevirt.io/v1beta1", "DataVolume");

fn claim_of(target: &Target) -> Value {
    json!({"namespace": target.namespace, "name": target.name})
}

fn volume(plot: &mut Plot, target: &Target, phase: &str) -> bool {
    let rest = json!({"spec": {"source": {"blank": {}}}, "status": {"phase": phase}});
    plot.add(target.cluster, VOLUME, (&target.namespace, &target.name), &rest);
    true
}

/// A claim that is being filled by way of the target, whose name tells the uid of it.
fn temporary(plot: &mut Plot, target: &Target, prefix: &str) -> bool {
    if !target.real {
        return false;
    }
    let owner = base::pair(plot, target.cluster, (&target.namespace, "filled"), false, "");
    let name = format!("{prefix}{}", owner.uid);
    let volume = json!({"spec": {"claimRef": {"name": name}}});
    let renamed = json!({"metadata": {"name": name}});
    let old = format!("pvc/{}/{}", target.namespace, target.name);
    for (at, record) in &mut plot.world.records {
        if *at == target.cluster && record["subject"] == old.as_str() {
            record["subject"] = json!(format!("pvc/{}/{name}", target.namespace));
        }
    }
    plot.volume(target, &volume) && plot.claim(target, &renamed)
}

/// DataVolumes, golden images, clones and temporaries.
pub(super) const EDGES: &[Edge] = &[
    want("data volume under way", |p, t| volume(p, t, "ImportInProgress")),
    want("data volume succeeded", |p, t| volume(p, t, "Succeeded")),
    want("data volume paused", |p, t| volume(p, t, "Paused")),
    want("data volume that clones it", |p, t| {
        let rest = json!({"spec": {"source": {"pvc": claim_of(t)}}, "status": {"phase": "CloneInProgress"}});
        p.add(t.cluster, VOLUME, ("elsewhere", "copy"), &rest);
        true
    }),
    want("data volume that clones it, beside", |p, t| {
        p.beside(
            t,
            VOLUME,
            &json!({"spec": {"source": {"pvc": {"name": t.name}}}, "status": {"phase": "Pending"}}),
        )
    }),
    want("data source", |p, t| {
        let rest = json!({"spec": {"source": {"pvc": claim_of(t)}}});
        p.add(t.cluster, ("cdi.kubevirt.io/v1beta1", "DataSource"), ("elsewhere", "golden"), &rest);
        true
    }),
    want("data import cron, last import", |p, t| {
        let rest =
            json!({"spec": {"managedDataSource": "golden"}, "status": {"lastImportedPVC": claim_of(t)}});
        p.beside(t, ("cdi.kubevirt.io/v1beta1", "DataImportCron"), &rest)
    }),
    want("data import cron, under way", |p, t| {
        let import = json!({"DataVolumeName": t.name, "Digest": "sha256:1"});
        let rest = json!({"spec": {"managedDataSource": "golden"}, "status": {"currentImports": [import]}});
        p.beside(t, ("cdi.kubevirt.io/v1beta1", "DataImportCron"), &rest)
    }),
    want("volume clone source", |p, t| {
        let rest = json!({"spec": {"source": {"kind": "PersistentVolumeClaim", "name": t.name}}});
        p.beside(t, ("cdi.kubevirt.io/v1beta1", "VolumeCloneSource"), &rest)
    }),
    want("object transfer", |p, t| {
        let source = json!({"kind": "PersistentVolumeClaim", "namespace": t.namespace, "name": t.name});
        let rest = json!({"spec": {"source": source, "target": {"namespace": "elsewhere"}}, "status": {"phase": "Running"}});
        p.wide(t, ("cdi.kubevirt.io/v1beta1", "ObjectTransfer"), &rest)
    }),
    want("temporary of a claim, prime", |p, t| temporary(p, t, "prime-")),
    want("temporary of a claim, clone", |p, t| temporary(p, t, "tmp-pvc-")),
    want("temporary of a claim, source", |p, t| temporary(p, t, "tmp-source-pvc-")),
];
