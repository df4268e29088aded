//! What is not complete, worked out once for each cluster and namespace: the mandatory kinds of contract §2.

use crate::facts::{Gap, Known};
use crate::intake::GroupKind;
use crate::inventory::ClusterData;
use hashbrown::HashMap;

/// Kinds that live in a namespace and can only name claims of it.
const NAMESPACED: [&str; 8] = [
    "Pod",
    "ReplicationController",
    "Deployment.apps",
    "ReplicaSet.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "Job.batch",
    "CronJob.batch",
];
/// KubeVirt kinds that name claims of their own namespace.
const VIRTUAL: [&str; 2] = [MACHINE, "VirtualMachineInstance.kubevirt.io"];
const MACHINE: &str = "VirtualMachine.kubevirt.io";
/// Kinds whose objects anywhere can name any claim or volume, or settle what becomes of it: contract §2, mandatory kinds.
const EVERYWHERE: [&str; 6] = [
    "PersistentVolume",
    "StorageClass.storage.k8s.io",
    "Namespace",
    "Node",
    "VolumeAttachment.storage.k8s.io",
    "DataVolume.cdi.kubevirt.io",
];
const SNAPSHOT: &str = "VolumeSnapshot.snapshot.storage.k8s.io";
const CONTENT: &str = "VolumeSnapshotContent.snapshot.storage.k8s.io";
const DEFINITION: &str = "CustomResourceDefinition.apiextensions.k8s.io";

/// What is not complete in one namespace.
#[derive(Clone, Debug, Default)]
struct InNamespace {
    references: Vec<Gap>,
    snapshots: Vec<Gap>,
    claims: Vec<Gap>,
    machines: Vec<Gap>,
}

/// What is not complete in one cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gaps {
    namespaces: HashMap<Box<str>, InNamespace>,
    /// For a volume that names no claim.
    nowhere: InNamespace,
    volumes: Vec<Gap>,
    classes: Vec<Gap>,
    namespace_objects: Vec<Gap>,
    layers: Vec<Gap>,
    /// What keeps it unknown which Pods mount an asset without a PersistentVolume.
    inline: Vec<Gap>,
}

/// `KIND.GROUP@CLUSTER/NAMESPACE`.
pub(crate) fn source(kind: &str, cluster: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("{kind}@{cluster}/{namespace}"),
        None => format!("{kind}@{cluster}"),
    }
}

fn list(cluster: &ClusterData, kind: &str, namespace: Option<&str>) -> Option<Gap> {
    let reason = cluster.coverage.list(&GroupKind::parse(kind), namespace).err()?;
    Some(Gap { reason, source: source(kind, &cluster.name, namespace) })
}

impl Gaps {
    pub(crate) fn of(cluster: &ClusterData) -> Self {
        let everywhere: Vec<Gap> =
            EVERYWHERE.iter().filter_map(|kind| list(cluster, kind, None)).chain(custom(cluster)).collect();
        let content = list(cluster, CONTENT, None);
        let within = |namespace: &str| {
            let at = Some(namespace);
            let kinds = NAMESPACED.iter().chain(&VIRTUAL).chain(&["PersistentVolumeClaim", SNAPSHOT]);
            let references =
                kinds.filter_map(|kind| list(cluster, kind, at)).chain(everywhere.iter().cloned());
            InNamespace {
                references: super::merged(references),
                snapshots: list(cluster, SNAPSHOT, at).into_iter().chain(content.clone()).collect(),
                claims: list(cluster, "PersistentVolumeClaim", at).into_iter().collect(),
                machines: list(cluster, MACHINE, at).into_iter().collect(),
            }
        };
        let claims = cluster
            .claims
            .iter()
            .filter_map(|claim| cluster.object(claim.object))
            .map(|object| &object.head.namespace);
        let references = cluster
            .volumes
            .iter()
            .filter_map(|volume| volume.data.claim.as_ref())
            .map(|claim| &claim.namespace);
        let mut namespaces = HashMap::new();
        for namespace in claims.chain(references) {
            if !namespaces.contains_key(namespace) {
                namespaces.insert(namespace.clone(), within(namespace));
            }
        }
        // A claim of any namespace may ask for a volume that names none.
        let claims: Vec<Gap> = list(cluster, "PersistentVolumeClaim", None).into_iter().collect();
        let nowhere = InNamespace {
            references: super::merged(everywhere.iter().cloned().chain(claims.iter().cloned())),
            snapshots: content.into_iter().collect(),
            claims,
            machines: Vec::new(),
        };
        let discovery = GroupKind::parse(DEFINITION);
        let harvester = !cluster.coverage.has_discovery();
        let layers = harvester.then(|| cluster.coverage.list(&discovery, None).err()).flatten();
        let inline = cluster.volumes.iter().any(|volume| volume.data.mounted_inline());
        let workloads = NAMESPACED.iter().filter(|_| inline);
        Self {
            inline: workloads.filter_map(|kind| list(cluster, kind, None)).collect(),
            namespaces,
            nowhere,
            volumes: list(cluster, "PersistentVolume", None).into_iter().collect(),
            classes: list(cluster, "StorageClass.storage.k8s.io", None).into_iter().collect(),
            namespace_objects: list(cluster, "Namespace", None).into_iter().collect(),
            layers: layers
                .map(|reason| Gap { reason, source: source(DEFINITION, &cluster.name, None) })
                .into_iter()
                .collect(),
        }
    }

