//! Small worlds, object by object, and a policy that always wants to delete: what guards alone let through.

use crate::support::{NOW, options};
use probate_contract::evidence::Open;
use probate_contract::manifest::Policy as Manifest;
use probate_contract::plan::{DecisionAction, Entry, PlanReport};
use probate_contract::verdict::{Action, Verdict};
use probate_core::intake::{Batch, Builder};
use probate_core::pipeline;
use probate_core::policy::{Policy, PolicySet, Program};
use probate_core::port::{Answer, Chunk, Sandbox};
use serde_json::{Value, json};
use std::sync::Arc;

/// Wants everything gone.
pub(crate) struct Deleting;

impl Sandbox for Deleting {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        let delete = || Ok(Verdict { action: Action::Delete, reason: "always".into(), ..Verdict::default() });
        chunks.iter().map(|chunk| chunk.inputs.iter().map(|_| delete()).collect()).collect()
    }
}

/// Policies that want everything gone, with every consent there is and in every mode.
pub(crate) fn reckless() -> PolicySet {
    let spec = |mode: &str| {
        json!({
            "mode": mode, "match": {"namespaces": ["?*"], "storageClasses": ["?*"]}, "program": {"rego": {"inline": "-"}},
            "consents": ["ScaledDownOrdinal", "DependentSnapshots", "GitOpsTracked", "NamespaceGone"],
            "deletion": {"retainedVolumes": "DeleteObjectAndAsset"},
        })
    };
    let policy = |mode: &str| {
        let manifest = json!({
            "apiVersion": "probate.dev/v1alpha1", "kind": "ClusterRetentionPolicy", "metadata": {"name": mode.to_lowercase()},
            "spec": spec(mode),
        });
        let manifest: Manifest = serde_json::from_value(manifest).unwrap();
        let program = Program { reads: Vec::new(), paths: Default::default(), parameters: Open::default() };
        Policy { manifest, program_digest: "sha256:0".into(), program: Ok(program) }
    };
    PolicySet::new(vec![policy("Audit"), policy("Enforce")])
}

/// Objects, records and statements.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) objects: Vec<Value>,
    pub(crate) records: Vec<Value>,
}

/// What every object of an API server has.
pub(crate) fn object(
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    rest: Value,
) -> Value {
    let mut object = json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {
            "name": name, "uid": format!("uid-{}-{}-{name}", kind.to_lowercase(), namespace.unwrap_or("")),
            "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z",
        },
    });
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    merge(&mut object, &rest);
    object
}

/// Lays one document over another.
pub(crate) fn merge(onto: &mut Value, from: &Value) {
    match (onto, from) {
        (Value::Object(onto), Value::Object(from)) => {
            for (key, value) in from {
                merge(onto.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (onto, from) => *onto = from.clone(),
    }
}

pub(crate) const NAMESPACE: &str = "shop";
pub(crate) const CLAIM: &str = "data-db-1";
pub(crate) const VOLUME: &str = "pvc-data";

impl World {
    /// A claim and its volume that nothing wants, watched for long: the true orphan.
    pub(crate) fn orphan() -> Self {
        let mut world = Self::default();
        for namespace in ["kube-system", NAMESPACE, "other"] {
            world.objects.push(object(
                "v1",
                "Namespace",
                None,
                namespace,
                json!({"status": {"phase": "Active"}}),
            ));
        }
        let class = json!({"provisioner": "csi.example.com", "reclaimPolicy": "Delete"});
        world.objects.push(object("storage.k8s.io/v1", "StorageClass", None, "fast", class));
        world.objects.push(object("v1", "Node", None, "node-1", json!({})));
        world.pair(NAMESPACE, CLAIM, VOLUME, "vol-1");
        world
    }

    /// A bound pair.
    pub(crate) fn pair(&mut self, namespace: &str, claim: &str, volume: &str, handle: &str) {
        let claim_object = object(
            "v1",
            "PersistentVolumeClaim",
            Some(namespace),
            claim,
            json!({
                "metadata": {"finalizers": ["kubernetes.io/pvc-protection"]},
                "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "volumeName": volume,
                    "resources": {"requests": {"storage": "1Gi"}}},
                "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}},
            }),
        );
        let uid = claim_object["metadata"]["uid"].clone();
        let volume_object = object(
            "v1",
            "PersistentVolume",
            None,
            volume,
            json!({
                "metadata": {"finalizers": ["kubernetes.io/pv-protection"]},
                "spec": {
                    "accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "capacity": {"storage": "1Gi"},
                    "persistentVolumeReclaimPolicy": "Delete", "csi": {"driver": "csi.example.com", "volumeHandle": handle},
                    "claimRef": {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": claim, "uid": uid},
                },
                "status": {"phase": "Bound"},
            }),
        );
        self.objects.extend([claim_object, volume_object]);
        self.records.push(
            json!({"subject": format!("pvc/{namespace}/{claim}"), "unusedSince": "2026-03-01T00:00:00Z"}),
        );
    }

    /// Lays a patch over the object of that kind and name.
    pub(crate) fn patch(&mut self, kind: &str, name: &str, patch: &Value) {
        let found = self
            .objects
            .iter_mut()
            .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
            .unwrap();
        merge(found, patch);
    }

    /// Decides about it, everything stated complete.
    pub(crate) fn plan(&self) -> PlanReport {
        let mut builder = Builder::default();
        let cluster = builder.cluster("host");
        let mut batch = Batch::new(Arc::from("world"));
        for (at, object) in self.objects.iter().enumerate() {
            batch.object(object.to_string().as_bytes(), at as u64 + 1, 1);
        }
        builder.add(cluster, batch);
        for record in &self.records {
            builder.record_document(cluster, record).unwrap();
        }
        builder.complete(cluster, "*", "*");
        let inventory = builder.finish(NOW);
        assert!(inventory.diagnostics.is_empty(), "{:?}\n{:#?}", inventory.diagnostics, self.objects);
        pipeline::decide(&inventory, &reckless(), &Deleting, &options())
    }

    /// The decision about the orphan's claim, and about its volume.
    pub(crate) fn decided(&self) -> (Entry, Option<Entry>) {
        let plan = self.plan();
        let of = |kind: &str, name: &str| {
            let is =
                |entry: &&Entry| entry.subject.identity.kind == kind && entry.subject.identity.name == name;
            plan.entries.iter().find(is).cloned()
        };
        (of("PersistentVolumeClaim", CLAIM).unwrap(), of("PersistentVolume", VOLUME))
    }
}

/// True where the entry would go, or would go with its claim.
pub(crate) fn goes(entry: &Entry) -> bool {
    entry.decision.action == DecisionAction::Delete || entry.follows.is_some()
}
