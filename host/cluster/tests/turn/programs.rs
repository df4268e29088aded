//! Programs that stand elsewhere: whoever wrote one may take it back, and one may come after its policy.

use crate::stand::{DELETE_ALL, Stand};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_taken_away_lifts_its_marks_and_one_that_comes_is_loaded() {
    let Some(stand) = Stand::start().await else { return };
    let maps: Api<ConfigMap> = Api::namespaced(stand.client.clone(), "probate");
    let program = ConfigMap {
        metadata: ObjectMeta { name: Some("program".into()), ..ObjectMeta::default() },
        data: Some([("p.rego".to_owned(), "package p".to_owned())].into()),
        ..ConfigMap::default()
    };
    stand.namespace("shop").await;
    stand.claim("shop", "data").await;
    let digest = format!("sha256:{}", "0".repeat(64));
    let from = json!({"digest": digest, "rego": {"configMapRef": {"name": "program"}}});
    stand.policy_with("shop", json!({"deletion": {"graceSeconds": 3600}, "program": from})).await;
    let running = vec![stand.run(DELETE_ALL).await];
    stand.nudge(&running, 2).await;
    stand.state("shop", "data", None).await;
    maps.create(&PostParams::default(), &program).await.unwrap();
    stand.state("shop", "data", Some("Marked")).await;
    maps.delete("program", &DeleteParams::default()).await.unwrap();
    stand.state("shop", "data", None).await;
}