    fn within(&self, namespace: Option<&str>) -> &InNamespace {
        namespace.and_then(|namespace| self.namespaces.get(namespace)).unwrap_or(&self.nowhere)
    }

    /// What keeps the list of references from being whole.
    pub(crate) fn references(&self, namespace: Option<&str>) -> &[Gap] {
        &self.within(namespace).references
    }

    /// What keeps it unknown which VMs use the claims of a namespace.
    pub(crate) fn machines(&self, namespace: Option<&str>) -> &[Gap] {
        &self.within(namespace).machines
    }

    pub(crate) fn snapshots(&self, namespace: Option<&str>) -> &[Gap] {
        &self.within(namespace).snapshots
    }

    pub(crate) fn claims(&self, namespace: &str, cluster: &ClusterData) -> Vec<Gap> {
        match self.namespaces.get(namespace) {
            Some(within) => within.claims.clone(),
            None => list(cluster, "PersistentVolumeClaim", Some(namespace)).into_iter().collect(),
        }
    }

    pub(crate) fn volumes(&self) -> &[Gap] {
        &self.volumes
    }

    pub(crate) fn classes(&self) -> &[Gap] {
        &self.classes
    }

    pub(crate) fn namespace_objects(&self) -> &[Gap] {
        &self.namespace_objects
    }

    /// What keeps it unknown which Pods of any namespace mount an asset without a PersistentVolume.
    pub(crate) fn inline(&self) -> &[Gap] {
        &self.inline
    }

    /// What keeps it unknown whether other layers exist.
    pub(crate) fn layers(&self) -> &[Gap] {
        &self.layers
    }

    pub(crate) fn cluster_uid(&self, cluster: &ClusterData) -> Known<String> {
        match &cluster.uid {
            Some(uid) => Known::Present(uid.to_string()),
            None => Known::Unknown(vec![Gap {
                reason: probate_contract::dump::Reason::NotCollected,
                source: source("Namespace", &cluster.name, Some("kube-system")),
            }]),
        }
    }
}

/// Custom kinds that discovery shows and that are not whole in all namespaces; without discovery none is known.
fn custom(cluster: &ClusterData) -> Vec<Gap> {
    let named = |name: &str| {
        NAMESPACED
            .iter()
            .chain(&VIRTUAL)
            .chain(&EVERYWHERE)
            .chain(&[SNAPSHOT, CONTENT])
            .any(|kind| *kind == name)
    };
    match cluster.coverage.custom_kinds(&cluster.defined) {
        Ok(kinds) => kinds
            .iter()
            .filter(|kind| !cluster.ignores(kind) && !named(&kind.to_string()))
            .filter_map(|kind| list(cluster, &kind.to_string(), None))
            .collect(),
        Err(reason) => vec![Gap { reason, source: source(DEFINITION, &cluster.name, None) }],
    }
}
