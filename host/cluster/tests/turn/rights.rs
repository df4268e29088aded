//! What the account may not do is not done, and what it may not read retains.

use crate::stand::{DELETE_ALL, How, Stand};
use probate_apiserver::{Options as Plane, Rig, until};
use probate_cluster::observe::live::Look;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn audit_writes_nothing_but_its_own() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("audit").await;
    stand.claim("audit", "data").await;
    stand.policy_with("audit", json!({"mode": "Audit", "deletion": {"graceSeconds": 0}})).await;
    let running = stand.run(DELETE_ALL).await;
    for turn in ["one", "two", "three"] {
        stand.annotate("audit", "data", "turn", Some(turn)).await;
        running.turns(1).await;
    }
    stand.state("audit", "data", None).await;
    let wrote = stand.wrote();
    assert!(wrote.iter().any(|write| write.resource == "volumerecords"), "it does write");
    let own = |group: &str| ["probate.dev", "events.k8s.io", "coordination.k8s.io"].contains(&group);
    let others: Vec<_> = wrote.iter().filter(|write| !own(&write.group) && !write.dry_run).collect();
    let others: Vec<_> = others.into_iter().filter(|write| write.resource != "serviceaccounts").collect();
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_listed_retains_and_the_policy_names_the_rule() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("blind").await;
    stand.claim("blind", "data").await;
    let drop_pods = json!([{"op": "replace", "path": "/rules/0/resources", "value":
        ["persistentvolumeclaims", "persistentvolumes", "namespaces", "nodes", "services", "serviceaccounts"]}]);
    stand.kubectl(&["patch", "clusterrole", "probate-observe", "--type=json", "-p", &drop_pods.to_string()]);
    stand.policy("blind", json!({"graceSeconds": 0})).await;
    let _running = stand.run(DELETE_ALL).await;
    until("the rule in the policy's condition", async || {
        let status = stand.kubectl(&["get", "clusterretentionpolicy", "blind", "-o", "yaml"]);
        Ok((status.contains("EvidenceIncomplete") && status.contains("pods")).then_some(()))
    })
    .await
    .unwrap();
    stand.state("blind", "data", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_person_is_proposed_and_goes_once_approved() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("wait").await;
    stand.claim("wait", "data").await;
    stand.policy_with("wait", json!({"mode": "Propose", "deletion": {"graceSeconds": 3600}})).await;
    let _running = stand.run(DELETE_ALL).await;
    let plans = |path: &str| stand.kubectl(&["get", "plans.probate.dev", "-n", "probate", "-o", path]);
    let name = until("a proposal", async || {
        let name = plans("jsonpath={.items[*].metadata.name}");
        Ok((!name.is_empty()).then_some(name))
    })
    .await
    .unwrap();
    until("its size", async || Ok((plans("jsonpath={.items[0].status.count}") == "1").then_some(())))
        .await
        .unwrap();
    stand.state("wait", "data", None).await;
    let approved = json!({"spec": {"approval": "Approved"}}).to_string();
    stand.kubectl(&["patch", "plan", &name, "-n", "probate", "--type=merge", "-p", &approved]);
    stand.state("wait", "data", Some("Marked")).await;
    until("what became of it", async || Ok((plans("jsonpath={.items[0].status.done}") == "1").then_some(())))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linked_cluster_may_come_later_and_holds_up_nobody() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("linked").await;
    stand.claim("linked", "data").await;
    stand.policy("linked", json!({"graceSeconds": 3600})).await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("guest");
    let guest = Look { name: "guest".into(), access: None, kubeconfig: Some(kubeconfig.clone()) };
    let mut how = How::new(DELETE_ALL);
    how.linked.push(guest);
    how.settings.maximum_gap_seconds = 3600;
    let _running = stand.run_as(how).await;
    let said = until("a status", async || {
        let status =
            stand.kubectl(&["get", "clusterretentionpolicy", "linked", "-o", "jsonpath={.status.totals}"]);
        Ok((!status.is_empty()).then_some(status))
    });
    assert!(said.await.unwrap().contains("\"matched\":2"), "claim and volume");
    stand.state("linked", "data", None).await;
    let guest = Rig::start_or_skip(Plane::default()).await.unwrap().unwrap();
    std::fs::copy(guest.plane.kubeconfig(), &kubeconfig).unwrap();
    stand.state("linked", "data", Some("Marked")).await;
}
