//! Observe: the next `VolumeRecord` of a claim or volume from what is observed now. Ownership is learned while the owner lives;
//! disuse counts only over time in which somebody was watching.

use crate::evidence::{Statements, SubjectId, View, guests};
use crate::facts::{Facts, Known};
use crate::history;
use crate::inventory::Inventory;
use crate::kinds;
use crate::protocol::{OF_DISUSE, state};
use crate::time::{self, Seconds};
use probate_contract::evidence::{Continuity, CounterpartState, LifeState, Relation};
use probate_contract::record::{
    Observation, RecordCounterpart, RecordGuestCluster, RecordMetadata, RecordOwner, RecordSpec,
    RecordStatus, RecordVolume, VolumeRecord,
};
use probate_contract::settings::SettingsSpec;
use std::collections::{BTreeMap, BTreeSet};

/// A claim or volume of an inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject(SubjectId);

/// Claims and unbound volumes: a bound volume is its claim's.
pub fn subjects(inventory: &Inventory) -> Vec<Subject> {
    let statements = statements();
    let own = |id: &SubjectId| match id {
        SubjectId::Claim(..) => true,
        SubjectId::Volume(..) => {
            View::new(inventory, &statements, *id).is_some_and(|view| view.claim.get().is_none())
        }
    };
    inventory.subjects().into_iter().filter(own).map(Subject).collect()
}

/// The subject with that uid; for a bound volume its claim.
pub fn find(inventory: &Inventory, uid: &str) -> Option<Subject> {
    let of = |(at, cluster): (usize, &crate::inventory::ClusterData)| {
        let head = &cluster.object(cluster.by_uid(uid)?)?.head;
        let id = match cluster.volume(&head.name) {
            Some(volume) if head.namespace.is_empty() => SubjectId::Volume(at, volume),
            _ => SubjectId::Claim(at, cluster.claim(&head.namespace, &head.name)?),
        };
        (inventory.uid_of(id) == Some(uid)).then_some(id)
    };
    let id = inventory.clusters.iter().enumerate().find_map(of)?;
    let statements = statements();
    let view = View::new(inventory, &statements, id)?;
    let claim = view.claim.get().map(|(object, _)| *object);
    match (id, claim.and_then(|object| view.claim_place(object))) {
        (SubjectId::Volume(..), Some((at, claim))) => Some(Subject(SubjectId::Claim(at, claim))),
        (id, _) => Some(Subject(id)),
    }
}

/// The uid of a subject.
pub fn uid(inventory: &Inventory, subject: Subject) -> Option<&str> {
    inventory.uid_of(subject.0)
}

/// Uids of the claims and volumes that show a state of the protocol, whoever wrote it.
pub fn shown(inventory: &Inventory) -> BTreeSet<&str> {
    those(inventory, |subject| state(&subject.labels, &subject.annotations))
}

/// Uids of the claims and volumes with an annotation under one of these prefixes, whoever wrote it.
pub fn annotated<'a>(inventory: &'a Inventory, prefixes: &[String]) -> BTreeSet<&'a str> {
    let under = |key: &str| prefixes.iter().any(|prefix| !prefix.is_empty() && key.starts_with(prefix));
    those(inventory, |subject| subject.annotations.keys().any(under))
}

fn those(inventory: &Inventory, which: impl Fn(&kinds::subject::Subject) -> bool) -> BTreeSet<&str> {
    let fits = |id: &SubjectId| {
        let (SubjectId::Claim(cluster, at) | SubjectId::Volume(cluster, at)) = *id;
        let subject = inventory.clusters.get(cluster).and_then(|cluster| match id {
            SubjectId::Claim(..) => Some(&cluster.claims.get(at)?.data.subject),
            SubjectId::Volume(..) => Some(&cluster.volumes.get(at)?.data.subject),
        });
        subject.is_some_and(&which)
    };
    inventory.subjects().into_iter().filter(fits).filter_map(|id| inventory.uid_of(id)).collect()
}

