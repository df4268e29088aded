//! Velero and VolSync: what moves data from and to claims.

use super::json::{annotation, at, group, kind, label, list, name, namespace, text};
use super::{Case, Found};
use serde_json::Value;

pub(super) fn ask(case: &Case<'_>, object: &Value, found: &mut Found) {
    match group(object) {
        "velero.io" => velero(case, object, found),
        "volsync.backube" => volsync(case, object, found),
        _ => {}
    }
}

fn done(object: &Value) -> bool {
    matches!(
        text(object, "status.phase"),
        "Completed" | "PartiallyFailed" | "Failed" | "FailedValidation" | "Canceled" | "Deleting"
    )
}

fn velero(case: &Case<'_>, object: &Value, found: &mut Found) {
    let names = match kind(object) {
        "Backup" => reaches(object, case.namespace),
        "Restore" => {
            let made = case.claim.is_some_and(|claim| label(claim, "velero.io/restore-name") == name(object));
            let mapping = at(object, "spec.namespaceMapping").as_object();
            let mut from = mapping.into_iter().flatten().filter(|(_, to)| *to == case.namespace);
            let away = mapping.is_some_and(|mapping| mapping.contains_key(case.namespace));
            made || (reaches(object, case.namespace) && !away) || from.any(|(from, _)| reaches(object, from))
        }
        "DataUpload" => case.is(text(object, "spec.sourceNamespace"), text(object, "spec.sourcePVC")),
        "DataDownload" => {
            let target = at(object, "spec.targetVolume");
            case.is(text(target, "namespace"), text(target, "pvc"))
        }
        "PodVolumeBackup" => {
            let named = annotation(object, "velero.io/pvc-name").unwrap_or_default();
            label(object, "velero.io/pvc-uid") == case.uid
                || case.is(text(object, "spec.pod.namespace"), named)
        }
        _ => false,
    };
    if names {
        if done(object) {
            found.may(case, "finished Velero work", object);
        } else {
            found.want(case, "Velero work", object);
        }
    }
}

/// True where a Backup or Restore takes the namespace in.
fn reaches(object: &Value, space: &str) -> bool {
    let named = |path: &str| {
        list(object, path).iter().filter_map(Value::as_str).any(|name| name == space || name == "*")
    };
    (list(object, "spec.includedNamespaces").is_empty() || named("spec.includedNamespaces"))
        && !named("spec.excludedNamespaces")
}

fn volsync(case: &Case<'_>, object: &Value, found: &mut Found) {
    if namespace(object) != case.namespace {
        return;
    }
    let names = match kind(object) {
        "ReplicationSource" => text(object, "spec.sourcePVC") == case.name,
        "ReplicationDestination" => ["rsync", "rsyncTLS", "restic", "rclone", "syncthing"]
            .iter()
            .any(|mover| text(object, &format!("spec.{mover}.destinationPVC")) == case.name),
        _ => false,
    };
    if names {
        found.want(case, "VolSync", object);
    }
}
