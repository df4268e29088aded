//! A plan for people and programs.

use crate::cli::{GroupBy, PlanFormat};
use crate::exit::Stop;
use probate_contract::plan::PlanReport;
use probate_core::quantity::human;
use std::io::Write;

/// Prints a plan.
///
/// # Errors
/// Standard output cannot be written.
pub fn plan(report: &PlanReport, format: PlanFormat, _group_by: Option<GroupBy>) -> Result<(), Stop> {
    let mut out = anstream::stdout().lock();
    let written = match format {
        PlanFormat::Json => serde_json::to_string_pretty(report)
            .map_err(std::io::Error::other)
            .and_then(|text| writeln!(out, "{text}")),
        _ => table(report, &mut out),
    };
    written.map_err(crate::internal)
}

fn table(report: &PlanReport, out: &mut impl Write) -> std::io::Result<()> {
    for entry in &report.entries {
        let identity = &entry.subject.identity;
        let causes: Vec<String> = entry.decision.causes.iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "{:?} {} {}/{} {} {} {}",
            entry.decision.action,
            identity.kind,
            identity.namespace.as_deref().unwrap_or("-"),
            identity.name,
            human(entry.bytes),
            causes.join(","),
            entry.decision.reason
        )?;
    }
    writeln!(out, "{:?}", report.summary)
}
