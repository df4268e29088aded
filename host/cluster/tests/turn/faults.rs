//! Faults at every kind of request that the loop makes: no wrong delete, and it goes on by itself. `PROBATE_FAULTS=all` tries all of
//! them, else every seventh; each proves that it came.

use crate::many::{none_left, state, uid};
use crate::matrix::{Asked, Cell, Kind, cells, packed, watched};
use crate::stand::{DELETE_ALL, How, Running, Stand, Written};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::{Api, ListParams, PostParams};
use probate_apiserver::driver::handle_of;
use probate_apiserver::proxy::{Barrier, Fault, Injected, Passed, Proxy, Rule};
use probate_apiserver::until;
use probate_cluster::own::Own;
use serde_json::{Value, json};

/// A denial blocks the claim that it hits: one is left for each request that can be denied, and one to go all the way.
const UNUSED: usize = 5;

fn all() -> bool {
    std::env::var("PROBATE_FAULTS").is_ok_and(|all| all == "all")
}

fn every() -> usize {
    if all() { 1 } else { 7 }
}

/// A claim that is bound once its record is there, so that in each run a record's identity grows.
const PENDING: &str = "pending";

/// Claims that nobody wants, one that a Pod mounts, one that is held until a Pod comes, and one without a volume at first.
struct Scene<'a> {
    stand: &'a Stand,
    namespace: String,
    unused: Vec<(PersistentVolumeClaim, PersistentVolume)>,
    mounted: (PersistentVolume, Option<String>),
}

impl<'a> Scene<'a> {
    async fn set(stand: &'a Stand, namespace: String, unused: usize) -> Self {
        stand.namespace(&namespace).await;
        let names: Vec<String> = (0..unused).map(|at| format!("unused-{at}")).collect();
        let unused = stand.bound(&namespace, &names).await;
        let mounted = stand.claim(&namespace, "mounted").await;
        stand.pod(&namespace, "app", "mounted").await;
        stand.held_claim(&namespace, "late").await;
        let pending = json!({
            "metadata": {"name": PENDING, "annotations": {"probate.dev/hold": "it stays"}},
            "spec": {"storageClassName": "", "accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": "1Gi"}}},
        });
        let pending = serde_json::from_value(pending).unwrap();
        stand.claims(&namespace).create(&PostParams::default(), &pending).await.unwrap();
        let mounted = (mounted.clone(), stand.digest(&mounted));
        let deletion = json!({"graceSeconds": 0, "quarantineSeconds": 0, "purge": "Auto"});
        stand.policy(&namespace, deletion).await;
        Self { stand, namespace, unused, mounted }
    }

    async fn run(&self, proxy: &Proxy) -> Vec<Running> {
        let kubeconfig = Some(self.stand.through(proxy).await);
        vec![self.stand.run_as(How { kubeconfig, ..How::new(DELETE_ALL) }).await]
    }

    async fn records(&self) -> kube::Result<Vec<Value>> {
        let list = Own::Record.api(&self.stand.client).list(&ListParams::default()).await?;
        let here = |record: &Value| record["spec"]["claim"]["namespace"] == *self.namespace;
        Ok(list.items.into_iter().map(|record| record.data).filter(here).collect())
    }

    /// Makes the volume of the pending claim once the claim has a record; true until the record names it.
    async fn pends(&self, records: &[Value]) -> kube::Result<bool> {
        let own = records.iter().find(|record| record["spec"]["claim"]["name"] == PENDING);
        let Some(own) = own else { return Ok(true) };
        let volumes: Api<PersistentVolume> = Api::all(self.stand.client.clone());
        let name = format!("static-{}", self.namespace);
        if volumes.get_opt(&name).await?.is_none() {
            let volume = json!({
                "metadata": {"name": name},
                "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                         "persistentVolumeReclaimPolicy": "Retain",
                         "csi": {"driver": "csi.elsewhere.test", "volumeHandle": name},
                         "claimRef": {"namespace": self.namespace, "name": PENDING}},
            });
            let volume = serde_json::from_value(volume).unwrap();
            volumes.create(&PostParams::default(), &volume).await?;
        }
        Ok(own["spec"]["volume"]["name"] != *name)
    }

    /// What is not at its end: purged, or blocked by a denial, the record of the late one gone once it is wanted, and that of the
    /// pending one with its volume.
    async fn open(&self, late: &mut bool) -> kube::Result<Vec<String>> {
        let records = self.records().await?;
        let of_late = records.iter().any(|record| record["spec"]["claim"]["name"] == "late");
        if of_late && !*late {
            self.stand.pod(&self.namespace, "late", "late").await;
            *late = true;
        }
        let blocked = |claim: &PersistentVolumeClaim| {
            let own = records.iter().find(|record| record["spec"]["claim"]["uid"] == *uid(claim));
            let conditions = own.and_then(|record| record["status"]["conditions"].as_array().cloned());
            let blocks = |known: &Value| known["type"] == "Blocked" && known["status"] == "True";
            conditions.is_some_and(|known| known.iter().any(blocks))
        };
        let going = self
            .unused
            .iter()
            .filter(|(claim, volume)| self.stand.digest(volume).is_some() && !blocked(claim));
        let mut open: Vec<String> = going.filter_map(|(claim, _)| claim.metadata.name.clone()).collect();
        open.extend((of_late || !*late).then(|| "late".to_owned()));
        open.extend(self.pends(&records).await?.then(|| PENDING.to_owned()));
        Ok(open)
    }

    /// Nothing that anybody wants was touched, and nothing was done twice.
    async fn is_right(&self) {
        let (mounted, digest) = &self.mounted;
        assert_eq!(self.stand.digest(mounted), *digest, "{}", self.namespace);
        for name in ["mounted", "late", PENDING] {
            let claim = self.stand.claims(&self.namespace).get(name).await.unwrap();
            assert!(state(&claim).is_none() && claim.metadata.deletion_timestamp.is_none(), "{name}");
        }
        let (wrote, destroyed) = (self.stand.wrote(), self.stand.rig.driver.destroyed().unwrap());
        let deletes = |claim: &str| wrote.iter().filter(|write| write.deleted() == Some(claim)).count();
        for (claim, volume) in &self.unused {
            let handle = handle_of(volume).unwrap();
            let handed = wrote.iter().filter(|write| write.handed() == volume.metadata.name.as_deref());
            let gone = destroyed.iter().filter(|known| *known == handle).count();
            assert!(deletes(uid(claim)) <= 1 && handed.count() <= 1 && gone <= 1, "{}", self.namespace);
        }
        let here = |write: &&Written| write.namespace == self.namespace && write.deleted().is_some();
        let wanted = wrote
            .iter()
            .filter(here)
            .filter(|write| !self.unused.iter().any(|(claim, _)| write.deleted() == Some(uid(claim))));
        assert_eq!(wanted.count(), 0, "{}", self.namespace);
    }

    fn end(&self) {
        self.stand.kubectl(&["delete", "clusterretentionpolicy", &self.namespace]);
    }
}

