//! The examples of the public shapes, as data: each goes through its type and back, fits its schema, and the programs run.

use crate::schema;
use crate::support::{ENGINE, probate, root};
use probate_cli::exit::Exit;
use probate_contract::cause::{Cause, Group};
use probate_contract::dump::Dump;
use probate_contract::evidence::Evidence;
use probate_contract::log::{DecisionRecord, Outcome};
use probate_contract::manifest::{Limits, Policy};
use probate_contract::plan::PlanReport;
use probate_contract::record::VolumeRecord;
use probate_contract::rego::SourceFile;
use probate_contract::settings::{Settings, SettingsSpec};
use probate_contract::suite::PolicyTest;
use probate_contract::verdict::{Action, Verdict};
use probate_contract::{Fact, examples};
use probate_sandbox::{Program, RegoSource, Source};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

fn text(name: &str) -> String {
    std::fs::read_to_string(root().join("tests/data/contract").join(name)).unwrap()
}

fn document(name: &str) -> Value {
    let text = text(name);
    if name.ends_with(".json") {
        serde_json::from_str(&text).unwrap()
    } else {
        serde_saphyr::from_str(&text).unwrap()
    }
}

/// Where `whole` lacks something of `part`, or says it otherwise.
fn lost(part: &Value, whole: &Value, at: &str) -> Vec<String> {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .flat_map(|(key, value)| {
                let at = format!("{at}.{key}");
                whole.get(key).map_or_else(|| vec![format!("{at} is lost")], |other| lost(value, other, &at))
            })
            .collect(),
        (Value::Array(part), Value::Array(whole)) if part.len() == whole.len() => {
            let pairs = part.iter().zip(whole).enumerate();
            pairs.flat_map(|(index, (left, right))| lost(left, right, &format!("{at}[{index}]"))).collect()
        }
        (part, whole) if part == whole => Vec::new(),
        (part, whole) => vec![format!("{at}: {part} became {whole}")],
    }
}

/// Through the type and back: nothing is lost or changed (defaults may be added), a second time changes nothing, and both
/// fit the schema.
fn survives<T: Serialize + DeserializeOwned>(name: &str, schema_name: &str) -> T {
    let document = document(name);
    let typed: T = serde_json::from_value(document.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let back = serde_json::to_value(&typed).unwrap();
    assert_eq!(lost(&document, &back, name), Vec::<String>::new());
    let again: T = serde_json::from_value(back.clone()).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), back);
    let schema =
        probate_contract::schema::all().into_iter().find(|(name, _)| *name == schema_name).unwrap().1;
    assert_eq!(schema::errors(&schema, &document), Vec::<String>::new(), "{name} as it is written");
    assert_eq!(schema::errors(&schema, &back), Vec::<String>::new(), "{name} as it is printed");
    typed
}

#[test]
fn the_manifest() {
    let mut manifest = document("manifest.yaml");
    let policy: Policy = survives("manifest.yaml", "policy");
    assert_eq!(policy.spec.match_namespaces(), ["team-*"]);
    // A field that nobody knows is an error, not a rule that silently does not apply.
    manifest["spec"]["delete"] = json!({});
    assert!(serde_json::from_value::<Policy>(manifest).is_err());
}

trait Named {
    fn match_namespaces(&self) -> &[String];
}

impl Named for probate_contract::manifest::Spec {
    fn match_namespaces(&self) -> &[String] {
        &self.r#match.namespaces
    }
}

#[test]
fn the_two_evidence_documents() {
    for (name, shipped) in
        [("evidence-claim.json", examples::CLAIM), ("evidence-volume.json", examples::VOLUME)]
    {
        let evidence: Evidence = survives(name, "evidence");
        assert_eq!(serde_json::to_value(evidence).unwrap(), document(name), "{name} comes back exactly");
        assert_eq!(
            serde_json::from_str::<Value>(shipped).unwrap(),
            document(name),
            "what guests and SDKs have"
        );
    }
}

#[test]
fn the_verdict() {
    let verdict: Verdict = survives("verdict.json", "verdict");
    assert_eq!(verdict.action, Action::Delete);
    verdict.check().unwrap();
}

#[test]
fn the_wasm_interface() {
    let squeeze = |text: &str| {
        let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        lines.flat_map(str::split_whitespace).map(str::to_owned).collect::<Vec<_>>()
    };
    let released = std::fs::read_to_string(root().join("sdk/wit/since_v0.1.0/policy.wit")).unwrap();
    assert_eq!(squeeze(&released), squeeze(&text("policy.wit")));
}

