//! The decision log from the command line: written by a plan, verified, read, decided again in another process and with another
//! policy.

use crate::support::{probate, root};
use probate_contract::log::DecisionRecord;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

const DUMP: &str = "examples/quickstart/dump";

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// Runs the binary with paths among its arguments.
fn run(args: &[&str], paths: &[&Path]) -> Output {
    let mut all: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    all.extend(paths.iter().map(|path| path.display().to_string()));
    probate(&all)
}

/// The quickstart's plan as a log.
fn written(folder: &Path, threads: &str) -> PathBuf {
    let path = folder.join(format!("{threads}.jsonl"));
    let output =
        run(&["--threads", threads, "plan", DUMP, "-p", "policies", "-o", "name", "--log"], &[&path]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    path
}

fn hash_of_last(log: &Path) -> String {
    let last: Value =
        serde_json::from_str(std::fs::read_to_string(log).unwrap().lines().last().unwrap()).unwrap();
    last["hash"].as_str().unwrap().to_owned()
}

#[test]
fn a_plan_is_logged_verified_and_decided_again() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (written(folder.path(), "1"), written(folder.path(), "2"));
    let log = std::fs::read_to_string(&one).unwrap();
    assert_eq!(log, std::fs::read_to_string(&two).unwrap(), "the same input, the same bytes");
    let plan: Value =
        serde_json::from_slice(&probate(&["plan", DUMP, "-p", "policies", "-o", "json"]).stdout).unwrap();
    assert_eq!(log.lines().count(), plan["entries"].as_array().unwrap().len());
    for (line, entry) in log.lines().zip(plan["entries"].as_array().unwrap()) {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["decision"], entry["decision"]);
        serde_json::from_value::<DecisionRecord>(record).unwrap();
    }
    let verified = run(&["verify", "--head", &hash_of_last(&one)], &[&one]);
    assert_eq!((code(&verified), text(&verified.stderr)), (0, String::new()));
    assert!(text(&verified.stdout).ends_with("whole and unchanged.\n"));
    for threads in ["1", "2"] {
        let replayed = run(&["--threads", threads, "replay", "-p", "policies"], &[&one]);
        assert_eq!(code(&replayed), 0, "{}{}", text(&replayed.stdout), text(&replayed.stderr));
        let lines = log.lines().count();
        let expected = format!("{lines} decisions again, the same byte for byte.\n");
        assert_eq!(text(&replayed.stdout), expected);
    }
}

#[test]
fn the_corpus_is_decided_again_from_its_lines() {
    for threads in ["1", "2"] {
        let output = probate(&["--threads", threads, "test", "tests/corpus", "--replay"]);
        let last = text(&output.stdout).lines().last().unwrap_or_default().to_owned();
        assert!(output.status.success(), "{last}\n{}", text(&output.stderr));
        assert!(last.ends_with(", 0 failed"), "{last}");
    }
}

#[test]
fn another_policy_says_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let log = written(folder.path(), "1");
    let policy = folder.path().join("unused-claims");
    crate::support::copy(&root().join("policies/unused-claims"), &policy);
    let manifest = policy.join("policy.yaml");
    let yaml = std::fs::read_to_string(&manifest).unwrap();
    assert!(yaml.contains("parameters:"), "{yaml}");
    let mut changed: Value = serde_saphyr::from_str(&yaml).unwrap();
    changed["spec"]["parameters"] = serde_json::json!({"unusedDays": 4000});
    std::fs::write(&manifest, changed.to_string()).unwrap();
    let folders = std::fs::read_dir(root().join("policies")).unwrap().map(|entry| entry.unwrap().path());
    let mut args = vec!["replay".to_owned(), log.display().to_string()];
    for path in folders.filter(|path| path.join("policy.yaml").exists()) {
        let own = path.ends_with("unused-claims");
        args.extend(["-p".to_owned(), if own { policy.display() } else { path.display() }.to_string()]);
    }
    let output = probate(&args);
    let said = text(&output.stdout);
    assert_eq!(code(&output), 1, "{said}{}", text(&output.stderr));
    assert!(said.contains("decision.action: Delete -> Retain"), "{said}");
    assert!(said.contains("verdicts.ClusterRetentionPolicy/unused-claims.digest: sha256:"), "{said}");
    args.extend(["-o".to_owned(), "json".to_owned()]);
    let report: Value = serde_json::from_slice(&probate(&args).stdout).unwrap();
    assert_eq!(report["kind"], "ReplayReport");
    assert!(!report["differing"].as_array().unwrap().is_empty());
    // A policy alone, that reads what the lines of others do not record.
    let alone = run(&["replay", "-p", "policies/harvester-guest-volumes"], &[&log]);
    assert_eq!(code(&alone), 1);
}

#[test]
fn what_was_changed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = written(folder.path(), "1");
    let lines: Vec<String> = std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
    let write = |lines: &[String]| {
        let path = folder.path().join("changed.jsonl");
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        path
    };
    let verify = |lines: &[String], head: &str| {
        let output = run(&["verify", "--head", head], &[&write(lines)]);
        (code(&output), text(&output.stderr))
    };
    let head = hash_of_last(&log);
    let mut changed = lines.clone();
    changed[4] = changed[4].replacen("Retain", "Delete", 1);
    let (exit, said) = verify(&changed, &head);
    assert_eq!(exit, 1);
    assert!(
        said.contains("changed.jsonl:5:1: error[PB7003]: c-") && said.contains(" 5: the line was changed"),
        "{said}"
    );
    let mut cut = lines.clone();
    cut.remove(7);
    assert!(verify(&cut, &head).1.contains("error[PB7004]"));
    let mut twice = lines.clone();
    twice.insert(3, lines[2].clone());
    assert!(verify(&twice, &head).1.contains("error[PB7005]"));
    let end = &lines[..lines.len() - 1];
    assert!(verify(end, &head).1.contains("error[PB7007]"));
    let mut torn = lines.clone();
    torn[2].truncate(100);
    assert!(verify(&torn, &head).1.contains("changed.jsonl:3:1: error[PB7002]"));
    // Neither read nor decided again: what it says is not what was decided.
    let path = write(&changed);
    let replayed = run(&["replay", "-p", "policies"], &[&path]);
    assert_eq!(code(&replayed), 9);
    assert!(text(&replayed.stderr).contains(":5:1: error[PB7003]"));
}

#[test]
fn lines_are_chosen_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let log = written(folder.path(), "1");
    let whole = std::fs::read_to_string(&log).unwrap();
    let shown = |args: &[&str]| {
        let mut all = vec!["log"];
        all.extend(args);
        let output = run(&all, &[&log]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(shown(&["-o", "json"]), whole, "lines as they are");
    let one = shown(&["--subject", "pvc/data/data-pg-1", "-o", "json"]);
    let [line] = one.lines().collect::<Vec<_>>()[..] else { panic!("{one}") };
    let record: Value = serde_json::from_str(line).unwrap();
    assert_eq!(shown(&["--subject", record["subject"]["uid"].as_str().unwrap(), "-o", "json"]), one);
    assert_eq!(shown(&["--decision", record["decision"]["id"].as_str().unwrap(), "-o", "json"]), one);
    assert_eq!(shown(&["--since", "2999-01-01T00:00:00Z"]), "No line.\n");
    let table = shown(&["--subject", "pvc/data/data-pg-1"]);
    assert!(table.contains("Retain") && table.contains("ScaledDownOrdinal"), "{table}");
    assert_eq!(code(&run(&["log", "--since", "yesterday"], &[&log])), 2);
    assert_eq!(code(&run(&["log"], &[&folder.path().join("none")])), 3);
}
