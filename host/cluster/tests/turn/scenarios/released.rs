//! Volumes that somebody has just let go of, and who may still come back for them.

use super::world::{World, corpus, phase, uid_of};
use crate::many::uid;
use crate::stand::{DELETE_ALL, How, Stand};
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::api::{Patch, PatchParams, PostParams};
use probate_apiserver::driver::CLASS;
use probate_apiserver::until;
use probate_cluster::own::{FIELD_MANAGER, Own};
use serde_json::{Value, json};

const DAYS: i64 = 86_400;

/// So many seconds ago.
fn ago(seconds: i64) -> String {
    let at = jiff::Timestamp::now().as_second() - seconds;
    jiff::Timestamp::from_second(at).unwrap().to_string()
}

/// Stores a record with that status, as the controller would.
async fn recorded(stand: &Stand, spec: Value, status: Value) {
    let name = format!("c-{}", spec["claim"]["uid"].as_str().unwrap());
    let record = json!({
        "apiVersion": "probate.dev/v1alpha1", "kind": "VolumeRecord",
        "metadata": {"namespace": "probate", "name": name}, "spec": spec,
    });
    let api = Own::Record.api(&stand.client);
    let manager = Some(FIELD_MANAGER.to_owned());
    let create = PostParams { field_manager: manager.clone(), ..PostParams::default() };
    api.create(&create, &serde_json::from_value(record).unwrap()).await.unwrap();
    let patch = PatchParams { field_manager: manager, ..PatchParams::default() };
    api.patch_status(&name, &patch, &Patch::Merge(json!({"status": status}))).await.unwrap();
}

/// A claim that nothing has wanted for three months, and its volume, which was made Retain.
async fn long_unused(stand: &Stand, name: &str) -> PersistentVolume {
    let volume = stand.claim("team-a", name).await;
    let at = volume.metadata.name.as_deref().unwrap();
    stand.kubectl(&["patch", "pv", at, "-p", r#"{"spec": {"persistentVolumeReclaimPolicy": "Retain"}}"#]);
    let claim = stand.claims("team-a").get(name).await.unwrap();
    let spec = json!({
        "claim": {"namespace": "team-a", "name": name, "uid": uid(&claim)},
        "volume": {"name": at, "uid": uid_of(&volume)},
    });
    let observation = json!({"continuity": "Watched", "firstAt": ago(90 * DAYS), "lastAt": ago(0)});
    recorded(stand, spec, json!({"unusedSince": ago(90 * DAYS), "observation": observation})).await;
    volume
}

fn shows_mark(volume: &PersistentVolume) -> bool {
    volume.metadata.labels.as_ref().is_some_and(|labels| labels.contains_key("probate.dev/state"))
}

#[tokio::test(flavor = "multi_thread")]
async fn s28_what_was_released_a_moment_ago_settles_and_is_taken_again() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("team-a").await;
    let (disk, settled) = (long_unused(&stand, "db01-data").await, long_unused(&stand, "settled").await);
    let (at, digest) = (disk.metadata.name.clone().unwrap(), stand.digest(&disk));
    // Released a month ago: it has settled.
    stand.remove("team-a", "settled").await;
    until("a released volume", async || {
        Ok(stand.volume(&settled).await.filter(|now| phase(now) == "Released"))
    })
    .await
    .unwrap();
    let month = json!({"status": {"lastPhaseTransitionTime": ago(30 * DAYS)}}).to_string();
    let name = settled.metadata.name.as_deref().unwrap();
    stand.kubectl(&["patch", "pv", name, "--subresource=status", "--type=merge", "-p", &month]);
    let deletion = json!({"graceSeconds": 3600, "quarantineSeconds": 3600, "purge": "Auto",
                          "retainedVolumes": "DeleteObjectAndAsset"});
    stand.policy_with("team-a", json!({"deletion": deletion, "subjects": ["PersistentVolume"]})).await;
    let mut how = How::new(DELETE_ALL);
    how.settings.minimum_unused_seconds = DAYS;
    let running = vec![stand.run_as(how).await];
    until("a mark on what has settled", async || {
        Ok(stand.volume(&settled).await.filter(shows_mark).map(drop))
    })
    .await
    .unwrap();
    // Harvester takes the expansion back: the claim goes, its deletion is noticed, and nothing comes of it.
    stand.remove("team-a", "db01-data").await;
    let told = stand.event("VolumeRetained", "db01-data").await;
    assert!(told.contains(&at), "{told}");
    until("a released volume", async || Ok(stand.volume(&disk).await.filter(|now| phase(now) == "Released")))
        .await
        .unwrap();
    stand.nudge(&running, 3).await;
    assert!(!shows_mark(&stand.volume(&disk).await.unwrap()));
    assert!(!stand.wrote().iter().any(|write| write.name == at && !write.dry_run));
    // The claim is made again under its name.
    let free = r#"[{"op": "remove", "path": "/spec/claimRef/uid"}, {"op": "remove", "path": "/spec/claimRef/resourceVersion"}]"#;
    stand.kubectl(&["patch", "pv", &at, "--type=json", "-p", free]);
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "team-a", "name": "db01-data"},
        "spec": {"storageClassName": CLASS, "accessModes": ["ReadWriteOnce"], "volumeName": at,
                 "resources": {"requests": {"storage": "1Gi"}}},
    });
    stand
        .claims("team-a")
        .create(&Default::default(), &serde_json::from_value(claim).unwrap())
        .await
        .unwrap();
    let again = stand.bound_volume("team-a", "db01-data").await;
    assert_eq!((again.metadata.uid.as_deref(), digest.is_some()), (Some(uid_of(&disk)), true));
    assert_eq!(stand.digest(&disk), digest);
}

