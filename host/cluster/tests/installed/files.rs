//! What is installed is what is generated. `PROBATE_UPDATE=1` writes it instead, as `cargo xtask deploy` does.

use probate_apiserver::package;
use probate_cluster::publish::metrics::{Labels, Metrics};
use probate_contract::Cause;
use probate_contract::cause::Group;

#[test]
fn committed_files_are_the_generated_ones() {
    let root = package().join("../deploy");
    let files = probate_cluster::deploy::files().expect("files");
    assert!(files.len() > 15, "{}", files.len());
    for file in files {
        let path = root.join(&file.path);
        if std::env::var_os("PROBATE_UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            std::fs::write(&path, &file.text).expect("the file");
        }
        let stands = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(stands, file.text, "{}: run `cargo xtask deploy` and commit it", file.path);
    }
}

#[test]
fn nothing_but_our_expressions_is_an_expression() {
    for file in probate_cluster::deploy::files().expect("files") {
        if !file.path.starts_with("chart/templates") {
            assert!(!file.text.contains("{{") || file.path.ends_with(".tpl"), "{}", file.path);
        }
        let definitions = file.path.ends_with("templates/crds.yaml");
        assert!(!definitions || file.text.matches("{{").count() == 2, "{}", file.path);
    }
}

fn read(path: &str) -> String {
    let path = package().join("../deploy").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_runbook_has_a_section_for_every_alert_and_blocked_reason() {
    let runbook = read("docs/runbook.md");
    let alerts = read("alerts.yaml");
    let named = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let reasons = Cause::ALL.iter().filter(|cause| matches!(cause.group(), Group::Protocol | Group::Rate));
    let wanted: Vec<String> = named.map(str::to_owned).chain(reasons.map(ToString::to_string)).collect();
    assert!(wanted.len() > 12, "{wanted:?}");
    for name in wanted {
        assert!(runbook.contains(&format!("\n### {name}\n")), "{name}");
    }
}

#[test]
fn alerts_and_dashboard_name_metrics_that_there_are() {
    let metrics = Metrics::default();
    metrics.effects.get_or_create(&Labels([("write", "x".to_owned()), ("outcome", "x".to_owned())])).inc();
    metrics.state_bytes.get_or_create(&Labels([("state", "x".to_owned())])).set(1);
    metrics.retained_bytes.get_or_create(&Labels([("cause", "x".to_owned())])).set(1);
    let text = metrics.text();
    let there = |name: &str| text.lines().any(|line| line.split([' ', '{']).next() == Some(name));
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for page in ["alerts.yaml", "dashboard.json"] {
        let page = read(page);
        let named: Vec<&str> =
            page.split(|c: char| !word(c)).filter(|word| word.starts_with("probate_")).collect();
        assert!(named.len() > 6, "{named:?}");
        for name in named {
            assert!(there(name), "{name}\n{text}");
        }
    }
}

#[test]
fn the_alert_of_failing_policies_knows_every_failure() {
    let alerts = read("alerts.yaml");
    let list =
        alerts.split("probate_retained_bytes{cause=~\"").nth(1).and_then(|rest| rest.split('"').next());
    let listed: Vec<String> = list.unwrap_or_default().split('|').map(str::to_owned).collect();
    let failures = Cause::ALL.iter().filter(|cause| cause.group() == Group::Error);
    assert_eq!(listed, failures.map(ToString::to_string).collect::<Vec<_>>());
}

#[test]
fn every_link_in_the_pages_leads_somewhere() {
    let mut seen = 0;
    for (page, folder) in [
        ("README.md", ""),
        ("docs/install.md", "docs/"),
        ("docs/recovery.md", "docs/"),
        ("docs/velero.md", "docs/"),
        ("docs/runbook.md", "docs/"),
    ] {
        for link in read(page).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            seen += 1;
            match link.strip_prefix('#') {
                Some(section) => {
                    let found = read(page)
                        .lines()
                        .any(|line| line.trim_start_matches('#').trim().to_lowercase() == section);
                    assert!(found, "{page}: {link}");
                }
                None => assert!(!read(&format!("{folder}{link}")).is_empty(), "{page}: {link}"),
            }
        }
    }
    assert!(seen > 6, "{seen}");
}
