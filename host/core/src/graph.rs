//! The reference graph around one claim or volume: the same edges that decide, and those of the layers above and below.

use crate::evidence::{Statements, SubjectId, View};
use crate::explain::{self, Named};
use crate::facts::FactSet;
use crate::inventory::Inventory;
use crate::platforms;
use probate_contract::common::Identity;
use probate_contract::evidence::{Counterpart, GuestCluster, Owner, Reference, Snapshot};
use probate_contract::plan::Missing;
use probate_contract::{Evidence, Fact};
use schemars::JsonSchema;
use serde::Serialize;

/// What surrounds a claim or volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Graph {
    /// Claim or volume.
    pub subject: Identity,
    /// Its phase.
    pub phase: String,
    /// Everything that names it, as far as it is proven.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<Owner>,
    /// The cluster that it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest_cluster: Option<GuestCluster>,
    /// The same volume on other layers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counterparts: Vec<Counterpart>,
    /// Snapshots and backups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<Snapshot>,
    /// The platforms' own rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform: Vec<String>,
    /// What is not known of all that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Missing>,
    /// The graphs of the counterparts that were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Graph>,
}

/// The facts that a graph shows.
const SHOWN: [Fact; 6] = [
    Fact::References,
    Fact::Owners,
    Fact::GuestCluster,
    Fact::Counterparts,
    Fact::Snapshots,
    Fact::UsageReferenced,
];

/// The graphs of every subject of that name; several clusters may have one each.
pub fn graphs(inventory: &Inventory, named: &Named) -> Vec<Graph> {
    explain::hits(inventory, named).into_iter().filter_map(|id| one(inventory, id, true)).collect()
}

fn one(inventory: &Inventory, id: SubjectId, follow: bool) -> Option<Graph> {
    let statements = Statements { unused_since: None, maximum_gap_seconds: 0, trigger: None };
    let view = View::new(inventory, &statements, id)?;
    let (facts, rails) = view.facts();
    let evidence: Evidence = facts.evidence(&Default::default());
    let counterparts = evidence.counterparts.unwrap_or_default();
    let shown: FactSet = SHOWN.into_iter().collect();
    let claim = facts.claim.get().map(|claim| claim.phase.clone());
    let phase = match id {
        SubjectId::Claim(..) => claim,
        SubjectId::Volume(..) => facts.volume.get().map(|volume| volume.phase.clone()),
    };
    let layers = counterparts.iter().filter(|_| follow).filter_map(|layer| {
        let uid = layer.uid.as_deref()?;
        let at = |id: &SubjectId| inventory.uid_of(*id) == Some(uid);
        one(inventory, inventory.subjects().into_iter().find(at)?, false)
    });
    let layers = layers.collect();
    Some(Graph {
        subject: explain::identity(&facts),
        phase: phase.unwrap_or_default(),
        references: rails.proven.to_vec(),
        owners: evidence.owners.unwrap_or_default(),
        guest_cluster: evidence.guest_cluster,
        counterparts,
        snapshots: evidence.snapshots.unwrap_or_default(),
        platform: platforms::words(&facts),
        unknown: facts.missing(shown),
        layers,
    })
}
