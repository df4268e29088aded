//! KubeVirt, CDI and Harvester: what names disks, running or not.

use super::json::{annotation, at, group, kind, label, list, name, namespace, text};
use super::{Case, Found};
use probate_contract::manifest::Consent;
use serde_json::Value;

pub(super) fn ask(case: &Case<'_>, object: &Value, found: &mut Found) {
    match (group(object), kind(object)) {
        ("kubevirt.io", "VirtualMachine") => machine(case, object, found),
        ("kubevirt.io", "VirtualMachineInstance") => instance(case, object, found),
        ("kubevirt.io", "VirtualMachineInstanceReplicaSet") => {
            volumes(case, object, at(object, "spec.template.spec"), "VM replica set", found);
        }
        ("pool.kubevirt.io", "VirtualMachinePool") => {
            let machine = at(object, "spec.virtualMachineTemplate.spec");
            volumes(case, object, at(machine, "template.spec"), "VM pool", found);
        }
        ("snapshot.kubevirt.io", _) => kubevirt_snapshots(case, object, found),
        ("export.kubevirt.io", "VirtualMachineExport") => {
            let source = at(object, "spec.source");
            if text(source, "kind") == "PersistentVolumeClaim" && case.beside(object, text(source, "name")) {
                found.want(case, "VM export", object);
            }
        }
        ("harvesterhci.io", _) => harvester(case, object, found),
        ("cdi.kubevirt.io", _) => cdi(case, object, found),
        _ => {}
    }
}

/// The volumes of a VM's or VMI's spec. A `dataVolume` is the claim of that name, whether the DataVolume is there or not.
fn volumes(case: &Case<'_>, object: &Value, spec: &Value, why: &'static str, found: &mut Found) {
    for volume in list(spec, "volumes").iter().chain(list(spec, "utilityVolumes")) {
        let names = [
            "persistentVolumeClaim.claimName",
            "dataVolume.name",
            "ephemeral.persistentVolumeClaim.claimName",
            "memoryDump.claimName",
            "claimName",
        ];
        if names.iter().any(|path| case.beside(object, text(volume, path))) {
            found.want(case, why, object);
        }
    }
}

fn machine(case: &Case<'_>, machine: &Value, found: &mut Found) {
    volumes(case, machine, at(machine, "spec.template.spec"), "VM", found);
    for template in list(machine, "spec.dataVolumeTemplates") {
        if case.beside(machine, text(template, "metadata.name")) {
            found.want(case, "VM data volume template", machine);
        }
        let source = at(template, "spec.source.pvc");
        let space = Some(text(source, "namespace")).filter(|space| !space.is_empty());
        if case.is(space.unwrap_or(namespace(machine)), text(source, "name")) {
            still_to_clone(case, machine, text(template, "metadata.name"), found);
        }
    }
    for request in list(machine, "status.volumeRequests") {
        let source = at(request, "addVolumeOptions.volumeSource");
        let names = [text(source, "persistentVolumeClaim.claimName"), text(source, "dataVolume.name")];
        if names.iter().any(|name| case.beside(machine, name)) {
            found.want(case, "VM hotplug request", machine);
        }
    }
    if case.beside(machine, text(machine, "status.memoryDumpRequest.claimName")) {
        found.want(case, "VM memory dump", machine);
    }
    migrated(case, machine, "status.volumeUpdateState.volumeMigrationState.migratedVolumes", found);
    backend(case, machine, found);
    if let Some(text) = annotation(machine, "harvesterhci.io/volumeClaimTemplates") {
        templates(case, machine, text, found);
    }
}

/// What a claim is cloned from is wanted until that claim is there; then that one tells.
fn still_to_clone(case: &Case<'_>, machine: &Value, made: &str, found: &mut Found) {
    let there = |object: &Value| {
        kind(object) == "PersistentVolumeClaim"
            && namespace(object) == namespace(machine)
            && name(object) == made
    };
    if case.objects().any(there) {
        found.may(case, "cloned already", machine);
    } else {
        found.want(case, "still to be cloned", machine);
    }
}

