//! Rego policies through the embedded guest.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, its helpers too"
)]

mod support;

use probate_contract::manifest::Limits;
use probate_contract::rego::{SourceFile, TestOutcome};
use probate_contract::verdict::Action;
use probate_contract::{Cause, Fact};
use probate_sandbox::{Engine, EngineOptions, LoadError, Program, RegoSource, Source, rego_guest};
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use support::{ask, documents, engine_with};

/// One engine for all, with a cache that outlives the run: compiling the guest takes longer than everything else here.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let cache_dir = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    engine_with(EngineOptions { cache_dir, now_seconds: 1_795_327_200, ..EngineOptions::default() })
});

const UNUSED: &str = r#"# METADATA
# title: Unused claims
# custom: {version: 1.0.0}
package unused_claims

import data.probate

parameters_schema := {"type": "object", "properties": {"unusedDays": {"type": "integer", "minimum": 1, "default": 30}}}

verdict := {"action": "Retain", "reason": "production stays", "rule": "production"} if {
	input.namespace.labels.env == "prod"
} else := {"action": "Delete", "reason": "unused", "rule": "unused"} if {
	print("seconds", input.usage.unusedSeconds)
	input.usage.unusedSeconds >= probate.days(input.parameters.unusedDays)
}
"#;

fn source(text: &str) -> RegoSource {
    RegoSource { package: None, files: vec![SourceFile { name: "policy.rego".into(), text: text.into() }] }
}

fn load(text: &str) -> Result<Program, LoadError> {
    ENGINE.load(&Source::Rego(source(text)), &Limits::default())?.configure(&json!({"unusedDays": 30}))
}

fn evidence(unused: u64, env: &str) -> Arc<str> {
    let document = json!({
        "now": "2026-11-22T06:00:00Z", "parameters": {"unusedDays": 30}, "cluster": {"name": "c"},
        "namespace": {"labels": {"env": env}},
        "usage": {"referenced": false, "state": "None", "unusedSince": "2026-01-01T00:00:00Z", "unusedSeconds": unused},
    });
    Arc::from(document.to_string())
}

#[test]
fn a_rego_policy_is_described_and_asked() {
    let program = load(UNUSED).unwrap();
    let description = program.description();
    assert_eq!((description.title.as_str(), description.version.as_str()), ("Unused claims", "1.0.0"));
    assert_eq!(description.name, "unused_claims");
    assert!(description.can_delete);
    assert!(description.reads.contains(&Fact::UsageUnusedSince));
    let inputs = [evidence(31 * 86_400, "dev"), evidence(31 * 86_400, "prod"), evidence(5, "dev")];
    let answers = program.ask(&inputs);
    let actions: Vec<_> = answers.iter().map(|answer| answer.as_ref().unwrap().action).collect();
    assert_eq!(actions, [Action::Delete, Action::Retain, Action::Abstain]);
}

#[test]
fn a_refused_program_says_where() {
    let error = load("package p\n\nverdict := {\"action\": \"Retain\", \"reason\": \"r\"} if input.usage.unusedSecond > 5\n")
        .err()
        .unwrap();
    assert_eq!(error.cause, Cause::LoadFailed);
    let diagnostic = error.diagnostics.first().unwrap();
    assert_eq!(diagnostic.file.as_deref(), Some("policy.rego"));
    assert_eq!(diagnostic.line, Some(3));
    assert!(diagnostic.code.starts_with("PB21"));
}

#[test]
fn a_policy_that_errs_or_answers_nonsense_has_its_own_cause() {
    let errs =
        load("package p\n\nverdict := {\"action\": \"Retain\", \"reason\": to_number(input.now)}\n").unwrap();
    let answer = errs.ask(&[evidence(1, "dev")]).remove(0);
    assert_eq!(answer.unwrap_err().cause, Cause::PolicyError);
    let nonsense = load("package p\n\nverdict := {\"action\": \"Retain\", \"colour\": input.now}\n").unwrap();
    let answer = nonsense.ask(&[evidence(1, "dev")]).remove(0);
    assert_eq!(answer.unwrap_err().cause, Cause::BadVerdict);
}

