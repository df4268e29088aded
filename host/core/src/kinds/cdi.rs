//! The Containerized Data Importer: what fills claims, what keeps images, and the claims it makes on the way.

use super::meta::{Meta, nullable};
use super::table::Known;
use super::{Edge, Parsed, Payload, Read, Target, Unreadable, kubevirt, storage};
use crate::intake::GroupKind;
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;
use std::sync::Arc;

macro_rules! source {
    ($file:literal) => {
        concat!("containerized-data-importer v1.62, ", $file)
    };
}

const TYPES: &str =
    source!("staging/src/kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1/types.go");

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "cdi.kubevirt.io",
        kind: "DataVolume",
        says: "The claim of its name is its own: while it exists CDI makes that claim again; while it is filled its source is wanted.",
        fields: &[
            "metadata.finalizers",
            "spec.source.pvc",
            "spec.source.snapshot",
            "status.claimName",
            "status.phase",
        ],
        source: TYPES,
        read: data_volume,
    },
    Known {
        group: "cdi.kubevirt.io",
        kind: "DataSource",
        says: "It offers a claim as an image for new disks.",
        fields: &["spec.source.pvc", "spec.source.snapshot", "status.source.pvc", "status.source.snapshot"],
        source: TYPES,
        read: data_source,
    },
    Known {
        group: "cdi.kubevirt.io",
        kind: "DataImportCron",
        says: "It keeps the last images it imported, which carry its name, and imports the next.",
        fields: &[
            "metadata.name",
            "spec.template.spec.source.pvc",
            "status.currentImports[].DataVolumeName",
            "status.lastImportedPVC",
        ],
        source: TYPES,
        read: data_import_cron,
    },
    Known {
        group: "cdi.kubevirt.io",
        kind: "ObjectTransfer",
        says: "Until it is complete a claim moves from one namespace or name to another.",
        fields: &["spec.source", "spec.target", "status.phase"],
        source: TYPES,
        read: object_transfer,
    },
    Known {
        group: "cdi.kubevirt.io",
        kind: "VolumeCloneSource",
        says: "It offers a claim to be cloned from.",
        fields: &["spec.source"],
        source: source!(
            "staging/src/kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1/types_populators.go"
        ),
        read: clone_source,
    },
    Known {
        group: "cdi.kubevirt.io",
        kind: "VolumeImportSource",
        says: "It is imported into the claim it names.",
        fields: &["spec.targetClaim"],
        source: source!(
            "staging/src/kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1/types_populators.go"
        ),
        read: import_source,
    },
];

/// Uid of the claim that a claim of that name is made to fill (CDI, pkg/controller/populators/util.go, pkg/controller/clone).
pub(crate) fn filled_by(name: &str) -> Option<&str> {
    const PREFIXES: [&str; 3] = ["prime-", "tmp-source-pvc-", "tmp-pvc-"];
    let uid = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    Some(uid.strip_suffix("-scratch").unwrap_or(uid))
}

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
    source: Option<Source>,
    pvc: Option<Made>,
    storage: Option<Made>,
    target_claim: Option<Box<str>>,
    template: Option<Template>,
}

#[derive(Deserialize)]
struct Template {
    #[serde(default)]
    spec: TemplateSpec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TemplateSpec {
    source: Option<Source>,
}

/// The claim as it will be made.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Made {
    data_source: Option<storage::Source>,
    data_source_ref: Option<storage::Source>,
}

impl Made {
    /// The claim that it is to be cloned from, with its namespace.
    pub(super) fn origin(self) -> Option<(Option<Box<str>>, Box<str>)> {
        let source = self.data_source_ref.or(self.data_source)?;
        (&*source.kind == "PersistentVolumeClaim").then_some((source.namespace, source.name))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Source {
    pub(super) pvc: Option<Origin>,
    snapshot: Option<Origin>,
}

/// What a disk is cloned from.
#[derive(Deserialize)]
pub(super) struct Origin {
    pub(super) name: Box<str>,
    #[serde(default)]
    pub(super) namespace: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Option<Box<str>>,
    claim_name: Option<Box<str>>,
    source: Option<Source>,
    current_imports: Option<Vec<Import>>,
    #[serde(rename = "lastImportedPVC")]
    last_imported: Option<Origin>,
}

#[derive(Deserialize)]
struct Import {
    #[serde(rename = "DataVolumeName", default)]
    data_volume: Box<str>,
}

impl Source {
    fn edges(self, state: ReferenceState, at: &str) -> Vec<Edge> {
        let filled = |origin: &Origin| !origin.name.is_empty();
        let claim = self
            .pvc
            .filter(filled)
            .map(|origin| Edge::claim_in(origin.namespace, origin.name, state, format!("{at}.pvc.name")));
        let snapshot = self.snapshot.filter(filled).map(|origin| {
            let namespace = origin.namespace.filter(|namespace| !namespace.is_empty());
            Edge::new(Target::Snapshot { namespace, name: origin.name }, state, format!("{at}.snapshot.name"))
        });
        claim.into_iter().chain(snapshot).collect()
    }
}

fn object<'a>(kind: &GroupKind, json: &'a [u8]) -> Result<Object<'a>, Unreadable> {
    serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))
}