fn load(name: &str, source: &str) -> Program {
    let files = vec![SourceFile { name: name.into(), text: source.into() }];
    let source = Source::Rego(RegoSource { package: None, files });
    let loaded = ENGINE.load(&source, &Limits::default()).unwrap_or_else(|error| {
        panic!("{name}: {:?}", error.diagnostics);
    });
    loaded.configure(&json!({"unusedDays": 30})).or_else(|_| loaded.configure(&json!({}))).unwrap()
}

fn ask(program: &Program, evidence: &Value) -> Verdict {
    program.ask(&[Arc::from(evidence.to_string())]).remove(0).unwrap()
}

#[test]
fn the_rego_policy_answers_as_it_reads() {
    let program = load("policy.rego", &text("policy.rego"));
    let description = program.description();
    assert_eq!((description.title.as_str(), description.version.as_str()), ("Unused claims", "1.0.0"));
    assert_eq!(description.reads, [Fact::Parameters, Fact::Namespace, Fact::UsageUnusedSince]);
    assert_eq!(
        ask(&program, &document("evidence-claim.json")).action,
        Action::Abstain,
        "a stopped VM's disk"
    );
    let mut unused = document("evidence-volume.json");
    unused["parameters"] = json!({"unusedDays": 7});
    assert_eq!(ask(&program, &unused).reason, "unused since 2026-11-10T04:30:00Z");
    unused["namespace"] = json!({"labels": {"env": "prod"}});
    assert_eq!(ask(&program, &unused).rule.as_deref(), Some("production"));
}

#[test]
fn the_typical_conditions_hold_where_they_should() {
    let whole = text("conditions.rego");
    let conditions = [
        ("unused_30_days", false, false),
        ("released_2_weeks", false, false),
        ("of_stopped_vm", true, false),
        ("vm_gone_a_week", false, true),
        ("guest_cluster_gone", false, true),
        ("still_on_another_layer", false, false),
        ("data_would_go", true, false),
        ("backed_up_today", false, false),
        ("namespace_gone", false, true),
    ];
    let program = load("conditions.rego", &whole);
    let claim = ask(&program, &document("evidence-claim.json"));
    assert_eq!(claim.annotations["probate.dev/note.effective-reclaim-policy"], "Delete");
    assert_eq!(claim.action, Action::Abstain);
    let without_verdict: String =
        whole.lines().filter(|line| !line.starts_with("verdict")).map(|line| format!("{line}\n")).collect();
    for (condition, of_claim, of_volume) in conditions {
        assert!(whole.contains(condition), "{condition} is one of the examples");
        let verdict =
            format!("verdict := {{\"action\": \"Retain\", \"reason\": \"holds\"}} if {condition}\n");
        let program = load(condition, &format!("{without_verdict}{verdict}"));
        for (name, expected) in [("evidence-claim.json", of_claim), ("evidence-volume.json", of_volume)] {
            let holds = ask(&program, &document(name)).action == Action::Retain;
            // `backed_up_today`: the snapshot of the example is two days old.
            assert_eq!(holds, expected, "{condition} on {name}");
        }
    }
}

#[test]
fn the_test_file_passes() {
    let suite: PolicyTest = survives("suite.yaml", "test");
    assert_eq!(suite.cases.len(), 3);
    let folder = tempfile::tempdir().unwrap();
    let manifest = json!({
        "apiVersion": "probate.dev/v1alpha1", "kind": "ClusterRetentionPolicy", "metadata": {"name": "unused-claims"},
        "spec": {"program": {"rego": {"files": ["policy.rego"]}}, "parameters": {"unusedDays": 30}},
    });
    std::fs::write(folder.path().join("policy.yaml"), manifest.to_string()).unwrap();
    std::fs::write(folder.path().join("policy.rego"), text("policy.rego")).unwrap();
    std::fs::create_dir(folder.path().join("cases")).unwrap();
    let cases = folder.path().join("cases/unused.yaml");
    std::fs::write(&cases, text("suite.yaml")).unwrap();
    let run = |at: &std::path::Path| {
        let output = probate(&["test".as_ref(), at.as_os_str()]);
        let all =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), all)
    };
    let (code, output) = run(folder.path());
    assert_eq!(code, Some(0), "{output}");
    assert!(output.trim_end().ends_with("7 passed, 0 failed"), "{output}");
    // And it can fail.
    std::fs::write(&cases, text("suite.yaml").replace("rule: unused,", "rule: other,")).unwrap();
    let (code, output) = run(folder.path());
    assert_eq!(code, Some(1), "{output}");
    assert!(output.trim_end().ends_with("6 passed, 1 failed"), "{output}");
}