/// How many objects of each kind name something: what the breaker's rule about lost referrers counts.
pub fn referrers(inventory: &Inventory) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for cluster in &inventory.clusters {
        let mut last = None;
        for (object, _) in &cluster.edges {
            if last.replace(*object) != Some(*object)
                && let Some(kind) = cluster.kind_of(*object)
            {
                *counts.entry(kind.to_string()).or_default() += 1;
            }
        }
    }
    counts
}

fn statements() -> Statements {
    Statements { unused_since: None, maximum_gap_seconds: 0, trigger: None }
}

/// The name of a record: `c-<claim uid>`, or `v-<volume uid>` if it never had a claim.
pub fn name(spec: &RecordSpec) -> String {
    let claim = spec.claim.as_ref().and_then(|claim| claim.uid.as_deref()).filter(|uid| !uid.is_empty());
    match (claim, &spec.volume) {
        (Some(uid), _) => format!("c-{uid}"),
        (None, Some(volume)) => format!("v-{}", volume.uid),
        (None, None) => String::new(),
    }
}

/// The next record of a subject. `watched_since` is when this process began to watch every kind without a break. `None` where there
/// is none and none is needed; one that is no longer needed is still brought up to date, and `next` then forgets it.
pub fn advance(
    previous: Option<&VolumeRecord>,
    inventory: &Inventory,
    subject: Subject,
    watched_since: Seconds,
    now: Seconds,
    settings: &SettingsSpec,
) -> Option<VolumeRecord> {
    let statements = statements();
    let view = View::new(inventory, &statements, subject.0)?;
    let (facts, rails) = view.facts();
    let mut status = previous.map(|record| record.status.clone()).unwrap_or_default();
    let watched = observe(&mut status, watched_since.min(now), now, settings);
    disuse(&mut status, &facts, rails.passing(), watched, now);
    learn(&mut status, &facts, guests::kept(&view).is_some(), now);
    window(&mut status, previous, watched, !rails.operations.is_empty(), now);
    let known = previous.map(|record| record.spec.clone());
    let spec = spec(known, history::spec(&facts));
    let metadata = RecordMetadata {
        name: previous.map(|record| record.metadata.name.clone()).unwrap_or_else(|| name(&spec)),
        namespace: previous.map_or_else(|| "probate".into(), |record| record.metadata.namespace.clone()),
    };
    let record = VolumeRecord {
        api_version: probate_contract::API_VERSION.into(),
        kind: "VolumeRecord".into(),
        metadata,
        spec,
        status,
    };
    (previous.is_some() || needed(&record)).then_some(record)
}

/// True where the change is worth a write: more than time passed, or so much of it that a reader would take it for a gap.
pub fn matters(previous: &VolumeRecord, next: &VolumeRecord, settings: &SettingsSpec) -> bool {
    let still = |record: &VolumeRecord| {
        let mut record = record.clone();
        record.status.observation = record.status.observation.map(|known| Observation {
            last_at: None,
            largest_gap_seconds: None,
            ..known
        });
        if let Some(quarantine) = &mut record.status.quarantine {
            quarantine.watched_seconds = 0;
        }
        if let Some(guest) = &mut record.status.guest_cluster {
            guest.last_seen_at = None;
        }
        record
    };
    let passed = at(&next.status).zip(at(&previous.status)).map(|(next, before)| next.saturating_sub(before));
    still(previous) != still(next)
        || passed.is_none_or(|seconds| seconds > settings.maximum_gap_seconds.max(0) / 4)
}

fn at(status: &RecordStatus) -> Option<Seconds> {
    time::parse(status.observation.as_ref()?.last_at.as_deref()?)
}

/// By so much the clocks of two replicas may differ: what the other one has just written is no clock that went back.
const SKEW_SECONDS: Seconds = 10;

