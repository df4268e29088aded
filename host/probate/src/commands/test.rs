//! `probate test`: runs the suites beside policies.

use crate::cli::{TestArgs, TestFormat};
use crate::exit::{Exit, Outcome, Stop};
use crate::suite::report::TestReport;
use crate::suite::{self, Options, Ran};
use crate::{print, session};
use probate_contract::Diagnostic;
use probate_core::time;
use regex::Regex;
use std::io::{self, Write};
use std::num::NonZeroUsize;

/// The time of native tests, that of the two example documents; cases have their own.
const NOW: &str = "2026-11-22T06:00:00Z";

/// Runs the command.
///
/// # Errors
/// Wrong usage, or a sandbox that does not start.
pub fn run(args: &TestArgs, threads: Option<NonZeroUsize>) -> Outcome {
    let only = match &args.run {
        Some(pattern) => Some(Regex::new(pattern).map_err(|error| {
            let said = error.to_string();
            let message = said.lines().last().unwrap_or_default().trim().to_owned();
            Stop::usage("PB0004", format!("--run: {message}"), "give a regular expression")
        })?),
        None => None,
    };
    let engine = session::engine(time::parse(NOW).unwrap_or_default(), threads)?;
    let (coverage, replay) = (args.coverage, args.replay);
    let options = Options { only: only.as_ref(), coverage, replay, threads: session::threads(threads) };
    let mut ran = suite::run(&args.paths, &engine, options);
    if args.update && !ran.edits.is_empty() {
        ran = update(args, &ran, || suite::run(&args.paths, &engine, options));
    }
    let report = ran.report;
    print::settle(write(&report, args.output))?;
    Ok(exit(&report, args))
}

/// Rewrites what failed, says so, and runs again.
fn update(args: &TestArgs, ran: &Ran, again: impl FnOnce() -> Ran) -> Ran {
    let updated = suite::update::apply(&ran.edits, args.accept_deletes);
    let note = |(path, count): (&std::path::PathBuf, &usize)| {
        let cases = if *count == 1 { "case" } else { "cases" };
        Diagnostic::note("PB8019", format!("rewrote the expectations of {count} {cases}"))
            .file(path.display().to_string())
    };
    let notes: Vec<Diagnostic> = updated.files.iter().map(note).collect();
    print::diagnostics(&notes);
    print::diagnostics(&updated.diagnostics);
    again()
}

fn write(report: &TestReport, format: TestFormat) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match format {
        TestFormat::Table | TestFormat::Wide => {
            suite::show::table(report, format == TestFormat::Wide, &mut out)
        }
        TestFormat::Json => {
            let text = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
            writeln!(out, "{text}")
        }
        TestFormat::Yaml => {
            let text = serde_saphyr::to_string(report).map_err(io::Error::other)?;
            write!(out, "{}", text.trim_end())?;
            writeln!(out)
        }
        TestFormat::Name => {
            let files = report.files.iter().flat_map(|file| &file.diagnostics);
            let all: Vec<Diagnostic> = files.chain(&report.diagnostics).cloned().collect();
            print::diagnostics(&all);
            suite::show::names(report, &mut out)
        }
        TestFormat::Junit => suite::junit::write(report, &mut out),
    }
}

fn exit(report: &TestReport, args: &TestArgs) -> Exit {
    let mut fits = Vec::new();
    if report.errored() {
        fits.push(Exit::Invalid);
    }
    if report.failed() {
        fits.push(Exit::Failed);
    }
    if report.files.is_empty() && report.diagnostics.is_empty() && !args.allow_empty {
        let message = match &args.run {
            Some(pattern) => format!("no test's name matches `{pattern}`"),
            None => "no test was found".into(),
        };
        let paths: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
        let fix = "give a folder with kind: PolicyTest files or *_test.rego, or --allow-empty";
        print::diagnostics(&[Diagnostic::error("PB8018", message).file(paths.join(" ")).fix(fix)]);
        fits.push(Exit::Empty);
    }
    if let (Some(lines), Some(threshold)) = (&report.coverage, args.threshold)
        && lines.percent < u64::from(threshold)
    {
        let message = format!("{} % of the lines were reached, {threshold} % are asked for", lines.percent);
        let fix = "add cases for the missed lines";
        print::diagnostics(&[Diagnostic::error("PB8017", message).fix(fix)]);
        fits.push(Exit::Failed);
    }
    Exit::first(&fits)
}
