//! Everybody at once: several replicas without election, crashes, lost replies, people and controllers, in any order. Data goes only
//! by a purge that was due; after the faults stop it goes on.

use crate::api::{Api, text};
use crate::ask;
use crate::replica::{Fate, Look, Replica};
use crate::restore::Job;
use probate_core::protocol::Next;
use proptest::prelude::*;
use serde_json::json;

/// One move of somebody.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// A replica looks at one record.
    Look(usize, usize),
    /// And acts on what it saw, whenever that was.
    Act(usize),
    Crash(usize),
    LoseReply(usize),
    Controllers,
    Later(i64),
    Pod(usize),
    NoPod,
    Hold(usize),
    Unhold(usize),
    StripMark(usize),
    DeleteClaim(usize),
    MakeClaim(usize),
    Admission(bool),
    Deny(bool),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        30 => (0usize..3, 0usize..4).prop_map(|(replica, at)| Move::Look(replica, at)),
        30 => (0usize..3).prop_map(Move::Act),
        2 => (0usize..3).prop_map(Move::Crash),
        2 => (0usize..3).prop_map(Move::LoseReply),
        8 => Just(Move::Controllers),
        12 => (1i64..2000).prop_map(Move::Later),
        1 => (0usize..3).prop_map(Move::Pod),
        2 => Just(Move::NoPod),
        1 => (0usize..3).prop_map(Move::Hold),
        2 => (0usize..3).prop_map(Move::Unhold),
        1 => (0usize..3).prop_map(Move::StripMark),
        1 => (0usize..3).prop_map(Move::DeleteClaim),
        1 => (0usize..3).prop_map(Move::MakeClaim),
        1 => any::<bool>().prop_map(Move::Admission),
        1 => any::<bool>().prop_map(Move::Deny),
    ];
    proptest::collection::vec(one, 50..400)
}

