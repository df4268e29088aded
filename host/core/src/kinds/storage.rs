//! Claims, volumes, classes and attachments (Kubernetes v1.33, core/v1 and storage/v1 types).

pub(crate) use super::subject::Subject;

use super::meta::{Head, Map, Meta, nullable};
use super::subject::Parts;
use super::{Edge, Parsed, Payload, Read, Target, Unreadable};
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
    pub(crate) claim: Option<ClaimRef>,
    pub(crate) governing: bool,
}

#[derive(Clone, Debug)]
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
    let edges = claim_edges(&head, &phase, source.as_ref());
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
        resizing: condition(&conditions, "Resizing")
            || condition(&conditions, "FileSystemResizePending")
            || condition(&conditions, "ModifyingVolume"),
    };
    Ok(Parsed { payload: Payload::Claim(Arc::new(claim)), edges, ..Parsed::new(kind, head) })
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
        None => backing(&parts.spec::<Value>(kind)?),
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
        claim: spec.claim_ref.filter(|claim| !claim.name.is_empty()),
        governing: !fake,
        subject,
    };
    Ok(Parsed { payload: Payload::Volume(Arc::new(volume)), ..Parsed::new(kind, head) })
}

/// Driver and handle of the source of a PersistentVolumeSpec.
fn source(spec: &Value) -> (Option<Box<str>>, Option<Box<str>>) {
    let text = |key: &str| spec.pointer(key).and_then(Value::as_str).map(Box::from);
    match text("/csi/driver") {
        Some(driver) => (Some(driver), text("/csi/volumeHandle")),
        None => backing(spec),
    }
}

/// As a Node or a VolumeAttachment names the asset of a CSI driver.
pub(crate) fn attached(driver: &str, handle: &str) -> String {
    format!("kubernetes.io/csi/{driver}^{handle}")
}

/// One asset whatever plugin it is named by: what in-tree plugins have is served by CSI drivers now, and a migrated volume keeps its
/// old name (kubernetes v1.33, staging/src/k8s.io/csi-translation-lib/plugins).
pub(crate) fn asset<'a>(driver: &'a str, handle: &'a str) -> (&'a str, &'a str) {
    let last = || handle.rsplit('/').next().unwrap_or(handle);
    match driver {
        "kubernetes.io/aws-ebs" => ("ebs.csi.aws.com", last()),
        "kubernetes.io/gce-pd" | "pd.csi.storage.gke.io" => ("pd.csi.storage.gke.io", last()),
        "kubernetes.io/cinder" => ("cinder.csi.openstack.org", handle),
        "kubernetes.io/azure-disk" => ("disk.csi.azure.com", handle),
        "kubernetes.io/portworx-volume" => ("pxd.portworx.com", handle),
        "kubernetes.io/nfs" => (driver, handle.trim_end_matches('/')),
        "kubernetes.io/host-path" | "kubernetes.io/local-volume" => {
            ("kubernetes.io/local-volume", handle.trim_end_matches('/'))
        }
        _ => (driver, handle),
    }
}

/// True where a Pod of any namespace may mount an asset of that driver without a PersistentVolume.
pub(crate) fn mounted_inline(driver: &str) -> bool {
    let (served, _) = asset(driver, "");
    match driver {
        "kubernetes.io/host-path" | "kubernetes.io/local-volume" => false,
        _ => driver.contains('/') || MIGRATED.contains(&served),
    }
}

/// CSI drivers of what in-tree plugins had.
const MIGRATED: [&str; 5] = [
    "ebs.csi.aws.com",
    "pd.csi.storage.gke.io",
    "cinder.csi.openstack.org",
    "disk.csi.azure.com",
    "pxd.portworx.com",
];

/// Sources other than CSI, by the plugin's name and the field that tells the asset (kubernetes v1.33, pkg/volume/*).
const IN_TREE: [(&str, &str, &str); 14] = [
    ("awsElasticBlockStore", "kubernetes.io/aws-ebs", "volumeID"),
    ("gcePersistentDisk", "kubernetes.io/gce-pd", "pdName"),
    ("azureDisk", "kubernetes.io/azure-disk", "diskURI"),
    ("azureFile", "kubernetes.io/azure-file", "shareName"),
    ("vsphereVolume", "kubernetes.io/vsphere-volume", "volumePath"),
    ("cinder", "kubernetes.io/cinder", "volumeID"),
    ("portworxVolume", "kubernetes.io/portworx-volume", "volumeID"),
    ("hostPath", "kubernetes.io/host-path", "path"),
    ("local", "kubernetes.io/local-volume", "path"),
    ("nfs", "kubernetes.io/nfs", "path"),
    ("rbd", "kubernetes.io/rbd", "image"),
    ("glusterfs", "kubernetes.io/glusterfs", "path"),
    ("scaleIO", "kubernetes.io/scaleio", "volumeName"),
    ("storageos", "kubernetes.io/storageos", "volumeName"),
];

