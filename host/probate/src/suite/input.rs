//! Cases of `input`: the policy alone, asked about an example document with keys replaced.

use super::ask::Actual;
use super::bench::Seat;
use super::find::Suite;
use super::leaves::Leaf;
use super::merge;
use probate_contract::evidence::{Open, examples};
use probate_contract::manifest::Allowed;
use probate_contract::plan::PolicyVerdict;
use probate_contract::shape::{Lookup, Shape};
use probate_contract::{API_VERSION, Action, Cause, Diagnostic, Evidence, Fact, Verdict};
use probate_core::port::Failure;
use probate_core::time;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// Facts that share their first key with another one.
const SPLIT: [&str; 5] = ["cluster", "subject", "volume", "usage", "retention"];

/// Asks the policy.
///
/// # Errors
/// The input is no evidence.
pub(crate) fn ask(suite: &Suite, leaf: &Leaf, input: &Open, seat: &Seat) -> Result<Actual, Vec<Diagnostic>> {
    let wrong = |message: String| {
        let fix =
            "see `probate schema evidence`; `probate explain OBJECT DUMP -o json` prints whole evidence";
        vec![suite.diagnostic("PB8008", message, leaf.line).fix(fix)]
    };
    let answer = match (&seat.program, &seat.policy.program) {
        (Ok(program), Ok(described)) => {
            let (document, now) =
                document(input, leaf.now.as_deref(), &described.parameters).map_err(wrong)?;
            let seen = project(&document, &described.reads).to_string();
            let program = program.at(u64::try_from(now).unwrap_or(0));
            let answer = program.ask(&[Arc::from(seen.as_str())]).pop();
            answer
                .unwrap_or_else(|| Err(failed(Cause::SandboxFailed, "the sandbox gave no answer")))
                .and_then(|verdict| checked(&seat.policy.spec().actions, verdict))
        }
        (Err(failure), _) | (_, Err(failure)) => Err(failure.clone()),
    };
    let id = seat.policy.id();
    Ok(match answer {
        Ok(verdict) => {
            let annotations = verdict.annotations.clone();
            Actual { annotations, verdicts: vec![PolicyVerdict::of(id, verdict)], ..Actual::default() }
        }
        Err(Failure { cause, message }) => Actual {
            causes: vec![cause],
            verdicts: vec![PolicyVerdict::failed(id, cause, message)],
            ..Actual::default()
        },
    })
}

fn failed(cause: Cause, message: impl Into<String>) -> Failure {
    Failure { cause, message: message.into() }
}

/// Only what the manifest declares and the shape allows.
fn checked(actions: &[Allowed], verdict: Verdict) -> Result<Verdict, Failure> {
    verdict.check().map_err(|message| failed(Cause::BadVerdict, message))?;
    let declared = match verdict.action {
        Action::Abstain => true,
        Action::Retain => actions.contains(&Allowed::Retain),
        Action::Delete => actions.contains(&Allowed::Delete),
    };
    if declared {
        return Ok(verdict);
    }
    let message = format!("it answered {:?}, which the manifest's actions do not declare", verdict.action);
    Err(failed(Cause::BadVerdict, message))
}

/// The whole document and its time.
fn document(input: &Open, now: Option<&str>, parameters: &Open) -> Result<(Value, i64), String> {
    static SHAPE: LazyLock<Shape> = LazyLock::new(Shape::of_evidence);
    let mut top = input.clone();
    let example = top.remove("example");
    let mut document = match example.as_ref().map(Value::as_str) {
        None => json!({}),
        Some(Some("claim")) => read(examples::CLAIM)?,
        Some(Some("volume")) => read(examples::VOLUME)?,
        Some(_) => return Err("input.example is neither `claim` nor `volume`".into()),
    };
    known(&SHAPE, &Value::Object(top.clone()), &mut Vec::new())?;
    let own = top.get("now").and_then(Value::as_str).map(str::to_owned);
    merge::onto(document.as_object_mut().ok_or("no object")?, &top);
    let stated = document.get("now").and_then(Value::as_str).map(str::to_owned);
    let text = own.or(now.map(str::to_owned)).or(stated).ok_or("input has no now")?;
    let now = time::parse(&text).ok_or_else(|| format!("`{text}` is no RFC 3339 time"))?;
    ages(&mut document, Some(&Value::Object(top)), now);
    if let Some(document) = document.as_object_mut() {
        document.insert("apiVersion".into(), json!(API_VERSION));
        document.insert("kind".into(), json!("Evidence"));
        document.insert("now".into(), json!(time::format(now)));
        document.insert("parameters".into(), Value::Object(parameters.clone()));
    }
    serde_json::from_value::<Evidence>(document.clone()).map_err(|error| format!("input: {error}"))?;
    Ok((document, now))
}

