//! A plan for a ticket.

use super::groups::Sums;
use super::{action, causes, following, holds, totals};
use crate::print::object;
use probate_contract::plan::{DecisionAction, Entry, PlanReport, Total};
use probate_core::diff::rules;
use probate_core::quantity::human;

/// The page.
pub(super) fn page(report: &PlanReport, sums: Option<&Sums>) -> String {
    let clusters: Vec<&str> =
        report.clusters.iter().filter_map(|cluster| cluster.cluster.name.as_deref()).collect();
    let mut text = format!("## Plan for {} as of {}\n\n", escaped(&clusters.join(", ")), report.as_of);
    text.push_str(&totals_table(report));
    if let Some(line) = totals::unobserved(report) {
        text.push_str(&format!("\n{line}.\n"));
    }
    for line in crate::unheard::lines(report) {
        text.push_str(&format!("\n{}.\n", escaped(&line)));
    }
    if let Some(sums) = sums {
        text.push_str(&format!("\n### Sums\n\n{}", sums.markdown()));
    }
    let going = |entry: &&Entry| entry.decision.action == DecisionAction::Delete || entry.follows.is_some();
    let deletes: Vec<&Entry> = report.entries.iter().filter(going).collect();
    let candidates: Vec<&Entry> = report.entries.iter().filter(|entry| entry.candidate).collect();
    text.push_str(&listed("What would go", report, &deletes));
    text.push_str(&listed("Candidates", report, &candidates));
    text.push_str(&held(report));
    if let Some(first) = report.incomplete.first() {
        text.push_str(&format!(
            "\n{} ({:?}) holds most of what is incomplete, {}: {}\n",
            escaped(&first.source),
            first.reason,
            human(first.bytes),
            escaped(&first.remedy)
        ));
    }
    text.push_str(&format!("\nPlan digest `{}`.\n", report.digest));
    text
}

fn totals_table(report: &PlanReport) -> String {
    let summary = &report.summary;
    let row = |name: &str, total: &Total| format!("| {name} | {} | {} |\n", total.count, human(total.bytes));
    format!(
        "| total | count | size |\n|---|---|---|\n{}{}{}{}| Annotate | {} | |\n",
        row("Delete", &summary.delete),
        row("Candidates", &summary.candidates),
        row("Retain", &summary.retain),
        row("Incomplete", &summary.incomplete),
        summary.annotate.count
    )
}

fn listed(title: &str, report: &PlanReport, entries: &[&Entry]) -> String {
    if entries.is_empty() {
        return format!("\n### {title}\n\nNone.\n");
    }
    let mut text = format!(
        "\n### {title}\n\n| action | object | size | cause | rule | reason |\n|---|---|---|---|---|---|\n"
    );
    for entry in entries {
        let reason = following(entry).unwrap_or_else(|| entry.decision.reason.clone());
        text.push_str(&format!(
            "| {} | `{}` | {} | {} | {} | {} |\n",
            action(entry),
            object(&entry.subject.identity, report.clusters.len()),
            human(entry.bytes),
            causes(entry),
            escaped(&rules(entry).join(", ")),
            escaped(&reason)
        ));
    }
    text
}

fn held(report: &PlanReport) -> String {
    let mut text = "\n### Held back\n\n| cause | count | size | meaning |\n|---|---|---|---|\n".to_owned();
    for total in report.summary.causes.iter().filter(|total| holds(total.cause)) {
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            total.cause,
            total.count,
            human(total.bytes),
            total.cause.meaning()
        ));
    }
    text
}

/// Text that cannot end a cell or begin a link, a tag or a mention.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '@' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
