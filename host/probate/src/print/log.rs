//! Decision logs: their lines, what a replay changes, whether they are whole.

use super::style;
use super::table::{Cell, Table};
use super::{counted, object};
use crate::cli::LogFormat;
use crate::commands::replay::Again;
use crate::exit::Stop;
use crate::lines::{Body, Line};
use probate_contract::API_VERSION;
use probate_contract::log::Outcome;
use probate_contract::plan::DecisionAction;
use probate_core::digest;
use probate_core::log::{Difference, Replayed, Verified};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Prints lines.
///
/// # Errors
/// Standard output cannot be written.
pub fn lines(lines: &[Line], format: LogFormat) -> Result<(), Stop> {
    match format {
        LogFormat::Json => {
            super::text(&lines.iter().map(|line| line.text.clone() + "\n").collect::<String>())
        }
        LogFormat::Table => super::text(&table(lines, super::width())),
    }
}

/// How many clusters the lines are about.
fn clusters<'a>(bodies: impl Iterator<Item = &'a Body>) -> usize {
    bodies.map(|body| body.subject().cluster.as_deref().unwrap_or_default()).collect::<BTreeSet<_>>().len()
}

fn table(lines: &[Line], width: Option<usize>) -> String {
    let clusters = clusters(lines.iter().map(|line| &line.body));
    let mut table = Table::new(&["TIME", "LINE", "OBJECT", "WHAT", "CAUSE", "REASON"]);
    for Line { body, .. } in lines {
        let (chain, sequence) = body.place();
        let (what, cause, reason) = match body {
            Body::Decision(record) => {
                let causes: Vec<String> = record
                    .decision
                    .causes
                    .iter()
                    .copied()
                    .chain(record.held.iter().map(|held| held.cause))
                    .map(|cause| cause.to_string())
                    .collect();
                let (word, style) = match (record.decision.action, record.candidate) {
                    (DecisionAction::Delete, _) => ("Delete", style::BAD),
                    (DecisionAction::Retain, true) => ("Candidate", style::CAREFUL),
                    (DecisionAction::Retain, false) => ("Retain", style::PLAIN),
                };
                (Cell::styled(word, style), causes.join(","), record.decision.reason.clone())
            }
            Body::Effect(record) => {
                let style = if record.outcome == Outcome::Applied { style::GOOD } else { style::CAREFUL };
                let what = format!("{} {}", record.step, record.request.verb);
                let status = &record.status;
                let code = status.code.map(|code| format!("{code} ")).unwrap_or_default();
                let said = format!("{code}{} {}", status.reason, status.message).trim().to_owned();
                (Cell::styled(what, style), format!("{:?}", record.outcome), said)
            }
        };
        table.row(vec![
            body.at().into(),
            format!("{chain} {sequence}").into(),
            object(body.subject(), clusters).into(),
            what,
            cause.into(),
            reason.into(),
        ]);
    }
    if table.is_empty() { "No line.\n".into() } else { table.render(width) }
}

/// Prints what a replay changes.
///
/// # Errors
/// Standard output cannot be written.
pub fn replayed(again: &[Again<'_>], format: LogFormat) -> Result<(), Stop> {
    match format {
        LogFormat::Json => super::json(&report(again)),
        LogFormat::Table => super::text(&differences(again)),
    }
}

fn differing<'a, 'b>(again: &'b [Again<'a>]) -> impl Iterator<Item = (&'b Again<'a>, &'b Replayed)> {
    let differs = |again: &'b Again<'a>| {
        let replayed = again.replayed.as_ref().ok().filter(|replayed| !replayed.differences.is_empty())?;
        Some((again, replayed))
    };
    again.iter().filter_map(differs)
}

/// How many were decided again, and how many came out otherwise.
fn counts(again: &[Again<'_>]) -> (u64, u64) {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let done = again.iter().filter(|again| again.replayed.is_ok()).count();
    (count(done), count(differing(again).count()))
}

fn report(again: &[Again<'_>]) -> Value {
    let line = |(again, replayed): (&Again<'_>, &Replayed)| {
        let record = again.record;
        json!({
            "file": again.line.file.display().to_string(), "line": again.line.number, "chain": record.chain,
            "sequence": record.sequence, "at": record.at, "subject": record.subject.identity,
            "differences": replayed.differences,
        })
    };
    let (done, differ) = counts(again);
    json!({
        "apiVersion": API_VERSION, "kind": "ReplayReport", "replayed": done, "same": done.saturating_sub(differ),
        "differing": differing(again).map(line).collect::<Vec<_>>(),
    })
}

fn differences(again: &[Again<'_>]) -> String {
    let all = again.iter().map(|again| &again.line.body);
    let clusters = clusters(all);
    let mut out = String::new();
    for (again, replayed) in differing(again) {
        let record = again.record;
        let name = object(&record.subject.identity, clusters);
        let head = style::HEAD;
        out.push_str(&format!("{head}{name}{head:#}  {} {}  {}\n", record.chain, record.sequence, record.at));
        for Difference { path, recorded, replayed } in &replayed.differences {
            let shown = |value: &Option<Value>| match value {
                None => "-".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(value) => digest::canonical(value),
            };
            out.push_str(&format!("  {path}: {} -> {}\n", shown(recorded), shown(replayed)));
        }
    }
    let (done, differ) = counts(again);
    let lines = counted(done, "decision");
    out.push_str(&match differ {
        0 if done == 0 => "No decision.\n".into(),
        0 => format!("{lines} again, the same byte for byte.\n"),
        differ => format!("{lines} again: {} the same byte for byte, {differ} otherwise.\n", done - differ),
    });
    out
}

/// Prints what a log comes to.
///
/// # Errors
/// Standard output cannot be written.
pub fn verified(verified: &Verified, format: LogFormat) -> Result<(), Stop> {
    let Verified { lines, chains, findings } = verified;
    if format == LogFormat::Json {
        let found: Vec<Value> = findings
            .iter()
            .map(|finding| {
                let mut found =
                    json!({"code": crate::lines::code(&finding.fault), "message": finding.fault.to_string()});
                let mut put = |key: &str, value: Option<Value>| {
                    if let (Some(value), Some(found)) = (value, found.as_object_mut()) {
                        found.insert(key.into(), value);
                    }
                };
                put("line", finding.line.map(Value::from));
                put("chain", finding.chain.clone().map(Value::from));
                put("sequence", finding.sequence.map(Value::from));
                found
            })
            .collect();
        return super::json(&json!({
            "apiVersion": API_VERSION, "kind": "VerifyReport", "lines": lines, "chains": chains, "findings": found,
        }));
    }
    let mut table = Table::new(&["CHAIN", "FIRST", "LAST", "HEAD"]);
    for end in chains {
        table.row(vec![
            end.chain.as_str().into(),
            end.first.to_string().into(),
            end.last.to_string().into(),
            end.head.as_str().into(),
        ]);
    }
    let mut out = if table.is_empty() { String::new() } else { table.render(None) };
    let found = u64::try_from(findings.len()).unwrap_or(u64::MAX);
    let lines = counted(*lines, "line");
    out.push_str(&match found {
        0 => format!("{lines}, whole and unchanged.\n"),
        found => format!("{lines}, {} wrong.\n", counted(found, "thing")),
    });
    super::text(&out)
}
