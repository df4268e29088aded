//! How objects come in: bytes of single JSON objects, parsed in any thread into batches, batches added in order.

use probate_contract::Diagnostic;
use probate_contract::dump::Reason;
use std::sync::Arc;

/// A kind: `PersistentVolumeClaim`, `VirtualMachine.kubevirt.io`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKind {
    /// API group, empty for core kinds.
    pub group: String,
    /// Kind.
    pub kind: String,
}

/// What the core does with objects of a kind, so that a loader can skip the others unparsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// It is parsed, or scanned for names.
    Read,
    /// Nothing in it matters; never keep or parse it (Secret, ConfigMap, Event, the ignore list).
    Skip,
}

/// What the core does with objects of that apiVersion and kind.
pub fn interest(_api_version: &str, _kind: &str) -> Interest {
    Interest::Read
}

/// Objects of one file or a part of it.
#[derive(Debug, Default)]
pub struct Batch {}

impl Batch {
    /// An empty batch of that file, as the user named it.
    pub fn new(_file: Arc<str>) -> Self {
        Self {}
    }

    /// Reads one object (never a List): UTF-8 JSON. `document` and `line` count from 1. What is wrong with it becomes a
    /// diagnostic and makes its kind incomplete.
    pub fn object(&mut self, _json: &[u8], _document: u64, _line: u64) {}

    /// Something that could not be read at all: `kind` becomes incomplete (`Unreadable`), or every kind of the cluster.
    pub fn unreadable(&mut self, _diagnostic: Diagnostic, _kind: Option<GroupKind>) {}

    /// A message without consequence for completeness.
    pub fn diagnostic(&mut self, _diagnostic: Diagnostic) {}
}

/// Collects batches and statements into an inventory.
#[derive(Debug, Default)]
pub struct Builder {}

/// Which cluster of the inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub u16);

impl Builder {
    /// The cluster of that name, made when new.
    pub fn cluster(&mut self, _name: &str) -> ClusterId {
        ClusterId(0)
    }

    /// Adds what a batch holds.
    pub fn add(&mut self, _cluster: ClusterId, _batch: Batch) {}

    /// States that the cluster was observed at that time (RFC 3339).
    ///
    /// # Errors
    /// The text is no time.
    pub fn taken_at(&mut self, _cluster: ClusterId, _time: &str) -> Result<(), String> {
        Ok(())
    }

    /// States the cluster's uid.
    pub fn uid(&mut self, _cluster: ClusterId, _uid: &str) {}

    /// States that the list of `kind` (`*` for all) in `namespace` (`*` for all) is whole.
    pub fn complete(&mut self, _cluster: ClusterId, _kind: &str, _namespace: &str) {}

    /// States that it is not; beats `complete`.
    pub fn incomplete(&mut self, _cluster: ClusterId, _kind: &str, _namespace: &str, _reason: Reason) {}

    /// Takes an `incomplete` statement of that very kind and namespace back (`--complete KIND/NS`).
    pub fn lift(&mut self, _cluster: ClusterId, _kind: &str, _namespace: &str) {}

    /// States that the cluster does not have the kind (`KIND.GROUP`).
    pub fn absent(&mut self, _cluster: ClusterId, _kind: &str) {}

    /// States all kinds that the cluster has (a complete api-resources list); any other is absent.
    pub fn discovered(&mut self, _cluster: ClusterId, _kinds: &[GroupKind]) {}
}
