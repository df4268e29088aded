//! What the storage layer itself knows: attachments, claimRefs, twins, clones, snapshots, finalizers.

use super::json::{annotation, at, group, kind, label, list, name, namespace, text, uid};
use super::{By, Case, Found, by};
use probate_contract::manifest::Consent;
use serde_json::Value;

pub(super) fn ask(case: &Case<'_>, object: &Value, found: &mut Found) {
    match (group(object), kind(object)) {
        ("storage.k8s.io", "VolumeAttachment") => {
            let named = text(object, "spec.source.persistentVolumeName");
            if !named.is_empty() && named == case.volume_name() {
                found.want(case, "VolumeAttachment", object);
            }
        }
        ("", "Node") => node(case, object, found),
        ("", "PersistentVolume") => volume(case, object, found),
        ("", "PersistentVolumeClaim") => claim(case, object, found),
        ("snapshot.storage.k8s.io", "VolumeSnapshot")
            if case.claim.is_some()
                && case.beside(object, text(object, "spec.source.persistentVolumeClaimName")) =>
        {
            snapshot(case, object, found);
        }
        ("snapshot.storage.k8s.io", "VolumeSnapshotContent") => {
            let handle = text(object, "spec.source.volumeHandle");
            if !handle.is_empty() && case.csi() == Some((text(object, "spec.driver"), handle)) {
                snapshot(case, object, found);
            }
        }
        _ => {}
    }
}

/// `kubernetes.io/csi/DRIVER^HANDLE`; in-tree drivers have no VolumeAttachment, the Node alone tells.
fn node(case: &Case<'_>, node: &Value, found: &mut Found) {
    let used = list(node, "status.volumesInUse").iter().filter_map(Value::as_str);
    let attached = list(node, "status.volumesAttached").iter().map(|volume| text(volume, "name"));
    let csi = case.csi().map(|(driver, handle)| format!("kubernetes.io/csi/{driver}^{handle}"));
    let tree = case.volume.map_or("", |volume| text(volume, "spec.awsElasticBlockStore.volumeID"));
    let tree = (!tree.is_empty()).then(|| format!("kubernetes.io/aws-ebs/{tree}"));
    if used.chain(attached).any(|name| csi.as_deref() == Some(name) || tree.as_deref() == Some(name)) {
        found.want(case, "Node", node);
    }
}

/// Another volume that names the claim, or has the same handle.
fn volume(case: &Case<'_>, other: &Value, found: &mut Found) {
    if case.volume.is_some_and(|own| std::ptr::eq(own, other)) {
        return;
    }
    let reference = at(other, "spec.claimRef");
    if case.claim.is_some() && case.is(text(reference, "namespace"), text(reference, "name")) {
        let old = !text(reference, "uid").is_empty() && text(reference, "uid") != case.uid;
        // A volume of an earlier claim of that name is no promise to this one.
        if old {
            found.may(case, "claimRef of an earlier claim", other);
        } else {
            found.want(case, "claimRef of another volume", other);
        }
    }
    twin(case, case.cluster, other, found);
}

/// Another volume with the same driver and handle, in any cluster.
pub(super) fn twin(case: &Case<'_>, cluster: usize, other: &Value, found: &mut Found) {
    let same = case.csi() == Some((text(other, "spec.csi.driver"), text(other, "spec.csi.volumeHandle")));
    if same {
        found.add("twin handle", by(cluster, other), None, governing(other));
    }
}

/// False for a stand-in or copy of another layer's volume.
pub(super) fn governing(volume: &Value) -> bool {
    label(volume, "vcluster.loft.sh/fake-pv") != "true"
        && text(volume, "spec.flexVolume.driver") != "fake"
        && annotation(volume, "vcluster.loft.sh/host-pv").is_none()
}

/// Another claim that asks for the volume, or is cloned from this one.
fn claim(case: &Case<'_>, other: &Value, found: &mut Found) {
    if case.claim.is_some_and(|own| std::ptr::eq(own, other)) {
        return;
    }
    let asked = text(other, "spec.volumeName");
    if !asked.is_empty() && asked == case.volume_name() {
        found.want(case, "volumeName of another claim", other);
    }
    if case.claim.is_none() {
        return;
    }
    let bound = text(other, "status.phase") == "Bound";
    for path in ["spec.dataSource", "spec.dataSourceRef"] {
        let source = at(other, path);
        let space = match text(source, "namespace") {
            "" => namespace(other),
            space => space,
        };
        if text(source, "kind") == "PersistentVolumeClaim" && case.is(space, text(source, "name")) {
            if bound {
                found.may(case, "clone that is done", other);
            } else {
                found.want(case, "clone under way", other);
            }
        }
    }
    temporary(case, other, bound, found);
}

