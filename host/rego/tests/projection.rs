//! What a policy reads: paths and facts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::loaded;

/// Paths and facts of a policy whose verdict holds where `rule` does.
fn reads(rule: &str) -> (Vec<String>, Vec<&'static str>) {
    let text = format!(
        "package p\nimport input.subject as s\nimport input.usage\nimport data.probate\nverdict := {{\"action\": \"Retain\", \"reason\": \"r\"}} if rule\n{rule}\n"
    );
    let session = loaded(&text);
    let facts = session.loaded().reads.iter().map(|fact| fact.name()).collect();
    (session.loaded().paths.clone(), facts)
}

#[test]
fn a_read_is_the_longest_static_chain() {
    let cases: &[(&str, &[&str])] = &[
        ("rule := true", &[]),
        ("rule if input.usage.unusedSeconds > 5", &["usage.unusedSeconds"]),
        ("rule if input[\"usage\"].state == \"None\"", &["usage.state"]),
        ("rule if input[`usage`][\"state\"] == \"None\"", &["usage.state"]),
        ("rule if usage.referenced", &["usage.referenced"]),
        ("rule if s.labels.app == \"x\"", &["subject.labels.app"]),
        ("rule if s.labels[\"a.b/c\"] == \"x\"", &["subject.labels[\"a.b/c\"]"]),
        ("rule if s.labels[input.claim.name] == \"x\"", &["claim.name", "subject.labels"]),
        (
            "rule if input.usage[input.parameters.field] == 5\nparameters_schema := {\"type\": \"object\", \"properties\": {\"field\": {\"type\": \"string\"}}}",
            &["parameters.field", "usage"],
        ),
        (
            "rule if input[input.parameters.field] == 5\nparameters_schema := {\"type\": \"object\", \"properties\": {\"field\": {\"type\": \"string\"}}}",
            &ALL,
        ),
        ("rule if count(input) > 5", &ALL),
        ("rule if {\n\twhole := input\n\twhole.usage.referenced\n}", &ALL),
        ("rule if object.get(input, \"namespace\", {}) == {}", &["namespace"]),
        ("rule if object.get(input, [\"namespace\", \"labels\", \"a\"], 1) == 1", &["namespace.labels.a"]),
        (
            "rule if object.get(object.get(input.namespace, \"labels\", {}), \"a\", 1) == 1",
            &["namespace.labels.a"],
        ),
        ("rule if object.get(input.namespace, \"labels\", {}).a == 1", &["namespace.labels.a"]),
        ("rule if object.get(input.namespace, input.now, 1) == 1", &["namespace", "now"]),
        ("rule if object.get(input.namespace, \"name\", input.now) == 1", &["namespace.name", "now"]),
        ("rule if {\n\tns := input.namespace\n\tns.labels.env == \"x\"\n}", &["namespace"]),
        ("rule if {\n\tsome r in input.references\n\tr.state == \"Active\"\n}", &["references"]),
        ("rule if input.references[_].state == \"Active\"", &["references"]),
        ("rule if input.references[0].state == \"Active\"", &["references"]),
        ("rule if every o in input.owners { o.state == \"Gone\" }", &["owners"]),
        ("rule if \"a\" in input.subject.finalizers", &["subject.finalizers"]),
        ("rule if count([1 | input.claim.phase == \"Bound\"; some x in [1]; x == 1]) > 0", &["claim.phase"]),
        ("rule if count({x | x := input.volume.driver} - {input.now}) > 1", &["now", "volume.driver"]),
        ("rule if count({k: v | some k, v in s.annotations}) == 1", &["subject.annotations"]),
        ("rule if not input.namespace", &["namespace"]),
        (
            "rule if -1 < input.subject.bytes - input.subject.ageSeconds",
            &["subject.ageSeconds", "subject.bytes"],
        ),
        ("rule if count({input.now} | ({1} & {s.uid})) > 1", &["now", "subject.uid"]),
        ("rule if [{\"a\": input.now}] == [{input.cluster.name: 1}]", &["cluster.name", "now"]),
        ("rule if [input.now, [input.cluster.uid]] == []", &["cluster.uid", "now"]),
        ("rule if f(input.claim)\nf(x) if x.phase == \"Bound\"", &["claim"]),
        ("rule if f(1)\nf(_) if other\nother if input.snapshots[_].ready", &["snapshots"]),
        ("rule if data.p.other\nother := input.guestCluster.goneSeconds", &["guestCluster.goneSeconds"]),
        ("rule if parts.a\nparts.a := input.now\nparts.b := input.claim", &["now"]),
        ("rule if parts\nparts.a := input.now\nparts.b := input.claim", &["claim", "now"]),
        (
            "rule if seen[input.now]\nseen[x] := y if { x := input.claim.name; y := input.claim.uid }",
            &["claim.name", "claim.uid", "now"],
        ),
        ("rule if {\n\tx := 1 + 1\n\ty := input.retention.from.name\n\ty == x\n}", &["retention.from.name"]),
        (
            "rule if input.claim.phase == \"Bound\"\nelse if input.volume.phase == \"Bound\"",
            &["claim.phase", "volume.phase"],
        ),
        ("default rule := false\nrule if input.retention.effective == \"Delete\"", &["retention.effective"]),
        ("rule if input.subject.object.spec[input.now]", &["now", "subject.object.spec"]),
        ("rule if input.claim == input.claim.name", &["claim"]),
        ("rule if time.now_ns() > 5", &["now"]),
        ("rule if probate.referenced_as(\"VirtualMachine\", \"Stopped\")", &["references"]),
        ("rule if probate.since(s.createdAt) > probate.days(1)", &["now", "subject.createdAt"]),
        ("rule if probate.snapshot_within(5)\nunread if input.claim", &["snapshots"]),
        ("rule if print(input.now)", &["now"]),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .map(|(rule, expected)| (rule, reads(rule).0, expected))
        .filter(|(_, found, expected)| found != *expected)
        .map(|(rule, found, expected)| format!("{rule}\n  found {found:?}\n  expected {expected:?}\n"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

const ALL: [&str; 22] = [
    "claim",
    "cluster.name",
    "cluster.uid",
    "counterparts",
    "guestCluster",
    "namespace",
    "now",
    "owners",
    "parameters",
    "references",
    "retention.effective",
    "retention.sources",
    "snapshots",
    "storageClass",
    "subject",
    "subject.object",
    "trigger",
    "usage.referenced",
    "usage.state",
    "usage.unusedSince",
    "volume",
    "volume.releasedSince",
];

#[test]
fn a_path_reads_its_facts() {
    let cases: &[(&str, &[&str])] = &[
        ("rule if input.usage.continuity == \"Watched\"", &["usage.unusedSince"]),
        ("rule if input.usage", &["usage.referenced", "usage.state", "usage.unusedSince"]),
        ("rule if input.volume.phase", &["volume"]),
        ("rule if input.volume", &["volume", "volume.releasedSince"]),
        ("rule if input.subject.object.spec", &["subject.object"]),
        ("rule if input.retention.from.kind", &["retention.effective"]),
        ("rule if input.kind", &[]),
        ("rule if probate.gone_seconds(\"VirtualMachine\") > 5", &["owners"]),
    ];
    for (rule, expected) in cases {
        assert_eq!(reads(rule).1, *expected, "{rule}");
    }
}

#[test]
fn what_the_verdict_does_not_reach_is_not_read() {
    let (paths, _) = reads("rule if input.now\nunread := input.claim\nf(x) := input.volume[x]");
    assert_eq!(paths, ["now"]);
}

#[test]
fn the_projected_evidence_gives_the_same_verdict() {
    let full: serde_json::Value = serde_json::from_str(include_str!("../src/example/volume.json")).unwrap();
    let mut session = loaded(
        r#"package p
import data.probate
verdict := {"action": "Delete", "reason": concat(" ", [o.name | some o in input.owners])} if {
	not input.namespace
	input.guestCluster.goneSeconds > probate.days(3)
	probate.gone_seconds("VirtualMachine") > probate.days(7)
	input.volume.releasedSeconds > 5
}"#,
    );
    let verdict = session.evaluate(&full.to_string()).unwrap();
    assert_eq!(verdict.reason, "gc1-pool1-6c7f9-hx2lq");
    let mut projected = full.clone();
    let tops: Vec<&str> = verdict.basis.iter().filter_map(|path| path.split('.').next()).collect();
    projected.as_object_mut().unwrap().retain(|key, _| tops.contains(&key.as_str()));
    assert!(projected.as_object().unwrap().len() < 5);
    assert_eq!(session.evaluate(&projected.to_string()).unwrap(), verdict);
}
