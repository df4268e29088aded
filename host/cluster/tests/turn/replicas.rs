//! Three loops at once, none of them elected: together they take what one would, and nothing twice. `PROBATE_CLAIMS` says over how
//! many claims.

use crate::many::{count_of, none_left, state, uid};
use crate::stand::{DELETE_ALL, Running, Stand, Written};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::{Api, ListParams, PostParams};
use probate_apiserver::driver::handle_of;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const LOOPS: usize = 3;
const RATE: usize = 10;
/// Long enough for somebody to come after the mark and before the delete.
const GRACE_SECONDS: u64 = 8;

/// What befalls a claim from outside once it is marked.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Left,
    /// A Pod wants it.
    Wanted,
    /// Deleted and made again under its name.
    Renewed,
}

struct Crowd<'a> {
    stand: &'a Stand,
    fates: BTreeMap<String, Fate>,
    first: BTreeMap<String, (PersistentVolumeClaim, PersistentVolume)>,
    digests: BTreeMap<String, String>,
}

const RATED: &str = "rated";
const MANY: &str = "many";

impl<'a> Crowd<'a> {
    async fn gather(stand: &'a Stand, count: usize) -> Self {
        let names: Vec<String> = (0..count).map(|at| format!("data-{at:04}")).collect();
        let fate = |at: usize| match at % 6 {
            1 => Fate::Renewed,
            4 => Fate::Wanted,
            _ => Fate::Left,
        };
        stand.namespace(MANY).await;
        let bound = stand.bound(MANY, &names).await;
        let digests = bound.iter().map(|(_, volume)| {
            let handle = handle_of(volume).unwrap();
            (handle.to_owned(), stand.rig.driver.digest(handle).unwrap())
        });
        Self {
            stand,
            digests: digests.collect(),
            fates: names.iter().enumerate().map(|(at, name)| (name.clone(), fate(at))).collect(),
            first: names.into_iter().zip(bound).collect(),
        }
    }

    fn of(&self, fate: Fate) -> Vec<&str> {
        self.fates.iter().filter(|(_, known)| **known == fate).map(|(name, _)| name.as_str()).collect()
    }

    /// Lets each fate come once its claim shows the mark; at the end every name that comes back has come back.
    async fn befall(&self) {
        let mut waiting: BTreeSet<&str> = self.of(Fate::Wanted).into_iter().collect();
        waiting.extend(self.of(Fate::Renewed));
        let mut removed = BTreeSet::new();
        let marked = ListParams::default().labels("probate.dev/state=Marked");
        let claims = self.stand.claims(MANY);
        none_left("claims whose fate did not come", async || {
            for claim in claims.list(&marked).await? {
                let name = claim.metadata.name.as_deref().unwrap_or_default();
                let Some(name) = waiting.take(name) else { continue };
                match self.fates[name] {
                    Fate::Wanted => self.stand.pod(MANY, name, name).await,
                    _ => {
                        self.stand.remove(MANY, name).await;
                        removed.insert(name);
                    }
                }
            }
            for name in removed.clone() {
                if claims.get_opt(name).await?.is_none() {
                    let again = crate::many::claim(name, json!({}));
                    claims.create(&PostParams::default(), &again).await?;
                    removed.remove(name);
                }
            }
            Ok(waiting.len() + removed.len())
        })
        .await;
    }

    /// Waits until all that nobody wants is gone with its data. A volume that is kept is half of the way.
    async fn settle(&self) {
        let wanted = self.of(Fate::Wanted).len();
        let claims = self.stand.claims(MANY);
        let volumes: Api<PersistentVolume> = Api::all(self.stand.client.clone());
        let kept = ListParams::default().labels("probate.dev/state=Quarantined");
        none_left("claims that nobody wants", async || {
            let left = claims.list(&ListParams::default()).await?.items.len().saturating_sub(wanted);
            Ok(2 * left - volumes.list(&kept).await?.items.len().min(left))
        })
        .await;
        let left = self.of(Fate::Left);
        let handles = left.iter().map(|name| handle_of(&self.first[*name].1).unwrap());
        let handles: Vec<&str> = handles.collect();
        none_left("volumes that nobody wants", async || {
            Ok(handles.iter().filter(|handle| self.stand.rig.driver.digest(handle).is_some()).count())
        })
        .await;
    }

    /// What a Pod mounts is whole, and shows no mark.
    async fn wanted_is_whole(&self, wrote: &[Written]) {
        for name in self.of(Fate::Wanted) {
            let (first, volume) = &self.first[name];
            let claim = self.stand.claims(MANY).get(name).await.unwrap();
            assert_eq!((uid(&claim), state(&claim)), (uid(first), None), "{name}");
            assert!(claim.metadata.deletion_timestamp.is_none(), "{name}");
            let handle = handle_of(volume).unwrap();
            assert_eq!(self.stand.rig.driver.digest(handle), self.digests.get(handle).cloned(), "{name}");
            let volume = volume.metadata.name.as_deref();
            assert!(!wrote.iter().any(|write| write.deleted() == Some(uid(first))), "{name}");
            assert!(!wrote.iter().any(|write| write.handed() == volume), "{name}");
        }
    }

