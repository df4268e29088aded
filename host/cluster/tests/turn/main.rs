//! The loop against a real control plane, with policies that are closures: what stands is carried out, and nothing else. Without Go
//! these tests say that they are skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

mod closure;
mod crash;
mod deeds;
mod faults;
mod give_back;
mod logs;
mod many;
mod matrix;
mod notes;
mod pace;
mod programs;
mod race;
mod replicas;
mod rights;
mod running;
mod scenarios;
mod stand;
mod windows;

use closure::{Mind, Mouth, Twin};
use probate_apiserver::until;
use probate_contract::Verdict;
use probate_contract::verdict::Action;
use serde_json::json;
use stand::{DELETE_ALL, Stand};

const STAYS: Mind = Mind {
    reads: &[],
    says: Mouth::Always(|| Verdict { action: Action::Retain, reason: "stays".into(), ..Verdict::default() }),
    twin: Some(&Twin { rego: include_str!("twins/stays.rego"), paths: &[] }),
};

#[tokio::test(flavor = "multi_thread")]
async fn marked_then_vetoed_then_marked_again() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("veto").await;
    stand.claim("veto", "data").await;
    stand.policy("veto", json!({"graceSeconds": 3600})).await;
    let _running = stand.run(DELETE_ALL).await;
    stand.state("veto", "data", Some("Marked")).await;
    stand.annotate("veto", "data", "probate.dev/hold", Some("audit")).await;
    stand.state("veto", "data", None).await;
    stand.annotate("veto", "data", "probate.dev/hold", None).await;
    stand.state("veto", "data", Some("Marked")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantined_with_its_data_kept_then_purged() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("go").await;
    let volume = stand.claim("go", "data").await;
    stand.policy("go", json!({"graceSeconds": 0, "quarantineSeconds": 2, "purge": "Auto"})).await;
    let _running = stand.run(DELETE_ALL).await;
    stand.gone("go", "data").await;
    until("destroyed data", async || Ok(stand.digest(&volume).is_none().then_some(()))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_retains_leaves_everything_alone() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("stay").await;
    stand.claim("stay", "data").await;
    stand.policy("stay", json!({"graceSeconds": 0, "quarantineSeconds": 0, "purge": "Auto"})).await;
    let running = stand.run(STAYS).await;
    for turn in ["one", "two", "three"] {
        stand.annotate("stay", "data", "turn", Some(turn)).await;
        running.turns(1).await;
    }
    stand.state("stay", "data", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_mark_is_void_and_goes() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("forged").await;
    let volume = stand.claim("forged", "data").await;
    let volume = volume.metadata.name.unwrap();
    stand.kubectl(&["label", "pvc", "-n", "forged", "data", "probate.dev/state=Marked"]);
    stand.kubectl(&["label", "pv", &volume, "probate.dev/state=Marked"]);
    stand.policy("forged", json!({"graceSeconds": 0, "quarantineSeconds": 0, "purge": "Auto"})).await;
    let _running = stand.run(STAYS).await;
    stand.state("forged", "data", None).await;
    until("a volume without marks", async || {
        let shown = stand.kubectl(&["get", "pv", &volume, "-o", "jsonpath={.metadata.labels}"]);
        Ok((!shown.contains("probate.dev")).then_some(()))
    })
    .await
    .unwrap();
    assert!(!stand.wrote().iter().any(|written| written.deletes("forged") || written.hands(&volume)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_not_needed_any_more_goes() {
    let Some(stand) = Stand::start().await else { return };
    stand.namespace("used").await;
    stand.claim("used", "data").await;
    stand.policy("used", json!({"graceSeconds": 3600})).await;
    let _running = stand.run(DELETE_ALL).await;
    stand.state("used", "data", Some("Marked")).await;
    let records =
        || stand.kubectl(&["get", "volumerecords", "-n", "probate", "-o", "jsonpath={.items[*].spec.claim}"]);
    assert!(records().contains("used"), "{}", records());
    stand.pod("used", "app", "data").await;
    stand.state("used", "data", None).await;
    until("no record", async || Ok((!records().contains("used")).then_some(()))).await.unwrap();
}
