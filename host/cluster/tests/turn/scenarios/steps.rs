//! Between two steps: what came between them is found by the API server or by the next look, and a step is done once.

use super::world::{World, reclaim_policy};
use crate::many::uid;
use crate::stand::{DELETE_ALL, How, Stand, Written};
use probate_apiserver::driver::handle_of;
use probate_apiserver::proxy::{Barrier, Fault, Proxy, Rule};
use probate_apiserver::until;
use serde_json::{Value, json};

/// A rule for the DELETE of the claim shop/data, or for its dry run.
fn delete(fault: Fault, dry_run: bool) -> Rule {
    Rule::new("delete", "persistentvolumeclaims", fault)
        .namespace("shop")
        .name("data")
        .dry_run(dry_run)
        .times(1)
}

/// The loop by way of a proxy that holds that request; returns once it is held.
struct Held {
    barrier: Barrier,
    proxy: Proxy,
    running: Vec<crate::stand::Running>,
}

impl Held {
    async fn at(stand: &Stand, dry_run: bool) -> Self {
        let proxy = Proxy::start(&stand.rig.plane).await.unwrap();
        let barrier = Barrier::default();
        proxy.inject(delete(Fault::Hold(barrier.clone()), dry_run));
        let how = How { kubeconfig: Some(stand.through(&proxy).await), ..How::new(DELETE_ALL) };
        let running = vec![stand.run_as(how).await];
        until("a held DELETE", async || Ok((barrier.count() > 0).then_some(()))).await.unwrap();
        Self { barrier, proxy, running }
    }

    async fn release(self, stand: &Stand) -> Vec<crate::stand::Running> {
        self.barrier.release();
        until("a conflict", async || Ok(conflicts(stand).pop())).await.unwrap();
        stand.nudge(&self.running, 3).await;
        self.proxy.clear();
        self.running
    }
}

fn conflicts(stand: &Stand) -> Vec<Written> {
    let of = |write: &Written| {
        write.verb == "delete" && write.resource == "persistentvolumeclaims" && write.code == 409
    };
    stand.wrote().into_iter().filter(of).collect()
}

async fn shop(stand: &Stand, scenario: &str) {
    let claim =
        |object: &Value| ["Namespace", "PersistentVolumeClaim"].contains(&object["kind"].as_str().unwrap());
    World::of(stand).place(stand, &format!("{scenario}/host.yaml"), claim).await;
    stand.bound_volume("shop", "data").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s55_a_claim_made_again_is_not_deleted_for_the_old_one() {
    let Some(stand) = Stand::start().await else { return };
    shop(&stand, "s55-claim-made-again").await;
    let old = stand.claims("shop").get("data").await.unwrap();
    let volume = stand.bound_volume("shop", "data").await;
    let digest = stand.digest(&volume);
    stand.policy("shop", json!({"graceSeconds": 0, "quarantineSeconds": 0, "purge": "Manual"})).await;
    let held = Held::at(&stand, false).await;
    stand.remove("shop", "data").await;
    stand.gone("shop", "data").await;
    let renewed = stand.held_claim("shop", "data").await;
    let new = stand.claims("shop").get("data").await.unwrap();
    let _running = held.release(&stand).await;
    let refused = conflicts(&stand);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].fenced(), Some(uid(&old)));
    // It is dropped: the record of the old claim intends it no more, and nobody asks for the new one's end.
    stand.record(uid(&old), |record| record["status"]["intent"].is_null()).await;
    let wrote = stand.wrote();
    assert!(!wrote.iter().any(|write| write.deleted().is_some()), "no DELETE was done");
    assert!(!wrote.iter().any(|write| write.fenced() == Some(uid(&new))));
    let now = stand.claims("shop").get("data").await.unwrap();
    assert_eq!((now.metadata.uid.as_deref(), crate::many::state(&now)), (new.metadata.uid.as_deref(), None));
    assert!(digest.is_some() && stand.digest(&renewed).is_some());
    assert_eq!(stand.digest(&volume), digest, "the old one's data was kept before");
}

