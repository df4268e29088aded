//! What a loaded policy answers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{load, loaded, request, show};
use probate_contract::rego::{Purpose, TestOutcome};
use probate_contract::{Action, Fact};

const UNUSED: &str = r#"# METADATA
# title: Unused claims
# description: Deletes claims that nothing has wanted for a while, except in production.
# custom: {version: 1.0.0}
package unused_claims

import data.probate

parameters_schema := {"type": "object", "properties": {"unusedDays": {"type": "integer", "minimum": 1, "default": 30}}}

verdict := {"action": "Retain", "reason": "production stays", "rule": "production"} if {
	input.namespace.labels.env == "prod"
} else := {"action": "Delete", "reason": sprintf("unused since %s", [input.usage.unusedSince]), "rule": "unused"} if {
	input.usage.unusedSeconds >= probate.days(input.parameters.unusedDays)
}
"#;

#[test]
fn the_contract_s_policy_loads_and_answers() {
    let mut session = loaded(UNUSED);
    let known = session.loaded().clone();
    assert_eq!(known.package, "unused_claims");
    assert_eq!(known.title, "Unused claims");
    assert_eq!(known.version, "1.0.0");
    assert!(known.description.starts_with("Deletes claims"));
    assert_eq!(known.reads, [Fact::Parameters, Fact::Namespace, Fact::UsageUnusedSince]);
    let paths = ["namespace.labels.env", "parameters.unusedDays", "usage.unusedSeconds", "usage.unusedSince"];
    assert_eq!(known.paths, paths);
    assert!(known.can_delete);
    assert_eq!(known.parameters_schema["properties"]["unusedDays"]["default"], 30);
    assert!(known.diagnostics.is_empty(), "{}", show(&known.diagnostics));

    session.configure(r#"{"unusedDays": 30}"#).unwrap();
    let unused = r#"{"usage": {"unusedSince": "2026-10-01T00:00:00Z", "unusedSeconds": 4514400}}"#;
    let verdict = session.evaluate(unused).unwrap();
    assert_eq!(
        (verdict.action, verdict.reason.as_str()),
        (Action::Delete, "unused since 2026-10-01T00:00:00Z")
    );
    assert_eq!(verdict.basis, paths);
    let young = r#"{"usage": {"unusedSince": "2026-10-01T00:00:00Z", "unusedSeconds": 45144}}"#;
    assert_eq!(session.evaluate(young).unwrap().action, Action::Abstain);
    let production = r#"{"namespace": {"labels": {"env": "prod"}}}"#;
    assert_eq!(session.evaluate(production).unwrap().action, Action::Retain);
}

fn answer(value: &str) -> Result<Action, String> {
    let text = format!("package p\nverdict := {value}\n");
    let mut session = load(&text).map_err(|diagnostics| show(&diagnostics))?;
    let evidence = r#"{"subject": {"labels": {"a": "1"}, "name": "n", "bytes": 5}}"#;
    session.evaluate(evidence).map(|verdict| verdict.action).map_err(|failure| failure.to_string())
}

#[test]
fn what_is_no_verdict_is_a_bad_verdict() {
    let cases = [
        "false",
        "\"Delete\"",
        "5",
        "[]",
        "{\"Delete\"}",
        "null",
        r#"{"action": "delete", "reason": "r"}"#,
        r#"{"action": "Remove", "reason": "r"}"#,
        r#"{"action": "Delete"}"#,
        r#"{"action": "Delete", "reason": ""}"#,
        r#"{"action": "Delete", "reason": "r", "extra": 1}"#,
        r#"{"action": "Delete", "reason": "two\nlines"}"#,
        r#"{"action": "Delete", "reason": 5}"#,
        r#"{"action": "Delete", "reason": "r", "rule": "Upper"}"#,
        r#"{"action": "Delete", "reason": "r", "rule": null}"#,
        r#"{"action": "Delete", "reason": "r", "ensure": "ReclaimPolicyRetain"}"#,
        r#"{"action": "Retain", "reason": "r", "recheckAfterSeconds": 86400.5}"#,
        r#"{"action": "Retain", "reason": "r", "recheckAfterSeconds": 59}"#,
        r#"{"action": "Retain", "reason": "r", "recheckAfterSeconds": -60}"#,
        r#"{"action": "Retain", "reason": "r", "recheckAfterSeconds": bits.lsh(1, 1000)}"#,
        r#"{"action": "Retain", "reason": "r", "basis": {"a"}}"#,
        r#"{"action": "Retain", "reason": "r", "annotations": {"a": 1}}"#,
        r#"{"action": "Retain", "reason": "r", "annotations": {1: "a"}}"#,
        r#"{"action": "Retain", "reason": "r", "annotations": {"a": bits.lsh(1, 100000)}}"#,
    ];
    for case in cases {
        let failure = answer(case).unwrap_err();
        assert!(failure.starts_with("BadVerdict: "), "{case}: {failure}");
        assert!(failure.len() < 600 && !failure.contains('\n'), "{case}: {failure}");
    }
}

#[test]
fn errors_are_policy_errors() {
    let cases = [
        r#"{"action": "Delete", "reason": sprintf("%d", 1)}"#,
        r#"{"action": "Delete", "reason": "r", "recheckAfterSeconds": 1 / 0}"#,
        r#"{"action": "Delete", "reason": json.unmarshal("[[")}"#,
        r#"{"action": "Delete", "reason": to_number("x")}"#,
        "{\"action\": \"Delete\", \"reason\": \"a\"}\nverdict := {\"action\": \"Retain\", \"reason\": \"b\"}",
        "{\"action\": \"Delete\", \"reason\": \"a\"} if not json.unmarshal(\"[[\")",
    ];
    for case in cases {
        let failure = answer(case).unwrap_err();
        assert!(failure.starts_with("PolicyError: "), "{case}: {failure}");
        assert!(!failure.contains('\n'), "{case}: {failure}");
    }
    assert!(
        loaded("package p\nverdict := {}")
            .evaluate("{")
            .unwrap_err()
            .to_string()
            .starts_with("PolicyError: ")
    );
}

#[test]
fn undefined_abstains_and_all_parts_arrive() {
    assert_eq!(
        answer("{\"action\": \"Delete\", \"reason\": \"r\"} if input.usage.referenced"),
        Ok(Action::Abstain)
    );
    assert_eq!(answer("{}"), Ok(Action::Abstain));
    let text = r#"package p
verdict := {"action": "Retain", "reason": "r", "rule": "a-b", "ensure": "ReclaimPolicyRetain",
	"recheckAfterSeconds": 86400, "annotations": {"probate.dev/note.x": "y"}, "basis": ["now"]}"#;
    let verdict = loaded(text).evaluate("{}").unwrap();
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["ensure"], "ReclaimPolicyRetain");
    assert_eq!(json["recheckAfterSeconds"], 86400);
    assert_eq!(json["annotations"]["probate.dev/note.x"], "y");
    assert_eq!(json["basis"][0], "now");
}

