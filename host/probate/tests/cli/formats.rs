//! Every output format of one fixed plan.

use probate_cli::cli::{Format, GroupBy, PlanFormat};
use probate_cli::print::{diff, plan};
use probate_contract::Cause;
use probate_contract::plan::{DecisionAction, PlanReport};

fn report() -> PlanReport {
    serde_json::from_str(include_str!("data/plan.json")).unwrap()
}

fn shown(format: PlanFormat, group_by: Option<GroupBy>, width: Option<usize>) -> String {
    plain(&plan::render(&report(), format, group_by, width).unwrap())
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn formats_of_a_plan() {
    insta::assert_snapshot!("plan-table", shown(PlanFormat::Table, None, None));
    insta::assert_snapshot!("plan-wide", shown(PlanFormat::Wide, None, None));
    insta::assert_snapshot!("plan-markdown", shown(PlanFormat::Markdown, None, None));
    insta::assert_snapshot!("plan-name", shown(PlanFormat::Name, None, None));
    insta::assert_snapshot!("plan-by-namespace", shown(PlanFormat::Table, Some(GroupBy::Namespace), None));
    insta::assert_snapshot!("plan-by-policy", shown(PlanFormat::Yaml, Some(GroupBy::Policy), None));
}

#[test]
fn json_and_yaml_are_the_document() {
    let json: PlanReport = serde_json::from_str(&shown(PlanFormat::Json, None, None)).unwrap();
    assert_eq!(json, report());
    let yaml: PlanReport = serde_saphyr::from_str(&shown(PlanFormat::Yaml, None, None)).unwrap();
    assert_eq!(yaml, report());
}

#[test]
fn a_volume_that_a_policy_keeps_goes_with_its_claim_and_no_further() {
    let mut report = report();
    let entry = report.entries.iter_mut().find(|entry| entry.follows.is_some()).unwrap();
    let keeps = serde_json::json!({"policy": "ClusterRetentionPolicy/keep", "action": "Retain"});
    entry.verdicts.push(serde_json::from_value(keeps).unwrap());
    let said = "goes with pvc/shop/data, not destroyed as long as ClusterRetentionPolicy/keep keeps it";
    for format in [PlanFormat::Table, PlanFormat::Markdown] {
        let text = plain(&plan::render(&report, format, None, None).unwrap());
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn a_narrow_terminal_is_respected() {
    let wide = shown(PlanFormat::Table, None, Some(100));
    let before = "ACTION           OBJECT";
    assert!(wide.starts_with(before), "{wide}");
    let table = wide.split("\n\n").next().unwrap();
    assert!(table.lines().any(|line| line.ends_with("...")), "{table}");
}

#[test]
fn a_thousand_subjects_stay_readable() {
    let mut report = report();
    let used = report.entries.iter().find(|entry| entry.decision.causes == [Cause::InUse]).unwrap().clone();
    for at in 0..1000 {
        let mut entry = used.clone();
        entry.subject.identity.name = format!("more-{at}");
        report.entries.push(entry);
    }
    let table = plain(&plan::render(&report, PlanFormat::Table, None, None).unwrap());
    assert!(table.contains("... and 1003 more InUse, 19.6 TiB (-o wide shows all)"), "{table}");
    assert!(table.lines().count() < 60);
    let wide = plain(&plan::render(&report, PlanFormat::Wide, None, None).unwrap());
    assert!(wide.lines().count() > 1000);
}

#[test]
fn nothing_is_deletable_comes_with_what_holds_it() {
    let mut report = report();
    report.entries.retain(|entry| entry.decision.action == DecisionAction::Retain && entry.follows.is_none());
    report.summary.delete = probate_contract::plan::Total::default();
    let table = plain(&plan::render(&report, PlanFormat::Table, None, None).unwrap());
    assert!(table.contains("nothing is deletable"), "{table}");
    assert!(table.contains("InUse                8       160 GiB"), "{table}");
}

#[test]
fn formats_of_a_diff() {
    let old = report();
    let mut new = report();
    let fresh = new.entries.iter_mut().find(|entry| entry.candidate).unwrap();
    fresh.decision.action = DecisionAction::Delete;
    fresh.decision.causes = vec![Cause::PolicyDelete, Cause::AuditMode];
    fresh.candidate = false;
    new.summary.delete.count += 1;
    new.summary.delete.bytes += fresh.bytes;
    let found = probate_core::diff::diff(&old, &new);
    let shown = |format| plain(&diff::render(&found, 1, format, None).unwrap());
    insta::assert_snapshot!("diff-table", shown(Format::Table));
    insta::with_settings!({filters => vec![(r#""digest": "sha256:[0-9a-f]{64}""#, r#""digest": "sha256:…""#)]}, {
        insta::assert_snapshot!("diff-json", shown(Format::Json));
    });
    let same = probate_core::diff::diff(&old, &old);
    insta::assert_snapshot!("diff-same", plain(&diff::render(&same, 1, Format::Wide, None).unwrap()));
}
