//! The guest without its sandbox, for comparison alone: `native POLICY.rego DOCUMENTS (answers|time)`. Documents stand one a
//! line. Nothing that ships runs this; a policy can take the process down.

#![expect(clippy::print_stdout, reason = "printing is all it does")]

use anyhow::{Context as _, anyhow, bail};
use probate_contract::rego::{LoadRequest, Purpose, SourceFile};
use probate_rego::Failure;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [policy, documents, mode] = words.as_slice() else {
        bail!("native POLICY.rego DOCUMENTS (answers|time)")
    };
    let name = Path::new(policy).file_name().context("no file")?.to_string_lossy().into_owned();
    let files = vec![SourceFile { name, text: std::fs::read_to_string(policy)? }];
    let request = LoadRequest { package: None, files, purpose: Purpose::Evaluate, coverage: false };
    let mut session = probate_rego::load(&request).map_err(|refused| anyhow!("{refused:?}"))?;
    let text = std::fs::read_to_string(documents)?;
    if mode == "answers" {
        for document in text.lines() {
            println!("{}", answer(session.evaluate(document)));
        }
        return Ok(());
    }
    let start = (Instant::now(), cpu_seconds());
    let decided = text.lines().filter(|document| session.evaluate(document).is_ok()).count();
    let (wall, cpu) = (start.0.elapsed().as_secs_f64(), cpu_seconds() - start.1);
    println!("{}", json!({"wall": wall, "cpu": cpu, "decided": decided}));
    Ok(())
}

/// Processor seconds of this process so far; Linux counts them in hundredths.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn answer(answer: Result<probate_contract::Verdict, Failure>) -> Value {
    match answer {
        Ok(verdict) => json!(verdict),
        Err(Failure::Policy(_)) => json!({"cause": "PolicyError"}),
        Err(Failure::Verdict(_)) => json!({"cause": "BadVerdict"}),
    }
}
