//! What is read of each kind: serde projections, one file a system. A projection gives the object's identity, its own facts
//! (`Payload`) and every place where it names a claim or volume (`Edge`).

pub(crate) mod builtin;
pub(crate) mod cdi;
pub(crate) mod custom;
pub(crate) mod kubevirt;
pub(crate) mod meta;
pub(crate) mod rancher;
pub(crate) mod snapshots;
pub(crate) mod storage;
pub(crate) mod subject;
pub(crate) mod vcluster;
pub(crate) mod workloads;

use crate::intake::{GroupKind, Interest};
use crate::inventory::records::AnyRecord;
use meta::Head;
use probate_contract::evidence::ReferenceState;
use std::borrow::Cow;

/// What an object names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A claim; without namespace in the object's own.
    Claim { namespace: Option<Box<str>>, name: Box<str> },
    /// A volume.
    Volume { name: Box<str> },
    /// Whatever volume has this handle, written as a Node writes it: `kubernetes.io/csi/DRIVER^HANDLE`.
    Attachment { unique: Box<str> },
    /// Claims whose name is this and a dash and an ordinal; those from `end` on are scaled down.
    Ordinals { prefix: Box<str>, start: i64, end: i64 },
}

/// One place where an object names a claim or volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) target: Target,
    pub(crate) state: ReferenceState,
    pub(crate) since: Option<i64>,
    pub(crate) path: Cow<'static, str>,
    /// Part of an operation under way: a restore, clone, import, snapshot.
    pub(crate) operation: bool,
}

impl Edge {
    pub(crate) fn claim(name: Box<str>, state: ReferenceState, path: impl Into<Cow<'static, str>>) -> Self {
        Self {
            target: Target::Claim { namespace: None, name },
            state,
            since: None,
            path: path.into(),
            operation: false,
        }
    }
}

/// An object's own facts.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Nothing,
    Claim(Box<storage::Claim>),
    Volume(Box<storage::Volume>),
    Class(Box<storage::Class>),
    Namespace(Box<builtin::Namespace>),
    Snapshot(Box<snapshots::Snapshot>),
    Content(Box<snapshots::Content>),
    Defines(GroupKind),
    Record(Box<AnyRecord>),
    /// A machine or cluster of Rancher or Cluster API.
    Layer(Box<rancher::Layer>),
    /// What a VM says of its disks beside naming them.
    Intent(Box<kubevirt::Intent>),
    /// Snapshots and backups of claims that one object stands for.
    Copies(Vec<snapshots::Copy>),
}

/// One object as it is read.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) kind: GroupKind,
    pub(crate) head: Head,
    pub(crate) payload: Payload,
    pub(crate) edges: Vec<Edge>,
    /// Hashes of name-shaped strings that may be names of claims or volumes: of a kind nobody here knows, or of a part of it.
    pub(crate) names: custom::Names,
}

impl Parsed {
    /// An object of which nothing but its identity is read.
    pub(crate) fn new(kind: &GroupKind, head: Head) -> Self {
        Self {
            kind: kind.clone(),
            head,
            payload: Payload::Nothing,
            edges: Vec::new(),
            names: custom::Names::default(),
        }
    }
}

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) fix: &'static str,
}

impl Unreadable {
    pub(crate) fn shape(kind: &GroupKind, error: &serde_json::Error) -> Self {
        let mut message = error.to_string();
        if let Some(end) = message.rfind(" at line ") {
            message.truncate(end);
        }
        Self {
            code: "PB1012",
            message: format!("{kind}: {message}"),
            fix: "dump the object again; the API server would refuse it like this",
        }
    }
}

pub(crate) type Read = Result<Parsed, Unreadable>;

/// Groups that Kubernetes itself serves.
pub(crate) fn builtin_group(group: &str) -> bool {
    group.is_empty()
        || group == "k8s.io"
        || matches!(group, "apps" | "batch" | "autoscaling" | "policy" | "extensions")
        || (group.ends_with(".k8s.io")
            && !matches!(
                group,
                "snapshot.storage.k8s.io" | "groupsnapshot.storage.k8s.io" | "gateway.networking.k8s.io"
            ))
}

