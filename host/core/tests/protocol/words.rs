//! Words of people and of the breaker: each speaks of what was there when it was said.

use crate::api::Api;
use crate::paths::{held, quarantined, started, state};
use probate_contract::Cause;
use probate_core::ledger::{Opened, Rule};
use probate_core::protocol::{Next, Step};
use serde_json::json;

const HOUR: i64 = 3600;

fn breaker(api: &mut Api) {
    let detail = "too much is unknown".to_owned();
    let (rule, kind) = (Rule::Unknowns, "PersistentVolume".to_owned());
    api.ledger.1.open.push(Opened { policy: None, kind, rule, count: 1, detail, at: String::new() });
}

#[test]
fn a_plan_that_let_it_be_marked_is_not_the_last_word() {
    for (purge, left) in [("Manual", 1), ("Approved", 0)] {
        let over = json!({"deletion": {"retainedVolumes": "DeleteObjectAndAsset", "purge": purge}});
        let (mut api, mut replica) = started(&over);
        api.pair("data");
        let volume = api.volumes.keys().next().unwrap().clone();
        api.edit_volume(&volume, |volume| volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain"));
        api.claims.clear();
        api.controllers();
        replica.approved = Some(api.now);
        replica.run(&mut api);
        assert_eq!(state(&api.volumes[&volume]), Some("Marked"));
        replica.pass(&mut api, 9 * HOUR);
        assert_eq!(api.assets.len(), left, "{purge}");
        replica.approved = Some(api.now);
        replica.pass(&mut api, HOUR);
        assert!(api.assets.is_empty(), "{purge}");
    }
}

#[test]
fn a_veto_holds_against_the_plan_that_came_before_it() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    let name = format!("c-{claim}");
    replica.approved = Some(api.now);
    replica.run(&mut api);
    api.now += 60;
    api.edit_claim("data", |claim| {
        claim["metadata"]["labels"].as_object_mut().unwrap().remove("probate.dev/state");
    });
    replica.pass(&mut api, 9 * HOUR);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::Hold));
    assert!(api.claims.len() == 1 && state(api.claims.values().next().unwrap()).is_none());
    replica.approved = Some(api.now);
    replica.run(&mut api);
    assert_eq!(state(api.claims.values().next().unwrap()), Some("Marked"), "a person has seen the veto");
}

#[test]
fn a_breaker_stops_what_has_its_place_already() {
    let (mut api, mut replica, name, _) = quarantined(&json!({}));
    let placed = |api: &Api| api.ledger.1.places.iter().any(|place| place.reservation.step == Step::Purge);
    while !placed(&api) {
        let look = replica.look(&api, &name).unwrap();
        let next = replica.decide(&look, &name);
        let due = matches!(next, Next::Reserve(Step::Purge));
        if !replica.act(&mut api, &name, &look, next) {
            assert!(!due && api.now < 1 << 40, "it never asks for a place");
            api.now += 600;
        }
    }
    breaker(&mut api);
    replica.run(&mut api);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::BreakerOpen));
    assert_eq!(api.assets.len(), 1);
    api.ledger.1.open.clear();
    replica.run(&mut api);
    assert!(api.assets.is_empty());
}
