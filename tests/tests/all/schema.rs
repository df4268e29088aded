//! Checks a document against a JSON Schema, for the keywords that the generated schemas use; any other keyword fails the test.

use serde_json::Value;

/// What is wrong with the document; nothing where it fits.
pub(crate) fn errors(schema: &Value, document: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check(schema, schema, document, "", &mut errors);
    errors
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    let Value::Object(keywords) = schema else {
        if *schema == Value::Bool(false) {
            errors.push(format!("{at}: nothing is allowed here"));
        }
        return;
    };
    for (keyword, rule) in keywords {
        let fine = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "properties" => true,
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                check(root, root.pointer(pointer).unwrap(), value, at, errors);
                true
            }
            "type" => match rule {
                Value::Array(types) => types.iter().any(|one| is(one, value)),
                one => is(one, value),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "required" => {
                let keys = rule.as_array().unwrap().iter().filter_map(Value::as_str);
                value.as_object().is_none_or(|object| keys.into_iter().all(|key| object.contains_key(key)))
            }
            "additionalProperties" => {
                members(root, keywords.get("properties"), rule, value, at, errors);
                true
            }
            "minItems" => value.as_array().is_none_or(|list| list.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|list| list.len() as u64 <= rule.as_u64().unwrap()),
            "prefixItems" => {
                let rules = rule.as_array().unwrap().iter();
                for (index, (rule, item)) in rules.zip(value.as_array().into_iter().flatten()).enumerate() {
                    check(root, rule, item, &format!("{at}[{index}]"), errors);
                }
                true
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}[{index}]"), errors);
                }
                true
            }
            "anyOf" => fitting(root, rule, value) >= 1,
            "oneOf" => fitting(root, rule, value) == 1,
            "allOf" => fitting(root, rule, value) == rule.as_array().unwrap().len(),
            other => panic!("schema keyword `{other}` at {at}: teach it to this checker"),
        };
        if !fine {
            errors.push(format!("{at}: {value} does not fit {keyword}: {rule}"));
        }
    }
    for (key, rule) in keywords.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(member) = value.get(key) {
            check(root, rule, member, &format!("{at}.{key}"), errors);
        }
    }
}

fn members(
    root: &Value,
    properties: Option<&Value>,
    rule: &Value,
    value: &Value,
    at: &str,
    errors: &mut Vec<String>,
) {
    for (key, member) in value.as_object().into_iter().flatten() {
        if properties.is_none_or(|properties| properties.get(key).is_none()) {
            check(root, rule, member, &format!("{at}.{key}"), errors);
        }
    }
}

fn fitting(root: &Value, rules: &Value, value: &Value) -> usize {
    let fits = |rule: &&Value| {
        let mut errors = Vec::new();
        check(root, rule, value, "", &mut errors);
        errors.is_empty()
    };
    rules.as_array().unwrap().iter().filter(fits).count()
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("schema type {other}"),
    }
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let schema = probate_contract::schema::all().into_iter().find(|(name, _)| *name == "verdict").unwrap().1;
    let wrong = |text: &str| errors(&schema, &serde_json::from_str(text).unwrap());
    assert_eq!(wrong(r#"{"action": "Retain", "reason": "r"}"#), Vec::<String>::new());
    assert!(!wrong(r#"{"action": "retain"}"#).is_empty());
    assert!(!wrong(r#"{"colour": 1}"#).is_empty());
    assert!(!wrong(r#"{"annotations": {"k": 1}}"#).is_empty());
    assert!(!wrong(r#"{"basis": "usage"}"#).is_empty());
    assert!(!wrong("[]").is_empty());
}