#[test]
fn hostile_rego_meets_a_limit_and_its_neighbours_do_not() {
    let honest = load(UNUSED).unwrap();
    let inputs = [evidence(31 * 86_400, "dev"), evidence(5, "prod")];
    let before = honest.ask(&inputs);
    let rule = |reason: &str| {
        format!("package p\n\nverdict := {{\"action\": \"Retain\", \"reason\": r}} if {{\n\t{reason}\n}}\n")
    };
    for (name, text, causes) in [
        (
            "range",
            rule("r := sprintf(\"%d\", [count(numbers.range(1, 1000000000000))])"),
            &[Cause::MemoryExhausted, Cause::PolicyTrapped][..],
        ),
        (
            "loop",
            rule(
                "n := numbers.range(1, 3000)\n\tr := sprintf(\"%d\", [count([1 | some a in n; some b in n; some c in n; a + b == c])])",
            ),
            &[Cause::FuelExhausted, Cause::MemoryExhausted][..],
        ),
        (
            "width",
            rule("r := sprintf(\"%2000000000d\", [1])"),
            &[Cause::MemoryExhausted, Cause::PolicyTrapped][..],
        ),
    ] {
        let program = load(&text).unwrap();
        let failure = program.ask(&[evidence(1, "dev")]).remove(0).unwrap_err();
        assert!(causes.contains(&failure.cause), "{name}: {failure:?}");
    }
    assert_eq!(honest.ask(&inputs), before);
}

#[test]
fn an_answer_is_explained() {
    let program = load(UNUSED).unwrap();
    let explained = program.explain(&evidence(31 * 86_400, "dev")).unwrap();
    assert_eq!(explained.answer.unwrap()["action"], "Delete");
    assert!(explained.prints.iter().any(|line| line.contains("2678400")), "{:?}", explained.prints);
    let fired = explained.fired.first().unwrap();
    assert_eq!((fired.file.as_str(), fired.line), ("policy.rego", 12));
}

#[test]
fn coverage_is_the_union_of_all_sessions() {
    let program = load(UNUSED).unwrap().covered();
    assert!(program.coverage().files.is_empty());
    ask(&program, &[evidence(31 * 86_400, "dev"), evidence(5, "prod")], 1, 2);
    let coverage = program.coverage();
    let lines = &coverage.files.first().unwrap().covered;
    assert!(lines.contains(&12) || lines.contains(&13), "{coverage:?}");
    let partly = load(UNUSED).unwrap().covered();
    ask(&partly, &[evidence(5, "prod")], 1, 1);
    assert!(partly.coverage().files.first().unwrap().covered.len() < lines.len());
}

#[test]
fn native_tests_are_listed_and_run() {
    let mut source = source(UNUSED);
    source.files.push(SourceFile {
        name: "policy_test.rego".into(),
        text: r#"package unused_claims_test

import data.unused_claims

test_keeps_production if unused_claims.verdict.action == "Retain" with input as {"namespace": {"labels": {"env": "prod"}}}

test_wrong if unused_claims.verdict.action == "Delete" with input as {"namespace": {"labels": {"env": "prod"}}}
"#
        .into(),
    });
    let tests = ENGINE.rego_tests(source, &Limits::default(), true).unwrap();
    let names: Vec<_> = tests.list().iter().map(|test| test.name.clone()).collect();
    assert_eq!(names.len(), 2);
    let outcomes: Vec<_> = names.iter().map(|name| tests.run(name).unwrap().outcome).collect();
    assert_eq!(outcomes, [TestOutcome::Passed, TestOutcome::Failed]);
    assert!(!tests.coverage().files.is_empty());
}

#[test]
fn time_stands_at_the_inventory_s() {
    let text =
        "package p\n\nverdict := {\"action\": \"Retain\", \"reason\": sprintf(\"%d\", [time.now_ns()])}\n";
    let program = load(text).unwrap();
    let reason = |program: &Program| program.ask(&documents(&["{}"])).remove(0).unwrap().reason;
    assert_eq!(reason(&program), "1795327200000000000");
    assert_eq!(reason(&program.at(1_000)), "1000000000000");
}

#[test]
fn the_guest_has_a_version_and_a_digest() {
    let (version, digest) = rego_guest();
    assert!(!version.is_empty());
    assert!(digest.starts_with("sha256:") && digest.len() == 71);
}
