//! JSON Schema as schemars writes it, made structural as Kubernetes wants it: no references, no nulls, no `oneOf`, no unsigned
//! formats, `additionalProperties` only for maps.
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema>

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Whether defaults are written: the API server fills them in, which is right for what people write only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Defaults {
    Kept,
    Dropped,
}

/// The structural schema of a type.
pub(super) fn of<T: JsonSchema>(defaults: Defaults) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    rewrite(&schema, defaults)
}

fn rewrite(schema: &Value, defaults: Defaults) -> Value {
    let Some(fields) = schema.as_object() else {
        return json!({"x-kubernetes-preserve-unknown-fields": true});
    };
    let mut made = Map::new();
    if let Some(only) = fields.get("anyOf").and_then(Value::as_array).and_then(|options| not_null(options))
        && let Value::Object(inner) = rewrite(only, defaults)
    {
        made = inner;
    }
    if let Some(words) = fields.get("oneOf").and_then(Value::as_array) {
        made.insert("type".into(), json!("string"));
        made.insert("enum".into(), words.iter().filter_map(|word| word.get("const")).cloned().collect());
    }
    for (key, value) in fields {
        let kept = match key.as_str() {
            "type" => {
                value.as_array().map_or(Some(value), |types| types.iter().find(|one| *one != "null")).cloned()
            }
            "required" | "minimum" | "maximum" | "enum" | "description" => Some(value.clone()),
            "default" => (defaults == Defaults::Kept && !value.is_null()).then(|| value.clone()),
            "format" => {
                value.as_str().map(|format| json!(if format.contains("int") { "int64" } else { format }))
            }
            "items" => Some(rewrite(value, defaults)),
            "properties" => value.as_object().map(|each| {
                each.iter().map(|(name, value)| (name.clone(), rewrite(value, defaults))).collect()
            }),
            "additionalProperties" => match value {
                Value::Bool(false) => None,
                Value::Bool(true) => {
                    made.insert("x-kubernetes-preserve-unknown-fields".into(), json!(true));
                    None
                }
                inner => Some(rewrite(inner, defaults)),
            },
            _ => None,
        };
        if let Some(kept) = kept {
            made.insert(key.clone(), kept);
        }
    }
    Value::Object(made)
}

/// The one of two that is not null, as schemars writes an `Option`.
fn not_null(options: &[Value]) -> Option<&Value> {
    let null = |option: &&Value| option.get("type").and_then(Value::as_str) != Some("null");
    let mut rest = options.iter().filter(null);
    match (rest.next(), rest.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}
