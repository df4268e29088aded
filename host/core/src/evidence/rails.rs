//! What the guards look at beside the facts: marks of people and platforms, and what surrounds the subject.

use super::references::References;
use super::{View, guests, tracked, usage};
use crate::kinds::map::Map;
use crate::kinds::storage;
use crate::time;
use probate_contract::evidence::{Reference, ReferenceState};
use probate_contract::record::{Mark, Quarantine};
use std::sync::Arc;

/// Plain data about one subject, for the guards.
#[derive(Clone, Debug, Default)]
pub struct Rails {
    /// References that are proven, whatever else is unknown.
    pub proven: Arc<Vec<Reference>>,
    /// Vetoes: where the hold annotation stands, and until when.
    pub holds: Vec<(String, Option<i64>)>,
    /// Marks by which a platform or a release keeps it.
    pub kept: Vec<String>,
    /// Operations under way.
    pub operations: Vec<String>,
    /// A scaled-down StatefulSet that would come back for the claim.
    pub ordinal: Option<String>,
    /// Marks of GitOps tools that would re-create it.
    pub tracked: Vec<String>,
    /// Volumes with the same driver and handle.
    pub twins: Vec<String>,
    /// Finalizers nobody here knows.
    pub finalizers: Vec<String>,
    /// Volume and claim name each other, but not by uid.
    pub unproven: bool,
    /// The claim or volume is being deleted.
    pub deleting: bool,
    /// The record's mark.
    pub mark: Option<Mark>,
    /// The record's quarantine.
    pub quarantine: Option<Quarantine>,
}

/// Backups in the making: they read, and are no use.
const BACKUPS: [(&str, &str); 4] = [
    ("velero.io", "Backup"),
    ("velero.io", "DataUpload"),
    ("velero.io", "PodVolumeBackup"),
    ("snapshot.storage.k8s.io", "VolumeSnapshot"),
];

impl Rails {
    /// True where something wants it, and all that does are backups in the making.
    pub(crate) fn passing(&self) -> bool {
        let mut wanting = self.proven.iter().filter(|reference| usage::wants(reference.state)).peekable();
        let backup = |reference: &Reference| {
            let kind = (reference.group.as_deref().unwrap_or_default(), reference.kind.as_str());
            BACKUPS.contains(&kind)
        };
        wanting.peek().is_some() && wanting.all(backup)
    }
}

const HOLD: &str = "probate.dev/hold";
const HOLD_UNTIL: &str = "probate.dev/hold-until";

/// Finalizers whose meaning is known; the second is an operation under way.
const FINALIZERS: [&str; 5] = [
    "kubernetes.io/pvc-protection",
    "kubernetes.io/pv-protection",
    "kubernetes.io/pv-controller",
    "external-provisioner.volume.kubernetes.io/finalizer",
    "external-attacher/",
];
const OPERATION_FINALIZERS: [&str; 2] = [
    "snapshot.storage.kubernetes.io/pvc-as-source-protection",
    "provisioner.storage.kubernetes.io/cloning-protection",
];

pub(crate) fn of(view: &View<'_>, references: &References) -> Rails {
    let claim = view.claim.get().map(|(_, claim)| *claim);
    let volume = view.volume.get().map(|(_, volume)| *volume);
    let namespace = view
        .namespace()
        .and_then(|name| view.cluster.namespaces.get(name))
        .map(|namespace| &namespace.data.annotations);
    let subjects = [
        ("the claim", claim.map(|claim| &claim.subject)),
        ("the volume", volume.map(|volume| &volume.subject)),
    ];
    let mut rails = Rails {
        proven: references.proven.clone(),
        twins: references.twins.clone(),
        unproven: view.unproven,
        ..Rails::default()
    };
    for (place, subject) in subjects {
        let Some(subject) = subject else { continue };
        rails.holds.extend(hold(place, &subject.annotations, view.now()));
        rails.kept.extend(kept(place, &subject.annotations));
        rails.tracked.extend(tracked::of(view, place, subject));
        for finalizer in &subject.finalizers {
            if OPERATION_FINALIZERS.contains(&&**finalizer) {
                rails.operations.push(format!("finalizer {finalizer} on {place}"));
            } else if !FINALIZERS
                .iter()
                .any(|known| **finalizer == **known || (known.ends_with('/') && finalizer.starts_with(known)))
            {
                rails.finalizers.push(format!("{finalizer} on {place}"));
            }
        }
    }
    rails.kept.extend(guests::kept(view));
    rails.kept.extend(claim.and_then(|claim| control_plane(view, claim)));
    rails.holds.extend(namespace.and_then(|annotations| hold("the namespace", annotations, view.now())));
    if references.operation {
        rails.operations.push("a clone, import, restore or snapshot that is not finished names it".into());
    }
    if claim.is_some_and(|claim| claim.resizing) {
        rails.operations.push("the claim is being resized or modified".into());
    }
    let scaled = || {
        references
            .proven
            .iter()
            .find(|reference| reference.kind == "StatefulSet" && reference.state == ReferenceState::Reserved)
    };
    rails.ordinal = references.ordinal.and_then(|ordinal| {
        scaled().map(|set| {
            format!(
                "ordinal {} of StatefulSet {}/{}",
                ordinal.ordinal,
                set.namespace.as_deref().unwrap_or_default(),
                set.name
            )
        })
    });
    let deleting = |id: u32| view.cluster.object(id).is_some_and(|object| object.head.deleting.is_some());
    rails.deleting = deleting(view.object)
        || view.claim.get().is_some_and(|(id, _)| deleting(*id))
        || view.volume.get().is_some_and(|(id, _)| deleting(*id));
    rails.mark = view.record.and_then(|record| record.status.mark.clone());
    rails.quarantine = view.record.and_then(|record| record.status.quarantine.clone());
    rails
}

