//! Facts: each is present, proven absent, or unknown with what would tell.

use probate_contract::Fact;
use probate_contract::common::Cluster;
use probate_contract::dump::Reason;
use probate_contract::evidence::{
    Claim, Counterpart, EffectivePolicy, Evidence, GuestCluster, Namespace, Open, Owner, Reference, Released,
    Retention, RetentionFrom, RetentionSource, Snapshot, StorageClass, Subject, Trigger, Unused, Usage,
    UsageState, Volume,
};
use probate_contract::plan::Missing;
use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, Serializer};
use serde_json::value::RawValue;
use std::sync::Arc;

/// What is missing, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gap {
    /// Why it is unknown.
    pub reason: Reason,
    /// `KIND.GROUP@CLUSTER/NAMESPACE`, or what else would tell.
    pub source: String,
}

/// A three-valued fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// It is so.
    Present(T),
    /// Proven not to be.
    Absent,
    /// Nobody can say; never empty.
    Unknown(Vec<Gap>),
}

impl<T> Known<T> {
    /// The value, where there is one.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// What would tell, where it is unknown.
    pub fn gaps(&self) -> Option<&[Gap]> {
        match self {
            Self::Unknown(gaps) => Some(gaps),
            Self::Present(_) | Self::Absent => None,
        }
    }

    /// The same of another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Present(value) => Known::Present(change(value)),
            Self::Absent => Known::Absent,
            Self::Unknown(gaps) => Known::Unknown(gaps),
        }
    }

    /// Present or absent, unless there are gaps.
    pub fn unless(gaps: Vec<Gap>, value: Option<T>) -> Self {
        match value {
            _ if !gaps.is_empty() => Self::Unknown(gaps),
            Some(value) => Self::Present(value),
            None => Self::Absent,
        }
    }
}

/// A set of facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FactSet(u32);

impl FactSet {
    /// Every fact.
    pub fn all() -> Self {
        Fact::ALL.into_iter().collect()
    }

    fn bit(fact: Fact) -> u32 {
        1 << (fact as u32)
    }

    /// True where it holds the fact.
    pub fn has(self, fact: Fact) -> bool {
        self.0 & Self::bit(fact) != 0
    }

    /// With those of another set.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Its facts in order.
    pub fn iter(self) -> impl Iterator<Item = Fact> {
        Fact::ALL.into_iter().filter(move |fact| self.has(*fact))
    }
}

impl FromIterator<Fact> for FactSet {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        Self(facts.into_iter().fold(0, |bits, fact| bits | Self::bit(fact)))
    }
}

/// Everything known of one subject, parameters apart.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The inventory's time.
    pub now: String,
    /// Name of the cluster.
    pub cluster_name: String,
    /// Its uid.
    pub cluster_uid: Known<String>,
    /// Why the subject is looked at.
    pub trigger: Trigger,
    /// The subject.
    pub subject: Subject,
    /// Its raw object, as JSON.
    pub object: Known<Arc<str>>,
    /// The claim.
    pub claim: Known<Claim>,
    /// The volume.
    pub volume: Known<Volume>,
    /// Since when it is released.
    pub released: Known<Released>,
    /// The class.
    pub storage_class: Known<Arc<StorageClass>>,
    /// The namespace.
    pub namespace: Known<Arc<Namespace>>,
    /// Whether something can still want it.
    pub referenced: Known<bool>,
    /// The strongest reference.
    pub state: Known<UsageState>,
    /// Since when nothing wants it.
    pub unused: Known<Unused>,
    /// All references.
    pub references: Known<Arc<Vec<Reference>>>,
    /// Owners.
    pub owners: Known<Vec<Owner>>,
    /// The guest cluster.
    pub guest_cluster: Known<GuestCluster>,
    /// Other layers.
    pub counterparts: Known<Vec<Counterpart>>,
    /// Snapshots and backups.
    pub snapshots: Known<Vec<Snapshot>>,
    /// The strongest reclaim policy and a source that settles it.
    pub effective: Known<(EffectivePolicy, Option<RetentionFrom>)>,
    /// Every layer's reclaim policy.
    pub sources: Known<Vec<RetentionSource>>,
}

impl Facts {
    /// What would tell, where the fact is unknown.
    pub fn gaps(&self, fact: Fact) -> Option<&[Gap]> {
        match fact {
            Fact::Now | Fact::Parameters | Fact::ClusterName | Fact::Trigger | Fact::Subject => None,
            Fact::ClusterUid => self.cluster_uid.gaps(),
            Fact::SubjectObject => self.object.gaps(),
            Fact::Claim => self.claim.gaps(),
            Fact::Volume => self.volume.gaps(),
            Fact::VolumeReleasedSince => self.released.gaps(),
            Fact::StorageClass => self.storage_class.gaps(),
            Fact::Namespace => self.namespace.gaps(),
            Fact::UsageReferenced => self.referenced.gaps(),
            Fact::UsageState => self.state.gaps(),
            Fact::UsageUnusedSince => self.unused.gaps(),
            Fact::References => self.references.gaps(),
            Fact::Owners => self.owners.gaps(),
            Fact::GuestCluster => self.guest_cluster.gaps(),
            Fact::Counterparts => self.counterparts.gaps(),
            Fact::Snapshots => self.snapshots.gaps(),
            Fact::RetentionEffective => self.effective.gaps(),
            Fact::RetentionSources => self.sources.gaps(),
        }
    }

    /// Which of these facts are unknown, and what would tell.
    pub fn missing(&self, facts: FactSet) -> Vec<Missing> {
        let gaps = |fact: Fact| {
            let missing = move |gap: &Gap| Missing { fact, reason: gap.reason, source: gap.source.clone() };
            self.gaps(fact).into_iter().flatten().map(missing).collect::<Vec<_>>()
        };
        facts.iter().flat_map(gaps).collect()
    }

