//! What the rest of the tests rest on: volumes are made, bound, retained and destroyed as in a real cluster, and the API server
//! writes down what was asked of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim};
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use probate_apiserver::driver::{CLASS, CLASS_RETAIN, CLASS_WAIT, FINALIZER, NODE, SELECTED_NODE, handle_of};
use probate_apiserver::{Options, Rig, Stop, until};
use serde_json::json;

async fn namespace(client: &Client, name: &str) {
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
}

async fn claim(client: &Client, namespace: &str, name: &str, class: &str) -> PersistentVolumeClaim {
    let claim = serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"],
                 "resources": {"requests": {"storage": "1Gi"}}},
    }));
    Api::namespaced(client.clone(), namespace).create(&PostParams::default(), &claim.unwrap()).await.unwrap()
}

async fn volume_of(client: &Client, namespace: &str, name: &str) -> PersistentVolume {
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
    until("a bound claim", async || {
        let claim = claims.get(name).await?;
        let bound = claim.status.and_then(|status| status.phase).as_deref() == Some("Bound");
        let Some(volume) = claim.spec.and_then(|spec| spec.volume_name).filter(|_| bound) else {
            return Ok(None);
        };
        Ok(Some(Api::all(client.clone()).get(&volume).await?))
    })
    .await
    .unwrap()
}

async fn delete(client: &Client, namespace: &str, name: &str) -> (String, String) {
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
    let metadata = claims.get(name).await.unwrap().metadata;
    let (uid, version) = (metadata.uid.unwrap(), metadata.resource_version.unwrap());
    let preconditions = Preconditions { uid: Some(uid.clone()), resource_version: Some(version.clone()) };
    claims.delete(name, &DeleteParams::default().preconditions(preconditions)).await.unwrap();
    (uid, version)
}

async fn phase(client: &Client, name: &str, wanted: &str) -> PersistentVolume {
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    until("a phase", async || {
        let volume = volumes.get(name).await?;
        let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
        Ok((phase == Some(wanted)).then_some(volume))
    })
    .await
    .unwrap()
}

fn name(volume: &PersistentVolume) -> String {
    volume.metadata.name.clone().unwrap()
}

fn handle(volume: &PersistentVolume) -> String {
    handle_of(volume).unwrap().to_owned()
}

#[tokio::test]
async fn a_claim_with_policy_delete_takes_its_data_with_it_and_the_audit_log_has_the_preconditions() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let client = rig.plane.client("admin").await.unwrap();
    namespace(&client, "takes").await;
    claim(&client, "takes", "data", CLASS).await;
    let volume = volume_of(&client, "takes", "data").await;
    assert!(volume.metadata.finalizers.as_ref().unwrap().iter().any(|one| one == FINALIZER));
    assert!(rig.driver.digest(&handle(&volume)).is_some());

    let (uid, version) = delete(&client, "takes", "data").await;
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    until("no volume", async || Ok(volumes.get_opt(&name(&volume)).await?.is_none().then_some(())))
        .await
        .unwrap();
    assert_eq!(rig.driver.digest(&handle(&volume)), None);
    assert!(rig.driver.destroyed().unwrap().contains(&handle(&volume)));

    let event = until("the delete in the audit log", async || {
        let events = rig.plane.audit()?;
        Ok(events.into_iter().find(|event| {
            event["verb"] == "delete"
                && event["user"]["username"] == "admin"
                && event["objectRef"]["namespace"] == "takes"
        }))
    });
    let event = event.await.unwrap();
    assert_eq!(event["requestObject"]["preconditions"], json!({"uid": uid, "resourceVersion": version}));
    assert_eq!(event["responseStatus"]["code"], 200);
}

#[tokio::test]
async fn retained_data_stays_and_comes_back_with_a_new_claim() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let client = rig.plane.client("admin").await.unwrap();
    namespace(&client, "stays").await;
    claim(&client, "stays", "data", CLASS_RETAIN).await;
    let volume = volume_of(&client, "stays", "data").await;
    let digest = rig.driver.digest(&handle(&volume)).unwrap();
    delete(&client, "stays", "data").await;
    phase(&client, &name(&volume), "Released").await;
    assert_eq!(rig.driver.digest(&handle(&volume)).as_ref(), Some(&digest));

    let free = json!({"spec": {"claimRef": {"uid": null, "resourceVersion": null}}});
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    volumes.patch(&name(&volume), &PatchParams::default(), &Patch::Merge(free)).await.unwrap();
    claim(&client, "stays", "data", CLASS_RETAIN).await;
    let again = volume_of(&client, "stays", "data").await;
    assert_eq!(name(&again), name(&volume));
    assert_eq!(rig.driver.digest(&handle(&again)), Some(digest));
}

