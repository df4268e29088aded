//! The schema of a policy's parameters, in the few keywords that the contract allows.

use crate::Policy;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// JSON Schema of the parameters of `P`: `{}` where it takes none.
pub(crate) fn parameters<P: Policy>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = plain(settings.into_generator().into_root_schema_for::<P>().to_value());
    let takes_none = schema.get("properties").and_then(Value::as_object).is_none_or(Map::is_empty);
    if takes_none { Value::Object(Map::new()) } else { schema }
}

/// Drops what only Rust knows (titles, number formats), and writes optional fields and enumerations in the plain form.
fn plain(schema: Value) -> Value {
    let Value::Object(map) = schema else { return schema };
    let mut plainer = Map::new();
    for (key, value) in map {
        match (key.as_str(), value) {
            ("$schema" | "title" | "format" | "additionalProperties", _) | ("default", Value::Null) => {}
            ("type", Value::Array(types)) => {
                let mut named = types.into_iter().filter(|name| name != "null");
                plainer.extend(named.next().map(|name| (key, name)));
            }
            ("properties", Value::Object(fields)) => {
                let fields: Map<String, Value> =
                    fields.into_iter().map(|(name, field)| (name, plain(field))).collect();
                plainer.insert(key, Value::Object(fields));
            }
            ("items", items) => {
                plainer.insert(key, plain(items));
            }
            ("anyOf", Value::Array(variants)) => match optional(&variants) {
                Some(Value::Object(inner)) => plainer.extend(inner),
                _ => {
                    plainer.insert(key, Value::Array(variants));
                }
            },
            ("oneOf", Value::Array(variants)) => match constants(&variants) {
                Some(words) => plainer.extend([
                    ("type".to_owned(), Value::from("string")),
                    ("enum".to_owned(), Value::Array(words)),
                ]),
                None => {
                    plainer.insert(key, Value::Array(variants));
                }
            },
            (_, value) => {
                plainer.insert(key, value);
            }
        }
    }
    Value::Object(plainer)
}

/// The schema of an optional field's value: nothing is written as a missing key, never as null.
fn optional(variants: &[Value]) -> Option<Value> {
    let is_null = |variant: &&Value| variant.get("type").is_some_and(|name| name == "null");
    let mut others = variants.iter().filter(|variant| !is_null(variant));
    let only = others.next()?;
    (others.next().is_none() && variants.len() == 2).then(|| plain(only.clone()))
}

/// The words of an enumeration whose variants carry documentation.
fn constants(variants: &[Value]) -> Option<Vec<Value>> {
    variants.iter().map(|variant| variant.get("const").filter(|word| word.is_string()).cloned()).collect()
}
