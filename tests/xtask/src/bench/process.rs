//! A process, measured from outside: wall time, processor time, peak memory. Linux only, as the figures are.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a process took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Took {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) peak_bytes: f64,
}

/// Prints a line.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("cannot print")
}

/// Runs a process whose exit code must be one of 0, 8, 9, 20 (a plan was made).
pub(crate) fn run(command: &mut Command) -> anyhow::Result<Took> {
    let before = children();
    let start = Instant::now();
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("cannot start a process")?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0;
    let done = loop {
        if let Some(done) = child.try_wait()? {
            break done;
        }
        peak = peak_in(&std::fs::read_to_string(&status).unwrap_or_default()).max(peak);
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = start.elapsed().as_secs_f64();
    ensure!(matches!(done.code(), Some(0 | 8 | 9 | 20)), "{command:?}: {done}");
    Ok(Took { wall, cpu: children() - before, peak_bytes: peak })
}

/// Runs a process that must succeed.
pub(crate) fn quiet(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("cannot start a process")?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// The line of JSON that a process prints last.
pub(crate) fn line(command: &mut Command) -> anyhow::Result<Value> {
    let output = command.stderr(Stdio::inherit()).output().context("cannot start a process")?;
    ensure!(output.status.success(), "{command:?}: {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    serde_json::from_str(text.lines().last().unwrap_or_default())
        .with_context(|| format!("{command:?} prints no JSON"))
}

/// A number of such a line.
pub(crate) fn number(value: &Value, key: &str) -> anyhow::Result<f64> {
    value.get(key).and_then(Value::as_f64).with_context(|| format!("no {key} in {value}"))
}

fn peak_in(status: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}

/// Processor seconds of all children that have ended. Linux counts them in hundredths.
fn children() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    (fields.get(13).unwrap_or(&0.0) + fields.get(14).unwrap_or(&0.0)) / 100.0
}