#[tokio::test]
async fn a_flip_to_retain_loses_the_finalizer_and_a_flip_of_a_released_volume_destroys() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let client = rig.plane.client("admin").await.unwrap();
    namespace(&client, "flips").await;
    claim(&client, "flips", "data", CLASS).await;
    let volume = volume_of(&client, "flips", "data").await;
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    let policy = async |policy: &str| {
        let patch = json!({"spec": {"persistentVolumeReclaimPolicy": policy}});
        volumes.patch(&name(&volume), &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    };
    policy("Retain").await;
    until("no finalizer", async || {
        let finalizers = volumes.get(&name(&volume)).await?.metadata.finalizers.unwrap_or_default();
        Ok((!finalizers.iter().any(|one| one == FINALIZER)).then_some(()))
    })
    .await
    .unwrap();
    delete(&client, "flips", "data").await;
    phase(&client, &name(&volume), "Released").await;
    assert!(rig.driver.digest(&handle(&volume)).is_some());
    policy("Delete").await;
    until("no volume", async || Ok(volumes.get_opt(&name(&volume)).await?.is_none().then_some(())))
        .await
        .unwrap();
    assert_eq!(rig.driver.digest(&handle(&volume)), None);
}

#[tokio::test]
async fn a_claim_that_waits_is_provisioned_once_a_node_is_selected() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let client = rig.plane.client("admin").await.unwrap();
    namespace(&client, "waits").await;
    claim(&client, "waits", "data", CLASS_WAIT).await;
    claim(&client, "waits", "other", CLASS).await;
    volume_of(&client, "waits", "other").await;
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), "waits");
    assert_eq!(claims.get("data").await.unwrap().spec.unwrap().volume_name, None);
    let select = json!({"metadata": {"annotations": {SELECTED_NODE: NODE}}});
    claims.patch("data", &PatchParams::default(), &Patch::Merge(select)).await.unwrap();
    let volume = volume_of(&client, "waits", "data").await;
    assert!(rig.driver.digest(&handle(&volume)).is_some());
}

#[tokio::test]
async fn a_static_volume_binds_by_name_and_is_destroyed_by_the_same_rules() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let client = rig.plane.client("admin").await.unwrap();
    namespace(&client, "static").await;
    let made = rig.driver.static_volume(&client, "rig-static", |volume| {
        let spec = volume.spec.as_mut().unwrap();
        spec.persistent_volume_reclaim_policy = Some("Delete".to_owned());
        spec.claim_ref = serde_json::from_value(json!({"namespace": "static", "name": "data"})).unwrap();
    });
    let volume = made.await.unwrap();
    claim(&client, "static", "data", "").await;
    assert_eq!(name(&volume_of(&client, "static", "data").await), "rig-static");
    assert!(rig.driver.digest(&handle(&volume)).is_some());
    delete(&client, "static", "data").await;
    until("no data", async || Ok(rig.driver.digest(&handle(&volume)).is_none().then_some(()))).await.unwrap();
}

#[tokio::test]
async fn accounts_have_the_rights_they_were_given_and_no_others() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let bob = rig.plane.client("bob").await.unwrap();
    let refused = Api::<Namespace>::all(bob).get("default").await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 403));

    let admin = rig.plane.client("admin").await.unwrap();
    namespace(&admin, "accounts").await;
    rig.plane.service_account("accounts", "robot").await.unwrap();
    let robot = rig.plane.client("accounts:robot").await.unwrap();
    let review = serde_json::from_value(json!({})).unwrap();
    let reviews: Api<k8s_openapi::api::authentication::v1::SelfSubjectReview> = Api::all(robot);
    let seen = reviews.create(&PostParams::default(), &review).await.unwrap();
    let name = seen.status.unwrap().user_info.unwrap().username.unwrap();
    assert_eq!(name, "system:serviceaccount:accounts:robot");
}

#[tokio::test]
async fn the_api_server_comes_back_with_what_it_knew_and_nothing_is_left_behind() {
    let options = Options { audit: false, ..Options::default() };
    let Some(rig) = Rig::start_or_skip(options).await.unwrap() else { return };
    let client = rig.plane.client("admin").await.unwrap();
    namespace(&client, "before").await;
    for how in [Stop::Gracefully, Stop::Kill] {
        rig.plane.restart_apiserver(how).await.unwrap();
        let client = rig.plane.client("admin").await.unwrap();
        assert!(Api::<Namespace>::all(client).get_opt("before").await.unwrap().is_some());
    }
    let dir = rig.plane.dir().to_owned();
    let address = rig.plane.url().trim_start_matches("https://").to_owned();
    drop(rig.driver);
    rig.plane.stop().await.unwrap();
    assert!(!dir.exists(), "{}", dir.display());
    assert!(std::net::TcpStream::connect(address).is_err());
}
