//! Machines and clusters from a Harvester VM up to Rancher's management cluster. They name no claims; they tell whose a VM is and
//! whether that cluster still lives. Matched by group and kind, as Rancher's own handler does, never by version.

use super::map::Map;
use super::meta::{Meta, nullable};
use super::table::Known;
use super::{Parsed, Payload, Read, Unreadable};
use crate::intake::GroupKind;
use serde::Deserialize;
use std::sync::Arc;

const LINK: &str = "It names no claim; it tells whose a VM is and whether that cluster lives.";

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "rke-machine.cattle.io",
        kind: "HarvesterMachine",
        says: LINK,
        fields: &["metadata.labels[cluster.x-k8s.io/cluster-name]", "spec.providerID", "spec.vmNamespace"],
        source: "rancher v2.12, pkg/controllers/provisioningv2/harvestercleanup/controller.go",
        read: harvester_machine,
    },
    Known {
        group: "cluster.x-k8s.io",
        kind: "Machine",
        says: LINK,
        fields: &[
            "metadata.labels[cluster.x-k8s.io/cluster-name]",
            "spec.clusterName",
            "spec.infrastructureRef",
        ],
        source: "cluster-api v1.11, api/core/v1beta2/machine_types.go",
        read: machine,
    },
    Known {
        group: "cluster.x-k8s.io",
        kind: "Cluster",
        says: LINK,
        fields: &["metadata.annotations[harvesterhci.io/skipHarvesterMachineProvisionCleanup]"],
        source: "cluster-api v1.11, api/core/v1beta2/cluster_types.go",
        read: api_cluster,
    },
    Known {
        group: "provisioning.cattle.io",
        kind: "Cluster",
        says: LINK,
        fields: &[
            "metadata.annotations[harvesterhci.io/skipHarvesterMachineProvisionCleanup]",
            "status.clusterName",
        ],
        source: "rancher v2.12, pkg/apis/provisioning.cattle.io/v1/cluster_types.go",
        read: provisioning_cluster,
    },
    Known {
        group: "management.cattle.io",
        kind: "Cluster",
        says: "It names no claim; another workspace than the provisioning Cluster's means that the cluster moves.",
        fields: &["metadata.labels[provider.cattle.io]", "spec.displayName", "spec.fleetWorkspaceName"],
        source: "rancher v2.12, pkg/apis/management.cattle.io/v3/cluster_types.go",
        read: management_cluster,
    },
];

/// One link of the chain VM, HarvesterMachine, Machine, Cluster, provisioning Cluster, management Cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    HarvesterMachine(HarvesterMachine),
    Machine(Machine),
    ApiCluster(ApiCluster),
    Provisioning(Provisioning),
    Management(Management),
}

/// `HarvesterMachine.rke-machine.cattle.io` (rancher, pkg/controllers/provisioningv2/harvestercleanup/controller.go).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HarvesterMachine {
    /// Name of the CAPI Cluster in its own namespace.
    pub(crate) cluster: Option<Box<str>>,
    /// Namespace of the VM on the Harvester.
    pub(crate) vm_namespace: Option<Box<str>>,
    /// Uid of the VM, out of `harvester://UID`.
    pub(crate) vm_uid: Option<Box<str>>,
}

/// `Machine.cluster.x-k8s.io` (cluster-api, api/core/v1beta2/machine_types.go).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    /// Name of the CAPI Cluster in its own namespace.
    pub(crate) cluster: Option<Box<str>>,
    /// Kind and name of the machine of the infrastructure, in its own namespace.
    pub(crate) infrastructure: Option<(Box<str>, Box<str>)>,
}

/// `Cluster.cluster.x-k8s.io`; the provisioning Cluster has its namespace and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ApiCluster {
    /// `harvesterhci.io/skipHarvesterMachineProvisionCleanup` is true.
    pub(crate) keep_volumes: bool,
}

/// `Cluster.provisioning.cattle.io` (rancher, pkg/apis/provisioning.cattle.io/v1/cluster_types.go).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Provisioning {
    /// Name of the management Cluster.
    pub(crate) management: Option<Box<str>>,
    /// `harvesterhci.io/skipHarvesterMachineProvisionCleanup` is true.
    pub(crate) keep_volumes: bool,
}

/// `Cluster.management.cattle.io` (rancher, pkg/apis/management.cattle.io/v3/cluster_types.go).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Management {
    pub(crate) display_name: Option<Box<str>>,
    /// Namespace of the provisioning Cluster; another one means that the cluster moves there.
    pub(crate) workspace: Option<Box<str>>,
    /// It is itself a Harvester that was imported.
    pub(crate) harvester: bool,
}

