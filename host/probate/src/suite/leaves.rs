//! Cases and the rows of their tables as a flat list: what each starts from, changes and expects.

use super::find::Suite;
use super::merge;
use probate_contract::common::Time;
use probate_contract::dump::Incomplete;
use probate_contract::evidence::Open;
use probate_contract::suite::{Case, Expect, World};
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
