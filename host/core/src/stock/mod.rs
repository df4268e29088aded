//! Stock: what a watch keeps of a cluster, changed in place, and which claims and volumes a change concerns. Of those, and of all
//! that evidence about them looks for, an inventory is made that says of them what the whole one would.

mod item;
mod ties;

pub use item::{Item, Opened};

use crate::intake::GroupKind;
use hashbrown::{HashSet, HashTable};
use item::{Kept, Likes, Lost};
use probate_contract::record::VolumeRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use ties::{Concern, Tie};

/// Objects of a neighbourhood; with more than so many it is no dearer to look at all.
const MOST: usize = 4000;

/// Changes that nobody asks for are not remembered one by one beyond so many ties.
const TOO_MUCH: usize = 1 << 16;

/// Where an object is kept.
type Slot = u32;

/// Objects of one cluster, one of each name.
#[derive(Debug, Default)]
pub struct Stock {
    slots: Vec<Option<Kept>>,
    free: Vec<Slot>,
    /// By the hash of kind, namespace and name.
    names: HashTable<(u32, Slot)>,
    likes: Likes,
    /// How many there are of each kind.
    kinds: BTreeMap<Arc<GroupKind>, usize>,
    ties: HashTable<(Tie, Slot)>,
    /// Objects that every inventory holds.
    everywhere: BTreeSet<Slot>,
}

/// What changed since somebody looked.
#[derive(Debug, Default)]
pub struct Changes {
    concern: Concern,
    /// What the changed objects tell others by being there.
    told: Vec<Tie>,
    /// Uids of the claims and volumes among them, also of those that are gone.
    uids: BTreeSet<Box<str>>,
}

/// Claims and volumes to decide about, and the objects that this needs.
#[derive(Debug)]
pub struct Scope {
    /// Uids of the claims and volumes, also of those that are gone.
    pub uids: BTreeSet<Box<str>>,
    slots: Vec<Slot>,
}

impl Scope {
    /// True where the record is about one of its claims or volumes.
    pub fn has(&self, record: &VolumeRecord) -> bool {
        let has = |uid: &str| self.uids.contains(uid);
        let claim = record.spec.claim.as_ref().and_then(|claim| claim.uid.as_deref());
        claim.is_some_and(has) || record.spec.volume.as_ref().is_some_and(|volume| has(&volume.uid))
    }
}

impl Changes {
    /// Adds what an object was, and what it is now; nothing where it was not or is not there.
    pub fn add(&mut self, old: Option<&Item>, new: Option<&Item>) {
        if self.concern.all {
            return;
        }
        self.concern.of(old, new);
        let same = old.zip(new).is_some_and(|(old, new)| old.same_head(new));
        for item in old.into_iter().chain(new) {
            if ties::is_subject(item) {
                self.uids.insert(item.uid().into());
            }
            if !same {
                self.told.extend(ties::identity(item));
            }
        }
        if self.concern.len().saturating_add(self.told.len()) > TOO_MUCH {
            self.all();
        }
    }

    /// Adds that this claim or volume is to be looked at again.
    pub fn look_at(&mut self, uid: &str) {
        self.uids.insert(uid.into());
    }

    /// Adds that anything may have changed.
    pub fn all(&mut self) {
        *self = Self { concern: Concern { all: true, ..Concern::default() }, ..Self::default() };
    }

    /// True where nothing did.
    pub fn is_empty(&self) -> bool {
        !self.concern.all && self.uids.is_empty() && self.told.is_empty() && self.concern.is_empty()
    }

    /// Adds what others are.
    pub fn extend(&mut self, other: Self) {
        if other.concern.all {
            return self.all();
        }
        self.concern.subjects.extend(other.concern.subjects);
        self.concern.through.extend(other.concern.through);
        self.told.extend(other.told);
        self.uids.extend(other.uids);
    }
}

