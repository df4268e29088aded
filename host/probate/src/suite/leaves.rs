//! Cases and the rows of their tables as a flat list: what each starts from, changes and expects.

use super::find::Suite;
use super::merge;
use probate_contract::common::Time;
use probate_contract::dump::Incomplete;
use probate_contract::evidence::Open;
use probate_contract::suite::{Case, Expect, World};
use probate_contract::{Diagnostic, Severity};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a case or a row changes of the world, in this order.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Step {
    pub(crate) given: Option<World>,
    pub(crate) remove: Vec<String>,
    pub(crate) patch: BTreeMap<String, Open>,
    pub(crate) records: Vec<Open>,
    pub(crate) incomplete: Vec<Incomplete>,
}

/// One case to run: a case without a table, or a row of one.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// `CASE` or `CASE / ROW`.
    pub(crate) name: String,
    pub(crate) line: Option<u64>,
    /// Indices below `cases` and then `table`.
    pub(crate) path: Vec<usize>,
    pub(crate) steps: Vec<Step>,
    pub(crate) when: Option<String>,
    pub(crate) now: Option<Time>,
    pub(crate) parameters: Open,
    pub(crate) input: Option<Open>,
    /// What must come out; nothing where nobody says.
    pub(crate) expect: Option<Expect>,
}

/// All cases of a suite, in order.
///
/// # Errors
/// An `expect` that does not fit once a row's is laid over its case's.
pub(crate) fn of(suite: &Suite) -> Result<Vec<Leaf>, (String, Option<u64>)> {
    let mut leaves = Vec::new();
    let root = Leaf {
        name: String::new(),
        line: None,
        path: Vec::new(),
        steps: Vec::new(),
        when: None,
        now: suite.test.now.clone(),
        parameters: Open::new(),
        input: None,
        expect: None,
    };
    for (at, case) in suite.test.cases.iter().enumerate() {
        let raw = suite.raw.pointer(&format!("/cases/{at}")).unwrap_or(&Value::Null);
        spread(suite, &root, &Open::new(), case, raw, at, &mut leaves)?;
    }
    Ok(leaves)
}

fn spread(
    suite: &Suite,
    above: &Leaf,
    expected: &Open,
    case: &Case,
    raw: &Value,
    at: usize,
    leaves: &mut Vec<Leaf>,
) -> Result<(), (String, Option<u64>)> {
    let mut leaf = above.clone();
    leaf.path.push(at);
    leaf.line = suite.node(&leaf.path).map(|node| node.line);
    leaf.name = match (above.name.as_str(), case.name.as_str()) {
        ("", "") => format!("case {}", at + 1),
        (above, "") => format!("{above} / row {}", at + 1),
        ("", name) => name.to_owned(),
        (above, name) => format!("{above} / {name}"),
    };
    leaf.steps.push(Step {
        given: case.given.clone(),
        remove: case.remove.clone(),
        patch: case.patch.clone(),
        records: case.records.clone(),
        incomplete: case.incomplete.clone(),
    });
    leaf.when = case.when.clone().or(leaf.when);
    leaf.now = case.now.clone().or(leaf.now);
    if let Some(parameters) = &case.parameters {
        merge::onto(&mut leaf.parameters, parameters);
    }
    if let Some(input) = &case.input {
        // Nulls stay: they remove keys of the example later.
        let mut below = leaf.input.take().map_or(Value::Null, Value::Object);
        overlay(&mut below, &Value::Object(input.clone()));
        leaf.input = below.as_object().cloned();
    }
    let mut expected = expected.clone();
    if let Some(own) = raw.get("expect").and_then(Value::as_object) {
        merge::onto(&mut expected, own);
    }
    if case.table.is_empty() {
        let fits = serde_json::from_value::<Expect>(Value::Object(expected.clone()));
        let fits = fits.map_err(|error| (format!("expect of `{}`: {error}", leaf.name), leaf.line))?;
        leaf.expect = (!expected.is_empty()).then_some(fits);
        leaves.push(leaf);
        return Ok(());
    }
    for (row, case) in case.table.iter().enumerate() {
        let raw = raw.pointer(&format!("/table/{row}")).unwrap_or(&Value::Null);
        spread(suite, &leaf, &expected, case, raw, row, leaves)?;
    }
    Ok(())
}

/// What a suite says without any effect: what a case expects and each of its rows expects otherwise, and names that are there
/// twice. Each with its line.
pub(crate) fn idle(suite: &Suite, leaves: &[Leaf]) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    let cases = suite.raw.get("cases").and_then(Value::as_array).into_iter().flatten();
    for (at, case) in cases.enumerate() {
        never_checked(suite, case, &mut vec![at], &mut said);
    }
    let mut seen: BTreeMap<&str, Option<u64>> = BTreeMap::new();
    for leaf in leaves {
        if let Some(first) = seen.insert(&leaf.name, leaf.line) {
            let message = format!("two cases are called `{}`", leaf.name);
            let consequence = match first {
                Some(line) => format!("--run and reports cannot tell it from the one in line {line}"),
                None => "--run and reports cannot tell them apart".to_owned(),
            };
            let diagnostic = suite.diagnostic("PB8023", message, leaf.line);
            said.push(diagnostic.consequence(consequence).fix("name each case for what it shows"));
        }
    }
    let warning = |diagnostic| Diagnostic { severity: Severity::Warning, ..diagnostic };
    said.into_iter().map(warning).collect()
}

fn never_checked(suite: &Suite, case: &Value, path: &mut Vec<usize>, said: &mut Vec<Diagnostic>) {
    let rows: &[Value] = case.get("table").and_then(Value::as_array).map_or(&[], Vec::as_slice);
    let keys = case.get("expect").and_then(Value::as_object).into_iter().flat_map(|expect| expect.keys());
    let idle: Vec<&str> = keys
        .filter(|key| !rows.is_empty() && rows.iter().all(|row| expects(row, key)))
        .map(String::as_str)
        .collect();
    if !idle.is_empty() {
        let name = case.get("name").and_then(Value::as_str).unwrap_or("a case");
        let message = format!("`{name}` expects {} and nothing checks it", idle.join(", "));
        let line = suite.node(path).map(|node| node.line);
        said.push(
            suite
                .diagnostic("PB8022", message, line)
                .consequence(
                    "a case with a table runs only its rows, and each row expects something of its own there",
                )
                .fix("make it a case without a table, and the rows another one"),
        );
    }
    for (at, row) in rows.iter().enumerate() {
        path.push(at);
        never_checked(suite, row, path, said);
        path.pop();
    }
}

/// True where a row, or each row of its own table, expects something of its own under that key.
fn expects(row: &Value, key: &str) -> bool {
    let own = row.get("expect").is_some_and(|expect| expect.get(key).is_some());
    let rows = row.get("table").and_then(Value::as_array).filter(|rows| !rows.is_empty());
    own || rows.is_some_and(|rows| rows.iter().all(|row| expects(row, key)))
}

/// Like a merge patch that keeps its nulls.
pub(crate) fn overlay(target: &mut Value, top: &Value) {
    match (target, top) {
        (Value::Object(target), Value::Object(top)) => {
            for (key, value) in top {
                overlay(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, top) => *target = top.clone(),
    }
}
