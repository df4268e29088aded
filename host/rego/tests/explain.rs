//! Which bodies fired, and what was printed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{request, show};
use probate_contract::rego::{Explained, Purpose};

fn explain(text: &str, evidence: &str) -> Explained {
    let request = request(&[("p.rego", text)], Purpose::Explain);
    let mut session =
        probate_rego::load(&request).unwrap_or_else(|diagnostics| panic!("{}", show(&diagnostics)));
    let explained = session.explain(evidence);
    let answered = session.evaluate(evidence);
    assert_eq!(explained.error, answered.err().map(|failure| failure.to_string()));
    explained
}

fn fired(text: &str, evidence: &str) -> Vec<(String, u64)> {
    explain(text, evidence)
        .fired
        .into_iter()
        .map(|fired| (fired.rule.trim_start_matches("data.p.").to_owned(), fired.line))
        .collect()
}

fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(rule, line)| ((*rule).to_owned(), *line)).collect()
}

const CHAIN: &str = r#"package p
verdict := {"action": "Retain", "reason": "prod"} if {
	input.namespace.labels.env == "prod"
} else := {"action": "Delete", "reason": sprintf("%d", [old])} if {
	old > 5
	print("old is", old)
} else := {"action": "Retain", "reason": "young"}
old := input.usage.unusedSeconds
"#;

#[test]
fn the_arm_of_an_else_chain_that_fired_is_named() {
    assert_eq!(fired(CHAIN, r#"{"namespace": {"labels": {"env": "prod"}}}"#), pairs(&[("verdict", 2)]));
    let old = r#"{"usage": {"unusedSeconds": 9}}"#;
    assert_eq!(fired(CHAIN, old), pairs(&[("verdict", 4), ("old", 8)]));
    assert_eq!(fired(CHAIN, r#"{"usage": {"unusedSeconds": 2}}"#), pairs(&[("verdict", 7), ("old", 8)]));
    assert_eq!(fired(CHAIN, "{}"), pairs(&[("verdict", 7)]));
    let explained = explain(CHAIN, old);
    assert_eq!(explained.prints, ["p.rego:6: old is 9"]);
    assert_eq!(explained.answer.unwrap()["reason"], "9");
}

const SEVERAL: &str = r#"package p
verdict := {"action": "Delete", "reason": "both"} if {
	unused
	"a" in marked
}
unused if input.usage.unusedSeconds > 5
unused if {
	some other in input.owners
	other.state == "Gone"
}
marked contains other.name if some other in input.owners
marked contains "a" if count(input.references) == 0
"#;

#[test]
fn only_the_body_that_holds_fires_among_several() {
    let gone =
        r#"{"owners": [{"name": "x", "state": "Alive"}, {"name": "a", "state": "Gone"}], "references": [1]}"#;
    assert_eq!(fired(SEVERAL, gone), pairs(&[("verdict", 2), ("marked", 11), ("unused", 7)]));
    let old = r#"{"usage": {"unusedSeconds": 9}, "owners": [], "references": []}"#;
    assert_eq!(fired(SEVERAL, old), pairs(&[("verdict", 2), ("marked", 12), ("unused", 6)]));
}

#[test]
fn functions_objects_and_bare_bodies_fire_too() {
    let text = r#"package p
old(n) := "very" if n > 100 else := "fairly" if n > 10
seen[name] := true if some name in input.subject.finalizers
verdict := {
	"action": "Delete",
	"reason": old(input.usage.unusedSeconds),
} if {
	fit
	seen.x
}
fit if (input.usage.unusedSeconds + 1) * 2 > 3
else if input.usage.referenced == false
limit := (input.usage.unusedSeconds + 1) * 2
"#;
    let evidence = |seconds: u64| {
        format!(
            r#"{{"usage": {{"unusedSeconds": {seconds}, "referenced": false}}, "subject": {{"finalizers": ["x"]}}}}"#
        )
    };
    let rest = [("fit", 11), ("old", 2), ("seen", 3)];
    let all = |first: &[(&str, u64)]| pairs(&[first, &rest[..]].concat());
    assert_eq!(fired(text, &evidence(500)), all(&[("verdict", 4)]));
    assert_eq!(fired(text, &evidence(50)), all(&[("verdict", 4)]));
    assert_eq!(fired(text, &evidence(0)), pairs(&[("fit", 12), ("seen", 3)]));
}

#[test]
fn a_body_whose_value_is_undefined_does_not_fire() {
    let text = "package p\nverdict := {\"action\": \"Retain\", \"reason\": input.namespace.name} if true\n";
    assert_eq!(fired(text, "{}"), pairs(&[]));
}

#[test]
fn an_error_is_told_with_what_fired_before() {
    let text = "package p\nverdict := {\"action\": \"Retain\", \"reason\": to_number(name)}\nname := input.subject.name\n";
    let explained = explain(text, r#"{"subject": {"name": "x"}}"#);
    assert!(explained.error.unwrap().starts_with("PolicyError: p.rego:2: "));
    assert_eq!(explained.answer, None);
    assert_eq!(explained.fired.len(), 1);
    assert_eq!(explained.fired[0].line, 3);
}