fn instance(case: &Case<'_>, instance: &Value, found: &mut Found) {
    volumes(case, instance, at(instance, "spec"), "VMI", found);
    for status in list(instance, "status.volumeStatus") {
        let names = ["persistentVolumeClaimInfo.claimName", "memoryDumpVolume.claimName"];
        if names.iter().any(|path| case.beside(instance, text(status, path))) {
            found.want(case, "VMI volume status", instance);
        }
    }
    migrated(case, instance, "status.migratedVolumes", found);
    backend(case, instance, found);
}

fn migrated(case: &Case<'_>, object: &Value, path: &str, found: &mut Found) {
    for volume in list(object, path) {
        let names = ["sourcePVCInfo.claimName", "destinationPVCInfo.claimName"];
        if names.iter().any(|path| case.beside(object, text(volume, path))) {
            found.want(case, "volume migration", object);
        }
    }
}

/// TPM and EFI state: the claim is labelled with its VM (kubevirt, backend-storage.go).
fn backend(case: &Case<'_>, machine: &Value, found: &mut Found) {
    let of = case.claim.map_or("", |claim| label(claim, "persistent-state-for"));
    if namespace(machine) == case.namespace && !of.is_empty() && of == name(machine) {
        found.want(case, "VM state", machine);
    }
}

/// Harvester's templates: a JSON list of claims, with the target of a storage migration.
fn templates(case: &Case<'_>, machine: &Value, text_: &str, found: &mut Found) {
    let Ok(Value::Array(templates)) = serde_json::from_str::<Value>(text_) else { return };
    for template in &templates {
        let names = [text(template, "metadata.name"), text(template, "targetVolume")];
        if names.iter().any(|name| case.beside(machine, name)) {
            found.want(case, "Harvester claim template", machine);
        }
        let source = at(template, "spec.dataSource");
        if text(source, "kind") == "PersistentVolumeClaim" && case.beside(machine, text(source, "name")) {
            still_to_clone(case, machine, text(template, "metadata.name"), found);
        }
    }
}

fn kubevirt_snapshots(case: &Case<'_>, object: &Value, found: &mut Found) {
    match kind(object) {
        "VirtualMachineSnapshotContent" => {
            let mut cut = false;
            for backup in list(object, "spec.volumeBackups") {
                if case.beside(object, text(backup, "persistentVolumeClaim.metadata.name")) {
                    backed_up(case, object, found, "VM snapshot");
                    cut = true;
                }
            }
            if !cut {
                // A restore makes this VM again, with the disks that the snapshot does not hold.
                let machine = at(object, "spec.source.virtualMachine.spec.template.spec");
                volumes(case, object, machine, "VM of a snapshot", found);
            }
        }
        "VirtualMachineRestore" => {
            if at(object, "status").is_null() && namespace(object) == case.namespace {
                found.want(case, "restore that nobody looked at", object);
            }
            for restore in list(object, "status.restores") {
                if case.beside(object, text(restore, "persistentVolumeClaim")) {
                    under_way(case, object, at(object, "status.complete").as_bool() == Some(true), found);
                }
            }
        }
        _ => {}
    }
}

/// A snapshot in the making wants the claim; one that is ready would die with it.
fn backed_up(case: &Case<'_>, object: &Value, found: &mut Found, why: &'static str) {
    if at(object, "status.readyToUse").as_bool() == Some(true) {
        found.lifted(case, why, object, Consent::DependentSnapshots);
    } else {
        found.want(case, why, object);
    }
}

fn under_way(case: &Case<'_>, object: &Value, done: bool, found: &mut Found) {
    if done {
        found.may(case, "operation that is done", object);
    } else {
        found.want(case, "operation under way", object);
    }
}

