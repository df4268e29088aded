//! What was seen of one cluster: objects as they were read, and for each kind whether its list is whole.

use super::discover::Discovered;
use crate::deploy::SELF_TEST_VOLUME;
use probate_contract::Diagnostic;
use probate_contract::dump::Reason;
use probate_contract::record::VolumeRecord;
use probate_core::intake::GroupKind;
use probate_core::stock::{Changes, Item, Opened, Scope, Stock};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Namespace and name.
pub(crate) type Name = (Box<str>, Box<str>);

/// An object, or why it could not be read.
type Seen = Result<Item, Box<Diagnostic>>;

/// How far a kind is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListState {
    /// Its list is whole, and watched since then without a break (seconds since 1970).
    Whole {
        /// Since when.
        since: i64,
    },
    /// It is not.
    Broken(Reason),
}

#[derive(Debug)]
struct Kind {
    state: ListState,
    unreadable: BTreeMap<Name, Box<Diagnostic>>,
    /// Names of a list that has not come to its end.
    coming: Option<HashSet<Name>>,
    /// Objects that are gone, with what they said last, and whether anybody has read it.
    last: BTreeMap<Name, (Item, bool)>,
}

impl Kind {
    /// Keeps what is gone until somebody has heard what it said on its way out: between two looks it may come and go.
    fn gone(&mut self, item: Item) {
        if item.has_last_words() {
            self.last.insert(name_of(&item), (item, false));
        }
    }
}

impl Default for Kind {
    fn default() -> Self {
        Self {
            state: ListState::Broken(Reason::NotSynced),
            unreadable: BTreeMap::new(),
            coming: None,
            last: BTreeMap::new(),
        }
    }
}

/// Everything that is held, as whoever has the lock sees it.
#[derive(Debug, Default)]
pub(crate) struct Inner {
    kinds: BTreeMap<GroupKind, Kind>,
    stock: Stock,
    changes: Changes,
    pub(crate) discovered: Option<Discovered>,
    pub(crate) uid: Option<String>,
}

/// Objects of one cluster.
#[derive(Debug)]
pub struct Store {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

impl Default for Store {
    fn default() -> Self {
        Self { inner: Mutex::default(), changed: watch::Sender::new(0) }
    }
}

/// What happened to an object or its list.
#[derive(Debug)]
pub(crate) enum Change {
    /// A list begins anew.
    Begin,
    /// One object of it.
    Listed(Name, Seen),
    /// The list is whole.
    End,
    /// An object is there or has changed.
    Put(Name, Seen),
    /// It is gone.
    Gone(Name),
    /// Nothing can be said any more.
    Lost(Reason),
}

fn name_of(item: &Item) -> Name {
    let (namespace, name) = item.name();
    (namespace.into(), name.into())
}

impl Inner {
    /// What changed since this was asked last.
    pub(crate) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// The claims and volumes that changes concern, with all that is needed of others; nothing where it may be all of them.
    pub(crate) fn scope<'a>(
        &self,
        changes: &Changes,
        records: impl Iterator<Item = &'a VolumeRecord> + Clone,
    ) -> Option<Scope> {
        self.stock.scope(changes, records)
    }

    /// Every kind, how far it is known, and what of it could not be read.
    pub(crate) fn kinds(
        &self,
    ) -> impl Iterator<Item = (&GroupKind, ListState, impl Iterator<Item = &Diagnostic>)> {
        self.kinds.iter().map(|(kind, known)| (kind, known.state, known.unreadable.values().map(Box::as_ref)))
    }

    /// The kinds that there are objects of.
    pub(crate) fn seen(&self) -> impl Iterator<Item = &Arc<GroupKind>> {
        self.stock.kinds()
    }

    /// The objects of a scope, or all. What is gone is read with them until it was `heard`, which counts where this look `hears`.
    pub(crate) fn items(
        &mut self,
        scope: Option<&Scope>,
        hears: bool,
        mut each: impl FnMut(Result<Opened<'_>, (&GroupKind, &Diagnostic)>),
    ) {
        for known in self.kinds.values_mut() {
            for (item, read) in known.last.values_mut() {
                *read |= hears;
                each(Ok(Opened::Kept(item)));
            }
        }
        let mut each = |item: Result<Opened<'_>, (Arc<GroupKind>, Box<Diagnostic>)>| match item {
            Ok(item) => each(Ok(item)),
            Err((kind, diagnostic)) => each(Err((&kind, &diagnostic))),
        };
        match scope {
            Some(scope) => self.stock.within(scope).for_each(&mut each),
            None => self.stock.iter().for_each(&mut each),
        }
    }