/// CDI's temporaries are named after the uid of the claim that they fill (CDI, populators/util.go, clone/planner.go).
fn temporary(case: &Case<'_>, other: &Value, bound: bool, found: &mut Found) {
    let of =
        ["prime-", "tmp-pvc-", "tmp-source-pvc-"].iter().find_map(|prefix| case.name.strip_prefix(prefix));
    let Some(of) = of else { return };
    if of.strip_suffix("-scratch").unwrap_or(of) != uid(other) {
        return;
    }
    if bound {
        found.may(case, "temporary of a filled claim", other);
    } else {
        found.want(case, "temporary of a claim", other);
    }
}

fn snapshot(case: &Case<'_>, snapshot: &Value, found: &mut Found) {
    if at(snapshot, "status.readyToUse").as_bool() == Some(true) {
        found.lifted(case, "snapshot", snapshot, Consent::DependentSnapshots);
    } else {
        found.want(case, "snapshot in the making", snapshot);
    }
}

/// Finalizers that the storage layer itself sets and removes.
const PROTECTION: [&str; 5] = [
    "kubernetes.io/pvc-protection",
    "kubernetes.io/pv-protection",
    "kubernetes.io/pv-controller",
    "external-provisioner.volume.kubernetes.io/finalizer",
    "probate.dev/",
];

pub(super) fn of_itself(case: &Case<'_>, found: &mut Found) {
    for object in case.claim.into_iter().chain(case.volume) {
        for finalizer in list(object, "metadata.finalizers").iter().filter_map(Value::as_str) {
            if finalizer.starts_with("external-attacher/") {
                found.may(case, "attacher's finalizer", object);
            } else if !PROTECTION.contains(&finalizer) {
                found.want(case, "finalizer", object);
            }
        }
    }
    if let Some(claim) = case.claim {
        of_claim(case, claim, found);
    }
    if case.volume.is_some_and(|volume| !governing(volume)) {
        found.add("not governing", itself(case), None, true);
    }
    let policy = case.volume.map_or("", |volume| text(volume, "spec.persistentVolumeReclaimPolicy"));
    if policy == "Retain" {
        found.add("volume retained", itself(case), Some(super::Lift::Retained), true);
    }
    class(case, found);
}

fn of_claim(case: &Case<'_>, claim: &Value, found: &mut Found) {
    let operation = |condition: &Value| {
        let going =
            ["Resizing", "FileSystemResizePending", "ModifyingVolume"].contains(&text(condition, "type"));
        going && text(condition, "status") == "True"
    };
    if list(claim, "status.conditions").iter().any(operation) {
        found.want(case, "resize", claim);
    }
    let Some(volume) = case.volume else { return };
    let reference = at(volume, "spec.claimRef");
    let own =
        case.is(text(reference, "namespace"), text(reference, "name")) && text(reference, "uid") == case.uid;
    if !own {
        // The uid alone says whose it is.
        let other = text(reference, "uid") != case.uid;
        found.add("volume of somebody else", itself(case), None, other);
    }
}

/// Without a volume the class speaks, and where the volume only stands for another layer's; with one it is one source of several.
fn class(case: &Case<'_>, found: &mut Found) {
    let object = case.claim.or(case.volume);
    let named = object.map_or("", |object| text(object, "spec.storageClassName"));
    let class = case.objects().find(|object| {
        group(object) == "storage.k8s.io" && kind(object) == "StorageClass" && name(object) == named
    });
    if let Some(class) = class.filter(|class| text(class, "reclaimPolicy") == "Retain") {
        let alone = case.volume.is_none_or(|volume| !governing(volume));
        found.add("class retained", by(case.cluster, class), Some(super::Lift::Retained), alone);
    }
}

/// The volume; without one the claim.
pub(super) fn itself(case: &Case<'_>) -> By {
    case.volume.or(case.claim).map_or(By::Untold, |object| by(case.cluster, object))
}
