//! Volumes that are made Retain while their claims still live: whatever Kubernetes deletes then, the data stays. Beside each stands
//! the same without a policy, whose data is lost.

use super::asking;
use super::world::{World, all, phase, reclaim_policy};
use crate::closure::{Mind, Twin};
use crate::many::none_left;
use crate::stand::{How, Stand};
use k8s_openapi::api::core::v1::PersistentVolume;
use probate_apiserver::driver::NODE;
use probate_apiserver::until;
use probate_contract::verdict::{Action, Ensure};
use probate_contract::{Fact, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Kept, and its volume made Retain.
pub(super) fn kept(reason: &str, note: (&str, String)) -> Verdict {
    Verdict {
        action: Action::Retain,
        reason: reason.into(),
        ensure: Some(Ensure::ReclaimPolicyRetain),
        annotations: BTreeMap::from([(format!("probate.dev/note.{}", note.0), note.1)]),
        ..Verdict::default()
    }
}

fn list<'a>(evidence: &'a Value, fact: &str) -> impl Iterator<Item = &'a Value> {
    evidence[fact].as_array().into_iter().flatten()
}

/// The policy of S20: deleting a restore's report would take the disk.
fn reports(evidence: &Value) -> Verdict {
    let report = list(evidence, "owners").find(|owner| owner["kind"] == "VirtualMachineRestore");
    report.map_or_else(Verdict::default, |report| {
        let name = report["name"].as_str().unwrap_or_default();
        kept(
            "deleting its report would take it",
            ("hazard", format!("owned by VirtualMachineRestore {name}")),
        )
    })
}

const REPORTS: Mind = asking(
    &[Fact::Owners],
    reports,
    &Twin { rego: include_str!("../twins/reports.rego"), paths: &["owners"] },
);

/// An owner whose deletion takes the claim, though somebody else uses it now.
fn stale_owners(evidence: &Value) -> Verdict {
    let uses = |uid: &Value| list(evidence, "references").any(|reference| reference["uid"] == *uid);
    let stale =
        list(evidence, "owners").find(|owner| owner["relation"] == "OwnerReference" && !uses(&owner["uid"]));
    match stale {
        Some(owner) if list(evidence, "references").next().is_some() => {
            let name = owner["name"].as_str().unwrap_or_default();
            kept("its owner does not use it", ("hazard", format!("owned by VirtualMachine {name}")))
        }
        _ => Verdict::default(),
    }
}

const STALE_OWNERS: Mind = asking(
    &[Fact::Owners, Fact::References],
    stale_owners,
    &Twin { rego: include_str!("../twins/stale_owners.rego"), paths: &["owners", "references"] },
);

/// What a namespace takes with it, or has taken, is kept, and told where it came from.
fn leaving(evidence: &Value) -> Verdict {
    let phase = evidence["namespace"]["phase"].as_str();
    if phase.is_some_and(|phase| phase != "Terminating") {
        return Verdict::default();
    }
    let claim = &evidence["volume"]["claimRef"];
    let text = |key: &str| claim[key].as_str().unwrap_or_default();
    kept("its namespace goes", ("origin", format!("{}/{}", text("namespace"), text("name"))))
}

const LEAVING: Mind = asking(
    &[Fact::Namespace, Fact::Volume],
    leaving,
    &Twin { rego: include_str!("../twins/leaving.rego"), paths: &["namespace.phase", "volume.claimRef"] },
);

/// As shipped policy effective-retention for class `rig`.
fn classes(evidence: &Value) -> Verdict {
    let (class, policy) = (&evidence["volume"]["storageClassName"], &evidence["volume"]["reclaimPolicy"]);
    match (class.as_str(), policy.as_str()) {
        (Some("rig"), Some("Delete")) => kept("class rig is to be kept", ("class", "kept".into())),
        _ => Verdict::default(),
    }
}

const CLASSES: Mind = asking(
    &[Fact::Volume],
    classes,
    &Twin {
        rego: include_str!("../twins/classes.rego"),
        paths: &["volume.reclaimPolicy", "volume.storageClassName"],
    },
);

