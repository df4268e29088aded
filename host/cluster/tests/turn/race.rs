//! Races that are won by a barrier: the controller is held inside a window while somebody else acts, then goes on. Whatever it does,
//! the data is still there, or it was not probate that let it go. `PROBATE_RACES` says how many trials.

use crate::give_back::give_back;
use crate::many::{count_of, state, uid};
use crate::stand::{DELETE_ALL, How, Running, Stand};
use crate::windows::{CELLS, Deed, End, Window};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::Api;
use probate_apiserver::crds::install_some;
use probate_apiserver::driver::handle_of;
use probate_apiserver::proxy::{Barrier, Fault, Proxy, Rule};
use probate_apiserver::until;
use serde_json::json;
use std::collections::BTreeMap;
use tokio::task::JoinHandle;

/// Purged at once where nothing holds it.
const AUTO: &str = "race-auto";
/// Kept until somebody says so.
const MANUAL: &str = "race-manual";

pub(crate) struct Race<'a> {
    pub(crate) stand: &'a Stand,
    proxy: Proxy,
    running: Vec<Running>,
}

/// One claim and its volume, and what became of them.
pub(crate) struct Trial {
    pub(crate) window: Window,
    pub(crate) deed: Deed,
    pub(crate) end: End,
    pub(crate) namespace: &'static str,
    pub(crate) name: String,
    pub(crate) claim: PersistentVolumeClaim,
    pub(crate) volume: PersistentVolume,
    pub(crate) digest: Option<String>,
    /// Where a claim of the same name came back, its volume and what is on it.
    pub(crate) renewed: Option<(PersistentVolume, Option<String>)>,
    pub(crate) restored: Option<JoinHandle<Result<(), String>>>,
}

impl Trial {
    pub(crate) fn volume(&self) -> &str {
        self.volume.metadata.name.as_deref().unwrap_or_default()
    }
}

impl Race<'_> {
    async fn trial(&self, at: usize, (window, deed, end): (Window, Deed, End)) -> Trial {
        let stand = self.stand;
        // Where what is done does not itself keep the data, nothing else may let it go.
        let lasting = !matches!(deed, Deed::Removed | Deed::FlippedBack | Deed::VolumeDeleted);
        let namespace = if end == End::Kept && !lasting { MANUAL } else { AUTO };
        let name = format!("t-{at:04}");
        // Nobody takes it before the rules stand.
        let volume = stand.held_claim(namespace, &name).await;
        let claim = stand.claims(namespace).get(&name).await.unwrap();
        let digest = stand.digest(&volume);
        let mut trial = Trial {
            window,
            deed,
            end,
            namespace,
            name,
            claim,
            volume,
            digest,
            renewed: None,
            restored: None,
        };
        let barrier = Barrier::default();
        let before = self.hold(&trial, &barrier);
        stand.annotate(namespace, &trial.name, "probate.dev/hold", None).await;
        if let Some((before, gate)) = before {
            arrived(&before, &trial).await;
            self.proxy.inject(gate);
            before.release();
        }
        arrived(&barrier, &trial).await;
        self.happen(&mut trial).await;
        barrier.release();
        self.proxy.clear();
        self.ends(&mut trial).await;
        trial
    }

    /// Puts the rule of a window in force. The look before the purge can only be told from others by what came before it: the
    /// barrier that stands there, and the rule that then is put in force.
    fn hold(&self, trial: &Trial, barrier: &Barrier) -> Option<(Barrier, Rule)> {
        let of_claim = |fault| {
            Rule::new("delete", "persistentvolumeclaims", fault).namespace(trial.namespace).name(&trial.name)
        };
        let of_volume = |nth| {
            let fault = Fault::Hold(barrier.clone());
            Rule::new("patch", "persistentvolumes", fault).name(trial.volume()).dry_run(false).from(nth)
        };
        let rule = match trial.window {
            Window::DryRun => of_claim(Fault::HoldReply(barrier.clone())).dry_run(true),
            Window::Flip => of_volume(1),
            Window::Delete => of_claim(Fault::Hold(barrier.clone())).dry_run(false),
            Window::HandOver => of_volume(2),
            Window::Look => {
                let deleted = Barrier::default();
                self.proxy.inject(of_claim(Fault::HoldReply(deleted.clone())).dry_run(false).times(1));
                return Some((deleted, Rule::new("list", "pods", Fault::Hold(barrier.clone())).times(1)));
            }
        };
        self.proxy.inject(rule.times(1));
        None
    }

    /// Under its own name, or under another where that is taken.
    pub(crate) fn restore(&self, trial: &Trial) -> JoinHandle<Result<(), String>> {
        let to = (trial.namespace.to_owned(), format!("{}-back", trial.name));
        let to = trial.renewed.as_ref().map(|_| to);
        let kubeconfig = self.stand.rig.plane.kubeconfig().to_owned();
        tokio::spawn(give_back(kubeconfig, trial.volume().to_owned(), to))
    }

    async fn ends(&self, trial: &mut Trial) {
        let stand = self.stand;
        let what = format!("{:?} {:?} {:?}", trial.window, trial.deed, trial.end);
        match trial.end {
            End::Stays => self.stays(trial, &what).await,
            End::Purged => {
                let gone = async || Ok(stand.digest(&trial.volume).is_none().then_some(()));
                until(&what, gone).await.unwrap();
            }
            // Nothing that could be waited for comes of it.
            End::Kept | End::Theirs => stand.nudge(&self.running, 3).await,
        }
        if trial.end == End::Kept {
            assert_eq!(stand.digest(&trial.volume), trial.digest, "{what}");
            if trial.restored.is_none() {
                trial.restored = Some(self.restore(trial));
            }
            let back =
                if trial.renewed.is_some() { format!("{}-back", trial.name) } else { trial.name.clone() };
            let volume = stand.bound_volume(trial.namespace, &back).await;
            assert_eq!(volume.metadata.name.as_deref(), Some(trial.volume()), "{what}");
        }
    }

    /// The claim lives without a mark, and its volume is as it was.
    async fn stays(&self, trial: &Trial, what: &str) {
        let volumes: Api<PersistentVolume> = Api::all(self.stand.client.clone());
        until(what, async || {
            let claim = self.stand.claims(trial.namespace).get(&trial.name).await?;
            let volume = volumes.get(trial.volume()).await?;
            assert_eq!(uid(&claim), uid(&trial.claim), "{what}");
            let policy = volume.spec.and_then(|spec| spec.persistent_volume_reclaim_policy);
            let shows = volume.metadata.labels.is_some_and(|all| all.contains_key("probate.dev/state"));
            let whole = state(&claim).is_none() && !shows && policy.as_deref() == Some("Delete");
            Ok((whole && claim.metadata.deletion_timestamp.is_none()).then_some(()))
        })
        .await
        .unwrap();
    }
}

