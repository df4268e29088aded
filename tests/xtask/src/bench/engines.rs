//! Rows of the engines: one policy, `unused-claims`, over evidence that is all distinct and that is like a cluster's.

use super::Built;
use super::process::{line, number, quiet};
use super::table::{Table, Target};
use crate::generated::root;
use serde_json::Value;
use std::process::Command;

/// What is said where OPA is not there.
const NO_OPA: &str =
    "OPA not installed: pip install --ignore-requires-python opa-golib-python-bindings==0.4.4";
const MIXES: [&str; 2] = ["all-distinct", "real-like"];

/// One engine over all documents: processor microseconds a document, and what the child said.
struct Ran {
    micros: f64,
    times: (f64, f64),
    answers: String,
}

pub(super) fn round(built: &Built, count: usize, table: &mut Table) -> anyhow::Result<()> {
    for mix in MIXES {
        let ran = |mode: &str, facts: &str| -> anyhow::Result<Ran> {
            let said =
                line(Command::new(&built.bench).args(["engine", mode, mix, facts, &count.to_string()]))?;
            let cpu = number(&said, "cpu")?;
            let answers = said.get("answers").map(Value::to_string).unwrap_or_default();
            Ok(Ran { micros: cpu * 1e6 / count as f64, times: (number(&said, "wall")?, cpu), answers })
        };
        let full = ran("guest", "full")?;
        let projected = ran("guest", "projected")?;
        let memo = ran("memo", "projected")?;
        let sdk = ran("sdk", "projected")?;
        let closure = ran("closure", "projected")?;
        for other in [&projected, &memo, &sdk, &closure] {
            anyhow::ensure!(other.answers == full.answers, "{mix}: two engines answer differently");
        }
        let native = native(built, mix, count)?;
        let us = |name: &str| format!("unused-claims, {mix}: {name}, a document");
        for (name, ran) in [
            ("Rego in the sandbox, full evidence", &full),
            ("Rego in the sandbox, projected", &projected),
            ("Rego in the sandbox, projected, memo", &memo),
            ("Rust SDK in the sandbox, projected", &sdk),
            ("Rust closure that decodes, projected", &closure),
            ("regorus without a sandbox, projected", &native),
        ] {
            table.add(&us(name), "us", Target::None, ran.micros, ran.times);
        }
        let ratio = format!("unused-claims, {mix}: Rust SDK / Rust closure");
        table.add(&ratio, "x", Target::AtMost(2.0), sdk.micros / closure.micros, sdk.times);
        opa(built, mix, count, (&projected, &memo), table)?;
    }
    Ok(())
}

/// Full evidence goes to OPA: that it takes projections is ours, not its.
fn opa(built: &Built, mix: &str, count: usize, ours: (&Ran, &Ran), table: &mut Table) -> anyhow::Result<()> {
    let (name, target, own) = match mix {
        "all-distinct" => ("projected", Target::AtLeast(1.5), ours.0),
        _ => ("memo", Target::AtLeast(10.0), ours.1),
    };
    for facts in ["projected", "full"] {
        let figure = format!("unused-claims, {mix}: OPA batched ({facts} input) / Rego sandboxed, {name}");
        let target = if facts == "full" { target } else { Target::None };
        let said = line(Command::new(&built.bench).args(["engine", "opa", mix, facts, &count.to_string()]))?;
        let Ok(cpu) = number(&said, "cpu") else {
            table.note(&figure, target, NO_OPA);
            continue;
        };
        let micros = cpu * 1e6 / count as f64;
        table.add(
            &format!("unused-claims, {mix}: OPA batched, {facts} input, a document"),
            "us",
            Target::None,
            micros,
            (cpu, cpu),
        );
        table.add(&figure, "x", target, micros / own.micros, (cpu, cpu));
    }
    Ok(())
}

fn native(built: &Built, mix: &str, count: usize) -> anyhow::Result<Ran> {
    let file = built.folder.join("documents.jsonl");
    quiet(Command::new(&built.bench).args(["documents", mix, "projected", &count.to_string()]).arg(&file))?;
    let policy = root().join("policies/unused-claims/policy.rego");
    let said = line(Command::new(&built.native).arg(policy).arg(&file).arg("time"))?;
    let (wall, cpu) = (number(&said, "wall")?, number(&said, "cpu")?);
    Ok(Ran { micros: cpu * 1e6 / count as f64, times: (wall, cpu), answers: String::new() })
}
