//! What another policy set changes.

use super::style;
use super::table::{Cell, Table};
use super::{counted, object};
use crate::cli::Format;
use crate::exit::Stop;
use probate_contract::plan::DecisionAction;
use probate_core::diff::{Aspect, Change, Delta, PlanDiff, State};
use probate_core::quantity::human;

/// Prints it.
///
/// # Errors
/// Standard output cannot be written.
pub fn diff(diff: &PlanDiff, clusters: usize, format: Format) -> Result<(), Stop> {
    match format {
        Format::Json => super::json(diff),
        _ => super::text(&render(diff, clusters, format, super::width())?),
    }
}

/// The text, no wider than that.
///
/// # Errors
/// A document that cannot be written, which would be our fault.
pub fn render(
    diff: &PlanDiff,
    clusters: usize,
    format: Format,
    width: Option<usize>,
) -> Result<String, Stop> {
    let name = |change: &Change| object(&change.subject.identity, clusters);
    Ok(match format {
        Format::Json => serde_json::to_string_pretty(diff).map_err(crate::internal)? + "\n",
        Format::Yaml => super::as_yaml(diff)?,
        Format::Name => diff.changes.iter().map(|change| name(change) + "\n").collect(),
        Format::Table => changes(diff, clusters, false, width) + &totals(diff),
        Format::Wide => changes(diff, clusters, true, width) + &totals(diff),
    })
}

fn action(state: Option<&State>) -> &'static str {
    match state {
        None => "-",
        Some(state) if state.action == DecisionAction::Delete => "Delete",
        Some(state) if state.candidate => "Candidate",
        Some(_) => "Retain",
    }
}

/// `Retain -> Delete`, or the one word that both say.
fn arrow(old: &str, new: &str) -> String {
    if old == new { new.to_owned() } else { format!("{old} -> {new}") }
}

fn changes(diff: &PlanDiff, clusters: usize, wide: bool, width: Option<usize>) -> String {
    let header: &[&'static str] = if wide {
        &["ACTION", "OBJECT", "SIZE", "CAUSE", "RULE", "ANNOTATIONS", "REASON"]
    } else {
        &["ACTION", "OBJECT", "SIZE", "CAUSE", "RULE", "REASON"]
    };
    let mut table = Table::new(header);
    let mut sorted: Vec<&Change> = diff.changes.iter().collect();
    sorted.sort_by_key(|change| weight(change));
    for change in sorted {
        let (old, new) = (change.old.as_ref(), change.new.as_ref());
        let style = match weight(change) {
            0 => style::BAD,
            1 => style::GOOD,
            _ => style::PLAIN,
        };
        let listed = |state: Option<&State>, of: fn(&State) -> Vec<String>| {
            let words = state.map(of).unwrap_or_default();
            if words.is_empty() { "-".to_owned() } else { words.join(",") }
        };
        let causes = |state: &State| state.causes.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut row = vec![
            Cell::styled(arrow(action(old), action(new)), style),
            object(&change.subject.identity, clusters).into(),
            human(change.bytes).into(),
            arrow(&listed(old, causes), &listed(new, causes)).into(),
            arrow(&listed(old, |state| state.rules.clone()), &listed(new, |state| state.rules.clone()))
                .into(),
        ];
        if wide {
            row.push(arrow(&listed(old, annotations), &listed(new, annotations)).into());
        }
        row.push(reason(change).into());
        table.row(row);
    }
    if table.is_empty() { String::new() } else { table.render(width) + "\n" }
}

/// What begins to go first, then what begins to stay, then the rest.
fn weight(change: &Change) -> u8 {
    let goes = |state: Option<&State>| state.is_some_and(|state| state.action == DecisionAction::Delete);
    match (goes(change.old.as_ref()), goes(change.new.as_ref())) {
        (false, true) => 0,
        (true, false) => 1,
        _ => 2,
    }
}

fn annotations(state: &State) -> Vec<String> {
    let set = state.annotations.set.iter().map(|(key, value)| format!("{key}={value}"));
    set.chain(state.annotations.remove.iter().map(|key| format!("{key}-"))).collect()
}

fn reason(change: &Change) -> String {
    let reason = change.new.as_ref().or(change.old.as_ref()).map(|state| state.reason.clone());
    let reason = reason.unwrap_or_default();
    if change.differs == [Aspect::Annotations] { format!("annotations differ; {reason}") } else { reason }
}

fn totals(diff: &PlanDiff) -> String {
    let signed = |delta: Delta, bytes: bool| {
        let size = human(delta.bytes.saturating_abs());
        let sign = if delta.bytes < 0 { "-" } else { "+" };
        if bytes { format!("{:+} ({sign}{size})", delta.count) } else { format!("{:+}", delta.count) }
    };
    let count = u64::try_from(diff.changes.len()).unwrap_or(u64::MAX);
    if count == 0 {
        return format!("Nothing changes: {} decided the same.\n", counted(diff.same, "subject"));
    }
    let totals = &diff.totals;
    format!(
        "{} of {} differ. Delete {} to {}, {}; candidates {}; retain {}; annotate {}.\n",
        count,
        counted(count.saturating_add(diff.same), "subject"),
        human(diff.old.delete.bytes),
        human(diff.new.delete.bytes),
        signed(totals.delete, true),
        signed(totals.candidates, true),
        signed(totals.retain, true),
        signed(totals.annotate, false),
    )
}
