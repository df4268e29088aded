//! Rancher and Cluster API: from the VM of a Harvester up to the cluster that it is a node of, and whether that cluster lives.
//! A cluster is going only if everything that would make it again is going too (rancher, pkg/controllers/provisioningv2).

use super::{ClusterData, ObjectId};
use crate::facts::Gap;
use crate::intake::GroupKind;
use crate::kinds::rancher::Layer;
use crate::time;
use hashbrown::HashMap;
use probate_contract::dump::Reason;
use probate_contract::evidence::{GuestClusterType, LifeState};
use probate_contract::record::RecordGuestCluster;
use std::collections::BTreeSet;

/// Kinds of which one may hold the uid that a record keeps.
const CLUSTERS: [(&str, &str); 3] = [
    ("management.cattle.io", "Cluster"),
    ("provisioning.cattle.io", "Cluster"),
    ("cluster.x-k8s.io", "Cluster"),
];

/// An object: cluster of the inventory and id.
type Node = (usize, ObjectId);

/// Machines and clusters of all management clusters.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    /// HarvesterMachines by namespace and name of their VM.
    machines: HashMap<(Box<str>, Box<str>), Vec<Node>>,
    /// What each machine and cluster says.
    said: HashMap<Node, usize>,
    /// Clusters of the inventory that hold such objects.
    homes: Vec<usize>,
}

/// The objects that are one cluster.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    home: usize,
    api: Option<ObjectId>,
    provisioning: Option<ObjectId>,
    management: Option<ObjectId>,
}

/// A cluster that machines belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) r#type: GuestClusterType,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) state: LifeState,
    /// `harvesterhci.io/skipHarvesterMachineProvisionCleanup` stands on it.
    pub(crate) keep_volumes: bool,
    /// Every object that the mark can stand on is there.
    pub(crate) whole: bool,
}

impl Fleet {
    pub(super) fn build(clusters: &[ClusterData]) -> Self {
        let mut fleet = Self::default();
        for (at, cluster) in clusters.iter().enumerate() {
            let clustered = |layer: &Layer| {
                matches!(layer, Layer::ApiCluster(_) | Layer::Provisioning(_) | Layer::Management(_))
            };
            let kinds = CLUSTERS.iter().any(|(group, _)| cluster.coverage.has_group(group));
            if kinds || cluster.layers.iter().any(|layer| clustered(&layer.data)) {
                fleet.homes.push(at);
            }
            for (position, layer) in cluster.layers.iter().enumerate() {
                fleet.said.insert((at, layer.object), position);
                let Layer::HarvesterMachine(machine) = &*layer.data else { continue };
                let (Some(namespace), Some(object)) = (&machine.vm_namespace, cluster.object(layer.object))
                else {
                    continue;
                };
                // Rancher names the VM after the machine (pkg/controllers/capr/machineprovision/args.go getInstanceName).
                let name = object.head.name.replace('.', "-");
                let machines = fleet.machines.entry((namespace.clone(), name.into())).or_default();
                machines.push((at, layer.object));
            }
        }
        fleet
    }

    /// Harvesters with the clusters that manage what runs on them.
    pub(super) fn pairs(&self, clusters: &[ClusterData]) -> BTreeSet<(usize, usize)> {
        let harvesters = clusters.iter().enumerate().filter(|(_, cluster)| cluster.index.harvester);
        let of = |(at, _): (usize, &ClusterData)| {
            self.homes.iter().map(move |home| (at, *home)).collect::<Vec<_>>()
        };
        harvesters.flat_map(of).collect()
    }

