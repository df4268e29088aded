//! A host and its virtual cluster, both with API servers of their own; the test is tenant and syncer.

use super::asking;
use super::kept::kept;
use super::world::{Tenant, World, phase, reclaim_policy};
use crate::closure::{Mind, Twin};
use crate::many::uid;
use crate::stand::{DELETE_ALL, How, Stand};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use probate_apiserver::until;
use probate_contract::{Fact, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NAME: &str = "data-pg-0-x-shop-x-vc1";

fn layer<'a>(evidence: &'a Value, relation: &str) -> Option<&'a Value> {
    evidence["counterparts"].as_array()?.iter().find(|layer| layer["relation"] == relation)
}

/// The policy of S35: whose it is or was.
fn origin(evidence: &Value) -> Verdict {
    let Some(tenant) = layer(evidence, "Virtual") else { return Verdict::default() };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let cluster = text(&evidence["guestCluster"]["name"]);
    let origin = format!("{cluster} {}/{}", text(&tenant["namespace"]), text(&tenant["name"]));
    let notes = [("origin", origin), ("origin-uid", text(&tenant["uid"]))];
    let notes = notes.map(|(key, value)| (format!("probate.dev/note.{key}"), value));
    Verdict { annotations: BTreeMap::from(notes), ..Verdict::default() }
}

const ORIGIN: Mind = asking(
    &[Fact::GuestCluster, Fact::Counterparts],
    origin,
    &Twin { rego: include_str!("../twins/origin.rego"), paths: &["counterparts", "guestCluster.name"] },
);

/// What a rolled-back virtual cluster does not know is kept before its syncer gets to it.
fn forgotten(evidence: &Value) -> Verdict {
    match layer(evidence, "Virtual") {
        Some(tenant) if tenant["state"] == "Gone" && !evidence["claim"].is_null() => {
            kept("the virtual cluster lives and does not know it", ("hazard", "the syncer deletes it".into()))
        }
        _ => Verdict::default(),
    }
}

const FORGOTTEN: Mind = asking(
    &[Fact::Claim, Fact::Counterparts],
    forgotten,
    &Twin { rego: include_str!("../twins/forgotten.rego"), paths: &["claim", "counterparts"] },
);

/// A virtual cluster with a claim of its tenant, and its copy on the host.
async fn synced(stand: &Stand) -> (Tenant, String, PersistentVolumeClaim, PersistentVolume) {
    let tenant = Tenant::start().await;
    let virtual_uid = tenant.claim().await;
    let mut world = World::of(stand);
    let host = |object: &Value| ["Namespace", "Service"].contains(&object["kind"].as_str().unwrap());
    world.place(stand, "base/vcluster-host.yaml", host).await;
    world
        .place(stand, "s36-tenant-deletes-claim-host-says-delete/before.yaml", |object| {
            object["kind"] == "PersistentVolumeClaim"
        })
        .await;
    stand.annotate("team-a", NAME, "vcluster.loft.sh/object-uid", Some(&virtual_uid)).await;
    let volume = stand.bound_volume("team-a", NAME).await;
    let claim = stand.claims("team-a").get(NAME).await.unwrap();
    (tenant, virtual_uid, claim, volume)
}

