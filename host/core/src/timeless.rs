//! The evidence digest: what a decision is told by, without what passes by itself.

use crate::facts::{FactSet, Facts, Known};
use crate::{digest, protocol};
use probate_contract::Fact;
use probate_contract::evidence::Snapshot;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::io;
use std::sync::Arc;

/// Distances to `now`.
const AGES: [&str; 7] = [
    "ageSeconds",
    "deletingSeconds",
    "releasedSeconds",
    "unusedSeconds",
    "stateSeconds",
    "goneSeconds",
    "largestGapSeconds",
];

/// Digest over these facts, without `now` and ages, and over what of them is unknown. What probate itself writes is no new fact. A backup
/// more or less is no news either, where it is ready and outlives the volume: who asks for one asks at each step.
pub(crate) fn digest(facts: &Facts, reads: FactSet) -> String {
    let timeless: FactSet =
        reads.iter().filter(|fact| !matches!(fact, Fact::Now | Fact::Trigger | Fact::Parameters)).collect();
    let edited = edited(facts, timeless);
    let mut text = Vec::with_capacity(2048);
    let document = edited.as_ref().unwrap_or(facts);
    let written = document.write(timeless, &mut Serializer::with_formatter(&mut text, Ageless::default()));
    let unknown = serde_json::to_vec(&facts.missing(timeless)).unwrap_or_default();
    text.extend(unknown);
    // What cannot be written is like nothing else.
    text.extend(written.err().map(|error| error.to_string()).unwrap_or_default().bytes());
    digest::of_bytes(&text)
}

/// The same facts without what is not to count, where there is any of it.
fn edited(facts: &Facts, reads: FactSet) -> Option<Facts> {
    let over = |snapshot: &Snapshot| snapshot.ready && snapshot.independent;
    let subject = &facts.subject;
    let marked = subject.labels.keys().chain(subject.annotations.keys()).any(|key| protocol::own(key));
    let backups = facts.snapshots.get().is_some_and(|snapshots| snapshots.iter().any(over));
    let object = facts.object.get().filter(|_| reads.has(Fact::SubjectObject));
    if !marked && !backups && object.is_none() {
        return None;
    }
    let mut edited = facts.clone();
    edited.subject.labels.retain(|key, _| !protocol::own(key));
    edited.subject.annotations.retain(|key, _| !protocol::own(key));
    if let Known::Present(snapshots) = &mut edited.snapshots {
        snapshots.retain(|snapshot| !over(snapshot));
    }
    if let Some(object) = object {
        edited.object = Known::Present(unmarked(object));
    }
    Some(edited)
}

/// The raw object without our marks and the revision that changes with them, in canonical JSON.
fn unmarked(object: &str) -> Arc<str> {
    let mut object: Value = serde_json::from_str(object).unwrap_or_default();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in ["labels", "annotations"] {
            if let Some(map) = metadata.get_mut(key).and_then(Value::as_object_mut) {
                map.retain(|key, _| !protocol::own(key));
            }
        }
        metadata.remove("resourceVersion");
    }
    object.to_string().into()
}

/// Compact JSON in which ages have no value.
#[derive(Default)]
struct Ageless {
    in_key: bool,
    age: bool,
}

impl Formatter for Ageless {
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.in_key = true;
        CompactFormatter.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.in_key = false;
        CompactFormatter.end_object_key(writer)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if self.in_key {
            self.age = AGES.contains(&fragment);
        }
        CompactFormatter.write_string_fragment(writer, fragment)
    }

    fn write_i64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        if self.age { Ok(()) } else { CompactFormatter.write_i64(writer, value) }
    }
}
