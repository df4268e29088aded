//! A run of tests for people: what failed and why, and the totals.

use super::report::{Actual, Difference, File, Lines, Result as Ended, Test, TestReport};
use anstyle::{AnsiColor, Style};
use probate_contract::plan::PolicyVerdict;
use serde_json::Value;
use std::io::{self, Write};

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// Files with their totals and what did not pass; `wide` shows every test. The last line is `N passed, N failed`.
///
/// # Errors
/// It cannot be written.
pub fn table(report: &TestReport, wide: bool, out: &mut dyn Write) -> io::Result<()> {
    let width = report.files.iter().map(|file| file.file.chars().count()).max().unwrap_or(0);
    for file in &report.files {
        let (passed, failed) = file.counts();
        let pad = " ".repeat(width.saturating_sub(file.file.chars().count()));
        let style = if failed == 0 { GREEN } else { RED };
        let totals = if failed == 0 {
            format!("{passed} passed")
        } else {
            format!("{passed} passed, {failed} failed")
        };
        writeln!(out, "{}{pad}  {style}{totals}{style:#}", file.file)?;
        for diagnostic in &file.diagnostics {
            indented(out, &diagnostic.to_string())?;
        }
        for test in &file.tests {
            if test.result == Ended::Passed {
                if wide {
                    writeln!(out, "  {GREEN}passed{GREEN:#}  {}", test.title())?;
                }
            } else {
                failed_test(file, test, out)?;
            }
        }
    }
    for diagnostic in &report.diagnostics {
        writeln!(out, "{diagnostic}")?;
    }
    if let Some(lines) = &report.coverage {
        coverage(lines, out)?;
    }
    writeln!(out, "{} passed, {} failed", report.summary.passed, report.summary.failed)
}

fn indented(out: &mut dyn Write, text: &str) -> io::Result<()> {
    text.lines().try_for_each(|line| writeln!(out, "    {line}"))
}

fn failed_test(file: &File, test: &Test, out: &mut dyn Write) -> io::Result<()> {
    let word = if test.result == Ended::Errored { "error " } else { "failed" };
    let line = test.line.map(|line| format!(":{line}")).unwrap_or_default();
    writeln!(out, "  {RED}{word}{RED:#}  {}  {DIM}{}{line}{DIM:#}", test.title(), file.file)?;
    for Difference { key, expected, actual } in &test.differences {
        let label = if test.variant.is_some() { "the policy" } else { "expected" };
        let found = if test.variant.is_some() { "the variant" } else { "got" };
        writeln!(
            out,
            "    {key:<12}{GREEN}{label} {}{GREEN:#}, {RED}{found} {}{RED:#}",
            plain(expected),
            plain(actual)
        )?;
    }
    if let Some(actual) = &test.actual {
        came_out(actual, out)?;
    }
    for diagnostic in &test.diagnostics {
        indented(out, &diagnostic.to_string())?;
    }
    for print in &test.prints {
        writeln!(out, "    {:<12}{print}", "printed")?;
    }
    Ok(())
}

/// What the case came to, for whoever has to find out why.
fn came_out(actual: &Actual, out: &mut dyn Write) -> io::Result<()> {
    if let Some(action) = actual.action {
        let causes: Vec<String> = actual.causes.iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "    {DIM}{:<12}{action:?} [{}]: {}{DIM:#}",
            "decision",
            causes.join(", "),
            actual.reason
        )?;
    }
    for verdict in &actual.verdicts {
        writeln!(out, "    {DIM}{:<12}{}{DIM:#}", "verdict", answer(verdict))?;
    }
    for guard in &actual.guards {
        let until = guard.until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
        writeln!(out, "    {DIM}{:<12}{}: {}{until}{DIM:#}", "guard", guard.cause, guard.detail)?;
    }
    if !actual.missing.is_empty() {
        let missing: Vec<String> = actual.missing.iter().map(ToString::to_string).collect();
        writeln!(out, "    {DIM}{:<12}{}{DIM:#}", "missing", missing.join(", "))?;
    }
    Ok(())
}

fn answer(verdict: &PolicyVerdict) -> String {
    let mut text = format!("{} {:?}", verdict.policy, verdict.action);
    if let Some(cause) = verdict.cause {
        text.push_str(&format!(" [{cause}]"));
    }
    if let Some(rule) = &verdict.rule {
        text.push_str(&format!(", rule {rule}"));
    }
    if !verdict.reason.is_empty() {
        text.push_str(&format!(": {}", verdict.reason));
    }
    text
}

/// A value without quotes around words.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) if text.is_empty() => "nothing".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let fields: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}: {}", plain(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

fn coverage(lines: &Lines, out: &mut dyn Write) -> io::Result<()> {
    if lines.files.is_empty() {
        return writeln!(out, "coverage: no line of Rego was asked for");
    }
    for file in &lines.files {
        let percent = super::coverage::percent(file.covered, file.lines);
        let missed = if file.missed.is_empty() {
            String::new()
        } else {
            format!(", missed: {}", ranges(&file.missed))
        };
        writeln!(
            out,
            "coverage: {percent:>3} % of {} ({} of {} lines{missed})",
            file.file, file.covered, file.lines
        )?;
    }
    writeln!(out, "coverage: {:>3} % of all ({} of {} lines)", lines.percent, lines.covered, lines.lines)
}

/// `3, 7-9`.
fn ranges(lines: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for line in lines {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *line => *last = *line,
            _ => runs.push((*line, *line)),
        }
    }
    let run = |(from, to): &(u64, u64)| if from == to { from.to_string() } else { format!("{from}-{to}") };
    runs.iter().map(run).collect::<Vec<_>>().join(", ")
}

/// What did not pass, one a line: `FILE: NAME`.
///
/// # Errors
/// It cannot be written.
pub fn names(report: &TestReport, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        for test in file.tests.iter().filter(|test| test.result != Ended::Passed) {
            writeln!(out, "{}: {}", file.file, test.title())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_are_shown_as_ranges() {
        assert_eq!(super::ranges(&[3, 7, 8, 9, 11]), "3, 7-9, 11");
        assert_eq!(super::ranges(&[]), "");
    }
}
