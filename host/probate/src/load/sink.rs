//! Where the walker hands what it reads: the core's builder, or a double in tests.

use probate_contract::Diagnostic;
use probate_contract::dump::Reason;
use probate_core::intake::{Batch, Builder, ClusterId, GroupKind, Interest};
use std::sync::Arc;

/// Objects of a part of a file, filled in any thread.
pub trait Intake: Send {
    /// An empty one for that file, as the user named it.
    fn of(file: Arc<str>) -> Self;

    /// Whether objects of that kind are read at all.
    fn interest(api_version: &str, kind: &str) -> Interest;

    /// One object as UTF-8 JSON with apiVersion and kind.
    fn object(&mut self, json: &[u8], document: u64, line: u64);

    /// The same with its apiVersion and kind, which the walker has read already.
    fn object_known(&mut self, json: &[u8], _of: (&str, &str), document: u64, line: u64) {
        self.object(json, document, line);
    }

    /// Something that could not be read; without a kind, every kind of the cluster suffers.
    fn unreadable(&mut self, diagnostic: Diagnostic, kind: Option<GroupKind>);

    /// A message without consequence for completeness.
    fn diagnostic(&mut self, diagnostic: Diagnostic);
}

/// What collects intakes and statements, in one thread and in a fixed order.
pub trait Sink {
    /// What worker threads fill.
    type Intake: Intake;
    /// Handle of a cluster.
    type Cluster: Copy + Eq;

    /// The cluster of that name.
    fn cluster(&mut self, name: &str) -> Self::Cluster;
    /// Takes what was read.
    fn add(&mut self, cluster: Self::Cluster, intake: Self::Intake);
    /// States the time of observation.
    ///
    /// # Errors
    /// The text is no time.
    fn taken_at(&mut self, cluster: Self::Cluster, time: &str) -> Result<(), String>;
    /// States the cluster's uid.
    fn uid(&mut self, cluster: Self::Cluster, uid: &str);
    /// States that a list is whole.
    fn complete(&mut self, cluster: Self::Cluster, kind: &str, namespace: &str);
    /// States that it is not.
    fn incomplete(&mut self, cluster: Self::Cluster, kind: &str, namespace: &str, reason: Reason);
    /// Takes such a statement back.
    fn lift(&mut self, cluster: Self::Cluster, kind: &str, namespace: &str);
    /// States that the cluster does not have the kind.
    fn absent(&mut self, cluster: Self::Cluster, kind: &str);
    /// States all kinds that the cluster has.
    fn discovered(&mut self, cluster: Self::Cluster, kinds: &[GroupKind]);
}

impl Intake for Batch {
    fn of(file: Arc<str>) -> Self {
        Self::new(file)
    }

    fn interest(api_version: &str, kind: &str) -> Interest {
        probate_core::intake::interest(api_version, kind)
    }

    fn object(&mut self, json: &[u8], document: u64, line: u64) {
        Self::object(self, json, document, line);
    }

    fn object_known(&mut self, json: &[u8], of: (&str, &str), document: u64, line: u64) {
        Self::object_of(self, json, of, document, line);
    }

    fn unreadable(&mut self, diagnostic: Diagnostic, kind: Option<GroupKind>) {
        Self::unreadable(self, diagnostic, kind);
    }

    fn diagnostic(&mut self, diagnostic: Diagnostic) {
        Self::diagnostic(self, diagnostic);
    }
}

impl Sink for Builder {
    type Intake = Batch;
    type Cluster = ClusterId;

    fn cluster(&mut self, name: &str) -> ClusterId {
        Self::cluster(self, name)
    }

    fn add(&mut self, cluster: ClusterId, intake: Batch) {
        Self::add(self, cluster, intake);
    }

    fn taken_at(&mut self, cluster: ClusterId, time: &str) -> Result<(), String> {
        Self::taken_at(self, cluster, time)
    }

    fn uid(&mut self, cluster: ClusterId, uid: &str) {
        Self::uid(self, cluster, uid);
    }

    fn complete(&mut self, cluster: ClusterId, kind: &str, namespace: &str) {
        Self::complete(self, cluster, kind, namespace);
    }

    fn incomplete(&mut self, cluster: ClusterId, kind: &str, namespace: &str, reason: Reason) {
        Self::incomplete(self, cluster, kind, namespace, reason);
    }

    fn lift(&mut self, cluster: ClusterId, kind: &str, namespace: &str) {
        Self::lift(self, cluster, kind, namespace);
    }

    fn absent(&mut self, cluster: ClusterId, kind: &str) {
        Self::absent(self, cluster, kind);
    }

    fn discovered(&mut self, cluster: ClusterId, kinds: &[GroupKind]) {
        Self::discovered(self, cluster, kinds);
    }
}
