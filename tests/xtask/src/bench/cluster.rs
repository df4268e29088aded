//! Rows of the controller, each beside a bare client on the same real control plane (`host/cluster/benches/plane`).

use super::process::{line, number};
use super::table::{Table, Target};
use crate::cargo::cargo;
use crate::generated::root;
use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How large.
#[derive(Args)]
pub(super) struct Size {
    /// Claims of the cluster; there are as many volumes and twice as many Pods
    #[arg(long, default_value_t = 20_000)]
    cluster_claims: usize,
    /// Claims that become eligible one after the other
    #[arg(long, default_value_t = 100)]
    cluster_events: usize,
    /// Seconds in which nothing happens
    #[arg(long, default_value_t = 60)]
    cluster_idle: usize,
}

/// Events of which the processor time is counted; each waits until the loop is at rest.
const EVENTS: usize = 100;

/// Builds the bench as the tests are built, so that nothing large is compiled again.
pub(super) fn build() -> anyhow::Result<PathBuf> {
    let args = ["build", "--locked", "--bench", "plane"];
    let output = cargo()
        .args(args)
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo {}", args.join(" "));
    let built = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let plane = message.pointer("/target/name")? == "plane";
        message.get("executable")?.as_str().filter(|_| plane).map(PathBuf::from)
    };
    String::from_utf8(output.stdout)?.lines().find_map(built).context("cargo names no bench `plane`")
}

/// The bench as cargo would run it: the files that it installs lie beside its package.
fn bench(plane: &Path) -> Command {
    let mut command = Command::new(plane);
    command.env("CARGO_MANIFEST_DIR", root().join("host/cluster"));
    command
}

pub(super) fn round(plane: &Path, size: &Size, table: &mut Table) -> anyhow::Result<()> {
    marks(plane, size.cluster_events, table)?;
    let large = |claims: usize, idle: usize| {
        let numbers = [claims, idle, EVENTS].map(|number| number.to_string());
        line(bench(plane).arg("large").args(numbers))
    };
    let full = large(size.cluster_claims, size.cluster_idle)?;
    let small = large(size.cluster_claims / 10, 0)?;
    if skipped(&full, "a large cluster", table) {
        return Ok(());
    }
    start(&full, table)?;
    memory(&full, &small, table)?;
    event(&full, &small, table)
}

/// Says so where there is no control plane.
fn skipped(said: &Value, figure: &str, table: &mut Table) -> bool {
    let why = said.get("skipped").and_then(Value::as_str);
    if let Some(why) = why {
        table.note(figure, Target::None, why);
    }
    why.is_some()
}

fn at(said: &Value, pointer: &str) -> anyhow::Result<f64> {
    let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    number(said.pointer(parent).with_context(|| format!("no {parent} in {said}"))?, key)
}

fn marks(plane: &Path, events: usize, table: &mut Table) -> anyhow::Result<()> {
    let said = line(bench(plane).args(["mark", &events.to_string()]))?;
    if skipped(&said, "from an event to the mark", table) {
        return Ok(());
    }
    let name = format!("{events} events, each to its mark");
    let p99 = (at(&said, "/loop/p99")?, at(&said, "/bare/p99")?);
    let p50 = (at(&said, "/loop/p50")?, at(&said, "/bare/p50")?);
    table.add(&format!("{name}, p99"), "ms", Target::None, p99.0 * 1e3, (p99.0, 0.0));
    table.add(
        &format!("{name}: the same calls, bare client, p99"),
        "ms",
        Target::None,
        p99.1 * 1e3,
        (p99.1, 0.0),
    );
    table.add(
        &format!("{name}: controller / bare client, p99"),
        "x",
        Target::AtMost(1.3),
        p99.0 / p99.1,
        (p99.0, 0.0),
    );
    table.add(
        &format!("{name}: controller / bare client, p50"),
        "x",
        Target::None,
        p50.0 / p50.1,
        (p50.0, 0.0),
    );
    let outside = at(&said, "/lists/outside")?;
    table.add(
        "LIST calls outside of acting, start and idle included",
        "",
        Target::AtMost(0.0),
        outside,
        (0.0, 0.0),
    );
    let most = at(&said, "/lists/most")?;
    table.add("LIST calls of a kind and namespace in one batch", "", Target::AtMost(1.0), most, (0.0, 0.0));
    Ok(())
}

fn start(said: &Value, table: &mut Table) -> anyhow::Result<()> {
    let claims = number(said, "claims")?;
    let name = format!("{claims} claims + {claims} volumes + {} Pods", claims * 2.0);
    let plan = (at(said, "/plan/wall")?, at(said, "/plan/cpu")?);
    let list = (at(said, "/listed/wall")?, at(said, "/listed/cpu")?);
    let first = format!("{name}: start to first plan / bare list");
    table.add(&format!("{first}, wall"), "x", Target::AtMost(1.3), plan.0 / list.0, plan);
    table.add(&format!("{first}, CPU"), "x", Target::AtMost(1.3), plan.1 / list.1, plan);
    let (seconds, spent) = (at(said, "/idle/seconds")?, at(said, "/idle/cpu")?);
    let share = 100.0 * spent / seconds.max(1.0);
    table.add(&format!("{name}: idle, of a core"), "%", Target::AtMost(0.5), share, (seconds, spent));
    Ok(())
}

/// What an object adds to the memory of the process, from a tenth of them to all: connections and code are there without any.
fn memory(full: &Value, small: &Value, table: &mut Table) -> anyhow::Result<()> {
    let name = format!("{} claims: memory", number(full, "claims")?);
    let more = |pointer: &str| anyhow::Ok(at(full, pointer)? - at(small, pointer)?);
    let objects = more("/listed/objects")?;
    let (own, trimmed) = (more("/memory/resident")? / objects, more("/listed/trimmed")? / objects);
    let none = (0.0, 0.0);
    table.add(
        &format!("{name} without any object"),
        "MiB",
        Target::None,
        (at(full, "/memory/resident")? - own * at(full, "/listed/objects")?) / f64::from(1 << 20),
        none,
    );
    table.add(&format!("{name}, an object"), "B", Target::None, own, none);
    table.add(&format!("{name}, an object's trimmed JSON"), "B", Target::None, trimmed, none);
    table.add(
        &format!("{name}, an object / its trimmed JSON"),
        "x",
        Target::AtMost(0.5),
        own / trimmed,
        none,
    );
    table.add(
        &format!("{name}, the most there ever was"),
        "MiB",
        Target::None,
        at(full, "/memory/peak")? / f64::from(1 << 20),
        none,
    );
    Ok(())
}

/// One event, beside the same in a tenth of the cluster.
fn event(full: &Value, small: &Value, table: &mut Table) -> anyhow::Result<()> {
    let objects = at(full, "/listed/objects")?;
    for (what, key) in [("a claim's annotation", "/event/cpu"), ("a Pod's heartbeat", "/unread/cpu")] {
        let (large, tenth) = (at(full, key)?, at(small, key)?);
        let name = format!("{objects} objects: {what}");
        table.add(&name, "ms", Target::None, large * 1e3, (0.0, large));
        // Linux counts in hundredths of a second: less than one an event is none.
        let ratio = large.max(0.001) / tenth.max(0.001);
        table.add(&format!("{name}, CPU / in a tenth"), "x", Target::AtMost(1.3), ratio, (0.0, large));
    }
    Ok(())
}
