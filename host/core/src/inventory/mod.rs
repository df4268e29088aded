//! The inventory: frozen, indexed objects of one or several clusters, the time they were observed, and what is whole.

pub(crate) mod coverage;
mod derive;
mod fleet;
mod index;
pub(crate) mod links;
mod lookup;
mod marks;
pub(crate) mod records;

use crate::evidence::{Common, Gaps, SubjectId};
use crate::glob;
use crate::intake::{ClusterId, GroupKind, Placed};
use crate::kinds::{self, meta::Head};
use crate::kinds::{Edge, Payload, builtin, custom, kubevirt, rancher, scalers, snapshots, storage};
use crate::time::Seconds;
use coverage::Coverage;
use hashbrown::{HashMap, HashSet, HashTable};
use probate_contract::Diagnostic;
use probate_contract::dump::Reason;
use probate_contract::record::VolumeRecord;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) use fleet::{Fleet, Member};
pub(crate) use index::{Index, Ordinal, Reference};
pub(crate) use links::Links;

/// What the joins are found by.
pub(crate) mod keys {
    pub(crate) use super::index::{
        attachment_key, claim_key, handle_key, numbered, object_key, prefix_key, target_key, volume_key,
    };
    pub(crate) use super::marks::{begin_key, label_key, namespace_key, uid_key};
}
pub(crate) use records::{Records, ShortRecord};

/// Index of an object of its cluster.
pub(crate) type ObjectId = u32;

/// Any object: who it is and whose.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) kind: u16,
    pub(crate) head: Arc<Head>,
    content: u64,
    /// A second object with this identity and another revision was there: neither counts.
    void: bool,
}

/// A claim or volume with its projection.
#[derive(Debug)]
pub(crate) struct Of<T> {
    pub(crate) object: ObjectId,
    pub(crate) data: Arc<T>,
}

/// One cluster of the inventory.
#[derive(Debug)]
pub struct ClusterData {
    pub(crate) name: Box<str>,
    pub(crate) uid: Option<Box<str>>,
    pub(crate) taken_at: Option<Seconds>,
    /// Time of its earliest dump, where there are several.
    pub(crate) taken_from: Option<Seconds>,
    pub(crate) coverage: Coverage,
    pub(crate) kinds: Vec<GroupKind>,
    pub(crate) objects: Vec<Object>,
    pub(crate) claims: Vec<Of<storage::Claim>>,
    pub(crate) volumes: Vec<Of<storage::Volume>>,
    pub(crate) classes: HashMap<Box<str>, Of<storage::Class>>,
    pub(crate) namespaces: HashMap<Box<str>, Of<builtin::Namespace>>,
    pub(crate) snapshots: Vec<Of<snapshots::Snapshot>>,
    pub(crate) contents: Vec<Of<snapshots::Content>>,
    pub(crate) names: Vec<(ObjectId, custom::Names)>,
    /// Machines and clusters of Rancher and Cluster API.
    pub(crate) layers: Vec<Of<rancher::Layer>>,
    /// What VMs and DataVolumes say of their disks beside naming them, by object.
    pub(crate) intents: Vec<Of<kubevirt::Intent>>,
    /// How far workloads may be scaled.
    pub(crate) scalers: Vec<Of<scalers::Scaler>>,
    /// Snapshots and backups of other systems than the snapshot controller.
    pub(crate) copies: Vec<(ObjectId, snapshots::Copy)>,
    pub(crate) defined: BTreeSet<GroupKind>,
    pub(crate) edges: Vec<(ObjectId, Edge)>,
    keys: HashTable<(u64, ObjectId)>,
    pub(crate) index: Index,
    /// Kinds whose mention of a name is no reference, beside the shipped list.
    pub(crate) ignored: Vec<String>,
}