/// DataVolume: the claim of its name, and while it is being filled what it is filled from.
fn data_volume(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, status } = object(kind, json)?;
    let orphaned = metadata.orphans();
    let head = metadata.head(kind)?;
    let filled = status.phase.as_deref() == Some("Succeeded");
    let state = if filled { ReferenceState::Template } else { ReferenceState::Active };
    let mut edges = vec![Edge::claim(head.name.clone(), state, "metadata.name")];
    let named = status.claim_name.filter(|name| *name != head.name && !name.is_empty());
    edges.extend(named.map(|name| Edge::claim(name, state, "status.claimName")));
    if !filled {
        edges.extend(spec.source.unwrap_or_default().edges(ReferenceState::Active, "spec.source"));
        for (made, path) in [(spec.pvc, "spec.pvc"), (spec.storage, "spec.storage")] {
            let origin = made.and_then(Made::origin);
            edges.extend(origin.map(|(namespace, name)| {
                Edge::claim_in(namespace, name, ReferenceState::Active, format!("{path}.dataSourceRef"))
            }));
        }
        edges = edges.into_iter().map(Edge::running).collect();
    }
    let intent = || Payload::Intent(Arc::new(kubevirt::Intent { orphaned, ..Default::default() }));
    let payload = if orphaned { intent() } else { Payload::Nothing };
    Ok(Parsed { payload, edges, ..Parsed::new(kind, head) })
}

/// DataSource; a snapshot that it offers outlives its claim as far as the storage system lets it.
fn data_source(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, status } = object(kind, json)?;
    let mut edges = spec.source.unwrap_or_default().edges(ReferenceState::Template, "spec.source");
    edges.extend(status.source.unwrap_or_default().edges(ReferenceState::Template, "status.source"));
    Ok(Parsed { edges, ..Parsed::new(kind, metadata.head(kind)?) })
}

/// DataImportCron.
fn data_import_cron(kind: &GroupKind, json: &[u8]) -> Read {
    const LABEL: &str = "cdi.kubevirt.io/dataImportCron";
    let Object { metadata, spec, status } = object(kind, json)?;
    let head = metadata.head(kind)?;
    let origin = spec.template.and_then(|template| template.spec.source?.pvc).map(|origin| {
        let path = "spec.template.spec.source.pvc.name";
        Edge::claim_in(origin.namespace, origin.name, ReferenceState::Template, path)
    });
    let mut edges: Vec<Edge> = origin.into_iter().collect();
    edges.push(Edge::labelled(LABEL, &head.name, ReferenceState::Template, "metadata.name"));
    for (index, import) in status.current_imports.unwrap_or_default().into_iter().enumerate() {
        let path = format!("status.currentImports[{index}].DataVolumeName");
        let running = || Edge::claim(import.data_volume.clone(), ReferenceState::Active, path).running();
        edges.extend((!import.data_volume.is_empty()).then(running));
    }
    edges.extend(status.last_imported.map(|last| {
        Edge::claim_in(last.namespace, last.name, ReferenceState::Template, "status.lastImportedPVC.name")
    }));
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Transfer<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    spec: TransferSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Deserialize)]
struct TransferSpec {
    source: TransferSource,
    #[serde(default, deserialize_with = "nullable")]
    target: TransferTarget,
}

#[derive(Deserialize)]
struct TransferSource {
    #[serde(default)]
    kind: Box<str>,
    name: Box<str>,
    #[serde(default)]
    namespace: Box<str>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TransferTarget {
    name: Option<Box<str>>,
    namespace: Option<Box<str>>,
}

/// ObjectTransfer of a claim, or of a DataVolume with the claim of its name; the target keeps what it does not say.
fn object_transfer(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Transfer<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let TransferSpec { source, target } = object.spec;
    let moves = matches!(&*source.kind, "PersistentVolumeClaim" | "DataVolume");
    if !moves || object.status.phase.as_deref() == Some("Complete") {
        return Ok(Parsed::new(kind, head));
    }
    let claim = |namespace: Box<str>, name: Box<str>, path: &'static str| {
        Edge::claim_in(Some(namespace), name, ReferenceState::Active, path).running()
    };
    let to = (
        target.namespace.unwrap_or_else(|| source.namespace.clone()),
        target.name.unwrap_or_else(|| source.name.clone()),
    );
    let edges =
        vec![claim(source.namespace, source.name, "spec.source.name"), claim(to.0, to.1, "spec.target")];
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Clone<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    spec: CloneSpec,
}

#[derive(Deserialize)]
struct CloneSpec {
    source: CloneFrom,
}

#[derive(Deserialize)]
struct CloneFrom {
    #[serde(default)]
    kind: Box<str>,
    name: Box<str>,
}

/// VolumeCloneSource of a claim or snapshot of its own namespace.
fn clone_source(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Clone<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let CloneFrom { kind: of, name } = object.spec.source;
    let path = "spec.source.name";
    let edge = match &*of {
        "VolumeSnapshot" => {
            Edge::new(Target::Snapshot { namespace: None, name }, ReferenceState::Template, path)
        }
        _ => Edge::claim(name, ReferenceState::Template, path),
    };
    Ok(Parsed { edges: vec![edge], ..Parsed::new(kind, object.metadata.head(kind)?) })
}

/// VolumeImportSource; it is read again at every checkpoint of the import.
fn import_source(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, .. } = object(kind, json)?;
    let target = spec.target_claim.filter(|name| !name.is_empty());
    let edges = target.map(|name| Edge::claim(name, ReferenceState::Template, "spec.targetClaim"));
    Ok(Parsed { edges: edges.into_iter().collect(), ..Parsed::new(kind, metadata.head(kind)?) })
}

#[cfg(test)]
mod tests {
    use super::filled_by;

    #[test]
    fn temporaries_tell_whose_they_are() {
        for (name, uid) in [
            ("prime-5b1c", Some("5b1c")),
            ("prime-5b1c-scratch", Some("5b1c")),
            ("tmp-pvc-5b1c", Some("5b1c")),
            ("tmp-source-pvc-5b1c", Some("5b1c")),
            ("data-scratch", None),
            ("my-prime-5b1c", None),
        ] {
            assert_eq!(filled_by(name), uid, "{name}");
        }
    }
}
