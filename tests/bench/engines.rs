//! One policy, `unused-claims`, in every engine: the sandboxed Rego guest, its Rust twin, OPA, and a Rust closure
//! that decodes the evidence itself; regorus without a sandbox is an example of `host/rego`. One thread; what is timed is documents in, verdicts out.

use crate::measure::cpu_seconds;
use anyhow::{Context as _, anyhow, bail};
use probate_cli::policies::LoadedPolicy;
use probate_contract::evidence::Evidence;
use probate_contract::{Action, Verdict};
use probate_core::digest;
use probate_core::port::Answer;
use probate_sandbox::{Engine, Program, Source};
use probate_tests::differential::{self, Opa, documents, entry, modules, root};
use probate_tests::generator::evidence::{Mix, project};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Distinct inputs of one session, as the core cuts them.
const CHUNK: usize = 256;

/// Runs one engine over so many documents and prints its time; `documents` writes them to a file instead.
pub(crate) fn run(
    mode: &str,
    mix: &str,
    facts: &str,
    count: usize,
    file: Option<&Path>,
) -> anyhow::Result<()> {
    let mix = match mix {
        "real-like" => Mix::RealLike,
        "all-distinct" => Mix::AllDistinct,
        other => bail!("no mix {other}"),
    };
    let engine = differential::engine(NonZeroUsize::new(1))?;
    let policy = differential::load(&root().join("policies/unused-claims"), &engine)?;
    let mut documents = documents(1, count, mix, &policy.parameters);
    if facts == "projected" {
        let reads = policy.description.as_ref().context("no description")?.reads.clone();
        documents = documents.iter().map(|document| project(document, &reads)).collect();
    }
    if mode == "opa" {
        return opa(&policy, &documents);
    }
    let inputs: Vec<Arc<str>> = documents.iter().map(|document| document.to_string().into()).collect();
    drop(documents);
    if let Some(file) = file {
        std::fs::write(file, inputs.join("\n"))?;
        return Ok(());
    }
    let work = engine_of(mode, &engine, &policy)?;
    // The first session pays for the first touch of everything.
    work(inputs.get(..inputs.len().min(64)).unwrap_or_default());
    let start = (Instant::now(), cpu_seconds());
    let answers = work(&inputs);
    let (wall, cpu) = (start.0.elapsed().as_secs_f64(), cpu_seconds() - start.1);
    let distinct = inputs.iter().collect::<std::collections::HashSet<_>>().len();
    println!(
        "{}",
        json!({"cpu": cpu, "wall": wall, "count": count, "distinct": distinct, "answers": summary(&answers)})
    );
    Ok(())
}

type Work = Box<dyn Fn(&[Arc<str>]) -> Vec<Answer>>;

fn engine_of(mode: &str, engine: &Engine, policy: &LoadedPolicy) -> anyhow::Result<Work> {
    let program = || policy.program.clone().map_err(|failure| anyhow!("{}", failure.message));
    Ok(match mode {
        "guest" => sandboxed(program()?),
        "memo" => {
            let work = sandboxed(program()?);
            Box::new(move |inputs| remembered(&work, inputs))
        }
        "sdk" => {
            let file = root().join("policies/unused-claims/policy.wasm");
            let bytes = std::fs::read(&file).context("no twin: run `cargo xtask twins`")?;
            let loaded = engine.load(&Source::Wasm(bytes.into()), &policy.manifest.spec.limits)?;
            sandboxed(loaded.configure(&Value::Object(policy.parameters.clone()))?)
        }
        "closure" => Box::new(|inputs| inputs.iter().map(|input| Ok(closure(input))).collect()),
        other => bail!("no engine {other}"),
    })
}

fn sandboxed(program: Program) -> Work {
    Box::new(move |inputs| inputs.chunks(CHUNK).flat_map(|chunk| program.ask(chunk)).collect())
}

/// Equal documents are asked once, as the core does.
fn remembered(work: &Work, inputs: &[Arc<str>]) -> Vec<Answer> {
    let mut places: HashMap<Arc<str>, usize> = HashMap::new();
    let mut distinct: Vec<Arc<str>> = Vec::new();
    let at: Vec<usize> = inputs
        .iter()
        .map(|input| {
            *places.entry(input.clone()).or_insert_with(|| {
                distinct.push(input.clone());
                distinct.len() - 1
            })
        })
        .collect();
    let answers = work(&distinct);
    at.into_iter().filter_map(|at| answers.get(at).cloned()).collect()
}

/// The policy as a Rust function over the contract's own types.
fn closure(input: &str) -> Verdict {
    let Ok(evidence) = serde_json::from_str::<Evidence>(input) else { return Verdict::default() };
    let verdict = |action, reason: String, rule: &str| Verdict {
        action,
        reason,
        rule: Some(rule.into()),
        ..Verdict::default()
    };
    if evidence
        .namespace
        .as_ref()
        .is_some_and(|namespace| namespace.labels.get("env").is_some_and(|env| env == "prod"))
    {
        return verdict(Action::Retain, "production stays".into(), "production");
    }
    let usage = evidence.usage.unwrap_or_default();
    match (usage.unused_since, usage.unused_seconds) {
        (Some(since), Some(seconds)) if seconds >= 30 * 86_400 => {
            verdict(Action::Delete, format!("unused since {since}"), "unused")
        }
        _ => Verdict::default(),
    }
}

/// A digest of the answers, so that every engine is known to have done the work.
fn summary(answers: &[Answer]) -> String {
    let plain = |answer: &Answer| match answer {
        Ok(verdict) => json!([verdict.action, verdict.reason, verdict.rule]),
        Err(failure) => json!(failure.message),
    };
    digest::of_json(&answers.iter().map(plain).collect::<Vec<Value>>())
}

fn opa(policy: &LoadedPolicy, documents: &[Value]) -> anyhow::Result<()> {
    let Some(opa) = Opa::find()? else {
        println!("{}", json!({"missing": "OPA not installed"}));
        return Ok(());
    };
    let (single, batched) = opa.seconds(&modules(policy)?, &entry(policy), documents)?;
    println!(
        "{}",
        json!({"cpu": batched.min(single), "single": single, "batched": batched, "count": documents.len()})
    );
    Ok(())
}
