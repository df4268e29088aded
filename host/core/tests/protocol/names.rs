//! Names that come back: promised to their own data, or a reason to stop.

use crate::api::{Api, text};
use crate::paths::{held, quarantined, started, state};
use probate_contract::Cause;
use serde_json::json;

const HOUR: i64 = 3600;

#[test]
fn a_name_that_is_there_again_suspends_the_purge() {
    let (mut api, mut replica, name, _) = quarantined(&json!({}));
    let other = api.claim("data", None);
    api.pod("p", "data");
    replica.pass(&mut api, 9 * HOUR);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::NameReused), "{other} has the name");
    assert_eq!(api.assets.len(), 1);
    replica.approved = Some(i64::MAX);
    replica.run(&mut api);
    assert!(api.assets.is_empty(), "a person decides");
    assert!(api.claims.contains_key(&("shop".to_owned(), "data".to_owned())));
}

/// A StatefulSet scaled down to nothing would come back for the claim.
fn scaled_down(api: &mut Api) {
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "shop", "uid": "set", "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "db"}}, "serviceName": "db",
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": []}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}});
    api.others.insert("set".into(), set);
}

#[test]
fn a_promised_name_binds_its_own_data_when_it_comes_back() {
    let (mut api, mut replica) = started(&json!({"consents": ["ScaledDownOrdinal"]}));
    scaled_down(&mut api);
    let (claim, _) = api.pair("data-db-0");
    let volume = api.volumes.keys().next().unwrap().clone();
    replica.run(&mut api);
    replica.pass(&mut api, 2 * HOUR);
    assert_eq!(api.deleted, std::slice::from_ref(&claim));
    assert_eq!(text(&api.volumes[&volume], "/spec/claimRef/uid"), "", "the name is kept, the uid is not");
    assert_eq!(text(&api.volumes[&volume], "/status/phase"), "Available");
    let back = api.claim("data-db-0", None);
    api.controllers();
    assert_eq!(text(&api.volumes[&volume], "/spec/claimRef/uid"), back);
    api.pod("db-0", "data-db-0");
    replica.run(&mut api);
    assert_eq!(state(&api.volumes[&volume]), None, "its marks go");
    assert_eq!(text(&api.volumes[&volume], "/spec/persistentVolumeReclaimPolicy"), "Retain");
    assert!(!api.records.contains_key(&format!("c-{claim}")));
    assert_eq!(api.assets.len(), 1);
}

#[test]
fn a_promised_name_is_purged_when_nobody_comes_back() {
    let (mut api, mut replica) = started(&json!({"consents": ["ScaledDownOrdinal"]}));
    scaled_down(&mut api);
    api.pair("data-db-0");
    replica.run(&mut api);
    replica.pass(&mut api, 6 * HOUR);
    assert!(api.assets.is_empty(), "{:?}", api.volumes);
}

#[test]
fn a_promise_ends_with_its_namespace() {
    let (mut api, mut replica) = started(&json!({"consents": ["ScaledDownOrdinal"]}));
    scaled_down(&mut api);
    let (claim, _) = api.pair("data-db-0");
    let volume = api.volumes.keys().next().unwrap().clone();
    replica.run(&mut api);
    replica.pass(&mut api, 2 * HOUR);
    assert_eq!(text(&api.volumes[&volume], "/spec/claimRef/uid"), "");
    api.namespace("shop");
    replica.run(&mut api);
    assert_eq!(text(&api.volumes[&volume], "/spec/claimRef/uid"), claim, "somebody else lives there now");
}

#[test]
fn a_claim_with_a_data_source_makes_no_promise() {
    let (mut api, mut replica) = started(&json!({"consents": ["ScaledDownOrdinal"]}));
    scaled_down(&mut api);
    let (claim, _) = api.pair("data-db-0");
    let volume = api.volumes.keys().next().unwrap().clone();
    api.edit_claim("data-db-0", |claim| {
        claim["spec"]["dataSource"] = json!({"kind": "PersistentVolumeClaim", "name": "golden"});
    });
    replica.run(&mut api);
    replica.pass(&mut api, 2 * HOUR);
    assert_eq!(api.deleted, std::slice::from_ref(&claim));
    assert_eq!(text(&api.volumes[&volume], "/spec/claimRef/uid"), claim);
}
