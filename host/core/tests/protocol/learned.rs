//! What a record learns while it can be seen, and keeps once it cannot.

use crate::api::{Api, START};
use crate::ask;
use crate::observe::next;
use probate_contract::evidence::{CounterpartState, LifeState, PlatformIntent, Relation};
use probate_contract::record::{RecordOwner, VolumeRecord};
use probate_core::intake::Builder;
use probate_core::inventory::Inventory;
use probate_core::observe::{advance, needed, subjects};
use serde_json::{Value, json};

const GONE: &str = "2026-11-22T06:00:00Z";

fn put(api: &mut Api, key: &str, object: Value) {
    api.others.insert(key.into(), object);
}

fn deleted(api: &mut Api, key: &str, finalizers: Value) {
    let metadata = &mut api.others.get_mut(key).unwrap()["metadata"];
    metadata["deletionTimestamp"] = json!(GONE);
    metadata["finalizers"] = finalizers;
}

fn machine(api: &mut Api) {
    let spec = json!({"runStrategy": "Halted", "template": {"spec": {"domain": {"devices": {}},
        "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}}});
    put(
        api,
        "vm",
        json!({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
            "metadata": {"namespace": "shop", "name": "db", "uid": "uid-vm"}, "spec": spec}),
    );
}

fn owner(record: &VolumeRecord) -> &RecordOwner {
    assert_eq!(record.status.owners.len(), 1, "{:?}", record.status.owners);
    &record.status.owners[0]
}

#[test]
fn a_machine_is_known_while_it_lives_and_its_choice_once_it_goes() {
    let mut api = Api::new();
    api.pair("data");
    machine(&mut api);
    let used = next(&api, None, START).unwrap();
    assert_eq!((owner(&used).relation, owner(&used).state), (Relation::Used, LifeState::Alive));
    assert!(needed(&used) && used.status.unused_since.is_none());
    put(
        &mut api,
        "setting",
        json!({"apiVersion": "harvesterhci.io/v1beta1", "kind": "Setting",
            "metadata": {"name": "server-version", "uid": "uid-setting"}}),
    );
    deleted(&mut api, "vm", json!(["harvesterhci.io/VMController.UnsetOwnerOfPVCs"]));
    let going = next(&api, Some(&used), START).unwrap();
    assert_eq!(owner(&going).platform_intent, Some(PlatformIntent::Keep));
    let first_seen = next(&api, None, START).unwrap();
    assert_eq!(
        owner(&first_seen).platform_intent,
        Some(PlatformIntent::Keep),
        "also where nothing was known"
    );
    api.others.remove("vm");
    let gone = next(&api, Some(&going), START).unwrap();
    assert_eq!(
        (owner(&gone).state, owner(&gone).platform_intent),
        (LifeState::Gone, Some(PlatformIntent::Keep))
    );
    assert!(gone.status.unused_since.is_some());
}

#[test]
fn an_orphaned_claim_tells_that_it_was_kept_on_purpose() {
    let mut api = Api::new();
    api.pair("data");
    let spec = json!({"source": {"blank": {}}});
    put(
        &mut api,
        "dv",
        json!({"apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume",
            "metadata": {"namespace": "shop", "name": "data", "uid": "uid-dv"},
            "spec": spec, "status": {"phase": "Succeeded"}}),
    );
    assert_eq!(next(&api, None, START), None, "used, and nothing to be told");
    deleted(&mut api, "dv", json!(["foregroundDeletion"]));
    assert_eq!(next(&api, None, START), None);
    deleted(&mut api, "dv", json!(["orphan"]));
    let going = next(&api, None, START).unwrap();
    assert_eq!(
        (owner(&going).relation, owner(&going).platform_intent),
        (Relation::CreatedFor, Some(PlatformIntent::Keep))
    );
    // Of what another one is filled from it tells nothing.
    let dv = api.others.get_mut("dv").unwrap();
    dv["metadata"]["name"] = json!("copy");
    dv["spec"]["source"] = json!({"pvc": {"namespace": "shop", "name": "data"}});
    dv["status"] = json!({"phase": "CloneInProgress"});
    assert_eq!(next(&api, None, START), None);
    api.others.clear();
    let gone = next(&api, Some(&going), START).unwrap();
    assert_eq!(
        (owner(&gone).state, owner(&gone).platform_intent),
        (LifeState::Gone, Some(PlatformIntent::Keep))
    );
}

#[test]
fn that_a_clusters_owner_keeps_its_volumes_outlives_the_cluster() {
    let mut api = Api::new();
    let (claim, _) = api.pair("data");
    machine(&mut api);
    let of_cluster = json!({"apiVersion": "rke-machine.cattle.io/v1", "kind": "HarvesterMachine",
        "metadata": {"namespace": "fleet", "name": "db", "uid": "uid-hm",
            "labels": {"cluster.x-k8s.io/cluster-name": "gc1"}}, "spec": {"vmNamespace": "shop"}});
    put(&mut api, "machine", of_cluster);
    let mark = json!({"harvesterhci.io/skipHarvesterMachineProvisionCleanup": "true"});
    put(
        &mut api,
        "cluster",
        json!({"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster",
            "metadata": {"namespace": "fleet", "name": "gc1", "uid": "uid-gc1", "annotations": mark}}),
    );
    put(
        &mut api,
        "other cluster",
        json!({"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster",
            "metadata": {"namespace": "fleet", "name": "gc9", "uid": "uid-gc9"}}),
    );
    let keeps = |record: &VolumeRecord| record.status.guest_cluster.as_ref().unwrap().keep_volumes;
    let asked = next(&api, None, START).unwrap();
    assert!(keeps(&asked));
    let cluster = api.others["cluster"].clone();
    api.others.get_mut("cluster").unwrap()["metadata"]["annotations"] = json!({});
    assert!(!keeps(&next(&api, Some(&asked), START).unwrap()), "while it lives its owner may think again");
    api.others.get_mut("cluster").unwrap()["metadata"]["deletionTimestamp"] = json!(GONE);
    let going = next(&api, Some(&asked), START).unwrap();
    assert!(keeps(&going), "the mark goes before the last of its objects");
    put(&mut api, "cluster", cluster);
    api.others.get_mut("cluster").unwrap()["metadata"]["deletionTimestamp"] = json!(GONE);
    for key in ["cluster", "machine", "vm"] {
        api.others.remove(key);
    }
    let gone = next(&api, Some(&going), START).unwrap();
    assert_eq!(gone.status.guest_cluster.as_ref().unwrap().state, Some(LifeState::Gone));
    assert!(keeps(&gone));
    let causes = |record: &VolumeRecord| {
        let plan = ask::plan(&ask::inventory(&api, std::slice::from_ref(record)), &ask::set(&json!({})));
        ask::entry(&plan, &claim).unwrap().guards.iter().map(|guard| guard.cause).collect::<Vec<_>>()
    };
    assert!(causes(&gone).contains(&probate_contract::Cause::Protected));
    let mut other = gone.clone();
    other.status.guest_cluster.as_mut().unwrap().keep_volumes = false;
    assert!(!causes(&other).contains(&probate_contract::Cause::Protected));
}

#[test]
fn driver_and_handle_are_added_to_a_record_that_lacks_them() {
    let mut api = Api::new();
    api.pair("data");
    let whole = next(&api, None, START).unwrap();
    let known = whole.spec.volume.clone().unwrap();
    assert!(known.driver.is_some() && known.volume_handle.is_some());
    let mut bare = whole.clone();
    let volume = bare.spec.volume.as_mut().unwrap();
    (volume.driver, volume.volume_handle) = (None, None);
    assert_eq!(next(&api, Some(&bare), START).unwrap().spec.volume, Some(known));
    bare.spec.volume.as_mut().unwrap().uid = "another".into();
    assert_eq!(next(&api, Some(&bare), START).unwrap().spec.volume, bare.spec.volume, "of another volume");
}

/// The host, and the virtual cluster with the tenant's claim under that uid.
fn layered(api: &Api, tenant: Option<&str>, records: &[VolumeRecord]) -> Inventory {
    let mut builder = Builder::default();
    let (host, inside) = (builder.cluster("host"), builder.cluster("vcluster:vc1"));
    let claim = tenant.map(|uid| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"namespace": "web", "name": "data", "uid": uid}, "spec": {}, "status": {"phase": "Bound"}})
    });
    ask::whole(&mut builder, host, ask::objects(api));
    ask::whole(&mut builder, inside, claim.iter());
    for record in records {
        builder.record_document(host, &serde_json::to_value(record).unwrap()).unwrap();
    }
    builder.finish(api.now)
}

