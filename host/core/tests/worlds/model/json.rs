//! Reading raw objects.

use serde_json::Value;

static NOTHING: Value = Value::Null;

/// What stands at a dotted path; null where nothing does.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, key| value.get(key).unwrap_or(&NOTHING))
}

/// The text at a dotted path, or nothing.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).as_str().unwrap_or_default()
}

/// The list at a dotted path, or an empty one.
pub(super) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// Name, namespace and uid.
pub(super) fn name(object: &Value) -> &str {
    text(object, "metadata.name")
}

pub(super) fn namespace(object: &Value) -> &str {
    text(object, "metadata.namespace")
}

pub(super) fn uid(object: &Value) -> &str {
    text(object, "metadata.uid")
}

pub(super) fn label<'a>(object: &'a Value, key: &str) -> &'a str {
    at(object, "metadata.labels").get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    at(object, "metadata.annotations").get(key).and_then(Value::as_str)
}

/// API group, empty for core kinds.
pub(super) fn group(object: &Value) -> &str {
    group_of(text(object, "apiVersion"))
}

pub(super) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

pub(super) fn kind(object: &Value) -> &str {
    text(object, "kind")
}

/// `KIND.GROUP`, core kinds without group.
pub(super) fn typed(object: &Value) -> String {
    match group(object) {
        "" => kind(object).to_owned(),
        group => format!("{}.{group}", kind(object)),
    }
}

/// Every string of a document with the map that it stands in.
pub(super) fn strings<'a>(value: &'a Value, found: &mut dyn FnMut(&'a str)) {
    match value {
        Value::String(text) => found(text),
        Value::Array(list) => list.iter().for_each(|value| strings(value, found)),
        Value::Object(map) => {
            for (key, value) in map {
                found(key);
                strings(value, found);
            }
        }
        _ => {}
    }
}

/// Every map of a document.
pub(super) fn maps<'a>(value: &'a Value, found: &mut dyn FnMut(&'a serde_json::Map<String, Value>)) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| maps(value, found)),
        Value::Object(map) => {
            found(map);
            map.values().for_each(|value| maps(value, found));
        }
        _ => {}
    }
}