    /// True where one of these facts is unknown.
    pub fn any_unknown(&self, facts: FactSet) -> bool {
        facts.iter().any(|fact| self.gaps(fact).is_some())
    }

    /// The evidence document with these facts, as far as they are known and present.
    pub fn document(&self, facts: FactSet, parameters: &Open) -> String {
        serde_json::to_string(&Document { facts: self, reads: facts, parameters }).unwrap_or_default()
    }

    /// The same as a value, without parameters.
    pub(crate) fn value(&self, facts: FactSet) -> serde_json::Value {
        self.write(facts, serde_json::value::Serializer).unwrap_or_default()
    }

    /// Writes the same, without parameters.
    pub(crate) fn write<S: Serializer>(&self, facts: FactSet, serializer: S) -> Result<S::Ok, S::Error> {
        Document { facts: self, reads: facts, parameters: &Open::new() }.serialize(serializer)
    }

    /// The whole evidence as a typed document.
    pub fn evidence(&self, parameters: &Open) -> Evidence {
        serde_json::from_str(&self.document(FactSet::all(), parameters)).unwrap_or_default()
    }
}

struct Document<'a> {
    facts: &'a Facts,
    reads: FactSet,
    parameters: &'a Open,
}

#[derive(Serialize)]
struct WholeSubject<'a> {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    subject: Option<&'a Subject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct WholeVolume<'a> {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    volume: Option<&'a Volume>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    released: Option<&'a Released>,
}

impl Document<'_> {
    fn cluster(&self) -> Option<Cluster> {
        let name = self.reads.has(Fact::ClusterName).then(|| self.facts.cluster_name.clone());
        let uid = self.read(Fact::ClusterUid, &self.facts.cluster_uid).cloned();
        (name.is_some() || uid.is_some()).then_some(Cluster { name, uid })
    }

    fn read<'a, T>(&self, fact: Fact, value: &'a Known<T>) -> Option<&'a T> {
        value.get().filter(|_| self.reads.has(fact))
    }

    fn usage(&self) -> Option<Usage> {
        let mut usage = Usage {
            referenced: self.read(Fact::UsageReferenced, &self.facts.referenced).copied(),
            state: self.read(Fact::UsageState, &self.facts.state).copied(),
            ..Usage::default()
        };
        if let Some(unused) = self.read(Fact::UsageUnusedSince, &self.facts.unused) {
            usage.unused_since = Some(unused.unused_since.clone());
            usage.unused_seconds = Some(unused.unused_seconds);
            usage.continuity = Some(unused.continuity);
            usage.largest_gap_seconds = unused.largest_gap_seconds;
        }
        (usage != Usage::default()).then_some(usage)
    }

    fn retention(&self) -> Option<Retention> {
        let effective = self.read(Fact::RetentionEffective, &self.facts.effective);
        let retention = Retention {
            effective: effective.map(|(policy, _)| *policy),
            from: effective.and_then(|(_, from)| from.clone()),
            sources: self.read(Fact::RetentionSources, &self.facts.sources).cloned(),
        };
        (retention != Retention::default()).then_some(retention)
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn entry<M: SerializeMap, T: Serialize>(
            map: &mut M,
            key: &str,
            value: Option<T>,
        ) -> Result<(), M::Error> {
            value.map_or(Ok(()), |value| map.serialize_entry(key, &value))
        }
        let facts = self.facts;
        let has = |fact| self.reads.has(fact);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("apiVersion", probate_contract::API_VERSION)?;
        map.serialize_entry("kind", "Evidence")?;
        entry(&mut map, "now", has(Fact::Now).then_some(&facts.now))?;
        entry(&mut map, "parameters", has(Fact::Parameters).then_some(self.parameters))?;
        entry(&mut map, "cluster", self.cluster())?;
        entry(&mut map, "trigger", has(Fact::Trigger).then_some(&facts.trigger))?;
        let subject = has(Fact::Subject).then_some(&facts.subject);
        let object = match self.read(Fact::SubjectObject, &facts.object) {
            Some(text) => Some(serde_json::from_str::<&RawValue>(text).map_err(S::Error::custom)?),
            None => None,
        };
        entry(
            &mut map,
            "subject",
            (subject.is_some() || object.is_some()).then_some(WholeSubject { subject, object }),
        )?;
        entry(&mut map, "claim", self.read(Fact::Claim, &facts.claim))?;
        let volume = self.read(Fact::Volume, &facts.volume);
        let released = self.read(Fact::VolumeReleasedSince, &facts.released);
        entry(
            &mut map,
            "volume",
            (volume.is_some() || released.is_some()).then_some(WholeVolume { volume, released }),
        )?;
        entry(
            &mut map,
            "storageClass",
            self.read(Fact::StorageClass, &facts.storage_class).map(|class| &**class),
        )?;
        entry(
            &mut map,
            "namespace",
            self.read(Fact::Namespace, &facts.namespace).map(|namespace| &**namespace),
        )?;
        entry(&mut map, "usage", self.usage())?;
        entry(&mut map, "references", self.read(Fact::References, &facts.references).map(|list| &**list))?;
        entry(&mut map, "owners", self.read(Fact::Owners, &facts.owners))?;
        entry(&mut map, "guestCluster", self.read(Fact::GuestCluster, &facts.guest_cluster))?;
        entry(&mut map, "counterparts", self.read(Fact::Counterparts, &facts.counterparts))?;
        entry(&mut map, "snapshots", self.read(Fact::Snapshots, &facts.snapshots))?;
        entry(&mut map, "retention", self.retention())?;
        map.end()
    }
}
