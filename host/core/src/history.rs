//! What a series of dumps of the same clusters tells: records of what was seen in each, in time order. Between two dumps anything
//! may have happened, so what comes of it is sampled: it shows candidates, and proves no disuse.

use crate::evidence::{Statements, SubjectId, View, guests};
use crate::facts::{Facts, Known};
use crate::inventory::Inventory;
use crate::time::{self, Seconds};
use probate_contract::evidence::{ClaimRef, Continuity, Counterpart, GuestCluster, LifeState, Owner};
use probate_contract::record::{
    Observation, RecordCounterpart, RecordGuestCluster, RecordOwner, RecordSpec, RecordStatus, RecordVolume,
    VolumeRecord,
};
use std::collections::BTreeMap;

/// What was seen of one claim or volume.
#[derive(Debug)]
struct Seen {
    spec: RecordSpec,
    first: Seconds,
    last: Seconds,
    largest_gap: i64,
    /// The first of the latest dumps in which nothing wanted it.
    unused: Option<Seconds>,
    owners: Vec<RecordOwner>,
    guest: Option<(GuestCluster, Seconds, bool)>,
    counterparts: Vec<Counterpart>,
}

/// A series of dumps.
#[derive(Debug, Default)]
pub struct History {
    seen: BTreeMap<String, Seen>,
    latest: Option<Seconds>,
}

impl History {
    /// Takes the next dump of the series.
    ///
    /// # Errors
    /// It is not later than the one before it.
    pub fn add(&mut self, inventory: &Inventory) -> Result<(), String> {
        let now = inventory.now();
        if self.latest.is_some_and(|latest| latest >= now) {
            return Err(format!("taken at {}, not after the dump before it", time::format(now)));
        }
        let statements = Statements { unused_since: None, maximum_gap_seconds: 0, trigger: None };
        for id in inventory.subjects() {
            let Some(view) = View::new(inventory, &statements, id) else { continue };
            // A bound volume is its claim's; of an unbound one the volume itself is followed.
            if matches!(id, SubjectId::Volume(..)) && view.claim.get().is_some() {
                continue;
            }
            self.see(&view, now);
        }
        self.latest = Some(now);
        Ok(())
    }

    fn see(&mut self, view: &View<'_>, now: Seconds) {
        let (facts, _) = view.facts();
        let spec = spec(&facts);
        // A volume that outlives its claim goes on under the claim's uid.
        let claim = spec.claim.as_ref().and_then(|claim| claim.uid.clone()).filter(|uid| !uid.is_empty());
        let seen =
            self.seen.entry(claim.unwrap_or_else(|| facts.subject.uid.clone())).or_insert_with(|| Seen {
                spec: spec.clone(),
                first: now,
                last: now,
                largest_gap: 0,
                unused: None,
                owners: Vec::new(),
                guest: None,
                counterparts: Vec::new(),
            });
        seen.spec = spec;
        seen.largest_gap = seen.largest_gap.max(now.saturating_sub(seen.last));
        seen.last = now;
        seen.unused = match facts.referenced {
            Known::Present(false) => seen.unused.or(Some(now)),
            // What was not known may have been a use.
            _ => None,
        };
        if let Some(owners) = facts.owners.get() {
            self::owners(&mut seen.owners, owners, now);
        }
        match facts.guest_cluster.get() {
            Some(guest) if guest.state == LifeState::Gone => {}
            Some(guest) => seen.guest = Some((guest.clone(), now, guests::kept(view).is_some())),
            None => {}
        }
        for counterpart in facts.counterparts.get().into_iter().flatten() {
            seen.counterparts.retain(|known| known.uid != counterpart.uid);
            seen.counterparts.push(counterpart.clone());
        }
    }

    /// One record for each claim or volume that any dump held.
    pub fn records(&self) -> Vec<VolumeRecord> {
        self.seen.values().map(Seen::record).collect()
    }
}

impl Seen {
    fn record(&self) -> VolumeRecord {
        VolumeRecord {
            api_version: probate_contract::API_VERSION.into(),
            kind: "VolumeRecord".into(),
            spec: self.spec.clone(),
            status: RecordStatus {
                observation: Some(Observation {
                    continuity: Continuity::Sampled,
                    first_at: Some(time::format(self.first)),
                    last_at: Some(time::format(self.last)),
                    largest_gap_seconds: (self.largest_gap > 0).then_some(self.largest_gap),
                }),
                unused_since: self.unused.map(time::format),
                owners: self.owners.clone(),
                guest_cluster: self.guest.as_ref().map(|(guest, at, keep_volumes)| RecordGuestCluster {
                    r#type: guest.r#type,
                    name: guest.name.clone(),
                    uid: guest.uid.clone(),
                    state: None,
                    gone_since: None,
                    last_seen_at: Some(time::format(*at)),
                    keep_volumes: *keep_volumes,
                }),
                counterparts: self.counterparts.iter().map(layer).collect(),
                ..RecordStatus::default()
            },
            ..VolumeRecord::default()
        }
    }
}

pub(crate) fn spec(facts: &Facts) -> RecordSpec {
    let claim = facts.claim.get().map(|claim| ClaimRef {
        namespace: claim.namespace.clone(),
        name: claim.name.clone(),
        uid: Some(claim.uid.clone()),
    });
    let volume = facts.volume.get();
    RecordSpec {
        cluster: probate_contract::common::Cluster {
            name: Some(facts.cluster_name.clone()),
            uid: facts.cluster_uid.get().cloned(),
        },
        claim: claim.or_else(|| volume.and_then(|volume| volume.claim_ref.clone())),
        volume: volume.map(|volume| RecordVolume {
            name: volume.name.clone(),
            uid: volume.uid.clone(),
            driver: volume.driver.clone(),
            volume_handle: volume.volume_handle.clone(),
        }),
    }
}

/// An owner that was there and is not is gone since it was first missed; by uid, sorted.
pub(crate) fn owners(known: &mut Vec<RecordOwner>, seen: &[Owner], now: Seconds) {
    for owner in known.iter_mut() {
        let there = seen.iter().any(|seen| seen.uid == owner.uid && seen.state != LifeState::Gone);
        if !there && owner.uid.is_some() {
            owner.state = LifeState::Gone;
            owner.gone_since.get_or_insert_with(|| time::format(now));
        }
    }
    for owner in seen.iter().filter(|owner| owner.state != LifeState::Gone && owner.uid.is_some()) {
        known.retain(|known| known.uid != owner.uid);
        known.push(recorded(owner));
    }
    known.sort_by(|left, right| left.uid.cmp(&right.uid));
}

fn recorded(owner: &Owner) -> RecordOwner {
    RecordOwner {
        relation: owner.relation,
        cluster: Some(owner.cluster.clone()),
        group: owner.group.clone(),
        kind: owner.kind.clone(),
        namespace: owner.namespace.clone(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
        state: owner.state,
        gone_since: None,
        platform_intent: owner.platform_intent,
    }
}

pub(crate) fn layer(counterpart: &Counterpart) -> RecordCounterpart {
    RecordCounterpart {
        relation: counterpart.relation,
        cluster: counterpart.cluster.clone(),
        kind: counterpart.kind.clone(),
        namespace: counterpart.namespace.clone(),
        name: counterpart.name.clone(),
        uid: counterpart.uid.clone(),
        reclaim_policy: counterpart.reclaim_policy.clone(),
        state: None,
        gone_since: None,
    }
}
