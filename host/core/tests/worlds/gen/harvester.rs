//! Harvester's own: templates of claims, images, backups, restores.

use super::edges::{Edge, Shape::Harvester, rail, want};
use super::plant::{Plot, Target};
use serde_json::{Value, json};

const GROUP: &str = "harvesterhci.io/v1beta1";

fn templates(plot: &mut Plot, target: &Target, templates: &Value) -> bool {
    let annotations = json!({"harvesterhci.io/volumeClaimTemplates": templates.to_string()});
    let rest = json!({"metadata": {"annotations": annotations}, "spec": {"runStrategy": "Halted", "template": {"spec": {}}}});
    plot.beside(target, ("kubevirt.io/v1", "VirtualMachine"), &rest)
}

fn backup(plot: &mut Plot, target: &Target, ready: bool) -> bool {
    let claim = json!({"metadata": {"namespace": target.namespace, "name": target.name}, "spec": {}});
    let rest = json!({
        "spec": {"type": "snapshot", "source": {"apiGroup": "kubevirt.io", "kind": "VirtualMachine", "name": "vm"}},
        "status": {"readyToUse": ready, "volumeBackups": [{"name": "b", "volumeName": "d", "persistentVolumeClaim": claim}]},
    });
    plot.beside(target, (GROUP, "VirtualMachineBackup"), &rest)
}

fn restore(plot: &mut Plot, target: &Target, status: &Value) -> bool {
    let rest = json!({"spec": {"newVM": false, "deletionPolicy": "delete", "virtualMachineBackupName": "b"}, "status": status});
    plot.beside(target, (GROUP, "VirtualMachineRestore"), &rest)
}

/// What Harvester adds to KubeVirt.
pub(super) const EDGES: &[Edge] = &[
    want("Harvester template still to clone it", |p, t| {
        let source = json!({"kind": "PersistentVolumeClaim", "name": t.name});
        let templates = json!([{"metadata": {"name": "still-to-come"}, "spec": {"dataSource": source}}]).to_string();
        let marks = json!({"metadata": {"annotations": {"harvesterhci.io/volumeClaimTemplates": templates}}});
        p.beside(t, ("kubevirt.io/v1", "VirtualMachine"), &marks)
    }),
    want("harvester template", |p, t| {
        templates(p, t, &json!([{"metadata": {"name": "x"}}, {"metadata": {"name": t.name}, "spec": {}}]))
    })
    .of(Harvester),
    want("harvester migration target", |p, t| {
        templates(p, t, &json!([{"metadata": {"name": "source"}, "spec": {}, "targetVolume": t.name}]))
    })
    .of(Harvester),
    want("harvester backup in the making", |p, t| backup(p, t, false)).of(Harvester),
    want("harvester snapshot", |p, t| backup(p, t, true)).of(Harvester),
    want("harvester restore, new disk", |p, t| {
        let claim = json!({"metadata": {"name": t.name}, "spec": {}});
        restore(p, t, &json!({"complete": false, "restores": [{"volumeName": "d", "persistentVolumeClaimSpec": claim}]}))
    })
    .of(Harvester),
    want("harvester restore, old disk", |p, t| {
        restore(p, t, &json!({"complete": false, "deletedVolumes": [t.name]}))
    })
    .of(Harvester),
    want("harvester image export", |p, t| {
        let spec = json!({"sourceType": "export-from-volume", "pvcNamespace": t.namespace, "pvcName": t.name, "displayName": "i"});
        let rest = json!({"spec": spec, "status": {"progress": 30}});
        p.add(t.cluster, (GROUP, "VirtualMachineImage"), ("elsewhere", "image-1"), &rest);
        true
    })
    .of(Harvester),
    want("harvester remote backup", |p, t| {
        let rest = json!({"metadata": {"labels": {"harvesterhci.io/backupSourceVolume": t.name}},
            "spec": {"type": "lh", "source": t.name}, "status": {"success": false}});
        p.beside(t, (GROUP, "VolumeRemoteBackup"), &rest)
    })
    .of(Harvester),
    rail("golden image", |p, t| {
        let marked = p.claim(t, &json!({"metadata": {"annotations": {"harvesterhci.io/goldenImage": "true"}}}));
        let rest = json!({"spec": {"sourceType": "download", "displayName": "i"}});
        marked && {
            p.add(t.cluster, (GROUP, "VirtualMachineImage"), (&t.namespace, &t.name), &rest);
            true
        }
    })
    .of(Harvester),
];