#[tokio::test(flavor = "multi_thread")]
async fn s56_what_changed_after_the_decision_is_looked_at_again() {
    let Some(stand) = Stand::start().await else { return };
    shop(&stand, "s67-restart-between-steps").await;
    let claim = stand.claims("shop").get("data").await.unwrap();
    let volume = stand.bound_volume("shop", "data").await;
    stand.policy("shop", json!({"graceSeconds": 0, "quarantineSeconds": 0, "purge": "Auto"})).await;
    let held = Held::at(&stand, true).await;
    let name = volume.metadata.name.as_deref().unwrap();
    stand.kubectl(&["patch", "pv", name, "-p", r#"{"spec": {"persistentVolumeReclaimPolicy": "Retain"}}"#]);
    stand.annotate("shop", "data", "team.example/note", Some("changed")).await;
    let running = held.release(&stand).await;
    // It was asked with the revision that was decided about.
    let refused = conflicts(&stand);
    let revision =
        |write: &Written| write.body["preconditions"]["resourceVersion"].as_str().map(str::to_owned);
    let now = stand.claims("shop").get("data").await.unwrap();
    assert!(refused.iter().all(|write| write.fenced() == Some(uid(&claim))), "{refused:?}");
    assert!(
        refused
            .iter()
            .any(|write| revision(write).is_some() && revision(write) != now.metadata.resource_version)
    );
    // The next look sees Retain, and the mark is taken back.
    stand.state("shop", "data", None).await;
    stand
        .record(uid(&claim), |record| {
            record["status"]["mark"].is_null() && record["status"]["intent"].is_null()
        })
        .await;
    stand.nudge(&running, 3).await;
    let now = stand.claims("shop").get("data").await.unwrap();
    assert_eq!((now.metadata.uid, now.metadata.deletion_timestamp), (claim.metadata.uid, None));
    assert_eq!(reclaim_policy(&stand.volume(&volume).await.unwrap()), "Retain");
    assert!(!stand.wrote().iter().any(|write| write.deletes("shop") || write.hands(name)));
}

#[tokio::test(flavor = "multi_thread")]
async fn s67_a_step_is_carried_out_once_over_restarts_and_by_several() {
    let Some(stand) = Stand::start().await else { return };
    shop(&stand, "s67-restart-between-steps").await;
    let claim = stand.claims("shop").get("data").await.unwrap();
    let volume = stand.bound_volume("shop", "data").await;
    stand.policy("shop", json!({"graceSeconds": 2, "quarantineSeconds": 0, "purge": "Auto"})).await;
    // One marks it and ends.
    let first = stand.run(DELETE_ALL).await;
    stand.state("shop", "data", Some("Marked")).await;
    drop(first);
    // The next deletes, and ends before it hears that it is done.
    let proxy = Proxy::start(&stand.rig.plane).await.unwrap();
    let barrier = Barrier::default();
    proxy.inject(delete(Fault::HoldReply(barrier.clone()), false));
    let how = How { kubeconfig: Some(stand.through(&proxy).await), ..How::new(DELETE_ALL) };
    let second = stand.run_as(how).await;
    until("a DELETE", async || Ok((barrier.count() > 0).then_some(()))).await.unwrap();
    stand.gone("shop", "data").await;
    drop(second);
    barrier.release();
    // Two at once are told of it again.
    let running = vec![stand.run(DELETE_ALL).await, stand.run(DELETE_ALL).await];
    stand.destroyed(&volume).await;
    stand.nudge(&running, 3).await;
    let wrote = stand.wrote();
    let name = volume.metadata.name.as_deref().unwrap();
    let deletes = wrote.iter().filter(|write| {
        write.verb == "delete" && write.resource == "persistentvolumeclaims" && !write.dry_run
    });
    assert_eq!(deletes.map(Written::fenced).collect::<Vec<_>>(), [Some(uid(&claim))]);
    assert_eq!(wrote.iter().filter(|write| write.marks().is_some() && write.name == "data").count(), 1);
    assert!(wrote.iter().filter(|write| write.hands(name)).count() <= 1);
    let destroyed = stand.rig.driver.destroyed().unwrap();
    assert_eq!(destroyed, [handle_of(&volume).unwrap()]);
}
