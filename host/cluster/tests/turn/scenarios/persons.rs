//! What waits for a person: a set that is too large, and a volume that says Retain.

use super::asking;
use super::world::{World, phase, uid_of};
use crate::closure::{Mind, Twin};
use crate::many::none_left;
use crate::stand::{DELETE_ALL, How, Stand};
use k8s_openapi::api::core::v1::PersistentVolume;
use probate_apiserver::driver::handle_of;
use probate_apiserver::until;
use probate_cluster::connect::{Target, connect};
use probate_cluster::ledger::LedgerStore;
use probate_contract::verdict::Action;
use probate_contract::{Fact, Verdict};
use serde_json::{Value, json};

/// The policy of S62: volumes whose machine is proven gone.
fn tombstones(evidence: &Value) -> Verdict {
    let mut owners = evidence["owners"].as_array().into_iter().flatten();
    if owners.any(|owner| owner["kind"] == "VirtualMachine" && owner["state"] == "Gone") {
        return Verdict {
            action: Action::Delete,
            reason: "its machine is gone".into(),
            ..Verdict::default()
        };
    }
    Verdict::default()
}

const TOMBSTONES: Mind = asking(
    &[Fact::Owners],
    tombstones,
    &Twin { rego: include_str!("../twins/tombstones.rego"), paths: &["owners"] },
);

