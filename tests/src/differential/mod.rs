//! One policy, many documents, several engines: the sandboxed guest, OPA's Go library, and regorus without a sandbox in a child
//! process. What loads must mean the same everywhere.

mod opa;

pub use opa::{Opa, Said, script};

use crate::generator::evidence::{Mix, document};
use anyhow::{Context as _, anyhow, bail};
use probate_cli::policies::{LoadedPolicy, Policies};
use probate_contract::evidence::Open;
use probate_contract::{Cause, Verdict};
use probate_core::port::Answer;
use probate_sandbox::{Engine, EngineOptions};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The repository. Asked at run time: two checkouts may share one target directory.
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let top = here.ancestors().find(|folder| folder.join("Cargo.lock").exists());
    top.unwrap_or(&here).to_path_buf()
}

/// Policies that are compared: the shipped ones, then the small ones of `tests/data/differential`.
///
/// # Errors
/// A folder that cannot be read.
pub fn policies() -> anyhow::Result<Vec<PathBuf>> {
    let list = |folder: PathBuf, wanted: fn(&Path) -> bool| -> anyhow::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut found: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| wanted(path)).collect();
        found.sort();
        Ok(found)
    };
    let mut all = list(root().join("policies"), |path| path.join("policy.rego").is_file())?;
    all.extend(list(root().join("tests/data/differential"), |path| {
        path.extension().is_some_and(|extension| extension == "rego")
    })?);
    Ok(all)
}

/// An engine that keeps the compiled guest where the command keeps it.
///
/// # Errors
/// The sandbox does not start on this machine.
pub fn engine(threads: Option<std::num::NonZeroUsize>) -> anyhow::Result<Engine> {
    let now = probate_core::time::parse(crate::generator::NOW).unwrap_or_default();
    probate_cli::session::engine(now, threads).map_err(|stop| anyhow!("{:?}", stop.diagnostics))
}

/// An engine that shares nothing with the user's own.
///
/// # Errors
/// The sandbox does not start on this machine.
pub fn engine_in(cache: &Path) -> anyhow::Result<Engine> {
    let now = probate_core::time::parse(crate::generator::NOW).unwrap_or_default();
    let options = EngineOptions {
        cache_dir: Some(cache.to_path_buf()),
        threads: None,
        now_seconds: u64::try_from(now).unwrap_or_default(),
    };
    Ok(Engine::new(options)?)
}

/// Loads the one policy of a path.
///
/// # Errors
/// It does not load.
pub fn load(path: &Path, engine: &Engine) -> anyhow::Result<LoadedPolicy> {
    let policies =
        Policies::load(&[path.to_path_buf()], engine).map_err(|stop| anyhow!("{:?}", stop.diagnostics))?;
    let policy = policies.items.into_iter().next().context("no policy")?;
    match &policy.program {
        Ok(_) => Ok(policy),
        Err(failure) => bail!("{}: {}: {:?}", path.display(), failure.message, policy.diagnostics),
    }
}

/// Documents for a policy, its parameters in each.
pub fn documents(seed: u64, count: usize, mix: Mix, parameters: &Open) -> Vec<Value> {
    let with = |at: usize| {
        let mut document = document(seed, at, mix);
        if let Some(fields) = document.as_object_mut() {
            fields.insert("parameters".into(), Value::Object(parameters.clone()));
        }
        document
    };
    (0..count).map(with).collect()
}

/// How one policy came off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The policy's name.
    pub policy: String,
    /// Documents.
    pub asked: usize,
    /// Answers other than no opinion.
    pub decided: usize,
    /// The guest fails where OPA goes on as undefined: built-in errors count here as failures, which retain.
    pub stricter: usize,
    /// What differs, spelt out.
    pub disagreements: Vec<String>,
}

/// Compares the guest with OPA.
///
/// # Errors
/// The policy does not load in one of them.
pub fn against_opa(
    path: &Path,
    engine: &Engine,
    opa: &Opa,
    seed: u64,
    count: usize,
) -> anyhow::Result<Outcome> {
    let policy = load(path, engine)?;
    let documents = documents(seed, count, Mix::Wild, &policy.parameters);
    let answers = ask(&policy, &documents)?;
    let modules = modules(&policy)?;
    let said = opa.answers(&modules, &entry(&policy), &documents)?;
    let mut outcome = Outcome { policy: name(path), asked: count, ..Outcome::default() };
    if said.len() != documents.len() {
        bail!("OPA answered {} of {} documents", said.len(), documents.len());
    }
    for ((document, answer), said) in documents.iter().zip(&answers).zip(&said) {
        outcome.decided += usize::from(!matches!(answer, Ok(verdict) if *verdict == Verdict::default()));
        match agree(answer, said) {
            Agreement::Same => {}
            Agreement::Stricter => outcome.stricter += 1,
            Agreement::Different => outcome.differs(document, answer, said),
        }
    }
    Ok(outcome)
}