fn note(volume: &PersistentVolume, key: &str) -> String {
    let notes = volume.metadata.annotations.clone().unwrap_or_default();
    notes.get(&format!("probate.dev/note.{key}")).cloned().unwrap_or_default()
}

/// The claim that was collected has left its data behind; the one that no policy looked at has not.
async fn outlives(stand: &Stand, kept: &PersistentVolume, digest: Option<&str>, lost: &PersistentVolume) {
    stand.destroyed(lost).await;
    let left = until("a released volume", async || {
        Ok(stand.volume(kept).await.filter(|now| phase(now) == "Released"))
    });
    let left = left.await.unwrap();
    assert_eq!(reclaim_policy(&left), "Retain");
    assert!(digest.is_some());
    assert_eq!(stand.digest(kept).as_deref(), digest);
    let name = kept.metadata.name.as_deref().unwrap();
    assert!(!stand.wrote().iter().any(|write| write.verb == "delete"
        && write.resource.starts_with("persistentvolume")
        && !write.dry_run));
    assert!(!stand.wrote().iter().any(|write| write.hands(name)));
}

#[tokio::test(flavor = "multi_thread")]
async fn s20_the_disk_outlives_the_report_that_owns_it() {
    let Some(stand) = Stand::with(&["kubevirt.io", "harvesterhci.io"]).await else { return };
    let (file, name) =
        ("s20-restore-owns-a-live-disk/harvester.yaml", "restore-db01-nightly-8a31d1b6-disk-0");
    for mut world in [World::of(&stand), World::beside(&stand, "unwatched")] {
        world.place(&stand, file, all).await;
    }
    let disk = stand.bound_volume("team-a", name).await;
    let lost = stand.bound_volume("unwatched", name).await;
    let digest = stand.digest(&disk);
    stand.policy("team-a", json!({})).await;
    let _running = stand.run_as(How::new(REPORTS)).await;
    stand.says(&disk, "Retain").await;
    stand.event("ReclaimPolicyRetained", disk.metadata.name.as_deref().unwrap()).await;
    until("the hazard, noted on the claim", async || {
        let claim = stand.claims("team-a").get(name).await?;
        let notes = claim.metadata.annotations.unwrap_or_default();
        Ok(notes.contains_key("probate.dev/note.hazard").then_some(()))
    })
    .await
    .unwrap();
    for namespace in ["team-a", "unwatched"] {
        stand.kubectl(&["delete", "virtualmachinerestores.harvesterhci.io", "-n", namespace, "db01-back"]);
    }
    stand.all_gone(&[("team-a", name), ("unwatched", name)]).await;
    outlives(&stand, &disk, digest.as_deref(), &lost).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s21_the_disk_is_kept_while_its_former_machine_still_lives() {
    let Some(stand) = Stand::with(&["kubevirt.io", "harvesterhci.io"]).await else { return };
    for mut world in [World::of(&stand), World::beside(&stand, "unwatched")] {
        // The former owner first: the claim names it by uid.
        for file in ["s21-stale-owner/former.yaml", "s21-stale-owner/harvester.yaml"] {
            let namespaces = |object: &Value| object["kind"] == "Namespace";
            world.place(&stand, "s21-stale-owner/harvester.yaml", namespaces).await;
            world.place(&stand, file, |object| !namespaces(object)).await;
        }
    }
    let disk = stand.bound_volume("team-a", "db01-data").await;
    let lost = stand.bound_volume("unwatched", "db01-data").await;
    let digest = stand.digest(&disk);
    stand.policy("team-a", json!({})).await;
    let _running = stand.run_as(How::new(STALE_OWNERS)).await;
    stand.says(&disk, "Retain").await;
    let machines = stand.kubectl(&["get", "virtualmachines.kubevirt.io", "-n", "team-a", "-o", "name"]);
    assert!(machines.contains("/db01\n"), "machine A still lives: {machines}");
    for namespace in ["team-a", "unwatched"] {
        let machine = ["virtualmachines.kubevirt.io", "-n", namespace, "db01"];
        stand.kubectl(&[&["delete", "--wait=false"][..], &machine].concat());
        let done = r#"[{"op": "remove", "path": "/metadata/finalizers"}]"#;
        stand.kubectl(&[&["patch", "--type=json", "-p", done][..], &machine].concat());
    }
    stand.all_gone(&[("team-a", "db01-data"), ("unwatched", "db01-data")]).await;
    outlives(&stand, &disk, digest.as_deref(), &lost).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s32_what_a_namespace_takes_with_it_is_kept_and_told_its_origin_before() {
    let Some(stand) = Stand::start().await else { return };
    for (mut world, namespace) in
        [(World::of(&stand), "team-a"), (World::beside(&stand, "unwatched"), "unwatched")]
    {
        world.place(&stand, "s32-namespace-terminating/harvester.yaml", all).await;
        // Kubernetes waits for the kubelet, which ends it later.
        world
            .put(vec![json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": "app"},
                "spec": {"nodeName": NODE, "containers": [{"name": "c", "image": "none"}],
                         "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "db01-data"}}]},
            })])
            .await;
    }
    let disk = stand.bound_volume("team-a", "db01-data").await;
    let lost = stand.bound_volume("unwatched", "db01-data").await;
    let digest = stand.digest(&disk);
    stand.policy("team-a", json!({})).await;
    let running = vec![stand.run_as(How::new(LEAVING)).await];
    stand.nudge(&running, 2).await;
    assert_eq!(reclaim_policy(&stand.volume(&disk).await.unwrap()), "Delete", "nothing goes yet");
    stand.kubectl(&["delete", "namespace", "team-a", "unwatched", "--wait=false"]);
    stand.says(&disk, "Retain").await;
    until("its origin, noted on the volume", async || {
        let now = stand.volume(&disk).await.unwrap();
        Ok((note(&now, "origin") == "team-a/db01-data").then_some(()))
    })
    .await
    .unwrap();
    let there = stand.kubectl(&["get", "namespace", "team-a", "-o", "jsonpath={.status.phase}"]);
    assert_eq!(there, "Terminating", "the namespace is there still");
    for namespace in ["team-a", "unwatched"] {
        stand.kubectl(&["delete", "pod", "-n", namespace, "app", "--force", "--grace-period=0"]);
    }
    none_left("namespaces on their way out", async || {
        let left = stand.kubectl(&["get", "namespaces", "-o", "name"]);
        Ok(left.lines().filter(|name| name.ends_with("/team-a") || name.ends_with("/unwatched")).count())
    })
    .await;
    outlives(&stand, &disk, digest.as_deref(), &lost).await;
    assert_eq!(note(&stand.volume(&disk).await.unwrap(), "origin"), "team-a/db01-data");
}

#[tokio::test(flavor = "multi_thread")]
async fn s36_the_hosts_volume_is_kept_before_the_tenants_claim_goes() {
    let Some(stand) = Stand::start().await else { return };
    let name = "data-pg-0-x-shop-x-vc1";
    for mut world in [World::of(&stand), World::beside(&stand, "unwatched")] {
        let host = |object: &Value| ["Namespace", "Service"].contains(&object["kind"].as_str().unwrap());
        world.place(&stand, "base/vcluster-host.yaml", host).await;
        world.place(&stand, "s36-tenant-deletes-claim-host-says-delete/before.yaml", all).await;
    }
    let disk = stand.bound_volume("team-a", name).await;
    let lost = stand.bound_volume("unwatched", name).await;
    let digest = stand.digest(&disk);
    stand.policy("team-a", json!({})).await;
    let _running = stand.run_as(How::new(CLASSES)).await;
    let now = stand.says(&disk, "Retain").await;
    assert_eq!(phase(&now), "Bound");
    let claim = stand.claims("team-a").get(name).await.unwrap();
    assert_eq!(claim.metadata.deletion_timestamp, None, "the claim lives");
    // The syncer follows its tenant.
    for namespace in ["team-a", "unwatched"] {
        stand.remove(namespace, name).await;
    }
    stand.all_gone(&[("team-a", name), ("unwatched", name)]).await;
    outlives(&stand, &disk, digest.as_deref(), &lost).await;
}
