//! Pods and every template that can make one.

use super::json::{annotation, at, group, group_of, kind, list, name, namespace, text};
use super::{By, Case, Found};
use probate_contract::manifest::Consent;
use serde_json::Value;

pub(super) fn ask(case: &Case<'_>, object: &Value, found: &mut Found) {
    inline(case, object, found);
    if namespace(object) != case.namespace {
        return;
    }
    let (why, spec) = match (group(object), kind(object)) {
        ("", "Pod") => return pod(case, object, found),
        ("apps", "Deployment") => ("Deployment", "spec.template.spec"),
        ("apps", "ReplicaSet") => ("ReplicaSet", "spec.template.spec"),
        ("", "ReplicationController") => ("ReplicationController", "spec.template.spec"),
        ("apps", "DaemonSet") => ("DaemonSet", "spec.template.spec"),
        ("apps", "StatefulSet") => {
            ordinals(case, object, found);
            ("StatefulSet template", "spec.template.spec")
        }
        ("batch", "Job") => ("Job", "spec.template.spec"),
        ("batch", "CronJob") => ("CronJob", "spec.jobTemplate.spec.template.spec"),
        _ => return,
    };
    if mounts(at(object, spec), "", case.name) {
        found.want(case, why, object);
    }
}

/// True where a Pod of that spec and name uses the claim; an ephemeral volume's claim is called `POD-VOLUME`.
pub(super) fn mounts(spec: &Value, pod: &str, claim: &str) -> bool {
    list(spec, "volumes").iter().any(|volume| {
        text(volume, "persistentVolumeClaim.claimName") == claim
            || (!pod.is_empty()
                && at(volume, "ephemeral").is_object()
                && format!("{pod}-{}", text(volume, "name")) == claim)
    })
}

fn pod(case: &Case<'_>, pod: &Value, found: &mut Found) {
    if mounts(at(pod, "spec"), name(pod), case.name) {
        let finished = matches!(text(pod, "status.phase"), "Succeeded" | "Failed");
        found.want(case, if finished { "finished Pod" } else { "Pod" }, pod);
    }
    // A hotplugged disk is attached through a Pod of its own, which mounts the claim as any other Pod.
    if annotation(pod, "kubevirt.io/owner-vmi-name").is_some() && mounts(at(pod, "spec"), "", case.name) {
        found.want(case, "attachment Pod", pod);
    }
}

/// A Pod that mounts the disk itself, by the name that the in-tree plugin has for it.
fn inline(case: &Case<'_>, object: &Value, found: &mut Found) {
    let disk = case.volume.map_or("", |volume| text(volume, "spec.awsElasticBlockStore.volumeID"));
    // Kubernetes gives such a disk to the CSI driver, under the same id.
    let disk =
        case.csi().filter(|(driver, _)| *driver == "ebs.csi.aws.com").map_or(disk, |(_, handle)| handle);
    let same = |volume: &Value| !disk.is_empty() && text(volume, "awsElasticBlockStore.volumeID") == disk;
    if kind(object) == "Pod" && list(object, "spec.volumes").iter().any(same) {
        found.want(case, "Pod with the disk inline", object);
    }
}

/// `TEMPLATE-SET-ORDINAL`: wanted, within reach of a scaler, or only reserved.
fn ordinals(case: &Case<'_>, set: &Value, found: &mut Found) {
    for template in list(set, "spec.volumeClaimTemplates") {
        let prefix = format!("{}-{}-", text(template, "metadata.name"), name(set));
        let Some(digits) = case.name.strip_prefix(&prefix) else { continue };
        let Ok(ordinal) = digits.parse::<u64>() else { continue };
        if ordinal.to_string() != digits {
            continue;
        }
        let start = at(set, "spec.ordinals.start").as_u64().unwrap_or(0);
        let replicas = at(set, "spec.replicas").as_u64().unwrap_or(1);
        let reach = case.objects().filter_map(|scaler| most(scaler, set)).max().unwrap_or(0);
        if ordinal >= start && ordinal < start + replicas {
            found.want(case, "ordinal", set);
        } else if ordinal >= start && ordinal < start + reach {
            found.want(case, "ordinal that a scaler reaches", set);
            let reaches = |scaler: &&Value| most(scaler, set).is_some_and(|most| ordinal < start + most);
            for scaler in case.objects().filter(reaches) {
                found.want(case, "scaler that reaches the ordinal", scaler);
            }
        } else {
            found.lifted(case, "scaled-down ordinal", set, Consent::ScaledDownOrdinal);
            if !super::gaps::whole(case, "HorizontalPodAutoscaler.autoscaling", case.namespace) {
                found.add("scalers unknown", By::Untold, None, true);
            }
        }
    }
}

/// As how many replicas that scaler may ask for, if it scales the set.
fn most(scaler: &Value, set: &Value) -> Option<u64> {
    if namespace(scaler) != namespace(set) {
        return None;
    }
    let target = at(scaler, "spec.scaleTargetRef");
    let fits = text(target, "name") == name(set)
        && text(target, "kind") == "StatefulSet"
        && matches!(group_of(text(target, "apiVersion")), "apps" | "");
    let (limit, otherwise) = match (group(scaler), kind(scaler)) {
        ("autoscaling", "HorizontalPodAutoscaler") => ("spec.maxReplicas", 1),
        ("keda.sh", "ScaledObject") => ("spec.maxReplicaCount", 100),
        _ => return None,
    };
    fits.then(|| at(scaler, limit).as_u64().unwrap_or(otherwise))
}
