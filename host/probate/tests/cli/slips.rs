//! Slips of the hand: what was probably meant is said, and nothing is taken in silence.

use crate::binary::{folder, probate};

fn cluster(pods: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: Namespace
metadata: {{name: kube-system, uid: system-1, creationTimestamp: "2025-01-01T00:00:00Z"}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: shop, uid: shop-1, creationTimestamp: "2025-01-01T00:00:00Z"}}
status: {{phase: Active}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{namespace: shop, name: data, uid: data-1, resourceVersion: "7", creationTimestamp: "2026-01-05T00:00:00Z"}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 10Gi}}}}}}
status: {{phase: Pending}}
{pods}"#
    )
}

const POD: &str = r#"---
apiVersion: v1
kind: Pod
metadata: {namespace: other, name: p, uid: pod-1, resourceVersion: "8", creationTimestamp: "2026-01-05T00:00:00Z"}
spec: {containers: []}
status: {phase: Running}
"#;
const UNUSED: &str = r#"package unused

verdict := {"action": "Delete", "reason": "unused", "annotations": {"team/owner": "x"}} if input.usage.unusedSeconds >= 60
"#;
const RECORDS: &str = "{subject: pvc/shop/data, unusedSince: \"2026-10-01T00:00:00Z\"}\n";

fn dump(time: &str) -> String {
    format!(
        "apiVersion: probate.dev/v1alpha1\nkind: Dump\ntakenAt: \"{time}\"\ncomplete: [{{kinds: [\"*\"], namespaces: [\"*\"]}}]\n"
    )
}

#[test]
fn a_name_that_is_nearly_there_is_told() {
    let folder = folder(&[("dump.yaml", &cluster(""))]);
    for (object, meant) in
        [("pvc/shop/dat", "pvc/shop/data"), ("pvc/shob/data", "pvc/shop/data"), ("pv/data", "pvc/shop/data")]
    {
        for command in ["graph", "explain"] {
            let run = probate(folder.path(), &[command, object, "dump.yaml"]);
            assert_eq!(run.code, 2, "{}", run.err);
            assert!(run.err.contains(&format!("did you mean {meant}?")), "{command} {object}: {}", run.err);
        }
    }
    let run = probate(folder.path(), &["graph", "pvc/elsewhere/nothing-like-it", "dump.yaml"]);
    assert!(run.err.contains("list what is there"), "{}", run.err);
}

