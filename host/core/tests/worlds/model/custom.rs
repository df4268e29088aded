//! Resources that nobody knows: whoever names the claim may want it.

use super::json::{at, group, kind, maps, namespace, strings, text};
use super::{Case, Found};
use serde_json::Value;

/// Groups that Kubernetes serves, and those that the other files of the model know.
fn unknown(group: &str) -> bool {
    let served = group.is_empty() || !group.contains('.') || group.ends_with(".k8s.io");
    let known =
        ["kubevirt.io", "cdi.kubevirt.io", "velero.io", "volsync.backube", "harvesterhci.io", "argoproj.io"];
    let platform = ["kubevirt.io", "cattle.io", "x-k8s.io", "fluxcd.io"];
    !served && !known.contains(&group) && !platform.iter().any(|name| group.ends_with(name))
}

/// Whose mention of a name means nothing: reports and GitOps inventories.
fn ignored(group: &str, kind: &str) -> bool {
    let reports = ["wgpolicyk8s.io", "aquasecurity.github.io", "reports.kyverno.io", "probate.dev"];
    reports.contains(&group)
        || (group == "argoproj.io" && matches!(kind, "Application" | "ApplicationSet" | "AppProject"))
}

/// Kinds of groups that hold workloads or storage which no Kubernetes of today serves.
pub(super) fn unheard(group: &str, kind: &str) -> bool {
    let known: &[&str] = match group {
        "apps" => &["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ControllerRevision"],
        "batch" => &["Job", "CronJob"],
        "policy" => &["PodDisruptionBudget", "Eviction"],
        "storage.k8s.io" => {
            &["StorageClass", "VolumeAttachment", "CSINode", "CSIDriver", "CSIStorageCapacity"]
        }
        _ => return false,
    };
    !known.contains(&kind)
}

/// True for objects of which nobody knows what their texts mean.
fn stranger(object: &Value) -> bool {
    let (group, kind) = (group(object), kind(object));
    !ignored(group, kind) && (unknown(group) || group == "argoproj.io" || unheard(group, kind))
}

/// Who names a handle or a volume's uid means the asset, whatever became of its claim.
pub(super) fn asset(case: &Case<'_>, object: &Value, found: &mut Found) {
    let mut named = false;
    let volume = case.volume.map_or("", |volume| text(volume, "metadata.uid"));
    for part in [at(object, "spec"), at(object, "status"), at(object, "data")] {
        strings(part, &mut |text| {
            named |= text == volume || case.csi().is_some_and(|(_, handle)| handle == text)
        });
    }
    if named && !volume.is_empty() && stranger(object) {
        found.want(case, "unknown resource of the asset", object);
    }
}

pub(super) fn ask(case: &Case<'_>, object: &Value, found: &mut Found) {
    if !stranger(object) {
        return;
    }
    asset(case, object, found);
    let own = namespace(object);
    let mut named = false;
    let mut spaced = false;
    let mut certain = false;
    for part in
        [at(object, "spec"), at(object, "status"), at(object, "data"), at(object, "metadata.annotations")]
    {
        strings(part, &mut |text| {
            named |= text == case.name;
            spaced |= text == case.namespace;
            certain |= text.split_once('/') == Some((case.namespace, case.name));
            // A uid means one thing, wherever it is told.
            certain |= case.claim.is_some() && text == case.uid;
        });
        maps(part, &mut |map| {
            let is = |key: &str, text: &str| map.get(key).and_then(Value::as_str) == Some(text);
            certain |= is("namespace", case.namespace) && is("name", case.name);
            // Without namespace it serves any.
            certain |= own.is_empty() && is("claimName", case.name);
        });
    }
    certain |= named && own == case.namespace;
    if certain {
        found.want(case, "unknown resource", object);
    } else if named && spaced || mentions(object, case.name) {
        found.may(case, "unknown resource, perhaps", object);
    }
}

/// True where the name stands anywhere in the object's text.
fn mentions(object: &Value, name: &str) -> bool {
    let mut found = false;
    strings(object, &mut |text| found |= text.contains(name));
    found && !text(object, "metadata.name").is_empty()
}
