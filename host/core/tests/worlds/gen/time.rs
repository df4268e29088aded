//! Time and watching.

use super::edges::{Edge, gap, rail};
use super::plant::{Plot, Target};
use serde_json::{Value, json};

fn observed(plot: &mut Plot, target: &Target, observation: &Value) -> bool {
    plot.record(target, &json!({"observation": observation}))
}

/// What is known of disuse.
pub(super) const EDGES: &[Edge] = &[
    rail("record with a gap", |p, t| {
        observed(p, t, &json!({"continuity": "Watched", "largestGapSeconds": 90_000}))
    }),
    rail("record that ended", |p, t| {
        observed(p, t, &json!({"continuity": "Watched", "lastAt": "2026-11-01T00:00:00Z"}))
    }),
    rail("samples", |p, t| observed(p, t, &json!({"continuity": "Sampled"}))),
    rail("unused for an hour", |p, t| p.record(t, &json!({"unusedSince": "2026-11-22T05:00:00Z"}))),
    rail("unused in the future", |p, t| p.record(t, &json!({"unusedSince": "2027-01-01T00:00:00Z"}))),
    rail("an hour old", |p, t| {
        p.claim(t, &json!({"metadata": {"creationTimestamp": "2026-11-22T05:00:00Z"}}))
    }),
    rail("retained before", |p, t| p.record(t, &json!({"originalReclaimPolicy": "Retain"}))),
    gap("no record", |p, t| {
        let subject = format!("pvc/{}/{}", t.namespace, t.name);
        let before = p.world.records.len();
        p.world.records.retain(|(at, record)| *at != t.cluster || record["subject"] != subject.as_str());
        t.real && p.world.records.len() < before
    }),
];
