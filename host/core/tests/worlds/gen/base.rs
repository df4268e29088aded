//! The ground that things are planted on: clusters of one shape, with claims that nothing wants.

use super::edges::Shape;
use super::plant::{Plot, Target};
use super::random::Random;
use crate::world::{Cluster, Says};
use serde_json::{Value, json};

/// Names of which each is at once an ordinal's and an ephemeral volume's.
const NAMES: [&str; 6] = ["data-db-1", "data-db-2", "logs-web-1", "disk-app-0", "data-db-12", "data-cache-1"];
/// Namespaces of claims.
const NAMESPACES: [&str; 2] = ["shop", "other"];
/// Kinds that every cluster has, with or without objects.
const KINDS: [&str; 29] = [
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass.storage.k8s.io",
    "Namespace",
    "Node",
    "Service",
    "Pod",
    "ReplicationController",
    "Deployment.apps",
    "ReplicaSet.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "Job.batch",
    "CronJob.batch",
    "HorizontalPodAutoscaler.autoscaling",
    "VolumeAttachment.storage.k8s.io",
    "VolumeSnapshot.snapshot.storage.k8s.io",
    "VolumeSnapshotContent.snapshot.storage.k8s.io",
    "VirtualMachine.kubevirt.io",
    "VirtualMachineInstance.kubevirt.io",
    "DataVolume.cdi.kubevirt.io",
    "VirtualMachineRestore.snapshot.kubevirt.io",
    "VirtualMachineSnapshotContent.snapshot.kubevirt.io",
    "Widget.example.com",
    "Application.argoproj.io",
    "Kustomization.kustomize.toolkit.fluxcd.io",
    "HelmRelease.helm.toolkit.fluxcd.io",
    "ScaledObject.keda.sh",
    "CustomResourceDefinition.apiextensions.k8s.io",
];

/// Those of them that may be stated absent.
const ABSENT: [&str; 3] = [
    "VirtualMachineRestore.snapshot.kubevirt.io",
    "HelmRelease.helm.toolkit.fluxcd.io",
    "ScaledObject.keda.sh",
];

/// A world before anything wants the target.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    pub(crate) plot: Plot,
    pub(crate) targets: Vec<Target>,
    /// How completeness is stated, cluster by cluster.
    styles: Vec<usize>,
}

/// Clusters of that shape; the first target is the one that matters.
pub(crate) fn build(random: Random, shape: Shape) -> Built {
    let mut plot = Plot::new(random);
    let names: &[&str] = match shape {
        Shape::Plain | Shape::Pair => &["host"],
        Shape::Guest | Shape::Harvester => &["harvester", "rancher", "gc1"],
        Shape::Synced | Shape::Virtual => &["host", "vcluster:vc1", "vcluster:vc2"],
    };
    for name in names {
        plot.world.clusters.push(Cluster { name: (*name).into(), ..Cluster::default() });
    }
    for cluster in 0..names.len() {
        ground(&mut plot, cluster);
    }
    let mut targets = Vec::new();
    match shape {
        Shape::Guest => targets.push(super::layers::guest_volume(&mut plot)),
        Shape::Synced => targets.push(super::layers::synced_volume(&mut plot)),
        Shape::Plain | Shape::Pair | Shape::Harvester | Shape::Virtual => {}
    }
    if matches!(shape, Shape::Guest | Shape::Harvester) {
        super::layers::live_guest(&mut plot);
    }
    if matches!(shape, Shape::Synced | Shape::Virtual) {
        super::layers::live_virtual(&mut plot);
    }
    let more = 1 + plot.random.below(2);
    for at in 0..more {
        let cluster = if at == 0 { 0 } else { plot.random.below(names.len()) };
        targets.extend(orphan(&mut plot, cluster, at == 0));
    }
    let styles = names.iter().map(|_| *plot.random.one(&[0, 0, 0, 1, 2])).collect();
    Built { plot, targets, styles }
}