fn machine(namespace: &str) -> Value {
    json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"namespace": namespace, "name": "db01"},
        "spec": {"runStrategy": "Halted", "template": {"spec": {"domain": {"devices": {}}, "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}}}})
}

/// A released volume that says Retain; where `used`, by a machine that was seen and is gone.
async fn given_up(stand: &Stand, namespace: &str, used: bool) -> PersistentVolume {
    let volume = stand.bound_volume(namespace, "data").await;
    let name = volume.metadata.name.as_deref().unwrap();
    stand.kubectl(&["patch", "pv", name, "-p", r#"{"spec": {"persistentVolumeReclaimPolicy": "Retain"}}"#]);
    if used {
        let claim = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref()).unwrap();
        let seen = |record: &Value| record["status"]["owners"][0]["state"] == "Alive";
        stand.record(claim.uid.as_deref().unwrap(), seen).await;
        stand.kubectl(&["delete", "virtualmachines.kubevirt.io", "-n", namespace, "db01"]);
    }
    stand.remove(namespace, "data").await;
    until("a released volume", async || {
        Ok(stand.volume(&volume).await.filter(|now| phase(now) == "Released"))
    })
    .await
    .unwrap()
}

const VERBS: [(&str, &str); 3] =
    [("object", "DeleteObject"), ("asset", "DeleteObjectAndAsset"), ("doubtful", "DeleteObjectAndAsset")];

#[tokio::test(flavor = "multi_thread")]
async fn s62_a_retained_volume_goes_by_an_approved_plan_in_two_ways() {
    let Some(stand) = Stand::with(&["kubevirt.io"]).await else { return };
    for (namespace, verb) in VERBS {
        stand.namespace(namespace).await;
        stand.claim(namespace, "data").await;
        let deletion =
            json!({"graceSeconds": 0, "quarantineSeconds": 0, "retainedVolumes": verb, "purge": "Approved"});
        let parts = json!({"mode": "Propose", "subjects": ["PersistentVolume"], "deletion": deletion});
        stand.policy_with(namespace, parts).await;
        if namespace != "doubtful" {
            World::of(&stand).put(vec![machine(namespace)]).await;
        }
    }
    let running = vec![stand.run_as(How::new(TOMBSTONES)).await];
    let object = given_up(&stand, "object", true).await;
    let asset = given_up(&stand, "asset", true).await;
    let doubtful = given_up(&stand, "doubtful", false).await;
    let plans = || -> Vec<Value> {
        let all: Value = serde_json::from_str(&stand.kubectl(&[
            "get",
            "plans.probate.dev",
            "-n",
            "probate",
            "-o",
            "json",
        ]))
        .unwrap();
        all["items"].as_array().cloned().unwrap_or_default()
    };
    let proposed = |volume: &PersistentVolume| {
        plans().iter().any(|plan| plan["spec"]["items"].to_string().contains(uid_of(volume)))
    };
    // What comes up a moment later is proposed a minute later.
    none_left("volumes that no Plan names", async || {
        Ok([&object, &asset].into_iter().filter(|volume| !proposed(volume)).count())
    })
    .await;
    stand.nudge(&running, 2).await;
    let names = [&object, &asset, &doubtful].map(|volume| volume.metadata.name.clone().unwrap());
    let touched = || stand.wrote().into_iter().any(|write| names.contains(&write.name) && !write.dry_run);
    assert!(!touched(), "nothing without a person's word");
    for plan in plans() {
        let name = plan["metadata"]["name"].as_str().unwrap();
        stand.kubectl(&[
            "patch",
            "plan",
            name,
            "-n",
            "probate",
            "--type=merge",
            "-p",
            r#"{"spec": {"approval": "Approved"}}"#,
        ]);
    }
    stand.destroyed(&asset).await;
    for volume in [&object, &asset] {
        until("no volume", async || Ok(stand.volume(volume).await.is_none().then_some(()))).await.unwrap();
    }
    stand.nudge(&running, 2).await;
    assert!(stand.digest(&object).is_some(), "the object alone");
    let kept = |record: &Value| record["spec"]["volume"]["volumeHandle"] == handle_of(&object).unwrap();
    stand.record(uid_of(&object), kept).await;
    assert_eq!(stand.rig.driver.destroyed().unwrap(), [handle_of(&asset).unwrap()]);
    assert!(!proposed(&doubtful) && stand.volume(&doubtful).await.is_some());
    assert!(stand.digest(&doubtful).is_some());
}

/// So many claims of which the first `unused` have no Pod.
async fn crowd(stand: &Stand, namespace: &str, count: usize, unused: usize) {
    stand.namespace(namespace).await;
    let names: Vec<String> = (0..count).map(|at| format!("data-{at:02}")).collect();
    stand.bound(namespace, &names).await;
    for name in &names[unused..] {
        stand.pod(namespace, name, name).await;
    }
    // As shipped: over 5 per cent and over ten.
    let breaker = json!({"maxPercent": 5, "minCount": 10});
    stand.policy_with(namespace, json!({"deletion": {"graceSeconds": 3600}, "breaker": breaker})).await;
}

async fn unmarked(stand: &Stand, namespace: &str) -> usize {
    let claims = stand.claims(namespace).list(&Default::default()).await.unwrap();
    claims.iter().filter(|claim| crate::many::state(claim).is_none()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn s64_too_many_at_once_wait_all_of_them_for_a_person() {
    let Some(stand) = Stand::start().await else { return };
    // Four in ten, of thirty and of ten.
    crowd(&stand, "shop", 30, 12).await;
    crowd(&stand, "few", 10, 4).await;
    let running = vec![stand.run(DELETE_ALL).await];
    // Not more than ten: nothing holds them.
    none_left("marks in few", async || Ok(unmarked(&stand, "few").await - 6)).await;
    until("an open breaker", async || {
        let status = stand.kubectl(&["get", "clusterretentionpolicy", "shop", "-o", "yaml"]);
        Ok(status.contains("BreakerOpen").then_some(()))
    })
    .await
    .unwrap();
    stand.nudge(&running, 3).await;
    assert_eq!(unmarked(&stand, "shop").await, 30, "the whole set");
    // Over a restart too.
    drop(running);
    let running = vec![stand.run(DELETE_ALL).await];
    stand.nudge(&running, 3).await;
    assert_eq!(unmarked(&stand, "shop").await, 30);
    let target = Target { kubeconfig: Some(stand.rig.plane.kubeconfig().to_owned()), context: None };
    let access = connect(&target).await.unwrap();
    let mut ledger = LedgerStore::load(&access).await.unwrap();
    let closed = ledger.change(&access, |ledger| (probate_core::ledger::reset(ledger, None), true)).await;
    assert_eq!(closed.unwrap(), 1);
    none_left("marks in shop", async || Ok(unmarked(&stand, "shop").await - 18)).await;
}
