//! Joins, built once when a cluster is frozen: who names what, which volumes share a handle, which snapshot is whose.

use super::lookup::Lookup;
use super::marks::{Marks, begin_key, label_key, namespace_key, uid_key};
use super::{ClusterData, Object, ObjectId, Of};
use crate::intake::GroupKind;
use crate::kinds::custom::{hash, hash_of};
use crate::kinds::snapshots::Copy;
use crate::kinds::{ANYWHERE, Edge, Target, asset, kubevirt, storage};
use hashbrown::HashSet;
use probate_contract::evidence::ReferenceState;

/// The joins of one cluster.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) edges: Lookup,
    claims: Lookup,
    volumes: Lookup,
    uids: Lookup,
    handles: Lookup,
    shares: Lookup,
    claim_refs: Lookup,
    volume_names: Lookup,
    snapshots: Lookup,
    contents: Lookup,
    copies: Lookup,
    names: Lookup,
    names_of_objects: Lookup,
    applications: HashSet<Box<str>>,
    pub(super) marks: Marks,
    /// Claims without a volume.
    waiting: Vec<usize>,
    /// Kinds of harvesterhci.io may exist here.
    pub(crate) harvester: bool,
}

/// One object that names a claim or volume.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference<'a> {
    pub(crate) object: ObjectId,
    pub(crate) state: ReferenceState,
    pub(crate) since: Option<i64>,
    pub(crate) path: Option<&'a str>,
    pub(crate) operation: bool,
    pub(crate) ordinal: Option<Ordinal>,
}

/// A claim that a StatefulSet makes: which ordinal it is, and whether the set wants it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ordinal {
    pub(crate) ordinal: i64,
    pub(crate) wanted: bool,
}

pub(crate) fn claim_key(namespace: &str, name: &str) -> u64 {
    hash_of(&["c/", namespace, "/", name])
}

pub(crate) fn prefix_key(namespace: &str, prefix: &str) -> u64 {
    hash_of(&["o/", namespace, "/", prefix])
}

pub(crate) fn volume_key(name: &str) -> u64 {
    hash_of(&["v/", name])
}

pub(crate) fn attachment_key(unique: &str) -> u64 {
    hash_of(&["a/", unique])
}

pub(crate) fn object_key(kind: &GroupKind, namespace: &str, name: &str) -> u64 {
    hash_of(&[&kind.kind, ".", &kind.group, "/", namespace, "/", name])
}

/// What it is found by that an object of that namespace names.
pub(crate) fn target_key(own: &str, target: &Target) -> u64 {
    match target {
        Target::Claim { namespace: Some(other), name } => claim_key(other, name),
        Target::Claim { namespace: None, name } => claim_key(own, name),
        Target::Volume { name } => volume_key(name),
        Target::Attachment { unique } => attachment_key(unique),
        Target::Ordinals { prefix, .. } => prefix_key(own, prefix),
        Target::Labelled { pair, anywhere: true } => label_key(ANYWHERE, pair),
        Target::Labelled { pair, anywhere: false } => label_key(own, pair),
        Target::Uid { uid } => uid_key(uid),
        Target::Namespace { name } => namespace_key(name),
        Target::Prefixed { prefix } => begin_key(own, prefix),
        Target::Snapshot { name, .. } | Target::Filling { made: name, .. } => claim_key(own, name),
    }
}

fn unbound(claim: Option<&Of<storage::Claim>>) -> bool {
    claim.is_some_and(|claim| claim.data.volume.is_none())
}

pub(crate) fn handle_key(driver: &str, handle: &str) -> u64 {
    let (driver, handle) = asset::canonical(driver, handle);
    hash_of(&[driver, "^", handle])
}