    /// Keeps an object or why there is none; true where a decision may be another for it.
    fn put(&mut self, kind: &GroupKind, name: Name, seen: Seen) -> bool {
        let Some(known) = self.kinds.get_mut(kind) else { return false };
        // One name has one object: another one of it proves the first gone.
        if let Some((last, _)) = known.last.remove(&name) {
            self.changes.add(Some(&last), None);
        }
        match seen {
            Ok(item) => {
                if known.unreadable.remove(&name).is_some() {
                    self.changes.all();
                }
                let old = self.stock.put(item);
                let now = self.stock.get(kind, &name.0, &name.1);
                // Of most changes, a kubelet's word that a Pod is still there among them, nothing is read.
                if old.as_ref().zip(now.as_deref()).is_some_and(|(old, now)| old.alike(now)) {
                    return false;
                }
                self.changes.add(old.as_ref(), now.as_deref());
            }
            Err(diagnostic) => {
                drop(self.stock.remove(kind, &name.0, &name.1));
                if known.unreadable.insert(name, diagnostic).is_none() {
                    self.changes.all();
                }
            }
        }
        true
    }

    fn gone(&mut self, kind: &GroupKind, name: &Name) {
        let Some(known) = self.kinds.get_mut(kind) else { return };
        if known.unreadable.remove(name).is_some() {
            self.changes.all();
        }
        if let Some(item) = self.stock.remove(kind, &name.0, &name.1) {
            self.changes.add(Some(&item), None);
            known.gone(item);
        }
    }

    /// Lets go of what a list that is whole now does not have.
    fn ended(&mut self, kind: &GroupKind, now: i64) {
        let Some(known) = self.kinds.get_mut(kind) else { return };
        let coming = known.coming.take().unwrap_or_default();
        if !matches!(known.state, ListState::Whole { .. }) {
            known.state = ListState::Whole { since: now };
            self.changes.all();
        }
        let own = self.stock.of_kind(kind).flatten().map(|item| name_of(&item));
        let own = own.chain(known.unreadable.keys().cloned());
        let held: Vec<Name> = own.filter(|name| !coming.contains(name)).collect();
        for name in held {
            self.gone(kind, &name);
        }
    }
}

