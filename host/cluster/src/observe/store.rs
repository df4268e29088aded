//! What was seen of one cluster: objects as they were read, and for each kind whether its list is whole.

use super::discover::Discovered;
use crate::deploy::SELF_TEST_VOLUME;
use probate_contract::Diagnostic;
use probate_contract::dump::Reason;
use probate_core::intake::{GroupKind, Item};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
    objects: HashMap<Name, Seen>,
    /// Objects of a list that has not come to its end.
    coming: Option<HashMap<Name, Seen>>,
    /// Objects that are gone, with what they said last, and whether anybody has read it.
    last: HashMap<Name, (Seen, bool)>,
}

impl Kind {
    /// Keeps what is gone until somebody has heard what it said on its way out: between two looks it may come and go.
    fn gone(&mut self, name: Name, seen: Seen) {
        if seen.as_ref().is_ok_and(Item::has_last_words) {
            self.last.insert(name, (seen, false));
        }
    }
}

impl Default for Kind {
    fn default() -> Self {
        Self {
            state: ListState::Broken(Reason::NotSynced),
            objects: HashMap::new(),
            coming: None,
            last: HashMap::new(),
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    kinds: BTreeMap<GroupKind, Kind>,
    discovered: Option<Discovered>,
    uid: Option<String>,
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

impl Store {
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
            inner.kinds.retain(|kind, _| discovered.evidence.contains_key(kind));
        }
        for kind in discovered.evidence.keys() {
            inner.kinds.entry(kind.clone()).or_default();
        }
        inner.discovered = Some(discovered);
        drop(inner);
        self.touch();
    }

    /// Discovery does not answer: what is not known to exist may exist.
    pub(crate) fn undiscovered(&self) {
        if self.lock().discovered.take().is_some() {
            self.touch();
        }
    }

    pub(crate) fn uid(&self, uid: String) {
        self.lock().uid = Some(uid);
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
        let mut wakes = !matches!(change, Change::Begin | Change::Listed(..));
        match change {
            Change::Begin => known.coming = Some(HashMap::new()),
            Change::Listed(name, seen) => {
                known.coming.get_or_insert_default().insert(name, seen);
            }
            Change::End => {
                let coming = known.coming.take().unwrap_or_default();
                for (name, seen) in std::mem::replace(&mut known.objects, coming) {
                    if !known.objects.contains_key(&name) {
                        known.gone(name, seen);
                    }
                }
                if !matches!(known.state, ListState::Whole { .. }) {
                    known.state = ListState::Whole { since: now };
                }
            }
            Change::Put(name, seen) => {
                // One name has one object: another one of it proves the first gone.
                known.last.remove(&name);
                // Of most changes, a kubelet's word that a Pod is still there among them, nothing is read.
                let before = known.objects.insert(name.clone(), seen);
                let now = known.objects.get(&name);
                wakes = !matches!((&before, now), (Some(Ok(before)), Some(Ok(now))) if before.alike(now));
            }
            Change::Gone(name) => {
                if let Some((name, seen)) = known.objects.remove_entry(&name) {
                    known.gone(name, seen);
                }
            }
            Change::Lost(reason) => {
                known.coming = None;
                known.state = ListState::Broken(reason);
            }
        }
        drop(inner);
        if wakes {
            self.touch();
        }
    }

    /// Calls `each` with every kind, its state and its objects, under the lock. What is gone is read with them until it was `heard`.
    pub(crate) fn read(
        &self,
        mut each: impl FnMut(&GroupKind, ListState, &mut dyn Iterator<Item = &Seen>),
    ) -> (Option<Discovered>, Option<String>) {
        let mut inner = self.lock();
        for (kind, known) in &mut inner.kinds {
            known.last.values_mut().for_each(|(_, read)| *read = true);
            let last = known.last.values().map(|(seen, _)| seen);
            each(kind, known.state, &mut known.objects.values().chain(last));
        }
        (inner.discovered.clone(), inner.uid.clone())
    }

    /// Takes over what another look saw of kinds that are not whole in this one. They stay as they are: not whole.
    pub(crate) fn remember(&self, before: &Self) {
        let before = before.lock();
        let mut inner = self.lock();
        let discovered = inner.discovered.is_some();
        for (kind, seen) in &before.kinds {
            if discovered && !inner.kinds.contains_key(kind) {
                continue;
            }
            let known = inner.kinds.entry(kind.clone()).or_default();
            if let ListState::Broken(_) = known.state {
                for (name, object) in &seen.objects {
                    known.objects.entry(name.clone()).or_insert_with(|| object.clone());
                }
            }
        }
    }

    /// Lets go of what is gone and was read; true where there was any.
    pub(crate) fn heard(&self) -> bool {
        let mut inner = self.lock();
        let mut any = false;
        for known in inner.kinds.values_mut() {
            any |= known.last.values().any(|(_, read)| *read);
            known.last.retain(|_, (_, read)| !*read);
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
        self.lock().kinds.values().map(|known| known.objects.len()).sum()
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
    use probate_core::intake::{GroupKind, Item};
    use serde_json::{Value, json};

    fn machine(deleting: bool) -> Change {
        let at = if deleting { json!("2026-11-22T06:00:00Z") } else { Value::Null };
        let object = json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
            "metadata": {"namespace": "a", "name": "vm", "uid": "u", "deletionTimestamp": at}, "spec": {}});
        let item = Item::read("kubevirt.io/v1", "VirtualMachine", object.to_string().as_bytes());
        Change::Put(name(), item.map_err(Box::new))
    }

    fn name() -> Name {
        ("a".into(), "vm".into())
    }

    fn seen(store: &Store) -> usize {
        let mut count = 0;
        store.read(|_, _, objects| count += objects.count());
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
