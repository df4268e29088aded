//! The evidence document as a policy reads it: parsed part by part, on first use, and only as far as the policy declared.

use crate::{Error, Fact, Result};
use probate_contract::common::Cluster;
use probate_contract::evidence as parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::ops::Range;

/// Since when a volume has been released.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Released {
    /// When.
    #[serde(rename = "releasedSince")]
    pub since: String,
    /// Since then.
    #[serde(rename = "releasedSeconds")]
    pub seconds: u64,
}

/// Since when nothing has wanted a volume.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unused {
    /// When.
    #[serde(rename = "unusedSince")]
    pub since: String,
    /// Since then.
    #[serde(rename = "unusedSeconds")]
    pub seconds: u64,
    /// How well that was watched.
    pub continuity: parts::Continuity,
    /// The longest time nobody looked.
    #[serde(default)]
    pub largest_gap_seconds: Option<u64>,
}

/// Parts that carry labels, and perhaps annotations.
pub trait Labelled {
    /// The value of a label.
    fn label(&self, key: &str) -> Option<&str>;

    /// The value of an annotation; none where the part has no annotations.
    fn annotation(&self, key: &str) -> Option<&str>;
}

impl Labelled for parts::Subject {
    fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }
}

impl Labelled for parts::Namespace {
    fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }
}

impl Labelled for parts::StorageClass {
    fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    fn annotation(&self, _: &str) -> Option<&str> {
        None
    }
}

/// A part of the document: where it stands, and its value once somebody asked.
pub(crate) struct Part<T> {
    at: Option<Range<usize>>,
    value: OnceCell<T>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { at: None, value: OnceCell::new() }
    }
}

impl<T: DeserializeOwned> Part<T> {
    /// The value, or nothing where the document does not hold the part.
    pub(crate) fn get(&self, text: &str) -> Result<Option<&T>> {
        if let Some(value) = self.value.get() {
            return Ok(Some(value));
        }
        let Some(raw) = self.at.clone().and_then(|at| text.get(at)) else { return Ok(None) };
        let value = serde_json::from_str(raw)
            .map_err(|error| Error::new(format!("the evidence is not of its schema: {error}")))?;
        Ok(Some(self.value.get_or_init(|| value)))
    }
}

/// A part without the fields that are facts of their own, so that nobody reads those unawares.
pub(crate) struct Own<T>(pub(crate) T);

impl<'de> Deserialize<'de> for Own<parts::Subject> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let subject = parts::Subject::deserialize(deserializer)?;
        Ok(Self(parts::Subject { object: None, ..subject }))
    }
}

impl<'de> Deserialize<'de> for Own<parts::Volume> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let volume = parts::Volume::deserialize(deserializer)?;
        Ok(Self(parts::Volume { released_since: None, released_seconds: None, ..volume }))
    }
}

/// The raw object inside `subject`.
#[derive(Deserialize)]
pub(crate) struct WithObject {
    pub(crate) object: Option<parts::Open>,
}

/// The fields of `usage`, each of which belongs to a fact of its own.
pub(crate) struct UsageParts {
    pub(crate) referenced: Option<bool>,
    pub(crate) state: Option<parts::UsageState>,
    pub(crate) unused: Option<Unused>,
}

impl<'de> Deserialize<'de> for UsageParts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let usage = parts::Usage::deserialize(deserializer)?;
        let unused = match (usage.unused_since, usage.unused_seconds, usage.continuity) {
            (Some(since), Some(seconds), Some(continuity)) => Some(Unused {
                since,
                seconds: seconds.try_into().map_err(serde::de::Error::custom)?,
                continuity,
                largest_gap_seconds: usage
                    .largest_gap_seconds
                    .map(u64::try_from)
                    .transpose()
                    .map_err(serde::de::Error::custom)?,
            }),
            _ => None,
        };
        Ok(Self { referenced: usage.referenced, state: usage.state, unused })
    }
}

/// `volume.releasedSince` inside `volume`.
pub(crate) struct ReleasedPart(pub(crate) Option<Released>);

impl<'de> Deserialize<'de> for ReleasedPart {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields {
            released_since: Option<String>,
            released_seconds: Option<u64>,
        }
        let fields = Fields::deserialize(deserializer)?;
        Ok(Self(match (fields.released_since, fields.released_seconds) {
            (Some(since), Some(seconds)) => Some(Released { since, seconds }),
            _ => None,
        }))
    }
}