impl Outcome {
    /// Notes a difference.
    pub fn differs(&mut self, document: &Value, left: &impl std::fmt::Debug, right: &impl std::fmt::Debug) {
        let mut text = String::new();
        let _ = write!(text, "{}\n  guest: {left:?}\n  other: {right:?}\n  input: {document}", self.policy);
        self.disagreements.push(text);
    }
}

/// The name of a policy's folder or file.
pub fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What the guest answers.
///
/// # Errors
/// The program is not there.
pub fn ask(policy: &LoadedPolicy, documents: &[Value]) -> anyhow::Result<Vec<Answer>> {
    let program = policy.program.as_ref().map_err(|failure| anyhow!("{}", failure.message))?;
    let inputs: Vec<Arc<str>> = documents.iter().map(|document| document.to_string().into()).collect();
    Ok(inputs.chunks(256).flat_map(|chunk| program.ask(chunk)).collect())
}

/// Names and texts of the policy's files, and of the helpers that probate adds.
///
/// # Errors
/// It is no Rego policy.
pub fn modules(policy: &LoadedPolicy) -> anyhow::Result<Vec<(String, String)>> {
    let rego = policy.sources.as_ref().and_then(|sources| sources.rego.as_ref()).context("no Rego policy")?;
    let mut modules: Vec<(String, String)> =
        rego.files.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
    modules.push(("probate.rego".into(), include_str!("../../../host/rego/src/probate.rego").into()));
    Ok(modules)
}

/// The rule that answers.
pub fn entry(policy: &LoadedPolicy) -> String {
    let name = policy.description.as_ref().map(|description| description.name.as_str()).unwrap_or_default();
    format!("data.{name}.verdict")
}

/// Whether two engines said the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They did.
    Same,
    /// The guest fails, which retains, where OPA has no opinion.
    Stricter,
    /// They did not.
    Different,
}

/// Compares an answer with what OPA says; the default basis is the guest's own.
pub fn agree(answer: &Answer, said: &Said) -> Agreement {
    let same = |same: bool| if same { Agreement::Same } else { Agreement::Different };
    match (answer, said) {
        (Ok(verdict), Said::Undefined) => same(*verdict == Verdict::default()),
        (Err(failure), Said::Undefined) if failure.cause == Cause::PolicyError => Agreement::Stricter,
        (Err(failure), Said::Error(_)) => same(failure.cause == Cause::PolicyError),
        (Ok(_), Said::Error(_)) | (Err(_), Said::Undefined) => Agreement::Different,
        (answer, Said::Value(value)) => {
            let typed =
                serde_json::from_value::<Verdict>(value.clone()).ok().filter(|typed| typed.check().is_ok());
            match (answer, typed) {
                (Ok(verdict), Some(typed)) => {
                    let basis = if typed.basis.is_empty() { Vec::new() } else { verdict.basis.clone() };
                    same(Verdict { basis, ..verdict.clone() } == typed)
                }
                (Err(failure), None) => same(failure.cause == Cause::BadVerdict),
                _ => Agreement::Different,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample; `cargo xtask differential` asks twenty times as much, and regorus without a sandbox too.
    #[test]
    fn the_guest_means_what_opa_means() {
        let Some(opa) = Opa::find().unwrap() else {
            println!("skipped: the Python package opa-golib-python-bindings is not installed");
            return;
        };
        let cache = root().join("target/differential-cache");
        std::fs::create_dir_all(cache.parent().unwrap()).unwrap();
        let engine = engine_in(&cache).unwrap();
        let mut decided = 0;
        for path in policies().unwrap() {
            let outcome = against_opa(&path, &engine, &opa, 11, 100).unwrap();
            assert_eq!(outcome.disagreements, Vec::<String>::new());
            decided += outcome.decided;
        }
        assert!(decided > 500, "{decided}");
    }

    #[test]
    fn a_difference_is_seen() {
        let delete =
            Verdict { action: probate_contract::Action::Delete, reason: "x".into(), ..Verdict::default() };
        let value = Said::Value(serde_json::json!({"action": "Delete", "reason": "x"}));
        assert_eq!(agree(&Ok(delete.clone()), &value), Agreement::Same);
        assert_eq!(agree(&Ok(delete), &Said::Undefined), Agreement::Different);
        assert_eq!(agree(&Ok(Verdict::default()), &value), Agreement::Different);
        assert_eq!(agree(&Ok(Verdict::default()), &Said::Error("conflict".into())), Agreement::Different);
    }
}
