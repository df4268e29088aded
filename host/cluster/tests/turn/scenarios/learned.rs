//! What only somebody who was there can know: it stands on objects that go, and is kept beside the volume.

use super::asking;
use super::world::{World, all, reclaim_policy, uid_of};
use crate::closure::{Mind, Twin};
use crate::many::uid;
use crate::stand::{DELETE_ALL, How, Stand};
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::api::{Api, DeleteParams};
use probate_apiserver::driver::handle_of;
use probate_apiserver::until;
use probate_contract::verdict::Action;
use probate_contract::{Fact, Verdict};
use serde_json::{Value, json};

/// The policies of S14 and S27: what whoever deleted an owner chose to keep stays, the rest goes.
fn chosen(evidence: &Value) -> Verdict {
    let owners = evidence["owners"].as_array().into_iter().flatten();
    let kept = |owner: &Value| owner["platformIntent"] == "Keep";
    let action = if owners.into_iter().any(kept) { Action::Retain } else { Action::Delete };
    Verdict { action, reason: "as was chosen".into(), ..Verdict::default() }
}

const CHOSEN: Mind =
    asking(&[Fact::Owners], chosen, &Twin { rego: include_str!("../twins/chosen.rego"), paths: &["owners"] });

/// What the record tells of an owner of that name.
fn owner<'a>(record: &'a Value, name: &str) -> &'a Value {
    let owners = record["status"]["owners"].as_array();
    owners.and_then(|owners| owners.iter().find(|owner| owner["name"] == name)).unwrap_or(&Value::Null)
}

/// A guest cluster of Rancher with one machine, whose VM uses the claim that the guest made.
fn guest(name: &str, claim: &str) -> Vec<Value> {
    let (vm, home) = (format!("{name}-pool1"), "fleet-default");
    let machine = json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
        "metadata": {"namespace": "gc1-ns", "name": vm},
        "spec": {"runStrategy": "Halted", "template": {"spec": {"domain": {"devices": {}}, "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": claim, "hotpluggable": true}}]}}}});
    let of_rancher = json!({"apiVersion": "rke-machine.cattle.io/v1", "kind": "HarvesterMachine",
        "metadata": {"namespace": home, "name": vm, "labels": {"cluster.x-k8s.io/cluster-name": name}},
        "spec": {"vmNamespace": "gc1-ns"}});
    vec![machine, of_rancher]
}

/// The objects of guest cluster gc1 as those of another one, without the mark of its owner.
fn other(mut object: Value) -> Value {
    let renamed = object.to_string().replace("gc1", "gc2").replace("c-m-7x2k9qpl", "c-m-2b4d6f8h");
    object = serde_json::from_str(&renamed.replace("gc2-ns", "gc1-ns")).unwrap();
    object["metadata"].as_object_mut().unwrap().remove("annotations");
    object
}

const RANCHER: [&str; 5] =
    ["kubevirt.io", "harvesterhci.io", "cluster.x-k8s.io", "provisioning.cattle.io", "rke-machine.cattle.io"];