const SHARED: &str = "pvc-85d99fdf-9a43-4800-b17a-42354d53b1a9";

/// The shared volume of S30 with its last machine, its endpoint, and what was learned of the guest cluster.
async fn shared(stand: &Stand) -> PersistentVolume {
    let file = "s30-shared-volume/harvester.yaml";
    stand.namespace("harvester-system").await;
    let mut world = World::of(stand);
    world.place(stand, file, |object| object["kind"] != "NetworkFilesystem").await;
    let volume = stand.bound_volume("gc1-ns", SHARED).await;
    let claim = stand.claims("gc1-ns").get(SHARED).await.unwrap();
    let mut objects = corpus(stand, file);
    let mut endpoint =
        objects.remove(objects.iter().position(|object| object["kind"] == "NetworkFilesystem").unwrap());
    // Harvester names it after the volume.
    endpoint["metadata"]["name"] = json!(volume.metadata.name);
    endpoint["spec"]["networkFSName"] = json!(volume.metadata.name);
    world.put(vec![endpoint]).await;
    let record = objects.into_iter().find(|object| object["kind"] == "VolumeRecord").unwrap();
    let mut spec = record["spec"].clone();
    spec["claim"]["uid"] = json!(uid(&claim));
    recorded(stand, spec, record["status"].clone()).await;
    volume
}

#[tokio::test(flavor = "multi_thread")]
async fn s30_the_endpoint_of_a_shared_volume_goes_before_its_claim() {
    let Some(stand) = Stand::with(&["kubevirt.io", "harvesterhci.io"]).await else { return };
    let volume = shared(&stand).await;
    let endpoint = volume.metadata.name.as_deref().unwrap();
    stand.policy("gc1-ns", json!({"graceSeconds": 0, "quarantineSeconds": 3600, "purge": "Manual"})).await;
    let running = vec![stand.run(DELETE_ALL).await];
    let at = ["networkfilesystems.harvesterhci.io", "-n", "harvester-system", endpoint];
    let stays = async |why: &str| {
        stand.nudge(&running, 3).await;
        let claim = stand.claims("gc1-ns").get(SHARED).await.unwrap();
        assert_eq!(
            (crate::many::state(&claim), claim.metadata.deletion_timestamp.is_some()),
            (None, false),
            "{why}"
        );
    };
    stays("one user is left").await;
    let machine = ["virtualmachines.kubevirt.io", "-n", "gc1-ns", "gc1-pool1-7d8a2-k4mvz"];
    stand.kubectl(&[&["delete", "--wait=false"][..], &machine].concat());
    stand.kubectl(
        &[&["patch", "--type=merge", "-p", r#"{"metadata": {"finalizers": null}}"#][..], &machine].concat(),
    );
    stays("the endpoint alone is left").await;
    let off = r#"{"spec": {"desiredState": "Disabled"}, "status": {"state": "Disabled"}}"#;
    stand.kubectl(&[&["patch", "--type=merge", "-p", off][..], &at].concat());
    stays("it is being switched off").await;
    stand.kubectl(&[&["delete"][..], &at].concat());
    stand.gone("gc1-ns", SHARED).await;
    let deletes = stand.rig.plane.audit().unwrap();
    let deleted = |resource: &str, name: &str| {
        let of = |event: &&Value| {
            event["verb"] == "delete"
                && event["stage"] == "ResponseComplete"
                && event["objectRef"]["resource"] == resource
                && event["objectRef"]["name"] == name
                && !event["requestURI"].as_str().unwrap_or_default().contains("dryRun")
                && event["requestObject"]["dryRun"].is_null()
        };
        let found: Vec<&Value> = deletes.iter().filter(of).collect();
        assert_eq!(found.len(), 1, "{resource} {name}: {found:?}");
        found[0]["requestReceivedTimestamp"].as_str().unwrap().to_owned()
    };
    assert!(deleted("networkfilesystems", endpoint) < deleted("persistentvolumeclaims", SHARED));
    assert!(stand.digest(&volume).is_some(), "quarantined with its data kept");
}
