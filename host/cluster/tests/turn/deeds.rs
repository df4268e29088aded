//! What somebody does to a claim or its volume while the controller is held.

use crate::race::{Race, Trial};
use crate::windows::{Deed, Window};
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use probate_apiserver::driver::{DRIVER, handle_of};
use probate_apiserver::until;
use serde_json::{Value, json};

impl Race<'_> {
    pub(crate) async fn happen(&self, trial: &mut Trial) {
        let stand = self.stand;
        let (namespace, name) = (trial.namespace, trial.name.clone());
        let volumes: Api<PersistentVolume> = Api::all(stand.client.clone());
        let kept = !matches!(trial.window, Window::DryRun | Window::Flip);
        match trial.deed {
            Deed::Renewed | Deed::Removed => {
                stand.remove(namespace, &name).await;
                stand.gone(namespace, &name).await;
                if !kept {
                    // A flip that comes before Kubernetes saw to the volume keeps it, and its purge is then ours.
                    let gone = async || Ok(stand.digest(&trial.volume).is_none().then_some(()));
                    until("a volume that goes with its claim", gone).await.unwrap();
                }
                if trial.deed == Deed::Renewed {
                    let volume = stand.held_claim(namespace, &name).await;
                    let digest = stand.digest(&volume);
                    trial.renewed = Some((volume, digest));
                }
            }
            Deed::Pod => stand.pod(namespace, &name, &name).await,
            Deed::Machine => self.make(machine(namespace, &name)).await,
            Deed::Snapshot => {
                for object in snapshot(namespace, &name, handle_of(&trial.volume).unwrap()) {
                    self.make(object).await;
                }
            }
            Deed::Held if trial.window.of_claim() => {
                stand.annotate(namespace, &name, "probate.dev/hold", Some("mine")).await;
            }
            Deed::Held => {
                let hold = Patch::Merge(json!({"metadata": {"annotations": {"probate.dev/hold": "mine"}}}));
                volumes.patch(trial.volume(), &PatchParams::default(), &hold).await.unwrap();
            }
            Deed::FlippedBack => {
                let flip = Patch::Merge(json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}}));
                forbidden(volumes.patch(trial.volume(), &PatchParams::default(), &flip).await);
            }
            Deed::VolumeDeleted => {
                let answer = volumes.delete(trial.volume(), &DeleteParams::default()).await;
                if kept { forbidden(answer) } else { drop(answer.unwrap()) }
            }
            Deed::Restored => {
                trial.restored = Some(self.restore(trial));
                stand.bound_volume(namespace, &name).await;
            }
        }
    }

    async fn make(&self, object: Value) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind =
            kube::core::TypeMeta { api_version: text("/apiVersion").into(), kind: text("/kind").into() };
        let resource = kube::core::ApiResource::from_gvk(&(&kind).try_into().unwrap());
        let client = self.stand.client.clone();
        let api: Api<DynamicObject> = match text("/metadata/namespace") {
            "" => Api::all_with(client, &resource),
            namespace => Api::namespaced_with(client, namespace, &resource),
        };
        let object = serde_json::from_value(object.clone()).unwrap();
        api.create(&PostParams::default(), &object).await.unwrap();
    }
}

fn forbidden<T>(answer: kube::Result<T>) {
    match answer {
        Err(kube::Error::Api(status)) => assert_eq!(status.code, 403, "{status:?}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the guard let it through"),
    }
}

/// A VM that is stopped.
fn machine(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"runStrategy": "Halted", "template": {"spec": {
            "domain": {"devices": {"disks": [{"name": "root", "disk": {}}]}},
            "volumes": [{"name": "root", "persistentVolumeClaim": {"claimName": name}}],
        }}},
    })
}

/// A snapshot, and what stands for it in the storage.
fn snapshot(namespace: &str, name: &str, handle: &str) -> [Value; 2] {
    let group = "snapshot.storage.k8s.io/v1";
    let content = format!("{namespace}-{name}");
    [
        json!({
            "apiVersion": group, "kind": "VolumeSnapshotContent", "metadata": {"name": content},
            "spec": {"driver": DRIVER, "deletionPolicy": "Retain",
                     "source": {"volumeHandle": handle},
                     "volumeSnapshotRef": {"namespace": namespace, "name": name}},
        }),
        json!({
            "apiVersion": group, "kind": "VolumeSnapshot", "metadata": {"namespace": namespace, "name": name},
            "spec": {"source": {"persistentVolumeClaimName": name}},
            "status": {"boundVolumeSnapshotContentName": content, "readyToUse": true},
        }),
    ]
}
