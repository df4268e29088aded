//! Virtual machines, running and stopped, with DataVolumes for their disks.

use super::objects::{claim_name, namespace_name, traits};
use super::random::Random;
use super::{Fate, Plan};
use serde_json::{Value, json};

/// Disks of a machine.
pub(super) const DISKS: usize = 4;

/// The DataVolume of a claim.
pub(super) fn data_volume(plan: &Plan, at: usize) -> Value {
    let mut random = Random::of(plan.seed, "data-volume", at);
    // What may go has none, or it would be made again.
    let name = match plan.fate(at) {
        Fate::Used => claim_name(plan, at),
        _ => format!("import-{at}"),
    };
    json!({"apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume",
        "metadata": {"annotations": {"cdi.kubevirt.io/storage.usePopulator": "true"},
            "creationTimestamp": "2026-02-01T08:00:00Z", "labels": {"app": traits(plan, at).app}, "name": name,
            "namespace": namespace_name(plan.namespace(at)), "resourceVersion": format!("{}", 100_000 + random.below(9_000_000)),
            "uid": random.uid()},
        "spec": {"source": {"registry": {"url": "docker://registry.example.com/images/linux:1"}},
            "storage": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "20Gi"}}}},
        "status": {"claimName": name, "conditions": [
            {"lastHeartbeatTime": "2026-02-01T08:05:00Z", "lastTransitionTime": "2026-02-01T08:05:00Z", "status": "True", "type": "Ready"}],
            "phase": "Succeeded", "progress": "100.0%"}})
}

/// A machine with the disks of its number; every third is switched off.
pub(super) fn machine(plan: &Plan, at: usize) -> Value {
    let mut random = Random::of(plan.seed, "machine", at);
    let first = at * DISKS;
    let disks = (first..first + DISKS).filter(|disk| *disk < plan.claims && plan.fate(*disk) == Fate::Used);
    let volumes: Vec<Value> = disks
        .enumerate()
        .map(|(number, disk)| {
            let name = claim_name(plan, disk);
            if number % 2 == 0 {
                json!({"name": format!("disk-{number}"), "dataVolume": {"name": name}})
            } else {
                json!({"name": format!("disk-{number}"), "persistentVolumeClaim": {"claimName": name}})
            }
        })
        .collect();
    let devices: Vec<Value> =
        volumes.iter().map(|volume| json!({"disk": {"bus": "virtio"}, "name": volume.get("name")})).collect();
    let off = at.is_multiple_of(3);
    json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
        "metadata": {"annotations": {"kubevirt.io/latest-observed-api-version": "v1"}, "creationTimestamp": "2026-02-01T08:00:00Z",
            "finalizers": ["kubevirt.io/virtualMachineControllerFinalize"], "name": format!("vm-{at}"),
            "namespace": namespace_name(plan.namespace(first)),
            "resourceVersion": format!("{}", 100_000 + random.below(9_000_000)), "uid": random.uid()},
        "spec": {"runStrategy": if off { "Halted" } else { "Always" },
            "template": {"metadata": {"labels": {"kubevirt.io/vm": format!("vm-{at}")}},
                "spec": {"domain": {"cpu": {"cores": 2}, "devices": {"disks": devices}, "memory": {"guest": "4Gi"}},
                    "volumes": volumes}}},
        "status": {"created": !off, "printableStatus": if off { "Stopped" } else { "Running" }, "ready": !off,
            "conditions": [{"lastTransitionTime": "2026-08-30T17:20:00Z", "status": if off { "False" } else { "True" }, "type": "Ready"}]}})
}