impl ClusterData {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            uid: None,
            taken_at: None,
            taken_from: None,
            coverage: Coverage::default(),
            kinds: Vec::new(),
            objects: Vec::new(),
            claims: Vec::new(),
            volumes: Vec::new(),
            classes: HashMap::new(),
            namespaces: HashMap::new(),
            snapshots: Vec::new(),
            contents: Vec::new(),
            names: Vec::new(),
            layers: Vec::new(),
            intents: Vec::new(),
            scalers: Vec::new(),
            copies: Vec::new(),
            defined: BTreeSet::new(),
            edges: Vec::new(),
            keys: HashTable::new(),
            index: Index::default(),
            ignored: Vec::new(),
        }
    }

    fn kind(&mut self, kind: &GroupKind) -> u16 {
        let at = self.kinds.iter().position(|known| known == kind).unwrap_or_else(|| {
            self.kinds.push(kind.clone());
            self.coverage.see(kind);
            self.kinds.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    pub(crate) fn kind_of(&self, id: ObjectId) -> Option<&GroupKind> {
        self.kinds.get(usize::from(self.object(id)?.kind))
    }

    pub(crate) fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(usize::try_from(id).ok()?)
    }

    /// True where the kind's mention of a name is no reference.
    pub(crate) fn ignores(&self, kind: &GroupKind) -> bool {
        let name = kind.to_string();
        kinds::ignored(kind) || self.ignored.iter().any(|stated| glob::matches(stated, &name))
    }

    /// `Ok` where every claim of that namespace is known (`*`: of all).
    pub(crate) fn claims_whole(&self, namespace: &str) -> Result<(), Reason> {
        let kind = GroupKind { group: String::new(), kind: "PersistentVolumeClaim".into() };
        self.coverage.list(&kind, Some(namespace).filter(|namespace| *namespace != "*"))
    }

    /// True where the object counts.
    pub(crate) fn counts(&self, id: ObjectId) -> bool {
        self.object(id).is_some_and(|object| !object.void)
    }

    /// Adds an object. Equal copies merge silently; two revisions of one identity are both kept out.
    pub(crate) fn add(&mut self, file: &str, placed: Placed) -> Option<Diagnostic> {
        let Placed { parsed, document, line, content } = placed;
        let kind = self.kind(&parsed.kind);
        let key = index::object_key(&parsed.kind, &parsed.head.namespace, &parsed.head.name);
        let same = |object: &Object| {
            object.kind == kind
                && object.head.namespace == parsed.head.namespace
                && object.head.name == parsed.head.name
        };
        let known = self
            .keys
            .find(key, |(hash, id)| *hash == key && self.object(*id).is_some_and(same))
            .and_then(|(_, id)| usize::try_from(*id).ok());
        if let Some(object) = known.and_then(|at| self.objects.get_mut(at)) {
            let equal = object.head.uid == parsed.head.uid
                && object.head.resource_version == parsed.head.resource_version
                && object.content == content;
            if equal || object.void {
                return None;
            }
            object.void = true;
            self.coverage.unreadable(&parsed.kind.to_string());
            if parsed.kind.kind == "Namespace"
                && &*parsed.head.name == "kube-system"
                && object.head.uid != parsed.head.uid
            {
                self.coverage.unreadable("*");
                return Some(two_clusters(&self.name).file(file).document(document).at(line, 1));
            }
            return Some(
                Diagnostic::error(
                    "PB1011",
                    format!(
                        "{} `{}/{}` is there twice with different revisions",
                        parsed.kind, parsed.head.namespace, parsed.head.name
                    ),
                )
                .file(file)
                .document(document)
                .at(line, 1)
                .consequence(format!("both are kept out and {} is incomplete in this cluster", parsed.kind))
                .fix("give one dump of each moment, or name the clusters: host=DUMP"),
            );
        }
        let id = ObjectId::try_from(self.objects.len()).unwrap_or(ObjectId::MAX);
        self.keys.insert_unique(key, (key, id), |(hash, _)| *hash);
        self.edges.extend(parsed.edges.into_iter().map(|edge| (id, edge)));
        if !parsed.names.is_empty() {
            self.names.push((id, parsed.names));
        }
        let name = parsed.head.name.clone();
        self.objects.push(Object { kind, head: parsed.head, content, void: false });
        match parsed.payload {
            Payload::Nothing | Payload::Record(_) => {}
            Payload::Claim(data) => self.claims.push(Of { object: id, data }),
            Payload::Volume(data) => self.volumes.push(Of { object: id, data }),
            Payload::Class(data) => drop(self.classes.insert(name, Of { object: id, data })),
            Payload::Namespace(data) => drop(self.namespaces.insert(name, Of { object: id, data })),
            Payload::Snapshot(data) => self.snapshots.push(Of { object: id, data }),
            Payload::Content(data) => self.contents.push(Of { object: id, data }),
            Payload::Defines(kind) => drop(self.defined.insert(*kind)),
            Payload::Layer(data) => self.layers.push(Of { object: id, data }),
            Payload::Intent(data) => self.intents.push(Of { object: id, data }),
            Payload::Scaler(data) => self.scalers.push(Of { object: id, data }),
            Payload::Copies(copies) => self.copies.extend(copies.into_iter().map(|copy| (id, copy))),
        }
        None
    }
}

/// What is whole in one of them is not whole in the other.
pub(crate) fn two_clusters(name: &str) -> Diagnostic {
    Diagnostic::error("PB1024", format!("two clusters have the name `{name}`: kube-system has two uids"))
        .consequence("every kind is incomplete there; everything is retained")
        .fix("give each cluster its own name: host=DUMP guest=DUMP")
}

/// How far apart the layers of one volume may have been seen.
const MAX_SKEW_SECONDS: i64 = 3600;

/// Linked clusters whose times of observation are too far apart to be told as one moment.
fn skewed(clusters: &[ClusterData], links: &Links, fleet: &Fleet) -> BTreeSet<usize> {
    let time = |at: usize| clusters.get(at).and_then(|cluster| cluster.taken_at);
    let apart = |pair: &&(usize, usize)| {
        let times = time(pair.0).zip(time(pair.1));
        times.is_some_and(|(one, other)| one.abs_diff(other) > MAX_SKEW_SECONDS.unsigned_abs())
    };
    let managed = fleet.pairs(clusters);
    links.pairs().union(&managed).filter(apart).flat_map(|(one, other)| [*one, *other]).collect()
}

impl ClusterData {
    /// True where its dumps were taken too far apart to be told as one moment.
    fn smeared(&self) -> bool {
        let times = self.taken_from.zip(self.taken_at);
        times.is_some_and(|(first, last)| first.abs_diff(last) > MAX_SKEW_SECONDS.unsigned_abs())
    }
}

/// Everything that was observed.
#[derive(Debug)]
pub struct Inventory {
    pub(crate) clusters: Vec<ClusterData>,
    pub(crate) records: Records,
    pub(crate) gaps: Vec<Gaps>,
    pub(crate) common: Vec<Common>,
    pub(crate) links: Links,
    pub(crate) fleet: Fleet,
    pub(crate) now: Seconds,
    /// Clusters, by position, that were seen at another time than one they are linked with.
    pub(crate) skewed: BTreeSet<usize>,
    /// What was wrong with the input.
    pub diagnostics: Vec<Diagnostic>,
}

impl Inventory {
    pub(crate) fn build(
        mut clusters: Vec<ClusterData>,
        mut records: Vec<VolumeRecord>,
        learned: Vec<VolumeRecord>,
        short: Vec<(ClusterId, ShortRecord)>,
        mut diagnostics: Vec<Diagnostic>,
        ignored: &[String],
        now: Seconds,
    ) -> Self {
        let names: Vec<Box<str>> = clusters.iter().map(|cluster| cluster.name.clone()).collect();
        for cluster in &mut clusters {
            cluster.ignored = ignored.to_vec();
            cluster.freeze();
        }
        clusters.sort_by(|left, right| left.name.cmp(&right.name));
        for (home, short) in short {
            let home = names.get(usize::from(home.0)).map(|name| &**name);
            match records::resolve(&clusters, home, short) {
                Ok(record) => records.push(record),
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
        let (records, mut problems) = Records::build(records, learned);
        diagnostics.append(&mut problems);
        let gaps = clusters.iter().map(Gaps::of).collect();
        let common = clusters.iter().map(|cluster| Common::of(cluster, now)).collect();
        let links = Links::build(&clusters);
        let fleet = Fleet::build(&clusters);
        let mut skewed = skewed(&clusters, &links, &fleet);
        for cluster in skewed.iter().filter_map(|at| clusters.get(*at)) {
            let message =
                format!("`{}` was seen hours before or after a cluster it is layered with", cluster.name);
            let diagnostic = Diagnostic::warning("PB1025", message)
                .consequence("how long something is unused or released is unknown there; it is retained")
                .fix("take the dumps of all layers within an hour");
            diagnostics.push(diagnostic);
        }
        for (at, cluster) in clusters.iter().enumerate().filter(|(_, cluster)| cluster.smeared()) {
            skewed.insert(at);
            let message = format!(
                "dumps of `{}` were taken hours apart: what was listed first may have changed",
                cluster.name
            );
            let diagnostic = Diagnostic::warning("PB1026", message)
                .consequence("how long something is unused or released is unknown there; it is retained")
                .fix("take all dumps of a cluster within an hour, or give the earlier ones with --history");
            diagnostics.push(diagnostic);
        }
        let mut seen = HashSet::new();
        diagnostics.retain(|diagnostic| seen.insert(diagnostic.clone()));
        diagnostics.sort();
        Self { clusters, records, gaps, common, links, fleet, now, skewed, diagnostics }
    }

    /// All claims and volumes, sorted by cluster, kind, namespace and name.
    pub(crate) fn subjects(&self) -> Vec<SubjectId> {
        let of = |(at, cluster): (usize, &ClusterData)| {
            let volumes = (0..cluster.volumes.len()).map(move |volume| SubjectId::Volume(at, volume));
            volumes.chain((0..cluster.claims.len()).map(move |claim| SubjectId::Claim(at, claim)))
        };
        self.clusters.iter().enumerate().flat_map(of).collect()
    }

    /// The uid of a claim or volume.
    pub(crate) fn uid_of(&self, id: SubjectId) -> Option<&str> {
        let (SubjectId::Claim(cluster, at) | SubjectId::Volume(cluster, at)) = id;
        let cluster = self.clusters.get(cluster)?;
        let object = match id {
            SubjectId::Claim(..) => cluster.claims.get(at)?.object,
            SubjectId::Volume(..) => cluster.volumes.get(at)?.object,
        };
        cluster.object(object).map(|object| &*object.head.uid)
    }

    /// The inventory's time, in seconds since 1970.
    pub fn now(&self) -> Seconds {
        self.now
    }

    /// True where a statement about that kind can matter: it is understood, some cluster may have it, or it is of a group that is
    /// not known here. A kind alone is one that Kubernetes serves.
    pub fn knows(&self, kind: &GroupKind) -> bool {
        let same = |group: &str, name: &str| {
            name == kind.kind && (group == kind.group || (kind.group.is_empty() && builtin(group)))
        };
        let foreign = !builtin(&kind.group) && kinds::understood().all(|known| known.group != kind.group);
        let seen = |cluster: &ClusterData| {
            cluster.kinds.iter().any(|known| same(&known.group, &known.kind))
                || cluster.coverage.has_kind(kind)
        };
        foreign
            || kinds::understood().any(|known| same(known.group, known.kind))
            || self.clusters.iter().any(seen)
    }

    /// True where there is an object of that kind, named without its group.
    pub fn holds(&self, kind: &str) -> bool {
        self.clusters.iter().any(|cluster| cluster.kinds.iter().any(|known| known.kind == kind))
    }

    /// Claims and volumes, in that order.
    pub fn counts(&self) -> (usize, usize) {
        self.clusters.iter().fold((0, 0), |(claims, volumes), cluster| {
            (claims + cluster.claims.len(), volumes + cluster.volumes.len())
        })
    }
}

/// True for groups that Kubernetes itself serves.
pub(crate) fn builtin(group: &str) -> bool {
    kinds::builtin_group(group)
}

/// True for kinds without namespace that evidence rests on.
pub(crate) fn cluster_scoped(kind: &str) -> bool {
    matches!(
        kind.split_once('.').map_or(kind, |(name, _)| name),
        "PersistentVolume"
            | "Node"
            | "StorageClass"
            | "Namespace"
            | "VolumeAttachment"
            | "VolumeSnapshotContent"
            | "CustomResourceDefinition"
    )
}
