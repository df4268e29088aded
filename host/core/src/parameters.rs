//! Parameters: the subset of JSON Schema that policies may use, its defaults, and whether values fit.

use probate_contract::evidence::Open;
use regex::Regex;
use serde_json::{Map, Value};

/// Keywords that are checked; what else a schema holds must be one of `SILENT`.
const KEYWORDS: [&str; 12] = [
    "type",
    "properties",
    "required",
    "default",
    "enum",
    "items",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "additionalProperties",
];
/// Keywords that say nothing about values, and `$ref` into `$defs`.
const SILENT: [&str; 9] =
    ["$schema", "$defs", "$ref", "title", "description", "format", "examples", "const", "$id"];

/// A parameters schema that was understood.
#[derive(Clone, Debug)]
pub struct Schema(Value);

impl Schema {
    /// Checks a schema; `{}` takes no parameters.
    ///
    /// # Errors
    /// The first keyword that is not understood, or wrong.
    pub fn new(schema: &Value) -> Result<Self, String> {
        let object = schema.as_object().ok_or("the schema is not an object")?;
        if object.is_empty() {
            return Ok(Self(serde_json::json!({"type": "object", "properties": {}})));
        }
        if object.get("type").and_then(Value::as_str) != Some("object") && !object.contains_key("$ref") {
            return Err("the schema's type is not object".into());
        }
        let checked = Self(schema.clone());
        checked.understood(schema, "", 0)?;
        Ok(checked)
    }

