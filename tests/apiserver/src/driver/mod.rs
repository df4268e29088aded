//! A storage driver for tests: the CSI side that no controller of Kubernetes plays. It provisions what claims of its classes ask
//! for, and destroys a volume when external-provisioner would.

mod disk;
mod provision;
mod reclaim;

use crate::plane::{Plane, client_of};
use anyhow::{Context as _, anyhow};
pub use disk::{Act, Disk, Entry};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The driver's name in PersistentVolumes and StorageClasses.
pub const DRIVER: &str = "csi.rig.test";
/// Binds at once, destroys with the claim.
pub const CLASS: &str = "rig";
/// Binds at once, retains.
pub const CLASS_RETAIN: &str = "rig-retain";
/// Waits for the first consumer, destroys with the claim.
pub const CLASS_WAIT: &str = "rig-wait";
/// The one node, for `spec.nodeName` and the annotation below.
pub const NODE: &str = "rig-node";
/// What a scheduler sets on a claim that waits for its first consumer.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// external-provisioner's finalizer.
pub const FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";
/// Whose volume it is, if it was provisioned.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// The account it acts as, for the audit log.
pub const ACCOUNT: &str = "csi-rig-provisioner";

/// A running driver, on a thread and a runtime of its own; it stops when this is dropped.
#[derive(Debug)]
pub struct Driver {
    disk: Disk,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Driver {
    /// Starts the driver of this plane, with its volumes in the plane's folder; its classes and node are made.
    pub async fn start(plane: &Plane) -> anyhow::Result<Self> {
        let kubeconfig = plane.kubeconfig_of(ACCOUNT);
        let disk = Disk::open(&plane.dir().join("volumes"))?;
        install(&client_of(&kubeconfig).await?).await?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let own = disk.clone();
        let thread = std::thread::Builder::new().name("driver".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    done = run(&kubeconfig, own) => {
                        if let Err(error) = done {
                            crate::say(&format!("the storage driver ended: {error:#}"));
                        }
                    }
                }
            });
        })?;
        Ok(Self { disk, stop: Some(stop), thread: Some(thread) })
    }

    /// The volumes' data.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// sha256 of the data behind a handle; `None` once it is destroyed.
    #[must_use]
    pub fn digest(&self, handle: &str) -> Option<String> {
        self.disk.digest(handle)
    }

    /// Handles whose data was destroyed, in order.
    pub fn destroyed(&self) -> anyhow::Result<Vec<String>> {
        let journal = self.disk.journal()?.into_iter();
        Ok(journal.filter(|entry| entry.act == Act::Destroyed).map(|entry| entry.handle).collect())
    }

    /// Makes data for a volume that no claim asked for, and its PersistentVolume; `change` may alter that before it is created.
    pub async fn static_volume(
        &self,
        client: &kube::Client,
        name: &str,
        change: impl FnOnce(&mut PersistentVolume),
    ) -> anyhow::Result<PersistentVolume> {
        let mut volume: PersistentVolume = serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {
                "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "storageClassName": "",
                "persistentVolumeReclaimPolicy": "Retain",
                "csi": {"driver": DRIVER, "volumeHandle": format!("static-{name}")},
            },
        }))?;
        change(&mut volume);
        let handle = handle_of(&volume).context("the volume is not of this driver any more")?;
        self.disk.create(handle, name, None)?;
        Ok(Api::all(client.clone()).create(&PostParams::default(), &volume).await?)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The handle of a volume of this driver.
#[must_use]
pub fn handle_of(volume: &PersistentVolume) -> Option<&str> {
    let source = volume.spec.as_ref()?.csi.as_ref()?;
    (source.driver == DRIVER).then_some(source.volume_handle.as_str())
}

/// Makes the classes and the node.
pub async fn install(client: &kube::Client) -> anyhow::Result<()> {
    let classes = [(CLASS, "Delete", "Immediate"), (CLASS_RETAIN, "Retain", "Immediate")]
        .into_iter()
        .chain([(CLASS_WAIT, "Delete", "WaitForFirstConsumer")]);
    for (name, reclaim, binding) in classes {
        let class: StorageClass = serde_json::from_value(json!({
            "metadata": {"name": name}, "provisioner": DRIVER, "reclaimPolicy": reclaim,
            "volumeBindingMode": binding, "allowVolumeExpansion": true,
        }))?;
        created(Api::all(client.clone()).create(&PostParams::default(), &class).await)?;
    }
    let node: Node = serde_json::from_value(json!({"metadata": {"name": NODE}}))?;
    created(Api::all(client.clone()).create(&PostParams::default(), &node).await)
}

/// There already is as good as made.
fn created<K>(answer: kube::Result<K>) -> anyhow::Result<()> {
    match answer {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

/// Runs until it is dropped.
pub(crate) async fn run(kubeconfig: &Path, disk: Disk) -> anyhow::Result<()> {
    let client = client_of(kubeconfig).await?;
    let context = Arc::new(Context { client: client.clone(), disk });
    let claims =
        Controller::new(Api::<PersistentVolumeClaim>::all(client.clone()), watcher::Config::default())
            .run(provision::reconcile, again, context.clone())
            .for_each(async |_| {});
    let volumes = Controller::new(Api::<PersistentVolume>::all(client), watcher::Config::default())
        .run(reclaim::reconcile, again, context)
        .for_each(async |_| {});
    futures::join!(claims, volumes);
    Err(anyhow!("its watches ended"))
}

/// What both halves work with.
struct Context {
    client: kube::Client,
    disk: Disk,
}

/// Why something is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Kube(#[from] kube::Error),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

fn again<K>(_object: Arc<K>, _fault: &Fault, _context: Arc<Context>) -> Action {
    Action::requeue(Duration::from_millis(500))
}
