//! One method a fact, and the questions that `data.probate` of Rego answers too.

use crate::evidence::{Evidence, Released, Unused};
use crate::functions::seconds_between;
use crate::{Error, Fact, Result};
use probate_contract::evidence::{
    Claim, Counterpart, EffectivePolicy, GuestCluster, LifeState, Namespace, Open, Owner, Reference,
    ReferenceState, RetentionFrom, RetentionSource, Snapshot, StorageClass, Subject, Trigger, UsageState,
    Volume,
};

fn known<T>(fact: Fact, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::new(format!("the evidence does not hold `{fact}`")))
}

macro_rules! facts {
    ($($(#[$doc:meta])* $method:ident: $fact:ident -> $part:ty $(, $field:ident)?;)*) => {
        /// The facts that are always there, once they are known.
        impl Evidence {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// When `READS` lacks the fact, or the document is not of its schema.
            pub fn $method(&self) -> Result<&$part> {
                self.reads(Fact::$fact)?;
                known(Fact::$fact, facts!(@value self, $method $(, $field)?))
            }
        )*}
    };
    (@value $self:ident, $method:ident) => { $self.$method.get(&$self.text)? };
    (@value $self:ident, $method:ident, $part:ident) => {
        $self.$part.get(&$self.text)?.and_then(|part| part.$method.as_ref())
    };
}

facts! {
    /// The policy's parameters as JSON; the policy itself holds them typed.
    parameters: Parameters -> Open;
    /// Why the subject is looked at: a hint, never a reason to delete.
    trigger: Trigger -> Trigger;
    /// The subject's raw metadata, spec and status.
    object: SubjectObject -> Open, object;
    /// Everything that refers to it.
    references: References -> Vec<Reference>;
    /// Who made or used it.
    owners: Owners -> Vec<Owner>;
    /// The same volume on other layers.
    counterparts: Counterparts -> Vec<Counterpart>;
    /// Snapshots and backups of it.
    snapshots: Snapshots -> Vec<Snapshot>;
}

macro_rules! optional_facts {
    ($($(#[$doc:meta])* $method:ident: $fact:ident -> $part:ty;)*) => {
        /// The facts that may be absent: proven not to be there.
        impl Evidence {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// When `READS` lacks the fact, or the document is not of its schema.
            pub fn $method(&self) -> Result<Option<&$part>> {
                self.reads(Fact::$fact)?;
                self.$method.get(&self.text)
            }
        )*}
    };
}

optional_facts! {
    /// The claim: the subject, or the one that the volume's claimRef names by uid.
    claim: Claim -> Claim;
    /// The class.
    storage_class: StorageClass -> StorageClass;
    /// The claim's namespace.
    namespace: Namespace -> Namespace;
    /// The guest cluster that it serves.
    guest_cluster: GuestCluster -> GuestCluster;
}

/// The facts whose document holds more than themselves.
impl Evidence {
    /// The inventory's time, the only clock there is.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::Now`.
    pub fn now(&self) -> Result<&str> {
        self.reads(Fact::Now)?;
        known(Fact::Now, self.now.get(&self.text)?).map(String::as_str)
    }

    /// Name of the subject's cluster.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::ClusterName`.
    pub fn cluster_name(&self) -> Result<&str> {
        self.reads(Fact::ClusterName)?;
        let cluster = self.cluster.get(&self.text)?;
        known(Fact::ClusterName, cluster.and_then(|cluster| cluster.name.as_deref()))
    }

    /// Uid of the subject's cluster.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::ClusterUid`.
    pub fn cluster_uid(&self) -> Result<&str> {
        self.reads(Fact::ClusterUid)?;
        let cluster = self.cluster.get(&self.text)?;
        known(Fact::ClusterUid, cluster.and_then(|cluster| cluster.uid.as_deref()))
    }

    /// The claim or volume in question; its raw form is [`Evidence::object`].
    ///
    /// # Errors
    /// When `READS` lacks `Fact::Subject`.
    pub fn subject(&self) -> Result<&Subject> {
        self.reads(Fact::Subject)?;
        known(Fact::Subject, self.subject.get(&self.text)?).map(|own| &own.0)
    }

    /// The volume: the subject, or the one that the claim is bound to. Since when it is released says [`Evidence::released`].
    ///
    /// # Errors
    /// When `READS` lacks `Fact::Volume`.
    pub fn volume(&self) -> Result<Option<&Volume>> {
        self.reads(Fact::Volume)?;
        Ok(self.volume.get(&self.text)?.map(|own| &own.0))
    }

    /// Since when the volume is released; absent in any other phase.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::VolumeReleasedSince`.
    pub fn released(&self) -> Result<Option<&Released>> {
        self.reads(Fact::VolumeReleasedSince)?;
        Ok(self.released.get(&self.text)?.and_then(|part| part.0.as_ref()))
    }

    /// Whether something can still want it.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::UsageReferenced`.
    pub fn referenced(&self) -> Result<bool> {
        self.reads(Fact::UsageReferenced)?;
        known(Fact::UsageReferenced, self.usage.get(&self.text)?.and_then(|usage| usage.referenced))
    }

    /// The strongest way in which something wants it.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::UsageState`.
    pub fn usage_state(&self) -> Result<UsageState> {
        self.reads(Fact::UsageState)?;
        known(Fact::UsageState, self.usage.get(&self.text)?.and_then(|usage| usage.state))
    }

    /// Since when nothing has wanted it; absent while something does.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::UsageUnusedSince`.
    pub fn unused(&self) -> Result<Option<&Unused>> {
        self.reads(Fact::UsageUnusedSince)?;
        Ok(self.usage.get(&self.text)?.and_then(|usage| usage.unused.as_ref()))
    }

    /// What will happen to the data with the claim.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::RetentionEffective`.
    pub fn effective_retention(&self) -> Result<EffectivePolicy> {
        self.reads(Fact::RetentionEffective)?;
        let retention = self.retention.get(&self.text)?;
        known(Fact::RetentionEffective, retention.and_then(|retention| retention.effective))
    }

    /// A source that settles the effective retention.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::RetentionEffective`.
    pub fn retention_from(&self) -> Result<Option<&RetentionFrom>> {
        self.reads(Fact::RetentionEffective)?;
        Ok(self.retention.get(&self.text)?.and_then(|retention| retention.from.as_ref()))
    }

    /// Every layer's word on retention.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::RetentionSources`.
    pub fn retention_sources(&self) -> Result<&[RetentionSource]> {
        self.reads(Fact::RetentionSources)?;
        let retention = self.retention.get(&self.text)?;
        known(Fact::RetentionSources, retention.and_then(|retention| retention.sources.as_deref()))
    }
}

/// The questions, with the names and meaning of `data.probate`.
impl Evidence {
    /// Seconds from `time` to now; negative for a time to come.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::Now`, or `time` is no RFC 3339 time.
    pub fn since(&self, time: &str) -> Result<i64> {
        seconds_between(time, self.now()?)
    }

    /// True once `time` has come.
    ///
    /// # Errors
    /// As [`Evidence::since`].
    pub fn passed(&self, time: &str) -> Result<bool> {
        Ok(self.since(time)? >= 0)
    }

    /// True if an object of this kind can still want it: in any state but `Reserved` and `Finished`.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::References`.
    pub fn referenced_by(&self, kind: &str) -> Result<bool> {
        let wants = |state| !matches!(state, ReferenceState::Reserved | ReferenceState::Finished);
        Ok(self.references()?.iter().any(|reference| reference.kind == kind && wants(reference.state)))
    }

    /// True if an object of this kind refers to it in this state.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::References`.
    pub fn referenced_as(&self, kind: &str, state: ReferenceState) -> Result<bool> {
        Ok(self.references()?.iter().any(|reference| reference.kind == kind && reference.state == state))
    }

    /// Seconds since the last owner of this kind went; nothing while one is left, or where there never was one.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::Owners`.
    pub fn gone_seconds(&self, kind: &str) -> Result<Option<u64>> {
        let mut last: Option<u64> = None;
        for owner in self.owners()?.iter().filter(|owner| owner.kind == kind) {
            let (LifeState::Gone, Some(seconds)) = (owner.state, owner.gone_seconds) else { return Ok(None) };
            let seconds = u64::try_from(seconds)?;
            last = Some(last.map_or(seconds, |shortest| shortest.min(seconds)));
        }
        Ok(last)
    }

    /// True if a ready snapshot or backup that outlives the volume is at most so old.
    ///
    /// # Errors
    /// When `READS` lacks `Fact::Snapshots`.
    pub fn snapshot_within(&self, seconds: u64) -> Result<bool> {
        let young = |age: i64| u64::try_from(age).is_ok_and(|age| age <= seconds);
        let mut snapshots = self.snapshots()?.iter();
        Ok(snapshots.any(|snapshot| snapshot.ready && snapshot.independent && young(snapshot.age_seconds)))
    }
}
