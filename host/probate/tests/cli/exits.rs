//! Exit codes and streams of the real binary.

use crate::binary::{Run, command, folder, of, probate, root};
use std::io::Read;
use std::process::Stdio;

/// A namespace, and a claim in it that nothing names.
pub(crate) const CLAIMS: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: kube-system, uid: system-1, creationTimestamp: "2025-01-01T00:00:00Z"}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, uid: shop-1, creationTimestamp: "2025-01-01T00:00:00Z"}
status: {phase: Active}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {namespace: shop, name: data, uid: data-1, resourceVersion: "7", creationTimestamp: "2026-01-05T00:00:00Z"}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
status: {phase: Pending}
"#;
const RECORDS: &str = "{subject: pvc/shop/data, unusedSince: \"2026-10-01T00:00:00Z\"}\n";
const UNUSED: &str = r#"package unused

verdict := {"action": "Delete", "reason": "unused", "rule": "unused"} if input.usage.unusedSeconds >= 60
"#;
const KEEP: &str = r#"package keep

verdict := {"action": "Retain", "reason": "kept", "rule": "kept"} if input.subject.name
"#;
const TYPO: &str = r#"package typo

verdict := {"action": "Delete", "reason": "no label"} if not input.subject.labls.keep
"#;
const FAILS: &str = r#"package fails

verdict := {"action": "Retain", "reason": sprintf("%d", [1 / (count(input.subject.name) - 4)])} if input.subject.name
"#;
const ELSEWHERE: &str = r#"
apiVersion: probate.dev/v1alpha1
kind: ClusterRetentionPolicy
metadata: {name: elsewhere}
spec:
  match: {namespaces: [nowhere]}
  program: {rego: {files: [keep.rego]}}
"#;
const WRONG: &str = r#"
apiVersion: probate.dev/v1alpha1
kind: ClusterRetentionPolicy
metadata: {name: wrong}
spec:
  mod: Audit
  program: {rego: {files: [keep.rego]}}
"#;

fn small() -> tempfile::TempDir {
    folder(&[
        ("dump.yaml", CLAIMS),
        ("records.yaml", RECORDS),
        ("unused.rego", UNUSED),
        ("keep.rego", KEEP),
        ("typo.rego", TYPO),
        ("fails.rego", FAILS),
        ("elsewhere/policy.yaml", ELSEWHERE),
        ("elsewhere/keep.rego", KEEP),
        ("wrong/policy.yaml", WRONG),
        ("half.json", "{\"apiVersion\": \"v1\", \"kind\": \"PersistentVolumeClaim\", \"metadata\": {"),
        ("nothing/README", ""),
        (
            "namespaces.json",
            r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "n-1"}}"#,
        ),
    ])
}

/// Everything that makes the small dump's one claim deletable.
const WHOLE: [&str; 6] =
    ["--complete", "all", "--records", "records.yaml", "--as-of", "2026-11-22T06:00:00Z"];

fn plan(folder: &tempfile::TempDir, args: &[&str]) -> Run {
    let args: Vec<&str> = ["plan", "dump.yaml"].iter().chain(&WHOLE).chain(args).copied().collect();
    probate(folder.path(), &args)
}

#[test]
fn a_plan_says_by_its_exit_code_how_it_went() {
    let folder = small();
    let table: [(&[&str], i32, &str); 9] = [
        (&["-p", "unused.rego"], 0, ""),
        (&["-p", "unused.rego", "--detailed-exitcode"], 20, ""),
        (&["-p", "keep.rego", "--detailed-exitcode"], 0, ""),
        (&["-p", "elsewhere"], 4, "PB5001"),
        (&["-p", "elsewhere", "--allow-empty"], 0, "PB5001"),
        (&["-p", "typo.rego", "-p", "unused.rego"], 8, "PB2105"),
        (&["-p", "fails.rego"], 8, ""),
        (&["-p", "wrong"], 3, "PB2001"),
        (&["half.json", "-p", "fails.rego"], 9, "PB1006"),
    ];
    for (args, code, said) in table {
        let run = plan(&folder, args);
        assert_eq!(run.code, code, "{args:?}\n{}\n{}", run.out, run.err);
        assert!(run.err.contains(said), "{args:?}: {}", run.err);
        assert_eq!(run.out.is_empty(), code == 3, "{args:?}: {}", run.out);
    }
    let diff = |more: &[&str]| {
        let args = ["diff", "dump.yaml", "-p", "unused.rego", "--against", "keep.rego"];
        probate(folder.path(), &[&args, &WHOLE[..], more].concat()).code
    };
    assert_eq!((diff(&[]), diff(&["--detailed-exitcode"])), (1, 20));
    assert_eq!(plan(&folder, &["-p", "unused.rego", "-o", "name"]).out, "pvc/shop/data\n");
    assert!(plan(&folder, &["-p", "unused.rego"]).out.contains("Delete (audit)"));
}

#[test]
fn what_is_suspicious_is_said_loudly() {
    let folder = small();
    let run = plan(&folder, &["-p", "unused.rego"]);
    assert!(run.err.contains("PB5003") && run.err.contains("PB5004"), "{}", run.err);
    let run = probate(folder.path(), &["plan", "namespaces.json", "-p", "unused.rego"]);
    assert!(run.err.contains("PB5002"), "{}", run.err);
    assert_eq!(run.code, 4, "{}", run.err);
}

