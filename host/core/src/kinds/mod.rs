//! What is read of each kind: serde projections, one file a system. A projection gives the object's identity, its own facts
//! (`Payload`) and every place where it names a claim or volume (`Edge`).

pub(crate) mod asset;
pub(crate) mod builtin;
pub(crate) mod cdi;
pub(crate) mod custom;
mod edge;
mod harvester;
mod ignore;
pub(crate) mod kubevirt;
mod longhorn;
pub(crate) mod map;
mod marks;
pub(crate) mod meta;
pub(crate) mod rancher;
pub(crate) mod scalers;
mod served;
pub(crate) mod snapshots;
pub(crate) mod storage;
pub(crate) mod subject;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod vcluster;
mod velero;
mod volsync;
pub(crate) mod workloads;

use crate::intake::{GroupKind, Interest};
use crate::inventory::records::AnyRecord;
use meta::Head;
use std::sync::Arc;

pub(crate) use edge::{ANYWHERE, Edge, Target};
pub(crate) use ignore::ignored;
pub use ignore::{Ignored, ignore_list};
pub use marks::{MARKS, Mark};
pub(crate) use served::builtin_group;
pub use served::harmless;
pub use table::{Known, understood};

/// An object's own facts; inventories share them with whoever keeps what was read.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Nothing,
    Claim(Arc<storage::Claim>),
    Volume(Arc<storage::Volume>),
    Class(Arc<storage::Class>),
    Namespace(Arc<builtin::Namespace>),
    Snapshot(Arc<snapshots::Snapshot>),
    Content(Arc<snapshots::Content>),
    Defines(Box<GroupKind>),
    Record(Box<AnyRecord>),
    /// A machine or cluster of Rancher or Cluster API.
    Layer(Arc<rancher::Layer>),
    /// What a VM says of its disks beside naming them.
    Intent(Arc<kubevirt::Intent>),
    /// Snapshots and backups of claims that one object stands for.
    Copies(Box<[snapshots::Copy]>),
    /// How far a workload may be scaled.
    Scaler(Arc<scalers::Scaler>),
}

impl Payload {
    /// True where both say the same; what cannot be compared differs.
    pub(crate) fn alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, Self::Nothing) => true,
            (Self::Layer(own), Self::Layer(other)) => own == other,
            (Self::Intent(own), Self::Intent(other)) => own == other,
            (Self::Copies(own), Self::Copies(other)) => own == other,
            (Self::Scaler(own), Self::Scaler(other)) => own == other,
            (Self::Class(own), Self::Class(other)) => own == other,
            (Self::Namespace(own), Self::Namespace(other)) => own == other,
            (Self::Snapshot(own), Self::Snapshot(other)) => own == other,
            (Self::Content(own), Self::Content(other)) => own == other,
            (Self::Defines(own), Self::Defines(other)) => own == other,
            _ => false,
        }
    }
}

/// One object as it is read.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) kind: GroupKind,
    pub(crate) head: Arc<Head>,
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
            head: Arc::new(head),
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

/// True for kinds of which nothing is known: any name-shaped string in them may be a reference.
pub(crate) fn unknown(kind: &GroupKind) -> bool {
    !served::served(kind) && table::reader(&kind.group, &kind.kind).is_none() && !ignored(kind)
}

/// True for kinds that Kubernetes does not serve, or that nobody knew it to serve.
pub(crate) fn is_custom(kind: &GroupKind) -> bool {
    !served::served(kind)
}

/// What the core does with objects of that apiVersion and kind. Other built-in kinds, and the ignored ones, can own a claim at most
/// by an ownerReference, which is answered by uid alone.
pub(crate) fn interest(api_version: &str, kind: &str) -> Interest {
    let group = group_of(api_version);
    if table::reader(group, kind).is_some() {
        return Interest::Read;
    }
    let skipped = matches!(
        kind,
        "Secret" | "ConfigMap" | "Event" | "ControllerRevision" | "EndpointSlice" | "Endpoints" | "Lease"
    );
    if group == "probate.dev" || (skipped && builtin_group(group)) { Interest::Skip } else { Interest::Read }
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
    match table::reader(&kind.group, &kind.kind) {
        Some(reader) => reader(kind, json),
        None if unknown(kind) => custom::object(kind, json),
        None => builtin::other(kind, json),
    }
}