fn read(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Refuses keys that evidence does not have.
fn known(shape: &Shape, value: &Value, path: &mut Vec<String>) -> Result<(), String> {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                path.push(key.clone());
                let keys: Vec<&str> = path.iter().map(String::as_str).collect();
                match shape.lookup(&keys) {
                    Lookup::Missing { suggestion, .. } => {
                        let hint =
                            suggestion.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                        return Err(format!("evidence has no `{}`{hint}", path.join(".")));
                    }
                    Lookup::Found { shape: Shape::Open, .. } => {}
                    Lookup::Found { .. } => known(shape, below, path)?,
                }
                path.pop();
            }
            Ok(())
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(at.to_string());
                known(shape, item, path)?;
                path.pop();
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Computes ages from times; where the input gives an age and no time, the time follows from it.
fn ages(value: &mut Value, given: Option<&Value>, now: i64) {
    match value {
        Value::Object(map) => {
            let pairs: Vec<(String, String)> = map.keys().filter_map(|key| pair(key)).collect();
            for (since, seconds) in pairs {
                age(map, given, &since, &seconds, now);
            }
            for (key, below) in map.iter_mut() {
                if !matches!(key.as_str(), "object" | "labels" | "annotations" | "parameters") {
                    ages(below, given.and_then(|given| given.get(key)), now);
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                ages(item, given.and_then(|given| given.get(at)), now);
            }
        }
        _ => {}
    }
}

/// The two keys of a time and its distance to now, of either.
fn pair(key: &str) -> Option<(String, String)> {
    match key {
        "createdAt" | "ageSeconds" => Some(("createdAt".into(), "ageSeconds".into())),
        "largestGapSeconds" => None,
        key => {
            let stem = key.strip_suffix("Since").or_else(|| key.strip_suffix("Seconds"))?;
            Some((format!("{stem}Since"), format!("{stem}Seconds")))
        }
    }
}

fn age(map: &mut Open, given: Option<&Value>, since: &str, seconds: &str, now: i64) {
    let stated = |key: &str| given.and_then(|given| given.get(key)).is_some_and(|value| !value.is_null());
    if let Some(age) = map.get(seconds).and_then(Value::as_i64).filter(|_| stated(seconds) && !stated(since))
    {
        map.insert(since.to_owned(), json!(time::format(now.saturating_sub(age))));
        return;
    }
    match map.get(since).and_then(Value::as_str).and_then(time::parse) {
        Some(at) => map.insert(seconds.to_owned(), json!(now.saturating_sub(at))),
        None => map.remove(seconds),
    };
}

/// What the policy sees of it.
pub(crate) fn project(document: &Value, reads: &[Fact]) -> Value {
    let Some(document) = document.as_object() else { return Value::Null };
    let read = |path: &[&str]| Fact::read_by(path).iter().any(|fact| reads.contains(fact));
    let mut seen = Open::new();
    for (key, value) in document {
        match value {
            Value::Object(parts) if SPLIT.contains(&key.as_str()) => {
                let parts: Open = parts
                    .iter()
                    .filter(|(part, _)| read(&[key, part]))
                    .map(|(part, value)| (part.clone(), value.clone()))
                    .collect();
                if !parts.is_empty() {
                    seen.insert(key.clone(), Value::Object(parts));
                }
            }
            _ if matches!(key.as_str(), "apiVersion" | "kind") || read(&[key]) => {
                seen.insert(key.clone(), value.clone());
            }
            _ => {}
        }
    }
    Value::Object(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(input: Value) -> Result<Value, String> {
        document(input.as_object().unwrap(), None, &Open::new()).map(|(document, _)| document)
    }

    #[test]
    fn ages_follow_times_and_times_follow_ages() {
        let input = json!({"example": "claim", "now": "2026-11-22T00:00:00Z",
            "usage": {"referenced": false, "state": "None", "unusedSince": "2026-11-21T00:00:00Z", "continuity": "Watched"},
            "subject": {"ageSeconds": 60}});
        let document = made(input).unwrap();
        assert_eq!(document["usage"]["unusedSeconds"], 86_400);
        assert_eq!(document["subject"]["createdAt"], "2026-11-21T23:59:00Z");
        assert_eq!(
            document["namespace"]["ageSeconds"],
            json!(
                time::parse("2026-11-22T00:00:00Z").unwrap() - time::parse("2025-11-05T08:00:00Z").unwrap()
            )
        );
        assert_eq!(document["subject"]["object"]["status"]["phase"], "Bound");
        let without = made(json!({"example": "volume", "volume": {"releasedSince": null}})).unwrap();
        assert_eq!(without["volume"].get("releasedSeconds"), None);
    }

    #[test]
    fn unknown_keys_and_words_are_refused() {
        assert!(made(json!({"example": "claim", "usge": {}})).unwrap_err().contains("did you mean `usage`"));
        assert!(made(json!({"example": "claim", "usage": {"unusedSecond": 1}})).is_err());
        assert!(made(json!({"example": "claim", "usage": {"state": "Busy"}})).is_err());
        assert!(made(json!({"example": "pod"})).is_err());
        assert!(made(json!({"example": "claim", "subject": {"labels": {"any": "thing"}}})).is_ok());
    }

    #[test]
    fn a_policy_sees_what_it_reads() {
        let document = made(json!({"example": "volume"})).unwrap();
        let seen = project(&document, &[Fact::VolumeReleasedSince, Fact::UsageReferenced, Fact::Owners]);
        let keys: Vec<&str> = seen.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["apiVersion", "kind", "owners", "usage", "volume"]);
        assert_eq!(seen["volume"].as_object().unwrap().len(), 2);
        assert_eq!(seen["usage"], json!({"referenced": false}));
        assert_eq!(project(&document, &Fact::ALL), document);
    }
}
