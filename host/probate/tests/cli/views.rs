//! What is asked for is shown; what is not still counts.

use crate::binary::{Run, probate, root};
use serde_json::Value;
use std::path::Path;

fn plan(more: &[&str]) -> Run {
    let args = ["plan", "examples/quickstart/dump", "-p", "policies/unused-claims"];
    let run = probate(&root(), &[&args, more].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    run
}

#[test]
fn what_is_not_shown_counts_for_the_pace() {
    let pace = |run: &Run| {
        let (_, pace) = run.out.split_once("What a controller would do").expect("a pace");
        pace.to_owned()
    };
    let all = plan(&[]);
    let one = plan(&["-n", "lab"]);
    assert!(all.out.lines().count() > one.out.lines().count() + 10);
    assert_eq!(pace(&one), pace(&all));
}

/// Owners of the volume behind the claim `vms/db01-root`, and the facts that are unknown.
fn owners(dump: &Path) -> (Vec<String>, Vec<String>) {
    let dump = dump.to_str().unwrap();
    let explain = |object: &str| -> Value {
        let run = probate(&root(), &["explain", object, dump, "-o", "json"]);
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err))
    };
    let claim = explain("pvc/vms/db01-root");
    let volume = claim.pointer("/evidence/volume/name").and_then(Value::as_str).unwrap();
    let volume = explain(&format!("pv/{volume}"));
    let texts = |at: &str, key: &str| -> Vec<String> {
        let list = volume.pointer(at).and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(|one| one.get(key)?.as_str());
        texts.map(str::to_owned).collect()
    };
    (texts("/evidence/owners", "name"), texts("/unknown", "fact"))
}

#[test]
fn a_bound_volume_is_its_claims_machines() {
    let dump = root().join("examples/quickstart/dump");
    let (names, unknown) = owners(&dump);
    assert!(names.contains(&"db01".to_owned()), "{names:?}");
    assert!(!unknown.contains(&"owners".to_owned()), "{unknown:?}");
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(&dump).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let said = folder.path().join("probate.yaml");
    let text = std::fs::read_to_string(&said).unwrap();
    let whole = "- {kinds: [VirtualMachine.kubevirt.io]}\n";
    assert!(text.contains(whole), "{text}");
    std::fs::write(&said, text.replace(whole, "")).unwrap();
    let (names, unknown) = owners(folder.path());
    assert!(names.is_empty() && unknown.contains(&"owners".to_owned()), "{names:?} {unknown:?}");
}

#[test]
fn what_time_alone_turns_says_when() {
    let explain = |more: &[&str]| {
        let args = ["explain", "pvc/shop/import-scratch", "examples/quickstart/dump"];
        let run = probate(&root(), &[&args, more].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        run.out
    };
    let shown = explain(&["-p", "policies/unused-claims"]);
    assert!(shown.contains("Delete if nothing changed until 2026-12-10T03:00:00Z"), "{shown}");
    assert!(explain(&[]).contains("no policy is given"));
}

#[test]
fn what_would_turn_it_is_one_change_that_could_be() {
    let args = ["explain", "pv/pvc-f0b7a813-released-unwatched", "examples/quickstart/dump"];
    let explain = |more: &[&str]| {
        let run = probate(&root(), &[&args, more].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        run.out
    };
    // No record tells of it either: whole lists alone would not let it go.
    let shown = explain(&["-p", "policies/released-volumes"]);
    assert!(shown.contains("IncompleteEvidence") && !shown.contains("every list were whole"), "{shown}");
    let whole = explain(&["-p", "policies/released-volumes", "--complete", "Pod/team-b"]);
    assert!(whole.contains("Retain") && !whole.contains("IncompleteEvidence"), "{whole}");
}