#[test]
fn the_plan() {
    let plan: PlanReport = survives("plan.json", "plan");
    assert_eq!(plan.entries.len(), 2);
}

#[test]
fn the_record() {
    let record: VolumeRecord = survives("record.yaml", "record");
    assert_eq!(record.status.unused_since.as_deref(), Some("2026-10-01T00:00:00Z"));
}

#[test]
fn the_dump_statement() {
    let dump: Dump = survives("dump.yaml", "dump");
    assert_eq!(dump.absent_kinds, ["VirtualMachine.kubevirt.io"]);
}

#[test]
fn the_decision_log() {
    let record: DecisionRecord = survives("log.json", "decision");
    assert_eq!(record.verdicts[0].digest, "sha256:fcde2b2e");
    assert_eq!(record.evidence["usage"]["unusedSeconds"], 4_514_400);
    let words = [
        Outcome::Applied,
        Outcome::Conflict,
        Outcome::Denied,
        Outcome::Gone,
        Outcome::Unknown,
        Outcome::Failed,
    ];
    let written = words.map(|word| serde_json::to_value(word).unwrap());
    assert_eq!(written, ["Applied", "Conflict", "Denied", "Gone", "Unknown", "Failed"]);
}

#[test]
fn settings_and_their_defaults() {
    let stated: Settings = survives("settings.yaml", "settings");
    assert_eq!(stated.spec, SettingsSpec::default());
}

#[test]
fn causes_are_the_closed_list_in_its_order() {
    let groups = BTreeMap::from([
        ("policy", Group::Policy),
        ("evidence", Group::Evidence),
        ("guard, absolute", Group::Guard),
        ("guard, consentable", Group::Consent),
        ("rate", Group::Rate),
        ("error", Group::Error),
        ("protocol", Group::Protocol),
    ]);
    let text = text("causes.txt");
    let stated: Vec<(Group, &str)> = text
        .lines()
        .map(|line| line.rsplit_once(": ").map(|(group, cause)| (groups[group], cause)).unwrap())
        .collect();
    let names: Vec<String> = Cause::ALL.iter().map(ToString::to_string).collect();
    let ours: Vec<(Group, &str)> =
        Cause::ALL.iter().zip(&names).map(|(cause, name)| (cause.group(), name.as_str())).collect();
    assert_eq!(ours, stated);
    assert!(Cause::ALL.is_sorted(), "causes sort in the order of the list");
}

#[test]
fn facts_are_those_of_the_table() {
    let text = text("facts.txt");
    let mut stated: Vec<&str> = text.lines().collect();
    let mut ours: Vec<&str> = Fact::ALL.iter().map(|fact| fact.name()).collect();
    stated.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, stated);
}

#[test]
fn exit_codes_are_never_reused() {
    let stated: BTreeMap<String, u8> = serde_saphyr::from_str(&text("exit-codes.yaml")).unwrap();
    let ours = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Invalid,
        Exit::Empty,
        Exit::PolicyFailed,
        Exit::Unreadable,
        Exit::Internal,
        Exit::Changes,
    ];
    let ours: BTreeMap<String, u8> = ours.into_iter().map(|exit| (format!("{exit:?}"), exit as u8)).collect();
    assert_eq!(ours, stated);
    let (earlier, later) = ([10, 2, 3, 9, 8, 1, 4, 20], [2, 3, 9, 8, 1, 4, 20, 0]);
    let of = |code: u8| {
        let name = ours.iter().find(|(_, other)| **other == code).map(|(name, _)| name.as_str()).unwrap();
        match name {
            "Done" => Exit::Done,
            "Failed" => Exit::Failed,
            "Usage" => Exit::Usage,
            "Invalid" => Exit::Invalid,
            "Empty" => Exit::Empty,
            "PolicyFailed" => Exit::PolicyFailed,
            "Unreadable" => Exit::Unreadable,
            "Internal" => Exit::Internal,
            _ => Exit::Changes,
        }
    };
    for (first, second) in earlier.into_iter().zip(later) {
        assert_eq!(Exit::first(&[of(second), of(first)]), of(first));
    }
}
