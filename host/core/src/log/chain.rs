//! Chains: every line holds the hash of the one before. A journal writes one chain, and of decisions only those that changed.

use crate::digest;
use probate_contract::common::Identity;
use probate_contract::log::{DecisionRecord, EffectRecord, LogEngine};
use probate_contract::plan::Entry;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the first line of a chain names where no older chain is known.
pub const NONE_BEFORE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Where a chain stands: what an anchor keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The chain.
    pub chain: String,
    /// Its last line; 0 before the first.
    pub sequence: u64,
    /// Hash of that line.
    pub hash: String,
}

/// One chain: one start of a process.
#[derive(Clone, Debug)]
pub struct Chain {
    engine: LogEngine,
    head: Head,
}

impl Chain {
    /// A chain of that name, `c-…`; it goes on after the head of an older one where that is known.
    pub fn start(name: impl Into<String>, engine: LogEngine, after: Option<&Head>) -> Self {
        let hash = after.map_or(NONE_BEFORE, |head| head.hash.as_str()).to_owned();
        Self { engine, head: Head { chain: name.into(), sequence: 0, hash } }
    }

    /// Where it stands.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The next line, without a line break: canonical JSON.
    fn seal(&mut self, body: &impl Serialize) -> String {
        let sequence = self.head.sequence.saturating_add(1);
        let mut body = settled(serde_json::to_value(body).unwrap_or_default());
        body.insert("chain".into(), json!(self.head.chain));
        body.insert("sequence".into(), json!(sequence));
        body.insert("engine".into(), json!(self.engine));
        body.insert("previous".into(), json!(self.head.hash));
        let hash = hash_of(&mut body);
        self.head = Head { chain: self.head.chain.clone(), sequence, hash };
        digest::canonical(&body)
    }
}

/// The object as it comes back from its own text: a float may be read with another last digit than it was written from.
fn settled(value: Value) -> serde_json::Map<String, Value> {
    let again = |value: Value| serde_json::from_str::<Value>(&digest::canonical(&value)).unwrap_or(value);
    let mut value = value;
    for _ in 0..4 {
        let next = again(value.clone());
        if next == value {
            break;
        }
        value = next;
    }
    match value {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}

/// Puts the hash over everything else into the line.
pub(super) fn hash_of(line: &mut serde_json::Map<String, Value>) -> String {
    line.remove("hash");
    let hash = digest::of_json(line);
    line.insert("hash".into(), json!(hash));
    hash
}

/// Writes one chain and knows what it last said of each claim and volume.
#[derive(Clone, Debug)]
pub struct Journal {
    chain: Chain,
    last: BTreeMap<Key, String>,
}

type Key = (String, String, String);

fn key(identity: &Identity) -> Key {
    let cluster = identity.cluster.clone().unwrap_or_default();
    (cluster, identity.kind.clone(), identity.uid.clone().unwrap_or_default())
}

/// What makes a decision another one.
fn mark(
    id: &str,
    causes: &impl Serialize,
    next: &impl Serialize,
    held: &[probate_contract::Cause],
) -> String {
    digest::of_json(&json!([id, causes, next, held]))
}

fn mark_of(record: &DecisionRecord) -> String {
    let held: Vec<_> = record.held.iter().map(|held| held.cause).collect();
    let decision = &record.decision;
    mark(&decision.id, &decision.causes, &decision.next_step, &held)
}

impl Journal {
    /// A journal of that chain.
    pub fn new(chain: Chain) -> Self {
        Self { chain, last: BTreeMap::new() }
    }

    /// Where its chain stands.
    pub fn head(&self) -> &Head {
        self.chain.head()
    }

    /// True where the decision about the entry is not the last one written. What held it back outside the pipeline counts too.
    pub fn changed(&self, entry: &Entry, held: &[probate_contract::Cause]) -> bool {
        let decision = &entry.decision;
        let now = mark(&decision.id, &decision.causes, &decision.next_step, held);
        self.last.get(&key(&entry.subject.identity)) != Some(&now)
    }

    /// Takes what an older chain said last as said, so that a restart does not say it again.
    pub fn recall(&mut self, record: &DecisionRecord) {
        self.last.insert(key(&record.subject.identity), mark_of(record));
    }

    /// Forgets those that are gone: a uid that comes back would be another object.
    pub fn keep(&mut self, mut there: impl FnMut(&str, &str, &str) -> bool) {
        self.last.retain(|(cluster, kind, uid), _| there(cluster, kind, uid));
    }

    /// Lines for those of the records whose decision changed.
    pub fn decisions(&mut self, records: &[DecisionRecord]) -> Vec<String> {
        let mut lines = Vec::new();
        for record in records {
            let (key, mark) = (key(&record.subject.identity), mark_of(record));
            if self.last.get(&key) != Some(&mark) {
                lines.push(self.chain.seal(record));
                self.last.insert(key, mark);
            }
        }
        lines
    }

    /// The line of a write.
    pub fn effect(&mut self, record: &EffectRecord) -> String {
        self.chain.seal(record)
    }
}
