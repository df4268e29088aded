//! Links between the clusters of an inventory, built once: which volume of a guest cluster is which claim of its host, and which
//! claim of a virtual cluster is which of its host.

use super::{ClusterData, ObjectId};
use crate::kinds::vcluster::{self, Marks};
use hashbrown::{HashMap, HashSet};
use probate_contract::dump::Reason;
use std::collections::BTreeSet;

/// Driver of Harvester's guest volumes (harvester-csi-driver v0.1, pkg/csi/controller_server.go).
pub(crate) const HARVESTER_DRIVER: &str = "driver.harvesterhci.io";
/// Clusters named so are virtual ones: `vcluster:NAME` or `vcluster:NAMESPACE/NAME`.
pub(crate) const VIRTUAL_PREFIX: &str = "vcluster:";

/// A claim or volume: cluster and position.
pub(crate) type Place = (usize, usize);

/// What links clusters.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Guest volumes by their handle, which is the name of the host claim.
    guests: HashMap<Box<str>, Vec<Place>>,
    /// Host claims that a guest volume may be; one, if the link is proven.
    hosts: HashMap<Place, Vec<Place>>,
    /// Host claims by the virtual claim whose copy they are.
    copies: HashMap<Place, Vec<Place>>,
    /// Host namespaces in which a virtual cluster of that name has claims.
    virtuals: HashMap<Box<str>, BTreeSet<(usize, Box<str>)>>,
    /// Clusters that are layered, the host second.
    pairs: BTreeSet<(usize, usize)>,
}

/// What the virtual side of a host claim is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Virtual {
    /// It is there.
    Present(Place),
    /// The virtual cluster was read and nobody there has the name.
    Gone(usize),
    /// Not known, and what was not read.
    Unknown(Reason, String),
}

impl Links {
    pub(super) fn build(clusters: &[ClusterData]) -> Self {
        let mut links = Self::default();
        links.virtual_names(clusters);
        links.guest_volumes(clusters);
        links.copies(clusters);
        links
    }

    fn virtual_names(&mut self, clusters: &[ClusterData]) {
        for (at, cluster) in clusters.iter().enumerate() {
            for claim in &cluster.claims {
                let Some(object) = cluster.object(claim.object) else { continue };
                if let Some(Ok(marks)) = vcluster::marks(&object.head, &claim.data.subject) {
                    let namespaces = self.virtuals.entry(marks.cluster.into()).or_default();
                    namespaces.insert((at, object.head.namespace.clone()));
                }
            }
        }
    }

    fn guest_volumes(&mut self, clusters: &[ClusterData]) {
        let volumes = clusters.iter().flat_map(|cluster| &cluster.volumes);
        let handles: HashSet<&str> = volumes
            .filter_map(|volume| guest_handle(volume.data.driver.as_deref(), volume.data.handle.as_deref()))
            .collect();
        if handles.is_empty() {
            return;
        }
        let mut by_name: HashMap<&str, Vec<Place>> = HashMap::new();
        for (at, cluster) in
            clusters.iter().enumerate().filter(|(_, cluster)| hosts_guests(clusters, cluster))
        {
            for (position, claim) in cluster.claims.iter().enumerate() {
                if let Some(name) = cluster.object(claim.object).map(|object| &*object.head.name)
                    && handles.contains(name)
                {
                    by_name.entry(name).or_default().push((at, position));
                }
            }
        }
        for (at, cluster) in clusters.iter().enumerate() {
            for (position, volume) in cluster.volumes.iter().enumerate() {
                let Some(handle) = guest_handle(volume.data.driver.as_deref(), volume.data.handle.as_deref())
                else {
                    continue;
                };
                let hosts: Vec<Place> = by_name
                    .get(handle)
                    .into_iter()
                    .flatten()
                    .filter(|(host, _)| *host != at)
                    .copied()
                    .collect();
                self.guests.entry(handle.into()).or_default().push((at, position));
                self.pairs.extend(hosts.iter().map(|(host, _)| (at, *host)));
                self.hosts.insert((at, position), hosts);
            }
        }
    }

    fn copies(&mut self, clusters: &[ClusterData]) {
        for (at, cluster) in clusters.iter().enumerate() {
            for (position, claim) in cluster.claims.iter().enumerate() {
                let Some(object) = cluster.object(claim.object) else { continue };
                let Some(Ok(marks)) = vcluster::marks(&object.head, &claim.data.subject) else { continue };
                if let Virtual::Present(place) =
                    self.virtual_side(clusters, (at, &object.head.namespace), &marks)
                {
                    self.pairs.insert((place.0, at));
                    self.copies.entry(place).or_default().push((at, position));
                }
            }
        }
    }

    /// Guest volumes whose handle is that name.
    pub(crate) fn guests(&self, host_claim: &str) -> &[Place] {
        self.guests.get(host_claim).map_or(&[], Vec::as_slice)
    }

