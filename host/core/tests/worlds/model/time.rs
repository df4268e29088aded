//! What is known of disuse: records, by uid.

use super::json::{at, text};
use super::{By, Case, Found, Lift};
use crate::world::NOW;
use serde_json::Value;

/// A day, the default of both minima.
const DAY: &str = "2026-11-21T06:00:00Z";
/// An hour, the longest gap.
const HOUR_AGO: &str = "2026-11-22T05:00:00Z";

pub(super) fn ask(case: &Case<'_>, found: &mut Found) {
    let subject = case.claim.or(case.volume);
    if subject.is_some_and(|object| text(object, "metadata.creationTimestamp") > DAY) {
        found.add("too young", super::storage::itself(case), None, true);
    }
    let records: Vec<(usize, &Value)> = records(case).collect();
    if records.is_empty() {
        found.add("no record", By::Untold, None, true);
    }
    for (at_, record) in records {
        let by = || By::Record(at_);
        match text(record, "unusedSince") {
            "" => found.add("record without a time", By::Untold, None, true),
            since if since > NOW => found.add("unused in the future", by(), None, true),
            since if since > DAY => found.add("unused too short", by(), None, true),
            _ => {}
        }
        let observation = at(record, "observation");
        let continuity = text(observation, "continuity");
        let last = text(observation, "lastAt");
        let gap = at(observation, "largestGapSeconds").as_i64().unwrap_or(0);
        if !matches!(continuity, "" | "Watched") || (!last.is_empty() && last < HOUR_AGO) || gap > 3600 {
            found.add("not watched", by(), None, true);
        }
        if text(record, "originalReclaimPolicy") == "Retain" {
            found.add("retained before", by(), Some(Lift::Retained), true);
        }
        for other in super::json::list(record, "counterparts") {
            if text(other, "reclaimPolicy") == "Retain" {
                found.add("retained on another layer", by(), Some(Lift::Retained), true);
            }
        }
        for owner in super::json::list(record, "owners") {
            if text(owner, "state") != "Gone" {
                found.add("owner of a record", by(), None, false);
            }
        }
    }
}

/// The records of the subject. In worlds they are all short, so that name and namespace lead to the uid.
pub(super) fn records<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Value)> {
    let (_, kind, namespace, name) = case.key();
    let wanted = match kind.as_str() {
        "PersistentVolume" => format!("pv/{name}"),
        _ => format!("pvc/{namespace}/{name}"),
    };
    let cluster = case.cluster;
    case.world
        .records
        .iter()
        .enumerate()
        .filter(move |(_, (at, record))| *at == cluster && text(record, "subject") == wanted)
        .map(|(place, (_, record))| (place, record))
}
