//! One node, as far as storage looks at it: a scheduler that selects it for claims that wait, and a kubelet whose Pods run at once
//! and end when they are told to. Tests that care about the moments between do without.

use crate::driver::{Fault, NODE, SELECTED_NODE};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Runs until it is dropped.
pub(crate) async fn run(client: kube::Client) {
    Controller::new(Api::<Pod>::all(client.clone()), watcher::Config::default())
        .run(reconcile, |_, _: &Fault, _| Action::requeue(Duration::from_millis(500)), Arc::new(client))
        .for_each(async |_| {})
        .await;
}

async fn reconcile(pod: Arc<Pod>, client: Arc<kube::Client>) -> Result<Action, Fault> {
    let namespace = pod.namespace().unwrap_or_default();
    let pods: Api<Pod> = Api::namespaced(client.as_ref().clone(), &namespace);
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    if pod.metadata.deletion_timestamp.is_some() {
        if node == Some(NODE) {
            let preconditions = Preconditions { uid: pod.uid(), resource_version: None };
            let params = DeleteParams::default().grace_period(0).preconditions(preconditions);
            gone_is_fine(pods.delete(&pod.name_any(), &params).await)?;
        }
        return Ok(Action::await_change());
    }
    match node {
        None => schedule(&pod, &pods, &client).await,
        Some(NODE) if phase == "Pending" => {
            let patch = Patch::Strategic(running(&pod));
            gone_is_fine(pods.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await)?;
            Ok(Action::await_change())
        }
        Some(_) => Ok(Action::await_change()),
    }
}

/// The status of a Pod all of whose containers run.
fn running(pod: &Pod) -> serde_json::Value {
    let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let since = &pod.metadata.creation_timestamp;
    let statuses: Vec<serde_json::Value> = containers
        .iter()
        .map(|container| {
            json!({
                "name": container.name, "image": container.image, "imageID": "", "restartCount": 0,
                "ready": true, "started": true, "state": {"running": {"startedAt": since}},
            })
        })
        .collect();
    let ready = json!([{"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"}]);
    json!({"status": {"phase": "Running", "startTime": since, "conditions": ready, "containerStatuses": statuses}})
}

/// Selects the node for its claims, and binds the Pod once all are bound.
async fn schedule(pod: &Pod, pods: &Api<Pod>, client: &kube::Client) -> Result<Action, Fault> {
    let claims: Api<PersistentVolumeClaim> =
        Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    let mut waits = false;
    for volume in volumes {
        let named = volume.persistent_volume_claim.as_ref().map(|source| source.claim_name.clone());
        let own = volume.ephemeral.as_ref().map(|_| format!("{}-{}", pod.name_any(), volume.name));
        let Some(name) = named.or(own) else { continue };
        let claim = claims.get_opt(&name).await?;
        let phase = claim.as_ref().and_then(|claim| claim.status.as_ref()?.phase.as_deref());
        waits |= phase != Some("Bound");
        let Some(claim) = claim.as_ref().filter(|_| phase == Some("Pending")) else { continue };
        if !claim.annotations().contains_key(SELECTED_NODE) {
            let patch = Patch::Merge(json!({"metadata": {"annotations": {SELECTED_NODE: NODE}}}));
            claims.patch(&name, &PatchParams::default(), &patch).await?;
        }
    }
    if waits {
        return Ok(Action::requeue(Duration::from_millis(200)));
    }
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod.name_any(), "uid": pod.uid()},
        "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
    });
    let answer: kube::Result<serde_json::Value> =
        pods.create_subresource("binding", &pod.name_any(), &PostParams::default(), &binding).await;
    gone_is_fine(answer)?;
    Ok(Action::await_change())
}

fn gone_is_fine<T>(answer: kube::Result<T>) -> Result<(), Fault> {
    match answer {
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}
