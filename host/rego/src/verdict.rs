//! From the value of the rule `verdict` to a verdict, or to the failure that it is. Nothing is rounded, guessed or dropped.

use probate_contract::Verdict;
use regorus::Value;
use serde_json::Value as Json;

/// Why there is no verdict. The text names the cause first; the sandbox reads it there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A built-in error, two values of one rule, or evidence that does not decode.
    #[error("PolicyError: {0}")]
    Policy(String),
    /// A value that is no verdict.
    #[error("BadVerdict: {0}")]
    Verdict(String),
}

/// The verdict that `value` is; undefined is no opinion.
pub(crate) fn of_value(value: &Value) -> Result<Verdict, Failure> {
    if *value == Value::Undefined {
        return Ok(Verdict::default());
    }
    let json = to_json(value).map_err(Failure::Verdict)?;
    if !json.is_object() {
        return Err(Failure::Verdict(format!("the verdict is {}, not an object", kind(value))));
    }
    let verdict: Verdict =
        serde_json::from_value(json).map_err(|error| Failure::Verdict(error.to_string()))?;
    verdict.check().map_err(Failure::Verdict)?;
    Ok(verdict)
}

/// JSON of a value that has an exact one: no sets, nulls, fractions or keys that are not text.
pub(crate) fn to_json(value: &Value) -> Result<Json, String> {
    match value {
        Value::Bool(flag) => Ok(Json::Bool(*flag)),
        Value::String(text) => Ok(Json::String(text.to_string())),
        Value::Number(_) => match (value.as_i64(), value.as_u64()) {
            (Ok(number), _) => Ok(number.into()),
            (_, Ok(number)) => Ok(number.into()),
            _ => Err("it holds a fraction or a number out of range".into()),
        },
        Value::Array(items) => items.iter().map(to_json).collect::<Result<_, _>>().map(Json::Array),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match key {
                Value::String(key) => Ok((key.to_string(), to_json(value)?)),
                _ => Err(format!("it holds a key that is {}", kind(key))),
            })
            .collect::<Result<_, _>>()
            .map(Json::Object),
        Value::Null | Value::Set(_) | Value::Undefined => Err(format!("it holds {}", kind(value))),
    }
}

/// What kind of value it is, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
        Value::Undefined => "undefined",
    }
}
