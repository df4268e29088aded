//! The scenario corpus: every case passes, every scenario of the facts has one with a near miss, and what `scenario.yaml` states is
//! what the cases assert.

use crate::support::{probate, root};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folders(below: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(root().join(below))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn documents(path: &Path) -> Vec<Value> {
    serde_saphyr::from_multiple(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every scenario and its folder.
fn scenarios() -> Vec<(PathBuf, Value)> {
    let all = folders("tests/corpus").into_iter().map(|folder| (folder.join("scenario.yaml"), folder));
    let there = all.filter(|(path, _)| path.exists());
    there.map(|(path, folder)| (folder, documents(&path).remove(0))).collect()
}

/// Cases and rows of a suite.
fn cases(suite: &Value) -> Vec<&Value> {
    let cases = suite["cases"].as_array().unwrap();
    cases
        .iter()
        .flat_map(|case| match case.get("table").and_then(Value::as_array) {
            Some(table) => table.iter().collect::<Vec<_>>(),
            None => vec![case],
        })
        .collect()
}

#[test]
fn all_of_it_passes() {
    let output = probate(&["test", "tests/corpus"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().last().unwrap_or_default().to_owned();
    let failures: Vec<&str> = text.lines().filter(|line| !line.trim_start().ends_with("passed")).collect();
    assert!(output.status.success(), "{last}\n{}", failures.join("\n"));
    let passed: usize = last.split(' ').next().unwrap().parse().unwrap();
    assert!(passed >= 136, "two cases a scenario at the least: {last}");
    println!("{last}");
}

#[test]
fn every_scenario_has_a_case_and_a_near_miss() {
    let mut ids = BTreeSet::new();
    for (folder, scenario) in scenarios() {
        ids.insert(scenario["id"].as_str().unwrap().to_owned());
        let suites: Vec<Value> = ["case.yaml", "always.yaml"]
            .iter()
            .map(|name| folder.join(name))
            .filter(|path| path.exists())
            .flat_map(|path| documents(&path))
            .collect();
        // What only the command line shows has a test of its own below.
        if scenario.get("command").is_some() {
            continue;
        }
        let count: usize = suites.iter().map(|suite| cases(suite).len()).sum();
        assert!(count >= 2, "{}: a case and a near miss", folder.display());
    }
    let missing: Vec<String> =
        (1..=68).map(|number| format!("S{number:02}")).filter(|id| !ids.contains(id)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn what_a_scenario_states_is_what_its_first_cases_assert() {
    let mut wrong = Vec::new();
    for (folder, scenario) in scenarios() {
        let first = |name: &str| {
            let path = folder.join(name);
            let suite = path.exists().then(|| documents(&path).remove(0))?;
            let case = suite["cases"].as_array()?.first()?.clone();
            let row = case.get("table").and_then(|table| table.get(0)).cloned();
            let mut expect = case["expect"].clone();
            if let Some(Value::Object(own)) = row.map(|row| row["expect"].clone()) {
                expect.as_object_mut()?.extend(own);
            }
            Some(expect)
        };
        if scenario.get("command").is_some() {
            continue;
        }
        let own = first("case.yaml").or_else(|| first("always.yaml"));
        let own = own.map(|expect| expect["action"] == scenario["decision"]);
        if own != Some(true) {
            wrong.push(format!("{}: the first case decides otherwise", folder.display()));
        }
        let cause = &scenario["cause"];
        if cause != "PolicyDelete" && cause != "PolicyRetain" {
            let held = first("always.yaml").is_some_and(|expect| {
                expect["causes"].as_array().is_some_and(|causes| causes.contains(cause))
            });
            if !held {
                wrong.push(format!("{}: nothing asserts {cause}", folder.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The file of a test's module below `host/cluster/tests`, and the names of the modules that lead to it.
fn module(path: &[&str]) -> PathBuf {
    let mut file = root().join("host/cluster/tests");
    path.iter().for_each(|part| file.push(part));
    file.with_extension("rs")
}

#[test]
fn what_is_carried_out_has_a_test_by_that_name() {
    let mut named = BTreeSet::new();
    for (folder, scenario) in scenarios() {
        let (state, test) = (scenario["state"].as_str().unwrap(), scenario["carriedOut"].as_str());
        assert_eq!(state == "Controller", test.is_some(), "{}", folder.display());
        assert_eq!(test.is_some(), scenario["carries"].is_string(), "{}", folder.display());
        assert!(["Decided", "Controller"].contains(&state), "{}: {state}", folder.display());
        let Some(test) = test else { continue };
        let parts: Vec<&str> = test.split("::").collect();
        let [binary, "scenarios", theme, function] = parts.as_slice() else {
            panic!("{test}: not below scenarios")
        };
        let source = fs::read_to_string(module(&[binary, "scenarios", theme])).unwrap();
        let declared =
            |file: PathBuf, name: &str| fs::read_to_string(file).unwrap().contains(&format!("\nmod {name};"));
        assert!(declared(module(&[binary, "main"]), "scenarios"), "{test}");
        assert!(declared(module(&[binary, "scenarios", "mod"]), theme), "{test}");
        let run = format!("#[tokio::test(flavor = \"multi_thread\")]\nasync fn {function}() {{");
        assert!(source.contains(&run), "{test}: no such test");
        let id = scenario["id"].as_str().unwrap().to_lowercase();
        assert!(function.starts_with(&format!("{id}_")), "{test}: not of {id}");
        named.insert((*function).to_owned());
    }
    let mut there = BTreeSet::new();
    for file in fs::read_dir(root().join("host/cluster/tests/turn/scenarios")).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        let tests = source
            .split("#[tokio::test")
            .skip(1)
            .filter_map(|rest| rest.split_once("async fn ")?.1.split_once('('));
        there.extend(tests.map(|(name, _)| name.to_owned()));
    }
    assert_eq!(named, there, "each is of a scenario");
    assert!(named.len() >= 18);
}

#[test]
fn each_row_of_the_comparison_decides_as_it_says() {
    let mut rows = BTreeSet::new();
    for folder in folders("tests/corpus/peers") {
        let row = documents(&folder.join("row.yaml")).remove(0);
        rows.insert(row["row"].as_u64().unwrap());
        let suite = documents(&folder.join("case.yaml")).remove(0);
        let expect = &suite["cases"][0]["expect"];
        assert_eq!(expect["action"], row["probate"]["decision"], "{}", folder.display());
        let causes = expect["causes"].as_array().unwrap();
        assert!(causes.contains(&row["probate"]["cause"]), "{}: {causes:?}", folder.display());
    }
    assert_eq!(rows, (1..=28).collect());
}

#[test]
fn two_clusters_of_one_name_let_nothing_go() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.yaml");
    fs::write(
        &other,
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system, uid: another, creationTimestamp: \"2026-01-01T00:00:00Z\"}\n",
    )
    .unwrap();
    let name = format!("host={}", other.display());
    let plan = |dumps: &[&str]| {
        let mut args = vec!["plan"];
        args.extend(dumps);
        args.extend(["-p", "policies/unused-claims", "-o", "json"]);
        let output = probate(&args);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (report["summary"]["delete"]["count"].as_u64().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (alone, _) = plan(&["host=examples/quickstart/dump"]);
    let (mixed, said) = plan(&["host=examples/quickstart/dump", &name]);
    assert!(alone > 0);
    assert_eq!(mixed, 0);
    assert!(said.contains("PB1024"), "{said}");
}

#[test]
fn a_custom_resource_is_read_for_names_unless_no_api_server_would_hold_it() {
    let folder = tempfile::tempdir().unwrap();
    let padding = "x".repeat(1 << 20);
    let decided = |megabytes: usize, name: &str| {
        let parts: Vec<String> = (0..megabytes).map(|_| format!("\"{padding}\"")).collect();
        let object = format!(
            "{{\"apiVersion\": \"example.com/v1\", \"kind\": \"Blob\", \"metadata\": {{\"namespace\": \"shop\", \"name\": \"blob\", \"uid\": \"b\"}}, \
             \"spec\": {{\"parts\": [{}], \"volume\": \"{name}\"}}}}",
            parts.join(",")
        );
        let path = folder.path().join("blob.json");
        fs::write(&path, object).unwrap();
        let dump = format!("host={}", path.display());
        let args =
            ["plan", "host=examples/quickstart/dump", &dump, "-p", "policies/unused-claims", "-o", "json"];
        let output = probate(&[&args[..], &["--complete", "Blob.example.com"]].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let entries = report["entries"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["subject"]["name"] == "uploads-old").unwrap();
        let causes = entry["decision"]["causes"].to_string();
        (entry["decision"]["action"].as_str().unwrap().to_owned(), causes, output.status.code())
    };
    let (action, _, exit) = decided(1, "nothing-here");
    assert_eq!((action.as_str(), exit), ("Delete", Some(0)));
    let (action, causes, _) = decided(1, "uploads-old");
    assert_eq!(action, "Retain", "{causes}");
    let (action, causes, exit) = decided(10, "nothing-here");
    assert_eq!((action.as_str(), exit), ("Retain", Some(9)), "what cannot be read is said and holds");
    assert!(causes.contains("IncompleteEvidence"), "{causes}");
}