impl Store {
    /// Everything that is held, until `look` ends.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&mut Inner) -> R) -> R {
        look(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while holding it would have left at most a stale object, which the next list replaces.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told whenever something changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn touch(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Takes what the API server has; kinds that are no longer there are forgotten.
    pub(crate) fn discovered(&self, discovered: Discovered) {
        let mut inner = self.lock();
        if inner.discovered.as_ref() == Some(&discovered) {
            return;
        }
        if discovered.whole() {
            let there = |kind: &GroupKind| discovered.evidence.contains_key(kind);
            inner.kinds.retain(|kind, _| there(kind));
            let away =
                inner.stock.kinds().filter(|kind| !there(kind)).flat_map(|kind| inner.stock.of_kind(kind));
            let away: Vec<_> = away.flatten().map(|item| (item.kind().clone(), name_of(&item))).collect();
            for (kind, name) in away {
                drop(inner.stock.remove(&kind, &name.0, &name.1));
            }
        }
        for kind in discovered.evidence.keys() {
            inner.kinds.entry(kind.clone()).or_default();
        }
        inner.discovered = Some(discovered);
        inner.changes.all();
        drop(inner);
        self.touch();
    }

    /// Discovery does not answer: what is not known to exist may exist.
    pub(crate) fn undiscovered(&self) {
        let mut inner = self.lock();
        if inner.discovered.take().is_some() {
            inner.changes.all();
            drop(inner);
            self.touch();
        }
    }

    pub(crate) fn uid(&self, uid: String) {
        let mut inner = self.lock();
        if inner.uid.replace(uid) != inner.uid {
            inner.changes.all();
        }
    }

    /// Takes one change. The volume that the admission policy is tried on is nobody's.
    pub(crate) fn apply(&self, kind: &GroupKind, change: Change, now: i64) {
        if let Change::Listed((_, name), _) | Change::Put((_, name), _) = &change
            && **name == *SELF_TEST_VOLUME
            && kind.kind == "PersistentVolume"
        {
            return;
        }
        let mut inner = self.lock();
        // A kind that was forgotten meanwhile has no place for late news.
        let Some(known) = inner.kinds.get_mut(kind) else { return };
        let wakes = match change {
            Change::Begin => {
                known.coming = Some(HashSet::new());
                false
            }
            Change::Listed(name, seen) => {
                known.coming.get_or_insert_default().insert(name.clone());
                inner.put(kind, name, seen);
                false
            }
            Change::End => {
                inner.ended(kind, now);
                true
            }
            Change::Put(name, seen) => inner.put(kind, name, seen),
            Change::Gone(name) => {
                inner.gone(kind, &name);
                true
            }
            Change::Lost(reason) => {
                known.coming = None;
                known.state = ListState::Broken(reason);
                inner.changes.all();
                true
            }
        };
        drop(inner);
        if wakes {
            self.touch();
        }
    }

    /// Takes over what another look saw of kinds that are not whole in this one. They stay as they are: not whole.
    pub(crate) fn remember(&self, before: &Self) {
        let before = before.lock();
        let mut inner = self.lock();
        let discovered = inner.discovered.is_some();
        for kind in before.kinds.keys() {
            if !discovered || inner.kinds.contains_key(kind) {
                inner.kinds.entry(kind.clone()).or_default();
            }
        }
        for kind in before.stock.kinds() {
            let known = inner.kinds.get(&**kind);
            if known.is_none_or(|known| !matches!(known.state, ListState::Broken(_))) {
                continue;
            }
            for item in before.stock.of_kind(kind).flatten() {
                let (namespace, name) = item.name();
                if inner.stock.get(kind, namespace, name).is_none() {
                    inner.stock.put(item.into_item());
                }
            }
        }
        inner.changes.all();
    }

    /// Lets go of what is gone and was read; true where there was any.
    pub(crate) fn heard(&self) -> bool {
        let mut inner = self.lock();
        let Inner { kinds, changes, .. } = &mut *inner;
        let mut any = false;
        for known in kinds.values_mut() {
            known.last.retain(|_, (item, read)| {
                if *read {
                    changes.add(Some(item), None);
                    any = true;
                }
                !*read
            });
        }
        drop(inner);
        if any {
            self.touch();
        }
        any
    }

    /// Kinds that are not whole.
    pub fn broken(&self) -> Vec<(GroupKind, Reason)> {
        let inner = self.lock();
        let broken = |(kind, known): (&GroupKind, &Kind)| match known.state {
            ListState::Broken(reason) => Some((kind.clone(), reason)),
            ListState::Whole { .. } => None,
        };
        inner.kinds.iter().filter_map(broken).collect()
    }

    /// True where discovery answered and each kind is whole or refused for good.
    pub fn settled(&self) -> bool {
        let inner = self.lock();
        let settled = |known: &Kind| known.state != ListState::Broken(Reason::NotSynced);
        inner.discovered.is_some() && inner.kinds.values().all(settled)
    }

    /// Since when everything has been watched without a break (seconds since 1970); nothing where a kind is not whole.
    pub fn watched_since(&self) -> Option<i64> {
        let inner = self.lock();
        inner.discovered.as_ref().filter(|discovered| discovered.whole())?;
        let times = inner.kinds.values().map(|known| match known.state {
            ListState::Whole { since } => Some(since),
            ListState::Broken(_) => None,
        });
        times.collect::<Option<Vec<i64>>>()?.into_iter().max()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.lock().stock.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Store {
    /// How a kind is served.
    pub fn served(&self, kind: &GroupKind) -> Option<super::discover::Served> {
        self.lock().discovered.as_ref()?.evidence.get(kind).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Kind, Name, Store};
    use probate_contract::dump::Reason;
    use probate_core::intake::GroupKind;
    use probate_core::stock::Item;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn machine(deleting: bool) -> Change {
        let at = if deleting { json!("2026-11-22T06:00:00Z") } else { Value::Null };
        let object = json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
            "metadata": {"namespace": "a", "name": "vm", "uid": "u", "deletionTimestamp": at}, "spec": {}});
        let kind = Arc::new(GroupKind::parse("VirtualMachine.kubevirt.io"));
        let item = Item::read(&kind, object.to_string().as_bytes());
        Change::Put(name(), item.map_err(Box::new))
    }

    fn name() -> Name {
        ("a".into(), "vm".into())
    }

    fn seen(store: &Store) -> usize {
        let mut count = 0;
        store.look(|inner| inner.items(None, true, |_| count += 1));
        count
    }

    #[test]
    fn what_a_look_does_not_give_is_remembered_and_not_whole() {
        let kind = GroupKind::parse("VirtualMachine.kubevirt.io");
        let with = |change| {
            let store = Store::default();
            store.lock().kinds.insert(kind.clone(), Kind::default());
            store.apply(&kind, Change::Begin, 0);
            store.apply(&kind, change, 0);
            store
        };
        let before = with(Change::End);
        before.apply(&kind, machine(false), 0);
        let silent = Store::default();
        silent.remember(&before);
        assert_eq!((seen(&silent), silent.broken().len()), (1, 1));
        let lost = with(Change::Lost(Reason::Unreachable));
        lost.remember(&before);
        assert_eq!((seen(&lost), lost.broken().len()), (1, 1));
        let whole = with(Change::End);
        whole.remember(&before);
        assert_eq!((seen(&whole), whole.broken().len()), (0, 0), "it is gone");
    }

    #[test]
    fn what_is_gone_is_read_once_more_where_it_had_something_to_say() {
        let kind = GroupKind::parse("VirtualMachine.kubevirt.io");
        let store = Store::default();
        store.lock().kinds.insert(kind.clone(), Kind::default());
        let apply = |change| store.apply(&kind, change, 0);
        apply(machine(false));
        apply(Change::Gone(name()));
        assert_eq!((seen(&store), store.heard()), (0, false), "it said nothing");
        apply(machine(true));
        apply(Change::Gone(name()));
        assert!(!store.heard(), "nobody has read it");
        assert_eq!((seen(&store), store.heard(), seen(&store)), (1, true, 0));
        apply(machine(true));
        apply(Change::Begin);
        apply(Change::End);
        assert_eq!((seen(&store), store.heard(), seen(&store)), (1, true, 0), "missing in a new list");
        apply(machine(true));
        apply(Change::Gone(name()));
        apply(machine(false));
        assert_eq!(seen(&store), 1, "one name has one object");
    }
}
