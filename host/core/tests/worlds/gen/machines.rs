//! KubeVirt's machines, running or not.

use super::edges::{Edge, want};
use super::plant::{Plot, Target};
use crate::world::merge;
use serde_json::{Value, json};

const MACHINE: (&str, &str) = ("kubevirt.io/v1", "VirtualMachine");
const INSTANCE: (&str, &str) = ("kubevirt.io/v1", "VirtualMachineInstance");

fn disk(target: &Target) -> Value {
    json!({"name": "d", "persistentVolumeClaim": {"claimName": target.name}})
}

/// A stopped VM with such a volume, and more.
fn machine(plot: &mut Plot, target: &Target, volume: &Value, more: &Value) -> bool {
    let volumes = json!([{"name": "c", "containerDisk": {"image": "i"}}, volume]);
    let mut rest = json!({
        "spec": {"runStrategy": "Halted", "template": {"spec": {"volumes": volumes}}},
        "status": {"printableStatus": "Stopped"},
    });
    merge(&mut rest, more);
    plot.beside(target, MACHINE, &rest)
}

/// A stopped VM without any disk of the target, and more.
fn other(plot: &mut Plot, target: &Target, more: &Value) -> bool {
    machine(plot, target, &json!({"name": "e", "emptyDisk": {"capacity": "1Gi"}}), more)
}

fn instance(plot: &mut Plot, target: &Target, rest: &Value) -> bool {
    let mut instance = json!({"spec": {"volumes": [{"name": "c", "containerDisk": {"image": "i"}}]}, "status": {"phase": "Running"}});
    merge(&mut instance, rest);
    plot.beside(target, INSTANCE, &instance)
}

/// Backend storage: the claim is labelled with its machine.
fn state_of(plot: &mut Plot, target: &Target, owned: bool) -> bool {
    let uid = plot.uid();
    let mut patch = json!({"metadata": {"labels": {"persistent-state-for": "tpm"}}});
    if owned {
        let owner = json!({"apiVersion": MACHINE.0, "kind": MACHINE.1, "name": "tpm", "uid": uid, "controller": true});
        patch["metadata"]["ownerReferences"] = json!([owner]);
    }
    let rest = json!({"metadata": {"uid": uid}, "spec": {"runStrategy": "Halted", "template": {"spec": {}}}});
    plot.claim(target, &patch) && {
        plot.add(target.cluster, MACHINE, (&target.namespace, "tpm"), &rest);
        true
    }
}

fn migrated(target: &Target, which: &str) -> Value {
    json!([{"volumeName": "d", which: {"claimName": target.name}}])
}