/// What the record says of the tenant's claims.
fn virtuals(record: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let layers = record["status"]["counterparts"].as_array().cloned().unwrap_or_default();
    layers.iter().map(|layer| (text(&layer["uid"]), text(&layer["state"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_the_tenant_is_told_that_the_host_kept_the_volume() {
    let Some(stand) = Stand::start().await else { return };
    let (tenant, virtual_uid, claim, volume) = synced(&stand).await;
    let (at, digest) = (volume.metadata.name.as_deref().unwrap(), stand.digest(&volume));
    stand.kubectl(&["patch", "pv", at, "-p", r#"{"spec": {"persistentVolumeReclaimPolicy": "Retain"}}"#]);
    stand.policy_with("team-a", json!({"actions": ["Annotate"]})).await;
    let how = How::new(ORIGIN);
    let _running = stand.run_as(How { linked: vec![tenant.look.clone()], ..how }).await;
    stand.record(uid(&claim), |record| virtuals(record) == [(virtual_uid.clone(), "Present".into())]).await;
    // The tenant deletes its claim, and the syncer the host's with it.
    tenant.remove_claim();
    stand.remove("team-a", NAME).await;
    stand.all_gone(&[("team-a", NAME)]).await;
    let told = stand.event("VolumeRetained", NAME).await;
    assert!(told.contains(at) && told.contains("shop/data-pg-0 in vcluster:vc1"), "{told}");
    until("whose it was, noted on the volume", async || {
        let now = stand.volume(&volume).await.unwrap();
        let notes = now.metadata.annotations.clone().unwrap_or_default();
        let note = |key: &str| notes.get(&format!("probate.dev/note.{key}")).map(String::as_str);
        let whole = note("origin") == Some("vc1 shop/data-pg-0") && note("origin-uid") == Some(&virtual_uid);
        Ok((whole && phase(&now) == "Released").then_some(()))
    })
    .await
    .unwrap();
    stand.record(uid(&claim), |record| virtuals(record) == [(virtual_uid.clone(), "Gone".into())]).await;
    assert!(digest.is_some());
    assert_eq!(stand.digest(&volume), digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn s44_the_record_takes_the_new_uid_of_the_virtual_claim() {
    let Some(stand) = Stand::start().await else { return };
    let (tenant, first, claim, volume) = synced(&stand).await;
    stand.policy("team-a", json!({"graceSeconds": 0, "quarantineSeconds": 0, "purge": "Auto"})).await;
    // A claim of nobody's shows that the policy is carried out.
    stand.claim("team-a", "other").await;
    let how = How { linked: vec![tenant.look.clone()], ..How::new(DELETE_ALL) };
    let running = vec![stand.run_as(how).await];
    stand.record(uid(&claim), |record| virtuals(record) == [(first.clone(), "Present".into())]).await;
    stand.gone("team-a", "other").await;
    // The syncer's own doing; the marks on the host keep the old uid.
    tenant.remove_claim();
    let second = tenant.claim().await;
    assert_ne!(first, second);
    stand.record(uid(&claim), |record| virtuals(record) == [(second.clone(), "Present".into())]).await;
    stand.nudge(&running, 3).await;
    let now = stand.claims("team-a").get(NAME).await.unwrap();
    assert_eq!(now.metadata.uid, claim.metadata.uid);
    assert!(!stand.wrote().iter().any(|write| write.fenced() == Some(uid(&claim))));
    assert!(stand.digest(&volume).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn s45_what_a_rolled_back_virtual_cluster_forgot_is_kept_before_its_syncer_comes() {
    let Some(stand) = Stand::start().await else { return };
    let (tenant, virtual_uid, claim, volume) = synced(&stand).await;
    let digest = stand.digest(&volume);
    stand.policy("team-a", json!({})).await;
    let how = How::new(FORGOTTEN);
    let running = vec![stand.run_as(How { linked: vec![tenant.look.clone()], ..how }).await];
    stand.record(uid(&claim), |record| virtuals(record) == [(virtual_uid.clone(), "Present".into())]).await;
    stand.nudge(&running, 2).await;
    assert_eq!(reclaim_policy(&stand.volume(&volume).await.unwrap()), "Delete", "nothing is amiss yet");
    // The store is that of last week.
    tenant.remove_claim();
    stand.says(&volume, "Retain").await;
    assert_eq!(stand.claims("team-a").get(NAME).await.unwrap().metadata.deletion_timestamp, None);
    stand.remove("team-a", NAME).await;
    stand.all_gone(&[("team-a", NAME)]).await;
    until("a released volume", async || {
        Ok(stand.volume(&volume).await.filter(|now| phase(now) == "Released"))
    })
    .await
    .unwrap();
    stand.nudge(&running, 2).await;
    assert!(digest.is_some());
    assert_eq!(stand.digest(&volume), digest);
    assert!(!stand.wrote().iter().any(|write| write.fenced() == Some(uid(&claim))));
}