/// Sources whose fields together tell the asset.
const WHOLE: [&str; 5] = ["iscsi", "fc", "cephfs", "flexVolume", "quobyte"];

/// The in-tree plugin that a field of a Pod's volume names. A path of its own node is no volume's: agents mount whole nodes.
pub(super) fn plugin(field: &str) -> Option<&'static str> {
    let known = IN_TREE.iter().map(|(source, ..)| *source).chain(WHOLE);
    known.filter(|source| *source != "hostPath").find(|source| *source == field)
}

/// The asset that a Pod's volume names by itself, as a Node names it.
pub(super) fn inline(plugin: &str, source: Value) -> Option<Box<str>> {
    let spec = Value::Object([(plugin.to_owned(), source)].into_iter().collect());
    let (driver, handle) = backing(&spec);
    let (driver, handle) = (driver?, handle?);
    let (driver, handle) = asset(&driver, &handle);
    Some(attached(driver, handle).into())
}

/// Driver and handle of a source other than CSI, by the plugin's name (kubernetes v1.33, pkg/volume/*).
fn backing(spec: &Value) -> (Option<Box<str>>, Option<Box<str>>) {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(Box::from);
    // Who mounts how is not which asset it is.
    const HOW: [&str; 9] = [
        "fsType",
        "readOnly",
        "secretRef",
        "secretFile",
        "user",
        "chapAuthDiscovery",
        "chapAuthSession",
        "initiatorName",
        "iscsiInterface",
    ];
    for kind in WHOLE {
        let Some(found) = spec.get(kind).and_then(Value::as_object) else { continue };
        let mut found = found.clone();
        found.retain(|key, _| !HOW.contains(&key.as_str()));
        let driver = found.get("driver").and_then(Value::as_str).map(Box::from);
        let driver = driver.unwrap_or_else(|| format!("kubernetes.io/{kind}").into());
        return (Some(driver), Some(Value::Object(found).to_string().into()));
    }
    for (source, plugin, key) in IN_TREE {
        let Some(found) = spec.get(source) else { continue };
        let mut handle: Option<Box<str>> = text(found, key);
        if let (Some(server), Some(path)) = (found.get("server").and_then(Value::as_str), handle.as_deref()) {
            handle = Some(format!("{server}:{path}").into());
        }
        // A path says nothing without its node; two nodes may have the same.
        let node = match source {
            // Without affinity it is meant for a cluster of one node.
            "hostPath" => Some(node(spec).unwrap_or_default()),
            "local" => Some(node(spec)).flatten(),
            _ => return (Some(plugin.into()), handle),
        };
        handle = handle.zip(node).map(|(path, node)| format!("{node}:{path}").into());
        return (Some(plugin.into()), handle);
    }
    (None, None)
}

/// The one node that a volume can be on, where its affinity names one.
fn node(spec: &Value) -> Option<&str> {
    let terms = spec.pointer("/nodeAffinity/required/nodeSelectorTerms")?.as_array()?;
    let [term] = terms.as_slice() else { return None };
    let host = |expression: &&Value| {
        expression.get("key").and_then(Value::as_str) == Some("kubernetes.io/hostname")
            && expression.get("operator").and_then(Value::as_str) == Some("In")
    };
    let values = term.get("matchExpressions")?.as_array()?.iter().find(host)?.get("values")?.as_array()?;
    match values.as_slice() {
        [node] => node.as_str(),
        _ => None,
    }
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
        let (driver, handle) = source(&spec);
        let unique: Box<str> = attached(&driver?, &handle?).into();
        let target = Target::Attachment { unique };
        Some(Edge::new(target, ReferenceState::Active, "spec.source.inlineVolumeSpec"))
    });
    Ok(Parsed { edges: named.into_iter().chain(inline).collect(), ..Parsed::new(kind, head) })
}
