//! How objects come in: bytes of single JSON objects, parsed in any thread into batches, batches added in order.

use crate::inventory::coverage::Coverage;
use crate::inventory::records::{self, AnyRecord, ShortRecord};
use crate::inventory::{ClusterData, Inventory, two_clusters};
use crate::kinds::{self, Parsed, Payload};
use crate::stock::Item;
use crate::time;
use probate_contract::Diagnostic;
use probate_contract::dump::Reason;
use probate_contract::record::VolumeRecord;
use serde_json::Value;
use std::sync::Arc;

/// A kind: `PersistentVolumeClaim`, `VirtualMachine.kubevirt.io`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKind {
    /// API group, empty for core kinds.
    pub group: String,
    /// Kind.
    pub kind: String,
}

impl GroupKind {
    /// The kind written `KIND.GROUP`, core kinds without group.
    pub fn parse(text: &str) -> Self {
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        Self { group: group.into(), kind: kind.into() }
    }
}

impl std::fmt::Display for GroupKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.kind)?;
        if self.group.is_empty() { Ok(()) } else { write!(f, ".{}", self.group) }
    }
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
pub fn interest(api_version: &str, kind: &str) -> Interest {
    kinds::interest(api_version, kind)
}

/// An object and where it came from.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) parsed: Parsed,
    pub(crate) document: u64,
    pub(crate) line: u64,
    /// Hash of the bytes, for objects without resourceVersion.
    pub(crate) content: u64,
}

/// Objects of one file or a part of it.
#[derive(Debug, Default)]
pub struct Batch {
    file: Arc<str>,
    objects: Vec<Placed>,
    diagnostics: Vec<Diagnostic>,
    unreadable: Vec<Option<GroupKind>>,
}

impl Batch {
    /// An empty batch of that file, as the user named it.
    pub fn new(file: Arc<str>) -> Self {
        Self { file, ..Self::default() }
    }

    /// Reads one object (never a List): UTF-8 JSON. `document` and `line` count from 1. What is wrong with it becomes a
    /// diagnostic and makes its kind incomplete.
    pub fn object(&mut self, json: &[u8], document: u64, line: u64) {
        self.take(kinds::read(json), json, document, line);
    }

    /// The same where apiVersion and kind are known already.
    pub fn object_of(&mut self, json: &[u8], (api_version, kind): (&str, &str), document: u64, line: u64) {
        let kind = GroupKind { group: kinds::group_of(api_version).to_owned(), kind: kind.to_owned() };
        self.take(kinds::read_as(&kind, json), json, document, line);
    }

    fn take(&mut self, read: kinds::Read, json: &[u8], document: u64, line: u64) {
        match read {
            Ok(parsed) => {
                let content = if parsed.head.resource_version.is_empty() {
                    kinds::custom::hash(&String::from_utf8_lossy(json))
                } else {
                    0
                };
                self.objects.push(Placed { parsed, document, line, content });
            }
            Err(unreadable) => {
                let kind = kinds::meta::type_of(json)
                    .ok()
                    .map(|(version, kind)| GroupKind { group: kinds::group_of(&version).into(), kind });
                let consequence = match &kind {
                    Some(kind) => format!("{kind} is incomplete in this cluster; what needs it is retained"),
                    None => "every kind is incomplete in this cluster; everything is retained".into(),
                };
                let diagnostic = Diagnostic::error(unreadable.code, unreadable.message)
                    .file(&*self.file)
                    .document(document)
                    .at(line, 1)
                    .consequence(consequence)
                    .fix(unreadable.fix);
                self.unreadable(diagnostic, kind);
            }
        }
    }

    /// Something that could not be read at all: `kind` becomes incomplete (`Unreadable`), or every kind of the cluster.
    pub fn unreadable(&mut self, diagnostic: Diagnostic, kind: Option<GroupKind>) {
        self.diagnostics.push(diagnostic);
        self.unreadable.push(kind);
    }

