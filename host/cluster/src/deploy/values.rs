//! What an installer may choose: the chart's values with their schema, and what plain manifests have in their place.

use super::Look;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The labels of every object.
pub(super) fn labels<const N: usize>(component: &str, more: [(&str, &str); N]) -> Value {
    let mut labels = Map::from_iter([
        ("app.kubernetes.io/name".to_owned(), json!("probate")),
        ("app.kubernetes.io/component".to_owned(), json!(component)),
        ("app.kubernetes.io/part-of".to_owned(), json!("probate")),
    ]);
    labels.extend(more.map(|(key, value)| (key.to_owned(), json!(value))));
    Value::Object(labels)
}

/// What is chosen: an expression for the chart, its default elsewhere.
pub(super) fn chosen(look: Look, expression: &str, default: Value) -> Value {
    if look.chart() { json!(format!("{{{{ {expression} }}}}")) } else { default }
}

/// A tree that is chosen as a whole.
pub(super) fn tree(look: Look, path: &str) -> Value {
    chosen(look, &format!("toYaml .Values.{path} | nindent $INDENT"), default(path))
}

/// The default of a value.
pub(super) fn default(path: &str) -> Value {
    values().into_iter().find(|(name, ..)| *name == path).map_or(Value::Null, |(_, default, ..)| default)
}

/// Name, default, schema and meaning of every value, in the order of `values.yaml`.
pub(super) fn values() -> Vec<(&'static str, Value, Value, &'static str)> {
    let flag = json!({"type": "boolean"});
    let open = json!({"type": "object"});
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let list = json!({"type": "array", "items": {"type": "object"}});
    vec![
        (
            "mode",
            json!("audit"),
            json!({"type": "string", "enum": ["audit", "enforce"]}),
            "audit: nothing but probate's own objects, Events and Leases can be written. enforce: adds the roles to mark, delete and purge; what is done is still each policy's mode.",
        ),
        (
            "settings",
            json!({}),
            settings_schema(),
            "Settings of the installation; what is left out keeps its default.",
        ),
        (
            "crds",
            json!({"install": true}),
            json!({"type": "object", "additionalProperties": false, "properties": {"install": flag}}),
            "The kinds of probate.dev; they stay when the release goes, and with them records and quarantines.",
        ),
        (
            "observe",
            json!({"extraGroups": []}),
            json!({"type": "object", "additionalProperties": false, "properties": {
                "extraGroups": {"type": "array", "items": {"type": "string", "minLength": 1, "pattern": "^[a-z0-9.-]+$"}}}}),
            "API groups of this cluster's own resources, to be read too: what may not be read may name any claim, and retains it.",
        ),
        (
            "image",
            json!({"repository": "probate", "tag": "", "digest": "", "pullPolicy": "IfNotPresent"}),
            json!({"type": "object", "additionalProperties": false, "properties": {
                "repository": {"type": "string", "minLength": 1}, "tag": {"type": "string"},
                "digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
                "pullPolicy": {"type": "string", "enum": ["Always", "IfNotPresent", "Never"]}}}),
            "The image; the tag is the chart's version unless given, and a digest comes before it.",
        ),
        ("imagePullSecrets", json!([]), list.clone(), "Secrets to pull it with."),
        (
            "replicas",
            json!(2),
            json!({"type": "integer", "minimum": 0, "maximum": 9}),
            "Replicas; any number may act at once.",
        ),
        (
            "clusterName",
            json!("cluster"),
            json!({"type": "string", "minLength": 1}),
            "What policies and records call this cluster.",
        ),
        (
            "links",
            json!([]),
            json!({"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["name", "secret"],
                "properties": {"name": {"type": "string", "minLength": 1}, "secret": {"type": "string", "minLength": 1}}}}),
            "Linked clusters (Rancher, a Harvester host, a guest, vcluster:NAME): name, and a Secret of this namespace with the key kubeconfig.",
        ),
        (
            "extraVolumes",
            json!([]),
            list.clone(),
            "Further volumes, such as a folder of programs for --policies.",
        ),
        ("extraVolumeMounts", json!([]), list.clone(), "And where they are."),
        (
            "extraArgs",
            json!([]),
            json!({"type": "array", "items": {"type": "string"}}),
            "Further arguments of the controller.",
        ),
        (
            "resources",
            json!({"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}),
            open.clone(),
            "Of the container.",
        ),
        (
            "networkPolicy",
            json!({"enabled": true}),
            json!({"type": "object", "additionalProperties": false, "properties": {"enabled": flag}}),
            "Only metrics in, only API servers and names out.",
        ),
        ("nodeSelector", json!({}), texts.clone(), "Where it runs."),
        ("tolerations", json!([]), list, "What it tolerates."),
        ("affinity", json!({}), open, "What it is near to."),
        ("podAnnotations", json!({}), texts, "Annotations of its Pods."),
        ("priorityClassName", json!(""), json!({"type": "string"}), "Its priority class, if any."),
    ]
}

/// `values.schema.json`.
pub(super) fn schema() -> Value {
    let properties: Map<String, Value> = values()
        .into_iter()
        .map(|(name, _, mut schema, meaning)| {
            if let Some(fields) = schema.as_object_mut() {
                fields.insert("description".into(), json!(meaning));
            }
            (name.to_owned(), schema)
        })
        // Helm hands these to every chart.
        .chain(["global", "enabled"].map(|name| (name.to_owned(), json!({}))))
        .collect();
    json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
        "properties": properties})
}

/// The contract's own schema of settings, without references.
fn settings_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<probate_contract::settings::SettingsSpec>();
    let mut schema = schema.to_value();
    if let Some(fields) = schema.as_object_mut() {
        for key in ["$schema", "title", "description"] {
            fields.remove(key);
        }
    }
    schema
}
