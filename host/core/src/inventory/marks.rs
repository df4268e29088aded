//! What means a claim without naming it: by its labels, its namespace, its owners, the uid in its name.

use super::index::{Reference, Sorted, at, reference, sorted};
use super::{ClusterData, ObjectId};
use crate::kinds::custom::hash;
use crate::kinds::{self, Edge, Target, cdi};
use probate_contract::evidence::ReferenceState;
use std::collections::BTreeSet;

/// Joins for it, built with the others.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// Objects of kinds that nobody here knows, by namespace and name.
    strangers: Sorted,
    /// Keys of the labels by which claims are named.
    labels: Vec<Box<str>>,
    /// Something names all claims of a namespace.
    namespaces: bool,
}

/// Every namespace.
pub(super) const ANYWHERE: &str = "*";

pub(super) fn label_key(namespace: &str, pair: &str) -> u64 {
    hash(&format!("l/{namespace}/{pair}"))
}

pub(super) fn namespace_key(namespace: &str) -> u64 {
    hash(&format!("n/{namespace}"))
}

fn stranger_key(namespace: &str, name: &str) -> u64 {
    hash(&format!("{namespace}/{name}"))
}

impl Marks {
    pub(super) fn of(cluster: &ClusterData) -> Self {
        let unknown: Vec<bool> = cluster.kinds.iter().map(|kind| cluster.stranger(kind)).collect();
        let strangers = cluster.objects.iter().enumerate().filter(|(_, object)| {
            !object.void && unknown.get(usize::from(object.kind)).copied().unwrap_or(false)
        });
        let keys: BTreeSet<&str> = cluster
            .edges
            .iter()
            .filter_map(|(_, edge)| match &edge.target {
                Target::Labelled { pair, .. } => Some(pair.split_once('=')?.0),
                _ => None,
            })
            .collect();
        Self {
            strangers: sorted(
                strangers.map(|(at, object)| (at, stranger_key(&object.head.namespace, &object.head.name))),
            ),
            labels: keys.into_iter().map(Box::from).collect(),
            namespaces: cluster.edges.iter().any(|(_, edge)| matches!(edge.target, Target::Namespace { .. })),
        }
    }
}

impl ClusterData {
    /// True for kinds of which nothing is known, so that any of their objects may want a claim.
    fn stranger(&self, kind: &crate::intake::GroupKind) -> bool {
        kinds::unknown(kind) && !self.ignores(kind)
    }

    /// Everything that means the claim by its labels, namespace, owners or the uid in its name.
    pub(super) fn by_marks<'a>(&'a self, namespace: &'a str, name: &str, found: &mut Vec<Reference<'a>>) {
        if self.index.marks.namespaces {
            for within in [namespace, ANYWHERE] {
                let all = at(&self.index.edges, namespace_key(within)).filter_map(|id| self.edge(id));
                let hit = |(_, edge): &&(ObjectId, Edge)| matches!(&edge.target, Target::Namespace { name } if &**name == within);
                found.extend(all.filter(hit).map(|(object, edge)| reference(*object, edge, None)));
            }
        }
        let filled = cdi::filled_by(name).and_then(|uid| self.by_uid(uid));
        found.extend(filled.map(|object| Reference {
            operation: true,
            ..seen(object, ReferenceState::Active, "metadata.uid")
        }));
        let Some(claim) = self.claim(namespace, name).and_then(|at| self.claims.get(at)) else { return };
        let labels = &claim.data.subject.labels;
        for (key, value) in self.index.marks.labels.iter().filter_map(|key| labels.get_key_value(&**key)) {
            self.labelled(namespace, &format!("{key}={value}"), found);
        }
        if self.index.marks.strangers.is_empty() {
            return;
        }
        // Operators keep the claims of what is hibernated or scaled down, and label them with its name; a claim that such an
        // object owns goes with it.
        let values: BTreeSet<&str> = labels.values().map(String::as_str).collect();
        for value in values {
            let named = at(&self.index.marks.strangers, stranger_key(namespace, value)).filter(|id| {
                self.object(*id)
                    .is_some_and(|object| &*object.head.namespace == namespace && &*object.head.name == value)
            });
            found.extend(named.map(|id| seen(id, ReferenceState::Possible, "metadata.name")));
        }
        let owners = self.object(claim.object).map(|object| &object.head.owners[..]).unwrap_or_default();
        for id in owners.iter().filter_map(|owner| self.by_uid(&owner.uid)) {
            if self.kind_of(id).is_some_and(|kind| self.stranger(kind)) {
                found.push(seen(id, ReferenceState::Possible, "metadata.uid"));
            }
        }
    }

    /// Everything that names claims with that label.
    fn labelled<'a>(&'a self, namespace: &str, pair: &str, found: &mut Vec<Reference<'a>>) {
        for within in [namespace, ANYWHERE] {
            for (object, edge) in
                at(&self.index.edges, label_key(within, pair)).filter_map(|id| self.edge(id))
            {
                let Target::Labelled { pair: named, anywhere } = &edge.target else { continue };
                let own = || self.object(*object).is_some_and(|object| &*object.head.namespace == namespace);
                if &**named == pair && (*anywhere || own()) {
                    found.push(reference(*object, edge, None));
                }
            }
        }
    }
}

fn seen(object: ObjectId, state: ReferenceState, path: &'static str) -> Reference<'static> {
    Reference { object, state, since: None, path: Some(path), operation: false, ordinal: None }
}
