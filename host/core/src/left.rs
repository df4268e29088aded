//! Volumes that a claim has just left behind. Whose they were can be told to people once, as it happens: the claim that they would
//! look at is gone.

use crate::evidence::{Statements, SubjectId, View};
use crate::inventory::{ClusterData, Inventory};
use probate_contract::evidence::{ClaimRef, CounterpartRelation};
use probate_contract::record::RecordCounterpart;

/// A volume that says Retain, and whose claim is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The claim.
    pub claim: ClaimRef,
    /// The volume.
    pub volume: String,
    /// The tenant's claim that it was a copy of.
    pub tenant: Option<String>,
}

fn named<'a>(inventory: &'a Inventory, cluster: &str) -> Option<(usize, &'a ClusterData)> {
    inventory.clusters.iter().enumerate().find(|(_, known)| *known.name == *cluster)
}

/// Volumes whose claim was there `before`, and is not any more. What probate itself let go is told of by its own steps.
pub fn left(inventory: &Inventory, cluster: &str, before: impl Fn(&str) -> bool) -> Vec<Left> {
    let Some((at, data)) = named(inventory, cluster) else { return Vec::new() };
    let statements = Statements { unused_since: None, maximum_gap_seconds: 0, trigger: None };
    let of = |(position, volume): (usize, &crate::inventory::Of<crate::kinds::storage::Volume>)| {
        let claim = volume.data.claim.as_ref().filter(|claim| before(&claim.uid))?;
        let going = data.object(volume.object)?.head.deleting.is_some();
        if &*volume.data.policy != "Retain" || going || data.by_uid(&claim.uid).is_some() {
            return None;
        }
        let view = View::new(inventory, &statements, SubjectId::Volume(at, position))?;
        let status = view.record.map(|record| &record.status);
        if status.is_some_and(|status| status.quarantine.is_some()) {
            return None;
        }
        let tenant = |known: &&RecordCounterpart| {
            known.relation == CounterpartRelation::Virtual && known.kind == "PersistentVolumeClaim"
        };
        let tenant = status.and_then(|status| status.counterparts.iter().find(tenant)).map(|known| {
            format!("{}/{} in {}", known.namespace.as_deref().unwrap_or_default(), known.name, known.cluster)
        });
        Some(Left {
            claim: ClaimRef {
                namespace: claim.namespace.to_string(),
                name: claim.name.to_string(),
                uid: Some(claim.uid.to_string()),
            },
            volume: data.object(volume.object)?.head.name.to_string(),
            tenant,
        })
    };
    data.volumes.iter().enumerate().filter_map(of).collect()
}
