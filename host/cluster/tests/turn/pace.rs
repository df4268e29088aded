//! Rates and breaker: an always-delete policy takes what the rate lets it, the longest unused first, and an open breaker takes
//! nothing. `PROBATE_PACED` says of how many claims.

use crate::many::{count_of, none_left};
use crate::stand::{DELETE_ALL, How, Running, Stand};
use kube::api::ListParams;
use probate_apiserver::until;
use probate_cluster::own::Own;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn claims() -> usize {
    count_of("PROBATE_PACED", 30)
}

/// A rate's places.
const PLACES: usize = 10;

async fn marked(stand: &Stand, namespace: &str) -> Vec<String> {
    let list = stand.claims(namespace).list(&Default::default()).await.unwrap();
    let state = |claim: &k8s_openapi::api::core::v1::PersistentVolumeClaim| {
        claim.metadata.labels.as_ref().and_then(|labels| labels.get("probate.dev/state").cloned())
    };
    let names = list.items.iter().filter(|claim| state(claim).is_some());
    names.filter_map(|claim| claim.metadata.name.clone()).collect()
}

/// Bound claims, made in groups that the loop sees one after the other.
async fn unused(stand: &Stand, namespace: &str, running: &[Running]) {
    let count = claims();
    for group in 0..6 {
        let names: Vec<String> =
            (0..count).filter(|at| at % 6 == group).map(|at| format!("data-{at:04}")).collect();
        stand.bound(namespace, &names).await;
        stand.nudge(running, 1).await;
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    }
}

/// Of each claim of which it is known: unused since, uid, name.
async fn known(stand: &Stand, namespace: &str) -> Vec<(String, String, String)> {
    let list = Own::Record.api(&stand.client).list(&ListParams::default()).await.unwrap();
    let own = list.items.iter().filter(|record| record.data["spec"]["claim"]["namespace"] == namespace);
    own.filter_map(|record| {
        let of = |at: &str| record.data.pointer(at).and_then(Value::as_str).map(str::to_owned);
        Some((of("/status/unusedSince")?, of("/spec/claim/uid")?, of("/spec/claim/name")?))
    })
    .collect()
}

/// The claims that were unused first, as the records have it.
async fn longest_unused(stand: &Stand, namespace: &str) -> Vec<String> {
    let all = async || Ok((known(stand, namespace).await.len() >= claims()).then_some(()));
    until("a record of each claim that says since when", all).await.unwrap();
    let mut known = known(stand, namespace).await;
    assert_eq!(known.len(), claims());
    let times: BTreeSet<_> = known.iter().map(|(since, ..)| since.clone()).collect();
    assert!(times.len() > 1, "not all at one moment");
    known.sort();
    let mut names: Vec<String> = known.into_iter().take(PLACES).map(|(.., name)| name).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_takes_the_longest_unused_and_a_second_process_takes_no_more() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("rate").await;
    let mut how = How::new(DELETE_ALL);
    // It is the rate that is tried here.
    how.settings.breaker.min_count = u64::MAX;
    let first = vec![stand.run_as(how.clone()).await];
    unused(&stand, "rate", &first).await;
    let expected = longest_unused(&stand, "rate").await;
    let rates = json!([{"window": "Hour", "per": "Policy", "maxCount": PLACES}]);
    let breaker = json!({"maxPercent": 100});
    let spec = json!({"match": {"namespaces": ["rate"]}, "deletion": {"graceSeconds": 3600}, "rates": rates,
        "breaker": breaker});
    for policy in ["rate-one", "rate-two"] {
        stand.policy_with(policy, spec.clone()).await;
        until("marks", async || Ok((marked(&stand, "rate").await.len() >= PLACES).then_some(())))
            .await
            .unwrap();
        let second = vec![stand.run_as(how.clone()).await];
        stand.nudge(&first, 2).await;
        stand.nudge(&second, 2).await;
        assert_eq!(marked(&stand, "rate").await, expected, "{policy}");
        drop(second);
        stand.kubectl(&["delete", "clusterretentionpolicy", policy]);
        none_left("marks", async || Ok(marked(&stand, "rate").await.len())).await;
    }
    eprintln!("{} claims: the same {PLACES} twice", claims());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_breaker_holds_the_whole_set_until_a_person_resets_it() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("broken").await;
    let names: Vec<String> = (0..claims()).map(|at| format!("data-{at:04}")).collect();
    stand.bound("broken", &names).await;
    let breaker = json!({"maxPercent": 5, "minCount": 2});
    stand.policy_with("broken", json!({"deletion": {"graceSeconds": 3600}, "breaker": breaker})).await;
    for _ in 0..2 {
        let running = stand.run_as(How::new(DELETE_ALL)).await;
        for turn in ["one", "two", "three"] {
            stand.annotate("broken", "data-0000", "turn", Some(turn)).await;
            running.turns(1).await;
        }
        assert_eq!(marked(&stand, "broken").await, Vec::<String>::new());
    }
    let status = stand.kubectl(&["get", "clusterretentionpolicy", "broken", "-o", "yaml"]);
    assert!(status.contains("BreakerOpen"), "{status}");
}
