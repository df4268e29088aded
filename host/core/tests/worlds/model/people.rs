//! What people and other controllers say: holds, protection, owners, GitOps.

use super::json::{annotation, at, group, group_of, kind, label, list, name, namespace, text, uid};
use super::{Case, Found, by};
use probate_contract::manifest::Consent;
use serde_json::Value;

/// Namespaces that Settings protect unless they say otherwise.
const PROTECTED: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "probate"];

pub(super) fn ask(case: &Case<'_>, object: &Value, found: &mut Found) {
    if group(object).is_empty() && kind(object) == "Namespace" && name(object) == case.namespace {
        if held(object) {
            found.want(case, "hold on the namespace", object);
        }
        if text(object, "status.phase") == "Terminating"
            || !at(object, "metadata.deletionTimestamp").is_null()
        {
            found.want(case, "namespace terminating", object);
        }
    }
    owner(case, object, found);
    tracked(case, object, found);
}

/// The veto: any value; `hold-until` a time that has passed lifts it, one that cannot be read does not.
fn held(object: &Value) -> bool {
    match annotation(object, "probate.dev/hold-until") {
        Some(until) => !(until.len() == 20 && until.ends_with('Z') && until <= crate::world::NOW),
        None => annotation(object, "probate.dev/hold").is_some(),
    }
}

pub(super) fn of_itself(case: &Case<'_>, found: &mut Found) {
    for object in case.claim.into_iter().chain(case.volume) {
        if held(object) {
            found.want(case, "hold", object);
        }
        if annotation(object, "helm.sh/resource-policy") == Some("keep") {
            found.want(case, "Helm's keep", object);
        }
        if !at(object, "metadata.deletionTimestamp").is_null() {
            found.want(case, "terminating", object);
        }
        if annotation(object, "harvesterhci.io/goldenImage") == Some("true") {
            found.may(case, "golden image, perhaps", object);
        }
    }
    if PROTECTED.contains(&case.namespace) {
        found.add("protected namespace", super::storage::itself(case), None, true);
    }
    let there = |object: &Value| {
        kind(object) == "Namespace" && group(object).is_empty() && name(object) == case.namespace
    };
    if !case.objects().any(there) {
        let lift = Some(super::Lift::Consent(Consent::NamespaceGone));
        found.add("namespace gone", super::By::Untold, lift, true);
    }
    if let Some(claim) = case.claim {
        helm(case, claim, found);
        owners_untold(case, claim, found);
    }
}

/// Kinds whose links are references of their own, or the mark of a Pod.
fn linked(group: &str, kind: &str) -> bool {
    matches!(group, "apps" | "batch")
        || (group.is_empty() && matches!(kind, "Pod" | "ReplicationController"))
        || (group == "kubevirt.io" && matches!(kind, "VirtualMachine" | "VirtualMachineInstance"))
}

/// A live controller, known by its uid.
fn owner(case: &Case<'_>, object: &Value, found: &mut Found) {
    let Some(claim) = case.claim else { return };
    for owner in list(claim, "metadata.ownerReferences") {
        if text(owner, "uid") != uid(object) || uid(object).is_empty() {
            continue;
        }
        let same = text(owner, "kind") == kind(object)
            && group_of(text(owner, "apiVersion")) == group(object)
            && text(owner, "name") == name(object)
            && (namespace(object).is_empty() || namespace(object) == case.namespace);
        let controls = at(owner, "controller").as_bool() == Some(true);
        if same && controls && !linked(group(object), kind(object)) {
            found.want(case, "live controller", object);
        } else if !same {
            found.may(case, "owner of another kind", object);
        }
    }
}

/// Owners of kinds that nobody lists cannot be proven gone.
fn owners_untold(case: &Case<'_>, claim: &Value, found: &mut Found) {
    for owner in list(claim, "metadata.ownerReferences") {
        let there = case.objects().any(|object| uid(object) == text(owner, "uid"));
        let kind = match group_of(text(owner, "apiVersion")) {
            "" => text(owner, "kind").to_owned(),
            group => format!("{}.{group}", text(owner, "kind")),
        };
        if !there && !super::gaps::whole(case, &kind, case.namespace) {
            found.add("owner unknown", super::By::Untold, None, true);
        }
    }
}

/// Argo CD and Flux write where it comes from; it counts while that is there.
fn tracked(case: &Case<'_>, object: &Value, found: &mut Found) {
    let Some(claim) = case.claim else { return };
    let tracks = match (group(object), kind(object)) {
        ("argoproj.io", "Application") if label(claim, "app.kubernetes.io/instance") == name(object) => true,
        ("argoproj.io", "Application") => {
            let id = annotation(claim, "argocd.argoproj.io/tracking-id").unwrap_or_default();
            let mut parts = id.split(':');
            let app = parts.next().unwrap_or_default();
            // `NAMESPACE_APP` where Applications live in any namespace.
            let (space, app) = app.split_once('_').unwrap_or(("", app));
            app == name(object)
                && (space.is_empty() || space == namespace(object))
                && parts.next() == Some("/PersistentVolumeClaim")
                && parts.next() == Some(&format!("{}/{}", case.namespace, case.name))
        }
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
            label(claim, "kustomize.toolkit.fluxcd.io/name") == name(object)
                && label(claim, "kustomize.toolkit.fluxcd.io/namespace") == namespace(object)
        }
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            label(claim, "helm.toolkit.fluxcd.io/name") == name(object)
                && label(claim, "helm.toolkit.fluxcd.io/namespace") == namespace(object)
        }
        _ => false,
    };
    if tracks {
        found.lifted(case, "GitOps", object, Consent::GitOpsTracked);
    }
}

/// Helm keeps its releases in Secrets, which are never read: a release that is named may be there.
fn helm(case: &Case<'_>, claim: &Value, found: &mut Found) {
    let marks = ["argocd.argoproj.io/tracking-id", "meta.helm.sh/release-name"];
    let labels = [
        "kustomize.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/name",
        "argocd.argoproj.io/instance",
        "app.kubernetes.io/instance",
    ];
    if marks.iter().any(|mark| annotation(claim, mark).is_some())
        || labels.iter().any(|mark| !label(claim, mark).is_empty())
    {
        let lift = Some(super::Lift::Consent(Consent::GitOpsTracked));
        found.add("GitOps, perhaps", by(case.cluster, claim), lift, false);
    }
}