    fn said<'a>(&self, clusters: &'a [ClusterData], node: Node) -> Option<&'a Layer> {
        let position = self.said.get(&node)?;
        Some(&clusters.get(node.0)?.layers.get(*position)?.data)
    }

    /// True where no VM can be the node of a cluster.
    pub(crate) fn is_empty(&self) -> bool {
        self.machines.is_empty()
    }

    /// The cluster that a VM is a node of; `None` where no machine stands for it.
    pub(crate) fn of_machine(
        &self,
        clusters: &[ClusterData],
        (namespace, name, uid): (&str, &str, &str),
    ) -> Option<Result<Member, Gap>> {
        let machines = self.machines.get(&(Box::from(namespace), Box::from(name)))?;
        let source = || format!("HarvesterMachine of {namespace}/{name}");
        let mut agreeing = machines.iter().filter_map(|node| match self.said(clusters, *node)? {
            // A provider id names the VM by uid; without it the name alone holds, which only ever retains.
            Layer::HarvesterMachine(machine) if machine.vm_uid.as_deref().is_none_or(|vm| vm == uid) => {
                Some((*node, machine.cluster.as_deref()))
            }
            _ => None,
        });
        let ((home, id), cluster) = agreeing.next()?;
        let ambiguous = || Gap { reason: Reason::Ambiguous, source: source() };
        if agreeing.next().is_some() {
            return Some(Err(ambiguous()));
        }
        let data = clusters.get(home)?;
        let namespace = data.object(id).map(|object| object.head.namespace.clone())?;
        let chain = cluster.map(|cluster| self.chain(clusters, home, &namespace, cluster));
        let found = chain.and_then(|chain| self.member(clusters, chain, cluster.unwrap_or_default()));
        // Absence is not deletion: Rancher's own handler skips a machine whose cluster it does not find.
        Some(found.ok_or_else(ambiguous))
    }

    fn chain(&self, clusters: &[ClusterData], home: usize, namespace: &str, name: &str) -> Chain {
        let find = |group: &str, namespace: &str, name: &str| {
            let kind = GroupKind { group: group.into(), kind: "Cluster".into() };
            let cluster = clusters.get(home)?;
            let uid = &cluster.named(&kind, namespace, name)?.head.uid;
            cluster.by_uid(uid)
        };
        let provisioning = find("provisioning.cattle.io", namespace, name);
        let management = provisioning.and_then(|id| match self.said(clusters, (home, id))? {
            Layer::Provisioning(said) => find("management.cattle.io", "", said.management.as_deref()?),
            _ => None,
        });
        Chain { home, api: find("cluster.x-k8s.io", namespace, name), provisioning, management }
    }

    fn member(&self, clusters: &[ClusterData], chain: Chain, name: &str) -> Option<Member> {
        let cluster = clusters.get(chain.home)?;
        let best = chain.management.or(chain.provisioning).or(chain.api)?;
        let rancher = chain.management.or(chain.provisioning).is_some();
        let keep = |id: Option<ObjectId>| {
            let said = id.and_then(|id| self.said(clusters, (chain.home, id)));
            matches!(said, Some(Layer::ApiCluster(said)) if said.keep_volumes)
                || matches!(said, Some(Layer::Provisioning(said)) if said.keep_volumes)
        };
        Some(Member {
            r#type: if rancher { GuestClusterType::Rancher } else { GuestClusterType::ClusterAPI },
            name: name.to_owned(),
            uid: cluster.object(best)?.head.uid.to_string(),
            state: self.life(clusters, chain),
            keep_volumes: keep(chain.api) || keep(chain.provisioning),
            whole: chain.api.is_some() && (!rancher || chain.provisioning.is_some()),
        })
    }

    /// Going only where nothing is left that would make it again.
    fn life(&self, clusters: &[ClusterData], chain: Chain) -> LifeState {
        let object = |id: ObjectId| clusters.get(chain.home).and_then(|cluster| cluster.object(id));
        let going = |id: ObjectId| object(id).is_some_and(|object| object.head.deleting.is_some());
        let parts = [chain.api, chain.provisioning];
        let all = match (parts.into_iter().flatten().next(), chain.management) {
            (Some(_), _) => parts.into_iter().flatten().all(going),
            (None, Some(management)) => going(management),
            (None, None) => false,
        };
        // Another workspace on the management Cluster means that the cluster moves there.
        let moving = chain.management.zip(chain.provisioning).is_some_and(|(management, provisioning)| {
            let home = object(provisioning).map(|object| &*object.head.namespace);
            match self.said(clusters, (chain.home, management)) {
                Some(Layer::Management(said)) => said.workspace.as_deref() != home,
                _ => true,
            }
        });
        if all && !moving { LifeState::Deleting } else { LifeState::Alive }
    }

    /// The cluster whose uid a record keeps, as it is now, and whether its owner keeps its volumes where that can be told; `None` where
    /// nobody read a management cluster.
    pub(crate) fn recorded(
        &self,
        clusters: &[ClusterData],
        recorded: &RecordGuestCluster,
    ) -> Result<Option<(LifeState, Option<bool>)>, Gap> {
        let Some(uid) = recorded.uid.as_deref().filter(|_| recorded.r#type != GuestClusterType::VCluster)
        else {
            return Ok(None);
        };
        for home in &self.homes {
            let Some(cluster) = clusters.get(*home) else { continue };
            let Some(id) = cluster.by_uid(uid) else { continue };
            let chain = self.around(clusters, *home, id);
            let member = self.member(clusters, chain, &recorded.name);
            let says = |member: &Member| {
                let alive = member.whole && member.state == LifeState::Alive;
                (alive || member.keep_volumes).then_some(member.keep_volumes)
            };
            return Ok(member.map(|member| (member.state, says(&member))));
        }
        if self.homes.is_empty() {
            return Ok(None);
        }
        // Where nothing was read nothing shows that it is none of the homes.
        for cluster in 0..clusters.len() {
            self.proven_gone(clusters, cluster, recorded)?;
        }
        Ok(Some((LifeState::Gone, None)))
    }

    /// The chain that one of its objects belongs to.
    fn around(&self, clusters: &[ClusterData], home: usize, id: ObjectId) -> Chain {
        let alone = Chain { home, management: Some(id), ..Chain::default() };
        let Some(cluster) = clusters.get(home) else { return alone };
        let head = |id: ObjectId| cluster.object(id).map(|object| &object.head);
        match self.said(clusters, (home, id)) {
            Some(Layer::Management(_)) => {
                let name = head(id).map(|head| &*head.name);
                let of_it = |layer: &&super::Of<Layer>| matches!(&*layer.data, Layer::Provisioning(said) if said.management.as_deref() == name);
                let provisioning = cluster.layers.iter().find(of_it).and_then(|layer| head(layer.object));
                let chain = provisioning.map(|head| self.chain(clusters, home, &head.namespace, &head.name));
                chain.unwrap_or(alone)
            }
            Some(Layer::Provisioning(_) | Layer::ApiCluster(_)) => {
                head(id).map_or(alone, |head| self.chain(clusters, home, &head.namespace, &head.name))
            }
            _ => alone,
        }
    }

    /// `Ok` where the management cluster was read whole, and no cluster of the name can be the one that moved.
    fn proven_gone(
        &self,
        clusters: &[ClusterData],
        home: usize,
        recorded: &RecordGuestCluster,
    ) -> Result<(), Gap> {
        let Some(cluster) = clusters.get(home) else { return Ok(()) };
        for (group, kind) in CLUSTERS {
            let kind = GroupKind { group: group.into(), kind: kind.into() };
            cluster
                .coverage
                .list(&kind, None)
                .map_err(|reason| Gap { reason, source: format!("{kind}@{}", cluster.name) })?;
        }
        // A namesake is another cluster only if it was made after somebody saw this one go; else it may be the same, moved or restored.
        let gone = recorded.gone_since.as_deref().and_then(time::parse);
        let older = |id: ObjectId| {
            let created = cluster.object(id).and_then(|object| object.head.created);
            gone.zip(created).is_none_or(|(gone, created)| created <= gone)
        };
        for layer in &cluster.layers {
            let Some(object) = cluster.object(layer.object) else { continue };
            let named = match &*layer.data {
                Layer::Management(said) => said.display_name.as_deref() == Some(&recorded.name),
                Layer::Provisioning(_) | Layer::ApiCluster(_) => *object.head.name == *recorded.name,
                _ => false,
            };
            let chain = self.around(clusters, home, layer.object);
            let oldest = chain.management.or(chain.provisioning).unwrap_or(layer.object);
            if named && older(oldest) {
                let source = format!("cluster {} of {}", recorded.name, cluster.name);
                return Err(Gap { reason: Reason::Ambiguous, source });
            }
        }
        Ok(())
    }
}