    /// A message without consequence for completeness.
    pub fn diagnostic(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// Which cluster of the inventory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub u16);

/// Collects batches and statements into an inventory.
#[derive(Debug, Default)]
pub struct Builder {
    clusters: Vec<ClusterData>,
    records: Vec<VolumeRecord>,
    learned: Vec<VolumeRecord>,
    short: Vec<(ClusterId, ShortRecord)>,
    diagnostics: Vec<Diagnostic>,
    ignored: Vec<String>,
}

impl Builder {
    /// Further kinds, `KIND.GROUP` or `*.GROUP`, whose mention of a name is no reference.
    pub fn ignore_references(&mut self, kinds: &[String]) {
        self.ignored.extend_from_slice(kinds);
    }

    /// The cluster of that name, made when new.
    pub fn cluster(&mut self, name: &str) -> ClusterId {
        let at = self.clusters.iter().position(|cluster| &*cluster.name == name).unwrap_or_else(|| {
            self.clusters.push(ClusterData::new(name));
            self.clusters.len() - 1
        });
        ClusterId(u16::try_from(at).unwrap_or(u16::MAX))
    }

    fn coverage(&mut self, cluster: ClusterId) -> Option<&mut Coverage> {
        self.clusters.get_mut(usize::from(cluster.0)).map(|cluster| &mut cluster.coverage)
    }

    /// Adds what a batch holds.
    pub fn add(&mut self, cluster: ClusterId, batch: Batch) {
        let Batch { file, objects, mut diagnostics, unreadable } = batch;
        self.diagnostics.append(&mut diagnostics);
        for kind in unreadable {
            let kind = kind.map_or_else(|| "*".to_owned(), |kind| kind.to_string());
            if let Some(coverage) = self.coverage(cluster) {
                coverage.unreadable(&kind);
            }
        }
        for placed in objects {
            if let Payload::Record(record) = placed.parsed.payload {
                match *record {
                    AnyRecord::Whole(record) => self.records.push(*record),
                    AnyRecord::Short(short) => self.short.push((cluster, *short)),
                }
            } else if let Some(data) = self.clusters.get_mut(usize::from(cluster.0)) {
                self.diagnostics.extend(data.add(&file, placed));
            }
        }
    }

    /// Adds an object that was read before.
    pub fn item(&mut self, cluster: ClusterId, item: Item) {
        let Item { kind, head, payload, edges, names } = item;
        let parsed = Parsed { kind: (*kind).clone(), head, payload, edges: edges.into(), names };
        let placed = Placed { parsed, document: 1, line: 1, content: 0 };
        if let Some(data) = self.clusters.get_mut(usize::from(cluster.0)) {
            self.diagnostics.extend(data.add("", placed));
        }
    }

    /// States that the cluster has objects of that kind, whether or not any is added.
    pub fn seen(&mut self, cluster: ClusterId, kind: &GroupKind) {
        if let Some(coverage) = self.coverage(cluster) {
            coverage.see(kind);
        }
    }

    /// Adds that an object of that kind is there which could not be read.
    pub fn unreadable(&mut self, cluster: ClusterId, kind: &GroupKind, diagnostic: &Diagnostic) {
        self.diagnostics.push(diagnostic.clone());
        if let Some(coverage) = self.coverage(cluster) {
            coverage.unreadable(&kind.to_string());
        }
    }

    /// Adds a record as the API server keeps it.
    pub fn record(&mut self, record: VolumeRecord) {
        self.records.push(record);
    }

    /// Adds a record: whole, or `{subject: pvc/NS/NAME, …}` with fields of its status, resolved to a uid in the end. A subject
    /// without `CLUSTER:` is of `cluster`.
    ///
    /// # Errors
    /// What is wrong with the document.
    pub fn record_document(&mut self, cluster: ClusterId, document: &Value) -> Result<(), String> {
        match records::parse(document)? {
            AnyRecord::Whole(record) => self.records.push(*record),
            AnyRecord::Short(short) => self.short.push((cluster, *short)),
        }
        Ok(())
    }

    /// Adds what earlier dumps tell, for volumes of which no record speaks.
    pub fn learned(&mut self, records: Vec<VolumeRecord>) {
        self.learned.extend(records);
    }

    /// Adds a message.
    pub fn diagnostic(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// States that the cluster was observed at that time (RFC 3339).
    ///
    /// # Errors
    /// The text is no time.
    pub fn taken_at(&mut self, cluster: ClusterId, text: &str) -> Result<(), String> {
        let at = time::parse(text).ok_or_else(|| format!("`{text}` is no RFC 3339 time"))?;
        if let Some(data) = self.clusters.get_mut(usize::from(cluster.0)) {
            data.taken_at = Some(data.taken_at.map_or(at, |known| known.max(at)));
            data.taken_from = Some(data.taken_from.map_or(at, |known| known.min(at)));
        }
        Ok(())
    }

    /// States the cluster's uid.
    pub fn uid(&mut self, cluster: ClusterId, uid: &str) {
        let Some(data) = self.clusters.get_mut(usize::from(cluster.0)) else { return };
        if data.uid.as_deref().is_some_and(|known| known != uid) {
            data.coverage.unreadable("*");
            self.diagnostics.push(two_clusters(&data.name));
        }
        data.uid = Some(uid.into());
    }

    /// States that the list of `kind` (`*` for all) in `namespace` (`*` for all) is whole.
    pub fn complete(&mut self, cluster: ClusterId, kind: &str, namespace: &str) {
        if let Some(coverage) = self.coverage(cluster) {
            coverage.complete(kind, namespace);
        }
    }

    /// States that it is not; beats `complete`.
    pub fn incomplete(&mut self, cluster: ClusterId, kind: &str, namespace: &str, reason: Reason) {
        if let Some(coverage) = self.coverage(cluster) {
            coverage.incomplete(kind, namespace, reason);
        }
    }

    /// Takes an `incomplete` statement of that very kind and namespace back (`--complete KIND/NS`).
    pub fn lift(&mut self, cluster: ClusterId, kind: &str, namespace: &str) {
        if let Some(coverage) = self.coverage(cluster) {
            coverage.lift(kind, namespace);
        }
    }

    /// States that the cluster does not have the kind (`KIND.GROUP`).
    pub fn absent(&mut self, cluster: ClusterId, kind: &str) {
        if let Some(coverage) = self.coverage(cluster) {
            coverage.absent(kind);
        }
    }

    /// States all kinds that the cluster has (a complete api-resources list); any other is absent.
    pub fn discovered(&mut self, cluster: ClusterId, kinds: &[GroupKind]) {
        if let Some(coverage) = self.coverage(cluster) {
            coverage.discovered(kinds);
        }
    }

    /// Time of the latest dump, if any says.
    pub fn latest(&self) -> Option<time::Seconds> {
        self.clusters.iter().filter_map(|cluster| cluster.taken_at).max()
    }

    /// Freezes the inventory at `now`.
    pub fn finish(self, now: time::Seconds) -> Inventory {
        let Self { clusters, records, learned, short, diagnostics, ignored } = self;
        Inventory::build(clusters, records, learned, short, diagnostics, &ignored, now)
    }
}
