//! Velero: backups and restores under way, the claims its data movers make for themselves, and what was brought to safety.

use super::map::Map;
use super::meta::{Meta, nullable};
use super::snapshots::Copy;
use super::table::Known;
use super::{Edge, Parsed, Payload, Read, Target, Unreadable};
use crate::intake::GroupKind;
use crate::{digest, time};
use probate_contract::evidence::{ReferenceState, SnapshotType};
use serde::Deserialize;
use std::collections::BTreeSet;

const V1: &str = "velero v1.16, pkg/apis/velero/v1";
const MOVER: &str = "velero v1.16, pkg/apis/velero/v2alpha1 and pkg/exposer/csi_snapshot.go";

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "velero.io",
        kind: "Backup",
        says: "While it runs, every claim of the namespaces it includes is being backed up.",
        fields: &["spec.includedNamespaces[]", "status.phase"],
        source: V1,
        read: backup,
    },
    Known {
        group: "velero.io",
        kind: "Restore",
        says: "While it runs, the claims that carry its name, and every claim of the namespaces it restores into, wait for workloads it has not made yet.",
        fields: &["metadata.name", "spec.includedNamespaces[]", "spec.namespaceMapping", "status.phase"],
        source: V1,
        read: restore,
    },
    Known {
        group: "velero.io",
        kind: "PodVolumeBackup",
        says: "Until it completed the claim is being copied; then it stands for a copy that lies elsewhere.",
        fields: &[
            "metadata.annotations[velero.io/pvc-name]",
            "metadata.labels[velero.io/pvc-uid]",
            "spec.pod.namespace",
            "status.completionTimestamp",
            "status.phase",
            "status.progress.totalBytes",
        ],
        source: V1,
        read: pod_volume_backup,
    },
    Known {
        group: "velero.io",
        kind: "PodVolumeRestore",
        says: "It names a Pod; that one names the claims.",
        fields: &[],
        source: V1,
        read: super::builtin::other,
    },
    Known {
        group: "velero.io",
        kind: "DataUpload",
        says: "Until it is over it wants its source and the claim of its own name; completed it stands for a copy that lies elsewhere.",
        fields: &[
            "spec.sourceNamespace",
            "spec.sourcePVC",
            "status.completionTimestamp",
            "status.phase",
            "status.progress.totalBytes",
        ],
        source: MOVER,
        read: data_upload,
    },
    Known {
        group: "velero.io",
        kind: "DataDownload",
        says: "Until it is over it fills its target by the claim of its own name.",
        fields: &["spec.targetVolume", "status.phase"],
        source: MOVER,
        read: data_download,
    },
];

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    included_namespaces: Option<Vec<Box<str>>>,
    namespace_mapping: Option<Map>,
    pod: Option<PodRef>,
    #[serde(rename = "sourcePVC")]
    source_pvc: Option<Box<str>>,
    source_namespace: Option<Box<str>>,
    target_volume: Option<TargetVolume>,
}

#[derive(Deserialize)]
struct PodRef {
    #[serde(default)]
    namespace: Option<Box<str>>,
}

#[derive(Deserialize)]
struct TargetVolume {
    #[serde(default)]
    pvc: Option<Box<str>>,
    #[serde(default)]
    pv: Option<Box<str>>,
    #[serde(default)]
    namespace: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Option<Box<str>>,
    completion_timestamp: Option<Box<str>>,
    progress: Option<Progress>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    #[serde(default)]
    total_bytes: Option<i64>,
}

impl Status {
    /// A phase that no run leaves again; one that is not known yet is under way.
    fn over(&self) -> bool {
        let phase = self.phase.as_deref().unwrap_or_default();
        matches!(phase, "Completed" | "PartiallyFailed" | "Failed" | "FailedValidation" | "Canceled")
    }

    /// The copy that a completed run brought to safety; one that failed is none.
    fn copy(&self, namespace: Box<str>, claim: Box<str>, uid: Option<Box<str>>) -> Option<Copy> {
        (self.phase.as_deref() == Some("Completed")).then(|| Copy {
            namespace,
            claim,
            uid,
            r#type: SnapshotType::Backup,
            ready: true,
            created: self.completion_timestamp.as_deref().and_then(time::parse),
            bytes: self
                .progress
                .as_ref()
                .and_then(|progress| progress.total_bytes)
                .filter(|bytes| *bytes > 0),
            independent: true,
        })
    }
}

fn object<'a>(kind: &GroupKind, json: &'a [u8]) -> Result<Object<'a>, Unreadable> {
    serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))
}

/// Backup; what it excludes counts too, it is over soon.
fn backup(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, status } = object(kind, json)?;
    let head = metadata.head(kind)?;
    if status.over() || status.phase.as_deref() == Some("Deleting") {
        return Ok(Parsed::new(kind, head));
    }
    let edges = included(spec.included_namespaces).into_iter().map(within).collect();
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

/// The namespaces that a Backup or Restore names, without doubles; every one where it names none, or a pattern.
fn included(names: Option<Vec<Box<str>>>) -> BTreeSet<Box<str>> {
    let names: BTreeSet<Box<str>> = names.unwrap_or_default().into_iter().collect();
    let all = names.is_empty() || names.iter().any(|name| name.contains('*'));
    if all { BTreeSet::from(["*".into()]) } else { names }
}

