//! A plan for people and programs.

mod entries;
mod groups;
mod markdown;
mod totals;

use super::object;
use crate::cli::{GroupBy, PlanFormat};
use crate::exit::Stop;
use probate_contract::Cause;
use probate_contract::plan::{DecisionAction, Entry, PlanReport, Vote};

/// Prints a plan.
///
/// # Errors
/// Standard output cannot be written.
pub fn plan(report: &PlanReport, format: PlanFormat, group_by: Option<GroupBy>) -> Result<(), Stop> {
    match (format, group_by) {
        (PlanFormat::Json, None) => super::json(report),
        _ => super::text(&render(report, format, group_by, super::width())?),
    }
}

/// The text of a plan, no wider than that.
///
/// # Errors
/// A document that cannot be written, which would be our fault.
pub fn render(
    report: &PlanReport,
    format: PlanFormat,
    group_by: Option<GroupBy>,
    width: Option<usize>,
) -> Result<String, Stop> {
    let sums = group_by.map(|by| groups::sums(report, by));
    let json = |text: serde_json::Result<String>| text.map(|text| text + "\n").map_err(crate::internal);
    Ok(match (format, &sums) {
        (PlanFormat::Json, None) => json(serde_json::to_string_pretty(report))?,
        (PlanFormat::Json, Some(sums)) => json(serde_json::to_string_pretty(sums))?,
        (PlanFormat::Yaml, None) => super::as_yaml(report)?,
        (PlanFormat::Yaml, Some(sums)) => super::as_yaml(sums)?,
        (PlanFormat::Name, None) => names(report),
        (PlanFormat::Name, Some(sums)) => sums.names(),
        (PlanFormat::Markdown, _) => markdown::page(report, sums.as_ref()),
        (PlanFormat::Table, None) => sections(&[entries::table(report, width), totals::brief(report, width)]),
        (PlanFormat::Wide, None) => sections(&[entries::wide(report, width), totals::whole(report, width)]),
        (PlanFormat::Table, Some(sums)) => sections(&[sums.table(width), totals::brief(report, width)]),
        (PlanFormat::Wide, Some(sums)) => sections(&[sums.table(width), totals::whole(report, width)]),
    })
}

fn sections(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// What would go, one a line.
fn names(report: &PlanReport) -> String {
    let going = report.entries.iter().filter(|entry| entry.decision.action == DecisionAction::Delete);
    going.map(|entry| object(&entry.subject.identity, report.clusters.len()) + "\n").collect()
}

/// `Delete`, `Delete (audit)`, `Delete (proposed)`, `Follows`, `Candidate`, `Retain`.
fn action(entry: &Entry) -> &'static str {
    let has = |cause| entry.decision.causes.contains(&cause);
    match entry.decision.action {
        _ if entry.follows.is_some() => "Follows",
        DecisionAction::Delete if has(Cause::AuditMode) => "Delete (audit)",
        DecisionAction::Delete if has(Cause::AwaitingApproval) => "Delete (proposed)",
        DecisionAction::Delete => "Delete",
        DecisionAction::Retain if entry.candidate => "Candidate",
        DecisionAction::Retain => "Retain",
    }
}

/// What a volume goes with, and what keeps it then: before it is destroyed the policies are asked about it again.
pub(super) fn following(entry: &Entry) -> Option<String> {
    let claim = object(&entry.follows.as_ref()?.claim, 1);
    let retaining = entry.verdicts.iter().filter(|verdict| verdict.action == Vote::Retain);
    let keeping: Vec<&str> = retaining.map(|verdict| verdict.policy.as_str()).collect();
    Some(match keeping.as_slice() {
        [] => format!("goes with {claim}"),
        keeping => format!("goes with {claim}, not destroyed as long as {} keeps it", keeping.join(", ")),
    })
}

/// A bound pair's bytes count once, at the claim.
fn counted(entry: &Entry) -> i64 {
    let bound = entry.subject.identity.kind == "PersistentVolume"
        && entry.preconditions.iter().any(|other| other.identity.kind == "PersistentVolumeClaim");
    if bound { 0 } else { entry.bytes }
}

/// The causes, without those that only say that a delete is shown and not carried out.
fn holding(entry: &Entry) -> impl Iterator<Item = Cause> {
    entry.decision.causes.iter().copied().filter(|cause| holds(*cause))
}

/// False for causes that let go, or say no more than how far a policy may go.
pub fn holds(cause: Cause) -> bool {
    !matches!(
        cause,
        Cause::PolicyDelete
            | Cause::AuditMode
            | Cause::AwaitingApproval
            | Cause::AnnotationConflict
            | Cause::AnnotationRefused
    )
}

fn causes(entry: &Entry) -> String {
    entry.decision.causes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