const CLUSTER_NAME: &str = "cluster.x-k8s.io/cluster-name";
const SKIP_CLEANUP: &str = "harvesterhci.io/skipHarvesterMachineProvisionCleanup";
const PROVIDER: &str = "provider.cattle.io";
const VM_SCHEME: &str = "harvester://";

#[derive(Deserialize)]
#[serde(bound(deserialize = "S: Default + Deserialize<'de>, T: Default + Deserialize<'de>"))]
struct Object<'a, S, T> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: S,
    #[serde(default, deserialize_with = "nullable")]
    status: T,
}

#[derive(Deserialize, Default)]
struct Unread {}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct HarvesterMachineSpec {
    vm_namespace: Option<Box<str>>,
    #[serde(rename = "providerID")]
    provider_id: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct MachineSpec {
    cluster_name: Option<Box<str>>,
    infrastructure_ref: Option<InfrastructureRef>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InfrastructureRef {
    kind: Box<str>,
    name: Box<str>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ProvisioningStatus {
    cluster_name: Option<Box<str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ManagementSpec {
    display_name: Option<Box<str>>,
    fleet_workspace_name: Option<Box<str>>,
}

fn object<'a, S, T>(kind: &GroupKind, json: &'a [u8]) -> Result<Object<'a, S, T>, Unreadable>
where
    S: Default + Deserialize<'a>,
    T: Default + Deserialize<'a>,
{
    serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))
}

fn layer(kind: &GroupKind, meta: Meta<'_>, layer: Layer) -> Read {
    Ok(Parsed { payload: Payload::Layer(Arc::new(layer)), ..Parsed::new(kind, meta.head(kind)?) })
}

fn filled(text: Option<Box<str>>) -> Option<Box<str>> {
    text.filter(|text| !text.is_empty())
}

fn cluster_of(labels: &Map) -> Option<Box<str>> {
    labels.get(CLUSTER_NAME).filter(|name| !name.is_empty()).map(|name| name.into())
}

/// True where Go's `strconv.ParseBool` says so, as in Rancher's handler.
fn truth(annotations: &Map, key: &str) -> bool {
    annotations.get(key).is_some_and(|value| matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True"))
}

/// HarvesterMachine.
pub(crate) fn harvester_machine(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, .. } = object::<HarvesterMachineSpec, Unread>(kind, json)?;
    let vm_uid = spec.provider_id.and_then(|id| id.strip_prefix(VM_SCHEME).map(Box::from));
    let machine = HarvesterMachine {
        cluster: cluster_of(&metadata.labels(kind)?),
        vm_namespace: filled(spec.vm_namespace),
        vm_uid: filled(vm_uid),
    };
    layer(kind, metadata, Layer::HarvesterMachine(machine))
}

/// Machine.
pub(crate) fn machine(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, .. } = object::<MachineSpec, Unread>(kind, json)?;
    let infrastructure = spec
        .infrastructure_ref
        .map(|reference| (reference.kind, reference.name))
        .filter(|(_, name)| !name.is_empty());
    let machine = Machine {
        cluster: cluster_of(&metadata.labels(kind)?).or_else(|| filled(spec.cluster_name)),
        infrastructure,
    };
    layer(kind, metadata, Layer::Machine(machine))
}

/// CAPI Cluster.
pub(crate) fn api_cluster(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, .. } = object::<Unread, Unread>(kind, json)?;
    let cluster = ApiCluster { keep_volumes: truth(&metadata.annotations(kind)?, SKIP_CLEANUP) };
    layer(kind, metadata, Layer::ApiCluster(cluster))
}

/// Provisioning Cluster.
pub(crate) fn provisioning_cluster(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, status, .. } = object::<Unread, ProvisioningStatus>(kind, json)?;
    let cluster = Provisioning {
        management: filled(status.cluster_name),
        keep_volumes: truth(&metadata.annotations(kind)?, SKIP_CLEANUP),
    };
    layer(kind, metadata, Layer::Provisioning(cluster))
}

/// Management Cluster.
pub(crate) fn management_cluster(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec, .. } = object::<ManagementSpec, Unread>(kind, json)?;
    let cluster = Management {
        display_name: filled(spec.display_name),
        workspace: filled(spec.fleet_workspace_name),
        harvester: metadata.labels(kind)?.get(PROVIDER).is_some_and(|provider| provider == "harvester"),
    };
    layer(kind, metadata, Layer::Management(cluster))
}

