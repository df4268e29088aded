//! What commands work on: dumps, records and settings, made one inventory.

use crate::cli::InputArgs;
use crate::document;
use crate::exit::Stop;
use crate::load::{self, Completeness, DumpArg, LoadOptions, Progress};
use probate_contract::Diagnostic;
use probate_contract::plan::AsOfSource;
use probate_contract::record::VolumeRecord;
use probate_contract::settings::{Settings, SettingsSpec};
use probate_contract::shape;
use probate_core::history::History;
use probate_core::intake::{Builder, ClusterId, GroupKind};
use probate_core::inventory::Inventory;
use probate_core::time;
use serde_json::Value;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;

/// An inventory, and what came with it.
pub struct World {
    /// The inventory.
    pub inventory: Inventory,
    /// Where its time comes from.
    pub as_of_source: AsOfSource,
    /// Settings of the installation.
    pub settings: SettingsSpec,
    /// `--unused-since`, in seconds since 1970.
    pub unused_since: Option<i64>,
    /// Some input was unreadable or dropped.
    pub unreadable: bool,
    /// The records of a cluster that was asked itself.
    pub records: Vec<VolumeRecord>,
}

/// Loads everything.
///
/// # Errors
/// A dump that cannot be opened, bad settings or records, a flag that is no time.
pub fn load(
    dumps: &[DumpArg],
    input: &InputArgs,
    threads: Option<NonZeroUsize>,
    progress: Option<&Progress<'_>>,
) -> Result<World, Stop> {
    let settings = input.settings.as_deref().map_or_else(|| Ok(SettingsSpec::default()), settings)?;
    let unused_since = match &input.unused_since {
        Some(text) => Some(time::parse(text).ok_or_else(|| no_time("--unused-since", text))?),
        None => None,
    };
    let mut builder = Builder::default();
    builder.ignore_references(&settings.ignored_references);
    let options =
        LoadOptions { threads, complete: input.complete.clone(), progress, ..LoadOptions::default() };
    let loaded = load::dumps(dumps, &options, &mut builder);
    if !loaded.diagnostics.is_empty() {
        return Err(Stop::invalid(loaded.diagnostics));
    }
    for path in &input.records {
        records(path, &mut builder)?;
    }
    let (learned, last) = history(input, &settings, threads)?;
    builder.learned(learned);
    let (now, as_of_source) = load::as_of(input.as_of.as_deref(), loaded.taken_at.as_deref())
        .map_err(|message| Stop::usage("PB0002", message, "write --as-of 2026-11-22T06:00:00Z"))?;
    let now = time::parse(&now).ok_or_else(|| no_time("--as-of", &now))?;
    if last.is_some_and(|last| last >= now) {
        let message = "--history: its last dump is not earlier than the dump that is decided about";
        return Err(Stop::usage(
            "PB0009",
            message,
            "give earlier dumps with --history, the latest one as DUMP",
        ));
    }
    let mut inventory = builder.finish(now);
    let unread: Vec<_> = input.complete.iter().flat_map(|stated| unread(stated, &inventory)).collect();
    inventory.diagnostics.extend(unread);
    let in_dumps = unread_in_dumps(&loaded.stated, &inventory);
    inventory.diagnostics.extend(in_dumps);
    let unreadable = loaded.unreadable > 0;
    Ok(World { inventory, as_of_source, settings, unused_since, unreadable, records: Vec::new() })
}

/// Kinds of `--complete` that nothing reads.
fn unread(stated: &Completeness, inventory: &Inventory) -> Vec<Diagnostic> {
    let Completeness::Kinds { kinds, .. } = stated else { return Vec::new() };
    let said = |kind: &GroupKind| {
        let message = format!("--complete {}: nothing here reads a kind `{kind}`", stated.describe());
        Some(
            Diagnostic::warning("PB0013", message)
                .consequence("the statement changes nothing")
                .fix(Unread::of(kind, inventory)?.fix()),
        )
    };
    kinds.iter().filter_map(said).collect()
}

/// Kinds of the dumps' own statements that nothing reads.
fn unread_in_dumps(stated: &BTreeSet<(String, String)>, inventory: &Inventory) -> Vec<Diagnostic> {
    let said = |(file, kind): &(String, String)| {
        let fix = Unread::of(&load::parse_kind(kind), inventory)?.fix();
        let message = format!("a kind: Dump names `{kind}`, and nothing here reads such a kind");
        Some(
            Diagnostic::warning("PB1040", message)
                .file(file)
                .consequence("the statement changes nothing")
                .fix(fix),
        )
    };
    stated.iter().filter_map(said).collect()
}

