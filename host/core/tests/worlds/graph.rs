//! The graph that is shown has the edges that decide: what holds a claim stands in it, and each layer that was read.

use crate::ask::{Given, entries};
use crate::r#gen::{Random, active};
use crate::laws::{crowd, seed};
use probate_contract::Cause;
use probate_core::explain::Named;
use probate_core::graph::{Graph, graphs};
use probate_core::inventory::Inventory;
use std::collections::BTreeMap;

/// How many worlds: what is shown is one function.
const WORLDS: u64 = 200;

fn graph(inventory: &Inventory, identity: &probate_contract::common::Identity) -> Graph {
    let named = Named {
        cluster: identity.cluster.clone(),
        namespace: identity.namespace.clone(),
        name: identity.name.clone(),
    };
    let mut found = graphs(inventory, &named);
    assert_eq!(found.len(), 1, "{named:?}");
    found.remove(0)
}

#[test]
fn what_decides_is_what_is_shown() {
    let (mut held, mut layers) = (0, 0);
    for world in 0..WORLDS {
        let inventory = crowd(Random::of(seed(), world), &active()).inventory();
        let entries = entries(&inventory, &Given::none());
        let known: BTreeMap<&str, _> = entries
            .iter()
            .filter_map(|entry| Some((entry.subject.identity.uid.as_deref()?, &entry.subject.identity)))
            .collect();
        for entry in &entries {
            let shown = graph(&inventory, &entry.subject.identity);
            assert_eq!(shown.subject, entry.subject.identity);
            assert!(!shown.phase.is_empty() || !entry.missing.is_empty(), "{:?}", shown.subject);
            if entry.guards.iter().any(|guard| guard.cause == Cause::Referenced) {
                assert!(!shown.references.is_empty(), "{:?}: {:?}", shown.subject, entry.guards);
                held += 1;
            }
            let read: Vec<_> = shown
                .counterparts
                .iter()
                .filter_map(|counterpart| known.get(counterpart.uid.as_deref()?).copied())
                .collect();
            let followed: Vec<_> = shown.layers.iter().map(|layer| &layer.subject).collect();
            assert_eq!(followed, read, "each layer that was read, and no other");
            assert!(shown.layers.iter().all(|layer| layer.layers.is_empty()), "one step far");
            layers += followed.len();
        }
    }
    assert!(held > 50 && layers > 50, "{held} held by references, {layers} layers");
}