/// Takes away what is made only once.
fn forget(stand: &Stand, cells: &[Cell]) {
    for (resource, name) in [("leases", "probate-watch"), ("ledgers", "probate")] {
        if cells.iter().any(|cell| cell.asked.resource == resource && cell.asked.verb == "create") {
            stand.kubectl(&["delete", resource, name, "-n", "probate", "--ignore-not-found"]);
        }
    }
}

/// Everything that the loop asks between its first start and its second.
async fn clean(stand: &Stand) -> Vec<Passed> {
    let scene = Scene::set(stand, "fault-none".into(), 1).await;
    let proxy = Proxy::start(&stand.rig.plane).await.unwrap();
    let running = scene.run(&proxy).await;
    let mut late = false;
    none_left("the end of a clean run", async || Ok(scene.open(&mut late).await?.len())).await;
    drop(running);
    let running = scene.run(&proxy).await;
    stand.nudge(&running, 1).await;
    scene.is_right().await;
    scene.end();
    proxy.passed()
}

/// Gives those whose request was not made in this run, however long it was waited for: a conflict that only the clean run had, for
/// one.
async fn hit(stand: &Stand, at: usize, cells: Vec<Cell>) -> Vec<Cell> {
    let scene = Scene::set(stand, format!("fault-{at}"), UNUSED).await;
    forget(stand, &cells);
    let proxy = Proxy::start(&stand.rig.plane).await.unwrap();
    let injected: Vec<Injected> = cells.iter().map(|cell| proxy.inject(cell.rule())).collect();
    let running = scene.run(&proxy).await;
    let (mut late, mut told) = (false, String::new());
    none_left("claims that are not at their end", async || {
        let open = scene.open(&mut late).await?;
        let now = format!("waits for {open:?}");
        if now != told {
            eprintln!("{now}");
            told = now;
        }
        Ok(open.len())
    })
    .await;
    let all = async || Ok(injected.iter().all(|injected| injected.fired() > 0).then_some(()));
    let came = until("faults", all).await.is_ok();
    let fired: Vec<u64> = injected.iter().map(Injected::fired).collect();
    let passed = proxy.passed();
    let mut unasked = Vec::new();
    for (cell, fired) in cells.into_iter().zip(fired) {
        if !came && fired == 0 && !cell.came_by(&passed) {
            unasked.push(cell);
        } else {
            assert_eq!(fired, 1, "{cell:?}");
        }
    }
    stand.nudge(&running, 2).await;
    scene.is_right().await;
    drop(running);
    scene.end();
    unasked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_request_deletes_nothing_wrongly_and_is_got_over() {
    let Some(stand) = Stand::start().await else { return };
    let passed = clean(&stand).await;
    let mut left = cells(Asked::made(&passed), every());
    let (count, mut runs) = (left.len(), 0);
    // What had no request to hit has one more run.
    for _ in 0..2 {
        for cells in packed(std::mem::take(&mut left)) {
            left.extend(hit(&stand, runs, cells).await);
            runs += 1;
        }
    }
    assert!(left.is_empty(), "without a request to hit, twice: {left:?}");
    eprintln!("{count} faults in {runs} runs, each came and was got over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_while_the_admission_policy_is_tried_is_got_over() {
    let Some(stand) = Stand::start().await else { return };
    let cells = cells(Asked::guarding(), every());
    let count = cells.len();
    // Each waits half a minute before it tries again: they wait together.
    for (at, cells) in cells.chunks(12).enumerate() {
        let scene = Scene::set(&stand, format!("guard-{at}"), 1).await;
        let (mut proxies, mut running) = (Vec::new(), Vec::new());
        for cell in cells {
            let proxy = Proxy::start(&stand.rig.plane).await.unwrap();
            let injected = proxy.inject(cell.rule());
            running.extend(scene.run(&proxy).await);
            proxies.push((proxy, injected, cell));
        }
        // The last thing that is tried, and it was refused as it should be.
        let tried = |(proxy, injected, cell): &(Proxy, Injected, &Cell)| {
            let last = |passed: &Passed| {
                let call = (passed.call.verb.as_str(), passed.call.resource.as_str(), passed.call.dry_run);
                call == ("delete", "persistentvolumes", true)
                    && passed.code == Some(403)
                    && (!passed.hit || cell.kind == Kind::Slow)
            };
            injected.fired() == 1 && proxy.passed().iter().any(last)
        };
        let mut late = false;
        none_left("loops that did not try the admission policy again", async || {
            let waiting = proxies.iter().filter(|one| !tried(one)).count();
            Ok(waiting + scene.open(&mut late).await?.len())
        })
        .await;
        scene.is_right().await;
        drop(running);
        scene.end();
    }
    eprintln!("{count} faults while the admission policy is tried, each came and was got over");
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_that_fall_silent_let_nothing_wanted_go() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("silent").await;
    let volume = stand.claim("silent", "data").await;
    let digest = stand.digest(&volume);
    let deletion = json!({"graceSeconds": 6, "quarantineSeconds": 0, "purge": "Auto"});
    stand.policy("silent", deletion).await;
    let proxy = Proxy::start(&stand.rig.plane).await.unwrap();
    let muted = Barrier::default();
    let rule = proxy.inject(Rule::new("watch", "*", Fault::Mute(muted.clone())));
    let how = How { kubeconfig: Some(stand.through(&proxy).await), ..How::new(DELETE_ALL) };
    let running = vec![stand.run_as(how).await];
    stand.state("silent", "data", Some("Marked")).await;
    muted.release();
    proxy.remove(&rule);
    // No watch tells of it; what is looked at live before each step does.
    stand.pod("silent", "app", "data").await;
    stand.state("silent", "data", None).await;
    assert_eq!(stand.digest(&volume), digest);
    let silent = watched(&proxy.passed()).len();
    assert!(silent > 20 && rule.fired() >= silent as u64, "{silent} {}", rule.fired());
    let later = stand.claim("silent", "later").await;
    if all() {
        // Nothing tells of the silence but its length: five minutes.
        for _ in 0..12 {
            let gone = async || Ok(stand.digest(&later).is_none().then_some(()));
            if until("a watch that is begun anew", gone).await.is_ok() {
                break;
            }
        }
    } else {
        proxy.cut();
    }
    // A read that the cut took with it is made again half a minute later.
    none_left("destroyed data", async || Ok(usize::from(stand.digest(&later).is_some()))).await;
    stand.nudge(&running, 1).await;
    stand.state("silent", "data", None).await;
    assert_eq!(stand.digest(&volume), digest);
    eprintln!("{silent} watches fell silent, nothing wanted went");
}