/// Everything known of one subject; one method a fact.
#[derive(Default)]
pub struct Evidence {
    pub(crate) text: String,
    declared: u32,
    read: Cell<u32>,
    pub(crate) now: Part<String>,
    pub(crate) parameters: Part<parts::Open>,
    pub(crate) cluster: Part<Cluster>,
    pub(crate) trigger: Part<parts::Trigger>,
    pub(crate) subject: Part<Own<parts::Subject>>,
    pub(crate) object: Part<WithObject>,
    pub(crate) claim: Part<parts::Claim>,
    pub(crate) volume: Part<Own<parts::Volume>>,
    pub(crate) released: Part<ReleasedPart>,
    pub(crate) storage_class: Part<parts::StorageClass>,
    pub(crate) namespace: Part<parts::Namespace>,
    pub(crate) usage: Part<UsageParts>,
    pub(crate) references: Part<Vec<parts::Reference>>,
    pub(crate) owners: Part<Vec<parts::Owner>>,
    pub(crate) guest_cluster: Part<parts::GuestCluster>,
    pub(crate) counterparts: Part<Vec<parts::Counterpart>>,
    pub(crate) snapshots: Part<Vec<parts::Snapshot>>,
    pub(crate) retention: Part<parts::Retention>,
}

const fn bit(fact: Fact) -> u32 {
    1 << fact as u32
}

impl Evidence {
    /// Evidence from its JSON document, with every fact readable.
    ///
    /// # Errors
    /// What is not a JSON object.
    pub fn from_json(text: impl Into<String>) -> Result<Self> {
        Self::read_from(text.into(), Fact::ALL.iter())
    }

    /// The same evidence for a policy that reads these facts and no others.
    ///
    /// # Errors
    /// Never for evidence that could be built at all.
    pub fn reading(&self, facts: &[Fact]) -> Result<Self> {
        Self::read_from(self.text.clone(), facts.iter())
    }

    /// The document.
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// The facts that were read so far, in the order of the evidence table.
    pub fn facts_read(&self) -> impl Iterator<Item = Fact> + '_ {
        Fact::ALL.into_iter().filter(|fact| self.read.get() & bit(*fact) != 0)
    }

    pub(crate) fn read_from<'a>(text: String, facts: impl Iterator<Item = &'a Fact>) -> Result<Self> {
        let raw: BTreeMap<&str, &RawValue> = serde_json::from_str(&text)
            .map_err(|error| Error::new(format!("the evidence is no JSON object: {error}")))?;
        let base = text.as_ptr() as usize;
        let place = |value: &RawValue| {
            let start = value.get().as_ptr() as usize - base;
            start..start + value.get().len()
        };
        let at = raw.into_iter().map(|(key, value)| (key, place(value))).collect();
        let mut evidence =
            Self { declared: facts.fold(0, |bits, fact| bits | bit(*fact)), ..Self::default() };
        evidence.place(&at);
        evidence.text = text;
        Ok(evidence)
    }

    fn place(&mut self, at: &BTreeMap<&str, Range<usize>>) {
        let of = |key: &str| at.get(key).cloned();
        self.now.at = of("now");
        self.parameters.at = of("parameters");
        self.cluster.at = of("cluster");
        self.trigger.at = of("trigger");
        self.subject.at = of("subject");
        self.object.at = of("subject");
        self.claim.at = of("claim");
        self.volume.at = of("volume");
        self.released.at = of("volume");
        self.storage_class.at = of("storageClass");
        self.namespace.at = of("namespace");
        self.usage.at = of("usage");
        self.references.at = of("references");
        self.owners.at = of("owners");
        self.guest_cluster.at = of("guestCluster");
        self.counterparts.at = of("counterparts");
        self.snapshots.at = of("snapshots");
        self.retention.at = of("retention");
    }

    /// Notes that a fact is read.
    pub(crate) fn reads(&self, fact: Fact) -> Result<()> {
        if self.declared & bit(fact) == 0 {
            return Err(Error::new(format!(
                "`{fact}` is read but not declared: add Fact::{fact:?} to READS"
            )));
        }
        self.read.set(self.read.get() | bit(fact));
        Ok(())
    }
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Clone for Evidence {
    fn clone(&self) -> Self {
        let facts = Fact::ALL.iter().filter(|fact| self.declared & bit(**fact) != 0);
        Self::read_from(self.text.clone(), facts).unwrap_or_default()
    }
}