#[test]
fn no_answer_depends_on_a_former_call() {
    let text = r#"package p
found contains other.name if { some other in input.references; to_number(other.name) > 0 }
verdict := {"action": "Delete", "reason": concat(",", found)} if count(found) > 0"#;
    let mut session = loaded(text);
    let with = |names: &str| format!(r#"{{"references": [{names}]}}"#);
    let good = with(r#"{"name": "1"}, {"name": "2"}"#);
    let first = session.evaluate(&good).unwrap();
    assert_eq!(first.reason, "1,2");
    assert!(session.evaluate(&with(r#"{"name": "7"}, {"name": "x"}"#)).is_err());
    assert_eq!(session.evaluate(&good).unwrap(), first);
    assert_eq!(session.evaluate(&with("")).unwrap().action, Action::Abstain);
    assert_eq!(session.evaluate(&good).unwrap(), first);
}

#[test]
fn parameters_fill_in_where_the_evidence_has_none() {
    let mut session = loaded(
        "package p\nverdict := {\"action\": \"Retain\", \"reason\": input.parameters.why}\nparameters_schema := {\"type\": \"object\", \"properties\": {\"why\": {\"type\": \"string\"}}}",
    );
    assert_eq!(session.evaluate("{}").unwrap().action, Action::Abstain);
    session.configure(r#"{"why": "configured"}"#).unwrap();
    assert_eq!(session.evaluate("{}").unwrap().reason, "configured");
    assert_eq!(session.evaluate(r#"{"parameters": {"why": "given"}}"#).unwrap().reason, "given");
    assert!(session.configure("[]").is_err());
}

#[test]
fn native_tests_run_one_by_one() {
    let tests = r#"package unused_claims_test

import data.probate
import data.unused_claims

old := {"unusedSince": "2026-10-01T00:00:00Z", "unusedSeconds": 4514400}

test_unused_goes if {
	unused_claims.verdict.action == "Delete" with input as {"usage": old, "parameters": {"unusedDays": 30}}
}

test_production_stays if {
	unused_claims.verdict.rule == "production" with input.namespace.labels.env as "prod"
}

test_examples_are_there if {
	probate.example.claim.subject.kind == "PersistentVolumeClaim"
	probate.example.volume.volume.phase == "Released"
	not unused_claims.verdict with input as probate.example.claim
	unused_claims.verdict.action == "Delete" with input as probate.example.volume
}

test_fails if unused_claims.verdict.action == "Retain" with input as {"usage": old, "parameters": {"unusedDays": 30}}

test_errs if {
	print("before", 1)
	to_number("x") == 1
}
"#;
    let mut asked = request(&[("policy.rego", UNUSED), ("policy_test.rego", tests)], Purpose::Test);
    asked.coverage = true;
    let mut session =
        probate_rego::load(&asked).unwrap_or_else(|diagnostics| panic!("{}", show(&diagnostics)));
    let names: Vec<(String, u64)> =
        session.loaded().tests.iter().map(|test| (test.name.clone(), test.line)).collect();
    assert_eq!(names[0], ("data.unused_claims_test.test_unused_goes".into(), 8));
    assert_eq!(names.len(), 5);
    let missed = |session: &probate_rego::Session| session.coverage().files[0].missed.clone();
    assert!(!missed(&session).is_empty());
    let outcome = |session: &mut probate_rego::Session, name: &str| {
        let reply = session.test(&format!("data.unused_claims_test.{name}"));
        (reply.outcome, reply.message, reply.prints)
    };
    for name in ["test_unused_goes", "test_production_stays", "test_examples_are_there"] {
        assert_eq!(outcome(&mut session, name), (TestOutcome::Passed, String::new(), vec![]), "{name}");
    }
    let coverage = session.coverage();
    assert_eq!(coverage.files.len(), 1, "tests and helpers are left out");
    assert_eq!(coverage.files[0].file, "policy.rego");
    assert_eq!(coverage.files[0].covered, [9, 11, 12, 13, 14]);
    assert!(coverage.files[0].missed.is_empty());
    assert_eq!(outcome(&mut session, "test_fails").0, TestOutcome::Failed);
    let (errored, message, prints) = outcome(&mut session, "test_errs");
    assert_eq!(errored, TestOutcome::Errored);
    assert!(message.starts_with("policy_test.rego:27: "), "{message}");
    assert_eq!(prints, ["policy_test.rego:26: before 1"]);
    assert_eq!(outcome(&mut session, "test_unknown").0, TestOutcome::Errored);
}
