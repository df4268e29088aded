//! The facts: the units in which evidence is known, absent or unknown, and in which a policy declares what it reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One row of the evidence table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The inventory's time.
    Now,
    /// The policy's parameters.
    Parameters,
    /// Name of the subject's cluster.
    ClusterName,
    /// Uid of the subject's cluster.
    ClusterUid,
    /// Why the subject is looked at.
    Trigger,
    /// The claim or volume in question.
    Subject,
    /// Its raw metadata, spec and status.
    SubjectObject,
    /// The claim.
    Claim,
    /// The volume.
    Volume,
    /// Since when the volume is released.
    VolumeReleasedSince,
    /// The class.
    StorageClass,
    /// The claim's namespace.
    Namespace,
    /// Whether something can still want it.
    UsageReferenced,
    /// The strongest reference.
    UsageState,
    /// Since when nothing has wanted it.
    UsageUnusedSince,
    /// Everything that refers to it.
    References,
    /// Who made or used it.
    Owners,
    /// The guest cluster that it serves.
    GuestCluster,
    /// The same volume on other layers.
    Counterparts,
    /// Snapshots and backups.
    Snapshots,
    /// The strongest reclaim policy.
    RetentionEffective,
    /// Every layer's reclaim policy.
    RetentionSources,
}

/// Paths that a fact owns although they do not begin with its name.
const OWNED: [(&str, Fact); 6] = [
    ("usage.unusedSeconds", Fact::UsageUnusedSince),
    ("usage.continuity", Fact::UsageUnusedSince),
    ("usage.largestGapSeconds", Fact::UsageUnusedSince),
    ("volume.releasedSeconds", Fact::VolumeReleasedSince),
    ("retention.from", Fact::RetentionEffective),
    ("subject.object", Fact::SubjectObject),
];

impl Fact {
    /// Every fact, in the order of the evidence table.
    pub const ALL: [Self; 22] = [
        Self::Now,
        Self::Parameters,
        Self::ClusterName,
        Self::ClusterUid,
        Self::Trigger,
        Self::Subject,
        Self::SubjectObject,
        Self::Claim,
        Self::Volume,
        Self::VolumeReleasedSince,
        Self::StorageClass,
        Self::Namespace,
        Self::UsageReferenced,
        Self::UsageState,
        Self::UsageUnusedSince,
        Self::References,
        Self::Owners,
        Self::GuestCluster,
        Self::Counterparts,
        Self::Snapshots,
        Self::RetentionEffective,
        Self::RetentionSources,
    ];

    /// Facts without which no delete stands, whatever a policy reads.
    pub const MANDATORY: [Self; 8] = [
        Self::UsageReferenced,
        Self::UsageState,
        Self::UsageUnusedSince,
        Self::References,
        Self::Owners,
        Self::Counterparts,
        Self::Snapshots,
        Self::RetentionEffective,
    ];

    /// The path as policies write it, without `input.`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Parameters => "parameters",
            Self::ClusterName => "cluster.name",
            Self::ClusterUid => "cluster.uid",
            Self::Trigger => "trigger",
            Self::Subject => "subject",
            Self::SubjectObject => "subject.object",
            Self::Claim => "claim",
            Self::Volume => "volume",
            Self::VolumeReleasedSince => "volume.releasedSince",
            Self::StorageClass => "storageClass",
            Self::Namespace => "namespace",
            Self::UsageReferenced => "usage.referenced",
            Self::UsageState => "usage.state",
            Self::UsageUnusedSince => "usage.unusedSince",
            Self::References => "references",
            Self::Owners => "owners",
            Self::GuestCluster => "guestCluster",
            Self::Counterparts => "counterparts",
            Self::Snapshots => "snapshots",
            Self::RetentionEffective => "retention.effective",
            Self::RetentionSources => "retention.sources",
        }
    }

    /// The fact of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.name() == name)
    }

    /// True where a known fact can be missing from the document.
    pub const fn may_be_absent(self) -> bool {
        matches!(
            self,
            Self::Claim
                | Self::Volume
                | Self::VolumeReleasedSince
                | Self::StorageClass
                | Self::Namespace
                | Self::UsageUnusedSince
                | Self::GuestCluster
        )
    }

    /// The facts that reading `path` (segments below `input`) reads. A field belongs to the row it stands in, any other path
    /// to the longest fact name it begins with; a path above several reads them all. Empty for paths that are no fact.
    pub fn read_by(path: &[&str]) -> Vec<Self> {
        let joined = path.join(".");
        let begins = |name: &str| {
            joined == name || joined.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
        };
        if let Some((_, fact)) = OWNED.iter().find(|(name, _)| begins(name)) {
            return vec![*fact];
        }
        let below = |fact: &Self| {
            joined.is_empty()
                || fact
                    .name()
                    .strip_prefix(joined.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let mut facts: Vec<Self> = Self::ALL.into_iter().filter(below).collect();
        let longest =
            Self::ALL.into_iter().filter(|fact| begins(fact.name())).max_by_key(|fact| fact.name().len());
        if let Some(fact) = longest.filter(|fact| !facts.contains(fact)) {
            facts.push(fact);
        }
        facts.sort_unstable();
        facts
    }
}

impl std::fmt::Display for Fact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Fact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::of_name(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("`{name}` is no fact of the evidence")))
    }
}

impl JsonSchema for Fact {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fact".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "enum": Self::ALL.map(Self::name)})
    }
}

#[cfg(test)]
mod tests {
    use super::Fact;

    #[test]
    fn a_path_reads_the_facts_it_touches() {
        let reads = |path: &str| Fact::read_by(&path.split('.').collect::<Vec<_>>());
        assert_eq!(reads("usage.unusedSeconds"), [Fact::UsageUnusedSince]);
        assert_eq!(reads("usage"), [Fact::UsageReferenced, Fact::UsageState, Fact::UsageUnusedSince]);
        assert_eq!(reads("namespace.labels.env"), [Fact::Namespace]);
        assert_eq!(reads("volume"), [Fact::Volume, Fact::VolumeReleasedSince]);
        assert_eq!(reads("volume.phase"), [Fact::Volume]);
        assert_eq!(reads("retention.from.name"), [Fact::RetentionEffective]);
        assert_eq!(reads("subject"), [Fact::Subject, Fact::SubjectObject]);
        assert_eq!(reads("subject.object.spec"), [Fact::SubjectObject]);
        assert_eq!(Fact::read_by(&[]).len(), Fact::ALL.len());
        assert!(reads("kind").is_empty());
    }
}
