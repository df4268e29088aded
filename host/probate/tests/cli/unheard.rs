//! What holds nothing is still said: failures of policies that only annotate, annotations that are refused.

use crate::binary::{Run, folder, probate};
use crate::exits::CLAIMS;

/// Another claim beside that of `CLAIMS`.
const MORE: &str = r#"---
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
    let dump = format!("{CLAIMS}{MORE}");
    let folder = folder(&[("dump.yaml", &dump), ("p/policy.yaml", &manifest), ("p/label.rego", &program)]);
    let args = ["plan", "dump.yaml", "-p", "p", "--complete", "all", "--as-of", "2026-11-22T06:00:00Z"];
    probate(folder.path(), &args)
}

#[test]
fn a_policy_that_only_annotates_fails_aloud() {
    let bad = plan("[Annotate]", "{\"annotations\": {\"probate.dev/note.x\": 5}} if input.subject.name");
    assert_eq!(bad.code, 8, "{}", bad.err);
    let line = "ClusterRetentionPolicy/label annotates nothing on 2 objects: BadVerdict";
    assert!(bad.out.contains(line), "{}", bad.out);
    let said = "warning[PB3015]: ClusterRetentionPolicy/label fails on 2 subjects, first on pvc/shop/data: BadVerdict: ";
    for part in [said, "only annotates", "fix: "] {
        assert!(bad.err.contains(part), "{part}: {}", bad.err);
    }
    let error =
        plan("[Annotate]", "{\"annotations\": {\"probate.dev/note.x\": to_number(input.subject.name)}}");
    assert_eq!(error.code, 8, "{}", error.err);
    assert!(error.out.contains("annotates nothing on 2 objects: PolicyError"), "{}", error.out);
    assert!(error.err.contains("warning[PB3009]"), "{}", error.err);
    let typo = plan("[Annotate]", "{\"annotations\": {\"probate.dev/note.x\": input.subject.nam}}");
    assert_eq!(typo.code, 8, "{}", typo.err);
    assert!(typo.out.contains("annotates nothing on 2 objects: LoadFailed"), "{}", typo.out);
    assert!(typo.err.contains("PB2105"), "{}", typo.err);
    assert!(!typo.err.contains("PB3001") && !typo.err.contains("is a retain vote"), "{}", typo.err);
}

#[test]
fn an_annotation_that_is_not_declared_names_the_action() {
    let verdict = "{\"annotations\": {\"probate.dev/note.x\": input.subject.name}}";
    let fix = "write spec.actions: [Retain, Delete, Annotate]";
    let lacks = format!("the actions of ClusterRetentionPolicy/label lack Annotate: {fix}");
    let undeclared = plan("[Retain, Delete]", verdict);
    assert_eq!(undeclared.code, 0, "{}", undeclared.err);
    assert!(undeclared.out.contains(&lacks), "{}", undeclared.out);
    assert!(undeclared.err.contains("warning[PB5005]") && undeclared.err.contains(fix), "{}", undeclared.err);
}

#[test]
fn an_annotation_that_no_value_may_be_is_refused_with_the_reason() {
    let verdict = "{\"annotations\": {\"probate.dev/note.x\": concat(\"\\n\", [input.subject.name, \"y\"])}}";
    let refused = plan("[Annotate]", verdict);
    assert_eq!(refused.code, 0, "{}", refused.err);
    assert!(refused.out.contains("is refused: its value is not one printable line"), "{}", refused.out);
}
