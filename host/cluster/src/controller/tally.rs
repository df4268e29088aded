//! What every claim and volume adds to the figures, so that a turn about a few of them leaves right what stands of all.

use probate_contract::Cause;
use probate_contract::dump::Reason;
use probate_contract::plan::{DecisionAction, Entry, PlanReport, Revision, Vote};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

/// What a policy said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub(super) policy: String,
    pub(super) vote: Vote,
    pub(super) cause: Option<Cause>,
    /// Why it failed by its own fault.
    failed: Option<String>,
}

/// What is counted of a decision, beside the bytes: as a rule many share it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Pattern {
    said: Vec<Said>,
    candidate: bool,
    /// A delete that follows nobody else's.
    pub(super) deletes: bool,
    follows: bool,
    causes: Vec<Cause>,
    /// What is not known, and why; what no record tells is not named.
    missing: Vec<String>,
    unknown: bool,
}

#[derive(Debug)]
struct Held {
    pattern: Arc<Pattern>,
    bytes: i64,
    /// The same, which of a bound pair count at the claim.
    counted: i64,
    /// When time alone may decide otherwise.
    until: Option<i64>,
}

#[derive(Debug, Default)]
struct Sum {
    count: u64,
    bytes: i64,
    counted: i64,
}

/// The figures of everything that was decided. What is held of each is small and of one size: it outlives the turns, between
/// whose leavings many small texts would be scattered.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By two hashes of the uid.
    held: HashMap<[u64; 2], Held>,
    keys: [RandomState; 2],
    patterns: HashMap<Arc<Pattern>, Sum>,
    untils: BTreeSet<(i64, Box<str>)>,
}

/// The figures of a policy.
#[derive(Debug, Default)]
pub(super) struct OfPolicy {
    pub(super) matched: u64,
    pub(super) candidates: u64,
    /// Bytes of that of which something is not known.
    pub(super) unknown_bytes: i64,
    /// Why it failed somewhere, by its own fault.
    pub(super) failed: Option<String>,
    /// What is not known.
    pub(super) missing: BTreeSet<String>,
}

impl Pattern {
    fn of(entry: &Entry) -> Self {
        let said = entry.verdicts.iter().map(|verdict| {
            let own = verdict.action == Vote::Failed && verdict.cause != Some(Cause::IncompleteEvidence);
            Said {
                policy: verdict.policy.clone(),
                vote: verdict.action,
                cause: verdict.cause,
                failed: own.then(|| verdict.reason.clone()),
            }
        });
        let known = entry.missing.iter().filter(|missing| missing.reason != Reason::NoRecord);
        Self {
            said: said.collect(),
            candidate: entry.candidate,
            deletes: entry.follows.is_none() && entry.decision.action == DecisionAction::Delete,
            follows: entry.follows.is_some(),
            causes: entry.decision.causes.clone(),
            missing: known.map(|missing| format!("{} ({:?})", missing.source, missing.reason)).collect(),
            unknown: !entry.missing.is_empty(),
        }
    }

    fn deleting(&self, policy: &str) -> bool {
        self.said.iter().any(|said| said.policy == policy && said.vote == Vote::Delete)
    }
}

impl Tally {
    /// Takes what was decided: about the claims and volumes of the scope, or about all. Gives what policies say otherwise than before.
    pub(super) fn take(
        &mut self,
        report: &PlanReport,
        scope: Option<&BTreeSet<Box<str>>>,
        at: i64,
    ) -> Vec<Said> {
        let mut before = match scope {
            Some(scope) => {
                let taken = scope.iter().filter_map(|uid| Some((self.key(uid), self.drop(uid)?)));
                taken.collect::<HashMap<_, _>>()
            }
            None => {
                (self.patterns, self.untils) = Default::default();
                let held = std::mem::take(&mut self.held);
                held.into_iter().map(|(uid, held)| (uid, held.pattern)).collect()
            }
        };
        let mut other = Vec::new();
        for entry in &report.entries {
            let Some(uid) = entry.subject.identity.uid.as_deref() else { continue };
            let now = Pattern::of(entry);
            let known = before.remove(&self.key(uid));
            let said = known.iter().flat_map(|pattern| &pattern.said).collect::<Vec<_>>();
            let same = |one: &Said| {
                said.iter()
                    .any(|old| (&old.policy, old.vote, old.cause) == (&one.policy, one.vote, one.cause))
            };
            other.extend(now.said.iter().filter(|one| !same(one)).cloned());
            self.hold(uid, now, entry, at);
        }
        other
    }

