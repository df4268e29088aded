//! By what objects find each other when a claim or volume is decided about: what each is found by, what it looks for, and whom a
//! change of it concerns. The same keys as the inventory's joins; too many ties cost time, a missing one would cost truth, so that
//! generated worlds try that none is missing.

use super::Item;
use crate::evidence::told_names;
use crate::inventory::keys::{
    attachment_key, begin_key, claim_key, handle_key, label_key, namespace_key, numbered, prefix_key,
    target_key, uid_key, volume_key,
};
use crate::kinds::custom::{hash, hash_of};
use crate::kinds::{ANYWHERE, Payload, Target, asset, cdi, storage, vcluster};
use probate_contract::record::VolumeRecord;

/// What two objects have in common, as a hash: a coincidence makes neighbours of strangers, which only costs time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Tie(pub(super) u32);

/// In what way.
#[derive(Clone, Copy)]
enum Role {
    /// Names claims or volumes.
    Names = 1,
    /// Is that claim, or a volume that names it.
    Claim,
    /// Is that volume, or a claim that names it.
    Volume,
    /// Is that asset.
    Asset,
    /// Is what a Node names so.
    Attached,
    /// Is a claim with an ordinal.
    Numbered,
    /// Has that uid.
    Uid,
    /// Has that namespace and name.
    Name,
    /// Is an object of that name that claims may be marked with, of whatever namespace.
    Application,
    /// Is marked with that name, or owned by one of it.
    Marked,
    /// Is a claim of that namespace with a label of that value.
    Labelled,
    /// Is a claim or volume that people may mean by that word.
    Word,
    /// Holds that word, whatever it means by it.
    Mentions,
    /// Is that snapshot.
    Snapshot,
    /// Fills a claim from a snapshot.
    FromSnapshot,
    /// Fills that claim.
    Fills,
    /// Scales that set.
    Scales,
    /// Is a copy of a claim of that virtual cluster.
    Virtual,
    /// Waits for a volume.
    Waiting,
    /// Is a volume that is free.
    Free,
}

