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
}

impl Default for Kind {
    fn default() -> Self {
        Self { state: ListState::Broken(Reason::NotSynced), objects: HashMap::new(), coming: None }
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
                known.objects = known.coming.take().unwrap_or_default();
                if !matches!(known.state, ListState::Whole { .. }) {
                    known.state = ListState::Whole { since: now };
                }
            }
            Change::Put(name, seen) => {
                // Of most changes, a kubelet's word that a Pod is still there among them, nothing is read.
                let before = known.objects.insert(name.clone(), seen);
                let now = known.objects.get(&name);
                wakes = !matches!((&before, now), (Some(Ok(before)), Some(Ok(now))) if before.alike(now));
            }
            Change::Gone(name) => drop(known.objects.remove(&name)),
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

    /// Calls `each` with every kind, its state and its objects, under the lock.
    pub(crate) fn read(
        &self,
        mut each: impl FnMut(&GroupKind, ListState, &mut dyn Iterator<Item = &Seen>),
    ) -> (Option<Discovered>, Option<String>) {
        let inner = self.lock();
        for (kind, known) in &inner.kinds {
            each(kind, known.state, &mut known.objects.values());
        }
        (inner.discovered.clone(), inner.uid.clone())
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
