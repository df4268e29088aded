//! The functions of `data.probate` as messages name them: what each wants, and which one was given nonsense.

use crate::analysis::at as at_place;
use crate::load::{HELPER, HELPER_FILE};
use probate_contract::Diagnostic;
use probate_contract::shape::Scalar;
use regorus::Engine;
use regorus::unstable::Span;
use std::collections::BTreeMap;

/// What a function wants, in words and by the sort of its arguments.
pub(crate) struct Helper {
    name: &'static str,
    pub(crate) sort: Scalar,
    pub(crate) example: &'static str,
    /// Which text it can read, where not every text will do.
    text: Option<&'static str>,
    /// Its first argument is a kind.
    pub(crate) kind: bool,
    /// The function that it ends in where it is given something else.
    nonsense: &'static str,
}

const fn number(name: &'static str, example: &'static str, nonsense: &'static str) -> Helper {
    Helper { name, sort: Scalar::Number, example, text: None, kind: false, nonsense }
}

const fn text(
    name: &'static str,
    example: &'static str,
    text: &'static str,
    nonsense: &'static str,
) -> Helper {
    Helper { name, sort: Scalar::Text, example, text: Some(text), kind: false, nonsense }
}

const fn kind(name: &'static str, example: &'static str) -> Helper {
    Helper { name, sort: Scalar::Text, example, text: None, kind: true, nonsense: "not_a_kind" }
}

const TIME: &str = "a time has seconds and a zone";
const STATES: &str = "states are Active, Pending, Stopped, Template, Reserved, Possible and Finished";

const HELPERS: [Helper; 10] = [
    number("days", "probate.days(30)", "not_a_number_of_days"),
    number("hours", "probate.hours(12)", "not_a_number_of_hours"),
    number("snapshot_within", "probate.snapshot_within(probate.days(1))", "not_a_number_of_seconds"),
    text("duration", "probate.duration(\"1w12h\")", "w, d, h, m and s, in that order", "not_a_duration"),
    text(
        "bytes",
        "probate.bytes(\"10Gi\")",
        "a number with k, M, G, T, P, E, or Ki, Mi, Gi, Ti, Pi, Ei, or nothing",
        "not_a_quantity",
    ),
    text("since", "probate.since(\"2026-11-22T06:00:00Z\")", TIME, "not_a_time"),
    text("passed", "probate.passed(\"2026-11-22T06:00:00Z\")", TIME, "not_a_time"),
    Helper {
        kind: true,
        ..text("referenced_as", "probate.referenced_as(\"Pod\", \"Active\")", STATES, "not_a_kind_and_state")
    },
    kind("referenced_by", "probate.referenced_by(\"Pod\")"),
    kind("gone_seconds", "probate.gone_seconds(\"VirtualMachine\")"),
];

/// The function of that path.
pub(crate) fn at(path: &[String]) -> Option<&'static Helper> {
    let ["data", "probate", name] = path.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return None;
    };
    HELPERS.iter().find(|helper| helper.name == name)
}

/// A call of a function with constant text.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    helper: &'static Helper,
    texts: Vec<String>,
    span: &'a Span,
}

impl std::fmt::Debug for Helper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Helper {
    /// The call with these texts, where it cannot read every text.
    pub(crate) fn call<'a>(&'static self, texts: Vec<String>, span: &'a Span) -> Option<Call<'a>> {
        self.text.is_some().then_some(Call { helper: self, texts, span })
    }

    /// How it is written.
    pub(crate) fn fix(&self) -> String {
        let hint = self.text.map(|text| format!("; {text}")).unwrap_or_default();
        format!("write it as {}{hint}", self.example)
    }
}

/// Those that no subject could make sense of: each is called once, by an engine that knows nothing else.
pub(crate) fn unreadable<'a>(calls: impl Iterator<Item = &'a Call<'a>>) -> Vec<Diagnostic> {
    let mut engine = None;
    let refused = |call: &Call<'a>| {
        let engine = engine.get_or_insert_with(bare).as_mut().ok()?;
        let texts: Vec<String> = call.texts.iter().map(|text| format!("{text:?}")).collect();
        let query = format!("data.probate.{}({})", call.helper.name, texts.join(", "));
        engine.eval_query(query, false).err()?;
        let last = texts.last().map_or("", String::as_str);
        let message = format!("`probate.{}` cannot read {last}", call.helper.name);
        Some(at_place(Diagnostic::error("PB2111", message), call.span).fix(call.helper.fix()))
    };
    calls.filter_map(refused).collect()
}

fn bare() -> Result<Engine, String> {
    let mut engine = crate::load::engine();
    engine.add_policy(HELPER_FILE.into(), HELPER.into()).map_err(|error| error.to_string())?;
    let input = r#"{"now": "2026-01-01T00:00:00Z", "references": [], "owners": [], "snapshots": []}"#;
    engine.set_input(regorus::Value::from_json_str(input).map_err(|error| error.to_string())?);
    Ok(engine)
}

/// What an error inside of `data.probate` means: the engine tells where in there, the author needs to know which call.
pub(crate) fn nonsense(error: &str, calls: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let inside = error.contains(HELPER_FILE);
    let found = HELPERS.iter().find(|helper| inside && error.contains(&format!("{}(", helper.nonsense)))?;
    let alike = |helper: &&Helper| helper.nonsense == found.nonsense;
    let names: Vec<&str> = HELPERS.iter().filter(alike).map(|helper| helper.name).collect();
    let mut places: Vec<&String> = names.iter().filter_map(|name| calls.get(*name)).flatten().collect();
    let called: Vec<&str> = names.iter().copied().filter(|name| calls.contains_key(*name)).collect();
    let named: Vec<String> = if called.is_empty() { names } else { called }
        .iter()
        .map(|name| format!("`probate.{name}`"))
        .collect();
    places.sort_unstable();
    places.dedup();
    let place = match places.as_slice() {
        [] => String::new(),
        [one] => format!("{one}: "),
        [first, more @ ..] => format!("{first} (or one of {} more calls): ", more.len()),
    };
    let hint = found.text.map(|text| format!(" ({text})")).unwrap_or_default();
    Some(format!("{place}{} was given something else than in {}{hint}", named.join(" or "), found.example))
}
