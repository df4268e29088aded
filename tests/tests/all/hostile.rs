//! Hostile policies: each is refused or contained, fails with a cause of its own, and leaves its neighbours' answers alone. What
//! only the whole can show (a wrong digest, wrong parameters, impure answers) stands here too.

use crate::support::{ENGINE, decide, inventory, policies, root};
use probate_cli::policies::Policies;
use probate_contract::manifest::Limits;
use probate_contract::plan::{DecisionAction, Vote};
use probate_contract::rego::SourceFile;
use probate_contract::verdict::{Action, Verdict, printable};
use probate_contract::{Cause, examples};
use probate_core::port::{Answer, Chunk, Failure, Sandbox};
use probate_sandbox::{LoadError, Program, Programs, RegoSource, Source};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Deserialize)]
struct Item {
    file: String,
    class: String,
    when: When,
    causes: Vec<Cause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum When {
    Load,
    Ask,
    Any,
}

fn corpus() -> Vec<(Item, String)> {
    let folder = root().join("tests/data/hostile/rego");
    let index: Vec<Item> =
        serde_saphyr::from_str(&std::fs::read_to_string(folder.join("index.yaml")).unwrap()).unwrap();
    let files = std::fs::read_dir(&folder).unwrap().count() - 1;
    assert_eq!(index.len(), files, "every file is in the index");
    index
        .into_iter()
        .map(|item| {
            let text = std::fs::read_to_string(folder.join(&item.file)).unwrap();
            (item, text)
        })
        .collect()
}

fn load(name: &str, text: &str) -> Result<Program, LoadError> {
    let source =
        RegoSource { package: None, files: vec![SourceFile { name: name.into(), text: text.into() }] };
    let loaded = ENGINE.load(&Source::Rego(source), &Limits::default())?;
    // As the command line does before it configures a program.
    probate_core::parameters::Schema::new(&loaded.description().parameters_schema)
        .map_err(|message| LoadError::from(Failure { cause: Cause::LoadFailed, message }))?;
    loaded.configure(&json!({}))
}

const HONEST: &str = "package honest\n\nverdict := {\"action\": \"Retain\", \"reason\": input.subject.name} if input.usage.referenced\nelse := {\"action\": \"Delete\", \"reason\": input.subject.name} if input.usage.unusedSeconds > 5\n";

/// Answers of a hostile program, and of an honest one asked before and after it in the same run.
fn between(hostile: &Result<Program, Failure>, honest: &Program) -> (Vec<Answer>, [Vec<Answer>; 2]) {
    let inputs: Vec<Arc<str>> = vec![examples::CLAIM.into(), examples::VOLUME.into()];
    let chunks = [1, 0, 1].map(|policy| Chunk { policy, inputs: inputs.clone() });
    let programs = Programs::new(vec![hostile.clone(), Ok(honest.clone())]).threads(1);
    let mut answers = programs.ask(&chunks);
    let (last, middle, first) = (answers.pop().unwrap(), answers.pop().unwrap(), answers.pop().unwrap());
    (middle, [first, last])
}

#[test]
fn hostile_rego_is_contained_and_named() {
    let honest = load("honest.rego", HONEST).unwrap();
    let alone = honest.ask(&[examples::CLAIM.into(), examples::VOLUME.into()]);
    let actions: Vec<Action> = alone.iter().map(|answer| answer.as_ref().unwrap().action).collect();
    assert_eq!(actions, [Action::Retain, Action::Delete]);
    let (mut wrong, mut classes) = (Vec::new(), BTreeSet::new());
    for (item, text) in corpus() {
        let program = load(&item.file, &text);
        let when = if program.is_err() { When::Load } else { When::Ask };
        if item.when != When::Any && item.when != when {
            wrong.push(format!("{}: {when:?} in place of {:?}: {:?}", item.file, item.when, program.err()));
            continue;
        }
        if let Err(error) = &program
            && (error.diagnostics.is_empty() || error.diagnostics.iter().any(|d| !d.code.starts_with("PB")))
        {
            wrong.push(format!("{}: refused without a code: {error:?}", item.file));
        }
        let (answers, neighbours) = between(&program.map_err(Failure::from), &honest);
        for answer in &answers {
            match answer {
                Ok(verdict) => wrong.push(format!("{}: answers {verdict:?}", item.file)),
                Err(failure) if !item.causes.contains(&failure.cause) => {
                    wrong.push(format!(
                        "{}: {} is none of {:?}: {}",
                        item.file, failure.cause, item.causes, failure.message
                    ));
                }
                Err(failure) => {
                    assert!(printable(&failure.message), "{}", item.file);
                    println!("contained\trego\t{}\t{}", item.class, failure.cause);
                }
            }
        }
        for neighbour in neighbours {
            assert_eq!(neighbour, alone, "beside {}", item.file);
        }
        classes.insert(item.class);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(classes.len() >= 25, "{} classes", classes.len());
}

/// Writes a policy folder.
fn folder(spec: &str, rego: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = format!(
        "apiVersion: probate.dev/v1alpha1\nkind: ClusterRetentionPolicy\nmetadata: {{name: hostile}}\nspec:\n{spec}"
    );
    std::fs::write(folder.path().join("policy.yaml"), manifest).unwrap();
    std::fs::write(folder.path().join("p.rego"), rego).unwrap();
    folder
}

const ABSTAINS: &str = "package hostile\n\nverdict := {\"action\": \"Delete\", \"reason\": \"r\"} if input.subject.name == \"\"\n";

#[test]
fn hostile_manifests_hold_everything_with_a_cause_of_their_own() {
    let quickstart = inventory(&["examples/quickstart/dump"]);
    let digest = format!("sha256:{}", "0".repeat(64));
    let schema = ABSTAINS.replace(
        "verdict",
        "parameters_schema := {\"type\": \"object\", \"properties\": {\"n\": {\"type\": \"integer\"}}}\n\nverdict",
    );
    let cases = [
        (
            "a program that is not the one of the digest",
            format!("  program: {{rego: {{files: [p.rego]}}, digest: \"{digest}\"}}\n"),
            ABSTAINS.to_owned(),
            Cause::DigestMismatch,
        ),
        (
            "parameters that the schema does not have",
            "  program: {rego: {files: [p.rego]}}\n  parameters: {m: 1}\n".to_owned(),
            schema.clone(),
            Cause::ParametersInvalid,
        ),
        (
            "parameters of another type",
            "  program: {rego: {files: [p.rego]}}\n  parameters: {n: many}\n".to_owned(),
            schema,
            Cause::ParametersInvalid,
        ),
    ];
    for (class, spec, rego, cause) in cases {
        let hostile = folder(&spec, &rego);
        let paths = [root().join("policies"), hostile.path().to_path_buf()];
        let loaded = Policies::load(&paths, &ENGINE).unwrap();
        let plan = decide(&quickstart, &loaded, 1);
        assert_eq!(plan.summary.delete.count, 0, "{class}");
        assert!(plan.entries.iter().all(|entry| entry.decision.causes.contains(&cause)), "{class}");
        println!("contained\trego\t{class}\t{cause}");
    }
}

/// A policy that answers by turns, and one whose answer depends on what it does not read.
struct Fickle {
    by_turns: bool,
    asked: std::sync::atomic::AtomicUsize,
}

impl Sandbox for Fickle {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        let turn = self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let answer = |input: &Arc<str>| {
            let deletes = if self.by_turns { turn == 0 } else { !input.contains("\"references\"") };
            let action = if deletes { Action::Delete } else { Action::Abstain };
            Ok(Verdict { action, reason: "r".into(), ..Verdict::default() })
        };
        chunks.iter().map(|chunk| chunk.inputs.iter().map(answer).collect()).collect()
    }
}

#[test]
fn hostile_answers_that_change_are_not_believed() {
    let quickstart = inventory(&["examples/quickstart/dump"]);
    let spec = "  program: {rego: {files: [p.rego]}}\n";
    let folder = folder(spec, ABSTAINS);
    let (set, _) = policies(&[folder.path()]).split(1);
    for (class, by_turns, cause) in [
        ("a policy that counts its calls", true, Cause::PolicyNotPure),
        ("a policy that answers by what it did not ask for", false, Cause::ProjectionDisagrees),
    ] {
        let sandbox = Fickle { by_turns, asked: Default::default() };
        let plan = probate_core::pipeline::decide(&quickstart, &set, &sandbox, &crate::support::options());
        assert_eq!(plan.summary.delete.count, 0, "{class}");
        let refuted = plan.entries.iter().filter(|entry| entry.decision.causes.contains(&cause)).count();
        assert!(refuted >= 3, "{class}: {refuted}");
        let votes = plan.entries.iter().flat_map(|entry| &entry.verdicts);
        assert!(votes.clone().any(|vote| vote.action == Vote::Failed && vote.cause == Some(cause)));
        assert!(plan.entries.iter().all(|entry| entry.decision.action == DecisionAction::Retain));
        println!("contained\trego\t{class}\t{cause}");

        // The same without the confirmation: whoever is asked again says what it said before.
        let sandbox = Unconfirmed(Fickle { by_turns, asked: Default::default() }, Default::default());
        let plan = probate_core::pipeline::decide(&quickstart, &set, &sandbox, &crate::support::options());
        let goes = plan
            .entries
            .iter()
            .filter(|entry| entry.candidate || entry.decision.action == DecisionAction::Delete);
        assert_eq!(goes.count(), refuted, "{class}: what the confirmation holds back would go");
    }
}

/// Answers as its first round did, always.
struct Unconfirmed(Fickle, std::sync::Mutex<Option<Verdict>>);

impl Sandbox for Unconfirmed {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        let mut deletes = self.1.lock().unwrap();
        if let Some(verdict) = &*deletes {
            return chunks.iter().map(|chunk| vec![Ok(verdict.clone()); chunk.inputs.len()]).collect();
        }
        let answers = self.0.ask(chunks);
        *deletes = answers.iter().flatten().flatten().find(|answer| answer.action == Action::Delete).cloned();
        answers
    }
}
