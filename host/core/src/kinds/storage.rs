//! Claims, volumes, classes and attachments (Kubernetes v1.33, core/v1 and storage/v1 types).

pub(crate) use super::subject::Subject;

use super::map::Map;
use super::meta::{Head, Meta, nullable};
use super::subject::Parts;
use super::{Edge, Parsed, Payload, Read, Target, Unreadable, asset};
use crate::intake::GroupKind;
use crate::{quantity, time};
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) subject: Subject,
    pub(crate) phase: Box<str>,
    pub(crate) requested: i64,
    pub(crate) capacity: Option<i64>,
    pub(crate) class: Option<Box<str>>,
    pub(crate) mode: Box<str>,
    pub(crate) access_modes: Vec<String>,
    pub(crate) volume: Option<Box<str>>,
    pub(crate) source: Option<Source>,
    /// The claim's condition `Unused`, if true: since when (KEP-5541).
    pub(crate) unused: Option<i64>,
    /// That condition says that a Pod uses it.
    pub(crate) used: bool,
    pub(crate) resizing: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Source {
    #[serde(default)]
    pub(crate) api_group: Option<Box<str>>,
    pub(crate) kind: Box<str>,
    pub(crate) name: Box<str>,
    #[serde(default)]
    pub(crate) namespace: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ClaimRef {
    #[serde(default)]
    pub(crate) namespace: Box<str>,
    #[serde(default)]
    pub(crate) name: Box<str>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) uid: Box<str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Volume {
    pub(crate) subject: Subject,
    pub(crate) phase: Box<str>,
    pub(crate) released: Option<i64>,
    pub(crate) policy: Box<str>,
    pub(crate) capacity: i64,
    pub(crate) class: Option<Box<str>>,
    pub(crate) mode: Box<str>,
    pub(crate) access_modes: Vec<String>,
    pub(crate) driver: Option<Box<str>>,
    pub(crate) handle: Option<Box<str>>,
    /// The folder that it is, whatever its handle, as a Node would name it.
    pub(crate) share: Option<Box<str>>,
    pub(crate) claim: Option<ClaimRef>,
    pub(crate) governing: bool,
}

impl Volume {
    /// True where a Pod of any namespace may mount its asset without it.
    pub(crate) fn mounted_inline(&self) -> bool {
        self.share.is_some() || self.driver.as_deref().is_some_and(asset::mounted_inline)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) provisioner: Box<str>,
    pub(crate) policy: Box<str>,
    pub(crate) labels: Map,
}

fn wrong(kind: &GroupKind, name: &str, message: &str, fix: &'static str) -> Unreadable {
    Unreadable {
        code: "PB1014",
        message: format!("{kind} `{}`: {message}", super::meta::printable(name)),
        fix,
    }
}

fn bytes(kind: &GroupKind, name: &str, field: &str, text: Option<&Value>) -> Result<Option<i64>, Unreadable> {
    let text = match text {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => {
            return Err(wrong(kind, name, &format!("{field} is no quantity"), "write quantities as 10Gi"));
        }
    };
    quantity::parse(&text).map(Some).ok_or_else(|| {
        wrong(
            kind,
            name,
            &format!("{field} `{}` is no quantity", super::meta::printable(&text)),
            "write quantities as 10Gi",
        )
    })
}

fn condition(conditions: &[Condition], name: &str) -> bool {
    conditions.iter().any(|condition| &*condition.r#type == name && &*condition.status == "True")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Condition {
    pub(crate) r#type: Box<str>,
    #[serde(default)]
    pub(crate) status: Box<str>,
    #[serde(default)]
    pub(crate) last_transition_time: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ClaimSpec {
    storage_class_name: Option<Box<str>>,
    volume_mode: Option<Box<str>>,
    access_modes: Option<Vec<String>>,
    volume_name: Option<Box<str>>,
    data_source: Option<Source>,
    data_source_ref: Option<Source>,
    resources: Option<Resources>,
}

#[derive(Deserialize)]
struct Resources {
    #[serde(default)]
    requests: Option<Sizes>,
}

#[derive(Deserialize)]
struct Sizes {
    #[serde(default)]
    storage: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ClaimStatus {
    phase: Option<Box<str>>,
    conditions: Option<Vec<Condition>>,
    capacity: Option<Sizes>,
}

/// PersistentVolumeClaim.
pub(crate) fn claim(kind: &GroupKind, json: &[u8]) -> Read {
    let parts = Parts::of(kind, json)?;
    let (spec, status): (ClaimSpec, ClaimStatus) = (parts.spec(kind)?, parts.status(kind)?);
    let Parts { head, subject, .. } = parts;
    if head.namespace.is_empty() {
        return Err(wrong(kind, &head.name, "no namespace", "dump the object again"));
    }
    let requests = spec.resources.and_then(|resources| resources.requests).and_then(|sizes| sizes.storage);
    let requested = bytes(kind, &head.name, "spec.resources.requests.storage", requests.as_ref())?;
    let capacity = status.capacity.and_then(|sizes| sizes.storage);
    let capacity = bytes(kind, &head.name, "status.capacity.storage", capacity.as_ref())?;
    let conditions = status.conditions.unwrap_or_default();
    let unused = conditions
        .iter()
        .find(|condition| &*condition.r#type == "Unused" && &*condition.status == "True")
        .and_then(|condition| condition.last_transition_time.as_deref())
        .and_then(time::parse);
    let phase = status.phase.unwrap_or_else(|| "Pending".into());
    let source = spec.data_source_ref.or(spec.data_source);
    let volume = spec.volume_name.filter(|name| !name.is_empty());
    let mut edges = claim_edges(&head, &phase, source.as_ref());
    edges.extend(clone_requested(&subject.annotations).filter(|_| &*phase != "Bound"));
    let claim = Claim {
        subject,
        phase,
        requested: requested.unwrap_or(0),
        capacity,
        class: spec.storage_class_name.filter(|name| !name.is_empty()),
        mode: spec.volume_mode.unwrap_or_else(|| "Filesystem".into()),
        access_modes: spec.access_modes.unwrap_or_default(),
        volume,
        source,
        unused,
        used: conditions
            .iter()
            .any(|condition| &*condition.r#type == "Unused" && &*condition.status == "False"),
        resizing: condition(&conditions, "Resizing")
            || condition(&conditions, "FileSystemResizePending")
            || condition(&conditions, "ModifyingVolume"),
    };
    Ok(Parsed { payload: Payload::Claim(Arc::new(claim)), edges, ..Parsed::new(kind, head) })
}

/// The claim that drivers and CDI are asked to clone by an annotation (CDI, pkg/controller/common; Trident, `cloneFromPVC`).
fn clone_requested(annotations: &Map) -> Option<Edge> {
    const CDI: &str = "k8s.io/CloneRequest";
    const TRIDENT: &str = "trident.netapp.io/cloneFromPVC";
    const TRIDENT_NAMESPACE: &str = "trident.netapp.io/cloneFromNamespace";
    let edge = |namespace: Option<&str>, name: &str, key| {
        let path = format!("metadata.annotations[{key}]");
        Edge::claim_in(namespace.map(Box::from), name.into(), ReferenceState::Pending, path).running()
    };
    if let Some((namespace, name)) = annotations.get(CDI).and_then(|source| source.split_once('/')) {
        return Some(edge(Some(namespace), name, CDI));
    }
    let name = annotations.get(TRIDENT).filter(|name| !name.is_empty())?;
    Some(edge(annotations.get(TRIDENT_NAMESPACE), name, TRIDENT))
}

/// A claim that is still to be bound wants what it is filled from, and is itself in the making, whatever fills it.
fn claim_edges(head: &Head, phase: &str, source: Option<&Source>) -> Vec<Edge> {
    const PATH: &str = "spec.dataSourceRef.name";
    let Some(source) = source.filter(|_| phase != "Bound") else { return Vec::new() };
    let mut edges = Vec::new();
    let state = ReferenceState::Pending;
    match &*source.kind {
        "PersistentVolumeClaim" => {
            edges.push(Edge::claim_in(source.namespace.clone(), source.name.clone(), state, PATH).running());
        }
        "VolumeSnapshot" => {
            let target = Target::Snapshot { namespace: source.namespace.clone(), name: source.name.clone() };
            edges.push(Edge::new(target, state, PATH).running());
        }
        _ => {}
    }
    if phase == "Pending" {
        edges.push(Edge::claim(head.name.clone(), state, PATH).running());
    }
    edges
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct VolumeSpec {
    storage_class_name: Option<Box<str>>,
    volume_mode: Option<Box<str>>,
    access_modes: Option<Vec<String>>,
    persistent_volume_reclaim_policy: Option<Box<str>>,
    claim_ref: Option<ClaimRef>,
    capacity: Option<Sizes>,
    csi: Option<Csi>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Csi {
    #[serde(default)]
    driver: Option<Box<str>>,
    #[serde(default)]
    volume_handle: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct VolumeStatus {
    phase: Option<Box<str>>,
    last_phase_transition_time: Option<Box<str>>,
}

/// PersistentVolume.
pub(crate) fn volume(kind: &GroupKind, json: &[u8]) -> Read {
    let parts = Parts::of(kind, json)?;
    let (spec, status): (VolumeSpec, VolumeStatus) = (parts.spec(kind)?, parts.status(kind)?);
    let (driver, handle) = match &spec.csi {
        Some(csi) => (csi.driver.clone(), csi.volume_handle.clone()),
        None => asset::backing(&parts.spec::<Value>(kind)?),
    };
    let share = match driver.as_deref() {
        Some(driver) => asset::share(driver, handle.as_deref(), || parts.spec(kind))?,
        None => None,
    };
    let Parts { head, subject, .. } = parts;
    let capacity = spec.capacity.and_then(|sizes| sizes.storage);
    let capacity = bytes(kind, &head.name, "spec.capacity.storage", capacity.as_ref())?;
    let phase = status.phase.unwrap_or_else(|| "Pending".into());
    let released =
        status.last_phase_transition_time.as_deref().and_then(time::parse).filter(|_| &*phase == "Released");
    let fake = driver.as_deref() == Some("fake")
        || subject.labels.contains_key("vcluster.loft.sh/fake-pv")
        || subject.annotations.contains_key("vcluster.loft.sh/host-pv")
        || subject
            .annotations
            .get("pv.kubernetes.io/provisioned-by")
            .is_some_and(|by| by == "fake-pv-provisioner");
    let volume = Volume {
        phase,
        released,
        policy: spec.persistent_volume_reclaim_policy.unwrap_or_else(|| "Retain".into()),
        capacity: capacity.unwrap_or(0),
        class: spec.storage_class_name.filter(|name| !name.is_empty()),
        mode: spec.volume_mode.unwrap_or_else(|| "Filesystem".into()),
        access_modes: spec.access_modes.unwrap_or_default(),
        driver,
        handle,
        share,
        claim: spec.claim_ref.filter(|claim| !claim.name.is_empty()),
        governing: !fake,
        subject,
    };
    Ok(Parsed { payload: Payload::Volume(Arc::new(volume)), ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClassObject<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default)]
    provisioner: Box<str>,
    #[serde(default)]
    reclaim_policy: Option<Box<str>>,
}

/// StorageClass.
pub(crate) fn class(kind: &GroupKind, json: &[u8]) -> Read {
    let object: ClassObject<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let labels = object.metadata.labels(kind)?;
    let head = object.metadata.head(kind)?;
    let class = Class {
        provisioner: object.provisioner,
        policy: object.reclaim_policy.unwrap_or_else(|| "Delete".into()),
        labels,
    };
    Ok(Parsed { payload: Payload::Class(Arc::new(class)), ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Attachment<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    spec: AttachmentSpec,
}

#[derive(Deserialize)]
struct AttachmentSpec {
    source: AttachmentSource,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttachmentSource {
    #[serde(default)]
    persistent_volume_name: Option<Box<str>>,
    #[serde(default)]
    inline_volume_spec: Option<Value>,
}

/// VolumeAttachment; one that is still there may be attached, whatever its status says.
pub(crate) fn attachment(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Attachment<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let AttachmentSource { persistent_volume_name, inline_volume_spec } = object.spec.source;
    let named = persistent_volume_name.map(|name| Edge {
        target: Target::Volume { name: name.clone() },
        ..Edge::claim(name, ReferenceState::Active, "spec.source.persistentVolumeName")
    });
    let inline = inline_volume_spec.and_then(|spec| {
        let (driver, handle) = asset::source(&spec);
        let unique: Box<str> = asset::attached(&driver?, &handle?).into();
        let target = Target::Attachment { unique };
        Some(Edge::new(target, ReferenceState::Active, "spec.source.inlineVolumeSpec"))
    });
    Ok(Parsed { edges: named.into_iter().chain(inline).collect(), ..Parsed::new(kind, head) })
}