#[tokio::test(flavor = "multi_thread")]
async fn s10_that_its_owner_keeps_the_volumes_outlives_the_cluster() {
    let Some(stand) = Stand::with(&[&RANCHER[..], &["management.cattle.io"]].concat()).await else { return };
    let mut world = World::of(&stand);
    for namespace in ["fleet-default", "gc1-ns"] {
        stand.namespace(namespace).await;
    }
    let (kept, goes) =
        ("pvc-85d99fdf-9a43-4800-b17a-42354d53b1a9", "pvc-0f1e2d3c-4b5a-4697-8877-665544332211");
    let rancher = super::world::corpus(&stand, "s10-cleanup-skipped/rancher.yaml");
    world.put(rancher.iter().cloned().map(other).collect()).await;
    world.put(rancher).await;
    for (cluster, claim) in [("gc1", kept), ("gc2", goes)] {
        stand.claim("gc1-ns", claim).await;
        world.put(guest(cluster, claim)).await;
    }
    stand.policy("gc1-ns", json!({"graceSeconds": 3600})).await;
    let running = vec![stand.run(DELETE_ALL).await];
    let (claim, twin) =
        (stand.claims("gc1-ns").get(kept).await.unwrap(), stand.claims("gc1-ns").get(goes).await.unwrap());
    let learned = |record: &Value| record["status"]["guestCluster"]["keepVolumes"] == true;
    stand.record(uid(&claim), learned).await;
    // Rancher takes the clusters away: all of it is going, then one object after the other is gone, the mark before the last.
    let run = |args: &[&str], kind: &str, name: &str| {
        let place: &[&str] = match kind {
            "virtualmachines.kubevirt.io" => &["-n", "gc1-ns"],
            "clusters.management.cattle.io" => &[],
            _ => &["-n", "fleet-default"],
        };
        stand.kubectl(&[args, &[kind, name], place].concat());
    };
    for cluster in ["gc1", "gc2"] {
        let machine = format!("{cluster}-pool1");
        let management = if cluster == "gc1" { "c-m-7x2k9qpl" } else { "c-m-2b4d6f8h" };
        let objects = [
            ("clusters.cluster.x-k8s.io", cluster),
            ("clusters.provisioning.cattle.io", cluster),
            ("clusters.management.cattle.io", management),
        ];
        for (kind, name) in objects {
            run(&["delete", "--wait=false"], kind, name);
        }
        run(&["delete"], "virtualmachines.kubevirt.io", &machine);
        run(&["delete"], "harvestermachines.rke-machine.cattle.io", &machine);
        for (kind, name) in objects {
            stand.nudge(&running, 1).await;
            run(&["patch", "--type=merge", "-p", r#"{"metadata": {"finalizers": null}}"#], kind, name);
        }
    }
    // Without the mark it goes.
    stand.state("gc1-ns", goes, Some("Marked")).await;
    stand.nudge(&running, 3).await;
    stand.state("gc1-ns", kept, None).await;
    let gone = |record: &Value| record["status"]["guestCluster"]["state"] == "Gone";
    assert!(learned(&stand.record(uid(&claim), gone).await));
    assert!(!learned(&stand.record(uid(&twin), gone).await));
    assert!(!stand.wrote().iter().any(|write| write.name == kept && write.marks().is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_which_disks_go_with_a_machine_is_read_before_it_is_gone() {
    let Some(stand) = Stand::with(&["kubevirt.io", "harvesterhci.io"]).await else { return };
    let mut world = World::of(&stand);
    world.place(&stand, "s14-some-disks-kept/harvester.yaml", all).await;
    let (chosen_one, left) = ("db01-disk-0-w2c9m", "db01-disk-1-p8d3n");
    stand.claim("team-a", chosen_one).await;
    stand.bound_volume("team-a", left).await;
    let mut machine = super::world::corpus(&stand, "s14-some-disks-kept/other.yaml").remove(0);
    machine["metadata"]["name"] = json!("db01");
    machine["spec"]["template"]["spec"]["volumes"] = json!([
        {"name": "disk-0", "persistentVolumeClaim": {"claimName": chosen_one}},
        {"name": "disk-1", "persistentVolumeClaim": {"claimName": left}},
    ]);
    world.put(vec![machine]).await;
    stand.policy("team-a", json!({"graceSeconds": 3600})).await;
    let running = vec![stand.run_as(How::new(CHOSEN)).await];
    stand.nudge(&running, 2).await;
    // Harvester writes the choice, deletes, and is done at once.
    let at = ["virtualmachines.kubevirt.io", "-n", "team-a", "db01"];
    let choice = format!("harvesterhci.io/removedPersistentVolumeClaims={chosen_one}");
    stand.kubectl(&[&["annotate"][..], &at[..1], &["-n", "team-a", "db01", &choice]].concat());
    stand.kubectl(&[&["delete", "--wait=false"][..], &at].concat());
    stand.kubectl(
        &[&["patch", "--type=merge", "-p", r#"{"metadata": {"finalizers": null}}"#][..], &at].concat(),
    );
    stand.state("team-a", chosen_one, Some("Marked")).await;
    for (name, intent) in [(chosen_one, "Delete"), (left, "Keep")] {
        let claim = stand.claims("team-a").get(name).await.unwrap();
        let gone = |record: &Value| owner(record, "db01")["state"] == "Gone";
        let record = stand.record(uid(&claim), gone).await;
        assert_eq!(owner(&record, "db01")["platformIntent"], intent, "{record}");
    }
    stand.nudge(&running, 3).await;
    stand.state("team-a", left, None).await;
    assert!(!stand.wrote().iter().any(|write| write.name == left && write.marks().is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn s27_that_a_claim_was_orphaned_on_purpose_is_read_in_that_moment() {
    let Some(stand) = Stand::with(&["kubevirt.io", "cdi.kubevirt.io"]).await else { return };
    let mut world = World::of(&stand);
    let name = "db04-root";
    stand.namespace("team-a").await;
    let made = json!({"apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume",
        "metadata": {"namespace": "team-a", "name": name, "uid": "bb2d66d2-f43c-503d-9434-0309b2ad64cf"},
        "spec": {"source": {"blank": {}}}, "status": {"phase": "Succeeded", "claimName": name}});
    let mut claim = super::world::corpus(&stand, "s27-datavolume-orphaned/harvester.yaml");
    claim.retain(|object| object["kind"] == "PersistentVolumeClaim");
    claim[0]["metadata"]["ownerReferences"] = json!([{"apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume",
        "name": name, "uid": "bb2d66d2-f43c-503d-9434-0309b2ad64cf", "controller": true}]);
    world.put([vec![made], claim].concat()).await;
    stand.bound_volume("team-a", name).await;
    // Nobody chose anything about this one.
    stand.claim("team-a", "other").await;
    stand.policy("team-a", json!({"graceSeconds": 3600})).await;
    let running = vec![stand.run_as(How::new(CHOSEN)).await];
    stand.state("team-a", "other", Some("Marked")).await;
    stand.kubectl(&[
        "delete",
        "datavolumes.cdi.kubevirt.io",
        "-n",
        "team-a",
        name,
        "--cascade=orphan",
        "--wait=false",
    ]);
    crate::many::none_left("DataVolumes on their way out", async || {
        Ok(stand
            .kubectl(&["get", "datavolumes.cdi.kubevirt.io", "-n", "team-a", "-o", "name"])
            .lines()
            .count())
    })
    .await;
    let claim = stand.claims("team-a").get(name).await.unwrap();
    assert_eq!(claim.metadata.owner_references.clone().unwrap_or_default(), Vec::new(), "it is nobody's");
    let gone = |record: &Value| {
        owner(record, name)["state"] == "Gone" && record["status"]["unusedSince"].is_string()
    };
    let record = stand.record(uid(&claim), gone).await;
    assert_eq!(owner(&record, name)["platformIntent"], "Keep", "{record}");
    assert_eq!(owner(&record, name)["uid"], world.uid("bb2d66d2-f43c-503d-9434-0309b2ad64cf"));
    stand.nudge(&running, 3).await;
    stand.state("team-a", name, None).await;
    assert!(!stand.wrote().iter().any(|write| write.name == name && write.marks().is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn s47_the_record_keeps_driver_and_handle_of_a_volume_that_is_gone() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("team-a").await;
    let name = "data-pg-0-x-shop-x-vc1";
    let volume = stand.claim("team-a", name).await;
    let (at, digest) = (volume.metadata.name.as_deref().unwrap(), stand.digest(&volume));
    let claim = stand.claims("team-a").get(name).await.unwrap();
    // As the corpus has it: a record that does not say yet how the driver calls the asset.
    let records = super::world::corpus(&stand, "s47-synced-volume-deleted-inside/host.yaml");
    let mut record = records.into_iter().find(|object| object["kind"] == "VolumeRecord").unwrap();
    record["metadata"]["name"] = json!(format!("c-{}", uid(&claim)));
    record["spec"]["claim"]["uid"] = json!(uid(&claim));
    record["spec"]["volume"] = json!({"name": at, "uid": uid_of(&volume)});
    record.as_object_mut().unwrap().remove("status");
    World::of(&stand).put(vec![record]).await;
    stand.kubectl(&["patch", "pv", at, "-p", r#"{"spec": {"persistentVolumeReclaimPolicy": "Retain"}}"#]);
    stand.remove("team-a", name).await;
    stand.policy("team-a", json!({"graceSeconds": 3600})).await;
    let mut running = vec![stand.run(DELETE_ALL).await];
    let whole = |record: &Value| {
        record["spec"]["volume"]["volumeHandle"] == handle_of(&volume).unwrap()
            && record["spec"]["volume"]["driver"] == probate_apiserver::driver::DRIVER
    };
    stand.record(uid(&claim), whole).await;
    assert_eq!(reclaim_policy(&stand.volume(&volume).await.unwrap()), "Retain");
    // The syncer deletes the host's object after the tenant's.
    Api::<PersistentVolume>::all(stand.client.clone()).delete(at, &DeleteParams::default()).await.unwrap();
    until("no volume", async || Ok(stand.volume(&volume).await.is_none().then_some(()))).await.unwrap();
    stand.nudge(&running, 3).await;
    running.clear();
    running.push(stand.run(DELETE_ALL).await);
    stand.nudge(&running, 3).await;
    stand.record(uid(&claim), whole).await;
    assert!(digest.is_some());
    assert_eq!(stand.digest(&volume), digest, "the asset that nobody names any more");
}