impl Stock {
    /// Keeps an object; gives the one that had its name.
    pub fn put(&mut self, item: Item) -> Option<Item> {
        let old = self.remove(&item.kind, &item.head.namespace, &item.head.name);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            Slot::try_from(self.slots.len() - 1).unwrap_or(Slot::MAX)
        });
        for tie in ties::found_by(&item) {
            self.ties.insert_unique(spread(tie.0), (tie, slot), |(tie, _)| spread(tie.0));
        }
        if ties::everywhere(&item) {
            self.everywhere.insert(slot);
        }
        let name = item.key();
        self.names.insert_unique(spread(name), (name, slot), |(name, _)| spread(*name));
        let count = self.kinds.entry(item.kind.clone()).or_default();
        *count = count.saturating_add(1);
        let kept = Kept::of(item, &mut self.likes);
        if let Some(place) = self.slots.get_mut(place(slot)) {
            *place = Some(kept);
        }
        old
    }

    /// Lets go of the object of that name.
    pub fn remove(&mut self, kind: &GroupKind, namespace: &str, name: &str) -> Option<Item> {
        let (slot, item) = self.find(kind, namespace, name)?;
        let item = item.into_item();
        *self.slots.get_mut(place(slot))? = None;
        let name = item.key();
        if let Ok(entry) = self.names.find_entry(spread(name), |known| *known == (name, slot)) {
            entry.remove();
        }
        for tie in ties::found_by(&item) {
            if let Ok(entry) = self.ties.find_entry(spread(tie.0), |known| *known == (tie, slot)) {
                entry.remove();
            }
        }
        if let Some(count) = self.kinds.get_mut(&item.kind) {
            *count = count.saturating_sub(1);
        }
        self.everywhere.remove(&slot);
        self.free.push(slot);
        Some(item)
    }

    fn find(&self, kind: &GroupKind, namespace: &str, name: &str) -> Option<(Slot, Opened<'_>)> {
        let key = item::key(kind, namespace, name);
        let named = self.names.iter_hash(spread(key)).filter(|(own, _)| *own == key);
        named.filter_map(|(_, slot)| Some((*slot, self.at_slot(*slot)?))).find(|(_, item)| {
            *item.kind == *kind && &*item.head.namespace == namespace && &*item.head.name == name
        })
    }

    /// The object of that name.
    pub fn get(&self, kind: &GroupKind, namespace: &str, name: &str) -> Option<Opened<'_>> {
        self.find(kind, namespace, name).map(|(_, item)| item)
    }

    /// All of them, in no order; of one that cannot be read any more its kind.
    pub fn iter(&self) -> impl Iterator<Item = Result<Opened<'_>, Lost>> {
        self.slots.iter().flatten().map(|kept| kept.open(&self.likes))
    }

    /// Those of one kind.
    pub fn of_kind(&self, kind: &GroupKind) -> impl Iterator<Item = Result<Opened<'_>, Lost>> {
        let of = |kept: &&Kept| kept.kind(&self.likes).is_some_and(|own| **own == *kind);
        self.slots.iter().flatten().filter(of).map(|kept| kept.open(&self.likes))
    }

    /// The kinds that there are objects of.
    pub fn kinds(&self) -> impl Iterator<Item = &Arc<GroupKind>> {
        self.kinds.iter().filter(|(_, count)| **count > 0).map(|(kind, _)| kind)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The objects of a scope.
    pub fn within<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = Result<Opened<'a>, Lost>> {
        scope
            .slots
            .iter()
            .filter_map(|slot| self.slots.get(place(*slot))?.as_ref())
            .map(|kept| kept.open(&self.likes))
    }

    /// The claims and volumes that the changes concern, and all that evidence about them looks for; nothing where that may be all of
    /// them. `records` say what else some look for.
    pub fn scope<'a>(
        &self,
        changes: &Changes,
        records: impl Iterator<Item = &'a VolumeRecord> + Clone,
    ) -> Option<Scope> {
        if changes.concern.all {
            return None;
        }
        let subjects = self.concerned(changes, records.clone())?;
        let mut uids = changes.uids.clone();
        for slot in &subjects {
            let item = self.at_slot(*slot)?;
            // A record of the claim that is gone tells of its volume.
            uids.extend(std::iter::once(item.uid()).chain(ties::claim_uid(&item)).map(Box::from));
        }
        let mut scope = Scope { uids, slots: Vec::new() };
        let recorded = records.filter(|record| scope.has(record));
        let mut wanted: Vec<Tie> = recorded.flat_map(ties::recorded).collect();
        let mut found: HashSet<Slot> = self.everywhere.iter().copied().collect();
        let mut rest: Vec<Slot> = subjects.iter().copied().collect();
        loop {
            for tie in wanted.drain(..) {
                rest.extend(self.at(tie).filter(|slot| !found.contains(slot)));
            }
            let Some(slot) = rest.pop() else { break };
            if !found.insert(slot) {
                continue;
            }
            if found.len() > MOST {
                return None;
            }
            // Of other claims and volumes it counts what they are, not what is around them.
            let item = self.at_slot(slot)?;
            if !ties::is_subject(&item) || subjects.contains(&slot) {
                wanted.extend(ties::looks_for(&item));
            }
        }
        scope.slots = found.into_iter().collect();
        scope.slots.sort_unstable();
        Some(scope)
    }

    /// Claims and volumes that are not decided any more as they were; of a pair both.
    fn concerned<'a>(
        &self,
        changes: &Changes,
        records: impl Iterator<Item = &'a VolumeRecord>,
    ) -> Option<BTreeSet<Slot>> {
        let mut wanted = changes.concern.subjects.clone();
        let mut through = changes.concern.through.clone();
        let mut passed = HashSet::new();
        while let Some(tie) = through.pop() {
            let mut on = Concern::default();
            for slot in self.at(tie).filter(|slot| passed.insert(*slot)) {
                on.of(None, Some(&*self.at_slot(slot)?));
            }
            if on.all || passed.len() > MOST {
                return None;
            }
            wanted.append(&mut on.subjects);
            through.append(&mut on.through);
        }
        wanted.extend(changes.uids.iter().map(|uid| ties::of_uid(uid)));
        let told: HashSet<Tie> = changes.told.iter().copied().collect();
        if !told.is_empty() {
            let hit = |record: &&VolumeRecord| ties::recorded(record).iter().any(|tie| told.contains(tie));
            wanted.extend(records.filter(hit).flat_map(ties::about));
        }
        let (mut subjects, mut pairs) = (BTreeSet::new(), Vec::new());
        for slot in wanted.into_iter().flat_map(|tie| self.at(tie)) {
            let item = self.at_slot(slot)?;
            if ties::is_subject(&item) && subjects.insert(slot) {
                pairs.extend(ties::pairs(&item));
            }
            if subjects.len() > MOST {
                return None;
            }
        }
        for slot in pairs.into_iter().flat_map(|tie| self.at(tie)) {
            if ties::is_subject(&*self.at_slot(slot)?) {
                subjects.insert(slot);
            }
        }
        Some(subjects)
    }

    fn at(&self, tie: Tie) -> impl Iterator<Item = Slot> {
        let same = self.ties.iter_hash(spread(tie.0)).filter(move |(own, _)| *own == tie);
        same.map(|(_, slot)| *slot)
    }

    fn at_slot(&self, slot: Slot) -> Option<Opened<'_>> {
        self.slots.get(place(slot))?.as_ref()?.open(&self.likes).ok()
    }
}

fn place(slot: Slot) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// A hash of 32 bits over all the bits that a table looks at.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
