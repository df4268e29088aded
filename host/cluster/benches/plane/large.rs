//! A large cluster: from the start to the first whole plan beside a bare list, memory, an idle minute, and what one event costs.

use crate::crowd::{self, name, namespace};
use crate::figures::{cpu, resident, say};
use crate::stand::Stand;
use anyhow::Context as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Patch, PatchParams};
use probate_apiserver::Options as Plane;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The loop does nothing once it has done nothing for so long.
const QUIET: Duration = Duration::from_secs(3);
/// An event has been dealt with once nothing has been decided for so long: several times what events are gathered for.
const DEALT: Duration = Duration::from_millis(500);

/// The loop in a process of its own.
struct Alone {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    id: String,
    /// Bytes in memory before it began.
    before: f64,
}

impl Alone {
    async fn start(kubeconfig: &Path) -> anyhow::Result<Self> {
        let mut child = command("loop", kubeconfig)?.stdout(Stdio::piped()).spawn()?;
        let id = child.id().context("it ended")?.to_string();
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let first = lines.next_line().await?.context("it says nothing")?;
        let before = number(&serde_json::from_str(&first)?, "resident")?;
        Ok(Self { child, lines, id, before })
    }

    /// What it says of its next decision.
    async fn decided(&mut self) -> anyhow::Result<Value> {
        let line = self.lines.next_line().await?.context("the loop ended")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Waits until it has decided nothing for so long; gives how often it did.
    async fn quiet(&mut self, long: Duration) -> anyhow::Result<usize> {
        let mut turns = 0;
        while let Ok(line) = tokio::time::timeout(long, self.decided()).await {
            line?;
            turns += 1;
        }
        Ok(turns)
    }

    async fn end(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("it cannot be ended")
    }
}

fn command(word: &str, kubeconfig: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    // As the shipped manifests have it.
    command.arg(word).arg(kubeconfig).env("MIMALLOC_PURGE_DELAY", "0").kill_on_drop(true);
    Ok(command)
}

fn number(value: &Value, key: &str) -> anyhow::Result<f64> {
    value.get(key).and_then(Value::as_f64).with_context(|| format!("no {key} in {value}"))
}

pub(crate) async fn run(claims: usize, idle: usize, events: usize) -> anyhow::Result<()> {
    // The log of every object made would be written for nobody.
    let plane = Plane { audit: false, ..Plane::default() };
    let Some(stand) = Stand::start_with(plane).await else { return crate::skipped() };
    let begin = std::time::Instant::now();
    let namespaces = crowd::fill(&stand, claims).await?;
    let made = begin.elapsed().as_secs_f64();
    let spec = json!({"mode": "Audit", "match": {"namespaces": namespaces}});
    stand.policy_with("crowd", spec).await;
    let kubeconfig = stand.rig.plane.service_account("probate", "probate").await?;
    // The first of all writes records; what is measured is every later start.
    let mut first = Alone::start(&kubeconfig).await?;
    first.decided().await?;
    first.quiet(QUIET).await?;
    first.end().await?;
    let listed = command("list", &kubeconfig)?.stderr(Stdio::inherit()).output().await?;
    let listed: Value = serde_json::from_slice(&listed.stdout).context("the bare client says nothing")?;
    let mut alone = Alone::start(&kubeconfig).await?;
    let planned = alone.decided().await?;
    alone.quiet(QUIET).await?;
    let mut said = json!({
        "claims": claims, "made": made, "listed": listed,
        "plan": {"wall": number(&planned, "wall")?, "cpu": number(&planned, "cpu")?},
    });
    let spent = cpu(&alone.id)?;
    tokio::time::sleep(Duration::from_secs(idle as u64)).await;
    said["idle"] = json!({"seconds": idle, "cpu": cpu(&alone.id)? - spent});
    alone.quiet(QUIET).await?;
    let (now, peak) = resident(&alone.id)?;
    said["memory"] = json!({"before": alone.before, "resident": now, "peak": peak});
    said["event"] = each(&mut alone, events, async |at| annotated(&stand, at).await).await?;
    said["unread"] = each(&mut alone, events, async |at| heartbeat(&stand, at).await).await?;
    alone.end().await?;
    say(&said.to_string())
}

/// Processor seconds and turns of one event, each after the last has been dealt with.
async fn each(
    alone: &mut Alone,
    events: usize,
    event: impl AsyncFn(usize) -> anyhow::Result<()>,
) -> anyhow::Result<Value> {
    alone.quiet(QUIET).await?;
    let spent = cpu(&alone.id)?;
    let mut turns = 0;
    for at in 0..events {
        event(at).await?;
        turns += alone.quiet(DEALT).await?;
    }
    let count = events.max(1) as f64;
    Ok(json!({"cpu": (cpu(&alone.id)? - spent) / count, "turns": turns as f64 / count}))
}

/// An event that matters: policies may read a claim's annotations.
async fn annotated(stand: &Stand, at: usize) -> anyhow::Result<()> {
    let patch = Patch::Merge(json!({"metadata": {"annotations": {"crowd.test/tick": at.to_string()}}}));
    stand.claims(&namespace(at)).patch(&name(at), &PatchParams::default(), &patch).await?;
    Ok(())
}

/// An event of which nothing is read: a kubelet says that a Pod is still there.
async fn heartbeat(stand: &Stand, at: usize) -> anyhow::Result<()> {
    let pods: Api<Pod> = Api::namespaced(stand.client.clone(), &namespace(at));
    let seen = jiff::Timestamp::now().to_string();
    let condition = json!({"type": "crowd.test/Alive", "status": "True", "lastProbeTime": seen, "message": at.to_string()});
    let patch = Patch::Strategic(json!({"status": {"conditions": [condition]}}));
    pods.patch_status(&format!("app-{at:05}-0"), &PatchParams::default(), &patch).await?;
    Ok(())
}
