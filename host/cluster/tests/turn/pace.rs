//! Rates and breaker: an always-delete policy takes what the rate lets it, the longest unused first, and an open breaker takes
//! nothing.

use crate::stand::{How, Stand, delete_all};
use probate_apiserver::until;
use serde_json::json;

const CLAIMS: usize = 12;

async fn marked(stand: &Stand, namespace: &str) -> Vec<String> {
    let list = stand.claims(namespace).list(&Default::default()).await.unwrap();
    let state = |claim: &k8s_openapi::api::core::v1::PersistentVolumeClaim| {
        claim.metadata.labels.as_ref().and_then(|labels| labels.get("probate.dev/state").cloned())
    };
    let names = list.items.iter().filter(|claim| state(claim).is_some());
    names.filter_map(|claim| claim.metadata.name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_takes_so_many_and_a_second_process_takes_no_more() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("rate").await;
    for at in 0..CLAIMS {
        stand.claim("rate", &format!("data-{at:02}")).await;
    }
    let rates = json!([{"window": "Hour", "per": "Policy", "maxCount": 5}]);
    stand.policy_with("rate", json!({"deletion": {"graceSeconds": 3600}, "rates": rates})).await;
    let first = stand.run(delete_all).await;
    until("five marks", async || Ok((marked(&stand, "rate").await.len() >= 5).then_some(()))).await.unwrap();
    let both = [first, stand.run(delete_all).await];
    // What a claim says of itself would void its mark: something else wakes them.
    stand.nudge(&both, 3).await;
    assert_eq!(marked(&stand, "rate").await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_breaker_holds_the_whole_set_until_a_person_resets_it() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("broken").await;
    for at in 0..CLAIMS {
        stand.claim("broken", &format!("data-{at:02}")).await;
    }
    let breaker = json!({"maxPercent": 5, "minCount": 2});
    stand.policy_with("broken", json!({"deletion": {"graceSeconds": 3600}, "breaker": breaker})).await;
    for _ in 0..2 {
        let running = stand.run_as(How::new(delete_all)).await;
        for turn in ["one", "two", "three"] {
            stand.annotate("broken", "data-00", "turn", Some(turn)).await;
            running.turns(1).await;
        }
        assert_eq!(marked(&stand, "broken").await, Vec::<String>::new());
    }
    let status = stand.kubectl(&["get", "clusterretentionpolicy", "broken", "-o", "yaml"]);
    assert!(status.contains("BreakerOpen"), "{status}");
}
