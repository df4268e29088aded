//! `data.probate`: every function, its borders, and nonsense.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::loaded;

const EVIDENCE: &str = r#"{"now": "2026-11-22T06:00:00Z",
 "references": [{"kind": "VirtualMachine", "state": "Stopped"}, {"kind": "Pod", "state": "Finished"}, {"kind": "Job", "state": "Active"}],
 "owners": [{"kind": "VirtualMachine", "state": "Gone", "goneSeconds": 500}, {"kind": "VirtualMachine", "state": "Gone", "goneSeconds": 300},
  {"kind": "StatefulSet", "state": "Gone", "goneSeconds": 100}, {"kind": "StatefulSet", "state": "Alive"}, {"kind": "Pod", "state": "Gone"}],
 "snapshots": [{"ready": true, "independent": true, "ageSeconds": 100}, {"ready": false, "independent": true, "ageSeconds": 10},
  {"ready": true, "independent": false, "ageSeconds": 5}]}"#;

/// The value of an expression as JSON text, nothing where it is undefined, or the error.
fn value(expression: &str) -> Result<Option<String>, String> {
    let text = format!(
        "package p\nimport data.probate\nverdict := {{\"action\": \"Retain\", \"reason\": json.marshal({expression})}}\n"
    );
    let verdict = loaded(&text).evaluate(EVIDENCE).map_err(|failure| failure.to_string())?;
    Ok((!verdict.reason.is_empty()).then_some(verdict.reason))
}

#[test]
fn helpers_compute() {
    let cases = [
        ("probate.days(30)", "2592000"),
        ("probate.days(0)", "0"),
        ("probate.days(0.5)", "43200"),
        ("probate.hours(2)", "7200"),
        ("probate.duration(\"1w12h\")", "648000"),
        ("probate.duration(\"90m\")", "5400"),
        ("probate.duration(\"1d1s\")", "86401"),
        ("probate.duration(\"1w2d3h4m5s\")", "788645"),
        ("probate.bytes(\"10Gi\")", "10737418240"),
        ("probate.bytes(\"5\")", "5"),
        ("probate.bytes(\"1.5Mi\")", "1572864"),
        ("probate.bytes(\"2k\")", "2000"),
        ("probate.bytes(\"1.5\")", "2"),
        ("probate.since(\"2026-11-22T05:00:00Z\")", "3600"),
        ("probate.since(\"2026-11-22T08:00:00+01:00\")", "-3600"),
        ("probate.passed(\"2026-11-22T06:00:00Z\")", "true"),
        ("probate.passed(\"2026-11-22T06:00:01Z\")", "false"),
        ("probate.referenced_by(\"VirtualMachine\")", "true"),
        ("probate.referenced_by(\"Job\")", "true"),
        ("probate.referenced_by(\"Pod\")", "false"),
        ("probate.referenced_by(\"CronJob\")", "false"),
        ("probate.referenced_as(\"VirtualMachine\", \"Stopped\")", "true"),
        ("probate.referenced_as(\"VirtualMachine\", \"Active\")", "false"),
        ("probate.referenced_as(\"Pod\", \"Finished\")", "true"),
        ("probate.gone_seconds(\"VirtualMachine\")", "300"),
        ("probate.snapshot_within(100)", "true"),
        ("probate.snapshot_within(99)", "false"),
    ];
    for (expression, expected) in cases {
        assert_eq!(value(expression), Ok(Some(expected.to_owned())), "{expression}");
    }
}

#[test]
fn an_owner_that_is_left_or_of_unknown_end_leaves_it_undefined() {
    for kind in ["StatefulSet", "Pod", "DaemonSet"] {
        assert_eq!(value(&format!("probate.gone_seconds(\"{kind}\")")), Ok(None), "{kind}");
    }
    assert_eq!(value("probate.days(input.usage.unusedSeconds)"), Ok(None));
}