    fn understood(&self, schema: &Value, at: &str, depth: usize) -> Result<(), String> {
        let place = if at.is_empty() { "the schema".to_owned() } else { format!("`{at}`") };
        let Some(object) = schema.as_object() else { return Err(format!("{place} is not an object")) };
        if depth > 16 {
            return Err(format!("{place} is nested too deep"));
        }
        if let Some(unknown) =
            object.keys().find(|key| !KEYWORDS.contains(&key.as_str()) && !SILENT.contains(&key.as_str()))
        {
            return Err(format!("{place} has `{unknown}`; known are {}", KEYWORDS.join(", ")));
        }
        if let Some(word) = object.get("type") {
            let known = |word: &Value| {
                matches!(
                    word.as_str(),
                    Some("object" | "array" | "string" | "integer" | "number" | "boolean" | "null")
                )
            };
            if !(known(word) || word.as_array().is_some_and(|words| words.iter().all(known))) {
                return Err(format!("{place} has the type {word}"));
            }
        }
        if let Some(pattern) = object.get("pattern").and_then(Value::as_str) {
            Regex::new(pattern).map_err(|_| {
                format!("{place} has the pattern `{pattern}`, which is no regular expression")
            })?;
        }
        if let Some(reference) = object.get("$ref") {
            let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
            let Some(target) = pointer.and_then(|pointer| self.0.pointer(pointer)) else {
                return Err(format!("{place} refers to {reference}, which the schema does not hold"));
            };
            self.understood(target, at, depth + 1)?;
        }
        for (name, property) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.understood(property, &join(at, name), depth + 1)?;
        }
        if let Some(items) = object.get("items") {
            self.understood(items, &join(at, "[]"), depth + 1)?;
        }
        Ok(())
    }

    /// The values with the schema's defaults, checked.
    ///
    /// # Errors
    /// What does not fit, by its path.
    pub fn apply(&self, values: &Open) -> Result<Open, String> {
        let mut values = Value::Object(values.clone());
        self.fill(&self.0, &mut values, 0);
        self.check(&self.0, &values, "", 0)?;
        match values {
            Value::Object(values) => Ok(values),
            _ => Err("the parameters are not an object".into()),
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let target =
            schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        target.and_then(|pointer| self.0.pointer(pointer)).unwrap_or(schema)
    }

    fn fill(&self, schema: &Value, value: &mut Value, depth: usize) {
        let schema = self.resolve(schema);
        let (Some(properties), Some(object), true) =
            (schema.get("properties").and_then(Value::as_object), value.as_object_mut(), depth < 16)
        else {
            return;
        };
        for (name, property) in properties {
            let default = property.get("default").or_else(|| self.resolve(property).get("default"));
            if let (None, Some(default)) = (object.get(name), default) {
                object.insert(name.clone(), default.clone());
            }
            if let Some(value) = object.get_mut(name) {
                self.fill(property, value, depth + 1);
            }
        }
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, depth: usize) -> Result<(), String> {
        let schema = self.resolve(schema);
        let place = if at.is_empty() { "parameters".to_owned() } else { format!("`{at}`") };
        if depth > 16 {
            return Err(format!("{place} is nested too deep"));
        }
        let words: Vec<&str> = match schema.get("type") {
            Some(Value::String(word)) => vec![word],
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !words.is_empty() && !words.iter().any(|word| is(value, word)) {
            return Err(format!("{place} is {value}, not {}", words.join(" or ")));
        }
        if let Some(allowed) =
            schema.get("enum").and_then(Value::as_array).filter(|allowed| !allowed.contains(value))
        {
            let words: Vec<String> = allowed.iter().map(Value::to_string).collect();
            return Err(format!("{place} is {value}, not one of {}", words.join(", ")));
        }
        bounds(schema, value, &place)?;
        if let Some(object) = value.as_object() {
            self.fields(schema, object, at, depth)?;
        }
        if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
            for (index, item) in list.iter().enumerate() {
                self.check(items, item, &format!("{at}[{index}]"), depth + 1)?;
            }
        }
        Ok(())
    }

    fn fields(
        &self,
        schema: &Value,
        object: &Map<String, Value>,
        at: &str,
        depth: usize,
    ) -> Result<(), String> {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let required =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        if let Some(missing) = required.filter(|name| !object.contains_key(*name)).min() {
            return Err(format!("`{}` is missing", join(at, missing)));
        }
        for (name, value) in object {
            let path = join(at, name);
            let Some(property) = properties.get(name) else {
                let hint = probate_contract::shape::nearest(name, properties.keys());
                let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                let known = if known.is_empty() {
                    "the policy takes none".into()
                } else {
                    format!("known are {}", known.join(", "))
                };
                return Err(hint.map_or_else(
                    || format!("there is no parameter `{path}`; {known}"),
                    |hint| format!("there is no parameter `{path}`; did you mean `{hint}`?"),
                ));
            };
            self.check(property, value, &path, depth + 1)?;
        }
        Ok(())
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn is(value: &Value, word: &str) -> bool {
    match word {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn bounds(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    if let Some(number) = value.as_f64() {
        if let Some(minimum) = limit("minimum").filter(|minimum| number < *minimum) {
            return Err(format!("{place} is {value}, at least {minimum} is needed"));
        }
        if let Some(maximum) = limit("maximum").filter(|maximum| number > *maximum) {
            return Err(format!("{place} is {value}, at most {maximum} is allowed"));
        }
    }
    if let Some(text) = value.as_str() {
        let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
        if limit("minLength").is_some_and(|minimum| length < minimum)
            || limit("maxLength").is_some_and(|maximum| length > maximum)
        {
            return Err(format!("{place} has {length} characters, too few or too many"));
        }
        let pattern = schema
            .get("pattern")
            .and_then(Value::as_str)
            .and_then(|pattern| Some((pattern, Regex::new(pattern).ok()?)));
        if let Some((pattern, _)) = pattern.filter(|(_, regex)| !regex.is_match(text)) {
            return Err(format!("{place} does not match `{pattern}`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Schema;
    use serde_json::{Value, json};

    fn apply(schema: Value, values: Value) -> Result<Value, String> {
        Schema::new(&schema)?.apply(values.as_object().unwrap()).map(Value::Object)
    }

    #[test]
    fn defaults_are_filled_and_values_checked() {
        let schema = || {
            json!({"type": "object", "properties": {
            "unusedDays": {"type": "integer", "minimum": 1, "default": 30},
            "words": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}},
            "mode": {"type": "string", "enum": ["a", "b"]}}, "required": ["mode"]})
        };
        assert_eq!(apply(schema(), json!({"mode": "a"})), Ok(json!({"mode": "a", "unusedDays": 30})));
        for (values, message) in [
            (json!({}), "`mode` is missing"),
            (json!({"mode": "c"}), "not one of"),
            (json!({"mode": "a", "unusedDays": 0}), "at least 1"),
            (json!({"mode": "a", "unusedDays": 1.5}), "not integer"),
            (json!({"mode": "a", "unusdDays": 3}), "did you mean `unusedDays`"),
            (json!({"mode": "a", "words": ["ok", "No"]}), "`words[1]` does not match"),
        ] {
            let error = apply(schema(), values).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
        assert!(apply(json!({}), json!({"x": 1})).unwrap_err().contains("the policy takes none"));
    }

    #[test]
    fn a_schema_that_is_not_understood_is_refused() {
        for schema in [
            json!({"type": "object", "properties": {"a": {"oneOf": []}}}),
            json!({"type": "string"}),
            json!({"type": "object", "properties": {"a": {"type": "int"}}}),
            json!({"$ref": "http://example.com/schema.json"}),
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}),
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"multipleOf": 2}}}),
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}),
            json!([]),
        ] {
            assert!(Schema::new(&schema).is_err(), "{schema}");
        }
    }
}