#[test]
fn a_virtual_claim_that_was_made_again_takes_the_place_of_the_first() {
    let mut api = Api::new();
    api.pair("data");
    api.edit_claim("data", |claim| {
        claim["metadata"]["labels"] = json!({"vcluster.loft.sh/managed-by": "vc1"});
        claim["metadata"]["annotations"] = json!({
            "vcluster.loft.sh/object-name": "data", "vcluster.loft.sh/object-namespace": "web",
            "vcluster.loft.sh/object-uid": "first", "vcluster.loft.sh/object-kind": "/v1, Kind=PersistentVolumeClaim",
            "vcluster.loft.sh/object-host-name": "data", "vcluster.loft.sh/object-host-namespace": "shop",
        });
    });
    put(
        &mut api,
        "service",
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "vc1", "uid": "uid-vc1"}}),
    );
    let see = |previous: Option<&VolumeRecord>, tenant: Option<&str>| {
        let records: Vec<VolumeRecord> = previous.cloned().into_iter().collect();
        let inventory = layered(&api, tenant, &records);
        let of_host = |subject: &probate_core::observe::Subject| {
            probate_core::observe::uid(&inventory, *subject) != tenant
        };
        let subject = subjects(&inventory).into_iter().find(of_host).unwrap();
        advance(previous, &inventory, subject, START, api.now, &ask::settings()).unwrap()
    };
    let layers = |record: &VolumeRecord| {
        let layers = record.status.counterparts.iter();
        layers.map(|layer| (layer.uid.clone().unwrap(), layer.state.unwrap())).collect::<Vec<_>>()
    };
    let first = see(None, Some("first"));
    assert_eq!(layers(&first), [("first".to_owned(), CounterpartState::Present)]);
    let second = see(Some(&first), Some("second"));
    assert_eq!(layers(&second), [("second".to_owned(), CounterpartState::Present)]);
    // The host's marks still name the first.
    let gone = see(Some(&second), None);
    assert_eq!(layers(&gone), [("second".to_owned(), CounterpartState::Gone)]);
}