    /// Host claims that a guest volume may be; `None` where it is no guest volume.
    pub(crate) fn hosts(&self, volume: Place) -> Option<&[Place]> {
        self.hosts.get(&volume).map(Vec::as_slice)
    }

    /// Host claims that are copies of a virtual claim.
    pub(crate) fn copies_of(&self, claim: Place) -> &[Place] {
        self.copies.get(&claim).map_or(&[], Vec::as_slice)
    }

    /// Clusters that are layered, the host second.
    pub(crate) fn pairs(&self) -> &BTreeSet<(usize, usize)> {
        &self.pairs
    }

    /// True where claims of that virtual cluster are left in the namespace.
    pub(crate) fn serves(&self, cluster: usize, namespace: &str, name: &str) -> bool {
        self.virtuals.get(name).is_some_and(|spaces| spaces.contains(&(cluster, namespace.into())))
    }

    /// The virtual claim of a host claim in that cluster and namespace: by name and uid in the cluster that the user named so.
    pub(crate) fn virtual_side(
        &self,
        clusters: &[ClusterData],
        (host, namespace): (usize, &str),
        marks: &Marks<'_>,
    ) -> Virtual {
        let unread =
            |reason| Virtual::Unknown(reason, format!("virtual cluster {namespace}/{}", marks.cluster));
        let qualified = format!("{VIRTUAL_PREFIX}{namespace}/{}", marks.cluster);
        let plain = format!("{VIRTUAL_PREFIX}{}", marks.cluster);
        let position = |name: &str| clusters.iter().position(|cluster| &*cluster.name == name);
        let one = || self.virtuals.get(marks.cluster).is_none_or(|spaces| spaces.len() <= 1);
        let (at, proven) = match (position(&qualified), position(&plain)) {
            (Some(at), _) => (at, true),
            (None, Some(at)) => (at, one()),
            (None, None) => return unread(Reason::NotCollected),
        };
        let Some(cluster) = clusters.get(at).filter(|_| at != host) else { return unread(Reason::Ambiguous) };
        let found = cluster.claim(marks.namespace, marks.name).filter(|position| {
            let claim = cluster.claims.get(*position).and_then(|claim| cluster.object(claim.object));
            // Another claim of that name still has the copy; in a cluster known by a doubtful name only the uid proves it.
            claim.is_some_and(|object| proven || &*object.head.uid == marks.uid)
        });
        match found {
            Some(position) => Virtual::Present((at, position)),
            None if !proven => unread(Reason::Ambiguous),
            None => match cluster.claims_whole(marks.namespace) {
                Ok(()) => Virtual::Gone(at),
                Err(reason) => Virtual::Unknown(
                    reason,
                    format!("PersistentVolumeClaim@{}/{}", cluster.name, marks.namespace),
                ),
            },
        }
    }

    /// The virtual claim of a host claim that is gone, by the name it must have had.
    pub(crate) fn virtual_of_gone(&self, clusters: &[ClusterData], namespace: &str, name: &str) -> Virtual {
        let unread =
            || Virtual::Unknown(Reason::NotCollected, format!("virtual cluster of {namespace}/{name}"));
        for (at, cluster) in clusters.iter().enumerate() {
            let Some(named) = cluster.name.strip_prefix(VIRTUAL_PREFIX) else { continue };
            let (space, vc) = named.split_once('/').map_or((None, named), |(space, vc)| (Some(space), vc));
            if space.is_some_and(|space| space != namespace) || !name.ends_with(&format!("-x-{vc}")) {
                continue;
            }
            let head = |id: ObjectId| cluster.object(id).map(|object| &object.head);
            let found = cluster.claims.iter().position(|claim| {
                head(claim.object)
                    .is_some_and(|head| vcluster::host_name(&head.name, &head.namespace, vc) == name)
            });
            return match found {
                Some(position) => Virtual::Present((at, position)),
                None if cluster.claims_whole("*").is_ok() => Virtual::Gone(at),
                None => unread(),
            };
        }
        unread()
    }
}

/// The handle of a volume of Harvester's guest driver.
fn guest_handle<'a>(driver: Option<&str>, handle: Option<&'a str>) -> Option<&'a str> {
    handle.filter(|_| driver == Some(HARVESTER_DRIVER))
}

/// True where the host claims of guest volumes may be: in a Harvester cluster, or, where none shows that it is one, in any.
pub(crate) fn hosts_guests(clusters: &[ClusterData], cluster: &ClusterData) -> bool {
    cluster.index.harvester || !clusters.iter().any(|other| other.index.harvester)
}

/// What Harvester's CSI driver calls a host claim: `pvc-` and the uid of the guest's claim.
pub(crate) fn guest_shaped(name: &str) -> bool {
    name.starts_with("pvc-")
}

/// `NAME-x-NAMESPACE-x-VCLUSTER`, or such a name cut and hashed.
pub(crate) fn virtual_shaped(name: &str) -> bool {
    name.matches("-x-").count() >= 2
        || (name.len() == 63
            && name.rsplit_once('-').is_some_and(|(_, hash)| {
                hash.len() == 10 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            }))
}
