//! Claims, volumes, namespaces, classes and records as an API server has them.

use super::random::Random;
use super::{CLUSTER_UID, Fate, NOW, Plan, Shape};
use serde_json::{Map, Value, json};

pub(super) const CLASSES: [&str; 4] = ["harvester-longhorn", "ceph-rbd", "local-path", "ceph-cephfs"];
const DRIVERS: [&str; 4] =
    ["driver.longhorn.io", "rbd.csi.ceph.com", "rancher.io/local-path", "cephfs.csi.ceph.com"];
const SIZES: [&str; 6] = ["10Gi", "1Gi", "20Gi", "50Gi", "5Gi", "100Gi"];
const APPS: [&str; 24] = [
    "web", "db", "cache", "queue", "search", "metrics", "logs", "git", "registry", "ci", "mail", "wiki",
    "chat", "billing", "ledger", "auth", "gateway", "reports", "media", "proxy", "ml", "etl", "audit",
    "backup",
];
const ENVIRONMENTS: [&str; 4] = ["dev", "prod", "staging", "test"];

/// One choice a claim and its volume share.
pub(super) struct Traits {
    pub(super) class: usize,
    size: &'static str,
    pub(super) app: &'static str,
    tier: &'static str,
}

pub(super) fn traits(plan: &Plan, at: usize) -> Traits {
    let mut random = Random::of(plan.seed, "traits", at);
    let of = |list: &'static [&'static str], rank: usize| list.get(rank).copied().unwrap_or_default();
    Traits {
        class: random.zipf(CLASSES.len()),
        size: of(&SIZES, random.zipf(SIZES.len())),
        app: of(&APPS, random.zipf(APPS.len())),
        tier: of(&["data", "frontend", "batch"], random.zipf(3)),
    }
}

fn day(random: &mut Random, from: (u64, u64), days: usize) -> String {
    // Days from 1 January of that year, all months cut to 28 days: every date exists.
    let (year, month) = from;
    let day = random.below(days) as u64;
    let months = (month - 1) + day / 28;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        year + months / 12,
        months % 12 + 1,
        day % 28 + 1,
        random.below(24),
        random.below(60),
        random.below(60)
    )
}

pub(super) fn namespace_name(at: usize) -> String {
    let app = APPS.get(at % APPS.len()).copied().unwrap_or_default();
    format!("team-{app}-{at}")
}

pub(super) fn claim_name(plan: &Plan, at: usize) -> String {
    format!("{}-data-{at}", traits(plan, at).app)
}

pub(super) fn claim_uid(plan: &Plan, at: usize) -> String {
    Random::of(plan.seed, "claim-uid", at).uid()
}

fn volume_uid(plan: &Plan, at: usize) -> String {
    Random::of(plan.seed, "volume-uid", at).uid()
}

fn handle(plan: &Plan, at: usize) -> String {
    format!("pvc-{}", claim_uid(plan, at))
}

fn labels(plan: &Plan, at: usize) -> Map<String, Value> {
    let traits = traits(plan, at);
    let mut labels = Map::new();
    match plan.shape {
        Shape::RealLike | Shape::Machines => {
            labels.insert("app.kubernetes.io/name".into(), json!(traits.app));
            labels.insert("app.kubernetes.io/managed-by".into(), json!("Helm"));
            labels.insert("tier".into(), json!(traits.tier));
        }
        Shape::AllDistinct => {
            let own = Random::of(plan.seed, "label", at).suffix(12);
            labels.insert(format!("app.kubernetes.io/{own}"), json!(own));
            labels.insert("instance".into(), json!(format!("{own}-{at}")));
        }
    }
    labels
}

pub(super) fn classes() -> impl Iterator<Item = Value> {
    CLASSES.iter().zip(DRIVERS).enumerate().map(|(at, (name, driver))| {
        json!({
            "allowVolumeExpansion": true, "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"creationTimestamp": "2025-01-10T08:00:00Z", "name": name,
                "resourceVersion": format!("{}", 300 + at), "uid": Random::of(1, "class", at).uid()},
            "provisioner": driver, "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"
        })
    })
}

pub(super) fn system_namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"creationTimestamp": "2025-01-10T08:00:00Z", "labels": {"kubernetes.io/metadata.name": "kube-system"},
            "name": "kube-system", "resourceVersion": "4", "uid": CLUSTER_UID},
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
}

pub(super) fn namespace(plan: &Plan, at: usize) -> Value {
    let mut random = Random::of(plan.seed, "namespace", at);
    let name = namespace_name(at);
    let env = ENVIRONMENTS.get(random.zipf(ENVIRONMENTS.len())).copied().unwrap_or_default();
    json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"creationTimestamp": day(&mut random, (2025, 1), 300),
            "labels": {"env": env, "kubernetes.io/metadata.name": name},
            "name": name, "resourceVersion": format!("{}", 1000 + at), "uid": random.uid()},
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
}