#[test]
fn nonsense_is_an_error() {
    let cases = [
        "probate.days(\"30\")",
        "probate.days(-1)",
        "probate.days(true)",
        "probate.hours([1])",
        "probate.hours(-0.5)",
        "probate.duration(\"\")",
        "probate.duration(\"12\")",
        "probate.duration(\"1h1w\")",
        "probate.duration(\"1 d\")",
        "probate.duration(5)",
        "probate.bytes(\"10 Gi\")",
        "probate.bytes(\"Gi\")",
        "probate.bytes(\"10GB\")",
        "probate.bytes(\"-1\")",
        "probate.bytes(10)",
        "probate.since(\"yesterday\")",
        "probate.since(\"2026-11-22\")",
        "probate.since(\"2026-13-45T00:00:00Z\")",
        "probate.since(5)",
        "probate.passed(\"\")",
        "probate.referenced_by(\"\")",
        "probate.referenced_by(5)",
        "probate.referenced_as(\"Pod\", \"active\")",
        "probate.referenced_as(5, \"Active\")",
        "probate.gone_seconds(\"\")",
        "probate.gone_seconds({})",
        "probate.snapshot_within(\"1d\")",
        "probate.snapshot_within(-1)",
    ];
    for expression in cases {
        // Constants of the wrong sort are refused at load; what a rule gives is not known there.
        let (function, arguments) =
            expression.strip_suffix(')').and_then(|text| text.split_once('(')).unwrap();
        let (names, rules) = match arguments.split_once(", ") {
            Some((first, second)) if function.ends_with("_as") => {
                ("one, other", format!("one := {first}\nother := {second}"))
            }
            _ => ("one", format!("one := {arguments}")),
        };
        let called = format!("{function}({names})");
        let text =
            |verdict: String| format!("package p\nimport data.probate\nverdict := {verdict}\n{rules}\n");
        let reason = text(format!("{{\"action\": \"Retain\", \"reason\": json.marshal({called})}}"));
        let failure = loaded(&reason).evaluate(EVIDENCE).unwrap_err().to_string();
        assert!(failure.starts_with("PolicyError: "), "{expression}: {failure}");
        let own =
            failure.contains("p.rego:3: `probate.") && failure.contains("something else than in probate.");
        // A time of the right shape is the engine's to refuse.
        assert!(own || failure.contains("out of range"), "{expression}: {failure}");
        // Under `not` too: an error is an error.
        let text = text(format!("{{\"action\": \"Delete\", \"reason\": \"r\"}} if not {called} == 5"));
        if !expression.contains("gone_seconds") {
            assert!(loaded(&text).evaluate(EVIDENCE).is_err(), "{expression}");
        }
    }
}

#[test]
fn lists_that_are_not_there_are_an_error() {
    for expression in ["referenced_by(\"Pod\")", "referenced_as(\"Pod\", \"Active\")", "snapshot_within(5)"] {
        let text = format!(
            "package p\nimport data.probate\nverdict := {{\"action\": \"Delete\", \"reason\": \"r\"}} if not probate.{expression}\n"
        );
        assert!(loaded(&text).evaluate("{}").is_err(), "{expression}");
    }
}

#[test]
fn the_contract_s_conditions_hold_on_the_examples() {
    let text = r#"package conditions

import data.probate

unused_30_days if input.usage.unusedSeconds >= probate.days(30)
released_2_weeks if input.volume.releasedSeconds >= probate.days(14)
of_stopped_vm if probate.referenced_as("VirtualMachine", "Stopped")
vm_gone_a_week if probate.gone_seconds("VirtualMachine") >= probate.days(7)
guest_cluster_gone if input.guestCluster.goneSeconds >= probate.days(3)
still_on_another_layer if "Present" in {other.state | some other in input.counterparts}
data_would_go if input.retention.effective == "Delete"
backed_up_today if probate.snapshot_within(probate.days(1))
expired if probate.passed(input.subject.annotations["probate.dev/expires-at"])
namespace_gone if {
	input.volume.claimRef.namespace
	not input.namespace
}
holding contains "of_stopped_vm" if of_stopped_vm
holding contains "vm_gone_a_week" if vm_gone_a_week
holding contains "guest_cluster_gone" if guest_cluster_gone
holding contains "data_would_go" if data_would_go
holding contains "namespace_gone" if namespace_gone
holding contains "unused_30_days" if unused_30_days
holding contains "released_2_weeks" if released_2_weeks
holding contains "still_on_another_layer" if still_on_another_layer
holding contains "backed_up_today" if backed_up_today
holding contains "expired" if expired
verdict := {"annotations": {"probate.dev/note.effective-reclaim-policy": input.retention.effective, "probate.dev/note.holding": concat(" ", holding)}}
"#;
    let mut session = loaded(text);
    assert!(!session.loaded().can_delete);
    let holding = |session: &mut probate_rego::Session, text: &str| {
        session.evaluate(text).unwrap().annotations["probate.dev/note.holding"].clone()
    };
    let claim = holding(&mut session, include_str!("../src/example/claim.json"));
    assert_eq!(claim, "data_would_go of_stopped_vm");
    let volume = holding(&mut session, include_str!("../src/example/volume.json"));
    assert_eq!(volume, "guest_cluster_gone namespace_gone vm_gone_a_week");
}