#[test]
fn objects_are_named_as_kubectl_names_them() {
    let folder = folder(&[("dump.yaml", &cluster(""))]);
    let whole = probate(folder.path(), &["graph", "pvc/shop/data", "dump.yaml"]);
    let apart = probate(folder.path(), &["graph", "pvc", "data", "-n", "shop", "dump.yaml"]);
    assert_eq!((whole.code, apart.code), (0, 0), "{}{}", whole.err, apart.err);
    assert!(whole.out.contains("data") && whole.out == apart.out, "{}{}", whole.out, apart.out);
    let run = probate(folder.path(), &["graph", "pvc", "data", "dump.yaml"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("PB0007"), "{}", run.err);
}

#[test]
fn a_kind_that_nothing_reads_is_no_statement() {
    let folder = folder(&[("dump.yaml", &cluster("")), ("unused.rego", UNUSED)]);
    let said = |stated: &str| {
        let run = probate(folder.path(), &["plan", "dump.yaml", "-p", "unused.rego", "--complete", stated]);
        assert_eq!(run.code, 0, "{}", run.err);
        run.err
    };
    for (stated, meant) in [
        ("Frobnicator", "write kinds as objects write them"),
        ("Pods", "did you mean `Pod`?"),
        ("VirtualMachine", "did you mean `VirtualMachine.kubevirt.io`?"),
        ("VirtualMachines.kubevirt.io", "did you mean `VirtualMachine.kubevirt.io`?"),
    ] {
        let err = said(stated);
        assert!(err.contains("PB0013") && err.contains(meant), "{stated}: {err}");
    }
    for known in
        ["Pod", "Deployment/shop", "Deployment.apps", "VirtualMachine.kubevirt.io", "Blob.example.com"]
    {
        assert!(!said(known).contains("PB0013"), "{known}");
    }
}

#[test]
fn dumps_of_one_cluster_are_of_one_time() {
    let (claims, pods) = (cluster(""), cluster(POD));
    let (early, soon, late) =
        (dump("2026-10-22T06:00:00Z"), dump("2026-11-22T05:30:00Z"), dump("2026-11-22T06:00:00Z"));
    let folder = folder(&[
        ("early/pods.yaml", &pods),
        ("early/probate.yaml", &early),
        ("soon/pods.yaml", &pods),
        ("soon/probate.yaml", &soon),
        ("late/claims.yaml", &claims),
        ("late/probate.yaml", &late),
        ("records.yaml", RECORDS),
        ("unused.rego", UNUSED),
    ]);
    let plan = |first: &str| {
        let args = [
            "plan",
            first,
            "late",
            "-p",
            "unused.rego",
            "--records",
            "records.yaml",
            "--complete",
            "all",
            "-o",
            "name",
        ];
        probate(folder.path(), &args)
    };
    let run = plan("soon");
    assert_eq!((run.code, run.out.as_str()), (0, "pvc/shop/data\n"), "{}", run.err);
    assert!(!run.err.contains("PB1026"), "{}", run.err);
    let run = plan("early");
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
    assert!(run.err.contains("PB1026"), "{}", run.err);
}

#[test]
fn a_refused_annotation_says_which_are_not() {
    let folder = folder(&[("dump.yaml", &cluster("")), ("unused.rego", UNUSED), ("records.yaml", RECORDS)]);
    let args = [
        "plan",
        "dump.yaml",
        "-p",
        "unused.rego",
        "--records",
        "records.yaml",
        "--complete",
        "all",
        "--as-of",
        "2026-11-22T06:00:00Z",
        "-o",
        "wide",
    ];
    let run = probate(folder.path(), &args);
    assert!(run.out.contains("team/owner is refused: policies set `probate.dev/note.…`"), "{}", run.out);
    let run = probate(folder.path(), &["codes", "AnnotationRefused"]);
    assert!(run.out.contains("annotationPrefixes"), "{}", run.out);
}

#[test]
fn a_dump_that_states_a_kind_that_nothing_reads_is_told() {
    let stated = "kind: Dump\ncomplete: [{kinds: [Noode]}]\n";
    let folder =
        folder(&[("d/dump.yaml", &cluster("")), ("d/probate.yaml", stated), ("unused.rego", UNUSED)]);
    let run = probate(folder.path(), &["plan", "d", "-p", "unused.rego"]);
    assert!(run.err.contains("PB1040") && run.err.contains("did you mean `Node`?"), "{}", run.err);
}

#[test]
fn a_suite_says_nothing_in_vain() {
    let suite = |cases: &str| {
        let text = format!(
            "apiVersion: probate.dev/v1alpha1\nkind: PolicyTest\npolicies: [unused.rego]\nnow: \"2026-11-22T06:00:00Z\"\n\
             given:\n  objects:\n  - {{apiVersion: v1, kind: Namespace, metadata: {{name: shop}}}}\n  - {{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{namespace: shop, name: data}}, spec: {{}}}}\n  \
             records: [{{subject: pvc/shop/data, unusedSince: \"2026-10-01T00:00:00Z\"}}]\ncases:\n{cases}"
        );
        let folder = folder(&[("unused.rego", UNUSED), ("cases.yaml", &text)]);
        probate(folder.path(), &["test", "cases.yaml"])
    };
    let early = "now: \"2026-10-01T00:00:01Z\", expect: {action: Retain}";
    let table = format!(
        "- name: goes\n  when: pvc/shop/data\n  expect: {{action: Delete}}\n  table:\n  - {{name: early, {early}}}\n"
    );
    let run = suite(&table);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("warning[PB8022]: `goes` expects action and nothing checks it"), "{}", run.out);
    let twice = "- {name: goes, when: pvc/shop/data, expect: {action: Delete}}\n".repeat(2);
    let run = suite(&twice);
    assert!(run.code == 0 && run.out.contains("warning[PB8023]"), "{}", run.out);
    let run = suite(
        "- {name: kinds, when: pvc/shop/data, incomplete: [{kinds: [Namespaces]}], expect: {action: Delete}}\n",
    );
    assert_eq!(run.code, 3, "{}", run.out);
    assert!(run.out.contains("PB8021") && run.out.contains("did you mean `Namespace`?"), "{}", run.out);
}

#[test]
fn commands_that_are_shown_can_be_copied() {
    let manifest = "apiVersion: probate.dev/v1alpha1\nkind: ClusterRetentionPolicy\nmetadata: {name: p}\nspec:\n  mode: Enforce\n  \
                    match: {namespaces: [shop]}\n  program: {rego: {files: [unused.rego]}}\n";
    let twice = manifest.replace("  mode: Enforce\n", "  mode: Enforce\n  mode: Audit\n");
    let annotates = manifest.replace("mode: Enforce", "actions: [Annotate]");
    let folder = folder(&[
        ("a b/policy.yaml", manifest),
        ("a b/unused.rego", UNUSED),
        ("twice.yaml", &twice),
        ("annotates.yaml", &annotates),
        ("unused.rego", UNUSED),
    ]);
    let run = probate(folder.path(), &["check", "a b/policy.yaml"]);
    assert!(run.err.contains("probate check --update 'a b/policy.yaml'"), "{}", run.err);
    let run = probate(folder.path(), &["init", "rego", "c d"]);
    assert!(run.out.contains("probate test 'c d'"), "{}", run.out);
    let run = probate(folder.path(), &["check", "twice.yaml"]);
    assert!(run.err.contains("the key `mode` is there twice\n  = fix: keep one"), "{}", run.err);
    let run = probate(folder.path(), &["check", "annotates.yaml", "-o", "wide"]);
    assert!(run.out.contains("deletes      never: its actions lack Delete"), "{}", run.out);
}
