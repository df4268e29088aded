//! The functions of `data.probate` as messages name them: what each wants, and which one was given nonsense.

use crate::load::HELPER_FILE;
use probate_contract::shape::Scalar;
use std::collections::BTreeMap;

/// What a function wants, in words and by the sort of its arguments.
pub(crate) struct Helper {
    name: &'static str,
    pub(crate) sort: Scalar,
    pub(crate) example: &'static str,
    /// The function that it ends in where it is given something else.
    nonsense: &'static str,
}

const fn helper(name: &'static str, sort: Scalar, example: &'static str, nonsense: &'static str) -> Helper {
    Helper { name, sort, example, nonsense }
}

/// Of two functions that end alike the first stands for both.
const HELPERS: [Helper; 9] = [
    helper("days", Scalar::Number, "probate.days(30)", "not_a_number_of_days"),
    helper("hours", Scalar::Number, "probate.hours(12)", "not_a_number_of_hours"),
    helper("snapshot_within", Scalar::Number, "probate.snapshot_within(86400)", "not_a_number_of_seconds"),
    helper("duration", Scalar::Text, "probate.duration(\"1w12h\")", "not_a_duration"),
    helper("bytes", Scalar::Text, "probate.bytes(\"10Gi\")", "not_a_quantity"),
    helper("since", Scalar::Text, "probate.since(\"2026-11-22T06:00:00Z\")", "not_a_time"),
    helper(
        "referenced_as",
        Scalar::Text,
        "probate.referenced_as(\"Pod\", \"Active\")",
        "not_a_kind_and_state",
    ),
    helper("referenced_by", Scalar::Text, "probate.referenced_by(\"Pod\")", "not_a_kind"),
    helper("gone_seconds", Scalar::Text, "probate.gone_seconds(\"VirtualMachine\")", "not_a_kind"),
];

/// The function of that path.
pub(crate) fn at(path: &[String]) -> Option<&'static Helper> {
    let ["data", "probate", name] = path.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return None;
    };
    // `passed` asks `since`.
    let name = if name == "passed" { "since" } else { name };
    HELPERS.iter().find(|helper| helper.name == name)
}

/// What an error inside of `data.probate` means: the engine tells where in there, the author needs to know which call.
pub(crate) fn nonsense(error: &str, calls: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let inside = error.contains(HELPER_FILE);
    let found = HELPERS.iter().find(|helper| inside && error.contains(&format!("{}(", helper.nonsense)))?;
    let alike = |helper: &&Helper| helper.nonsense == found.nonsense;
    let mut names: Vec<&str> = HELPERS.iter().filter(alike).map(|helper| helper.name).collect();
    if found.name == "since" {
        names.push("passed");
    }
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
    Some(format!("{place}{} was given something else than in {}", named.join(" or "), found.example))
}