#[test]
fn wrong_usage_has_a_code_too() {
    let folder = small();
    for (args, said) in [
        (vec!["plan", "dump.yaml", "-p", "keep.rego", "--nonsense"], "error[PB0001]"),
        (vec!["plan", "dump.yaml", "-p", "keep.rego", "--as-of", "yesterday"], "PB0002"),
        (vec!["plan", "dump.yaml", "-p", "keep.rego", "-l", "a in (b"], "PB0003"),
        (vec!["schema", "nonsense"], "PB0004"),
        (vec!["codes", "PB0000"], "PB0004"),
        (vec!["init", "rego", "."], "PB0005"),
    ] {
        let run = probate(folder.path(), &args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.err);
        assert!(run.err.contains(said) && run.out.is_empty(), "{args:?}: {}", run.err);
    }
}

#[test]
fn diff_shows_what_changes_and_says_so() {
    let folder = small();
    let diff = |new: &str, old: &str| {
        let args: Vec<&str> = ["diff", "dump.yaml"]
            .iter()
            .chain(&WHOLE)
            .chain(&["-p", new, "--against", old])
            .copied()
            .collect();
        probate(folder.path(), &args)
    };
    let run = diff("unused.rego", "keep.rego");
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.out.contains("Retain -> Delete   pvc/shop/data"), "{}", run.out);
    let run = diff("keep.rego", "keep.rego");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("Nothing changes"), "{}", run.out);
}

#[test]
fn check_tells_what_loads() {
    let folder = small();
    let check = |args: &[&str]| probate(folder.path(), &[&["check"][..], args].concat());
    let run = check(&["unused.rego", "-o", "wide"]);
    assert_eq!(run.code, 0, "{}", run.err);
    for part in ["digest       sha256:", "reads        usage.unusedSince", "imports      none"] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let run = check(&["typo.rego"]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("typo.rego:3:") && run.err.contains("PB2105"), "{}", run.err);
    assert_eq!(check(&["nothing"]).code, 4);
    assert_eq!(check(&["nothing", "--allow-empty"]).code, 0);
}

#[test]
fn check_writes_the_digest_and_keeps_the_rest() {
    let manifest = ELSEWHERE.replace("  match:", "  mode: Enforce # since May\n  match:");
    let folder = folder(&[("policy.yaml", &manifest), ("keep.rego", KEEP)]);
    let run = probate(folder.path(), &["check", "."]);
    assert_eq!(run.code, 3, "{}", run.out);
    assert!(run.err.contains("check --update"), "{}", run.err);
    let run = probate(folder.path(), &["check", ".", "--update"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let written = std::fs::read_to_string(folder.path().join("policy.yaml")).unwrap();
    assert!(written.contains("# since May") && written.contains("\"digest\": \"sha256:"), "{written}");
    assert_eq!(probate(folder.path(), &["check", "."]).code, 0);
    std::fs::write(folder.path().join("keep.rego"), format!("{KEEP}\n# changed\n")).unwrap();
    let run = probate(folder.path(), &["check", "."]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("PB3006"), "{}", run.err);
}

#[test]
fn nobody_reads_to_the_end() {
    let mut child = command(&root(), &["codes", "-o", "json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0_u8; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let suite = "apiVersion: probate.dev/v1alpha1\nkind: PolicyTest\npolicies: [keep.rego]\ncases:\n- {name: kept, input: {example: claim}, expect: {verdict: Retain}}\n";
    let folder = folder(&[("keep.rego", KEEP), ("cases.yaml", suite)]);
    for format in ["table", "wide", "json", "yaml", "name", "junit"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = of(&command(folder.path(), &["test", ".", "-o", format]).stdout(writer).output().unwrap());
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{format}");
    }
}

#[test]
fn colors_only_where_they_are_wanted() {
    let folder = small();
    let colored = |args: &[&str], set: Option<(&str, &str)>| {
        let mut command = command(folder.path(), &[&["codes", "Hold"][..], args].concat());
        let run = of(&command.envs(set).output().unwrap());
        assert_eq!(run.code, 0, "{}", run.err);
        run.out.contains('\u{1b}')
    };
    assert!(!colored(&[], None));
    assert!(colored(&["--color", "always"], None));
    assert!(!colored(&["--color", "never"], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!colored(&[], Some(("NO_COLOR", "1"))));
}

#[cfg(unix)]
#[test]
fn as_a_plugin_of_kubectl_help_says_so() {
    let folder = folder(&[]);
    let plugin = folder.path().join("kubectl-probate");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_probate"), &plugin).unwrap();
    let run = of(&std::process::Command::new(&plugin).args(["plan", "--help"]).output().unwrap());
    assert_eq!(run.code, 0);
    assert!(run.out.contains("Usage: kubectl probate plan"), "{}", run.out);
    let run = probate(folder.path(), &["version", "-o", "json"]);
    assert!(run.out.contains("\"regoGuest\": \"sha256:"), "{}", run.out);
    assert!(run.out.contains(env!("CARGO_PKG_VERSION")), "{}", run.out);
}
