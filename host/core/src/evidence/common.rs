//! What many subjects have in common, as documents hold it: written down once for a cluster.

use crate::inventory::{ClusterData, Of};
use crate::kinds::builtin;
use crate::time::{self, Seconds};
use hashbrown::HashMap;
use probate_contract::evidence::{Namespace, StorageClass};
use std::sync::Arc;

/// Namespaces and classes of one cluster, by name.
#[derive(Debug)]
pub(crate) struct Common {
    pub(super) namespaces: HashMap<Box<str>, Arc<Namespace>>,
    pub(super) classes: HashMap<Box<str>, Arc<StorageClass>>,
}

impl Common {
    pub(crate) fn of(cluster: &ClusterData, now: Seconds) -> Self {
        let namespaces = cluster
            .namespaces
            .iter()
            .map(|(name, of)| (name.clone(), Arc::new(namespace(cluster, name, of, now))));
        let classes = cluster.classes.iter().map(|(name, class)| {
            let class = StorageClass {
                name: name.to_string(),
                provisioner: class.data.provisioner.to_string(),
                reclaim_policy: class.data.policy.to_string(),
                labels: class.data.labels.tree(),
            };
            (name.clone(), Arc::new(class))
        });
        Self { namespaces: namespaces.collect(), classes: classes.collect() }
    }
}

fn namespace(
    cluster: &ClusterData,
    name: &str,
    namespace: &Of<builtin::Namespace>,
    now: Seconds,
) -> Namespace {
    let head = cluster.object(namespace.object).map(|object| &object.head);
    let created = head.and_then(|head| head.created).unwrap_or(now);
    let terminating = head.is_some_and(|head| head.deleting.is_some());
    Namespace {
        name: name.to_owned(),
        phase: if terminating { "Terminating".into() } else { namespace.data.phase.to_string() },
        created_at: time::format(created),
        age_seconds: now.saturating_sub(created),
        labels: namespace.data.labels.tree(),
        annotations: namespace.data.annotations.tree(),
    }
}
