//! One subject for people: what it is, who wants it, what each policy said and where, what holds it, what would turn it.

use super::style::{BAD, CAREFUL, GOOD, HEAD, QUIET};
use crate::cli::Format;
use crate::commands::explain::{Document, Trace};
use crate::exit::Stop;
use probate_contract::evidence::{Evidence, Reference};
use probate_contract::plan::{DecisionAction, Entry, Missing, PolicyVerdict, Vote};
use probate_core::quantity::human;
use std::fmt::Write;
use std::path::Path;

/// Prints an explanation.
///
/// # Errors
/// Standard output cannot be written.
pub fn explanation(document: &Document, format: Format) -> Result<(), Stop> {
    match format {
        Format::Json => super::json(document),
        Format::Yaml => super::yaml(document),
        Format::Name => super::text(&format!("{}\n", name(&document.entry))),
        Format::Table | Format::Wide => {
            let mut text = String::new();
            // Writing to a String does not fail.
            let _ = page(&mut text, document, format == Format::Wide);
            super::text(&text)
        }
    }
}

fn name(entry: &Entry) -> String {
    let identity = &entry.subject.identity;
    match &identity.namespace {
        Some(namespace) => format!("pvc/{namespace}/{}", identity.name),
        None => format!("pv/{}", identity.name),
    }
}

fn page(text: &mut String, document: &Document, wide: bool) -> std::fmt::Result {
    let Document { entry, evidence, .. } = document;
    let style = if entry.decision.action == DecisionAction::Delete { BAD } else { GOOD };
    let causes: Vec<String> = entry.decision.causes.iter().map(ToString::to_string).collect();
    writeln!(
        text,
        "{HEAD}{}{HEAD:#}  {}  in {}",
        name(entry),
        human(entry.bytes),
        entry.subject.identity.cluster.as_deref().unwrap_or_default()
    )?;
    writeln!(
        text,
        "{style}{:?}{style:#}  {}  {}",
        entry.decision.action,
        causes.join(", "),
        // Without a policy nothing is tried.
        if document.tried == 0 { "no policy is given" } else { &entry.decision.reason }
    )?;
    if let Some(follows) = super::plan::following(entry) {
        writeln!(text, "It {follows}.")?;
    }
    if entry.candidate {
        writeln!(text, "{CAREFUL}Candidate{CAREFUL:#}: only watching or time holds it.")?;
    }
    about(text, evidence)?;
    references(text, evidence, document, wide)?;
    platform(text, &document.platform)?;
    policies(text, document)?;
    history(text, document)?;
    if !entry.guards.is_empty() {
        writeln!(text, "\n{HEAD}Guards that hold the delete{HEAD:#}")?;
        for guard in &entry.guards {
            let until = guard.until.as_deref().map(|until| format!(" until {until}")).unwrap_or_default();
            writeln!(text, "  {}  {}{until}", guard.cause, guard.detail)?;
        }
    }
    unknown(text, document)?;
    flips(text, document)
}

