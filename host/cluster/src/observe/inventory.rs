//! The frozen inventory of linked clusters as the pipeline wants it, with what is known to be whole.

use super::store::{Inner, ListState, Store};
use probate_contract::record::VolumeRecord;
use probate_core::intake::Builder;
use probate_core::inventory::Inventory;
use probate_core::stock::{Changes, Scope};
use probate_core::time;
use std::sync::Arc;

/// A cluster by the name that policies and records know it by.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Name.
    pub name: String,
    /// What was seen of it.
    pub store: Arc<Store>,
}

/// Whether a look is the one that changes are for, or looks once more at what that one did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It takes what changed, and hears what was said last by what is gone.
    First,
    /// Both are left for the next.
    Again,
}

/// Freezes what is known at `now` (seconds since 1970).
pub fn freeze(
    clusters: &[Linked],
    records: impl IntoIterator<Item = VolumeRecord>,
    ignored: &[String],
    reading: Reading,
    now: i64,
) -> Inventory {
    let mut builder = begin(ignored);
    for linked in clusters {
        linked.store.look(|seen| {
            if reading == Reading::First {
                drop(seen.take_changes());
            }
            add(&mut builder, linked, seen, None, reading, now);
        });
    }
    records.into_iter().for_each(|record| builder.record(record));
    builder.finish(now)
}

/// Freezes what changed since the last time, and what needs to be known for that: of the claims and volumes in the scope it says what
/// the whole would. Nothing where it may be anything, or there are other clusters: then the whole is to be frozen.
pub fn freeze_changed<'a>(
    clusters: &[Linked],
    records: impl Iterator<Item = &'a VolumeRecord> + Clone,
    believed: impl Fn(VolumeRecord) -> VolumeRecord,
    more: Changes,
    ignored: &[String],
    reading: Reading,
    now: i64,
) -> Option<(Inventory, Scope)> {
    let [home] = clusters else { return None };
    let mut builder = begin(ignored);
    let scope = home.store.look(|seen| {
        let mut changes = match reading {
            Reading::First => seen.take_changes(),
            Reading::Again => Changes::default(),
        };
        changes.extend(more);
        let scope = seen.scope(&changes, records.clone())?;
        add(&mut builder, home, seen, Some(&scope), reading, now);
        Some(scope)
    })?;
    let own = records.filter(|record| scope.has(record));
    own.for_each(|record| builder.record(believed(record.clone())));
    Some((builder.finish(now), scope))
}

fn begin(ignored: &[String]) -> Builder {
    let mut builder = Builder::default();
    builder.ignore_references(ignored);
    builder
}

fn add(
    builder: &mut Builder,
    linked: &Linked,
    seen: &mut Inner,
    scope: Option<&Scope>,
    reading: Reading,
    now: i64,
) {
    let cluster = builder.cluster(&linked.name);
    seen.seen().for_each(|kind| builder.seen(cluster, kind));
    for (kind, state, unreadable) in seen.kinds() {
        let name = kind.to_string();
        match state {
            ListState::Whole { .. } => builder.complete(cluster, &name, "*"),
            ListState::Broken(reason) => builder.incomplete(cluster, &name, "*", reason),
        }
        unreadable.for_each(|diagnostic| builder.unreadable(cluster, kind, diagnostic));
    }
    seen.items(scope, reading == Reading::First, |item| match item {
        Ok(item) => builder.item(cluster, item.into_item()),
        Err((kind, diagnostic)) => builder.unreadable(cluster, kind, diagnostic),
    });
    match &seen.discovered {
        Some(discovered) if discovered.whole() => builder.discovered(cluster, &discovered.kinds),
        // What does not answer may have kinds of any name.
        Some(_) | None => builder.incomplete(
            cluster,
            "CustomResourceDefinition.apiextensions.k8s.io",
            "*",
            probate_contract::dump::Reason::Unreachable,
        ),
    }
    if let Some(uid) = &seen.uid {
        builder.uid(cluster, uid);
    }
    // A time that cannot be told leaves the cluster without one, which only makes it know less.
    let _ = builder.taken_at(cluster, &time::format(now));
}
