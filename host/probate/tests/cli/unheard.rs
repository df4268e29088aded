//! What holds nothing is still said: failures of policies that only annotate, annotations that are refused.

use crate::binary::{Run, folder, probate};

const CLAIMS: &str = r#"
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
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {namespace: shop, name: more, uid: more-1, resourceVersion: "8", creationTimestamp: "2026-01-05T00:00:00Z"}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
status: {phase: Pending}
"#;

/// The plan with one policy of those actions and that verdict.
fn plan(actions: &str, verdict: &str) -> Run {
    let manifest = format!(
        "apiVersion: probate.dev/v1alpha1\nkind: ClusterRetentionPolicy\nmetadata: {{name: label}}\nspec:\n  \
         actions: {actions}\n  program: {{rego: {{files: [label.rego]}}}}\n"
    );
    let program = format!("package label\n\nverdict := {verdict}\n");
    let folder = folder(&[("dump.yaml", CLAIMS), ("p/policy.yaml", &manifest), ("p/label.rego", &program)]);
    let args = ["plan", "dump.yaml", "-p", "p", "--complete", "all", "--as-of", "2026-11-22T06:00:00Z"];
    probate(folder.path(), &args)
}

fn holds(run: &Run, code: i32, out: &[&str], err: &[&str]) {
    assert_eq!(run.code, code, "{}{}", run.out, run.err);
    out.iter().for_each(|part| assert!(run.out.contains(part), "{part}: {}", run.out));
    err.iter().for_each(|part| assert!(run.err.contains(part), "{part}: {}", run.err));
}

#[test]
fn a_policy_that_only_annotates_fails_aloud() {
    let bad = plan("[Annotate]", "{\"annotations\": {\"probate.dev/note.x\": 5}} if input.subject.name");
    let line = "ClusterRetentionPolicy/label annotates nothing on 2 objects: BadVerdict";
    let said = "warning[PB3015]: ClusterRetentionPolicy/label fails on 2 subjects, first on pvc/shop/data: BadVerdict: ";
    holds(&bad, 8, &[line], &[said, "only annotates", "fix: "]);
    let error =
        plan("[Annotate]", "{\"annotations\": {\"probate.dev/note.x\": to_number(input.subject.name)}}");
    holds(&error, 8, &["annotates nothing on 2 objects: PolicyError"], &["warning[PB3009]"]);
    let typo = plan("[Annotate]", "{\"annotations\": {\"probate.dev/note.x\": input.subject.nam}}");
    holds(&typo, 8, &["annotates nothing on 2 objects: LoadFailed"], &["PB2105"]);
    assert!(!typo.err.contains("PB3001") && !typo.err.contains("is a retain vote"), "{}", typo.err);
}

#[test]
fn an_annotation_that_is_not_declared_names_the_action() {
    let verdict = "{\"annotations\": {\"probate.dev/note.x\": input.subject.name}}";
    let fix = "write spec.actions: [Retain, Delete, Annotate]";
    let lacks = format!("the actions of ClusterRetentionPolicy/label lack Annotate: {fix}");
    holds(&plan("[Retain, Delete]", verdict), 0, &[&lacks], &["warning[PB5005]", fix]);
    let verdict = "{\"annotations\": {\"probate.dev/note.x\": concat(\"\\n\", [input.subject.name, \"y\"])}}";
    holds(&plan("[Annotate]", verdict), 0, &["is refused: its value is not one printable line"], &[]);
}
