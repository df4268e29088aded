//! What Kubernetes asks of a structural schema, and what the contract asks of ours.

use super::{ClusterRetentionPolicy, RetentionPolicy, all};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Resource as _;
use probate_contract::manifest::Policy;
use serde_json::{Value, json};

fn schema(crd: &CustomResourceDefinition) -> Value {
    let version = crd.spec.versions.first().expect("a version");
    serde_json::to_value(version.schema.as_ref().and_then(|schema| schema.open_api_v3_schema.as_ref()))
        .expect("a schema")
}

fn named(kind: &str) -> CustomResourceDefinition {
    all().expect("definitions").into_iter().find(|crd| crd.spec.names.kind == kind).expect("that kind")
}

/// Every schema and subschema with its path.
fn walk(path: &str, schema: &Value, see: &mut dyn FnMut(&str, &Value)) {
    see(path, schema);
    for (name, below) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        walk(&format!("{path}.{name}"), below, see);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(below) = schema.get(key) {
            walk(&format!("{path}.[]"), below, see);
        }
    }
}

#[test]
fn every_schema_is_structural() {
    let allowed =
        ["type", "description", "properties", "items", "required", "default", "enum", "format", "minimum"]
            .into_iter()
            .chain([
                "maximum",
                "minItems",
                "maxItems",
                "minLength",
                "maxLength",
                "pattern",
                "additionalProperties",
            ]);
    let allowed: Vec<&str> = allowed.collect();
    let mut seen = 0;
    for crd in all().expect("definitions") {
        let kind = &crd.spec.names.kind;
        walk(kind, &schema(&crd), &mut |path, schema| {
            seen += 1;
            let fields = schema.as_object().unwrap_or_else(|| panic!("{path} is no object"));
            assert!(
                fields.contains_key("type") || fields.contains_key("x-kubernetes-preserve-unknown-fields"),
                "{path} has no type"
            );
            assert_ne!(fields.get("type"), Some(&json!("number")), "{path} is a float");
            assert!(!fields.contains_key("nullable"), "{path} may be null");
            assert_ne!(fields.get("default"), Some(&Value::Null), "{path} is null by default");
            for key in fields.keys() {
                assert!(
                    allowed.contains(&key.as_str()) || key.starts_with("x-kubernetes-"),
                    "{path} has {key}"
                );
            }
            let both = fields.contains_key("properties") && fields.contains_key("additionalProperties");
            assert!(!both, "{path} has properties and additionalProperties");
        });
    }
    assert!(seen > 250, "{seen}");
}

#[test]
fn no_number_of_a_policy_may_be_negative() {
    for kind in ["ClusterRetentionPolicy", "RetentionPolicy", "Plan"] {
        let schema = schema(&named(kind));
        let mut seen = 0;
        walk("spec", &schema["properties"]["spec"], &mut |path, schema| {
            if schema["type"] == "integer" {
                seen += 1;
                assert!(schema["minimum"].as_f64().is_some_and(|least| least >= 0.0), "{kind} {path}");
            }
        });
        assert!(seen > 0, "{kind}");
    }
}

#[test]
fn a_default_is_what_the_contract_says() {
    let manifest: Policy = serde_json::from_value(json!({
        "apiVersion": "probate.dev/v1alpha1", "kind": "ClusterRetentionPolicy", "metadata": {"name": "x"},
        "spec": {"program": {"rego": {"inline": "package x"}}},
    }))
    .expect("a manifest");
    let typed = serde_json::to_value(&manifest.spec).expect("a spec");
    let schema = schema(&named("ClusterRetentionPolicy"));
    let spec = &schema["properties"]["spec"]["properties"];
    for (field, value) in typed.as_object().expect("an object") {
        if field != "program" {
            assert_eq!(filled(&spec[field]), *value, "{field}");
        }
    }
}

/// The default as the API server completes it.
fn filled(schema: &Value) -> Value {
    let mut value = schema["default"].clone();
    if let (Some(fields), Some(properties)) = (value.as_object_mut(), schema["properties"].as_object()) {
        for (name, below) in properties {
            if !fields.contains_key(name) && below.get("default").is_some() {
                fields.insert(name.clone(), filled(below));
            }
        }
    }
    value
}

#[test]
fn a_retention_policy_lacks_what_reaches_beyond_its_namespace() {
    let schema = schema(&named("RetentionPolicy"));
    let spec = &schema["properties"]["spec"]["properties"];
    for path in ["subjects", "consents"] {
        assert!(spec.get(path).is_none(), "{path}");
    }
    for field in ["clusters", "namespaces", "excludedNamespaces", "namespaceSelector"] {
        assert!(spec["match"]["properties"].get(field).is_none(), "{field}");
    }
    assert!(spec["deletion"]["properties"].get("retainedVolumes").is_none());
    assert!(spec["deletion"]["default"].get("retainedVolumes").is_none());
    assert!(spec["program"]["properties"]["rego"]["properties"].get("files").is_none());
    assert!(spec["program"]["properties"]["wasm"]["properties"].get("file").is_none());
}

#[test]
fn names_columns_and_status_are_those_of_the_contract() {
    let columns =
        ["Mode", "Matched", "Candidates", "Marked", "Quarantined", "Purged", "Reclaimed", "Ready", "Age"];
    for (kind, short, scope) in
        [("ClusterRetentionPolicy", "crpol", "Cluster"), ("RetentionPolicy", "rpol", "Namespaced")]
    {
        let crd = named(kind);
        assert_eq!(crd.spec.scope, scope);
        assert_eq!(crd.spec.names.short_names, Some(vec![short.to_owned()]));
        let version = crd.spec.versions.first().expect("a version");
        assert!(version.subresources.as_ref().is_some_and(|below| below.status.is_some()));
        let shown: Vec<_> = version.additional_printer_columns.iter().flatten().collect();
        let usual: Vec<_> = shown.iter().filter(|c| c.priority.is_none()).map(|c| c.name.as_str()).collect();
        let wide: Vec<_> = shown.iter().filter(|c| c.priority == Some(1)).map(|c| c.name.as_str()).collect();
        assert_eq!(usual, columns);
        assert_eq!(wide, ["Digest", "Held"]);
    }
    for crd in all().expect("definitions") {
        assert_eq!(crd.spec.names.categories, Some(vec!["probate".to_owned()]));
        assert_eq!(crd.metadata.name, Some(format!("{}.probate.dev", crd.spec.names.plural)));
    }
}

#[test]
fn an_object_is_read_and_written_whole() {
    let object = json!({
        "apiVersion": "probate.dev/v1alpha1", "kind": "RetentionPolicy", "metadata": {"name": "x", "namespace": "shop"},
        "spec": {"program": {"rego": {"inline": "package x"}}},
    });
    let policy: RetentionPolicy = serde_json::from_value(object).expect("a policy");
    let manifest = Policy::from(&policy);
    assert_eq!(manifest.metadata.namespace.as_deref(), Some("shop"));
    assert_eq!(manifest.kind, "RetentionPolicy");
    let written = serde_json::to_value(&policy).expect("json");
    assert_eq!(written["kind"], "RetentionPolicy");
    assert_eq!(written["apiVersion"], "probate.dev/v1alpha1");
    assert_eq!(ClusterRetentionPolicy::api_version(&()), "probate.dev/v1alpha1");
    assert_eq!(
        ClusterRetentionPolicy::url_path(&(), None),
        "/apis/probate.dev/v1alpha1/clusterretentionpolicies"
    );
}