/// How far back the watching reaches without a gap that is too long.
#[derive(Clone, Copy, Debug)]
struct Watched {
    /// Since when it counts; before that nobody knows.
    since: Seconds,
    /// A gap that is too long, or no record at all.
    restarted: bool,
}

fn observe(
    status: &mut RecordStatus,
    watched_since: Seconds,
    now: Seconds,
    settings: &SettingsSpec,
) -> Watched {
    let last = at(status);
    let before = status.observation.take().filter(|known| known.continuity == Continuity::Watched);
    let ahead = |last: Seconds| last.saturating_sub(now) > SKEW_SECONDS;
    let gap = last.map(|last| if ahead(last) { i64::MAX } else { watched_since.saturating_sub(last).max(0) });
    let known = before.zip(last.zip(gap).filter(|(_, gap)| *gap <= settings.maximum_gap_seconds));
    let (observation, watched) = match known {
        Some((known, (last, gap))) => {
            let largest = known.largest_gap_seconds.unwrap_or(0).max(gap);
            let observation = Observation {
                largest_gap_seconds: (largest > 0).then_some(largest),
                last_at: Some(time::format(now)),
                ..known
            };
            (observation, Watched { since: watched_since.max(last), restarted: false })
        }
        None => {
            let observation = Observation {
                continuity: Continuity::Watched,
                first_at: Some(time::format(now)),
                last_at: Some(time::format(now)),
                largest_gap_seconds: None,
            };
            (observation, Watched { since: now, restarted: true })
        }
    };
    status.observation = Some(observation);
    watched
}

