//! Volumes that are released already or retained, and what the policy's verb makes of them.

use crate::paths::{held, started, state};
use probate_contract::Cause;
use serde_json::json;

const HOUR: i64 = 3600;

#[test]
fn a_released_volume_waits_grace_and_window_while_marked() {
    let over = json!({"deletion": {"retainedVolumes": "DeleteObjectAndAsset"}});
    let (mut api, mut replica) = started(&over);
    let (claim, _) = api.pair("data");
    let volume = api.volumes.keys().next().unwrap().clone();
    api.edit_volume(&volume, |volume| volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain"));
    api.claims.clear();
    api.controllers();
    replica.run(&mut api);
    assert_eq!(state(&api.volumes[&volume]), Some("Marked"), "{claim} is gone");
    replica.pass(&mut api, 2 * HOUR);
    assert_eq!(api.assets.len(), 1);
    replica.pass(&mut api, 2 * HOUR);
    assert!(api.assets.is_empty());
}

#[test]
fn released_volumes_go_by_the_verb() {
    for (verb, objects, assets) in
        [("Keep", 1, 1), ("Release", 1, 1), ("DeleteObject", 0, 1), ("DeleteObjectAndAsset", 0, 0)]
    {
        let (mut api, mut replica) = started(&json!({"deletion": {"retainedVolumes": verb}}));
        api.pair("data");
        let volume = api.volumes.keys().next().unwrap().clone();
        api.edit_volume(&volume, |volume| volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain"));
        api.claims.clear();
        api.controllers();
        replica.run(&mut api);
        replica.pass(&mut api, 6 * HOUR);
        assert_eq!((api.volumes.len(), api.assets.len()), (objects, assets), "{verb}");
    }
}

#[test]
fn a_retained_volume_of_a_claim_goes_by_the_verb() {
    for (verb, claims, objects, assets) in [
        ("Keep", 1, 1, 1),
        ("Release", 0, 1, 1),
        ("DeleteObject", 0, 0, 1),
        ("DeleteObjectAndAsset", 0, 0, 0),
    ] {
        let (mut api, mut replica) = started(&json!({"deletion": {"retainedVolumes": verb}}));
        api.pair("data");
        let volume = api.volumes.keys().next().unwrap().clone();
        api.edit_volume(&volume, |volume| volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain"));
        replica.run(&mut api);
        replica.pass(&mut api, 8 * HOUR);
        let left = (api.claims.len(), api.volumes.len(), api.assets.len());
        assert_eq!(left, (claims, objects, assets), "{verb}");
    }
}

#[test]
fn a_static_volume_is_kept_at_the_end() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    let volume = api.volumes.keys().next().unwrap().clone();
    api.edit_volume(&volume, |volume| volume["metadata"]["annotations"] = json!({}));
    replica.run(&mut api);
    replica.pass(&mut api, 9 * HOUR);
    assert_eq!(api.deleted, std::slice::from_ref(&claim));
    assert_eq!(held(&replica.says(&api, &format!("c-{claim}"))), Some(Cause::Blocked));
    assert_eq!(api.assets.len(), 1);
}