#[cfg(test)]
mod tests {
    use super::{ApiCluster, HarvesterMachine, Layer, Machine, Management, Provisioning, SKIP_CLEANUP};
    use crate::kinds::{Payload, read};
    use serde_json::{Value, json};

    fn layer(object: &Value) -> Layer {
        let parsed = read(object.to_string().as_bytes()).ok().unwrap();
        assert!(parsed.edges.is_empty() && parsed.names.is_empty(), "they name no claims");
        match parsed.payload {
            Payload::Layer(layer) => (*layer).clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_harvester_machine_names_its_vm_and_its_cluster() {
        let object = |spec: Value| {
            json!({"apiVersion": "rke-machine.cattle.io/v1", "kind": "HarvesterMachine",
                "metadata": {"name": "gc1-pool1-x", "namespace": "fleet-default", "uid": "u",
                    "labels": {"cluster.x-k8s.io/cluster-name": "gc1"}}, "spec": spec})
        };
        let told = layer(&object(json!({"vmNamespace": "team-a", "providerID": "harvester://5b1c"})));
        assert_eq!(
            told,
            Layer::HarvesterMachine(HarvesterMachine {
                cluster: Some("gc1".into()),
                vm_namespace: Some("team-a".into()),
                vm_uid: Some("5b1c".into()),
            })
        );
        let other = layer(&object(json!({"providerID": "vsphere://5b1c", "vmNamespace": ""})));
        assert_eq!(
            other,
            Layer::HarvesterMachine(HarvesterMachine {
                cluster: Some("gc1".into()),
                ..HarvesterMachine::default()
            })
        );
    }

    #[test]
    fn a_machine_belongs_to_the_cluster_of_its_label_or_spec() {
        let object = |labels: Value| {
            json!({"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine",
                "metadata": {"name": "m", "namespace": "fleet-default", "uid": "u", "labels": labels},
                "spec": {"clusterName": "gc2", "infrastructureRef": {"kind": "HarvesterMachine", "name": "h"}}})
        };
        let machine = |cluster: &str| {
            Layer::Machine(Machine {
                cluster: Some(cluster.into()),
                infrastructure: Some(("HarvesterMachine".into(), "h".into())),
            })
        };
        assert_eq!(layer(&object(json!({"cluster.x-k8s.io/cluster-name": "gc1"}))), machine("gc1"));
        assert_eq!(layer(&object(json!({}))), machine("gc2"));
    }

    #[test]
    fn the_skip_annotation_counts_where_go_reads_it_as_true() {
        let cluster = |value: &str| {
            layer(&json!({"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster",
                "metadata": {"name": "gc1", "namespace": "fleet-default", "uid": "u", "annotations": {SKIP_CLEANUP: value}}}))
        };
        for (value, keep_volumes) in
            [("true", true), ("1", true), ("false", false), ("yes", false), ("", false)]
        {
            assert_eq!(cluster(value), Layer::ApiCluster(ApiCluster { keep_volumes }), "{value}");
        }
    }

    #[test]
    fn the_clusters_of_rancher_name_each_other() {
        let provisioning = layer(&json!({"apiVersion": "provisioning.cattle.io/v1", "kind": "Cluster",
            "metadata": {"name": "gc1", "namespace": "fleet-default", "uid": "u", "annotations": {SKIP_CLEANUP: "true"}},
            "spec": {"rkeConfig": {}}, "status": {"clusterName": "c-m-1"}}));
        assert_eq!(
            provisioning,
            Layer::Provisioning(Provisioning { management: Some("c-m-1".into()), keep_volumes: true })
        );
        let management = |labels: Value| {
            layer(&json!({"apiVersion": "management.cattle.io/v3", "kind": "Cluster",
                "metadata": {"name": "c-m-1", "uid": "u", "labels": labels},
                "spec": {"displayName": "gc1", "fleetWorkspaceName": "fleet-default"}}))
        };
        let told = |harvester| {
            Layer::Management(Management {
                display_name: Some("gc1".into()),
                workspace: Some("fleet-default".into()),
                harvester,
            })
        };
        assert_eq!(management(json!({"provider.cattle.io": "harvester"})), told(true));
        assert_eq!(management(json!({"provider.cattle.io": "rke2"})), told(false));
    }
}