/// Disuse begins when it is seen, and again after a gap that is too long; any use ends it, and so does not knowing. A backup in the
/// making is no use: where one is made each night nothing would ever be unused for a day.
fn disuse(status: &mut RecordStatus, facts: &Facts, passing: bool, watched: Watched, now: Seconds) {
    if passing && facts.referenced == Known::Present(true) && !watched.restarted {
        return;
    }
    status.unused_since = match facts.referenced {
        Known::Present(false) => {
            let known = status.unused_since.take().filter(|_| !watched.restarted);
            known.or_else(|| Some(time::format(now)))
        }
        _ => None,
    };
    if facts.referenced == Known::Present(true) {
        // Used again: what somebody vetoed or denied was another disuse.
        status.conditions.retain(|condition| !OF_DISUSE.contains(&condition.r#type.as_str()));
    }
}

fn learn(status: &mut RecordStatus, facts: &Facts, keep_volumes: bool, now: Seconds) {
    if let Some(owners) = facts.owners.get() {
        history::owners(&mut status.owners, owners, now);
    }
    if let Some(guest) = facts.guest_cluster.get() {
        let gone = guest.state == LifeState::Gone;
        let known = status.guest_cluster.take().filter(|known| known.uid == guest.uid);
        let since = known.as_ref().and_then(|known| known.gone_since.clone());
        let seen = known.and_then(|known| known.last_seen_at);
        status.guest_cluster = Some(RecordGuestCluster {
            r#type: guest.r#type,
            name: guest.name.clone(),
            uid: guest.uid.clone(),
            state: Some(guest.state),
            gone_since: gone
                .then(|| since.or_else(|| guest.gone_since.clone()).unwrap_or_else(|| time::format(now))),
            last_seen_at: if gone { seen } else { Some(time::format(now)) },
            keep_volumes,
        });
    }
    for counterpart in facts.counterparts.get().into_iter().flatten() {
        let gone = counterpart.state == CounterpartState::Gone;
        // Two objects cannot have one name at a time: one that was made again takes the place of the one before it.
        let same = |known: &RecordCounterpart| {
            let RecordCounterpart { cluster, kind, namespace, name, .. } = known;
            (cluster, kind, namespace, name)
                == (&counterpart.cluster, &counterpart.kind, &counterpart.namespace, &counterpart.name)
        };
        let known = status.counterparts.iter().find(|known| same(known)).cloned();
        status.counterparts.retain(|known| !same(known));
        let since = known.as_ref().and_then(|known| known.gone_since.clone());
        let since = since.or_else(|| counterpart.gone_since.clone()).unwrap_or_else(|| time::format(now));
        status.counterparts.push(RecordCounterpart {
            state: Some(counterpart.state),
            gone_since: gone.then_some(since),
            // Marks may still name the uid of the one before it; what was seen alive counts.
            uid: known
                .as_ref()
                .and_then(|known| known.uid.clone())
                .filter(|_| gone)
                .or(counterpart.uid.clone()),
            // One that is gone says nothing any more; what it said holds.
            reclaim_policy: counterpart
                .reclaim_policy
                .clone()
                .or_else(|| known.and_then(|known| known.reclaim_policy)),
            ..history::layer(counterpart)
        });
    }
    status.counterparts.sort_by(|left, right| {
        (&left.cluster, &left.kind, &left.name, &left.uid).cmp(&(
            &right.cluster,
            &right.kind,
            &right.name,
            &right.uid,
        ))
    });
}

/// The window of a quarantine runs from the observed release, while somebody watches and nothing is being made of the volume.
fn window(
    status: &mut RecordStatus,
    previous: Option<&VolumeRecord>,
    watched: Watched,
    operation: bool,
    now: Seconds,
) {
    let before = previous.and_then(|record| at(&record.status));
    let Some(quarantine) = &mut status.quarantine else { return };
    let Some(released) = time::parse(&quarantine.released_at) else { return };
    let Some(before) = before.filter(|_| !watched.restarted && !operation) else { return };
    let from = watched.since.max(before).max(released);
    quarantine.watched_seconds = quarantine.watched_seconds.saturating_add(now.saturating_sub(from).max(0));
}

/// A part may be added, never changed.
fn spec(known: Option<RecordSpec>, seen: RecordSpec) -> RecordSpec {
    let Some(known) = known else { return seen };
    let named = |claim: &probate_contract::evidence::ClaimRef| {
        claim.uid.as_deref().is_some_and(|uid| !uid.is_empty())
    };
    RecordSpec {
        cluster: if known.cluster.uid.is_some() { known.cluster } else { seen.cluster },
        claim: if known.claim.as_ref().is_some_and(named) { known.claim } else { seen.claim.or(known.claim) },
        volume: volume(known.volume, seen.volume),
    }
}

/// Driver and handle are all that is left of an asset once the volume's object is gone.
fn volume(known: Option<RecordVolume>, seen: Option<RecordVolume>) -> Option<RecordVolume> {
    let Some(known) = known else { return seen };
    let seen = seen.filter(|seen| seen.uid == known.uid).unwrap_or_default();
    Some(RecordVolume {
        driver: known.driver.or(seen.driver),
        volume_handle: known.volume_handle.or(seen.volume_handle),
        ..known
    })
}

/// True where a record is needed: unused, of several layers, with something under way, or of an owner that may leave it behind: once
/// that one is gone nothing else tells of it.
pub fn needed(record: &VolumeRecord) -> bool {
    let VolumeRecord { spec, status, .. } = record;
    let under_way = status.mark.is_some()
        || status.quarantine.is_some()
        || status.intent.is_some()
        || status.conditions.iter().any(|condition| condition.status == "True");
    let elsewhere = |cluster: &String| spec.cluster.name.as_ref().is_some_and(|own| own != cluster);
    let layered = status.guest_cluster.is_some()
        || !status.counterparts.is_empty()
        || status.owners.iter().any(|owner| owner.cluster.as_ref().is_some_and(elsewhere));
    let leaves = |owner: &RecordOwner| owner.relation == Relation::Used || owner.platform_intent.is_some();
    under_way || layered || status.owners.iter().any(leaves) || status.unused_since.is_some()
}
