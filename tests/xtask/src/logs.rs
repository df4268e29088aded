//! `cargo xtask logs FOLDER`: decides the logs that tests have kept again, and changes bytes of them, which `verify` must find. Run it
//! in another checkout than the tests, or on another machine: nothing but the folder comes from there.

use crate::bench::say;
use crate::cargo::{cargo, target};
use anyhow::{Context as _, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Numbers of threads that decide again.
const THREADS: [&str; 3] = ["1", "2", "5"];
/// Bytes that are changed in each log, evenly over it.
const FLIPS: usize = 40;

pub(crate) fn run(folder: &Path) -> anyhow::Result<()> {
    let built = cargo().args(["build", "--quiet", "--locked", "--bin", "probate"]).status();
    ensure!(built.context("cannot start cargo")?.success(), "probate does not build");
    let mut parts: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("{}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    parts.sort();
    let (mut lines, mut decisions, mut flips) = (0, 0, 0);
    for part in &parts {
        let log = part.join("log.jsonl");
        let bytes = fs::read(&log).with_context(|| format!("{}", log.display()))?;
        let verified = probate(&["verify"], &[&log])?;
        ensure!(verified.status.success(), "{}: {}", log.display(), told(&verified));
        lines += bytes.iter().filter(|byte| **byte == b'\n').count();
        decisions += again(part, &log, decisions_of(&bytes))?;
        flips += flipped(part, &bytes)?;
    }
    ensure!(decisions > 0, "no decision in {}", folder.display());
    say(&format!(
        "{} logs, {lines} lines: {decisions} decisions again with {} threads, the same byte for byte; {flips} changed bytes, each found",
        parts.len(),
        THREADS.join(", ")
    ))
}

fn decisions_of(log: &[u8]) -> usize {
    let decision = |line: &[u8]| {
        let line = serde_json::from_slice::<serde_json::Value>(line).unwrap_or_default();
        line.get("kind").is_some_and(|kind| kind == "DecisionRecord")
    };
    log.split(|byte| *byte == b'\n').filter(|line| decision(line)).count()
}

/// Each number of threads gives the same decisions; gives how many.
fn again(part: &Path, log: &Path, decisions: usize) -> anyhow::Result<usize> {
    let policies = part.join("policies").display().to_string();
    for threads in THREADS.iter().filter(|_| decisions > 0) {
        let output = probate(&["--threads", threads, "replay", "-p", &policies], &[log])?;
        let said = String::from_utf8_lossy(&output.stdout);
        let plural = if decisions == 1 { "decision" } else { "decisions" };
        let same = said.trim_end() == format!("{decisions} {plural} again, the same byte for byte.");
        ensure!(output.status.success() && same, "{} on {threads}: {}", log.display(), told(&output));
    }
    Ok(decisions)
}

fn flipped(part: &Path, bytes: &[u8]) -> anyhow::Result<usize> {
    let (changed, step) = (part.join("changed.jsonl"), (bytes.len() / FLIPS).max(1));
    let mut flips = 0;
    for at in (0..bytes.len()).step_by(step) {
        let mut copy = bytes.to_vec();
        copy.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
        fs::write(&changed, copy)?;
        let verified = probate(&["verify"], &[&changed])?;
        ensure!(verified.status.code() == Some(1), "byte {at} of {}: {}", part.display(), told(&verified));
        flips += 1;
    }
    if flips > 0 {
        fs::remove_file(&changed)?;
    }
    Ok(flips)
}

fn probate(args: &[&str], files: &[&Path]) -> anyhow::Result<Output> {
    let program = target().join("debug").join("probate");
    Command::new(program).args(args).args(files).output().context("cannot start probate")
}

fn told(output: &Output) -> String {
    format!(
        "{} {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
