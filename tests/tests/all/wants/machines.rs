//! Virtual machines and what makes their disks.

use super::{Want, add, annotated, disk, machine};
use crate::world::{CLAIM, NAMESPACE, object};
use probate_contract::Cause::*;
use serde_json::json;

/// Virtual machines, running or not.
pub(super) const MACHINES: &[Want] = &[
    Want {
        name: "running VM",
        causes: &[InUse],
        make: |w| machine(w, disk(), json!({"status": {"printableStatus": "Running", "created": true}})),
    },
    Want {
        name: "stopped VM",
        causes: &[Referenced],
        make: |w| {
            machine(w, disk(), json!({"spec": {"running": false}, "status": {"printableStatus": "Stopped"}}))
        },
    },
    Want { name: "VM without a status", causes: &[Referenced], make: |w| machine(w, disk(), json!({})) },
    Want {
        name: "VM with a dataVolume",
        causes: &[Referenced],
        make: |w| machine(w, json!({"name": "d", "dataVolume": {"name": CLAIM}}), json!({})),
    },
    Want {
        name: "VM with a dataVolumeTemplate",
        causes: &[Referenced],
        make: |w| {
            machine(
                w,
                json!({"name": "c", "containerDisk": {}}),
                json!({"spec": {"dataVolumeTemplates": [{"metadata": {"name": CLAIM}, "spec": {}}]}}),
            )
        },
    },
    Want {
        name: "VM with an ephemeral base",
        causes: &[Referenced],
        make: |w| {
            machine(
                w,
                json!({"name": "d", "ephemeral": {"persistentVolumeClaim": {"claimName": CLAIM}}}),
                json!({}),
            )
        },
    },
    Want {
        name: "VM with a memory dump",
        causes: &[Referenced],
        make: |w| machine(w, json!({"name": "d", "memoryDump": {"claimName": CLAIM}}), json!({})),
    },
    Want {
        name: "VM that plugs it in",
        causes: &[Referenced],
        make: |w| {
            machine(
                w,
                json!({"name": "c", "containerDisk": {}}),
                json!({"status": {"volumeRequests": [{"addVolumeOptions": {"name": "d", "volumeSource": {"persistentVolumeClaim": {"claimName": CLAIM}}}}]}}),
            )
        },
    },
    Want {
        name: "VM with a Harvester template",
        causes: &[Referenced],
        make: |w| {
            machine(
                w,
                json!({"name": "c", "containerDisk": {}}),
                annotated(
                    json!({"harvesterhci.io/volumeClaimTemplates": json!([{"metadata": {"name": CLAIM}, "spec": {}}]).to_string()}),
                ),
            )
        },
    },
    Want {
        name: "VM instance alone",
        causes: &[InUse],
        make: |w| {
            add(
                w,
                "kubevirt.io/v1",
                "VirtualMachineInstance",
                json!({"spec": {"volumes": [disk()]}, "status": {"phase": "Running"}}),
            )
        },
    },
    Want {
        name: "DataVolume under way",
        causes: &[Referenced, InUse, OperationInProgress],
        make: |w| {
            w.objects.push(object(
                "cdi.kubevirt.io/v1beta1",
                "DataVolume",
                Some(NAMESPACE),
                CLAIM,
                json!({"spec": {"source": {"blank": {}}}, "status": {"phase": "ImportInProgress"}}),
            ))
        },
    },
    Want {
        name: "DataVolume that clones it",
        causes: &[Referenced, InUse, OperationInProgress],
        make: |w| {
            w.objects.push(object("cdi.kubevirt.io/v1beta1", "DataVolume", Some("other"), "copy", json!({"spec": {"source": {"pvc": {"namespace": NAMESPACE, "name": CLAIM}}}, "status": {"phase": "CloneInProgress"}})))
        },
    },
];
