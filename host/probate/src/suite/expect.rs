//! Compares what came out of a case with what was expected.

use super::ask::Actual;
use super::find::Suite;
use super::leaves::Leaf;
use probate_contract::Diagnostic;
use probate_contract::plan::PolicyVerdict;
use probate_contract::suite::Expect;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One expectation that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Key of `expect`.
    pub key: String,
    /// What was expected.
    pub expected: Value,
    /// What came out.
    pub actual: Value,
}

/// The policy whose verdict is meant.
///
/// # Errors
/// Nobody says which, or it is not asked.
pub(crate) fn meant<'a>(
    suite: &Suite,
    leaf: &Leaf,
    expect: &Expect,
    actual: &'a Actual,
) -> Result<Option<&'a PolicyVerdict>, Vec<Diagnostic>> {
    let wrong = |message: String, fix: &str| vec![suite.diagnostic("PB8006", message, leaf.line).fix(fix)];
    let asked: Vec<&str> = actual.verdicts.iter().map(|verdict| verdict.policy.as_str()).collect();
    if let Some(name) = &expect.policy {
        let named = |verdict: &&PolicyVerdict| {
            verdict.policy == *name || verdict.policy.rsplit('/').next() == Some(name.as_str())
        };
        return match actual.verdicts.iter().filter(named).collect::<Vec<_>>().as_slice() {
            [one] => Ok(Some(*one)),
            [] => Err(wrong(
                format!("the policy `{name}` is not asked about this subject"),
                &format!("asked are {}", asked.join(", ")),
            )),
            _ => Err(wrong(format!("`{name}` names several policies"), "write the whole id")),
        };
    }
    match actual.verdicts.as_slice() {
        [one] => Ok(Some(one)),
        _ if expect.verdict.is_none() && expect.rule.is_none() && expect.reason.is_none() => Ok(None),
        _ => Err(wrong(
            "several policies answer, and the case does not say which is meant".into(),
            &format!("write policy: with one of {}", asked.join(", ")),
        )),
    }
}

/// True where something is expected at all.
pub(crate) fn says_something(expect: &Expect) -> bool {
    let Expect { policy: _, .. } = expect;
    *expect != Expect { policy: expect.policy.clone(), ..Expect::default() }
}

/// Every expectation that does not hold.
///
/// # Errors
/// A regular expression that is none; a decision expected of a case of `input`.
pub(crate) fn differences(
    suite: &Suite,
    leaf: &Leaf,
    expect: &Expect,
    actual: &Actual,
    verdict: Option<&PolicyVerdict>,
) -> Result<Vec<Difference>, Vec<Diagnostic>> {
    if actual.action.is_none()
        && (expect.action.is_some() || expect.next_step.is_some() || !expect.missing.is_empty())
    {
        let message = "a case of input asks the policy alone: it has no action, nextStep or missing";
        let fix = "expect verdict, rule, reason and annotations";
        return Err(vec![suite.diagnostic("PB8006", message, leaf.line).fix(fix)]);
    }
    let mut found = Vec::new();
    let mut differ = |key: &str, expected: Value, actual: Value| {
        found.push(Difference { key: key.into(), expected, actual });
    };
    if expect.action.is_some() && expect.action != actual.action {
        differ("action", json!(expect.action), json!(actual.action));
    }
    if !expect.causes.iter().all(|cause| actual.causes.contains(cause)) {
        differ("causes", json!(expect.causes), json!(actual.causes));
    }
    if !expect.missing.iter().all(|fact| actual.missing.contains(fact)) {
        differ("missing", json!(expect.missing), json!(actual.missing));
    }
    if expect.annotations.as_ref().is_some_and(|annotations| *annotations != actual.annotations) {
        differ("annotations", json!(expect.annotations), json!(actual.annotations));
    }
    if expect.next_step.is_some() && expect.next_step != actual.next_step {
        differ("nextStep", json!(expect.next_step), json!(actual.next_step));
    }
    if let Some(verdict) = verdict {
        if expect.verdict.is_some_and(|expected| expected != verdict.action) {
            differ("verdict", json!(expect.verdict), json!(verdict.action));
        }
        let rule = verdict.rule.clone().unwrap_or_default();
        if expect.rule.as_ref().is_some_and(|expected| *expected != rule) {
            differ("rule", json!(expect.rule), json!(rule));
        }
        if let Some(expected) = &expect.reason
            && !fits(expected, &verdict.reason).map_err(|error| {
                let message = format!("reason: {error}");
                vec![suite.diagnostic("PB8011", message, leaf.line).fix("mend the regular expression")]
            })?
        {
            differ("reason", json!(expected), json!(verdict.reason));
        }
    }
    Ok(found)
}

/// Exact text, or `/a regular expression/`.
fn fits(expected: &str, text: &str) -> Result<bool, String> {
    match expected.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(pattern) => {
            let regex = Regex::new(pattern).map_err(|error| {
                let said = error.to_string();
                let last = said.lines().last().unwrap_or("no regular expression").trim();
                last.strip_prefix("error: ").unwrap_or(last).to_owned()
            })?;
            Ok(regex.is_match(text))
        }
        None => Ok(expected == text),
    }
}

/// Where a variant's outcome is not the policy's own.
pub(crate) fn apart(own: &Actual, other: &Actual, policy: &str) -> Vec<Difference> {
    let of = |actual: &Actual| {
        let verdict = actual.verdicts.iter().find(|verdict| verdict.policy == policy);
        [
            ("action", json!(actual.action)),
            ("causes", json!(actual.causes)),
            ("annotations", json!(actual.annotations)),
            ("verdict", json!(verdict.map(|verdict| verdict.action))),
            ("rule", json!(verdict.and_then(|verdict| verdict.rule.as_ref()))),
            ("reason", json!(verdict.map(|verdict| &verdict.reason))),
        ]
    };
    let pairs = of(own).into_iter().zip(of(other));
    pairs
        .filter(|((_, own), (_, other))| own != other)
        .map(|((key, expected), (_, actual))| Difference { key: key.into(), expected, actual })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn reasons_are_exact_or_expressions() {
        assert_eq!(fits("a b", "a b"), Ok(true));
        assert_eq!(fits("a", "a b"), Ok(false));
        assert_eq!(fits("/a.b/", "xa b"), Ok(true));
        assert_eq!(fits("/^a$/", "ab"), Ok(false));
        assert!(fits("/(/", "").is_err());
        assert_eq!(fits("", ""), Ok(true));
    }
}
