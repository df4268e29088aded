//! Annotations: what the verdict says stands, once written; what it stops to say goes, and what somebody else owns stays theirs.
//! `PROBATE_OBJECTS` says on how many claims.

use crate::closure::{Mind, Mouth};
use crate::many::{count_of, none_left};
use crate::stand::{How, Running, Stand, Written};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{ListParams, PostParams};
use probate_apiserver::driver::CLASS_WAIT;
use probate_contract::{Fact, Verdict};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

const NAMESPACE: &str = "noted";
/// Claims with a note of somebody else's.
const THEIRS: &str = "noted-theirs";
const OWNER: &str = "probate.dev/note.owner";
/// Under a prefix that the admin lists.
const TEAM: &str = "team.example/owner";
const FORBIDDEN: [&str; 4] =
    ["probate.dev/hold", "probate.dev/state", "desk.example/owner", "volume.kubernetes.io/selected-node"];

/// What the policy says, one after the other: notes, another value, one note less, nothing.
const SAYS: [&[(&str, &str)]; 4] =
    [&[(OWNER, "ann"), (TEAM, "disks")], &[(OWNER, "bob"), (TEAM, "disks")], &[(TEAM, "disks")], &[]];

static NOW: AtomicUsize = AtomicUsize::new(0);

fn notes() -> Verdict {
    let said = SAYS[NOW.load(Ordering::SeqCst)];
    let notes = said.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let forbidden = FORBIDDEN.map(|key| (key.to_owned(), "no".to_owned()));
    Verdict { annotations: notes.chain(forbidden).collect(), ..Verdict::default() }
}

/// No program says at one time this and then that: no log is kept.
fn saying(says: fn() -> Verdict) -> Mind {
    Mind { reads: &[Fact::UsageUnusedSince], says: Mouth::Always(says), twin: None }
}

/// Annotations under our domain or one of the forbidden keys.
fn shown(claim: &PersistentVolumeClaim) -> BTreeMap<&str, &str> {
    let known = |key: &str| key.starts_with("probate.dev/") || key == TEAM || FORBIDDEN.contains(&key);
    let all = claim.metadata.annotations.iter().flatten();
    all.filter(|(key, _)| known(key)).map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// Claims that wait for a first consumer: cheap, and nobody else annotates them.
async fn make(stand: &Stand, namespace: &str, count: usize, manager: &str, annotations: serde_json::Value) {
    stand.namespace(namespace).await;
    let claims = stand.claims(namespace);
    let params = PostParams { field_manager: Some(manager.into()), ..PostParams::default() };
    let make = async |at: usize| {
        let claim = json!({
            "metadata": {"name": format!("data-{at:04}"), "annotations": annotations},
            "spec": {"storageClassName": CLASS_WAIT, "accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": "1Gi"}}},
        });
        claims.create(&params, &serde_json::from_value(claim).unwrap()).await.unwrap();
    };
    futures::stream::iter(0..count).for_each_concurrent(8, make).await;
}

/// Waits until every claim shows this and no more, then lets some turns pass.
async fn shows(stand: &Stand, running: &[Running], now: usize) {
    NOW.store(now, Ordering::SeqCst);
    // What a program says of the same input is asked again only now and then, the more seldom the longer a look takes.
    stand.label_namespace(NAMESPACE, "said", &now.to_string()).await;
    stand.nudge(running, 1).await;
    let wanted: BTreeMap<&str, &str> = SAYS[now].iter().copied().collect();
    let claims = stand.claims(NAMESPACE);
    none_left(&format!("claims that show otherwise than {wanted:?}"), async || {
        let list = claims.list(&ListParams::default()).await?;
        Ok(list.items.iter().filter(|claim| shown(claim) != wanted).count())
    })
    .await;
    stand.nudge(running, 2).await;
}

/// Writes on claims and volumes, done and refused.
fn writes(wrote: &[Written], namespace: &str) -> (usize, usize) {
    let objects = ["persistentvolumeclaims", "persistentvolumes"];
    let here = |write: &&Written| {
        objects.contains(&write.resource.as_str()) && !write.dry_run && write.namespace == namespace
    };
    let (done, refused): (Vec<&Written>, Vec<&Written>) =
        wrote.iter().filter(here).partition(|write| (200..300).contains(&write.code));
    (done.len(), refused.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_follow_the_verdict_and_take_nobodys_place() {
    let Some(stand) = Stand::start().await else { return };
    let count = count_of("PROBATE_OBJECTS", 40);
    make(&stand, NAMESPACE, count, "someone", json!({})).await;
    make(&stand, THEIRS, 2, "someone", json!({OWNER: "eve"})).await;
    let parts = json!({"actions": ["Annotate"], "match": {"namespaces": [NAMESPACE, THEIRS]}});
    stand.policy_with(NAMESPACE, parts).await;
    let mut how = How::new(saying(notes));
    how.settings.annotation_prefixes = vec!["team.example/".into()];
    let running = vec![stand.run_as(how.clone()).await];
    // Each object is written once for what is said newly, and not at all while it stands.
    for (now, said) in SAYS.iter().enumerate() {
        shows(&stand, &running, now).await;
        assert_eq!(writes(&stand.wrote(), NAMESPACE), (count * (now + 1), 0), "{said:?}");
    }
    shows(&stand, &running, 0).await;
    drop(running);
    let before = stand.wrote();
    let running = vec![stand.run_as(how).await];
    stand.nudge(&running, 3).await;
    let after = stand.wrote();
    assert_eq!(writes(&after, NAMESPACE), writes(&before, NAMESPACE), "a second run writes nothing");
    for claim in stand.claims(THEIRS).list(&ListParams::default()).await.unwrap() {
        assert_eq!(shown(&claim), BTreeMap::from([(OWNER, "eve"), (TEAM, "disks")]));
        let ours = |entry: &&k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry| {
            let fields = entry.fields_v1.as_ref().map(|fields| fields.0.to_string()).unwrap_or_default();
            entry.manager.as_deref() != Some("someone") && fields.contains(OWNER)
        };
        assert_eq!(claim.metadata.managed_fields.iter().flatten().filter(ours).count(), 0);
    }
    let asked = after.iter().filter(|write| write.resource == "persistentvolumeclaims");
    let asked: Vec<String> = asked.map(|write| write.body["metadata"]["annotations"].to_string()).collect();
    assert!(!asked.iter().any(|body| FORBIDDEN.iter().any(|key| body.contains(key))));
    // What is somebody else's is never asked for; the rest was written, taken away and written again.
    assert_eq!(writes(&after, THEIRS), (2 * 3, 0));
    let done = writes(&after, NAMESPACE).0;
    eprintln!("{count} objects, {done} writes, none by a second run");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_policy_notes_nothing() {
    let Some(stand) = Stand::start().await else { return };
    make(&stand, "quiet", 2, "someone", json!({})).await;
    stand.policy_with("quiet", json!({"mode": "Audit", "actions": ["Annotate"]})).await;
    let said: fn() -> Verdict = || Verdict {
        annotations: BTreeMap::from([(OWNER.to_owned(), "ann".to_owned())]),
        ..Verdict::default()
    };
    let running = vec![stand.run(saying(said)).await];
    stand.nudge(&running, 3).await;
    assert_eq!(writes(&stand.wrote(), "quiet"), (0, 0));
}
