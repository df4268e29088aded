//! The rows of a plan: what goes first, then what could, what failed, what is annotated, and what stays by what keeps it.

use super::{action, causes, following, holding};
use crate::print::table::{Cell, Table};
use crate::print::{object, style};
use crate::unheard::refusal;
use anstyle::Style;
use probate_contract::Cause;
use probate_contract::plan::{DecisionAction, Entry, PlanPolicy, PlanReport};
use probate_core::diff::rules;
use probate_core::quantity::human;
use std::collections::BTreeMap;

/// Rows of one cause that `table` shows.
const SHOWN: usize = 5;
/// Rows of annotations that `table` shows.
const ANNOTATED: usize = 50;

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Goes,
    Candidate,
    Failed,
    Annotated,
    Stays,
}

fn place(entry: &Entry) -> Place {
    let annotated = !(entry.annotations.set.is_empty() && entry.annotations.remove.is_empty());
    match entry.decision.action {
        _ if entry.follows.is_some() => Place::Goes,
        DecisionAction::Delete => Place::Goes,
        DecisionAction::Retain if entry.candidate => Place::Candidate,
        DecisionAction::Retain if entry.decision.causes.iter().any(|cause| cause.is_failure()) => {
            Place::Failed
        }
        DecisionAction::Retain if annotated || !entry.annotations.is_empty() => Place::Annotated,
        DecisionAction::Retain => Place::Stays,
    }
}

fn color(entry: &Entry) -> Style {
    match place(entry) {
        Place::Goes => style::BAD,
        Place::Candidate => style::CAREFUL,
        Place::Failed => style::BAD,
        Place::Annotated | Place::Stays => style::PLAIN,
    }
}

/// The cause that an entry is listed under.
fn leading(entry: &Entry) -> Option<Cause> {
    holding(entry).next()
}

/// Entries by what keeps them, most bytes first; what no policy has to do with comes last.
fn by_cause<'a>(report: &'a PlanReport, stays: &[&'a Entry]) -> Vec<(Option<Cause>, Vec<&'a Entry>)> {
    let mut groups: BTreeMap<Option<Cause>, Vec<&Entry>> = BTreeMap::new();
    for entry in stays {
        groups.entry(leading(entry)).or_default().push(entry);
    }
    let held = |cause: &Option<Cause>| {
        let total = report.summary.causes.iter().find(|total| Some(total.cause) == *cause);
        total.map_or(0, |total| total.bytes)
    };
    let idle =
        |cause: &Option<Cause>| matches!(cause, None | Some(Cause::NoPolicyMatched | Cause::NoPolicyDecided));
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(cause, _)| (idle(cause), std::cmp::Reverse(held(cause)), *cause));
    groups
}

/// Deletes with the volumes that follow them.
fn going<'a>(entries: &[&'a Entry]) -> Vec<&'a Entry> {
    let mut following: BTreeMap<_, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        if let Some(follows) = &entry.follows {
            following.entry(&follows.claim).or_default().push(entry);
        }
    }
    let mut rows = Vec::new();
    for entry in entries.iter().filter(|entry| entry.follows.is_none()) {
        rows.push(*entry);
        rows.extend(following.remove(&entry.subject.identity).unwrap_or_default());
    }
    rows.extend(following.into_values().flatten());
    rows
}

fn placed(report: &PlanReport, at: Place) -> Vec<&Entry> {
    report.entries.iter().filter(|entry| place(entry) == at).collect()
}

/// A table that stays readable however many subjects there are.
pub(super) fn table(report: &PlanReport, width: Option<usize>) -> String {
    let mut table = Table::new(&["ACTION", "OBJECT", "SIZE", "CAUSE", "RULE", "REASON"]);
    fill(report, &mut table, Some(SHOWN), |entry| {
        vec![
            Cell::styled(action(entry), color(entry)),
            object(&entry.subject.identity, report.clusters.len()).into(),
            human(entry.bytes).into(),
            causes(entry).into(),
            rule(entry).into(),
            why(entry, &report.policies).into(),
        ]
    });
    if table.is_empty() { String::new() } else { table.render(width) }
}

/// A table of every subject.
pub(super) fn wide(report: &PlanReport, width: Option<usize>) -> String {
    let header =
        ["ACTION", "OBJECT", "SIZE", "CLASS", "CAUSE", "GUARDS", "RULE", "NEXT", "DECISION", "REASON"];
    let mut table = Table::new(&header);
    let dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    fill(report, &mut table, None, |entry| {
        let guards: Vec<String> = entry.guards.iter().map(|guard| guard.cause.to_string()).collect();
        vec![
            Cell::styled(action(entry), color(entry)),
            object(&entry.subject.identity, report.clusters.len()).into(),
            human(entry.bytes).into(),
            dash(entry.storage_class.clone().unwrap_or_default()).into(),
            causes(entry).into(),
            dash(guards.join(",")).into(),
            rule(entry).into(),
            format!("{:?}", entry.decision.next_step).into(),
            entry.decision.id.clone().into(),
            why(entry, &report.policies).into(),
        ]
    });
    if table.is_empty() { String::new() } else { table.render(width) }
}

fn fill(report: &PlanReport, table: &mut Table, most: Option<usize>, row: impl Fn(&Entry) -> Vec<Cell>) {
    let mut add = |entries: &[&Entry], most: Option<usize>, of: &str| {
        let shown = most.unwrap_or(entries.len());
        // A line in place of one row would save nothing.
        let shown = if entries.len() == shown + 1 { shown + 1 } else { shown };
        for entry in entries.iter().take(shown) {
            table.row(row(entry));
        }
        let rest = entries.get(shown..).unwrap_or_default();
        if !rest.is_empty() {
            let bytes = rest.iter().map(|entry| super::counted(entry)).fold(0, i64::saturating_add);
            table.line(format!("... and {} more {of}, {} (-o wide shows all)", rest.len(), human(bytes)));
        }
    };
    add(&going(&placed(report, Place::Goes)), None, "deletes");
    add(&placed(report, Place::Candidate), None, "candidates");
    add(&placed(report, Place::Failed), None, "failures");
    add(&placed(report, Place::Annotated), most.map(|_| ANNOTATED), "annotated");
    for (cause, entries) in by_cause(report, &placed(report, Place::Stays)) {
        let of = cause.map_or_else(|| "kept".to_owned(), |cause| cause.to_string());
        add(&entries, most, &of);
    }
}

fn rule(entry: &Entry) -> String {
    let rules = if entry.follows.is_some() { Vec::new() } else { rules(entry) };
    if rules.is_empty() { "-".into() } else { rules.join(",") }
}

/// One line: the decision's reason, the claim that a volume follows, what is annotated.
fn why(entry: &Entry, policies: &[PlanPolicy]) -> String {
    if let Some(follows) = following(entry) {
        return follows;
    }
    let mut parts = vec![entry.decision.reason.clone()];
    parts.extend(notes(entry, policies));
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// What is annotated, removed, in conflict or refused.
fn notes(entry: &Entry, policies: &[PlanPolicy]) -> Vec<String> {
    let annotations = &entry.annotations;
    let unwritten = if annotations.written == Some(false) { " (audit)" } else { "" };
    let mut notes: Vec<String> =
        annotations.set.iter().map(|(key, value)| format!("annotate {key}={value}{unwritten}")).collect();
    notes.extend(annotations.remove.iter().map(|key| format!("remove {key}{unwritten}")));
    notes.extend(annotations.conflicts.iter().map(|key| format!("two values for {key}, none is written")));
    notes.extend(annotations.refused.iter().map(|key| refusal(key, entry, policies)));
    notes
}
