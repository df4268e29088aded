//! The test runner as its users see it: small suites that must fail in given ways, with what must be printed beside them
//! (`expected.txt`: the exit code, then the output), and `--update`, coverage and the other formats.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn probate(folder: &Path, args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probate"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command.env("PROBATE_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PROBATE_THREADS"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Run { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
}

fn data() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/suites/data")
}

/// A copy of the data that a test may change.
fn copy() -> tempfile::TempDir {
    fn into(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                into(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    into(&data(), folder.path());
    folder
}

#[test]
fn every_suite_ends_as_it_must() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(data()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(expected) = fs::read_to_string(path.join("expected.txt")) else { continue };
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let run = probate(&data(), &["test", &name]);
        let found = format!("exit {}\n{}", run.code, run.out);
        if found != expected {
            wrong.push(format!("{name}: expected\n{expected}\nfound\n{found}\n{}", run.err));
        }
        checked += 1;
    }
    assert!(checked >= 20, "{checked}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_update_rewrites_failing_expectations_and_keeps_comments() {
    let folder = copy();
    let suite = folder.path().join("update/suite.yaml");
    let before = fs::read_to_string(&suite).unwrap();
    let run = probate(folder.path(), &["test", "update", "--update"]);
    let held = fs::read_to_string(&suite).unwrap();
    assert!(run.err.contains("PB8019") && run.err.contains("--accept-deletes"), "{}", run.err);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.ends_with("3 passed, 2 failed\n"), "{}", run.out);
    let run = probate(folder.path(), &["test", "update", "--update", "--accept-deletes"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let after = fs::read_to_string(&suite).unwrap();
    assert_eq!(held, fs::read_to_string(data().join("update/held.txt")).unwrap());
    assert_eq!(after, fs::read_to_string(data().join("update/accepted.txt")).unwrap());
    let comments = |text: &str| text.matches("# ").count();
    assert_eq!(comments(&before), comments(&after));
    let run = probate(folder.path(), &["test", "update", "--update"]);
    assert_eq!((run.code, fs::read_to_string(&suite).unwrap()), (0, after));
}

#[test]
fn coverage_is_counted_and_has_a_threshold() {
    let run = probate(
        &data(),
        &["test", "world", "native", "--coverage", "--threshold", "100", "--run", "what it has|test_passes"],
    );
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains("PB8017"), "{}", run.err);
    assert!(run.out.contains("of policy/policy.rego"), "{}", run.out);
    assert!(run.out.ends_with("2 passed, 0 failed\n"), "{}", run.out);
    let run = probate(&data(), &["test", "world", "--coverage", "--threshold", "100"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("coverage: 100 % of all"), "{}", run.out);
}

#[test]
fn nothing_to_run_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let run = probate(folder.path(), &["test", "."]);
    assert_eq!(run.code, 4, "{}{}", run.out, run.err);
    assert!(run.err.contains("PB8018"), "{}", run.err);
    assert_eq!(run.out, "0 passed, 0 failed\n");
    assert_eq!(probate(folder.path(), &["test", ".", "--allow-empty"]).code, 0);
    assert_eq!(probate(&data(), &["test", "world", "--run", "no such case"]).code, 4);
    assert_eq!(probate(&data(), &["test", "world", "--run", "("]).code, 2);
    assert_eq!(probate(&data(), &["test", "nowhere"]).code, 3);
}

#[test]
fn formats_tell_the_same() {
    let json = probate(&data(), &["test", "wrong-expect", "-o", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &report["kind"]), (1, &"TestReport".into()));
    assert_eq!(report["summary"], serde_json::json!({"passed": 2, "failed": 5}));
    let yaml = probate(&data(), &["test", "wrong-expect", "-o", "yaml"]);
    assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&yaml.out).unwrap(), report);
    let names = probate(&data(), &["test", "wrong-expect", "-o", "name"]);
    assert_eq!(names.out.lines().count(), 5);
    assert!(names.out.starts_with("wrong-expect/suite.yaml: everything wrong\n"), "{}", names.out);
    let junit = probate(&data(), &["test", "wrong-expect", "broken-policy", "-o", "junit"]);
    assert_eq!(junit.code, 3);
    assert!(
        junit.out.contains("<testsuites name=\"probate\" tests=\"8\" failures=\"5\" errors=\"1\">"),
        "{}",
        junit.out
    );
    assert_eq!(junit.out.matches("<testcase ").count(), 8);
    let wide = probate(&data(), &["test", "wrong-expect", "-o", "wide"]);
    assert!(wide.out.contains("  passed  right\n"), "{}", wide.out);
}

#[test]
fn threads_and_order_of_paths_change_nothing() {
    let one =
        probate(&data(), &["--threads", "1", "test", "world", "variant-differs", "native", "-o", "json"]);
    let two = probate(
        &data(),
        &["--threads", "7", "test", "native", "variant-differs", "world", "world", "-o", "json"],
    );
    assert_eq!((one.code, one.out), (two.code, two.out));
}
