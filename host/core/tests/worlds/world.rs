//! A world: the raw objects of all clusters, what is stated of their completeness, and records. Both the core and the model start
//! from here, and share nothing else.

use probate_contract::dump::Reason;
use probate_core::intake::{Batch, Builder, GroupKind};
use probate_core::inventory::Inventory;
use serde_json::Value;
use std::sync::Arc;

/// The inventory's time.
pub(crate) const NOW: &str = "2026-11-22T06:00:00Z";
/// The same, in seconds since 1970.
pub(crate) const NOW_SECONDS: i64 = 1_795_327_200;

/// A statement about completeness. Kinds are written `KIND.GROUP`, `*` is all.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Says {
    /// That list is whole.
    Complete(String, String),
    /// It is not, and why.
    Incomplete(String, String, Reason),
    /// The cluster does not have the kind.
    Absent(String),
    /// These are all kinds that it has.
    Discovered(Vec<String>),
}

/// One cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) objects: Vec<Value>,
    pub(crate) says: Vec<Says>,
}

/// Everything that is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) clusters: Vec<Cluster>,
    /// Records in the short form, with the cluster that they are of.
    pub(crate) records: Vec<(usize, Value)>,
}

impl World {
    /// The core's inventory of it.
    pub(crate) fn inventory(&self) -> Inventory {
        let mut builder = Builder::default();
        let mut bytes = Vec::with_capacity(4096);
        let ids: Vec<_> = self.clusters.iter().map(|cluster| builder.cluster(&cluster.name)).collect();
        for (cluster, id) in self.clusters.iter().zip(&ids) {
            let mut batch = Batch::new(Arc::from(cluster.name.as_str()));
            for (document, object) in (1..).zip(&cluster.objects) {
                bytes.clear();
                serde_json::to_writer(&mut bytes, object).unwrap();
                batch.object(&bytes, document, 1);
            }
            builder.add(*id, batch);
            for says in &cluster.says {
                match says {
                    Says::Complete(kind, namespace) => builder.complete(*id, kind, namespace),
                    Says::Incomplete(kind, namespace, why) => builder.incomplete(*id, kind, namespace, *why),
                    Says::Absent(kind) => builder.absent(*id, kind),
                    Says::Discovered(kinds) => {
                        let kinds: Vec<GroupKind> = kinds.iter().map(|kind| GroupKind::parse(kind)).collect();
                        builder.discovered(*id, &kinds);
                    }
                }
            }
        }
        for (at, record) in &self.records {
            builder.record_document(ids[*at], record).unwrap();
        }
        builder.finish(NOW_SECONDS)
    }

    /// As YAML-like lines, one object each, to be read by a person.
    pub(crate) fn show(&self) -> String {
        let mut lines = Vec::new();
        for cluster in &self.clusters {
            lines.push(format!("cluster {}", cluster.name));
            let whole = |says: &&Says| matches!(says, Says::Complete(kind, _) if kind != "*");
            let kinds = cluster.says.iter().filter(whole).count();
            lines.push(format!("  {kinds} statements of single kinds, and"));
            lines.extend(cluster.says.iter().filter(|says| !whole(says)).map(|says| match says {
                Says::Discovered(kinds) => format!("  {} kinds discovered", kinds.len()),
                says => format!("  {says:?}"),
            }));
            lines.extend(cluster.objects.iter().map(|object| format!("  {object}")));
        }
        lines.extend(self.records.iter().map(|(at, record)| format!("record of cluster {at}: {record}")));
        lines.join("\n")
    }
}

/// Lays one document over another.
pub(crate) fn merge(onto: &mut Value, from: &Value) {
    match (onto, from) {
        (Value::Object(onto), Value::Object(from)) => {
            for (key, value) in from {
                merge(onto.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (onto, from) => *onto = from.clone(),
    }
}
