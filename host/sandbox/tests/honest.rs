//! What an honest policy gets: its answers, its description, the frozen world.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, its helpers too"
)]

mod support;

use probate_contract::verdict::{Action, Ensure};
use probate_contract::{Cause, Fact};
use probate_sandbox::EngineOptions;
use support::{Policy, ask, documents, engine, engine_with, load};

#[test]
fn a_policy_is_described_and_asked() {
    let engine = engine();
    let program = load(&engine, &Policy::default().bytes()).unwrap();
    let description = program.description();
    assert_eq!((description.name.as_str(), description.version.as_str()), ("test", "1.2.3"));
    assert_eq!(description.title, "Title");
    assert_eq!(description.reads, [Fact::UsageUnusedSince]);
    assert!(description.imports.is_empty());
    assert!(description.size_bytes > 500);

    let answers = program.ask(&documents(&["delete", "retain", "abstain"]));
    let actions: Vec<Action> = answers.iter().map(|answer| answer.as_ref().unwrap().action).collect();
    assert_eq!(actions, [Action::Delete, Action::Retain, Action::Abstain]);
    assert_eq!(answers[0].as_ref().unwrap().reason, "because");
}

#[test]
fn every_part_of_a_verdict_arrives() {
    let body = r#"
      (call $action (i32.const 1))
      (i32.store8 (i32.const 2068) (i32.const 1))
      (i32.store (i32.const 2072) (i32.const 1220)) (i32.store (i32.const 2076) (i32.const 6))
      (i32.store (i32.const 2080) (i32.const 3000)) (i32.store (i32.const 2084) (i32.const 1))
      (i32.store (i32.const 3000) (i32.const 1240)) (i32.store (i32.const 3004) (i32.const 18))
      (i32.store (i32.const 3008) (i32.const 1200)) (i32.store (i32.const 3012) (i32.const 7))
      (i32.store8 (i32.const 2088) (i32.const 1))
      (i32.store8 (i32.const 2096) (i32.const 1)) (i64.store (i32.const 2104) (i64.const 86400))
      (i32.store (i32.const 2112) (i32.const 1000)) (i32.store (i32.const 2116) (i32.const 1))"#;
    let program = load(&engine(), &Policy::evaluating(body).bytes()).unwrap();
    let verdict = program.ask(&documents(&["x"])).remove(0).unwrap();
    assert_eq!(verdict.action, Action::Retain);
    assert_eq!(verdict.rule.as_deref(), Some("rule-1"));
    assert_eq!(verdict.annotations.get("probate.dev/note.x").map(String::as_str), Some("because"));
    assert_eq!(verdict.ensure, Some(Ensure::ReclaimPolicyRetain));
    assert_eq!(verdict.recheck_after_seconds, Some(86400));
    assert_eq!(verdict.basis, ["usage.unusedSince"]);
}

#[test]
fn an_unknown_fact_is_refused_with_a_hint() {
    let policy = Policy { reads: "usage.unusedSinc".into(), ..Policy::default() };
    let error = load(&engine(), &policy.bytes()).err().unwrap();
    assert_eq!(error.cause, Cause::LoadFailed);
    assert!(error.message.contains("did you mean usage.unusedSince?"), "{}", error.message);
}

#[test]
fn a_schema_that_is_no_object_is_refused() {
    for schema in ["[]", "{"] {
        let policy = Policy { schema: schema.into(), ..Policy::default() };
        assert_eq!(load(&engine(), &policy.bytes()).err().unwrap().cause, Cause::LoadFailed);
    }
}

#[test]
fn refused_parameters_are_a_failure_to_configure() {
    let refuses = r#"(i32.store8 (i32.const 1536) (i32.const 1))
      (i32.store (i32.const 1540) (i32.const 1200)) (i32.store (i32.const 1544) (i32.const 7))"#;
    let policy = Policy { configure: refuses.into(), ..Policy::default() };
    let error = load(&engine(), &policy.bytes()).err().unwrap();
    assert_eq!((error.cause, error.message.as_str()), (Cause::ConfigureFailed, "because"));
}

#[test]
fn answers_are_the_same_for_any_threads_and_chunks() {
    let program = load(&engine(), &Policy::default().bytes()).unwrap();
    let inputs: Vec<String> = (0..500).map(|n| format!("{}{n}", ["d", "r", "a"][n % 3])).collect();
    let inputs = documents(&inputs.iter().map(String::as_str).collect::<Vec<_>>());
    let reference = ask(&program, &inputs, 256, 1);
    assert_eq!(reference.iter().filter(|answer| answer.is_ok()).count(), 500);
    for (chunk, threads) in [(256, 2), (256, 5), (1, 2), (7, 3), (500, 2)] {
        assert_eq!(ask(&program, &inputs, chunk, threads), reference, "{chunk} {threads}");
    }
}

#[test]
fn a_damaged_cache_file_is_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("compiled");
    let options = EngineOptions { cache_dir: Some(directory.clone()), ..EngineOptions::default() };
    let bytes = Policy::default().bytes();
    let inputs = documents(&["delete", "retain", "abstain"]);
    let first = load(&engine_with(options.clone()), &bytes).unwrap().ask(&inputs);
    let file = std::fs::read_dir(&directory).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    assert_eq!(load(&engine_with(options.clone()), &bytes).unwrap().ask(&inputs), first);
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&file, &damaged).unwrap();
    assert_eq!(load(&engine_with(options), &bytes).unwrap().ask(&inputs), first);
    assert_ne!(std::fs::read(&file).unwrap(), damaged, "it was written anew");
}
