//! What the definitions accept, and with which words they refuse, on a real API server.

use crate::plane::{Installed, installed};
use serde_json::{Value, json};

const CLUSTER: &str = "/apis/probate.dev/v1alpha1/clusterretentionpolicies";
const NAMESPACED: &str = "/apis/probate.dev/v1alpha1/namespaces/default/retentionpolicies";

/// Changes a spec that is accepted, and what is said of it; nothing where it is accepted.
type Row = (fn(&mut Value), &'static str);

fn digest() -> Value {
    json!(format!("sha256:{}", "0a".repeat(32)))
}

fn manifest(kind: &str, change: fn(&mut Value)) -> Value {
    let mut spec = json!({"program": {"rego": {"inline": "package x"}}});
    change(&mut spec);
    json!({"apiVersion": "probate.dev/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": spec})
}

async fn judge(installed: &Installed, url: &str, kind: &str, rows: &[Row]) {
    for (at, (change, said)) in rows.iter().enumerate() {
        let body = manifest(kind, *change);
        let answer = installed.try_create(url, &body).await;
        match (answer, *said) {
            (Ok(_), "") => {}
            (Err(message), said) if !said.is_empty() => {
                assert!(
                    message.starts_with("422") && message.contains(said),
                    "row {at}: {message}\nnot: {said}"
                );
            }
            (answer, said) => panic!("row {at}: {answer:?}, not {said:?}: {body}"),
        }
    }
}

const NAMES: &str = "beyond Audit a policy that may delete names match.namespaces, match.namespaceSelector or match.storageClasses";
const SOURCE: &str = "exactly one source";
const PROGRAM: &str = "exactly one program: rego or wasm";
const FOLDER: &str = "paths are relative and stay in the policy's folder";
const DIGEST: &str = "beyond Audit a program that is not inline needs program.digest";
const REGISTRY: &str = "a program from a registry needs program.digest";
const VALUES: &str = "In and NotIn have values, Exists and DoesNotExist none";
const QUANTITY: &str = "maxBytes is a quantity";

const BOTH: &[Row] = &[
    (|_| {}, ""),
    (|spec| spec["program"] = json!({}), PROGRAM),
    (|spec| drop(spec.as_object_mut().and_then(|spec| spec.remove("program"))), "spec.program: Required"),
    (|spec| spec["program"]["wasm"] = json!({"configMapRef": {"name": "p"}}), PROGRAM),
    (|spec| spec["program"]["rego"]["configMapRef"] = json!({"name": "p"}), SOURCE),
    (|spec| spec["program"] = json!({"rego": {"package": "x"}}), SOURCE),
    (|spec| spec["program"] = json!({"wasm": {}}), SOURCE),
    (|spec| spec["program"] = json!({"wasm": {"configMapRef": {"name": "p", "key": "p.wasm"}}}), ""),
    (|spec| spec["program"] = json!({"wasm": {"oci": {"reference": "r"}}}), REGISTRY),
    (|spec| spec["program"] = json!({"rego": {"oci": {"reference": "r"}}}), REGISTRY),
    (|spec| spec["program"] = json!({"wasm": {"oci": {"reference": "r"}}, "digest": digest()}), ""),
    (|spec| spec["program"]["digest"] = json!("sha256:9f86d081"), "spec.program.digest"),
    (|spec| spec["mode"] = json!("enforce"), "Unsupported value: \"enforce\""),
    (|spec| spec["actions"] = json!([]), "spec.actions"),
    (|spec| spec["actions"] = json!(["Delete", "Delete"]), "Duplicate value"),
    (|spec| spec["actions"] = json!(["delete"]), "Unsupported value: \"delete\""),
    (
        |spec| spec["rates"] = json!([{"window": "Hour", "per": "Policy"}]),
        "a rate has maxCount, maxBytes or both",
    ),
    (
        |spec| spec["rates"] = json!([{"window": "Hour", "per": "Policy", "maxCount": -1}]),
        "spec.rates[0].maxCount",
    ),
    (|spec| spec["rates"] = json!([{"window": "Hour", "per": "Policy", "maxBytes": "-5Gi"}]), QUANTITY),
    (|spec| spec["rates"] = json!([{"window": "Hour", "per": "Policy", "maxBytes": "much"}]), QUANTITY),
    (|spec| spec["rates"] = json!([{"window": "Day", "per": "StorageClass", "maxBytes": "500Gi"}]), ""),
    (|spec| spec["breaker"] = json!({"maxPercent": 0}), "spec.breaker.maxPercent"),
    (|spec| spec["breaker"] = json!({"maxPercent": 101}), "spec.breaker.maxPercent"),
    (|spec| spec["breaker"] = json!({"maxPercent": 5.5}), "spec.breaker.maxPercent"),
    (|spec| spec["breaker"] = json!({"maxPercent": 100, "minCount": 0}), ""),
    (|spec| spec["deletion"] = json!({"graceSeconds": -1}), "spec.deletion.graceSeconds"),
    (|spec| spec["deletion"] = json!({"quarantineSeconds": -1}), "spec.deletion.quarantineSeconds"),
    (|spec| spec["deletion"] = json!({"snapshotGate": {"maxAgeSeconds": -1}}), "maxAgeSeconds"),
    (|spec| spec["limits"] = json!({"fuelPerCall": -1}), "spec.limits.fuelPerCall"),
    (
        |spec| {
            spec["match"] = json!({"labelSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}})
        },
        VALUES,
    ),
    (
        |spec| {
            spec["match"] = json!({"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}]}});
        },
        VALUES,
    ),
];

const OF_THE_CLUSTER: &[Row] = &[
    (|spec| spec["mode"] = json!("Enforce"), NAMES),
    (|spec| spec["mode"] = json!("Propose"), NAMES),
    (|spec| *spec = with(spec, json!({"mode": "Enforce", "match": {"namespaces": []}})), NAMES),
    (|spec| *spec = with(spec, json!({"mode": "Enforce", "match": {"excludedNamespaces": ["x"]}})), NAMES),
    (|spec| *spec = with(spec, json!({"mode": "Enforce", "match": {"namespaces": ["team-*"]}})), ""),
    (|spec| *spec = with(spec, json!({"mode": "Enforce", "match": {"namespaces": ["*"]}})), ""),
    (|spec| *spec = with(spec, json!({"mode": "Propose", "match": {"storageClasses": ["fast"]}})), ""),
    (|spec| *spec = with(spec, json!({"mode": "Enforce", "match": {"namespaceSelector": {}}})), ""),
    (|spec| *spec = with(spec, json!({"mode": "Enforce", "actions": ["Annotate", "Retain"]})), ""),
    (
        |spec| {
            *spec = with(
                spec,
                json!({"mode": "Enforce", "match": {"namespaces": ["x"]}, "program": {"rego": {"files": ["a.rego"]}}}),
            )
        },
        DIGEST,
    ),
    (
        |spec| {
            *spec = with(
                spec,
                json!({"mode": "Enforce", "match": {"namespaces": ["x"]}, "program": {"rego": {"files": ["a.rego"]}, "digest": digest()}}),
            );
        },
        "",
    ),
    (|spec| spec["program"] = json!({"rego": {"files": ["policy.rego", "lib/dates.rego"]}}), ""),
    (|spec| spec["program"] = json!({"rego": {"files": []}}), SOURCE),
    (|spec| spec["program"] = json!({"rego": {"files": ["/etc/x.rego"]}}), FOLDER),
    (|spec| spec["program"] = json!({"rego": {"files": ["lib/../../x.rego"]}}), FOLDER),
    (|spec| spec["program"] = json!({"rego": {"files": ["a..b.rego"]}}), ""),
    (|spec| spec["program"] = json!({"wasm": {"file": "../p.wasm"}}), FOLDER),
    (|spec| spec["program"] = json!({"wasm": {"file": "p.wasm"}}), ""),
    (|spec| spec["subjects"] = json!([]), "spec.subjects"),
    (|spec| spec["consents"] = json!(["InUse"]), "Unsupported value: \"InUse\""),
    (|spec| spec["consents"] = json!(["ScaledDownOrdinal", "GitOpsTracked"]), ""),
];

fn with(spec: &Value, more: Value) -> Value {
    let mut spec = spec.clone();
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    spec
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_has_its_message() {
    let Some(installed) = installed().await else { return };
    judge(&installed, CLUSTER, "ClusterRetentionPolicy", BOTH).await;
    judge(&installed, NAMESPACED, "RetentionPolicy", BOTH).await;
    judge(&installed, CLUSTER, "ClusterRetentionPolicy", OF_THE_CLUSTER).await;
    // Naming is nothing for a policy of one namespace: the label alone opens that.
    let enforcing: &[Row] = &[(|spec| spec["mode"] = json!("Enforce"), "")];
    judge(&installed, NAMESPACED, "RetentionPolicy", enforcing).await;
    lacks(&installed).await;
    crate::records::identity(&installed).await;
    crate::records::plans(&installed).await;
}

/// What a RetentionPolicy's schema lacks is refused by a client that asks to be told, and dropped for others.
async fn lacks(installed: &Installed) {
    let strict = format!("{NAMESPACED}?fieldValidation=Strict");
    type Change = fn(&mut Value);
    let rows: [(Change, &str); 8] = [
        (|spec| spec["subjects"] = json!(["PersistentVolume"]), "spec.subjects"),
        (|spec| spec["consents"] = json!(["NamespaceGone"]), "spec.consents"),
        (|spec| spec["match"] = json!({"clusters": ["x"]}), "spec.match.clusters"),
        (|spec| spec["match"] = json!({"namespaces": ["x"]}), "spec.match.namespaces"),
        (|spec| spec["match"] = json!({"excludedNamespaces": ["x"]}), "spec.match.excludedNamespaces"),
        (|spec| spec["match"] = json!({"namespaceSelector": {}}), "spec.match.namespaceSelector"),
        (
            |spec| spec["deletion"] = json!({"retainedVolumes": "DeleteObject"}),
            "spec.deletion.retainedVolumes",
        ),
        (|spec| spec["program"]["rego"]["files"] = json!(["x.rego"]), "spec.program.rego.files"),
    ];
    for (change, field) in rows {
        let body = manifest("RetentionPolicy", change);
        let path = std::env::temp_dir().join(format!("probate-lacks-{}.json", std::process::id()));
        std::fs::write(&path, body.to_string()).expect("a file");
        let file = path.display().to_string();
        let done = installed
            .plane
            .kubectl()
            .args(["create", "--dry-run=server", "-f", &file])
            .output()
            .expect("kubectl");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        std::fs::remove_file(&path).expect("the file");
        assert!(!done.status.success() && said.contains(&format!("unknown field \"{field}\"")), "{said}");
        let pruned = installed.try_create(NAMESPACED, &body).await.expect("accepted without it");
        let pointer = format!("/{}", field.replace('.', "/"));
        assert!(pruned.pointer(&pointer).is_none(), "{strict}: {field}");
    }
}
