//! Marks of GitOps tools that would make the claim again, as long as the release or application that they name is there.

use super::View;
use crate::intake::GroupKind;
use crate::inventory::ClusterData;
use crate::kinds::group_of;
use crate::kinds::map::Map;
use crate::kinds::subject::Subject;

const ARGO_ID: &str = "argocd.argoproj.io/tracking-id";
const ARGO_LABEL: &str = "argocd.argoproj.io/instance";
/// What Argo CD labels by unless it is told otherwise; Helm charts write it too, so that it counts beside an Application.
const ARGO_DEFAULT_LABEL: &str = "app.kubernetes.io/instance";
const HELM: &str = "meta.helm.sh/release-name";
const OBJECT_SET: &str = "objectset.rio.cattle.io/hash";
const OBJECT_SET_ID: &str = "objectset.rio.cattle.io/id";
const OBJECT_SET_OWNER: &str = "objectset.rio.cattle.io/owner-name";
const OBJECT_SET_HOME: &str = "objectset.rio.cattle.io/owner-namespace";
/// What Flux names its owner by, and the owner's kind.
const FLUX: [(&str, &str, &str); 2] = [
    ("kustomize.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io", "HelmRelease"),
];

/// The marks on the claim or volume whose owner is not proven to be gone.
pub(crate) fn of(view: &View<'_>, place: &str, subject: &Subject) -> Vec<String> {
    let (annotations, labels) = (&subject.annotations, &subject.labels);
    let mut found = Vec::new();
    let mut mark = |key: &str, gone: bool| {
        if !gone {
            found.push(format!("{key} on {place}"));
        }
    };
    if let Some(id) = annotations.get(ARGO_ID) {
        let application = id.split(':').next().unwrap_or_default();
        mark(ARGO_ID, argo_gone(view, application));
    }
    if let Some(application) = labels.get(ARGO_LABEL) {
        mark(ARGO_LABEL, argo_gone(view, application));
    }
    if let Some(application) = labels.get(ARGO_DEFAULT_LABEL).filter(|_| argo_exists(view)) {
        mark(ARGO_DEFAULT_LABEL, argo_gone(view, application));
    }
    for (prefix, group, kind) in FLUX {
        let key = format!("{prefix}/name");
        let Some(name) = labels.get(&key) else { continue };
        let namespace = labels.get(&format!("{prefix}/namespace"));
        mark(&key, namespace.is_some_and(|namespace| gone(view, group, kind, namespace, name)));
    }
    // A Helm release is a Secret, and Secrets are never read.
    if annotations.contains_key(HELM) {
        mark(HELM, false);
    }
    let set = [
        labels.contains_key(OBJECT_SET).then_some(OBJECT_SET),
        annotations.contains_key(OBJECT_SET_ID).then_some(OBJECT_SET_ID),
    ];
    if let Some(key) = set.into_iter().flatten().next() {
        mark(key, object_set_gone(view, annotations));
    }
    found
}

/// Namespaces, where they are told, and names of the releases and applications that the marks name.
pub(crate) fn named(subject: &Subject) -> impl Iterator<Item = (Option<&str>, &str)> {
    let (annotations, labels) = (&subject.annotations, &subject.labels);
    let id = annotations.get(ARGO_ID).and_then(|id| id.split(':').next());
    let argo = [id, labels.get(ARGO_LABEL), labels.get(ARGO_DEFAULT_LABEL)].into_iter().flatten();
    let flux = FLUX.into_iter().filter_map(|(prefix, ..)| {
        let at = |key: &str| labels.get(&format!("{prefix}/{key}"));
        Some((at("namespace"), at("name")?))
    });
    let set = annotations.get(OBJECT_SET_OWNER).map(|name| (annotations.get(OBJECT_SET_HOME), name));
    argo.map(|told| (None, application(told))).chain(flux).chain(set)
}

fn applications() -> GroupKind {
    GroupKind { group: "argoproj.io".into(), kind: "Application".into() }
}

fn argo_exists(view: &View<'_>) -> bool {
    let kind = applications();
    view.inventory.clusters.iter().any(|cluster| cluster.coverage.may_have_kind(&kind))
}

/// Applications may live in any namespace, then their name begins with it (argo-cd, util/argo/resource_tracking.go).
fn application(told: &str) -> &str {
    told.split_once('_').map_or(told, |(_, name)| name)
}

fn argo_gone(view: &View<'_>, told: &str) -> bool {
    nowhere(view, &applications(), None, |cluster| cluster.has_application(application(told)))
}

/// The owner of a set that Rancher's wrangler applied (rancher/wrangler, pkg/apply/desiredset.go).
fn object_set_gone(view: &View<'_>, annotations: &Map) -> bool {
    let gvk = annotations.get("objectset.rio.cattle.io/owner-gvk");
    let (Some(gvk), Some(name)) = (gvk, annotations.get(OBJECT_SET_OWNER)) else { return false };
    let Some((version, kind)) = gvk.split_once(", Kind=") else { return false };
    let namespace = annotations.get(OBJECT_SET_HOME).unwrap_or_default();
    gone(view, group_of(version), kind, namespace, name)
}

/// True where nobody of that kind has the name any more.
fn gone(view: &View<'_>, group: &str, kind: &str, namespace: &str, name: &str) -> bool {
    let kind = GroupKind { group: group.into(), kind: kind.into() };
    let within = Some(namespace).filter(|namespace| !namespace.is_empty());
    nowhere(view, &kind, within, |cluster| cluster.named(&kind, namespace, name).is_some())
}

/// True where the kind exists in a cluster that was read, every such list is whole, and it is in none. The tool may run in a hub:
/// a cluster without the kind proves nothing.
fn nowhere(
    view: &View<'_>,
    kind: &GroupKind,
    within: Option<&str>,
    has: impl Fn(&ClusterData) -> bool,
) -> bool {
    let mut homes =
        view.inventory.clusters.iter().filter(|cluster| cluster.coverage.has_kind(kind)).peekable();
    homes.peek().is_some()
        && homes.all(|cluster| cluster.coverage.list(kind, within).is_ok() && !has(cluster))
}
