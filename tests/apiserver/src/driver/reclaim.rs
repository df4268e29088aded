//! Volumes to nothing, by the rules of sig-storage-lib-external-provisioner (`handleProtectionFinalizer`, `shouldDelete`,
//! `deleteVolumeOperation`). As there, what was last watched is enough to destroy.

use super::{Context, DRIVER, FINALIZER, Fault, PROVISIONED_BY, handle_of};
use anyhow::anyhow;
use k8s_openapi::api::core::v1::PersistentVolume;
use k8s_openapi::api::storage::v1::VolumeAttachment;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kube::runtime::controller::Action;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn reconcile(volume: Arc<PersistentVolume>, context: Arc<Context>) -> Result<Action, Fault> {
    if !ours(&volume) {
        return Ok(Action::await_change());
    }
    let volumes: Api<PersistentVolume> = Api::all(context.client.clone());
    protect(&volume, &volumes).await?;
    if should_destroy(&volume) {
        destroy(&volume, &volumes, &context).await?;
    }
    Ok(Action::await_change())
}

/// Provisioned by this driver, or a static volume of it.
fn ours(volume: &PersistentVolume) -> bool {
    match volume.annotations().get(PROVISIONED_BY) {
        Some(provisioner) => provisioner == DRIVER,
        None => handle_of(volume).is_some(),
    }
}

fn policy(volume: &PersistentVolume) -> &str {
    volume.spec.as_ref().and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref()).unwrap_or("Retain")
}

fn phase(volume: &PersistentVolume) -> &str {
    volume.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// The finalizer stands on bound volumes with policy Delete, and goes when the policy turns to Retain.
async fn protect(volume: &PersistentVolume, volumes: &Api<PersistentVolume>) -> Result<(), Fault> {
    let stands = volume.finalizers().iter().any(|one| one == FINALIZER);
    let going = volume.metadata.deletion_timestamp.is_some();
    let patch = match (policy(volume), stands) {
        ("Delete", false) if !going && phase(volume) == "Bound" => json!({"finalizers": [FINALIZER]}),
        ("Retain" | "Recycle", true) => json!({"$deleteFromPrimitiveList/finalizers": [FINALIZER]}),
        _ => return Ok(()),
    };
    change_finalizers(volume, volumes, &patch).await
}

async fn change_finalizers(
    volume: &PersistentVolume,
    volumes: &Api<PersistentVolume>,
    patch: &serde_json::Value,
) -> Result<(), Fault> {
    let patch = Patch::Strategic(json!({"metadata": patch}));
    match volumes.patch(&volume.name_any(), &PatchParams::default(), &patch).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

fn should_destroy(volume: &PersistentVolume) -> bool {
    let stands = volume.finalizers().iter().any(|one| one == FINALIZER);
    let destroyed = volume.metadata.deletion_timestamp.is_some() && !stands;
    !destroyed && phase(volume) == "Released" && policy(volume) == "Delete"
}

/// The data first, then the object, then the finalizer that kept it.
async fn destroy(
    volume: &PersistentVolume,
    volumes: &Api<PersistentVolume>,
    context: &Context,
) -> Result<(), Fault> {
    let name = volume.name_any();
    let attachments: Api<VolumeAttachment> = Api::all(context.client.clone());
    let attached = attachments.list(&ListParams::default()).await?.items;
    if attached.iter().any(|one| one.spec.source.persistent_volume_name.as_deref() == Some(name.as_str())) {
        return Err(anyhow!("{name} is still attached").into());
    }
    if let Some(handle) = handle_of(volume) {
        context.disk.destroy(handle, &name)?;
    }
    match volumes.delete(&name, &DeleteParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
        other => drop(other?),
    }
    if volume.finalizers().iter().any(|one| one == FINALIZER) {
        let patch = json!({"$deleteFromPrimitiveList/finalizers": [FINALIZER]});
        change_finalizers(volume, volumes, &patch).await?;
    }
    Ok(())
}