/// How many histories; more with `PROBATE_HISTORIES`.
fn cases() -> u32 {
    std::env::var("PROBATE_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

struct Chaos {
    api: Api,
    replicas: Vec<Replica>,
    seen: Vec<Option<(String, Look, Next)>>,
}

fn claim_name(at: usize) -> String {
    format!("again-{at}")
}

impl Chaos {
    fn new() -> Self {
        let mut api = Api::new();
        for at in 0..3 {
            api.pair(&claim_name(at));
        }
        let policies = ask::set(&json!({"rates": [{"window": "Hour", "per": "Policy", "maxCount": 2}]}));
        let replicas = (0..3).map(|_| Replica::new(policies.clone())).collect();
        Self { api, replicas, seen: vec![None, None, None] }
    }

    fn step(&mut self, step: Move) {
        let api = &mut self.api;
        match step {
            Move::Look(replica, at) => {
                let subject = &self.replicas[replica];
                let mut frame = subject.frame(api);
                let at = at % frame.len().max(1);
                let look = (at < frame.len()).then(|| frame.swap_remove(at)).map(|(name, look)| {
                    let next = subject.decide(&look, &name);
                    (name, look, next)
                });
                self.seen[replica] = look;
            }
            Move::Act(replica) => {
                if let Some((name, look, next)) = self.seen[replica].take() {
                    self.replicas[replica].act(api, &name, &look, next);
                }
            }
            Move::Crash(replica) => {
                self.seen[replica] = None;
                self.replicas[replica].restart(api.now);
            }
            Move::LoseReply(replica) => {
                let next = self.replicas[replica].calls + 1;
                self.replicas[replica].fates.push((next, Fate::NoReply));
            }
            Move::Controllers => api.controllers(),
            Move::Later(seconds) => api.now += seconds,
            Move::Pod(at) => api.pod("p", &claim_name(at)),
            Move::NoPod => api.others.clear(),
            Move::Hold(at) => {
                api.edit_claim(&claim_name(at), |claim| {
                    claim["metadata"]["annotations"]["probate.dev/hold"] = json!("x");
                });
            }
            Move::Unhold(at) => {
                api.edit_claim(&claim_name(at), |claim| {
                    if let Some(map) = claim["metadata"]["annotations"].as_object_mut() {
                        map.remove("probate.dev/hold");
                        map.remove("probate.dev/hold-until");
                    }
                });
            }
            Move::StripMark(at) => {
                api.edit_claim(&claim_name(at), |claim| {
                    if let Some(map) = claim["metadata"]["labels"].as_object_mut() {
                        map.remove("probate.dev/state");
                    }
                });
            }
            Move::DeleteClaim(at) => self.delete_claim(&claim_name(at)),
            Move::MakeClaim(at) => {
                if !api.claims.contains_key(&("shop".to_owned(), claim_name(at))) {
                    api.claim(&claim_name(at), None);
                }
            }
            Move::Admission(there) => {
                // It is tried before each look; what was seen while it was there is not this test's matter.
                api.admission = there;
                self.seen.fill(None);
            }
            Move::Deny(deny) => {
                if deny {
                    api.denied.insert(probate_core::protocol::Intended::DeleteClaim);
                } else {
                    api.denied.clear();
                }
            }
        }
    }

    /// Somebody deletes a claim: what its volume's own policy says happens is theirs, also if a flip is being rolled back just then.
    fn delete_claim(&mut self, name: &str) {
        let volumes = self.api.volumes.values();
        let doomed: Vec<String> = volumes
            .filter(|volume| {
                volume["spec"]["claimRef"]["name"] == json!(name)
                    && volume["status"]["phase"] == json!("Bound")
            })
            .map(|volume| volume["metadata"]["uid"].as_str().unwrap().to_owned())
            .collect();
        let now = probate_core::time::format(self.api.now);
        let deleted = self.api.edit_claim(name, |claim| {
            claim["metadata"]["deletionTimestamp"] = json!(now);
        });
        if deleted {
            self.api.doomed.extend(doomed);
        }
    }

    /// Until the purge every quarantine is undone with the same data, wherever it stands.
    fn restorable(&self) -> Result<(), TestCaseError> {
        for (name, (_, record)) in &self.api.records {
            let kept = record.status.quarantine.as_ref().is_some_and(|known| !known.released_at.is_empty());
            let volume = record.spec.volume.as_ref().and_then(|volume| self.api.volumes.get(&volume.name));
            let Some(volume) = volume.filter(|volume| {
                kept && text(volume, "/spec/persistentVolumeReclaimPolicy") == "Retain"
                    && text(volume, "/status/phase") != "Bound"
            }) else {
                continue;
            };
            let (volume, handle) = (text(volume, "/metadata/name"), text(volume, "/spec/csi/volumeHandle"));
            let mut api = self.api.clone();
            api.denied.clear();
            api.namespace("rescue");
            let mut job = Job::of(Some(name), volume);
            job.to = Some(("rescue".into(), "mine".into()));
            prop_assert_eq!(job.run(&mut api), Next::Forget);
            let claim = &api.claims[&("rescue".to_owned(), "mine".to_owned())];
            prop_assert_eq!(text(claim, "/spec/volumeName"), volume);
            prop_assert_eq!(&api.assets[handle], &self.api.assets[handle]);
        }
        Ok(())
    }

    /// However many places there are, no hour has more than the rate.
    fn rates(&self) -> Result<(), TestCaseError> {
        let places = &self.api.places;
        for (step, _, end) in places {
            let hour =
                places.iter().filter(|(of, _, at)| of == step && *at <= *end && *at > *end - 3600).count();
            prop_assert!(hour <= 2, "{hour} {step:?}s in an hour");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn data_goes_only_by_a_purge_that_was_due(moves in moves()) {
        let mut chaos = Chaos::new();
        for (at, step) in moves.into_iter().enumerate() {
            chaos.step(step);
            if at % 40 == 0 {
                chaos.restorable()?;
            }
        }
        chaos.restorable()?;
        chaos.rates()?;
        // The faults stop: what stands as Delete goes to its end.
        chaos.api.denied.clear();
        chaos.api.admission = true;
        chaos.api.others.clear();
        for at in 0..3 {
            chaos.step(Move::Unhold(at));
        }
        let mut last = Replica::new(chaos.replicas[0].policies.clone());
        last.restart(chaos.api.now);
        last.approved = Some(i64::MAX);
        last.run(&mut chaos.api);
        last.pass_by(&mut chaos.api, 24 * 3600, 1800);
        chaos.rates()?;
        let left = || {
            let frame = last.frame(&chaos.api).into_iter();
            let says: Vec<_> = frame.map(|(name, look)| (last.decide(&look, &name), name)).collect();
            format!("left: {says:#?}\n{:#?}\n{:#?}\nafter {:#?}", chaos.api.claims, chaos.api.volumes, chaos.api.writes)
        };
        // A flip that crosses an abort leaves its volume at Retain: kept, and shown, and a person's to end.
        let kept = |volume: &serde_json::Value| {
            chaos.api.late.contains(text(volume, "/metadata/uid"))
                && text(volume, "/spec/persistentVolumeReclaimPolicy") == "Retain"
        };
        prop_assert!(chaos.api.volumes.values().all(kept), "{}", left());
        for (_, name) in chaos.api.claims.keys() {
            let mut volumes = chaos.api.volumes.values();
            prop_assert!(volumes.any(|v| text(v, "/spec/claimRef/name") == name), "{}", left());
        }
        for (name, (_, record)) in &chaos.api.records {
            let there = |v: &serde_json::Value| {
                record.spec.volume.as_ref().is_some_and(|volume| volume.uid == text(v, "/metadata/uid"))
            };
            let stuck = record.status.intent.as_ref().filter(|_| chaos.api.volumes.values().any(there));
            prop_assert!(stuck.is_none(), "{name} hangs at {stuck:?}");
        }
    }
}
