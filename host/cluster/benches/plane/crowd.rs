//! Many objects, made fast: straight to the API server, many at a time, bound by hand, on no node.

use crate::stand::Stand;
use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod, ServiceAccount};
use kube::api::{Api, Patch, PatchParams, PostParams};
use probate_apiserver::until;
use serde_json::{Value, json};

/// Requests at a time.
const AT_ONCE: usize = 64;
/// Claims of a namespace.
const PER_NAMESPACE: usize = 500;
/// Of so many claims one is not in use.
const UNUSED: usize = 100;

/// The namespace of the claim of that number.
pub(crate) fn namespace(at: usize) -> String {
    format!("crowd-{:03}", at / PER_NAMESPACE)
}

/// The name of that claim.
pub(crate) fn name(at: usize) -> String {
    format!("data-{at:05}")
}

/// Makes so many claims, as many volumes, and twice as many Pods, of which all but a hundredth mount a claim.
pub(crate) async fn fill(stand: &Stand, claims: usize) -> anyhow::Result<Vec<String>> {
    let namespaces: Vec<String> =
        (0..claims.div_ceil(PER_NAMESPACE)).map(|at| namespace(at * PER_NAMESPACE)).collect();
    for namespace in &namespaces {
        stand.namespace(namespace).await;
        let accounts: Api<ServiceAccount> = Api::namespaced(stand.client.clone(), namespace);
        until("the account of Pods", async || Ok(accounts.get_opt("default").await?)).await?;
    }
    // What binds and protects would only come between.
    stand.rig.plane.stop_controllers().await?;
    let made = futures::stream::iter(0..claims).map(|at| one(stand, at));
    made.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(namespaces)
}

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> anyhow::Result<T> {
    serde_json::from_value(value).context("a document of ours")
}

async fn one(stand: &Stand, at: usize) -> anyhow::Result<()> {
    let (namespace, name) = (namespace(at), name(at));
    let volume = format!("pvc-{at:05}");
    let (post, patch) = (PostParams::default(), PatchParams::default());
    let claims = stand.claims(&namespace);
    let claim: PersistentVolumeClaim = typed(json!({
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": format!("app-{}", at % 50), "tier": "data"},
            "annotations": {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}},
        "spec": {"storageClassName": "static", "accessModes": ["ReadWriteOnce"], "volumeName": volume,
                 "resources": {"requests": {"storage": "1Gi"}}},
    }))?;
    let claim = claims.create(&post, &claim).await?;
    let uid = claim.metadata.uid.context("a claim without uid")?;
    let volumes: Api<PersistentVolume> = Api::all(stand.client.clone());
    let document: PersistentVolume = typed(json!({
        "metadata": {"name": volume, "annotations": {"pv.kubernetes.io/provisioned-by": "csi.crowd.test"}},
        "spec": {"storageClassName": "static", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"},
                 "persistentVolumeReclaimPolicy": "Delete",
                 "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                              "namespace": namespace, "name": name, "uid": uid},
                 "csi": {"driver": "csi.crowd.test", "volumeHandle": format!("handle-{at:05}")}},
    }))?;
    volumes.create(&post, &document).await?;
    volumes.patch_status(&volume, &patch, &Patch::Merge(json!({"status": {"phase": "Bound"}}))).await?;
    let bound = json!({"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}});
    claims.patch_status(&name, &patch, &Patch::Merge(bound)).await?;
    let pods: Api<Pod> = Api::namespaced(stand.client.clone(), &namespace);
    for which in 0..2 {
        pods.create(&post, &pod(at, which, &name)?).await?;
    }
    Ok(())
}

/// A Pod as a small one of a real cluster is; the API server adds defaults and the token's volume.
fn pod(at: usize, which: usize, claim: &str) -> anyhow::Result<Pod> {
    let volume = if at % UNUSED == UNUSED - 1 {
        json!({"name": "data", "emptyDir": {}})
    } else {
        json!({"name": "data", "persistentVolumeClaim": {"claimName": claim}})
    };
    typed(json!({
        "metadata": {"name": format!("app-{at:05}-{which}"),
                     "labels": {"app.kubernetes.io/name": format!("app-{}", at % 50), "tier": "data"}},
        "spec": {"containers": [{"name": "app", "image": "registry.crowd.test/app:1.0",
                    "env": [{"name": "MODE", "value": "serve"}],
                    "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
                 "volumes": [volume]},
    }))
}