/// What every cluster has.
fn ground(plot: &mut Plot, cluster: usize) {
    for name in ["shop", "other", "elsewhere"] {
        plot.add(cluster, ("v1", "Namespace"), ("", name), &json!({"status": {"phase": "Active"}}));
    }
    let class = json!({"provisioner": "csi.example.com", "reclaimPolicy": "Delete"});
    plot.add(cluster, ("storage.k8s.io/v1", "StorageClass"), ("", "fast"), &class);
    plot.add(cluster, ("v1", "Node"), ("", "node-1"), &json!({}));
    if plot.world.clusters[cluster].name == "harvester" {
        // Two, so that one may be erased.
        for name in ["server-version", "ui-source"] {
            plot.add(cluster, ("harvesterhci.io/v1beta1", "Setting"), ("", name), &json!({"value": "x"}));
        }
    }
}

/// A claim that nothing wants, of a name that is free.
fn orphan(plot: &mut Plot, cluster: usize, first: bool) -> Option<Target> {
    let (namespace, name) = (*plot.random.one(&NAMESPACES), *plot.random.one(&NAMES));
    let taken = |object: &Value| {
        object["kind"] == "PersistentVolumeClaim"
            && object["metadata"]["name"] == name
            && object["metadata"]["namespace"] == namespace
    };
    if plot.world.clusters[cluster].objects.iter().any(taken) {
        return None;
    }
    let bound = first || plot.random.percent(85);
    let owned = plot.random.percent(15);
    let driver = if plot.random.percent(90) { "csi.example.com" } else { "" };
    let target = pair(plot, cluster, (namespace, name), bound, driver);
    if owned {
        namesake(plot, &target);
    }
    Some(target)
}

/// An owner that is gone, whose name another object has now.
fn namesake(plot: &mut Plot, target: &Target) {
    let (api, kind, name) = ("example.com/v1", "Widget", format!("owner-of-{}", &target.uid[..8]));
    let owner = json!({"apiVersion": api, "kind": kind, "name": name, "uid": plot.uid(), "controller": true});
    plot.claim(target, &json!({"metadata": {"ownerReferences": [owner]}}));
    plot.add(target.cluster, (api, kind), (&target.namespace, &name), &json!({"spec": {}}));
}

/// A claim, its volume if it has one, and a record that nothing has wanted it since spring. Without a driver the volume is in-tree.
pub(super) fn pair(
    plot: &mut Plot,
    cluster: usize,
    named: (&str, &str),
    bound: bool,
    driver: &str,
) -> Target {
    let uid = plot.uid();
    let volume = if bound { format!("pvc-{uid}") } else { String::new() };
    let handle = if bound && !driver.is_empty() { format!("vol-{}", &uid[..8]) } else { String::new() };
    let phase = if bound { "Bound" } else { "Pending" };
    let mut claim = json!({
        "metadata": {"uid": uid, "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": phase},
    });
    if bound {
        claim["spec"]["volumeName"] = json!(volume);
    }
    plot.add(cluster, ("v1", "PersistentVolumeClaim"), named, &claim);
    if bound {
        let source = match handle.as_str() {
            "" => json!({"awsElasticBlockStore": {"volumeID": format!("aws-{}", &uid[..8])}}),
            handle => json!({"csi": {"driver": driver, "volumeHandle": handle}}),
        };
        let reference =
            json!({"kind": "PersistentVolumeClaim", "namespace": named.0, "name": named.1, "uid": uid});
        let mut volume_object = json!({
            "metadata": {"finalizers": ["kubernetes.io/pv-protection"]},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "capacity": {"storage": "1Gi"},
                "persistentVolumeReclaimPolicy": "Delete", "claimRef": reference},
            "status": {"phase": "Bound"},
        });
        crate::world::merge(&mut volume_object["spec"], &source);
        plot.add(cluster, ("v1", "PersistentVolume"), ("", &volume), &volume_object);
    }
    let subject = format!("pvc/{}/{}", named.0, named.1);
    plot.world.records.push((cluster, json!({"subject": subject, "unusedSince": "2026-03-01T00:00:00Z"})));
    Target {
        cluster,
        namespace: named.0.into(),
        name: named.1.into(),
        uid,
        volume,
        driver: driver.into(),
        handle,
        real: true,
    }
}

