//! Each fault of the proxy fires, is counted, and does to a real client what it says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, PostParams, WatchEvent, WatchParams};
use probate_apiserver::driver::CLASS_WAIT;
use probate_apiserver::proxy::{Barrier, Fault, Proxy, Refusal, Rule};
use probate_apiserver::{Plane, Rig, until};
use serde_json::json;
use std::time::Duration;

type Claims = Api<PersistentVolumeClaim>;

/// Claims of a namespace of its own: directly, and by way of a proxy.
async fn world(plane: &Plane, name: &str) -> (Proxy, Claims, Claims) {
    let direct = plane.client("admin").await.unwrap();
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
    Api::all(direct.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    let proxy = Proxy::start(plane).await.unwrap();
    let through: Client = proxy.client(plane, "admin").await.unwrap();
    (proxy, Api::namespaced(direct, name), Api::namespaced(through, name))
}

/// It stays pending, so that nobody else writes it.
fn claim(name: &str) -> PersistentVolumeClaim {
    let claim = json!({
        "metadata": {"name": name},
        "spec": {"storageClassName": CLASS_WAIT, "accessModes": ["ReadWriteOnce"],
                 "resources": {"requests": {"storage": "1Gi"}}},
    });
    serde_json::from_value(claim).unwrap()
}

async fn create(claims: &Claims, name: &str) {
    claims.create(&PostParams::default(), &claim(name)).await.unwrap();
}

const CLAIMS: &str = "persistentvolumeclaims";

#[tokio::test]
async fn answers_are_given_without_the_api_server_and_only_to_what_the_rule_names() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let (proxy, direct, through) = world(&rig.plane, "answers").await;
    create(&through, "one").await;
    for code in [401, 403, 404, 409, 410, 422, 429, 500, 503, 504] {
        let rule = Rule::new("delete", CLAIMS, Fault::Answer(Refusal::of(code))).name("one").times(1);
        let injected = proxy.inject(rule);
        let error = through.delete("one", &DeleteParams::default()).await.unwrap_err();
        assert!(matches!(&error, kube::Error::Api(status) if status.code == code), "{code}: {error:?}");
        assert_eq!(injected.fired(), 1);
        proxy.remove(&injected);
    }
    assert!(direct.get("one").await.unwrap().metadata.deletion_timestamp.is_none());
    create(&through, "two").await;
    through.delete("two", &DeleteParams::default()).await.unwrap();
    let hits = proxy.passed().iter().filter(|passed| passed.hit).count();
    assert_eq!(hits, 10);
}

#[tokio::test]
async fn a_lost_request_did_nothing_and_a_lost_reply_did_it_all() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let (proxy, direct, through) = world(&rig.plane, "lost").await;
    create(&direct, "one").await;
    let before = proxy.inject(Rule::new("delete", CLAIMS, Fault::Drop).dry_run(false).times(1));
    assert!(through.delete("one", &DeleteParams::default().dry_run()).await.is_ok());
    let error = through.delete("one", &DeleteParams::default()).await.unwrap_err();
    assert!(!matches!(error, kube::Error::Api(_)), "{error:?}");
    assert!(direct.get("one").await.unwrap().metadata.deletion_timestamp.is_none());
    assert_eq!((before.seen(), before.fired()), (1, 1));

    let after = proxy.inject(Rule::new("delete", CLAIMS, Fault::CommitThenDrop).dry_run(false).times(1));
    let error = through.delete("one", &DeleteParams::default()).await.unwrap_err();
    assert!(!matches!(error, kube::Error::Api(_)), "{error:?}");
    assert_eq!(after.fired(), 1);
    until("the claim is gone", async || Ok(direct.get_opt("one").await?.is_none().then_some(())))
        .await
        .unwrap();

    let timeout = Fault::CommitThenAnswer(Refusal::of(504));
    let created = proxy.inject(Rule::new("create", CLAIMS, timeout).times(1));
    let error = through.create(&PostParams::default(), &claim("two")).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 504), "{error:?}");
    assert_eq!(created.fired(), 1);
    direct.get("two").await.unwrap();
}

