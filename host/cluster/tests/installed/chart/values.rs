//! What may be chosen: the schema refuses slips by name, and whatever it accepts renders.

use super::same::by_name;
use super::{chart, helm, run, template};
use serde_json::{Value, json};

#[test]
fn lint_finds_nothing() {
    let Some(helm) = helm() else { return };
    for values in [json!({}), json!({"mode": "enforce"})] {
        let done = run(&helm, &["lint", &chart(), "--strict", "--namespace", "probate"], &values);
        assert!(done.well && done.out.contains("0 chart(s) failed"), "{values}: {}{}", done.out, done.err);
        assert!(!done.out.contains("[WARNING]"), "{values}: {}", done.out);
    }
    let done = run(&helm, &["lint", &chart(), "--strict"], &json!({"mode": "delete"}));
    assert!(!done.well && done.out.contains("[ERROR]"), "lint does not look: {}{}", done.out, done.err);
}

/// Values, where the refusal says that they are wrong, and what it says.
fn refused() -> Vec<(Value, &'static str, &'static str)> {
    let one_of = "value must be one of 'audit', 'enforce'";
    let more = "additional properties";
    vec![
        (json!({"mode": "Enforce"}), "/mode", one_of),
        (json!({"mode": "delete"}), "/mode", one_of),
        (json!({"modes": "audit"}), "''", "'modes' not allowed"),
        (json!({"replicas": -1}), "/replicas", "minimum"),
        (json!({"replicas": "two"}), "/replicas", "want integer"),
        (json!({"image": {"digest": "latest"}}), "/image/digest", "does not match pattern"),
        (json!({"image": {"name": "x"}}), "/image", "'name' not allowed"),
        (json!({"settings": {"minimumAge": 5}}), "/settings", "'minimumAge' not allowed"),
        (json!({"settings": {"minimumAgeSeconds": "5"}}), "/settings/minimumAgeSeconds", "want integer"),
        (
            json!({"settings": {"protected": {"namespace": ["x"]}}}),
            "/settings/protected",
            "'namespace' not allowed",
        ),
        (
            json!({"settings": {"rates": [{"window": "Week", "per": "Policy"}]}}),
            "/settings/rates/0/window",
            "value must be 'Hour'",
        ),
        (json!({"observe": {"groups": ["x"]}}), "/observe", "'groups' not allowed"),
        (json!({"observe": {"extraGroups": ["*"]}}), "/observe/extraGroups/0", "does not match pattern"),
        (json!({"networkPolicy": true}), "/networkPolicy", "want object"),
        (json!({"crds": {"keep": true}}), "/crds", "'keep' not allowed"),
        (json!({"links": [{"name": "rancher"}]}), "/links/0", "missing property 'secret'"),
        (json!({"links": [{"name": "rancher", "secret": "s", "x": 1}]}), "/links/0", more),
    ]
}

#[test]
fn a_slip_is_refused_by_its_name() {
    let Some(helm) = helm() else { return };
    for (values, place, said) in refused() {
        let done = template(&helm, &values);
        assert!(!done.well && done.out.is_empty(), "accepted: {values}");
        let mut lines = done.err.lines();
        assert!(
            lines.any(|line| line.contains(place) && line.contains(said)),
            "{values}: {}\nnot: {place} {said}",
            done.err
        );
    }
}

#[test]
fn what_is_accepted_renders() {
    let Some(helm) = helm() else { return };
    for values in [
        json!({}),
        json!({"mode": "enforce"}),
        json!({"settings": {"minimumAgeSeconds": 5, "protected": {"namespaces": ["prod-*"]}}}),
        json!({"settings": {"rates": [{"window": "Day", "per": "StorageClass", "maxBytes": "5Ti"}]}}),
        json!({"observe": {"extraGroups": ["databases.example.com"]}}),
        json!({"image": {"digest": format!("sha256:{}", "0".repeat(64))}, "imagePullSecrets": [{"name": "x"}]}),
        json!({"links": [{"name": "vcluster:a", "secret": "kubeconfig-a"}], "clusterName": "harvester", "mode": "enforce"}),
        json!({"nodeSelector": {"a": "b"}, "tolerations": [{"operator": "Exists"}], "podAnnotations": {"x": "y"},
            "extraArgs": ["-v"]}),
        json!({"affinity": {"nodeAffinity": {}}, "priorityClassName": "high", "resources": {}, "global": {"x": 1}}),
        json!({"extraVolumes": [{"name": "p", "emptyDir": {}}], "extraVolumeMounts": [{"name": "p", "mountPath": "/p"}]}),
    ] {
        let done = template(&helm, &values);
        assert!(done.well, "{values}: {}", done.err);
        assert!(by_name(&done.out).len() > 20, "{values}: {}", done.out);
    }
}

#[test]
fn it_lives_in_one_namespace() {
    let Some(helm) = helm() else { return };
    let done = run(&helm, &["template", "probate", &chart(), "--namespace", "default"], &json!({}));
    assert!(!done.well && done.err.contains("--namespace probate"), "{}{}", done.out, done.err);
}
