//! Evidence: what is known of one claim or volume, fact by fact, from the inventory.

mod common;
mod gaps;
pub(crate) mod guests;
mod layers;
mod owners;
mod rails;
mod references;
mod retention;
mod snapshots;
mod subject;
mod tracked;
mod usage;

use crate::facts::{Facts, Gap, Known};
use crate::inventory::links::Place;
use crate::inventory::{ClusterData, Inventory, ObjectId};
use crate::kinds::storage;
use crate::time::{self, Seconds};
use probate_contract::evidence::{Trigger, TriggerType};
use probate_contract::record::VolumeRecord;

pub(crate) use common::Common;
pub(crate) use gaps::Gaps;
pub use rails::Rails;
pub(crate) use tracked::named as told_names;
pub(crate) use usage::{observed, strength, wants};

/// A claim or volume of the inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SubjectId {
    Claim(usize, usize),
    Volume(usize, usize),
}

/// What the user states beside the inventory.
#[derive(Clone, Debug)]
pub struct Statements {
    /// Disuse of what nothing references and no record covers.
    pub unused_since: Option<Seconds>,
    /// A record that looked away for longer counts as sampled.
    pub maximum_gap_seconds: i64,
    /// Why subjects are looked at.
    pub trigger: Option<Trigger>,
}