#[tokio::test]
async fn a_barrier_holds_a_request_until_it_is_released() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let (proxy, direct, through) = world(&rig.plane, "held").await;
    create(&direct, "one").await;
    let barrier = Barrier::default();
    let held = proxy.inject(Rule::new("delete", CLAIMS, Fault::Hold(barrier.clone())));
    let delete = tokio::spawn(async move { through.delete("one", &DeleteParams::default()).await });
    barrier.arrived(1).await;
    // What others do meanwhile comes first.
    create(&direct, "meanwhile").await;
    assert!(direct.get("one").await.unwrap().metadata.deletion_timestamp.is_none());
    barrier.release();
    delete.await.unwrap().unwrap();
    assert_eq!((held.fired(), barrier.count()), (1, 1));

    let reply = Barrier::default();
    proxy.clear();
    proxy.inject(Rule::new("delete", CLAIMS, Fault::HoldReply(reply.clone())));
    let through: Claims = Api::namespaced(proxy.client(&rig.plane, "admin").await.unwrap(), "held");
    let delete = tokio::spawn(async move { through.delete("meanwhile", &DeleteParams::default()).await });
    reply.arrived(1).await;
    until("it is done", async || Ok(direct.get_opt("meanwhile").await?.is_none().then_some(())))
        .await
        .unwrap();
    assert!(!delete.is_finished());
    reply.release();
    delete.await.unwrap().unwrap();
}

#[tokio::test]
async fn watches_break_fall_silent_and_expire() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let (proxy, direct, through) = world(&rig.plane, "watches").await;
    let version = direct.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    for name in ["a", "b", "c"] {
        create(&direct, name).await;
    }
    let params = WatchParams::default().timeout(5);
    let is_event = |event: &WatchEvent<PersistentVolumeClaim>| matches!(event, WatchEvent::Added(_));

    let cut = proxy.inject(Rule::new("watch", CLAIMS, Fault::Truncate(2)).namespace("watches"));
    let seen: Vec<_> = through.watch(&params, &version).await.unwrap().collect().await;
    assert_eq!(seen.iter().flatten().filter(|event| is_event(event)).count(), 2, "{seen:?}");
    assert!(cut.fired() == 1 && seen.len() <= 3);
    proxy.clear();

    let silent = proxy.inject(Rule::new("watch", CLAIMS, Fault::Silence(1)).namespace("watches"));
    let mut watch = through.watch(&params, &version).await.unwrap().boxed();
    assert!(is_event(&watch.try_next().await.unwrap().unwrap()));
    let next = tokio::time::timeout(Duration::from_millis(500), watch.try_next()).await;
    assert!(next.is_err() && silent.fired() == 1, "{next:?}");
    proxy.clear();

    let expired = proxy.inject(Rule::new("watch", CLAIMS, Fault::Expire).namespace("watches"));
    let seen: Vec<_> = through.watch(&params, &version).await.unwrap().collect().await;
    assert!(matches!(seen.as_slice(), [Ok(WatchEvent::Error(status))] if status.code == 410), "{seen:?}");
    assert_eq!(expired.fired(), 1);
    proxy.clear();

    let slow = proxy.inject(Rule::new("watch", CLAIMS, Fault::Slow(Duration::from_millis(10))));
    let seen: Vec<_> = through.watch(&params, &version).await.unwrap().take(3).collect().await;
    assert!(seen.iter().flatten().filter(|event| is_event(event)).count() == 3 && slow.fired() == 1);
}

#[tokio::test]
async fn cutting_ends_open_watches_and_later_requests_go_through() {
    let Some(rig) = Rig::shared().await.unwrap() else { return };
    let (proxy, _, through) = world(&rig.plane, "cut").await;
    let late = proxy.inject(Rule::new("create", CLAIMS, Fault::Delay(Duration::from_millis(20))));
    let watch = through.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    create(&through, "one").await;
    proxy.cut();
    // The stream ends: a watch that nobody cut would go on for minutes.
    let seen: Vec<_> = tokio::time::timeout(Duration::from_secs(30), watch.collect()).await.unwrap();
    assert!(seen.len() <= 3, "{seen:?}");
    until("it answers again", async || Ok(through.get_opt("one").await?)).await.unwrap();
    assert_eq!(late.fired(), 1);
}