/// The store of a virtual cluster's control plane; without it the syncer takes every synced claim for deleted (vcluster,
/// persistentvolumeclaims/syncer.go). It counts as dead once nothing of the name is left.
fn control_plane(view: &View<'_>, claim: &storage::Claim) -> Option<String> {
    let app = claim.subject.labels.get("app").filter(|app| app.starts_with("vcluster"))?;
    let release = claim.subject.labels.get("release")?;
    let namespace = view.namespace()?;
    let alive = guests::control_plane(view, namespace, release).0.is_some();
    let serves = view.inventory.links.serves(view.at(), namespace, release);
    (alive || serves).then(|| format!("the store of {app} {release}, which is there or still has volumes"))
}

/// Any value vetoes; a readable time that has passed ends it.
fn hold(place: &str, annotations: &Map, now: i64) -> Option<(String, Option<i64>)> {
    let until = annotations.get(HOLD_UNTIL);
    let at = until.and_then(time::parse);
    if annotations.get(HOLD).is_none() && until.is_none() {
        return None;
    }
    match at {
        Some(at) if at <= now => None,
        at => Some((format!("{HOLD} on {place}"), at)),
    }
}

const HELM_POLICY: &str = "helm.sh/resource-policy";

/// What people write so that the tool that made it leaves it behind.
const KEPT: [(&str, &str); 6] = [
    ("argocd.argoproj.io/sync-options", "Delete=false"),
    ("argocd.argoproj.io/sync-options", "Prune=false"),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
    ("kapp.k14s.io/delete-strategy", "orphan"),
    ("cli-utils.sigs.k8s.io/on-remove", "keep"),
    ("client.lifecycle.config.k8s.io/deletion", "detach"),
];

/// Born on the host and shown in a virtual cluster: its data is the host's own (vcluster, `object-imported`).
const IMPORTED: (&str, &str) = ("vcluster.loft.sh/object-imported", "true");

/// A hibernated CloudNativePG cluster, which is read from its claim when it is woken (cloudnative-pg, pkg/utils/labels_annotations.go).
const COMES_BACK: [&str; 2] = ["cnpg.io/hibernateClusterManifest", "cnpg.io/clusterManifest"];

fn kept(place: &str, annotations: &Map) -> Vec<String> {
    let mut kept = Vec::new();
    if annotations.get(HELM_POLICY).is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep")) {
        kept.push(format!("{HELM_POLICY}: keep on {place}"));
    }
    for (key, value) in KEPT.into_iter().chain([IMPORTED]) {
        let told = annotations.get(key).is_some_and(|told| told.split(',').any(|told| told.trim() == value));
        kept.extend(told.then(|| format!("{key}: {value} on {place}")));
    }
    kept.extend(
        COMES_BACK.iter().filter(|key| annotations.contains_key(key)).map(|key| format!("{key} on {place}")),
    );
    if annotations.get("harvesterhci.io/goldenImage").is_some_and(|golden| golden == "true") {
        kept.push(format!("harvesterhci.io/goldenImage on {place}"));
    }
    kept
}