    /// Whose data went: what was deleted by us, each after its own mark was due, or by the test.
    fn gone_was_due(&self, wrote: &[Written], destroyed: &[String]) {
        let mut due: BTreeMap<&str, &str> = BTreeMap::new();
        let mut deleted: BTreeSet<&str> = BTreeSet::new();
        for write in wrote {
            if let (Some(not_before), Some(uid)) = (write.marks(), write.fenced()) {
                due.insert(uid, not_before);
            }
            if let Some(uid) = write.deleted() {
                assert!(deleted.insert(uid), "{uid} was deleted twice");
                let not_before = due.get(uid).unwrap_or_else(|| panic!("{uid} was never marked"));
                let seconds = not_before.trim_end_matches('Z');
                assert!(write.received.as_str() >= seconds, "{uid}: {} {not_before}", write.received);
            }
        }
        let removed: BTreeSet<&str> =
            self.of(Fate::Renewed).into_iter().map(|name| uid(&self.first[name].0)).collect();
        let mut once = BTreeSet::new();
        for handle in destroyed {
            assert!(once.insert(handle), "{handle} was destroyed twice");
            let uid = handle.trim_start_matches("vol-");
            assert!(deleted.contains(uid) || removed.contains(uid), "{handle} was nobody's to destroy");
        }
        let mut handed = BTreeSet::new();
        for volume in wrote.iter().filter_map(Written::handed) {
            assert!(handed.insert(volume), "{volume} was handed over twice");
        }
    }
}

/// Marks, deletes, hand-overs and destroyed volumes of the namespace whose policy has a rate.
fn figures(wrote: &[Written], volumes: &BTreeSet<&str>, destroyed: &[String]) -> [usize; 4] {
    let here = || wrote.iter().filter(|write| write.namespace == RATED);
    let handles = destroyed.iter().filter(|handle| {
        let name = handle.replacen("vol-", "pvc-", 1);
        volumes.contains(name.as_str())
    });
    let handed = wrote.iter().filter_map(Written::handed).filter(|volume| volumes.contains(volume));
    [
        here().filter(|write| write.marks().is_some()).count(),
        here().filter(|write| write.deleted().is_some()).count(),
        handed.count(),
        handles.count(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn three_at_once_take_what_one_would_and_nothing_twice() {
    let Some(stand) = Stand::start().await else { return };
    let count = count_of("PROBATE_CLAIMS", 24);
    stand.namespace(RATED).await;
    let names: Vec<String> = (0..count).map(|at| format!("data-{at:04}")).collect();
    let rated = stand.bound(RATED, &names).await;
    let crowd = Crowd::gather(&stand, count).await;
    let rate = |count: usize| json!([{"window": "Hour", "per": "Policy", "maxCount": count}]);
    let at_once = json!({"graceSeconds": 0, "quarantineSeconds": 0, "purge": "Auto"});
    stand.policy_with(RATED, json!({"deletion": at_once, "rates": rate(RATE)})).await;
    let later = json!({"graceSeconds": GRACE_SECONDS, "quarantineSeconds": 0, "purge": "Auto"});
    stand.policy_with(MANY, json!({"deletion": later, "rates": rate(4 * count)})).await;
    let mut running: Vec<Running> = Vec::new();
    for _ in 0..LOOPS {
        running.push(stand.run(DELETE_ALL).await);
    }
    crowd.befall().await;
    crowd.settle().await;
    let volumes: BTreeSet<&str> =
        rated.iter().filter_map(|(_, volume)| volume.metadata.name.as_deref()).collect();
    let driver = &stand.rig.driver;
    none_left("volumes that the rate lets go", async || {
        let gone = rated.iter().filter(|(_, volume)| stand.digest(volume).is_none()).count();
        Ok(RATE.saturating_sub(gone))
    })
    .await;
    stand.nudge(&running, 3).await;
    let (wrote, destroyed) = (stand.wrote(), driver.destroyed().unwrap());
    crowd.wanted_is_whole(&wrote).await;
    crowd.gone_was_due(&wrote, &destroyed);
    assert_eq!(figures(&wrote, &volumes, &destroyed), [RATE; 4]);
    let left = stand.claims(RATED).list(&ListParams::default()).await.unwrap().items;
    assert_eq!(left.len(), count - RATE);
    assert!(left.iter().all(|claim| state(claim).is_none()));
    let deletes = wrote.iter().filter(|write| write.deleted().is_some()).count();
    let (renewed, wanted) = (crowd.of(Fate::Renewed).len(), crowd.of(Fate::Wanted).len());
    eprintln!(
        "{LOOPS} loops over {} claims, {renewed} made again, {wanted} wanted late: {deletes} deleted, {} volumes destroyed",
        2 * count,
        destroyed.len()
    );
}