    fn drop(&mut self, uid: &str) -> Option<Arc<Pattern>> {
        let Held { pattern, bytes, counted, until } = self.held.remove(&self.key(uid))?;
        if let Some(until) = until {
            self.untils.remove(&(until, uid.into()));
        }
        if let Some(sum) = self.patterns.get_mut(&pattern) {
            sum.count = sum.count.saturating_sub(1);
            sum.bytes = sum.bytes.saturating_sub(bytes);
            sum.counted = sum.counted.saturating_sub(counted);
            if sum.count == 0 {
                self.patterns.remove(&pattern);
            }
        }
        Some(pattern)
    }

    fn hold(&mut self, uid: &str, pattern: Pattern, entry: &Entry, at: i64) {
        let known = self.patterns.get_key_value(&pattern).map(|(known, _)| known.clone());
        let pattern = known.unwrap_or_else(|| Arc::new(pattern));
        let sum = self.patterns.entry(pattern.clone()).or_default();
        sum.count = sum.count.saturating_add(1);
        sum.bytes = sum.bytes.saturating_add(entry.bytes);
        let claim = |revision: &Revision| revision.identity.kind == "PersistentVolumeClaim";
        let pair = entry.subject.identity.kind == "PersistentVolume" && entry.preconditions.iter().any(claim);
        let counted = if pair { 0 } else { entry.bytes };
        sum.counted = sum.counted.saturating_add(counted);
        let times =
            entry.guards.iter().filter_map(|guard| probate_core::time::parse(guard.until.as_deref()?));
        let until = times.filter(|until| *until > at).min();
        self.untils.extend(until.map(|until| (until, uid.into())));
        self.held.insert(self.key(uid), Held { pattern, bytes: entry.bytes, counted, until });
    }

    fn key(&self, uid: &str) -> [u64; 2] {
        let [one, other] = &self.keys;
        [one.hash_one(uid), other.hash_one(uid)]
    }

    /// True where that claim or volume was there.
    pub(super) fn has(&self, uid: &str) -> bool {
        self.held.contains_key(&self.key(uid))
    }

    /// What was decided about it, and its bytes.
    pub(super) fn of(&self, uid: &str) -> Option<(&Pattern, i64)> {
        self.held.get(&self.key(uid)).map(|held| (&*held.pattern, held.bytes))
    }

    /// True where the policy would have it gone.
    pub(super) fn deleting(&self, uid: &str, policy: &str) -> bool {
        self.held.get(&self.key(uid)).is_some_and(|held| held.pattern.deleting(policy))
    }

    /// Those about which time may have decided otherwise.
    pub(super) fn due(&self, at: i64) -> impl Iterator<Item = &str> {
        self.untils.iter().take_while(move |(until, _)| *until <= at).map(|(_, uid)| &**uid)
    }

    /// When it may do so next.
    pub(super) fn next(&self) -> Option<i64> {
        self.untils.first().map(|(until, _)| *until)
    }

    /// How many there are, how many of them are not known well enough, and the bytes that each cause holds.
    #[allow(clippy::iter_over_hash_type, reason = "what is summed up has no order")]
    pub(super) fn summary(&self) -> (u64, u64, BTreeMap<Cause, i64>) {
        let (mut count, mut unknown, mut causes) = (0_u64, 0_u64, BTreeMap::<Cause, i64>::new());
        for (pattern, sum) in &self.patterns {
            count = count.saturating_add(sum.count);
            if pattern.follows {
                continue;
            }
            if pattern.causes.contains(&Cause::IncompleteEvidence) {
                unknown = unknown.saturating_add(sum.count);
            }
            for cause in &pattern.causes {
                let bytes = causes.entry(*cause).or_default();
                *bytes = bytes.saturating_add(sum.counted);
            }
        }
        (count, unknown, causes)
    }

    /// The figures of a policy.
    #[allow(clippy::iter_over_hash_type, reason = "what is summed up has no order")]
    pub(super) fn policy(&self, id: &str) -> OfPolicy {
        let mut of = OfPolicy::default();
        for (pattern, sum) in &self.patterns {
            let Some(said) = pattern.said.iter().find(|said| said.policy == id) else { continue };
            of.matched = of.matched.saturating_add(sum.count);
            if pattern.candidate && pattern.deleting(id) {
                of.candidates = of.candidates.saturating_add(sum.count);
            }
            if pattern.unknown {
                of.unknown_bytes = of.unknown_bytes.saturating_add(sum.bytes);
            }
            // The first in order, so that the condition does not move about.
            of.failed = match (of.failed.take(), &said.failed) {
                (Some(one), Some(other)) => Some(one.min(other.clone())),
                (one, other) => one.or_else(|| other.clone()),
            };
            of.missing.extend(pattern.missing.iter().cloned());
        }
        of
    }
}
