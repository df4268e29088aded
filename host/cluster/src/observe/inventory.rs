//! The frozen inventory of linked clusters as the pipeline wants it, with what is known to be whole.

use super::store::{ListState, Store};
use probate_contract::record::VolumeRecord;
use probate_core::intake::{Builder, ClusterId};
use probate_core::inventory::Inventory;
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

/// Freezes what is known at `now` (seconds since 1970).
pub fn freeze(
    clusters: &[Linked],
    records: impl IntoIterator<Item = VolumeRecord>,
    ignored: &[String],
    now: i64,
) -> Inventory {
    let mut builder = Builder::default();
    builder.ignore_references(ignored);
    for linked in clusters {
        let cluster = builder.cluster(&linked.name);
        add(&mut builder, cluster, &linked.store);
        // A time that cannot be told leaves the cluster without one, which only makes it know less.
        let _ = builder.taken_at(cluster, &time::format(now));
    }
    for record in records {
        builder.record(record);
    }
    builder.finish(now)
}

fn add(builder: &mut Builder, cluster: ClusterId, store: &Store) {
    let (discovered, uid) = store.read(|kind, state, objects| {
        let name = kind.to_string();
        match state {
            ListState::Whole { .. } => builder.complete(cluster, &name, "*"),
            ListState::Broken(reason) => builder.incomplete(cluster, &name, "*", reason),
        }
        for object in objects {
            match object {
                Ok(item) => builder.item(cluster, item),
                Err(diagnostic) => builder.unreadable(cluster, kind, diagnostic),
            }
        }
    });
    match discovered {
        Some(discovered) if discovered.whole() => builder.discovered(cluster, &discovered.kinds),
        // What does not answer may have kinds of any name.
        Some(_) | None => builder.incomplete(
            cluster,
            "CustomResourceDefinition.apiextensions.k8s.io",
            "*",
            probate_contract::dump::Reason::Unreachable,
        ),
    }
    if let Some(uid) = uid {
        builder.uid(cluster, &uid);
    }
}