/// Machines, instances, hotplug, memory dumps, migrations, state, snapshots.
pub(super) const EDGES: &[Edge] = &[
    want("vm that is still to clone it", |p, t| {
        let source = json!({"pvc": {"namespace": t.namespace, "name": t.name}});
        let template = json!([{"metadata": {"name": "still-to-come"}, "spec": {"source": source}}]);
        other(p, t, &json!({"spec": {"dataVolumeTemplates": template}}))
    }),
    want("vm snapshot that left it out", |p, t| {
        let machine = json!({"spec": {"template": {"spec": {"volumes": [disk(t)]}}}});
        let rest = json!({"spec": {"source": {"virtualMachine": machine}, "volumeBackups": []}, "status": {"readyToUse": true}});
        p.beside(t, ("snapshot.kubevirt.io/v1beta1", "VirtualMachineSnapshotContent"), &rest)
    }),
    want("vm restore that nobody looked at", |p, t| {
        let spec = json!({"spec": {"target": {"kind": "VirtualMachine", "name": "db"}, "virtualMachineSnapshotName": "s"}});
        p.beside(t, ("snapshot.kubevirt.io/v1beta1", "VirtualMachineRestore"), &spec)
    }),
    want("vm running", |p, t| {
        let more = json!({"spec": {"runStrategy": "Always"}, "status": {"printableStatus": "Running", "created": true, "ready": true}});
        machine(p, t, &disk(t), &more)
    }),
    want("vm stopped", |p, t| machine(p, t, &disk(t), &json!({}))),
    want("vm without a status", |p, t| {
        p.beside(
            t,
            MACHINE,
            &json!({"spec": {"running": false, "template": {"spec": {"volumes": [disk(t)]}}}}),
        )
    }),
    want("vm hotplug in spec", |p, t| {
        let volume =
            json!({"name": t.name, "persistentVolumeClaim": {"claimName": t.name, "hotpluggable": true}});
        machine(p, t, &volume, &json!({}))
    }),
    want("vm data volume, vanished", |p, t| {
        machine(p, t, &json!({"name": "d", "dataVolume": {"name": t.name}}), &json!({}))
    }),
    want("vm ephemeral base", |p, t| {
        let base = json!({"name": "d", "ephemeral": {"persistentVolumeClaim": {"claimName": t.name}}});
        machine(p, t, &base, &json!({}))
    }),
    want("vm memory dump volume", |p, t| {
        machine(p, t, &json!({"name": "d", "memoryDump": {"claimName": t.name}}), &json!({}))
    }),
    want("vm memory dump request", |p, t| {
        other(p, t, &json!({"status": {"memoryDumpRequest": {"claimName": t.name, "phase": "Completed"}}}))
    }),
    want("vm data volume template", |p, t| {
        other(p, t, &json!({"spec": {"dataVolumeTemplates": [{"metadata": {"name": t.name}, "spec": {}}]}}))
    }),
    want("vm hotplug request, claim", |p, t| {
        let source = json!({"persistentVolumeClaim": {"claimName": t.name}});
        other(
            p,
            t,
            &json!({"status": {"volumeRequests": [{"addVolumeOptions": {"name": "d", "volumeSource": source}}]}}),
        )
    }),
    want("vm hotplug request, data volume", |p, t| {
        let source = json!({"dataVolume": {"name": t.name}});
        other(
            p,
            t,
            &json!({"status": {"volumeRequests": [{"addVolumeOptions": {"name": "d", "volumeSource": source}}]}}),
        )
    }),
    want("vm volume migration, source", |p, t| {
        let state = json!({"volumeMigrationState": {"migratedVolumes": migrated(t, "sourcePVCInfo")}});
        other(p, t, &json!({"status": {"volumeUpdateState": state}}))
    }),
    want("vm volume migration, destination", |p, t| {
        let state = json!({"volumeMigrationState": {"migratedVolumes": migrated(t, "destinationPVCInfo")}});
        other(p, t, &json!({"status": {"volumeUpdateState": state}}))
    }),
    want("vm state by label", |p, t| state_of(p, t, false)),
    want("vm state by label and owner", |p, t| state_of(p, t, true)),
    want("vmi", |p, t| instance(p, t, &json!({"spec": {"volumes": [disk(t)]}}))),
    want("vmi data volume", |p, t| {
        instance(p, t, &json!({"spec": {"volumes": [{"name": "d", "dataVolume": {"name": t.name}}]}}))
    }),
    want("vmi hotplug in status", |p, t| {
        let status = json!({"name": "d", "target": "sda", "phase": "Ready", "hotplugVolume": {"attachPodName": "hp-volume-x"},
            "persistentVolumeClaimInfo": {"claimName": t.name}});
        instance(p, t, &json!({"status": {"volumeStatus": [{"name": "c", "target": "vda"}, status]}}))
    }),
    want("vmi memory dump in status", |p, t| {
        let status = json!({"name": "d", "target": "", "memoryDumpVolume": {"claimName": t.name}});
        instance(p, t, &json!({"status": {"volumeStatus": [status]}}))
    }),
    want("vmi volume migration, source", |p, t| {
        instance(p, t, &json!({"status": {"migratedVolumes": migrated(t, "sourcePVCInfo")}}))
    }),
    want("vmi volume migration, destination", |p, t| {
        instance(p, t, &json!({"status": {"migratedVolumes": migrated(t, "destinationPVCInfo")}}))
    }),
    want("attachment pod", |p, t| {
        let volumes = json!([{"name": "d", "persistentVolumeClaim": {"claimName": t.name}}]);
        let rest = json!({"metadata": {"annotations": {"kubevirt.io/owner-vmi-name": "vm"}},
            "spec": {"nodeName": "node-1", "volumes": volumes}, "status": {"phase": "Running"}});
        p.add(t.cluster, ("v1", "Pod"), (&t.namespace, "hp-volume-x7k2p"), &rest);
        true
    }),
    want("vmi replica set", |p, t| {
        let spec = json!({"spec": {"replicas": 0, "template": {"spec": {"volumes": [disk(t)]}}}});
        p.beside(t, ("kubevirt.io/v1", "VirtualMachineInstanceReplicaSet"), &spec)
    }),
    want("vm pool", |p, t| {
        let machine = json!({"spec": {"template": {"spec": {"volumes": [disk(t)]}}}});
        let spec = json!({"spec": {"replicas": 0, "virtualMachineTemplate": machine}});
        p.beside(t, ("pool.kubevirt.io/v1beta1", "VirtualMachinePool"), &spec)
    }),
    want("vm export", |p, t| {
        let source = json!({"apiGroup": "", "kind": "PersistentVolumeClaim", "name": t.name});
        let rest = json!({"spec": {"source": source}, "status": {"phase": "Ready"}});
        p.beside(t, ("export.kubevirt.io/v1beta1", "VirtualMachineExport"), &rest)
    }),
    want("vm snapshot in the making", |p, t| {
        let backup =
            json!({"volumeName": "d", "persistentVolumeClaim": {"metadata": {"name": t.name}, "spec": {}}});
        let rest = json!({"spec": {"volumeBackups": [backup]}, "status": {"readyToUse": false}});
        p.beside(t, ("snapshot.kubevirt.io/v1beta1", "VirtualMachineSnapshotContent"), &rest)
    }),
    want("vm restore under way", |p, t| {
        let rest = json!({"spec": {"virtualMachineSnapshotName": "s"},
            "status": {"complete": false, "restores": [{"volumeName": "d", "persistentVolumeClaim": t.name}]}});
        p.beside(t, ("snapshot.kubevirt.io/v1beta1", "VirtualMachineRestore"), &rest)
    }),
];