pub(super) fn claim(plan: &Plan, at: usize) -> Value {
    let mut random = Random::of(plan.seed, "claim", at);
    let traits = traits(plan, at);
    let driver = DRIVERS.get(traits.class).copied().unwrap_or_default();
    let pending = plan.fate(at) == Fate::Pending;
    let mut metadata = json!({"creationTimestamp": day(&mut random, (2025, 2), 400),
        "finalizers": ["kubernetes.io/pvc-protection"], "labels": labels(plan, at), "name": claim_name(plan, at),
        "namespace": namespace_name(plan.namespace(at)), "resourceVersion": format!("{}", 100_000 + random.below(9_000_000)),
        "uid": claim_uid(plan, at)});
    let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": traits.size}},
        "storageClassName": CLASSES.get(traits.class), "volumeMode": "Filesystem"});
    let mut status = json!({"phase": "Pending"});
    if let (false, Some(metadata), Some(spec)) = (pending, metadata.as_object_mut(), spec.as_object_mut()) {
        metadata.insert("annotations".into(), json!({"pv.kubernetes.io/bind-completed": "yes",
            "pv.kubernetes.io/bound-by-controller": "yes", "volume.beta.kubernetes.io/storage-provisioner": driver,
            "volume.kubernetes.io/storage-provisioner": driver}));
        spec.insert("volumeName".into(), json!(handle(plan, at)));
        status =
            json!({"accessModes": ["ReadWriteOnce"], "capacity": {"storage": traits.size}, "phase": "Bound"});
    }
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec, "status": status})
}

pub(super) fn volume(plan: &Plan, at: usize) -> Value {
    let mut random = Random::of(plan.seed, "volume", at);
    let traits = traits(plan, at);
    let driver = DRIVERS.get(traits.class).copied().unwrap_or_default();
    // The volume of a claim that waits is a left-over: its own claim, of the same namespace, is gone.
    let released = plan.fate(at) == Fate::Pending;
    let (name, uid) = if released {
        (format!("{}-old-{at}", traits.app), Random::of(plan.seed, "gone-claim", at).uid())
    } else {
        (claim_name(plan, at), claim_uid(plan, at))
    };
    let policy = if released && at % 300 == 91 { "Retain" } else { "Delete" };
    let changed = if released { day(&mut random, (2026, 8), 70) } else { day(&mut random, (2025, 2), 400) };
    json!({"apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {
            "annotations": {"pv.kubernetes.io/provisioned-by": driver,
                "volume.kubernetes.io/provisioner-deletion-secret-name": "csi-provisioner",
                "volume.kubernetes.io/provisioner-deletion-secret-namespace": "storage-system"},
            "creationTimestamp": day(&mut random, (2025, 2), 400),
            "finalizers": ["kubernetes.io/pv-protection"], "name": handle(plan, at),
            "resourceVersion": format!("{}", 100_000 + random.below(9_000_000)), "uid": volume_uid(plan, at)},
        "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": traits.size},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": name,
                "namespace": namespace_name(plan.namespace(at)), "resourceVersion": format!("{}", 90_000 + at), "uid": uid},
            "csi": {"driver": driver, "fsType": "ext4", "volumeAttributes": {"numberOfReplicas": "3",
                "storage.kubernetes.io/csiProvisionerIdentity": format!("1731000000000-{}-{driver}", 1000 + traits.class)},
                "volumeHandle": handle(plan, at)},
            "persistentVolumeReclaimPolicy": policy, "storageClassName": CLASSES.get(traits.class),
            "volumeMode": "Filesystem"},
        "status": {"lastPhaseTransitionTime": changed, "phase": if released { "Released" } else { "Bound" }}})
}

/// The record of a claim that may go, or of a left-over volume of which every second was watched.
pub(super) fn record(plan: &Plan, at: usize) -> Option<Value> {
    let mut random = Random::of(plan.seed, "record", at);
    let (name, uid) = match plan.fate(at) {
        Fate::Orphan => (claim_name(plan, at), claim_uid(plan, at)),
        Fate::Pending if at % 200 == 91 => {
            (format!("{}-old-{at}", traits(plan, at).app), Random::of(plan.seed, "gone-claim", at).uid())
        }
        Fate::Pending | Fate::Used | Fate::Unobserved => return None,
    };
    Some(json!({"apiVersion": "probate.dev/v1alpha1", "kind": "VolumeRecord",
        "metadata": {"name": format!("c-{uid}"), "namespace": "probate"},
        "spec": {"claim": {"name": name, "namespace": namespace_name(plan.namespace(at)), "uid": uid},
            "cluster": {"name": "host", "uid": CLUSTER_UID},
            "volume": {"driver": DRIVERS.get(traits(plan, at).class), "name": handle(plan, at), "uid": volume_uid(plan, at),
                "volumeHandle": handle(plan, at)}},
        "status": {"observation": {"continuity": "Watched", "firstAt": "2025-02-01T00:00:00Z", "largestGapSeconds": 41,
                "lastAt": NOW},
            "unusedSince": day(&mut random, (2026, 4), 180)}}))
}