impl Built {
    /// States everything whole, in the style of each cluster: at a stroke, kind by kind, or namespace by namespace.
    pub(crate) fn state(&mut self) {
        for (cluster, style) in self.plot.world.clusters.iter_mut().zip(&self.styles) {
            cluster.says = match style {
                0 => vec![Says::Complete("*".into(), "*".into())],
                style => by_kind(cluster, *style == 2),
            };
        }
    }

    /// Perhaps a volume whose claim is gone, now and then with something that binds it again; what is planted on it may want it too.
    pub(crate) fn release(&mut self) {
        let cluster = self.plot.random.below(self.plot.world.clusters.len());
        if !self.plot.random.percent(40) {
            return;
        }
        let mut gone = pair(&mut self.plot, cluster, ("shop", "gone-db-0"), true, "csi.example.com");
        gone.real = false;
        let data = &mut self.plot.world;
        data.clusters[cluster].objects.retain(|object| object["metadata"]["name"] != "gone-db-0");
        if let Some((_, record)) = data.records.last_mut() {
            record["subject"] = json!(format!("pv/{}", gone.volume));
        }
        let status = json!({"phase": "Released", "lastPhaseTransitionTime": "2026-03-01T00:00:00Z"});
        self.plot.patch(cluster, "PersistentVolume", ("", &gone.volume), &json!({"status": status}));
        if self.plot.random.percent(10) {
            let annotations = json!({"harvesterhci.io/grafana-pv-name": gone.volume});
            let named = ("elsewhere", "rancher-monitoring");
            let rest = json!({"metadata": {"annotations": annotations}, "spec": {"enabled": false}});
            self.plot.add(cluster, ("harvesterhci.io/v1beta1", "Addon"), named, &rest);
        }
        self.targets.push(gone);
    }

    /// The name that something else wants: of another namespace, another cluster, or nearly the same.
    pub(crate) fn ghost(&mut self, of: &Target) -> Target {
        let mut ghost = of.clone();
        ghost.real = false;
        ghost.uid = self.plot.uid();
        ghost.handle = if of.handle.is_empty() { String::new() } else { format!("{}-near", of.handle) };
        let others: Vec<usize> = (0..self.plot.world.clusters.len()).filter(|at| *at != of.cluster).collect();
        match self.plot.random.below(3) {
            0 if !others.is_empty() => ghost.cluster = *self.plot.random.one(&others),
            1 => ghost.name.push('0'),
            _ => "elsewhere".clone_into(&mut ghost.namespace),
        }
        if ghost.cluster == of.cluster && !of.volume.is_empty() {
            ghost.volume.push('0');
        }
        ghost
    }
}

/// `KIND.GROUP`, core kinds without group.
pub(crate) fn typed(object: &Value) -> String {
    let (version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
    version.split_once('/').map_or(kind.to_owned(), |(group, _)| format!("{kind}.{group}"))
}

fn by_kind(cluster: &Cluster, spaced: bool) -> Vec<Says> {
    let mut kinds: Vec<String> = KINDS.iter().map(ToString::to_string).collect();
    for object in &cluster.objects {
        let kind = typed(object);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let mut says = vec![Says::Discovered(kinds.clone())];
    for kind in kinds {
        let there = |object: &Value| typed(object) == kind;
        if spaced && ABSENT.contains(&kind.as_str()) && !cluster.objects.iter().any(there) {
            says.push(Says::Absent(kind));
            continue;
        }
        // Known to be there; what it lists is not needed, where discovery tells.
        if kind.starts_with("CustomResourceDefinition") {
            continue;
        }
        let workload = kind == "Pod" || kind.ends_with(".apps") || kind.ends_with(".batch");
        if spaced && workload {
            says.extend(NAMESPACES.map(|namespace| Says::Complete(kind.clone(), namespace.into())));
        } else {
            says.push(Says::Complete(kind, "*".into()));
        }
    }
    says
}
