//! The table of everything that can keep a claim, each planted by one function.

use super::plant::{Plot, Target};
use super::{backups, cdi, gaps, harvester, layers, machines, people, storage, time, workloads};

/// The clusters that an edge needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One cluster.
    Plain,
    /// Any.
    Pair,
    /// Harvester, Rancher and a guest; a claim of the host's own.
    Harvester,
    /// The same; a claim that served a guest's volume.
    Guest,
    /// A host and a virtual cluster; a claim of the host's own.
    Virtual,
    /// The same; a claim that a virtual cluster left.
    Synced,
}

/// What sort of thing an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// A reference: something can still want the volume.
    Want,
    /// Another reason of the host's own.
    Rail,
    /// Something is not known. Planted after completeness is stated.
    Gap,
}

/// Puts it into the world; false where it does not apply to that target.
pub(crate) type Plant = fn(&mut Plot, &Target) -> bool;

/// One way in which a claim is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    pub(crate) shape: Shape,
    pub(crate) plant: Plant,
}

pub(super) const fn want(name: &'static str, plant: Plant) -> Edge {
    Edge { name, group: Group::Want, shape: Shape::Pair, plant }
}

pub(super) const fn rail(name: &'static str, plant: Plant) -> Edge {
    Edge { name, group: Group::Rail, shape: Shape::Pair, plant }
}

pub(super) const fn gap(name: &'static str, plant: Plant) -> Edge {
    Edge { name, group: Group::Gap, shape: Shape::Pair, plant }
}

impl Edge {
    pub(super) const fn of(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }
}

/// Every edge that the core is held to.
pub(crate) fn active() -> Vec<&'static Edge> {
    let tables = [
        workloads::EDGES,
        machines::EDGES,
        cdi::EDGES,
        harvester::EDGES,
        storage::EDGES,
        backups::EDGES,
        people::EDGES,
        layers::EDGES,
        time::EDGES,
        gaps::EDGES,
    ];
    let only = std::env::var("PROBATE_EDGE").ok();
    let wanted = |edge: &&Edge| only.as_deref().is_none_or(|only| edge.name.contains(only));
    tables.into_iter().flatten().filter(wanted).collect()
}
