//! Claims to volumes, by the rules of sig-storage-lib-external-provisioner (`shouldProvision`, `provisionClaimOperation`).

use super::{Context, DRIVER, FINALIZER, Fault, PROVISIONED_BY, SELECTED_NODE, handle_of};
use anyhow::Context as _;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::ResourceExt as _;
use kube::api::{Api, PostParams};
use kube::runtime::controller::Action;
use serde_json::{Value, json};
use std::sync::Arc;

/// Set by the binder on a claim that somebody outside must provision.
const PROVISIONER: [&str; 2] =
    ["volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner"];

pub(super) async fn reconcile(
    claim: Arc<PersistentVolumeClaim>,
    context: Arc<Context>,
) -> Result<Action, Fault> {
    let Some(class) = wanted(&claim, &context.client).await? else { return Ok(Action::await_change()) };
    let uid = claim.uid().context("a claim without uid")?;
    let name = format!("pvc-{uid}");
    let volumes: Api<PersistentVolume> = Api::all(context.client.clone());
    if volumes.get_opt(&name).await?.is_some() {
        return Ok(Action::await_change());
    }
    let handle = format!("vol-{uid}");
    let source = source(&claim, &context.client).await?;
    context.disk.create(&handle, &name, source.as_deref())?;
    let volume = serde_json::from_value(volume(&claim, &class, &name, &handle)).context("a volume")?;
    match volumes.create(&PostParams::default(), &volume).await {
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        other => drop(other?),
    }
    Ok(Action::await_change())
}

/// Its class, if the claim waits for a volume of ours and, where its class says so, a node was selected.
async fn wanted(claim: &PersistentVolumeClaim, client: &kube::Client) -> Result<Option<StorageClass>, Fault> {
    let Some(spec) = &claim.spec else { return Ok(None) };
    let annotations = claim.annotations();
    let ours = PROVISIONER.iter().any(|key| annotations.get(*key).is_some_and(|name| name == DRIVER));
    let (true, None, Some(class)) = (ours, &spec.volume_name, &spec.storage_class_name) else {
        return Ok(None);
    };
    let class: StorageClass = Api::all(client.clone()).get(class).await?;
    let waits = class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer");
    let selected = annotations.get(SELECTED_NODE).is_some_and(|node| !node.is_empty());
    Ok((!waits || selected).then_some(class))
}

/// The handle of the claim that this one is a clone of.
async fn source(claim: &PersistentVolumeClaim, client: &kube::Client) -> Result<Option<String>, Fault> {
    let source = claim.spec.as_ref().and_then(|spec| spec.data_source.as_ref());
    let Some(source) = source.filter(|source| source.kind == "PersistentVolumeClaim") else {
        return Ok(None);
    };
    let namespace = claim.namespace().unwrap_or_default();
    let other: PersistentVolumeClaim = Api::namespaced(client.clone(), &namespace).get(&source.name).await?;
    let name = other.spec.and_then(|spec| spec.volume_name).context("the source is not bound yet")?;
    let volume: PersistentVolume = Api::all(client.clone()).get(&name).await?;
    Ok(Some(handle_of(&volume).context("the source is not of this driver")?.to_owned()))
}

fn volume(claim: &PersistentVolumeClaim, class: &StorageClass, name: &str, handle: &str) -> Value {
    let spec = claim.spec.as_ref();
    let requests = spec.and_then(|spec| spec.resources.as_ref()).and_then(|all| all.requests.as_ref());
    json!({
        "metadata": {
            "name": name,
            "annotations": {
                PROVISIONED_BY: DRIVER,
                "volume.kubernetes.io/provisioner-deletion-secret-name": "",
                "volume.kubernetes.io/provisioner-deletion-secret-namespace": "",
            },
            "finalizers": [FINALIZER],
        },
        "spec": {
            "accessModes": spec.and_then(|spec| spec.access_modes.clone()),
            "capacity": {"storage": requests.and_then(|all| all.get("storage"))},
            "volumeMode": spec.and_then(|spec| spec.volume_mode.clone()),
            "storageClassName": class.name_any(),
            "persistentVolumeReclaimPolicy": class.reclaim_policy.as_deref().unwrap_or("Delete"),
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace(),
                "name": claim.name_any(), "uid": claim.uid(), "resourceVersion": claim.resource_version(),
            },
            "csi": {
                "driver": DRIVER, "volumeHandle": handle, "fsType": "ext4",
                "volumeAttributes": {"storage.kubernetes.io/csiProvisionerIdentity": "1-1-csi.rig.test"},
            },
        },
    })
}
