//! Sums of a plan by namespace, class or policy.

use super::counted;
use crate::cli::GroupBy;
use crate::print::style;
use crate::print::table::{Cell, Table};
use probate_contract::API_VERSION;
use probate_contract::plan::{DecisionAction, Entry, PlanReport, Total, Vote};
use probate_core::quantity::human;
use serde::Serialize;
use std::collections::BTreeMap;

/// What has no namespace, class or policy.
const NONE: &str = "(none)";

/// Sums of one group.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sum {
    group: String,
    delete: Total,
    candidates: Total,
    retain: Total,
    incomplete: Total,
    unobserved: Total,
}

/// `kind: PlanSums`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sums {
    api_version: &'static str,
    kind: &'static str,
    plan_digest: String,
    group_by: &'static str,
    groups: Vec<Sum>,
}

/// Sums a plan; largest deletes first. A subject that several policies select counts for each of them.
pub(super) fn sums(report: &PlanReport, by: GroupBy) -> Sums {
    let mut groups: BTreeMap<String, Sum> = BTreeMap::new();
    for entry in report.entries.iter().filter(|entry| entry.follows.is_none()) {
        for (group, wants) in groups_of(entry, by) {
            let sum = groups.entry(group.clone()).or_default();
            sum.group = group;
            add(sum, entry, wants);
        }
    }
    let mut groups: Vec<Sum> = groups.into_values().collect();
    let weight = |sum: &Sum| (sum.delete.bytes, sum.candidates.bytes, sum.retain.bytes);
    groups.sort_by(|left, right| weight(right).cmp(&weight(left)).then_with(|| left.group.cmp(&right.group)));
    let group_by = match by {
        GroupBy::Namespace => "Namespace",
        GroupBy::Class => "StorageClass",
        GroupBy::Policy => "Policy",
    };
    Sums { api_version: API_VERSION, kind: "PlanSums", plan_digest: report.digest.clone(), group_by, groups }
}

/// The groups of an entry, and whether each of them wants a delete.
fn groups_of(entry: &Entry, by: GroupBy) -> Vec<(String, bool)> {
    let one = |name: Option<&String>| vec![(name.cloned().unwrap_or_else(|| NONE.into()), true)];
    match by {
        GroupBy::Namespace => {
            one(entry.subject.identity.namespace.as_ref().or(entry.claim_namespace.as_ref()))
        }
        GroupBy::Class => one(entry.storage_class.as_ref()),
        GroupBy::Policy if entry.verdicts.is_empty() => one(None),
        GroupBy::Policy => {
            let of = |verdict: &probate_contract::plan::PolicyVerdict| {
                (verdict.policy.clone(), verdict.action == Vote::Delete)
            };
            entry.verdicts.iter().map(of).collect()
        }
    }
}

fn add(sum: &mut Sum, entry: &Entry, wants: bool) {
    let more = |total: &mut Total| {
        total.count += 1;
        total.bytes = total.bytes.saturating_add(counted(entry));
    };
    match entry.decision.action {
        DecisionAction::Delete if wants => more(&mut sum.delete),
        DecisionAction::Delete => {}
        DecisionAction::Retain => more(&mut sum.retain),
    }
    if entry.candidate && wants {
        more(&mut sum.candidates);
    }
    if entry.decision.causes.contains(&probate_contract::Cause::IncompleteEvidence) {
        more(&mut sum.incomplete);
    }
    if entry.unobserved {
        more(&mut sum.unobserved);
    }
}

impl Sums {
    fn header(&self) -> [&'static str; 6] {
        let first = match self.group_by {
            "Namespace" => "NAMESPACE",
            "StorageClass" => "STORAGECLASS",
            _ => "POLICY",
        };
        [first, "DELETE", "CANDIDATES", "RETAIN", "INCOMPLETE", "UNOBSERVED"]
    }

    fn rows(&self) -> impl Iterator<Item = [String; 6]> {
        let cell = |total: &Total| match total.count {
            0 => "-".to_owned(),
            count => format!("{count}, {}", human(total.bytes)),
        };
        self.groups.iter().map(move |sum| {
            [
                sum.group.clone(),
                cell(&sum.delete),
                cell(&sum.candidates),
                cell(&sum.retain),
                cell(&sum.incomplete),
                cell(&sum.unobserved),
            ]
        })
    }

    /// For people.
    pub(super) fn table(&self, width: Option<usize>) -> String {
        let mut table = Table::new(&self.header());
        for row in self.rows() {
            let styled = |(at, text): (usize, String)| match (at, text.as_str()) {
                (_, "-") => Cell::styled(text, style::QUIET),
                (1, _) => Cell::styled(text, style::BAD),
                _ => text.into(),
            };
            table.row(row.into_iter().enumerate().map(styled).collect());
        }
        table.render(width)
    }

    /// For a ticket.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!("| {} |\n|{}\n", self.header().join(" | ").to_lowercase(), "---|".repeat(6));
        for row in self.rows() {
            text.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        text
    }

    /// The groups, one a line.
    pub(super) fn names(&self) -> String {
        self.groups.iter().map(|sum| format!("{}\n", sum.group)).collect()
    }
}