fn tie(role: Role, key: u64) -> Tie {
    let mixed = (key ^ (role as u64).rotate_left(56)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Tie(u32::try_from(mixed >> 32).unwrap_or(u32::MAX))
}

fn name_tie(namespace: &str, name: &str) -> Tie {
    tie(Role::Name, hash_of(&[namespace, "/", name]))
}

fn marked(name: &str) -> Tie {
    tie(Role::Marked, hash(name))
}

fn labelled(namespace: &str, value: &str) -> Tie {
    tie(Role::Labelled, hash_of(&[namespace, "/", value]))
}

fn handle(volume: &storage::Volume) -> Option<(&str, &str)> {
    volume.driver.as_deref().zip(volume.handle.as_deref())
}

/// Every tie that the object is found by.
pub(super) fn found_by(item: &Item) -> Vec<Tie> {
    let head = &item.head;
    let (namespace, name) = (&*head.namespace, &*head.name);
    let mut ties = vec![tie(Role::Uid, hash(&head.uid)), name_tie(namespace, name)];
    if item.kind.group == "argoproj.io" {
        ties.push(tie(Role::Application, hash(name)));
    }
    for edge in &*item.edges {
        let found = match &edge.target {
            Target::Snapshot { namespace: told, name } => {
                tie(Role::FromSnapshot, claim_key(told.as_deref().unwrap_or(namespace), name))
            }
            Target::Filling { from, made } => {
                ties.push(tie(Role::Fills, claim_key(namespace, made)));
                tie(Role::Names, target_key(namespace, from))
            }
            target => tie(Role::Names, target_key(namespace, target)),
        };
        ties.push(found);
    }
    ties.extend(item.names.iter().map(|word| tie(Role::Mentions, *word)));
    match &item.payload {
        Payload::Claim(claim) => claim_found_by(item, claim, &mut ties),
        Payload::Volume(volume) => volume_found_by(item, volume, &mut ties),
        Payload::Snapshot(snapshot) => {
            ties.push(tie(Role::Snapshot, claim_key(namespace, name)));
            ties.extend(snapshot.claim.iter().map(|claim| tie(Role::Names, claim_key(namespace, claim))));
        }
        Payload::Content(content) => {
            let handle = content.volume_handle.as_deref();
            ties.extend(handle.map(|handle| tie(Role::Asset, handle_key(&content.driver, handle))));
        }
        Payload::Copies(copies) => ties.extend(copies.iter().flat_map(|copy| {
            let uid = copy.uid.as_deref().map(|uid| tie(Role::Names, uid_key(uid)));
            uid.into_iter().chain([tie(Role::Names, claim_key(&copy.namespace, &copy.claim))])
        })),
        Payload::Scaler(scaler) => ties.push(tie(Role::Scales, claim_key(namespace, &scaler.name))),
        _ => {}
    }
    ties.sort_unstable();
    ties.dedup();
    ties
}

fn claim_found_by(item: &Item, claim: &storage::Claim, ties: &mut Vec<Tie>) {
    let (namespace, name) = (&*item.head.namespace, &*item.head.name);
    ties.push(tie(Role::Claim, claim_key(namespace, name)));
    ties.push(tie(Role::Word, hash(name)));
    match &claim.volume {
        Some(volume) => ties.push(tie(Role::Volume, volume_key(volume))),
        None => ties.push(tie(Role::Waiting, 0)),
    }
    ties.extend(numbered(name).map(|(prefix, _)| tie(Role::Numbered, prefix_key(namespace, prefix))));
    ties.extend(cdi::filled_by(name).map(marked));
    if let Some(Ok(marks)) = vcluster::marks(&item.head, &claim.subject) {
        ties.push(tie(Role::Virtual, claim_key(namespace, marks.cluster)));
    }
    ties.extend(marks(item));
    ties.extend(claim.subject.labels.values().map(|value| labelled(namespace, value)));
}

fn volume_found_by(item: &Item, volume: &storage::Volume, ties: &mut Vec<Tie>) {
    let name = &*item.head.name;
    ties.push(tie(Role::Volume, volume_key(name)));
    ties.push(tie(Role::Word, hash(name)));
    if let Some(claim) = &volume.claim {
        ties.push(tie(Role::Claim, claim_key(&claim.namespace, &claim.name)));
        ties.extend([tie(Role::Word, hash(&claim.name)), tie(Role::Uid, hash(&claim.uid))]);
        ties.extend(cdi::filled_by(&claim.name).map(marked));
        let split = numbered(&claim.name);
        ties.extend(split.map(|(prefix, _)| tie(Role::Numbered, prefix_key(&claim.namespace, prefix))));
    } else {
        ties.push(tie(Role::Free, 0));
    }
    if let Some((driver, handle)) = handle(volume) {
        ties.push(tie(Role::Asset, handle_key(driver, handle)));
        ties.push(tie(Role::Word, hash(asset::canonical(driver, handle).1)));
        let uniques = asset::uniques(driver, handle, volume.share.as_deref());
        ties.extend(uniques.iter().map(|unique| tie(Role::Attached, attachment_key(unique))));
    }
    ties.extend(volume.share.as_deref().map(|share| tie(Role::Asset, hash(share))));
    ties.extend(marks(item));
}

/// Labels of claims whose value is the name of what they belong to.
const BELONGS: [&str; 6] = [
    "persistent-state-for",
    "cdi.kubevirt.io/dataImportCron",
    "kubevirt.io/migrationName",
    "velero.io/restore-name",
    "vcluster.loft.sh/managed-by",
    "release",
];

/// Namespaces, where they are told, and names of whatever the marks on a claim or volume name.
fn told(item: &Item) -> impl Iterator<Item = (Option<&str>, &str)> {
    item.subject().into_iter().flat_map(|subject| {
        let belongs = BELONGS.iter().filter_map(|key| Some((None, subject.labels.get(key)?)));
        belongs.chain(told_names(subject))
    })
}

fn marks(item: &Item) -> impl Iterator<Item = Tie> {
    let owners = item.head.owners.iter().map(|owner| &*owner.name);
    owners.chain(told(item).map(|(_, name)| name)).map(marked)
}

/// Every tie that evidence about it, or through it, looks for.
pub(super) fn looks_for(item: &Item) -> Vec<Tie> {
    let (namespace, name) = (&*item.head.namespace, &*item.head.name);
    let mut ties = Vec::new();
    match &item.payload {
        Payload::Claim(claim) => {
            names_claim(namespace, name, &mut ties);
            ties.push(name_tie("", namespace));
            ties.extend(claim.class.as_deref().map(|class| name_tie("", class)));
            ties.extend(claim.volume.iter().map(|volume| tie(Role::Volume, volume_key(volume))));
            ties.push(tie(Role::Names, uid_key(&item.head.uid)));
            for (key, value) in claim.subject.labels.iter() {
                let pair = format!("{key}={value}");
                ties.extend([namespace, ANYWHERE].map(|within| tie(Role::Names, label_key(within, &pair))));
                ties.push(name_tie(namespace, value));
            }
            let release = claim.subject.labels.get("release");
            ties.extend(release.map(|release| tie(Role::Virtual, claim_key(namespace, release))));
        }
        Payload::Volume(volume) => {
            let key = volume_key(name);
            ties.extend([tie(Role::Names, key), tie(Role::Volume, key)]);
            ties.extend(volume.class.as_deref().map(|class| name_tie("", class)));
            match &volume.claim {
                Some(claim) => {
                    names_claim(&claim.namespace, &claim.name, &mut ties);
                    ties.push(name_tie("", &claim.namespace));
                    ties.push(tie(Role::Names, uid_key(&claim.uid)));
                }
                None => ties.push(tie(Role::Waiting, 0)),
            }
            if let Some((driver, handle)) = handle(volume) {
                ties.push(tie(Role::Asset, handle_key(driver, handle)));
                ties.push(tie(Role::Mentions, hash(asset::canonical(driver, handle).1)));
                let uniques = asset::uniques(driver, handle, volume.share.as_deref());
                ties.extend(uniques.iter().map(|unique| tie(Role::Names, attachment_key(unique))));
            }
            ties.extend(volume.share.as_deref().map(|share| tie(Role::Asset, hash(share))));
            ties.push(tie(Role::Mentions, hash(name)));
        }
        Payload::Snapshot(_) => ties.push(tie(Role::FromSnapshot, claim_key(namespace, name))),
        _ => {
            let made = item.edges.iter().filter_map(|edge| match &edge.target {
                Target::Filling { made, .. } => Some(tie(Role::Claim, claim_key(namespace, made))),
                Target::Ordinals { .. } => Some(tie(Role::Scales, claim_key(namespace, name))),
                _ => None,
            });
            ties.extend(made);
            return ties;
        }
    }
    ties.push(tie(Role::Mentions, hash(&item.head.uid)));
    for owner in &item.head.owners {
        ties.push(tie(Role::Uid, hash(&owner.uid)));
        ties.extend([namespace, ""].map(|within| name_tie(within, &owner.name)));
    }
    for (told, name) in told(item) {
        ties.push(tie(Role::Application, hash(name)));
        ties.extend([told.unwrap_or(namespace), ""].map(|within| name_tie(within, name)));
    }
    ties
}

/// What names a claim of that name, there or not.
fn names_claim(namespace: &str, name: &str, ties: &mut Vec<Tie>) {
    let key = claim_key(namespace, name);
    ties.extend([tie(Role::Claim, key), tie(Role::Fills, key)]);
    let mut named = vec![key, claim_key(ANYWHERE, name), namespace_key(namespace), namespace_key(ANYWHERE)];
    named.extend(numbered(name).map(|(prefix, _)| prefix_key(namespace, prefix)));
    let beginnings = name.match_indices('-').filter_map(|(end, _)| name.get(..end));
    named.extend(beginnings.map(|prefix| begin_key(namespace, prefix)));
    ties.extend(named.into_iter().map(|key| tie(Role::Names, key)));
    ties.push(tie(Role::Mentions, hash(name)));
    ties.extend(cdi::filled_by(name).map(|uid| tie(Role::Uid, hash(uid))));
}

/// What a record tells of that evidence looks for.
pub(super) fn recorded(record: &VolumeRecord) -> Vec<Tie> {
    let status = &record.status;
    let mut ties = Vec::new();
    for owner in &status.owners {
        let namespace = owner.namespace.as_deref().unwrap_or_default();
        ties.extend(owner.uid.as_deref().map(|uid| tie(Role::Uid, hash(uid))));
        ties.push(name_tie(namespace, &owner.name));
    }
    let uids = status.counterparts.iter().filter_map(|known| known.uid.as_deref());
    let guest = status.guest_cluster.iter().filter_map(|guest| guest.uid.as_deref());
    ties.extend(uids.chain(guest).map(|uid| tie(Role::Uid, hash(uid))));
    ties
}

/// The claim or volume that a record is about.
pub(super) fn about(record: &VolumeRecord) -> impl Iterator<Item = Tie> {
    let claim = record.spec.claim.as_ref().and_then(|claim| claim.uid.as_deref());
    let volume = record.spec.volume.as_ref().map(|volume| volume.uid.as_str());
    claim.into_iter().chain(volume).filter(|uid| !uid.is_empty()).map(|uid| tie(Role::Uid, hash(uid)))
}

/// Whoever has that uid.
pub(super) fn of_uid(uid: &str) -> Tie {
    tie(Role::Uid, hash(uid))
}

/// What an object tells others by being there.
pub(super) fn identity(item: &Item) -> [Tie; 2] {
    [tie(Role::Uid, hash(&item.head.uid)), name_tie(&item.head.namespace, &item.head.name)]
}

/// Whom a change of one object concerns.
#[derive(Debug, Default)]
pub(super) struct Concern {
    /// Claims and volumes that are found by these.
    pub(super) subjects: Vec<Tie>,
    /// Objects through which it goes on.
    pub(super) through: Vec<Tie>,
    /// It may be all of them, or more than is worth the search.
    pub(super) all: bool,
}

impl Concern {
    /// Adds that an object came, went, or says something else than before.
    pub(super) fn of(&mut self, old: Option<&Item>, new: Option<&Item>) {
        let both = old.zip(new);
        let same = both.is_some_and(|(old, new)| old.same_head(new));
        // What a VM says of its disks beside naming them is said of those it names.
        let says = |item: &Item| matches!(item.payload, Payload::Intent(_));
        let alike = |(old, new): (&Item, &Item)| {
            old.edges == new.edges && (!(says(old) || says(new)) || old.payload.alike(&new.payload))
        };
        let edges = !(same && both.is_some_and(alike));
        for item in old.into_iter().chain(new) {
            if wide(item) {
                self.all = true;
                return;
            }
            let (namespace, name) = (&*item.head.namespace, &*item.head.name);
            if !same {
                self.subjects.extend([marked(name), marked(&item.head.uid), labelled(namespace, name)]);
            }
            for edge in item.edges.iter().filter(|_| edges) {
                self.target(namespace, &edge.target);
            }
            self.payload(item);
        }
        // Two words of one object may mean a claim together: of which one changed, the other counts too.
        let words = !(same && both.is_some_and(|(old, new)| old.names == new.names));
        for word in old.into_iter().chain(new).filter(|_| words).flat_map(|item| &item.names) {
            self.subjects.extend([tie(Role::Word, *word), tie(Role::Uid, *word)]);
        }
    }

    fn payload(&mut self, item: &Item) {
        let (namespace, name) = (&*item.head.namespace, &*item.head.name);
        match &item.payload {
            Payload::Claim(claim) => {
                let key = claim_key(namespace, name);
                self.subjects.push(tie(Role::Claim, key));
                self.through.push(tie(Role::Fills, key));
                // The store of a virtual cluster counts as long as claims of it are there.
                if let Some(Ok(marks)) = vcluster::marks(&item.head, &claim.subject) {
                    self.subjects.push(marked(marks.cluster));
                }
                match &claim.volume {
                    Some(volume) => self.subjects.push(tie(Role::Volume, volume_key(volume))),
                    None => self.subjects.push(tie(Role::Free, 0)),
                }
            }
            Payload::Volume(volume) => {
                self.subjects.push(tie(Role::Volume, volume_key(name)));
                let claim = volume.claim.as_ref();
                self.subjects
                    .extend(claim.map(|claim| tie(Role::Claim, claim_key(&claim.namespace, &claim.name))));
                self.subjects
                    .extend(handle(volume).map(|(driver, of)| tie(Role::Asset, handle_key(driver, of))));
                self.subjects.extend(volume.share.as_deref().map(|share| tie(Role::Asset, hash(share))));
            }
            Payload::Snapshot(snapshot) => {
                let claim = snapshot.claim.as_deref();
                self.subjects.extend(claim.map(|claim| tie(Role::Claim, claim_key(namespace, claim))));
            }
            Payload::Content(content) => {
                let handle = content.volume_handle.as_deref();
                let key = handle.map(|handle| handle_key(&content.driver, handle));
                self.subjects.extend(key.map(|key| tie(Role::Asset, key)));
            }
            Payload::Copies(copies) => {
                for copy in copies {
                    self.subjects.push(tie(Role::Claim, claim_key(&copy.namespace, &copy.claim)));
                    self.subjects.extend(copy.uid.as_deref().map(|uid| tie(Role::Uid, hash(uid))));
                }
            }
            Payload::Scaler(scaler) => self.through.push(name_tie(namespace, &scaler.name)),
            _ => {}
        }
    }

    pub(super) fn len(&self) -> usize {
        self.subjects.len().saturating_add(self.through.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subjects.is_empty() && self.through.is_empty() && !self.all
    }

    fn target(&mut self, own: &str, target: &Target) {
        let found = match target {
            Target::Claim { namespace: Some(within), name } if **within == *ANYWHERE => {
                tie(Role::Word, hash(name))
            }
            Target::Claim { namespace, name } => {
                tie(Role::Claim, claim_key(namespace.as_deref().unwrap_or(own), name))
            }
            Target::Volume { name } => tie(Role::Volume, volume_key(name)),
            Target::Attachment { unique } => tie(Role::Attached, attachment_key(unique)),
            Target::Ordinals { prefix, .. } => tie(Role::Numbered, prefix_key(own, prefix)),
            Target::Uid { uid } => tie(Role::Uid, hash(uid)),
            Target::Labelled { pair, anywhere } => match pair.split_once('=') {
                Some((key, value)) if BELONGS.contains(&key) => marked(value),
                Some((_, value)) if !anywhere => labelled(own, value),
                _ => {
                    self.all = true;
                    return;
                }
            },
            Target::Namespace { .. } | Target::Prefixed { .. } => {
                self.all = true;
                return;
            }
            Target::Snapshot { namespace, name } => {
                let within = namespace.as_deref().unwrap_or(own);
                self.through.push(tie(Role::Snapshot, claim_key(within, name)));
                return;
            }
            Target::Filling { from, .. } => return self.target(own, from),
        };
        self.subjects.push(found);
    }
}

/// Objects that many decisions rest on, and that seldom change.
fn wide(item: &Item) -> bool {
    matches!(
        item.payload,
        Payload::Namespace(_) | Payload::Class(_) | Payload::Defines(_) | Payload::Layer(_)
    )
}

/// Objects that every inventory holds, however small.
pub(super) fn everywhere(item: &Item) -> bool {
    matches!(item.payload, Payload::Defines(_) | Payload::Layer(_))
}

/// True for claims and volumes.
pub(super) fn is_subject(item: &Item) -> bool {
    item.subject().is_some()
}

/// The uid of the claim that a volume is or was bound to.
pub(super) fn claim_uid(item: &Item) -> Option<&str> {
    match &item.payload {
        Payload::Volume(volume) => {
            volume.claim.as_ref().map(|claim| &*claim.uid).filter(|uid| !uid.is_empty())
        }
        _ => None,
    }
}

/// What a claim or volume may be one with, whichever of the two names the other.
pub(super) fn pairs(item: &Item) -> Vec<Tie> {
    let (namespace, name) = (&*item.head.namespace, &*item.head.name);
    let (claim, volume) = match &item.payload {
        Payload::Claim(claim) => (Some(claim_key(namespace, name)), claim.volume.as_deref().map(volume_key)),
        Payload::Volume(volume) => {
            let claim = volume.claim.as_ref().map(|claim| claim_key(&claim.namespace, &claim.name));
            (claim, Some(volume_key(name)))
        }
        _ => (None, None),
    };
    let claim = claim.map(|key| tie(Role::Claim, key));
    claim.into_iter().chain(volume.map(|key| tie(Role::Volume, key))).collect()
}
