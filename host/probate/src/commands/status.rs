//! `probate status`: what is marked, quarantined, due and held in a cluster, and what is not seen.

use crate::cli::{Format, StatusArgs};
use crate::cluster::{self, block_on};
use crate::commands::plan;
use crate::exit::{Exit, Outcome, Stop};
use crate::print;
use crate::print::table::{Cell, Table};
use crate::session;
use probate_cluster::ledger::LedgerStore;
use probate_cluster::records::Records;
use probate_contract::plan::{CauseTotal, IncompleteSource, PlanReport};
use probate_contract::record::{RecordStatus, VolumeRecord};
use probate_core::pipeline::Shown;
use probate_core::quantity::human;
use serde::Serialize;

/// One claim or volume in the protocol.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    subject: String,
    state: &'static str,
    bytes: i64,
    decision: String,
    since: String,
    until: String,
    held_by: Vec<String>,
}

/// `kind: StatusReport`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: &'static str,
    kind: &'static str,
    subjects: Vec<Row>,
    marked_bytes: i64,
    quarantined_bytes: i64,
    freed_count: u64,
    freed_bytes: i64,
    held: Vec<CauseTotal>,
    breakers: Vec<String>,
    blind: Vec<IncompleteSource>,
}

/// Runs the command.
///
/// # Errors
/// The cluster does not answer.
pub fn run(args: &StatusArgs) -> Outcome {
    let world = cluster::live(&args.cluster, None)?;
    let engine = session::engine(world.inventory.now(), None)?;
    let policies = cluster::policies(&args.cluster, &engine)?;
    let report = plan::decide(&world, &policies, Shown::default(), None);
    let (records, ledger) = block_on(async {
        let access = cluster::access(&args.cluster).await?;
        let records = Records::load(&access).await.map_err(|error| Stop::cluster(&error))?;
        let ledger = LedgerStore::load(&access).await.map_err(|error| Stop::cluster(&error))?;
        Ok((records, ledger))
    })?;
    let subjects: Vec<Row> = records.documents().iter().filter_map(|record| row(record, &report)).collect();
    let bytes = |state: &str| subjects.iter().filter(|row| row.state == state).map(|row| row.bytes).sum();
    let freed = block_on(async {
        let access = cluster::access(&args.cluster).await?;
        probate_cluster::controller::policies::freed(&access).await.map_err(|error| Stop::cluster(&error))
    })?;
    let document = Document {
        api_version: probate_contract::API_VERSION,
        kind: "StatusReport",
        marked_bytes: bytes("Marked"),
        quarantined_bytes: bytes("Quarantined"),
        freed_count: freed.0,
        freed_bytes: freed.1,
        held: report.summary.causes.clone(),
        breakers: ledger.get().open.iter().map(|open| open.detail.clone()).collect(),
        blind: report.incomplete.clone(),
        subjects,
    };
    match args.output {
        Format::Json | Format::Yaml => print::document(&document, args.output)?,
        Format::Name => {
            let names: String = document.subjects.iter().map(|row| format!("{}\n", row.subject)).collect();
            print::text(&names)?;
        }
        Format::Table | Format::Wide => print::text(&table(&document))?,
    }
    Ok(Exit::Done)
}

fn row(record: &VolumeRecord, report: &PlanReport) -> Option<Row> {
    let status = &record.status;
    let (state, decision, since, until) = stands(status)?;
    let claim = record.spec.claim.as_ref();
    let volume = record.spec.volume.as_ref();
    let subject = match (claim, volume) {
        (Some(claim), _) => format!("pvc/{}/{}", claim.namespace, claim.name),
        (None, Some(volume)) => format!("pv/{}", volume.name),
        (None, None) => return None,
    };
    let uids = [claim.and_then(|claim| claim.uid.as_deref()), volume.map(|volume| volume.uid.as_str())];
    let entry = report.entries.iter().find(|entry| {
        let uid = entry.subject.identity.uid.as_deref();
        uid.is_some() && uids.contains(&uid)
    });
    let held_by = status
        .conditions
        .iter()
        .filter(|condition| condition.r#type == "Blocked" && condition.status == "True")
        .map(|condition| condition.reason.clone())
        .collect();
    Some(Row { subject, state, bytes: entry.map_or(0, |entry| entry.bytes), decision, since, until, held_by })
}

/// State, decision, since when and until when.
fn stands(status: &RecordStatus) -> Option<(&'static str, String, String, String)> {
    if let Some(quarantine) = &status.quarantine {
        let until = String::new();
        return Some(("Quarantined", quarantine.decision.clone(), quarantine.released_at.clone(), until));
    }
    let mark = status.mark.as_ref()?;
    Some(("Marked", mark.decision.clone(), mark.at.clone(), mark.not_before.clone()))
}

fn table(document: &Document) -> String {
    let width = print::width();
    let mut rows = Table::new(&["STATE", "SUBJECT", "SIZE", "DECISION", "SINCE", "NOT BEFORE", "HELD BY"]);
    for row in &document.subjects {
        rows.row(vec![
            row.state.into(),
            row.subject.clone().into(),
            human(row.bytes).into(),
            row.decision.clone().into(),
            row.since.clone().into(),
            row.until.clone().into(),
            row.held_by.join(", ").into(),
        ]);
    }
    let mut text = if rows.is_empty() {
        "nothing is marked and nothing is in quarantine\n".to_owned()
    } else {
        rows.render(width)
    };
    let mut sums = Table::new(&["TOTAL", "SIZE", ""]);
    let mut add = |name: &str, bytes: i64, note: String| {
        sums.row(vec![name.into(), human(bytes).into(), Cell::from(note)]);
    };
    add("Marked", document.marked_bytes, String::new());
    add("Quarantined", document.quarantined_bytes, "still billed; `probate restore` gives it back".into());
    add("Freed", document.freed_bytes, print::counted(document.freed_count, "volume"));
    text.push('\n');
    text.push_str(&sums.render(width));
    let mut held = Table::new(&["HELD BY", "COUNT", "SIZE"]);
    for total in document.held.iter().filter(|total| print::plan::holds(total.cause)) {
        held.row(vec![
            total.cause.to_string().into(),
            total.count.to_string().into(),
            human(total.bytes).into(),
        ]);
    }
    if !held.is_empty() {
        text.push('\n');
        text.push_str(&held.render(width));
    }
    for breaker in &document.breakers {
        text.push_str(&format!("\nbreaker open: {breaker}; look, then: probate breaker reset\n"));
    }
    for blind in &document.blind {
        text.push_str(&format!("not seen: {} ({:?}): {}\n", blind.source, blind.reason, blind.remedy));
    }
    text
}
