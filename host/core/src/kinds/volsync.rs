//! VolSync: what is replicated, what it is restored to, and the claims made on the way.

use super::meta::{Meta, nullable};
use super::snapshots::Copy;
use super::table::Known;
use super::{Edge, Parsed, Payload, Read, Target, Unreadable};
use crate::intake::GroupKind;
use crate::time;
use probate_contract::evidence::{ReferenceState, SnapshotType};
use serde::Deserialize;
use serde_json::Value;

const SOURCE: &str = "volsync v0.12, api/v1alpha1 and internal/controller/mover";

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "volsync.backube",
        kind: "ReplicationSource",
        says: "It wants its claim again at the next run, and has claims of its own; after a run the data lies elsewhere too.",
        fields: &[
            "spec.*.moverVolumes[]",
            "spec.rclone",
            "spec.restic",
            "spec.rsync",
            "spec.rsyncTLS",
            "spec.sourcePVC",
            "status.lastSyncTime",
        ],
        source: SOURCE,
        read: source,
    },
    Known {
        group: "volsync.backube",
        kind: "ReplicationDestination",
        says: "It fills its claim again at the next run; its latest image may be a claim or a snapshot of one.",
        fields: &["spec.*.destinationPVC", "spec.*.moverVolumes[]", "status.latestImage"],
        source: SOURCE,
        read: destination,
    },
];

/// Movers that bring the data somewhere else than into the volume it comes from.
const MOVERS: [&str; 4] = ["rclone", "restic", "rsync", "rsyncTLS"];

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default)]
    spec: Value,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    last_sync_time: Option<Box<str>>,
    latest_image: Option<Image>,
}

#[derive(Deserialize)]
struct Image {
    #[serde(default)]
    kind: Box<str>,
    #[serde(default)]
    name: Box<str>,
}

fn text<'a>(spec: &'a Value, pointer: &str) -> Option<&'a str> {
    spec.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A claim that the mover makes for itself.
fn own(name: &str, role: &str) -> Edge {
    Edge::claim(format!("volsync-{name}-{role}").into(), ReferenceState::Template, "metadata.name")
}

/// Claims that movers mount beside the data: repositories on a claim.
fn mounted(spec: &Value) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (mover, spec) in spec.as_object().into_iter().flatten() {
        let volumes = spec.get("moverVolumes").and_then(Value::as_array).into_iter().flatten().enumerate();
        edges.extend(volumes.filter_map(|(index, volume)| {
            let name = text(volume, "/volumeSource/persistentVolumeClaim/claimName")?;
            let path = format!("spec.{mover}.moverVolumes[{index}]");
            Some(Edge::claim(name.into(), ReferenceState::Template, path))
        }));
    }
    edges
}

/// ReplicationSource; paused it still holds its claim for the day it goes on.
fn source(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Object<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let mut edges = vec![own(&head.name, "src"), own(&head.name, "cache")];
    edges.extend(mounted(&object.spec));
    let claim = text(&object.spec, "/sourcePVC");
    edges.extend(claim.map(|name| Edge::claim(name.into(), ReferenceState::Template, "spec.sourcePVC")));
    let synced = object.status.last_sync_time.as_deref().and_then(time::parse);
    let elsewhere = MOVERS.iter().any(|mover| object.spec.get(mover).is_some_and(|mover| !mover.is_null()));
    let copies = claim.zip(synced).filter(|_| elsewhere).map(|(claim, synced)| Copy {
        namespace: head.namespace.clone(),
        claim: claim.into(),
        uid: None,
        r#type: SnapshotType::Backup,
        ready: true,
        created: Some(synced),
        bytes: None,
        independent: true,
    });
    Ok(Parsed { payload: Payload::Copies(copies.into_iter().collect()), edges, ..Parsed::new(kind, head) })
}

/// ReplicationDestination.
fn destination(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Object<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let mut edges = vec![own(&head.name, "dest"), own(&head.name, "cache")];
    edges.extend(mounted(&object.spec));
    for (mover, spec) in object.spec.as_object().into_iter().flatten() {
        edges.extend(text(spec, "/destinationPVC").map(|name| {
            Edge::claim(name.into(), ReferenceState::Template, format!("spec.{mover}.destinationPVC"))
        }));
    }
    let image = object.status.latest_image.filter(|image| !image.name.is_empty());
    edges.extend(image.and_then(|Image { kind, name }| {
        let path = "status.latestImage.name";
        match &*kind {
            "PersistentVolumeClaim" => Some(Edge::claim(name, ReferenceState::Template, path)),
            "VolumeSnapshot" => {
                Some(Edge::new(Target::Snapshot { namespace: None, name }, ReferenceState::Template, path))
            }
            _ => None,
        }
    }));
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}
