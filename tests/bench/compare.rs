//! The long run of the differential tests: the guest against OPA, and against regorus without a sandbox.

use anyhow::{Context as _, bail};
use probate_core::port::Answer;
use probate_sandbox::Engine;
use probate_tests::differential::{self, Opa, Outcome, against_opa, documents, load, name};
use probate_tests::generator::evidence::Mix;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// Prints a line for each policy, then what differs.
pub(crate) fn run(count: usize, native: usize, program: &Path) -> anyhow::Result<()> {
    let engine = differential::engine(None)?;
    let opa = Opa::find()?;
    if opa.is_none() {
        println!(
            "SKIPPED against OPA: pip install --ignore-requires-python opa-golib-python-bindings==0.4.4"
        );
    }
    println!(
        "{:<34} {:>7} {:>7} {:>8} {:>8} {:>7}",
        "policy", "asked", "decided", "stricter", "differ", "native"
    );
    let mut differences = Vec::new();
    let (mut policies, mut asked) = (0, 0);
    for path in differential::policies()? {
        let outcome = match &opa {
            Some(opa) => against_opa(&path, &engine, opa, 7, count)?,
            None => Outcome { policy: name(&path), ..Outcome::default() },
        };
        let other = beside(&path, &engine, native, program)?;
        println!(
            "{:<34} {:>7} {:>7} {:>8} {:>8} {:>7}",
            outcome.policy,
            outcome.asked,
            outcome.decided,
            outcome.stricter,
            outcome.disagreements.len(),
            other.disagreements.len()
        );
        policies += 1;
        asked += outcome.asked;
        differences.extend(outcome.disagreements);
        differences.extend(other.disagreements);
    }
    println!(
        "{policies} policies, {asked} documents against OPA, {native} each without a sandbox, {} disagreements",
        differences.len()
    );
    for difference in differences.iter().take(20) {
        println!("{difference}");
    }
    if differences.is_empty() { Ok(()) } else { bail!("the engines disagree") }
}

/// The guest against regorus in a child process, which may die of it.
fn beside(path: &Path, engine: &Engine, count: usize, program: &Path) -> anyhow::Result<Outcome> {
    let policy = load(path, engine)?;
    let documents = documents(23, count, Mix::Wild, &policy.parameters);
    let answers = differential::ask(&policy, &documents)?;
    let mut file = tempfile::NamedTempFile::new()?;
    for document in &documents {
        writeln!(file, "{document}")?;
    }
    file.flush()?;
    let source = if path.is_dir() { path.join("policy.rego") } else { path.to_path_buf() };
    let output = Command::new(program).arg(source).arg(file.path()).arg("answers").output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut lines = text.lines();
    let mut outcome = Outcome { policy: name(path), asked: count, ..Outcome::default() };
    for (document, answer) in documents.iter().zip(&answers) {
        let other = lines.next().context("regorus without a sandbox died")?;
        let own = shown(answer).to_string();
        if own != other {
            outcome.differs(document, &own, &other);
        }
    }
    Ok(outcome)
}

fn shown(answer: &Answer) -> Value {
    match answer {
        Ok(verdict) => json!(verdict),
        Err(failure) => json!({"cause": failure.cause}),
    }
}
