//! What a test may do to a plane of its own: other systems' kinds, a feature gate, controllers that are gone, an etcd that stands
//! still.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use probate_apiserver::crds;
use probate_apiserver::driver::CLASS;
use probate_apiserver::{Options, Rig, UNUSED_SINCE, until};
use serde_json::json;

async fn claims(client: &Client, name: &str) -> Api<PersistentVolumeClaim> {
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    Api::namespaced(client.clone(), name)
}

async fn create(claims: &Api<PersistentVolumeClaim>, name: &str) {
    let claim = json!({
        "metadata": {"name": name},
        "spec": {"storageClassName": CLASS, "accessModes": ["ReadWriteOnce"],
                 "resources": {"requests": {"storage": "1Gi"}}},
    });
    claims.create(&PostParams::default(), &serde_json::from_value(claim).unwrap()).await.unwrap();
}

fn phase(claim: &PersistentVolumeClaim) -> &str {
    claim.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

#[tokio::test]
async fn a_plane_of_its_own_can_be_disturbed() {
    let options = Options { gates: vec![UNUSED_SINCE.to_owned()], ..Options::default() };
    let Some(rig) = Rig::start_or_skip(options).await.unwrap() else { return };
    let client = rig.plane.client("admin").await.unwrap();
    let claims = claims(&client, "shop").await;
    create(&claims, "data").await;
    until("the condition that the gate brings", async || {
        let status = claims.get("data").await?.status.unwrap_or_default();
        let found = status.conditions.unwrap_or_default().into_iter().find(|one| one.type_ == "Unused");
        Ok(found.filter(|condition| condition.status == "True"))
    })
    .await
    .unwrap();

    rig.plane.stop_controllers().await.unwrap();
    create(&claims, "later").await;
    // What the driver makes is bound by nobody: even a write of ours comes and goes before it is.
    let patch = Patch::Merge(json!({"metadata": {"labels": {"touched": "yes"}}}));
    claims.patch("later", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(phase(&claims.get("later").await.unwrap()), "Pending");
    rig.plane.start_controllers().await.unwrap();
    until("a bound claim", async || Ok((phase(&claims.get("later").await?) == "Bound").then_some(())))
        .await
        .unwrap();

    rig.plane.freeze_etcd().await.unwrap();
    let frozen = patch_within(&claims, 500).await;
    rig.plane.thaw_etcd().await.unwrap();
    assert!(frozen.is_err(), "{frozen:?}");
    until("writes again", async || Ok(patch_within(&claims, 5000).await.ok())).await.unwrap();
    let seen = rig.plane.kubectl().args(["get", "pvc", "-n", "shop", "-o", "name"]).output().unwrap();
    let names = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert_eq!(names, "persistentvolumeclaim/data\npersistentvolumeclaim/later\n");
}

/// The error is that time ran out.
async fn patch_within(claims: &Api<PersistentVolumeClaim>, milliseconds: u64) -> Result<(), String> {
    let patch = Patch::Merge(json!({"metadata": {"labels": {"frozen": "no"}}}));
    let params = PatchParams::default();
    let wait = std::time::Duration::from_millis(milliseconds);
    match tokio::time::timeout(wait, claims.patch("data", &params, &patch)).await {
        Err(late) => Err(late.to_string()),
        Ok(answer) => answer.map(drop).map_err(|error| error.to_string()),
    }
}

#[tokio::test]
async fn every_kind_of_other_systems_can_be_stored() {
    let options = Options { audit: false, controllers: false, ..Options::default() };
    let Some(rig) = Rig::start_or_skip(options).await.unwrap() else { return };
    let client = rig.plane.client("admin").await.unwrap();
    crds::install(&client).await.unwrap();
    crds::install(&client).await.unwrap();
    for kind in crds::foreign().unwrap() {
        for version in kind.versions.split(',') {
            let resource = ApiResource::from_gvk_with_plural(
                &GroupVersionKind::gvk(kind.group, version, kind.kind),
                kind.plural,
            );
            let api: Api<DynamicObject> = if kind.namespaced {
                Api::namespaced_with(client.clone(), "default", &resource)
            } else {
                Api::all_with(client.clone(), &resource)
            };
            let name = format!("one-{version}");
            let mut object = DynamicObject::new(&name, &resource);
            object.data = json!({"spec": {"deep": {"any": ["thing"]}}, "status": {"phase": "Ready"}});
            api.create(&PostParams::default(), &object).await.unwrap();
            let stored = api.get(&name).await.unwrap();
            assert_eq!(stored.data["spec"]["deep"]["any"], json!(["thing"]), "{}", kind.name());
            assert_eq!(stored.data["status"]["phase"], "Ready", "{}", kind.name());
        }
    }
}