/// What its record remembers.
fn history(text: &mut String, document: &Document) -> std::fmt::Result {
    if document.history.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{HEAD}What became of it{HEAD:#}")?;
    document.history.iter().try_for_each(|said| {
        let not = if said.status == "True" { "" } else { "not " };
        writeln!(
            text,
            "  {}  {not}{}  {}  {}",
            said.last_transition_time, said.r#type, said.reason, said.message
        )
    })
}

/// The platforms' own rules.
pub(crate) fn platform(text: &mut String, words: &[String]) -> std::fmt::Result {
    if words.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{HEAD}What its platform does{HEAD:#}")?;
    words.iter().try_for_each(|word| writeln!(text, "  {word}"))
}

fn about(text: &mut String, evidence: &Evidence) -> std::fmt::Result {
    writeln!(text, "\n{HEAD}What it is{HEAD:#}")?;
    if let Some(subject) = &evidence.subject {
        writeln!(text, "  made {}, {} days old", subject.created_at, subject.age_seconds / 86_400)?;
    }
    if let Some(claim) = &evidence.claim {
        writeln!(text, "  claim {}/{}  {}", claim.namespace, claim.name, claim.phase)?;
    }
    if let Some(volume) = &evidence.volume {
        let driver = volume.driver.as_deref().unwrap_or("no driver");
        writeln!(
            text,
            "  volume {}  {}  reclaim policy {}  {driver}",
            volume.name, volume.phase, volume.reclaim_policy
        )?;
    }
    if let Some(retention) = &evidence.retention
        && let Some(effective) = retention.effective
    {
        let from = retention
            .from
            .as_ref()
            .map(|from| format!(", says {} {}", from.kind, from.name))
            .unwrap_or_default();
        writeln!(text, "  effective reclaim policy {effective:?}{from}")?;
    }
    if let Some(usage) = &evidence.usage
        && let (Some(since), Some(seconds), Some(continuity)) =
            (&usage.unused_since, usage.unused_seconds, usage.continuity)
    {
        writeln!(text, "  unused since {since}, {} days ({continuity:?})", seconds / 86_400)?;
    }
    for owner in evidence.owners.iter().flatten() {
        let namespace =
            owner.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let gone = owner.gone_since.as_deref().map(|since| format!(" since {since}")).unwrap_or_default();
        writeln!(
            text,
            "  owner {} {namespace}{}  {:?}, {:?}{gone}",
            owner.kind, owner.name, owner.relation, owner.state
        )?;
    }
    for snapshot in evidence.snapshots.iter().flatten() {
        writeln!(
            text,
            "  {} {}  {}",
            snapshot.kind,
            snapshot.name,
            if snapshot.ready { "ready" } else { "not ready" }
        )?;
    }
    Ok(())
}

fn references(text: &mut String, evidence: &Evidence, document: &Document, wide: bool) -> std::fmt::Result {
    writeln!(text, "\n{HEAD}Who wants it{HEAD:#}")?;
    let list: &[Reference] = evidence.references.as_deref().unwrap_or(&document.references);
    if list.is_empty() {
        let whole = evidence.references.is_some();
        writeln!(
            text,
            "  {}",
            if whole { "nothing names it" } else { "nothing that was seen, but not every list is whole" }
        )?;
    }
    let most = if wide { usize::MAX } else { 12 };
    for reference in list.iter().take(most) {
        let namespace =
            reference.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let since =
            reference.state_since.as_deref().map(|since| format!(" since {since}")).unwrap_or_default();
        let path = reference.path.as_deref().unwrap_or("somewhere in it");
        writeln!(
            text,
            "  {:?}  {} {namespace}{}{since}  {QUIET}{path}{QUIET:#}",
            reference.state, reference.kind, reference.name
        )?;
    }
    if list.len() > most {
        writeln!(text, "  … and {} more (-o wide shows all)", list.len() - most)?;
    }
    Ok(())
}

fn policies(text: &mut String, document: &Document) -> std::fmt::Result {
    if document.entry.verdicts.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{HEAD}What policies said{HEAD:#}")?;
    for verdict in &document.entry.verdicts {
        let style = match verdict.action {
            Vote::Delete => BAD,
            Vote::Failed => CAREFUL,
            Vote::Retain => GOOD,
            Vote::Abstain => QUIET,
        };
        let cause = verdict.cause.map(|cause| format!(" {cause}")).unwrap_or_default();
        let reason = if verdict.reason.is_empty() { String::new() } else { format!("  {}", verdict.reason) };
        writeln!(text, "  {style}{:?}{cause}{style:#}  {}{reason}", verdict.action, verdict.policy)?;
        let trace = document.traces.iter().find(|trace| trace.policy == verdict.policy);
        details(text, verdict, trace, &document.entry.annotations.refused)?;
    }
    Ok(())
}

fn details(
    text: &mut String,
    verdict: &PolicyVerdict,
    trace: Option<&Trace>,
    refused: &[String],
) -> std::fmt::Result {
    if let Some(rule) = &verdict.rule {
        writeln!(text, "    rule {rule}")?;
    }
    for (key, value) in &verdict.annotations {
        let refused = if refused.contains(key) { " (refused)" } else { "" };
        writeln!(text, "    annotates {key}={value}{refused}")?;
    }
    let Some(trace) = trace else { return Ok(()) };
    for fired in &trace.explained.fired {
        let file = Path::new(&trace.folder).join(&fired.file);
        writeln!(text, "    {QUIET}{}:{}{QUIET:#}  {}", file.display(), fired.line, fired.rule)?;
    }
    for line in &trace.explained.prints {
        writeln!(text, "    print: {line}")?;
    }
    if let Some(error) = &trace.explained.error {
        writeln!(text, "    {error}")?;
    }
    Ok(())
}

fn unknown(text: &mut String, document: &Document) -> std::fmt::Result {
    let missing: &[Missing] =
        if document.entry.missing.is_empty() { &document.unknown } else { &document.entry.missing };
    if missing.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{HEAD}What is not known{HEAD:#}")?;
    let mut sources: Vec<(&str, probate_contract::dump::Reason, Vec<&str>)> = Vec::new();
    for gap in missing {
        match sources.iter_mut().find(|(source, reason, _)| *source == gap.source && *reason == gap.reason) {
            Some((_, _, facts)) => facts.push(gap.fact.name()),
            None => sources.push((&gap.source, gap.reason, vec![gap.fact.name()])),
        }
    }
    for (source, reason, facts) in sources {
        writeln!(text, "  {}  {reason:?}: {source}", facts.join(", "))?;
        writeln!(text, "    fix: {}", probate_core::plan::remedy(source, reason))?;
    }
    Ok(())
}

fn flips(text: &mut String, document: &Document) -> std::fmt::Result {
    if document.tried == 0 {
        return Ok(());
    }
    writeln!(text, "\n{HEAD}What would turn it{HEAD:#}")?;
    if document.flips.is_empty() {
        writeln!(text, "  none of {} single changes tried", document.tried)?;
    }
    for (change, action) in &document.flips {
        writeln!(text, "  {action} if {change}")?;
    }
    Ok(())
}
