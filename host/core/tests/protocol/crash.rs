//! Every crash placement: at every mutating call, before it is sent, committed without a reply, and right after the reply, alone and in
//! pairs. The end is the same.

use crate::api::Api;
use crate::ask;
use crate::paths::quarantined;
use crate::replica::{Fate, Replica};
use serde_json::json;

const FATES: [Fate; 3] = [Fate::Before, Fate::NoReply, Fate::After];
const HOUR: i64 = 3600;

/// What is left, times and revisions apart.
#[derive(Debug, PartialEq)]
struct End {
    claims: Vec<String>,
    volumes: Vec<String>,
    assets: Vec<String>,
    deleted: Vec<String>,
    handed: usize,
    places: usize,
    conditions: Vec<String>,
}

fn end(api: &Api) -> End {
    let conditions = api.records.values().flat_map(|(_, record)| {
        record.status.conditions.iter().map(|known| format!("{}={}", known.r#type, known.status))
    });
    End {
        claims: api.claims.keys().map(|(_, name)| name.clone()).collect(),
        volumes: api.volumes.keys().cloned().collect(),
        assets: api.assets.keys().cloned().collect(),
        deleted: api.deleted.clone(),
        handed: api.handed.len(),
        places: api.places.len(),
        conditions: conditions.collect(),
    }
}

fn whole(fates: &[(usize, Fate)]) -> (End, usize) {
    let mut api = Api::new();
    let mut replica = Replica::new(ask::set(&json!({})));
    api.pair("data");
    replica.fates = fates.to_vec();
    replica.run(&mut api);
    replica.pass(&mut api, 6 * HOUR);
    (end(&api), replica.calls)
}

#[test]
fn a_crash_at_any_write_ends_the_same() {
    let (clean, calls) = whole(&[]);
    assert!(calls >= 10 && clean.assets.is_empty(), "{calls} calls, {clean:?}");
    for at in 1..=calls {
        for fate in FATES {
            let (crashed, _) = whole(&[(at, fate)]);
            assert_eq!(crashed, clean, "call {at}, {fate:?}");
        }
    }
}

#[test]
fn two_crashes_end_the_same() {
    let (clean, calls) = whole(&[]);
    for first in 1..calls {
        for second in first + 1..=(first + 3).min(calls + 1) {
            let fates = [(first, Fate::NoReply), (second, Fate::Before)];
            assert_eq!(whole(&fates).0, clean, "{fates:?}");
        }
    }
}

#[test]
fn a_crash_at_any_write_of_an_unbound_claim_ends_the_same() {
    let run = |fates: &[(usize, Fate)]| {
        let mut api = Api::new();
        let mut replica = Replica::new(ask::set(&json!({})));
        api.claim("data", None);
        replica.fates = fates.to_vec();
        replica.run(&mut api);
        replica.pass(&mut api, 3 * HOUR);
        (end(&api), replica.calls)
    };
    let (clean, calls) = run(&[]);
    assert_eq!(clean.deleted.len(), 1);
    for at in 1..=calls {
        for fate in FATES {
            assert_eq!(run(&[(at, fate)]).0, clean, "call {at}, {fate:?}");
        }
    }
}

#[test]
fn a_crash_at_any_write_of_a_veto_ends_with_the_claim_as_it_was() {
    let run = |fates: &[(usize, Fate)]| {
        let mut api = Api::new();
        let mut replica = Replica::new(ask::set(&json!({})));
        api.pair("data");
        replica.run(&mut api);
        replica.fates = fates.iter().map(|(at, fate)| (replica.calls + at, *fate)).collect();
        let before = replica.calls;
        api.edit_claim("data", |claim| claim["metadata"]["annotations"]["probate.dev/hold"] = json!("x"));
        replica.run(&mut api);
        replica.pass(&mut api, 3 * HOUR);
        let claim = api.claims.values().next().unwrap().clone();
        (end(&api), claim["metadata"]["labels"].clone(), replica.calls - before)
    };
    let (clean, labels, calls) = run(&[]);
    assert_eq!(labels, json!({"app": "db"}));
    for at in 1..=calls {
        for fate in FATES {
            let (crashed, labels, _) = run(&[(at, fate)]);
            assert_eq!(crashed, clean, "call {at}, {fate:?}");
            assert_eq!(labels, json!({"app": "db"}), "call {at}, {fate:?}");
        }
    }
}

#[test]
fn a_crash_while_the_volume_is_kept_again_loses_nothing() {
    for at in 1..6 {
        for fate in FATES {
            let (mut api, mut replica, _, volume) = quarantined(&json!({}));
            replica.fates = vec![(replica.calls + at, fate)];
            api.edit_volume(&volume, |volume| {
                volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete");
            });
            // The driver is slow: we come first.
            for _ in 0..8 {
                for (name, look) in replica.frame(&api) {
                    let next = replica.decide(&look, &name);
                    replica.act(&mut api, &name, &look, next);
                }
            }
            replica.pass(&mut api, 5 * HOUR);
            assert_eq!(api.assets.len(), 1, "call {at}, {fate:?}");
        }
    }
}