pub(super) fn index(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

impl ClusterData {
    /// Sorts claims and volumes, drops what does not count, and builds the joins.
    pub(super) fn freeze(&mut self) {
        self.keys = hashbrown::HashTable::new();
        let objects = std::mem::take(&mut self.objects);
        let head = |id: &ObjectId| objects.get(index(*id)).map(|object| &object.head);
        let counts = |id: &ObjectId| objects.get(index(*id)).is_some_and(|object| !object.void);
        self.claims.retain(|claim| counts(&claim.object));
        self.claims.sort_by_cached_key(|claim| {
            head(&claim.object).map(|head| (head.namespace.clone(), head.name.clone()))
        });
        self.volumes.retain(|volume| counts(&volume.object));
        self.volumes.sort_by_cached_key(|volume| head(&volume.object).map(|head| head.name.clone()));
        self.classes.retain(|_, class| counts(&class.object));
        self.namespaces.retain(|_, namespace| counts(&namespace.object));
        self.snapshots.retain(|snapshot| counts(&snapshot.object));
        self.contents.retain(|content| counts(&content.object));
        self.layers.retain(|layer| counts(&layer.object));
        self.intents.retain(|intent| counts(&intent.object));
        self.copies.retain(|(id, _)| counts(id));
        self.scalers.retain(|scaler| counts(&scaler.object));
        let ignored: Vec<bool> = self.kinds.iter().map(|kind| self.ignores(kind)).collect();
        let of = |id: &ObjectId| objects.get(index(*id)).map(|object| usize::from(object.kind));
        let ignore = |id: &ObjectId| of(id).and_then(|kind| ignored.get(kind)).copied().unwrap_or(false);
        let possible = |edge: &Edge| edge.state == ReferenceState::Possible;
        self.edges.retain(|(id, edge)| counts(id) && !(possible(edge) && ignore(id)));
        self.names.retain(|(id, _)| counts(id) && !ignore(id));
        self.objects = objects;
        self.coverage.define(&self.defined);
        self.derive();
        self.index = self.joins();
        if self.uid.is_none() {
            let system =
                self.namespaces.get("kube-system").and_then(|namespace| self.object(namespace.object));
            self.uid = system.map(|object| object.head.uid.clone());
        }
    }

    fn joins(&self) -> Index {
        let namespace = |id: ObjectId| self.object(id).map_or("", |object| &*object.head.namespace);
        let name = |id: ObjectId| self.object(id).map_or("", |object| &*object.head.name);
        let object = |object: &Object| {
            let none = GroupKind { group: String::new(), kind: String::new() };
            object_key(
                self.kinds.get(usize::from(object.kind)).unwrap_or(&none),
                &object.head.namespace,
                &object.head.name,
            )
        };
        let claims = self.claims.iter().enumerate();
        let claims = claims.map(|(at, claim)| (at, claim_key(namespace(claim.object), name(claim.object))));
        let volumes = || self.volumes.iter().enumerate();
        let names = volumes().map(|(at, volume)| (at, volume_key(name(volume.object))));
        let handles = volumes().filter_map(|(at, volume)| {
            Some((at, handle_key(volume.data.driver.as_deref()?, volume.data.handle.as_deref()?)))
        });
        let shares = volumes().filter_map(|(at, volume)| Some((at, hash(volume.data.share.as_deref()?))));
        let claim_refs = volumes().filter_map(|(at, volume)| {
            let claim = volume.data.claim.as_ref()?;
            Some((at, claim_key(&claim.namespace, &claim.name)))
        });
        let volume_names = self
            .claims
            .iter()
            .enumerate()
            .filter_map(|(at, claim)| Some((at, volume_key(claim.data.volume.as_deref()?))));
        let snapshots = self.snapshots.iter().enumerate().filter_map(|(at, snapshot)| {
            Some((at, claim_key(namespace(snapshot.object), snapshot.data.claim.as_deref()?)))
        });
        let contents = self.contents.iter().enumerate().filter_map(|(at, content)| {
            Some((at, handle_key(&content.data.driver, content.data.volume_handle.as_deref()?)))
        });
        let copies = self.copies.iter().map(|(_, copy)| match (&*copy.claim, copy.uid.as_deref()) {
            ("", Some(uid)) => hash(uid),
            (claim, _) => claim_key(&copy.namespace, claim),
        });
        Index {
            marks: Marks::of(self),
            edges: Lookup::of(
                self.edges.iter().map(|(id, edge)| target_key(namespace(*id), &edge.target)).enumerate(),
            ),
            claims: Lookup::of(claims),
            volumes: Lookup::of(names),
            uids: Lookup::of(self.objects.iter().map(|object| hash(&object.head.uid)).enumerate()),
            handles: Lookup::of(handles),
            shares: Lookup::of(shares),
            claim_refs: Lookup::of(claim_refs),
            volume_names: Lookup::of(volume_names),
            snapshots: Lookup::of(snapshots),
            contents: Lookup::of(contents),
            copies: Lookup::of(copies.enumerate()),
            names: self.possible_names(name),
            names_of_objects: Lookup::of(self.objects.iter().map(object).enumerate()),
            applications: self.applications(),
            waiting: (0..self.claims.len()).filter(|at| unbound(self.claims.get(*at))).collect(),
            harvester: self.coverage.has_group("harvesterhci.io"),
        }
    }

    fn applications(&self) -> HashSet<Box<str>> {
        let is = |kind: &GroupKind| kind.group == "argoproj.io" && kind.kind == "Application";
        let Some(kind) = self.kinds.iter().position(is).and_then(|at| u16::try_from(at).ok()) else {
            return HashSet::new();
        };
        let of_it = self.objects.iter().filter(|object| object.kind == kind);
        of_it.map(|object| object.head.name.clone()).collect()
    }

    /// Name hashes of unknown kinds that are names, uids or handles of claims or volumes here.
    fn possible_names<'a>(&'a self, name: impl Fn(ObjectId) -> &'a str) -> Lookup {
        let mut wanted: HashSet<u64> = self.claims.iter().map(|claim| hash(name(claim.object))).collect();
        wanted.extend(self.volumes.iter().map(|volume| hash(name(volume.object))));
        for volume in &self.volumes {
            wanted.extend(volume.data.claim.as_ref().map(|claim| hash(&claim.name)));
            let asset = volume.data.driver.as_deref().zip(volume.data.handle.as_deref());
            wanted.extend(asset.map(|(driver, handle)| hash(asset::canonical(driver, handle).1)));
        }
        let subjects = self
            .claims
            .iter()
            .map(|claim| claim.object)
            .chain(self.volumes.iter().map(|volume| volume.object));
        wanted.extend(subjects.filter_map(|id| self.object(id)).map(|object| hash(&object.head.uid)));
        let pairs = self.names.iter().enumerate().flat_map(|(at, (_, names))| {
            names.iter().filter(|hash| wanted.contains(*hash)).map(move |hash| (at, *hash))
        });
        Lookup::of(pairs)
    }

    /// The claim of that name.
    pub(crate) fn claim(&self, namespace: &str, name: &str) -> Option<usize> {
        self.index.claims.at(claim_key(namespace, name)).map(index).find(|at| {
            let object = self.claims.get(*at).and_then(|claim| self.object(claim.object));
            object.is_some_and(|object| &*object.head.namespace == namespace && &*object.head.name == name)
        })
    }

    /// The volume of that name.
    pub(crate) fn volume(&self, name: &str) -> Option<usize> {
        self.index.volumes.at(volume_key(name)).map(index).find(|at| {
            let object = self.volumes.get(*at).and_then(|volume| self.object(volume.object));
            object.is_some_and(|object| &*object.head.name == name)
        })
    }

    /// The object of that uid.
    pub(crate) fn by_uid(&self, uid: &str) -> Option<ObjectId> {
        self.index
            .uids
            .at(hash(uid))
            .find(|id| self.counts(*id) && self.object(*id).is_some_and(|object| &*object.head.uid == uid))
    }

    /// The object of that kind and name.
    pub(crate) fn named(&self, kind: &GroupKind, namespace: &str, name: &str) -> Option<&Object> {
        self.index
            .names_of_objects
            .at(object_key(kind, namespace, name))
            .filter_map(|id| self.object(id))
            .find(|object| {
                !object.void
                    && self.kinds.get(usize::from(object.kind)) == Some(kind)
                    && &*object.head.namespace == namespace
                    && &*object.head.name == name
            })
    }

    /// What a VM or a DataVolume says of its disks beside naming them.
    pub(crate) fn intent_of(&self, machine: ObjectId) -> Option<&kubevirt::Intent> {
        let at = self.intents.binary_search_by_key(&machine, |intent| intent.object).ok()?;
        self.intents.get(at).map(|intent| &*intent.data)
    }

    /// True where an Argo application has the name, in any namespace.
    pub(crate) fn has_application(&self, name: &str) -> bool {
        self.index.applications.contains(name)
    }

    /// Volumes of that asset, by whatever plugin they name it.
    pub(crate) fn with_handle<'a>(
        &'a self,
        driver: &'a str,
        handle: &'a str,
    ) -> impl Iterator<Item = usize> + 'a {
        self.index.handles.at(handle_key(driver, handle)).map(index).filter(move |at| {
            let volume = self.volumes.get(*at);
            let other =
                volume.and_then(|volume| volume.data.driver.as_deref().zip(volume.data.handle.as_deref()));
            other.is_some_and(|(other, of)| asset::canonical(other, of) == asset::canonical(driver, handle))
        })
    }

    /// Volumes that are that folder.
    pub(crate) fn with_share<'a>(&'a self, share: &'a str) -> impl Iterator<Item = usize> + 'a {
        let of = |at: &usize| self.volumes.get(*at).and_then(|volume| volume.data.share.as_deref());
        self.index.shares.at(hash(share)).map(index).filter(move |at| of(at) == Some(share))
    }

    /// Claims that have no volume and ask for none by name.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Of<storage::Claim>> {
        self.index.waiting.iter().filter_map(|at| self.claims.get(*at))
    }

    /// Volumes whose claimRef names that claim.
    pub(crate) fn naming_claim<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = usize> + 'a {
        self.index.claim_refs.at(claim_key(namespace, name)).map(index).filter(move |at| {
            self.volumes
                .get(*at)
                .and_then(|volume| volume.data.claim.as_ref())
                .is_some_and(|claim| &*claim.namespace == namespace && &*claim.name == name)
        })
    }

    /// Claims whose spec.volumeName is that volume.
    pub(crate) fn naming_volume<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.index.volume_names.at(volume_key(name)).map(index).filter(move |at| {
            self.claims.get(*at).is_some_and(|claim| claim.data.volume.as_deref() == Some(name))
        })
    }

    /// Snapshots of that claim.
    pub(crate) fn snapshots_of<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = usize> + 'a {
        self.index.snapshots.at(claim_key(namespace, name)).map(index).filter(move |at| {
            self.snapshots.get(*at).is_some_and(|snapshot| {
                snapshot.data.claim.as_deref() == Some(name)
                    && self.object(snapshot.object).is_some_and(|object| &*object.head.namespace == namespace)
            })
        })
    }

    /// Snapshots and backups of other systems of that claim: by its uid where they tell one, else by its name.
    pub(crate) fn copies_of<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
        uid: &'a str,
    ) -> impl Iterator<Item = &'a (ObjectId, Copy)> + 'a {
        let keyed = self.index.copies.at(claim_key(namespace, name)).chain(self.index.copies.at(hash(uid)));
        keyed.filter_map(|at| self.copies.get(index(at))).filter(move |(_, copy)| match &copy.uid {
            Some(told) if copy.claim.is_empty() => **told == *uid,
            told => {
                told.as_deref().is_none_or(|told| told == uid)
                    && &*copy.claim == name
                    && &*copy.namespace == namespace
            }
        })
    }

    /// Snapshot contents of that asset.
    pub(crate) fn contents_of<'a>(
        &'a self,
        driver: &'a str,
        handle: &'a str,
    ) -> impl Iterator<Item = usize> + 'a {
        self.index.contents.at(handle_key(driver, handle)).map(index).filter(move |at| {
            let content = self.contents.get(*at).map(|content| &content.data);
            let other =
                content.and_then(|content| Some((&*content.driver, content.volume_handle.as_deref()?)));
            other.is_some_and(|(other, of)| asset::canonical(other, of) == asset::canonical(driver, handle))
        })
    }

    pub(super) fn edge(&self, id: u32) -> Option<&(ObjectId, Edge)> {
        self.edges.get(index(id))
    }

    /// Everything that names the claim, StatefulSets by ordinal and unknown kinds included.
    pub(crate) fn references_to_claim<'a>(&'a self, namespace: &'a str, name: &'a str) -> Vec<Reference<'a>> {
        let mut found = Vec::new();
        let named = |namespace| self.index.edges.at(claim_key(namespace, name));
        let anywhere = self.index.marks.anywhere.then(|| named(ANYWHERE)).into_iter().flatten();
        for (object, edge) in named(namespace).chain(anywhere).filter_map(|id| self.edge(id)) {
            let own = || self.object(*object).map_or("", |object| &*object.head.namespace);
            let hit = match &edge.target {
                Target::Claim { namespace: other, name: named } => {
                    let other = other.as_deref().unwrap_or_else(own);
                    &**named == name && (other == namespace || other == ANYWHERE)
                }
                _ => false,
            };
            if hit {
                found.push(reference(*object, edge, None));
            }
        }
        if let Some((prefix, ordinal)) = numbered(name) {
            for (object, edge) in
                self.index.edges.at(prefix_key(namespace, prefix)).filter_map(|id| self.edge(id))
            {
                let Target::Ordinals { prefix: made, start, end, reserves } = &edge.target else { continue };
                let own = self.object(*object).is_some_and(|object| &*object.head.namespace == namespace);
                let wanted = (*start..*end).contains(&ordinal);
                if &**made == prefix && own && (wanted || *reserves) {
                    found.push(reference(*object, edge, Some(Ordinal { ordinal, wanted })));
                }
            }
        }
        found.extend(self.possible(name, Some(namespace)));
        self.by_marks(namespace, name, &mut found);
        found
    }

    /// Everything that names the volume, attachments and nodes included.
    pub(crate) fn references_to_volume<'a>(
        &'a self,
        name: &'a str,
        volume: &storage::Volume,
    ) -> Vec<Reference<'a>> {
        let (driver, handle) = (volume.driver.as_deref(), volume.handle.as_deref());
        let named = self.index.edges.at(volume_key(name)).filter_map(|id| self.edge(id));
        let mut found: Vec<Reference<'a>> = named
            .filter(|(_, edge)| matches!(&edge.target, Target::Volume { name: named } if &**named == name))
            .map(|(object, edge)| reference(*object, edge, None))
            .collect();
        if let (true, Some(driver), Some(handle)) = (self.index.marks.attachments, driver, handle) {
            for unique in asset::uniques(driver, handle, volume.share.as_deref()) {
                let attached = self.index.edges.at(attachment_key(&unique)).filter_map(|id| self.edge(id));
                let hit = |(_, edge): &&(ObjectId, Edge)| matches!(&edge.target, Target::Attachment { unique: named } if **named == *unique);
                found.extend(attached.filter(hit).map(|(object, edge)| reference(*object, edge, None)));
            }
        }
        found.extend(self.possible(name, None));
        let uid = self.volume(name).and_then(|at| self.object(self.volumes.get(at)?.object));
        found.extend(uid.into_iter().flat_map(|object| self.possible(&object.head.uid, None)));
        let asset = driver.zip(handle).map(|(driver, handle)| asset::canonical(driver, handle).1);
        found.extend(
            asset.filter(|asset| *asset != name).into_iter().flat_map(|asset| self.possible(asset, None)),
        );
        found
    }

    /// Objects of unknown kinds that hold the name: in the claim's namespace, or beside the namespace's name.
    pub(super) fn possible<'a>(&'a self, name: &str, namespace: Option<&str>) -> Vec<Reference<'a>> {
        if self.index.names.is_empty() {
            return Vec::new();
        }
        let entries = self.index.names.at(hash(name)).filter_map(|at| self.names.get(index(at)));
        let hits = entries.filter(|(object, names)| {
            namespace.is_none_or(|namespace| {
                self.object(*object).is_some_and(|object| &*object.head.namespace == namespace)
                    || names.binary_search(&hash(namespace)).is_ok()
            })
        });
        hits.map(|(object, _)| Reference {
            object: *object,
            state: ReferenceState::Possible,
            since: None,
            path: None,
            operation: false,
            ordinal: None,
        })
        .collect()
    }
}

pub(super) fn reference(object: ObjectId, edge: &Edge, ordinal: Option<Ordinal>) -> Reference<'_> {
    let state = match ordinal {
        Some(Ordinal { wanted: false, .. }) => ReferenceState::Reserved,
        _ => edge.state,
    };
    Reference { object, state, since: edge.since, path: Some(&edge.path), operation: edge.operation, ordinal }
}

/// What a StatefulSet puts before a claim's ordinal, and the ordinal.
pub(crate) fn numbered(name: &str) -> Option<(&str, i64)> {
    name.rsplit_once('-').and_then(|(prefix, ordinal)| Some((prefix, plain_number(ordinal)?)))
}

/// An ordinal as StatefulSets write it: no sign, no leading zero.
fn plain_number(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}
