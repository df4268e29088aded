//! What `check` found.

use super::style;
use super::table::{Cell, Table};
use crate::cli::Format;
use crate::commands::check::{CheckReport, Checked};
use crate::exit::Stop;
use probate_contract::manifest::Allowed;

/// Prints it.
///
/// # Errors
/// Standard output cannot be written.
pub fn check(report: &CheckReport, format: Format) -> Result<(), Stop> {
    match format {
        Format::Json => super::json(report),
        _ => super::text(&render(report, format, super::width())?),
    }
}

/// The text, no wider than that.
///
/// # Errors
/// A document that cannot be written, which would be our fault.
pub fn render(report: &CheckReport, format: Format, width: Option<usize>) -> Result<String, Stop> {
    Ok(match format {
        Format::Json => serde_json::to_string_pretty(report).map_err(crate::internal)? + "\n",
        Format::Yaml => super::as_yaml(report)?,
        Format::Name => report.policies.iter().map(|policy| format!("{}\n", policy.policy)).collect(),
        Format::Table => table(report, width),
        Format::Wide => report.policies.iter().map(block).collect::<Vec<_>>().join("\n"),
    })
}

fn result(policy: &Checked) -> Cell {
    match &policy.failed {
        Some(failed) => Cell::styled(failed.cause.to_string(), style::BAD),
        None => Cell::styled("Loaded", style::GOOD),
    }
}

fn table(report: &CheckReport, width: Option<usize>) -> String {
    let mut table = Table::new(&["POLICY", "RESULT", "MODE", "LANGUAGE", "TITLE"]);
    for policy in &report.policies {
        table.row(vec![
            policy.policy.clone().into(),
            result(policy),
            format!("{:?}", policy.mode).into(),
            format!("{:?}", policy.language).into(),
            policy.title.clone().into(),
        ]);
    }
    table.render(width)
}

fn words(list: &[impl std::fmt::Debug]) -> String {
    list.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

/// Everything known of one policy, a line each.
fn block(policy: &Checked) -> String {
    let facts: Vec<&str> = policy.reads.iter().map(|fact| fact.name()).collect();
    let parameters: Vec<String> =
        policy.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let result = match &policy.failed {
        Some(failed) => format!("{}{}{:#}: {}", style::BAD, failed.cause, style::BAD, failed.message),
        None => format!("{}Loaded{:#}", style::GOOD, style::GOOD),
    };
    let deletes = match (policy.can_delete, policy.actions.contains(&Allowed::Delete)) {
        (true, _) => "it may",
        (false, true) => "never",
        (false, false) => "never: its actions lack Delete",
    };
    let lines = [
        ("result", result),
        ("file", policy.file.clone()),
        ("mode", format!("{:?}", policy.mode)),
        ("actions", words(&policy.actions)),
        ("subjects", words(&policy.subjects)),
        ("title", policy.title.clone()),
        ("version", policy.version.clone()),
        ("language", format!("{:?}", policy.language)),
        ("size", format!("{} bytes", policy.size_bytes)),
        ("digest", policy.digest.clone()),
        ("reads", facts.join(", ")),
        ("paths", policy.paths.join(", ")),
        ("imports", if policy.imports.is_empty() { "none".into() } else { policy.imports.join(", ") }),
        ("parameters", parameters.join(", ")),
        ("schema", policy.parameters_schema.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("deletes", deletes.to_owned()),
    ];
    let mut text = format!("{}{}{:#}\n", style::HEAD, policy.policy, style::HEAD);
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("  {name:<10}   {value}\n"));
    }
    text
}