/// Kinds whose mention of a name is no reference: reports, inventories, history, scanners and our own.
const IGNORED_GROUPS: [&str; 12] = [
    "wgpolicyk8s.io",
    "openreports.io",
    "aquasecurity.github.io",
    "spdx.softwarecomposition.kubescape.io",
    "reports.kyverno.io",
    "metrics.k8s.io",
    "events.k8s.io",
    "probate.dev",
    "argoproj.io",
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "fleet.cattle.io",
];

/// True for custom kinds that the shipped list ignores as possible references.
pub(crate) fn ignored(kind: &GroupKind) -> bool {
    IGNORED_GROUPS.contains(&kind.group.as_str())
}

/// The kinds that are understood, with their projections.
fn reader(group: &str, kind: &str) -> Option<fn(&GroupKind, &[u8]) -> Read> {
    Some(match (group, kind) {
        ("", "PersistentVolumeClaim") => storage::claim,
        ("", "PersistentVolume") => storage::volume,
        ("storage.k8s.io", "StorageClass") => storage::class,
        ("storage.k8s.io", "VolumeAttachment") => storage::attachment,
        ("", "Namespace") => builtin::namespace,
        ("", "Node") => builtin::node,
        ("", "Pod") => workloads::pod,
        ("", "ReplicationController") | ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") => {
            workloads::workload
        }
        ("apps", "StatefulSet") => workloads::stateful_set,
        ("batch", "Job") => workloads::job,
        ("batch", "CronJob") => workloads::cron_job,
        ("snapshot.storage.k8s.io", "VolumeSnapshot") => snapshots::snapshot,
        ("snapshot.storage.k8s.io", "VolumeSnapshotContent") => snapshots::content,
        ("kubevirt.io", "VirtualMachine") => kubevirt::machine,
        ("kubevirt.io", "VirtualMachineInstance") => kubevirt::instance,
        ("cdi.kubevirt.io", "DataVolume") => cdi::data_volume,
        ("rke-machine.cattle.io", "HarvesterMachine") => rancher::harvester_machine,
        ("cluster.x-k8s.io", "Machine") => rancher::machine,
        ("cluster.x-k8s.io", "Cluster") => rancher::api_cluster,
        ("provisioning.cattle.io", "Cluster") => rancher::provisioning_cluster,
        ("management.cattle.io", "Cluster") => rancher::management_cluster,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => builtin::definition,
        ("probate.dev", "VolumeRecord") => builtin::record,
        _ => return None,
    })
}

/// What the core does with objects of that apiVersion and kind.
pub(crate) fn interest(api_version: &str, kind: &str) -> Interest {
    let group = group_of(api_version);
    if reader(group, kind).is_some() {
        return Interest::Read;
    }
    if builtin_group(group) || IGNORED_GROUPS.contains(&group) {
        // Other built-in kinds can own a claim at most by an ownerReference, which is answered by uid alone.
        return if matches!(
            kind,
            "Secret" | "ConfigMap" | "Event" | "ControllerRevision" | "EndpointSlice" | "Endpoints" | "Lease"
        ) || group == "probate.dev"
        {
            Interest::Skip
        } else {
            Interest::Read
        };
    }
    Interest::Read
}

/// The group of an apiVersion.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Reads one object.
pub(crate) fn read(json: &[u8]) -> Read {
    let (api_version, kind) = meta::type_of(json)?;
    read_as(&GroupKind { group: group_of(&api_version).to_owned(), kind }, json)
}

/// Reads one object of that kind.
pub(crate) fn read_as(kind: &GroupKind, json: &[u8]) -> Read {
    match reader(&kind.group, &kind.kind) {
        Some(reader) => reader(kind, json),
        None if builtin_group(&kind.group) || ignored(kind) => builtin::other(kind, json),
        None => custom::object(kind, json),
    }
}