/// A kind that nothing reads.
pub(crate) struct Unread {
    /// The kind that was probably meant.
    pub(crate) meant: Option<String>,
}

impl Unread {
    /// Nothing where something reads it.
    pub(crate) fn of(kind: &GroupKind, inventory: &Inventory) -> Option<Self> {
        if kind.kind == "*" || inventory.knows(kind) {
            return None;
        }
        let name = kind.to_string();
        let known: Vec<String> = probate_core::understood()
            .map(|known| GroupKind { group: known.group.into(), kind: known.kind.into() }.to_string())
            .collect();
        let of_a_group = known.iter().find(|known| known.split('.').next() == Some(name.as_str()));
        Some(Self { meant: of_a_group.cloned().or_else(|| shape::nearest(&name, known.iter())) })
    }

    fn fix(&self) -> String {
        let otherwise = "write kinds as objects write them: Pod, Deployment.apps, VirtualMachine.kubevirt.io";
        self.meant.as_ref().map_or_else(|| otherwise.to_owned(), |meant| format!("did you mean `{meant}`?"))
    }
}

/// What the dumps of `--history` tell, one after the other, and the time of the last.
fn history(
    input: &InputArgs,
    settings: &SettingsSpec,
    threads: Option<NonZeroUsize>,
) -> Result<(Vec<VolumeRecord>, Option<i64>), Stop> {
    let mut history = History::default();
    let mut last = None;
    for dump in &input.history {
        let mut builder = Builder::default();
        builder.ignore_references(&settings.ignored_references);
        let options = LoadOptions { threads, ..LoadOptions::default() };
        let loaded = load::dumps(std::slice::from_ref(dump), &options, &mut builder);
        if !loaded.diagnostics.is_empty() {
            return Err(Stop::invalid(loaded.diagnostics));
        }
        let wrong = |message: String| {
            let fix = "give whole dumps in time order, each with `takenAt` in its probate.yaml";
            Stop::usage("PB0009", format!("--history {dump}: {message}"), fix)
        };
        let taken =
            loaded.taken_at.as_deref().ok_or_else(|| wrong("it does not say when it was taken".into()))?;
        let taken = time::parse(taken).ok_or_else(|| wrong(format!("`{taken}` is no RFC 3339 time")))?;
        history.add(&builder.finish(taken)).map_err(wrong)?;
        last = Some(taken);
    }
    Ok((history.records(), last))
}

fn no_time(flag: &str, text: &str) -> Stop {
    Stop::usage("PB0002", format!("{flag}: `{text}` is no RFC 3339 time"), "write 2026-11-22T06:00:00Z")
}

/// Reads Settings.
///
/// # Errors
/// No readable Settings.
pub fn settings(path: &Path) -> Result<SettingsSpec, Stop> {
    let documents: Vec<Settings> =
        document::read(path, "PB2010").map_err(|diagnostic| Stop::invalid(vec![diagnostic]))?;
    match <[Settings; 1]>::try_from(documents) {
        Ok([settings]) if settings.kind == "Settings" => Ok(settings.spec),
        _ => Err(Stop::invalid(vec![
            Diagnostic::error("PB2010", "not one document of kind: Settings")
                .file(path.display().to_string())
                .fix("see `probate schema settings`"),
        ])),
    }
}

/// Adds records of a file: whole ones, or the short form of test files.
fn records(path: &Path, builder: &mut Builder) -> Result<(), Stop> {
    let documents: Vec<Value> =
        document::read(path, "PB1022").map_err(|diagnostic| Stop::invalid(vec![diagnostic]))?;
    let flat = documents.into_iter().flat_map(|document| match document {
        Value::Array(list) => list,
        Value::Object(mut list) if list.get("items").is_some_and(Value::is_array) => {
            match list.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            }
        }
        one => vec![one],
    });
    for (at, document) in flat.enumerate() {
        builder.record_document(ClusterId::default(), &document).map_err(|message| {
            Stop::invalid(vec![
                Diagnostic::error("PB1022", message)
                    .file(path.display().to_string())
                    .document(u64::try_from(at).unwrap_or(0) + 1)
                    .fix("see `probate schema record`, or write {subject: pvc/NS/NAME, unusedSince: TIME}"),
            ])
        })?;
    }
    Ok(())
}
