//! `cargo xtask twins`: builds the Rust twins of the shipped policies for `wasm32-wasip2` and copies each beside its manifest,
//! as `policies/NAME/policy.wasm`, where the suites of the policy look for it. Builds the example policy in Rust likewise.

use crate::cargo::{cargo, target};
use crate::generated::root;
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::process::Stdio;

pub(crate) fn run() -> anyhow::Result<()> {
    let output = cargo()
        .args(["build", "--locked", "--package", "probate-policies", "--examples"])
        .args([
            "--target",
            "wasm32-wasip2",
            "--profile",
            "guest",
            "--message-format",
            "json-render-diagnostics",
        ])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(
        output.status.success(),
        "the twins do not build; if the target is missing: rustup target add wasm32-wasip2"
    );
    let mut count = 0_usize;
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        if let Some((name, file)) = component(&message) {
            let to = root().join("policies").join(name).join("policy.wasm");
            std::fs::copy(file, &to).with_context(|| format!("cannot copy {file} to {}", to.display()))?;
            count += 1;
        }
    }
    ensure!(count > 0, "cargo built no twin: policies/Cargo.toml declares them as examples");
    example()
}

/// `examples/rust-policy`, a workspace of its own as it would be in a user's repository.
fn example() -> anyhow::Result<()> {
    let folder = root().join("examples/rust-policy");
    let target = target().join("guests").join("example");
    let status = cargo()
        .current_dir(&folder)
        .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "examples/rust-policy does not build");
    let built = target.join("wasm32-wasip2/release/big_disks.wasm");
    let to = folder.join("policy.wasm");
    std::fs::copy(&built, &to)
        .with_context(|| format!("cannot copy {} to {}", built.display(), to.display()))?;
    Ok(())
}

/// Name and file of the component that a message of cargo announces.
fn component(message: &Value) -> Option<(&str, &str)> {
    let target = message.get("target")?;
    let is_example = target.get("kind")?.as_array()?.iter().any(|kind| kind == "example");
    let mut files = message.get("filenames")?.as_array()?.iter().filter_map(Value::as_str);
    let file = files.find(|file| file.ends_with(".wasm"))?;
    is_example.then_some((target.get("name")?.as_str()?, file))
}