fn within(name: Box<str>) -> Edge {
    let target = Target::Namespace { name };
    Edge::new(target, ReferenceState::Active, "spec.includedNamespaces").running()
}

/// Restore; what it makes carries its name as a label, in whatever namespace. A claim that is there already is not made again but
/// taken as it is (velero, pkg/restore/restore.go restoreItem), so that the workloads that it brings may want any claim of the
/// namespaces it restores into.
fn restore(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, status } = object(kind, json)?;
    let head = metadata.head(kind)?;
    if status.over() {
        return Ok(Parsed::new(kind, head));
    }
    let pair = format!("velero.io/restore-name={}", label(&head.name)).into();
    let target = Target::Labelled { pair, anywhere: true };
    let made = Edge::new(target, ReferenceState::Active, "metadata.name").running();
    let mapping = spec.namespace_mapping.unwrap_or_default();
    let into = |name: Box<str>| mapping.get(&name).map_or(name, |to| to.into());
    let into: BTreeSet<Box<str>> = included(spec.included_namespaces).into_iter().map(into).collect();
    Ok(Parsed { edges: into.into_iter().map(within).chain([made]).collect(), ..Parsed::new(kind, head) })
}

/// A name as a label holds it (velero, pkg/label GetValidName): cut and hashed where it is too long.
fn label(name: &str) -> String {
    const LONGEST: usize = 63;
    const HASH: usize = 6;
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let hash = digest::of_bytes(name.as_bytes());
    let hash = hash.strip_prefix("sha256:").unwrap_or_default();
    name.chars().take(LONGEST - HASH).chain(hash.chars().take(HASH)).collect()
}

fn filled(text: Option<Box<str>>) -> Option<Box<str>> {
    text.filter(|text| !text.is_empty())
}

fn mark(marks: &Map, key: &str) -> Option<Box<str>> {
    marks.get(key).filter(|value| !value.is_empty()).map(|value| value.into())
}

/// PodVolumeBackup; where it does not name the claim, the Pod does.
fn pod_volume_backup(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, status } = object(kind, json)?;
    let claim = mark(&metadata.annotations(kind)?, "velero.io/pvc-name");
    let uid = mark(&metadata.labels(kind)?, "velero.io/pvc-uid");
    let head = metadata.head(kind)?;
    let namespace = filled(spec.pod.and_then(|pod| pod.namespace));
    let Some(namespace) = namespace.filter(|_| claim.is_some() || uid.is_some()) else {
        return Ok(Parsed::new(kind, head));
    };
    let running = match (status.over(), claim.clone(), uid.clone()) {
        (true, ..) | (_, None, None) => None,
        (_, Some(name), _) => {
            let path = "metadata.annotations[velero.io/pvc-name]";
            Some(Edge::claim_in(Some(namespace.clone()), name, ReferenceState::Active, path))
        }
        (_, None, Some(uid)) => {
            let path = "metadata.labels[velero.io/pvc-uid]";
            Some(Edge::new(Target::Uid { uid }, ReferenceState::Active, path))
        }
    };
    let copy = status.copy(namespace, claim.unwrap_or_default(), uid);
    Ok(Parsed {
        payload: Payload::Copies(copy.into_iter().collect()),
        edges: running.map(Edge::running).into_iter().collect(),
        ..Parsed::new(kind, head)
    })
}

/// DataUpload; the claim it reads from is its own and has its name.
fn data_upload(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, status } = object(kind, json)?;
    let head = metadata.head(kind)?;
    let source = filled(spec.source_namespace).zip(filled(spec.source_pvc));
    let mut edges = Vec::new();
    if !status.over() {
        edges.push(Edge::claim(head.name.clone(), ReferenceState::Active, "metadata.name").running());
        edges.extend(source.clone().map(|(namespace, name)| {
            Edge::claim_in(Some(namespace), name, ReferenceState::Active, "spec.sourcePVC").running()
        }));
    }
    let copies =
        source.and_then(|(namespace, name)| status.copy(namespace, name, None)).into_iter().collect();
    Ok(Parsed { payload: Payload::Copies(copies), edges, ..Parsed::new(kind, head) })
}

/// DataDownload.
fn data_download(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, status } = object(kind, json)?;
    let head = metadata.head(kind)?;
    if status.over() {
        return Ok(Parsed::new(kind, head));
    }
    let mut edges = vec![Edge::claim(head.name.clone(), ReferenceState::Active, "metadata.name").running()];
    if let Some(target) = spec.target_volume {
        edges.extend(filled(target.pvc).map(|name| {
            let path = "spec.targetVolume.pvc";
            Edge::claim_in(target.namespace, name, ReferenceState::Active, path).running()
        }));
        edges.extend(filled(target.pv).map(|name| {
            Edge::new(Target::Volume { name }, ReferenceState::Active, "spec.targetVolume.pv").running()
        }));
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn long_names_are_cut_and_hashed_as_velero_does() {
        assert_eq!(label("nightly"), "nightly");
        // velero, pkg/label/label_test.go
        let long = "this-is-a-very-long-string-that-exceeds-the-kubernetes-limit-of-63-characters";
        let cut = label(long);
        assert_eq!(cut.len(), 63);
        assert!(cut.starts_with("this-is-a-very-long-string-that-exceeds-the-kubernetes-li"));
    }
}