/// A subject with its surroundings resolved.
pub(crate) struct View<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) statements: &'a Statements,
    pub(crate) cluster: &'a ClusterData,
    pub(crate) gaps: &'a Gaps,
    pub(crate) common: &'a Common,
    pub(crate) id: SubjectId,
    pub(crate) object: ObjectId,
    pub(crate) claim: Known<(ObjectId, &'a storage::Claim)>,
    pub(crate) volume: Known<(ObjectId, &'a storage::Volume)>,
    pub(crate) record: Option<&'a VolumeRecord>,
    /// Volume and claim name each other, but not by uid.
    pub(crate) unproven: bool,
}

impl<'a> View<'a> {
    pub(crate) fn new(inventory: &'a Inventory, statements: &'a Statements, id: SubjectId) -> Option<Self> {
        let (SubjectId::Claim(cluster, at) | SubjectId::Volume(cluster, at)) = id;
        let data = inventory.clusters.get(cluster)?;
        let gaps = inventory.gaps.get(cluster)?;
        let common = inventory.common.get(cluster)?;
        let view = |object, claim, volume, unproven| Self {
            inventory,
            statements,
            cluster: data,
            gaps,
            common,
            id,
            object,
            claim,
            volume,
            record: None,
            unproven,
        };
        let mut view = match id {
            SubjectId::Claim(..) => {
                let claim = data.claims.get(at)?;
                let (volume, unproven) = bound_volume(data, gaps, claim.object, &claim.data);
                view(claim.object, Known::Present((claim.object, &*claim.data)), volume, unproven)
            }
            SubjectId::Volume(..) => {
                let volume = data.volumes.get(at)?;
                let (claim, unproven) = bound_claim(data, gaps, volume.object, &volume.data);
                view(volume.object, claim, Known::Present((volume.object, &*volume.data)), unproven)
            }
        };
        let uid = |id: ObjectId| data.object(id).map(|object| &*object.head.uid);
        let claim = match (view.claim.get(), view.volume.get()) {
            (Some((id, _)), _) => uid(*id),
            (None, Some((_, volume))) => {
                volume.claim.as_ref().map(|claim| &*claim.uid).filter(|uid| !uid.is_empty())
            }
            (None, None) => None,
        };
        let volume = view.volume.get().and_then(|(id, _)| uid(*id));
        view.record = inventory.records.of(claim, volume, data.uid.as_deref());
        Some(view)
    }

    /// Namespace of the claim, for a volume of its claimRef.
    pub(crate) fn namespace(&self) -> Option<&'a str> {
        match self.id {
            SubjectId::Claim(..) => self.cluster.object(self.object).map(|object| &*object.head.namespace),
            SubjectId::Volume(..) => {
                self.volume.get().and_then(|(_, volume)| volume.claim.as_ref()).map(|claim| &*claim.namespace)
            }
        }
    }

    /// The class that the claim names, else the volume.
    pub(crate) fn class_name(&self) -> Option<&str> {
        match (&self.claim, &self.volume) {
            (Known::Present((_, claim)), _) if claim.class.is_some() => claim.class.as_deref(),
            (_, Known::Present((_, volume))) => volume.class.as_deref(),
            _ => None,
        }
    }

    /// The cluster's position in the inventory.
    pub(crate) fn at(&self) -> usize {
        let (SubjectId::Claim(cluster, _) | SubjectId::Volume(cluster, _)) = self.id;
        cluster
    }

    /// Where a claim of this cluster stands.
    pub(crate) fn claim_place(&self, id: ObjectId) -> Option<Place> {
        let head = &self.cluster.object(id)?.head;
        Some((self.at(), self.cluster.claim(&head.namespace, &head.name)?))
    }

    /// Where a volume of this cluster stands.
    pub(crate) fn volume_place(&self, id: ObjectId) -> Option<Place> {
        Some((self.at(), self.cluster.volume(&self.cluster.object(id)?.head.name)?))
    }

    pub(crate) fn now(&self) -> Seconds {
        self.inventory.now
    }

    pub(crate) fn since(&self, at: Seconds) -> i64 {
        self.now().saturating_sub(at)
    }

    /// `KIND@CLUSTER/NAMESPACE`.
    pub(crate) fn source(&self, kind: &str) -> String {
        gaps::source(kind, &self.cluster.name, self.namespace())
    }

    /// All facts, and what else the guards look at.
    pub(crate) fn facts(&self) -> (Facts, Rails) {
        let now = time::format(self.now());
        let references = references::of(self);
        let rails = rails::of(self, &references);
        let usage = usage::of(self, &references);
        let layers = layers::of(self);
        let retention = retention::of(self, &layers.counterparts);
        let facts = Facts {
            trigger: self
                .statements
                .trigger
                .clone()
                .unwrap_or_else(|| Trigger { r#type: TriggerType::Scan, at: now.clone() }),
            now,
            cluster_name: self.cluster.name.to_string(),
            cluster_uid: self.gaps.cluster_uid(self.cluster),
            subject: subject::subject(self),
            object: subject::object(self),
            claim: subject::claim(self),
            volume: subject::volume(self),
            released: subject::released(self),
            storage_class: subject::class(self),
            namespace: subject::namespace(self),
            owners: owners::of(self, &references),
            referenced: usage.referenced,
            state: usage.state,
            unused: usage.unused,
            references: references.list,
            guest_cluster: layers.guest_cluster,
            counterparts: layers.counterparts,
            snapshots: snapshots::of(self),
            effective: retention.effective,
            sources: retention.sources,
        };
        (facts, rails)
    }
}

/// The volume that a claim is bound to: both name each other, the volume by the claim's uid.
fn bound_volume<'a>(
    data: &'a ClusterData,
    gaps: &Gaps,
    id: ObjectId,
    claim: &storage::Claim,
) -> (Known<(ObjectId, &'a storage::Volume)>, bool) {
    let Some(name) = claim.volume.as_deref() else { return (Known::Absent, false) };
    let Some(volume) = data.volume(name).and_then(|at| data.volumes.get(at)) else {
        return (Known::unless(gaps.volumes().to_vec(), None), false);
    };
    let uid = data.object(id).map(|object| &object.head.uid);
    let bound = volume.data.claim.as_ref().is_some_and(|reference| Some(&reference.uid) == uid);
    if bound {
        (Known::Present((volume.object, &*volume.data)), false)
    } else {
        (Known::Absent, &*claim.phase == "Bound")
    }
}

/// The claim whose uid a volume's claimRef holds.
fn bound_claim<'a>(
    data: &'a ClusterData,
    gaps: &Gaps,
    id: ObjectId,
    volume: &storage::Volume,
) -> (Known<(ObjectId, &'a storage::Claim)>, bool) {
    let Some(reference) = &volume.claim else { return (Known::Absent, false) };
    let name = data.object(id).map(|object| &*object.head.name);
    match data.claim(&reference.namespace, &reference.name).and_then(|at| data.claims.get(at)) {
        Some(claim) => {
            let same = data.object(claim.object).is_some_and(|object| object.head.uid == reference.uid);
            let unproven = claim.data.volume.as_deref() == name && !same;
            (if same { Known::Present((claim.object, &*claim.data)) } else { Known::Absent }, unproven)
        }
        None => (Known::unless(gaps.claims(&reference.namespace, data), None), false),
    }
}

/// Gaps without doubles, in order.
pub(crate) fn merged(gaps: impl IntoIterator<Item = Gap>) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = gaps.into_iter().collect();
    gaps.sort_unstable();
    gaps.dedup();
    gaps
}
