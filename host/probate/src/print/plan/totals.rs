//! The last lines of a plan: totals, what each cause holds back, what would release most, what pace would do.

use super::holds;
use crate::print::style::CAREFUL;
use crate::print::table::{Cell, Table};
use crate::print::{counted, style};
use crate::unheard;
use anstyle::Style;
use probate_contract::manifest::{Mode, Per, Window};
use probate_contract::plan::{Entry, IncompleteSource, PacingRate, PlanReport, Total};
use probate_core::quantity::human;

/// Totals with the one source that would release most.
pub(super) fn brief(report: &PlanReport, width: Option<usize>) -> String {
    super::sections(&[sums(report, width), held(report, width), release(report), pacing(report)])
}

/// Totals with every source that is not complete.
pub(super) fn whole(report: &PlanReport, width: Option<usize>) -> String {
    super::sections(&[sums(report, width), held(report, width), incomplete(report, width), pacing(report)])
}

fn sums(report: &PlanReport, width: Option<usize>) -> String {
    let summary = &report.summary;
    let mut table = Table::new(&["TOTAL", "COUNT", "SIZE", ""]);
    let mut add = |name: &str, style: Style, total: Total, note: String| {
        table.row(vec![
            Cell::styled(name, style),
            total.count.to_string().into(),
            human(total.bytes).into(),
            note.into(),
        ]);
    };
    add(
        "Delete",
        if summary.delete.count > 0 { style::BAD } else { style::PLAIN },
        summary.delete,
        far(report),
    );
    if summary.candidates.count > 0 {
        let note = "of Retain: only time or watching holds them".to_owned();
        add("Candidates", style::CAREFUL, summary.candidates, note);
    }
    add("Retain", style::PLAIN, summary.retain, String::new());
    if summary.incomplete.count > 0 {
        add(
            "Incomplete",
            style::CAREFUL,
            summary.incomplete,
            "of Retain: a fact that is needed is not known".to_owned(),
        );
    }
    let mut text = table.render(width);
    if summary.annotate.count > 0 {
        text.push_str(&format!("{} to annotate\n", counted(summary.annotate.count, "object")));
    }
    for line in unheard::lines(report) {
        text.push_str(&format!("{CAREFUL}{line}{CAREFUL:#}\n"));
    }
    if summary.follows.count > 0 {
        text.push_str(&format!("{} with the claims that go\n", goes(summary.follows.count)));
    }
    if let Some(line) = unobserved(report) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn goes(count: u64) -> String {
    if count == 1 { "1 volume goes".into() } else { format!("{count} volumes go") }
}

/// How far the deletes would go.
fn far(report: &PlanReport) -> String {
    if report.summary.delete.count == 0 {
        return "nothing is deletable".into();
    }
    let acting = report.policies.iter().any(|policy| policy.mode == Mode::Enforce);
    if acting { String::new() } else { "no policy enforces: nothing acts on it".into() }
}

/// `412 claims, 38 TiB: nothing names them; not observed for how long`.
pub(super) fn unobserved(report: &PlanReport) -> Option<String> {
    let of = |kind: &str| {
        let of_kind = |entry: &&Entry| entry.unobserved && entry.subject.identity.kind == kind;
        u64::try_from(report.entries.iter().filter(of_kind).count()).unwrap_or(u64::MAX)
    };
    let counts = [(of("PersistentVolumeClaim"), "claim"), (of("PersistentVolume"), "volume")];
    let words: Vec<String> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, one)| counted(count, one)).collect();
    (!words.is_empty()).then(|| {
        format!(
            "{}, {}: nothing names them; not observed for how long",
            words.join(" and "),
            human(report.summary.unobserved.bytes)
        )
    })
}

/// What each cause holds back.
fn held(report: &PlanReport, width: Option<usize>) -> String {
    let mut table = Table::new(&["HELD BACK BY", "COUNT", "SIZE", "MEANING"]);
    for total in report.summary.causes.iter().filter(|total| holds(total.cause)) {
        table.row(vec![
            total.cause.to_string().into(),
            total.count.to_string().into(),
            human(total.bytes).into(),
            Cell::styled(total.cause.meaning(), style::QUIET),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(width) }
}

fn holder(source: &IncompleteSource) -> String {
    format!(
        "{} ({:?}) holds {}, {}",
        source.source,
        source.reason,
        counted(source.subjects, "subject"),
        human(source.bytes)
    )
}

/// The one flag or dump that would release most.
fn release(report: &PlanReport) -> String {
    let Some(first) = report.incomplete.first() else { return String::new() };
    let mut text = format!("What would release most: {}\n  {}\n", holder(first), first.remedy);
    let more = report.incomplete.len().saturating_sub(1);
    if more > 0 {
        text.push_str(&format!(
            "  and {} (-o wide shows all)\n",
            counted(u64::try_from(more).unwrap_or(0), "more source")
        ));
    }
    text
}

fn incomplete(report: &PlanReport, width: Option<usize>) -> String {
    let mut table = Table::new(&["NOT COMPLETE", "WHY", "HOLDS", "SIZE", "REMEDY"]);
    for source in &report.incomplete {
        table.row(vec![
            source.source.clone().into(),
            format!("{:?}", source.reason).into(),
            source.subjects.to_string().into(),
            human(source.bytes).into(),
            source.remedy.clone().into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(width) }
}

/// What rates and breakers would do.
fn pacing(report: &PlanReport) -> String {
    let pacing = &report.pacing;
    let mut lines = Vec::new();
    if pacing.is_empty() {
        return String::new();
    }
    lines.push("What a controller would do with the pace of it (nothing is paced here):".to_owned());
    lines.extend(pacing.rates.iter().map(rate));
    for breaker in &pacing.breaker {
        let verb = if breaker.would_open { "would open and hold all deletes" } else { "stays closed" };
        lines.push(format!(
            "  {}: breaker {verb}: {}, {} % of the {}s it selects; it opens above {} % and above {}",
            short(&breaker.policy),
            counted(breaker.deletes, "delete"),
            breaker.percent,
            breaker.kind,
            breaker.max_percent,
            counted(breaker.min_count, "delete")
        ));
    }
    if !pacing.skipped.is_empty() {
        lines.push(format!("  not judged from one dump: {}", pacing.skipped.join(", ")));
    }
    lines.join("\n") + "\n"
}

fn short(policy: &str) -> &str {
    policy.split_once('/').map_or(policy, |(_, name)| name)
}

fn rate(rate: &PacingRate) -> String {
    let window = match rate.window {
        Window::Hour => "hour",
        Window::Day => "day",
    };
    let of = match rate.per {
        Per::Policy => "",
        Per::Namespace => " and namespace",
        Per::StorageClass => " and StorageClass",
    };
    let mut limits: Vec<String> = rate.max_count.iter().map(ToString::to_string).collect();
    limits.extend(rate.max_bytes.iter().map(|bytes| human(*bytes)));
    let time = rate.max_count.filter(|most| *most > 0).map(|most| rate.deletes.div_ceil(most));
    let time = time.map_or_else(String::new, |windows| format!(": {}", counted(windows, window)));
    format!(
        "  {}: {}, at most {} an {window}{of}{time}",
        short(&rate.policy),
        counted(rate.deletes, "delete"),
        limits.join(" or "),
    )
    .replace("an day", "a day")
}