fn harvester(case: &Case<'_>, object: &Value, found: &mut Found) {
    match kind(object) {
        "VirtualMachineBackup" => {
            for backup in list(object, "status.volumeBackups") {
                if case.beside(object, text(backup, "persistentVolumeClaim.metadata.name")) {
                    if text(object, "spec.type") == "backup"
                        && at(object, "status.readyToUse").as_bool() == Some(true)
                    {
                        found.may(case, "finished VM backup", object);
                    } else {
                        backed_up(case, object, found, "VM backup");
                    }
                }
            }
        }
        "VirtualMachineRestore" => {
            let done = at(object, "status.complete").as_bool() == Some(true);
            let old = list(object, "status.deletedVolumes").iter().filter_map(Value::as_str);
            let new = list(object, "status.restores").iter().chain(list(object, "status.volumeRestores"));
            let new = new.map(|restore| text(restore, "persistentVolumeClaimSpec.metadata.name"));
            if old.chain(new).any(|name| case.beside(object, name)) {
                under_way(case, object, done, found);
            }
        }
        "VirtualMachineImage" => {
            if text(object, "spec.sourceType") == "export-from-volume"
                && case.is(text(object, "spec.pvcNamespace"), text(object, "spec.pvcName"))
            {
                let imported = |condition: &Value| {
                    text(condition, "type") == "Imported" && text(condition, "status") == "True"
                };
                under_way(case, object, list(object, "status.conditions").iter().any(imported), found);
            }
            let golden = case.claim.and_then(|claim| annotation(claim, "harvesterhci.io/goldenImage"));
            if golden == Some("true") && namespace(object) == case.namespace && name(object) == case.name {
                found.want(case, "golden image", object);
            }
        }
        "VolumeRemoteBackup" => {
            let names = [text(object, "spec.source"), label(object, "harvesterhci.io/backupSourceVolume")];
            if names.iter().any(|name| case.beside(object, name)) {
                under_way(case, object, at(object, "status.success").as_bool() == Some(true), found);
            }
        }
        _ => {}
    }
}

fn cdi(case: &Case<'_>, object: &Value, found: &mut Found) {
    match kind(object) {
        "DataVolume" => {
            if case.beside(object, name(object)) {
                found.want(case, "DataVolume", object);
            }
            let source = at(object, "spec.source.pvc");
            let space = if text(source, "namespace").is_empty() {
                namespace(object)
            } else {
                text(source, "namespace")
            };
            if case.is(space, text(source, "name")) {
                under_way(case, object, text(object, "status.phase") == "Succeeded", found);
            }
        }
        "DataSource" => {
            for path in ["spec.source.pvc", "status.source.pvc"] {
                let source = at(object, path);
                let space = if text(source, "namespace").is_empty() {
                    namespace(object)
                } else {
                    text(source, "namespace")
                };
                if case.is(space, text(source, "name")) {
                    found.want(case, "DataSource", object);
                }
            }
        }
        "DataImportCron" => {
            let last = at(object, "status.lastImportedPVC");
            let import = |import: &Value| case.beside(object, text(import, "DataVolumeName"));
            if case.is(text(last, "namespace"), text(last, "name"))
                || list(object, "status.currentImports").iter().any(import)
            {
                found.want(case, "DataImportCron", object);
            }
        }
        "VolumeCloneSource" => {
            let source = at(object, "spec.source");
            if text(source, "kind") == "PersistentVolumeClaim" && case.beside(object, text(source, "name")) {
                found.want(case, "VolumeCloneSource", object);
            }
        }
        "ObjectTransfer" => {
            let source = at(object, "spec.source");
            let claims = matches!(text(source, "kind"), "PersistentVolumeClaim" | "DataVolume");
            if claims && case.is(text(source, "namespace"), text(source, "name")) {
                found.want(case, "ObjectTransfer", object);
            }
        }
        _ => {}
    }
}