async fn arrived(barrier: &Barrier, trial: &Trial) {
    let what = format!("{} at {:?} {:?}", trial.name, trial.window, trial.deed);
    until(&what, async || Ok((barrier.count() > 0).then_some(()))).await.unwrap();
}

/// What holds of all of them at the end, and the log of what was done.
async fn nothing_is_lost(stand: &Stand, trials: &mut [Trial]) {
    for trial in trials.iter_mut() {
        if let Some(restored) = trial.restored.take() {
            restored
                .await
                .unwrap()
                .unwrap_or_else(|lost| panic!("{:?} {:?}: {lost}", trial.window, trial.deed));
        }
    }
    let (wrote, destroyed) = (stand.wrote(), stand.rig.driver.destroyed().unwrap());
    for trial in trials.iter() {
        let what = format!("{} {:?} {:?} {:?}", trial.name, trial.window, trial.deed, trial.end);
        let deletes = wrote.iter().filter(|write| write.deleted() == Some(uid(&trial.claim))).count();
        let handed = wrote.iter().filter(|write| write.handed() == Some(trial.volume())).count();
        let handle = handle_of(&trial.volume).unwrap();
        let gone = destroyed.iter().filter(|known| *known == handle).count();
        match trial.end {
            End::Stays | End::Kept => {
                assert_eq!((stand.digest(&trial.volume), handed), (trial.digest.clone(), 0), "{what}");
                assert!(deletes <= usize::from(trial.end == End::Kept), "{what}");
            }
            End::Theirs => assert_eq!((deletes, handed), (0, 0), "{what}"),
            End::Purged => assert_eq!((deletes, handed, gone), (1, 1, 1), "{what}"),
        }
        if let Some((volume, digest)) = &trial.renewed {
            assert_eq!(stand.digest(volume), *digest, "{what}");
            let claim = stand.claims(trial.namespace).get(&trial.name).await.unwrap();
            assert!(!wrote.iter().any(|write| write.deleted() == Some(uid(&claim))), "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_inside_a_window_loses_no_data() {
    let Some(stand) = Stand::start().await else { return };
    let groups = ["kubevirt.io", "snapshot.storage.k8s.io"];
    install_some(&stand.client, |kind| groups.contains(&kind.group)).await.unwrap();
    for (namespace, purge) in [(AUTO, "Auto"), (MANUAL, "Manual")] {
        stand.namespace(namespace).await;
        let deletion = json!({"graceSeconds": 0, "quarantineSeconds": 0, "purge": purge});
        stand.policy(namespace, deletion).await;
    }
    let proxy = Proxy::start(&stand.rig.plane).await.unwrap();
    let how = How { kubeconfig: Some(stand.through(&proxy).await), ..How::new(DELETE_ALL) };
    let running = vec![stand.run_as(how).await];
    let race = Race { stand: &stand, proxy, running };
    let count = count_of("PROBATE_RACES", 12);
    let mut trials = Vec::new();
    for at in 0..count {
        let cell = if count < CELLS.len() { at * CELLS.len() / count } else { at % CELLS.len() };
        // What is restored takes a minute to settle: such trials come first.
        trials.push(race.trial(at, CELLS[CELLS.len() - 1 - cell]).await);
    }
    nothing_is_lost(&stand, &mut trials).await;
    let mut ends: BTreeMap<End, usize> = BTreeMap::new();
    trials.iter().for_each(|trial| *ends.entry(trial.end).or_default() += 1);
    eprintln!("{count} races, each held inside its window: {ends:?}; each that was kept is restored, 0 lost");
}
