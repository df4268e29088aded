//! From an event to the mark on a claim, nothing else going on, beside a bare client that sends the same calls one after the other;
//! and what the loop ever lists. What the loop does is read from the API server's audit log.

use crate::figures::{say, spread};
use crate::replay::{Call, Twin, replay};
use crate::stand::{DELETE_ALL, Running, Stand};
use anyhow::{Context as _, ensure};
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::PostParams;
use probate_apiserver::driver::CLASS;
use probate_cluster::connect::{Target, connect};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const NAMESPACE: &str = "mark";
const HOLD: &str = "probate.dev/hold";
/// Claims that become eligible at once in the end.
const TOGETHER: usize = 10;
/// Longer than the loop goes without looking which kinds there are.
const IDLE: Duration = Duration::from_secs(35);
/// The loop has come to rest where it decided nothing for so long.
const REST: Duration = Duration::from_millis(1000);

pub(crate) async fn run(events: usize) -> anyhow::Result<()> {
    let Some(stand) = Stand::start().await else { return crate::skipped() };
    stand.namespace(NAMESPACE).await;
    let one: Vec<Twin> = held(&stand, "one", events).await?;
    let together = held(&stand, "together", TOGETHER).await?;
    let twins = held(&stand, "twin", events).await?;
    stand.policy(NAMESPACE, json!({"graceSeconds": 86_400})).await;
    let running = stand.run(DELETE_ALL).await;
    rest(&running).await;
    let started = Timestamp::now();
    for claim in &one {
        release(&stand, claim).await;
        marked(&stand, claim).await?;
        rest(&running).await;
    }
    futures::future::join_all(together.iter().map(|claim| release(&stand, claim))).await;
    for claim in &together {
        marked(&stand, claim).await?;
    }
    rest(&running).await;
    let idle = Timestamp::now();
    tokio::time::sleep(IDLE).await;
    drop(running);
    tokio::time::sleep(REST).await;
    let log = stand.rig.plane.audit()?;
    let ours: Vec<Call> = log.iter().filter_map(Call::ours).collect();
    let steps = one.iter().map(|claim| Step::of(claim, &log, &ours)).collect::<anyhow::Result<Vec<_>>>()?;
    let times: Vec<f64> = steps.iter().map(|step| step.seconds).collect();
    // What comes every half a minute is in some of them: the shortest is what a mark takes.
    let (model, shortest) =
        one.iter().zip(&steps).min_by_key(|(_, step)| step.calls.len()).context("no events")?;
    let kubeconfig = stand.rig.plane.service_account("probate", "probate").await?;
    let access = connect(&Target { kubeconfig: Some(kubeconfig), context: None }).await?;
    let (mut bare, mut refused) = (Vec::new(), Vec::new());
    for twin in &twins {
        let begin = replay(&access, &shortest.calls, model, twin).await?;
        bare.push(begin.seconds);
        refused.extend(begin.refused);
    }
    ensure!(refused.is_empty(), "the bare client is refused what the loop was not: {refused:?}");
    let ((p99, p50), (bare99, bare50)) = (spread(&times), spread(&bare));
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    shortest.calls.iter().for_each(|call| *kinds.entry(call.verb.clone()).or_default() += 1);
    say(&json!({
        "events": events, "calls": kinds, "lists": lists(&ours, started, idle),
        "loop": {"p50": p50, "p99": p99}, "bare": {"p50": bare50, "p99": bare99},
    })
    .to_string())
}

/// Bound claims that nothing uses and that a hold keeps.
async fn held(stand: &Stand, name: &str, count: usize) -> anyhow::Result<Vec<Twin>> {
    let made = futures::stream::iter(0..count).map(async |at| {
        let name = format!("{name}-{at:03}");
        let claim: PersistentVolumeClaim = serde_json::from_value(json!({
            "metadata": {"name": name, "annotations": {HOLD: "not yet"}},
            "spec": {"storageClassName": CLASS, "accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": "1Gi"}}},
        }))?;
        let claim = stand.claims(NAMESPACE).create(&PostParams::default(), &claim).await?;
        let volume: PersistentVolume = stand.bound_volume(NAMESPACE, &name).await;
        let uid = claim.metadata.uid.context("a claim without uid")?;
        Ok(Twin { name, uid, volume: volume.metadata.uid.context("a volume without uid")? })
    });
    made.buffered(8).collect::<Vec<anyhow::Result<Twin>>>().await.into_iter().collect()
}

async fn release(stand: &Stand, claim: &Twin) {
    stand.annotate(NAMESPACE, &claim.name, HOLD, None).await;
}

async fn marked(stand: &Stand, claim: &Twin) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let labels = stand.claims(NAMESPACE).get(&claim.name).await?.metadata.labels.unwrap_or_default();
        if labels.contains_key("probate.dev/state") {
            return Ok(());
        }
        ensure!(begin.elapsed() < Duration::from_secs(120), "{} is not marked", claim.name);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until the loop has decided nothing for a while.
async fn rest(running: &Running) {
    let (mut last, mut since) = (running.turned(), Instant::now());
    while last == 0 || since.elapsed() < REST {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if running.turned() != last {
            (last, since) = (running.turned(), Instant::now());
        }
    }
}

/// What the loop did from the event to the mark.
struct Step {
    seconds: f64,
    calls: Vec<Call>,
}

impl Step {
    fn of(claim: &Twin, log: &[Value], ours: &[Call]) -> anyhow::Result<Self> {
        let text = |event: &Value, at: &str| event.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let event = log.iter().rfind(|event| {
            text(event, "/user/username").as_deref() == Some("admin")
                && text(event, "/verb").as_deref() == Some("patch")
                && text(event, "/objectRef/name").as_ref() == Some(&claim.name)
        });
        let done = event.and_then(|event| text(event, "/stageTimestamp")).context("no event in the log")?;
        let done: Timestamp = done.parse()?;
        let mark = ours.iter().find(|call| call.began >= done && call.shows(&claim.name));
        let mark = mark.with_context(|| format!("no mark of {} in the log", claim.name))?;
        let within = |call: &&Call| call.began >= done && call.began <= mark.began;
        Ok(Self {
            seconds: mark.ended.duration_since(done).as_secs_f64(),
            calls: ours.iter().filter(within).cloned().collect(),
        })
    }
}

/// How often it lists outside of acting, and the most of one kind in one namespace that one batch lists. A batch begins with the
/// list of all records; pages of a list are one list.
fn lists(ours: &[Call], started: Timestamp, idle: Timestamp) -> Value {
    let (mut outside, mut batches, mut most) = (Vec::new(), 0, 0);
    let mut batch: Option<BTreeMap<&str, usize>> = None;
    for call in ours.iter().filter(|call| call.verb == "list" && !call.uri.contains("continue=")) {
        let acting = call.began > started && call.began < idle;
        if acting && call.path().ends_with("/volumerecords") {
            batches += 1;
            batch = Some(BTreeMap::new());
        }
        match batch.as_mut().filter(|_| acting) {
            Some(seen) => {
                let count = seen.entry(call.path()).or_default();
                *count += 1;
                most = most.max(*count);
            }
            None => outside.push(call.path()),
        }
    }
    json!({"outside": outside.len(), "which": outside, "batches": batches, "most": most})
}
