//! Objects of a scenario on a real API server: under the uids that it gives them, with volumes of the rig's driver.

use crate::many::none_left;
use crate::stand::Stand;
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind, TypeMeta};
use probate_apiserver::crds::install_some;
use probate_apiserver::driver::{CLASS, CLASS_RETAIN};
use probate_apiserver::{Options as Plane, Rig, package, until};
use probate_cluster::connect::{Target, connect};
use probate_cluster::observe::live::Look;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use std::process::Command;

/// A cluster that a scenario's objects are put into.
pub(crate) struct World {
    client: Client,
    /// Every object goes into this namespace instead of its own.
    namespace: Option<&'static str>,
    /// Uids of the corpus, and those that the objects have here.
    uids: BTreeMap<String, String>,
}

impl World {
    pub(crate) fn of(stand: &Stand) -> Self {
        Self { client: stand.client.clone(), namespace: None, uids: BTreeMap::new() }
    }

    /// The same objects in another namespace.
    pub(crate) fn beside(stand: &Stand, namespace: &'static str) -> Self {
        Self { namespace: Some(namespace), ..Self::of(stand) }
    }

    /// Puts those objects of a file of the corpus here that `wanted` takes; volumes and records are made by the rig.
    pub(crate) async fn place(&mut self, stand: &Stand, file: &str, wanted: impl Fn(&Value) -> bool) {
        let ours = ["PersistentVolume", "VolumeRecord", "StorageClass"];
        let objects = corpus(stand, file).into_iter();
        let objects = objects.filter(|object| !ours.contains(&object["kind"].as_str().unwrap()));
        self.put(objects.filter(|object| wanted(object)).collect()).await;
    }

    /// Puts objects here, then says who owns them.
    pub(crate) async fn put(&mut self, objects: Vec<Value>) {
        let mut owned = Vec::new();
        for mut object in objects {
            let owners = cleaned(&mut object, self.namespace);
            let known = object["metadata"]["uid"].take();
            object["metadata"].as_object_mut().unwrap().remove("uid");
            let (api, name) = self.api(&object);
            let made = match api
                .create(&PostParams::default(), &serde_json::from_value(object.clone()).unwrap())
                .await
            {
                Err(kube::Error::Api(status)) if status.code == 409 => api.get(&name).await.unwrap(),
                other => other.unwrap(),
            };
            if let (Some(known), Some(uid)) = (known.as_str(), made.metadata.uid) {
                self.uids.insert(known.to_owned(), uid);
            }
            owned.push((api, name, owners));
        }
        for (api, name, mut owners) in owned {
            owners.retain(|owner| self.uids.contains_key(owner["uid"].as_str().unwrap()));
            for owner in &mut owners {
                owner["uid"] = json!(self.uids[owner["uid"].as_str().unwrap()]);
            }
            if !owners.is_empty() {
                let patch = Patch::Merge(json!({"metadata": {"ownerReferences": owners}}));
                api.patch(&name, &PatchParams::default(), &patch).await.unwrap();
            }
        }
    }

    /// The uid that an object of the corpus has here.
    pub(crate) fn uid(&self, corpus: &str) -> &str {
        &self.uids[corpus]
    }

    fn api(&self, object: &Value) -> (Api<DynamicObject>, String) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind = TypeMeta { api_version: text("/apiVersion").into(), kind: text("/kind").into() };
        let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(&kind).unwrap());
        let api = match text("/metadata/namespace") {
            "" => Api::all_with(self.client.clone(), &resource),
            namespace => Api::namespaced_with(self.client.clone(), namespace, &resource),
        };
        (api, text("/metadata/name").to_owned())
    }
}

/// The objects of a file of the corpus, in its order.
pub(crate) fn corpus(stand: &Stand, file: &str) -> Vec<Value> {
    let path = package().join("../../tests/corpus").join(file);
    let path = path.display().to_string();
    let text = stand.kubectl(&["create", "--dry-run=client", "--validate=false", "-o", "json", "-f", &path]);
    let mut objects = Vec::new();
    for document in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let document = document.unwrap();
        match document["items"].as_array() {
            Some(items) => objects.extend(items.iter().cloned()),
            None => objects.push(document),
        }
    }
    assert!(!objects.is_empty(), "{file}");
    objects
}

/// Takes away what an API server or its controllers write, and gives the owners.
fn cleaned(object: &mut Value, namespace: Option<&str>) -> Vec<Value> {
    let metadata = object["metadata"].as_object_mut().unwrap();
    for key in ["creationTimestamp", "deletionTimestamp", "resourceVersion"] {
        metadata.remove(key);
    }
    let owners = metadata.remove("ownerReferences").and_then(|owners| owners.as_array().cloned());
    let of_binder = |key: &String| key.contains("kubernetes.io/") && !key.contains("cdi.");
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, _| !of_binder(key));
    }
    if let Some(other) = namespace.filter(|_| metadata.contains_key("namespace")) {
        metadata.insert("namespace".into(), json!(other));
    }
    if object["kind"] == "Namespace" {
        if let Some(other) = namespace {
            object["metadata"]["name"] = json!(other);
        }
        object.as_object_mut().unwrap().remove("status");
    }
    if object["kind"] == "PersistentVolumeClaim" {
        let retained = object["spec"]["storageClassName"] == "keep";
        object["metadata"].as_object_mut().unwrap().remove("finalizers");
        object.as_object_mut().unwrap().remove("status");
        object["spec"] = json!({
            "storageClassName": if retained { CLASS_RETAIN } else { CLASS }, "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        });
    }
    owners.unwrap_or_default()
}

/// A virtual cluster: a control plane of its own, and how the controller reaches it.
pub(crate) struct Tenant {
    rig: Rig,
    pub(crate) look: Look,
}

impl Tenant {
    /// Virtual cluster vc1, with the namespace of its tenant.
    pub(crate) async fn start() -> Self {
        let rig = Rig::start_or_skip(Plane::default()).await.unwrap().unwrap();
        let target = Target { kubeconfig: Some(rig.plane.kubeconfig().to_owned()), context: None };
        let access = Some(connect(&target).await.unwrap());
        let tenant = Self { rig, look: Look { name: "vcluster:vc1".into(), access, kubeconfig: None } };
        tenant.kubectl(&["create", "namespace", "shop"]);
        tenant
    }

    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        run(self.rig.plane.kubectl().args(args))
    }

    /// Makes the tenant's claim; gives its uid. Nothing binds it here: its volume is the host's.
    pub(crate) async fn claim(&self) -> String {
        let client = self.rig.plane.client("admin").await.unwrap();
        let claim = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "data-pg-0"},
            "spec": {"storageClassName": "synced", "accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": "8Gi"}}},
        });
        let api: Api<DynamicObject> = Api::namespaced_with(
            client,
            "shop",
            &ApiResource::erase::<k8s_openapi::api::core::v1::PersistentVolumeClaim>(&()),
        );
        let made = api.create(&PostParams::default(), &serde_json::from_value(claim).unwrap()).await.unwrap();
        made.metadata.uid.unwrap()
    }

    pub(crate) fn remove_claim(&self) {
        self.kubectl(&["delete", "pvc", "-n", "shop", "data-pg-0"]);
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Stand {
    /// Starts one with the kinds of these groups.
    pub(crate) async fn with(groups: &[&str]) -> Option<Self> {
        let stand = Self::start().await?;
        install_some(&stand.client, |kind| groups.contains(&kind.group)).await.unwrap();
        Some(stand)
    }

    pub(crate) async fn volume(&self, volume: &PersistentVolume) -> Option<PersistentVolume> {
        let name = volume.metadata.name.as_deref().unwrap();
        Api::<PersistentVolume>::all(self.client.clone()).get_opt(name).await.unwrap()
    }

    /// Waits until a volume says that.
    pub(crate) async fn says(&self, volume: &PersistentVolume, policy: &str) -> PersistentVolume {
        until(&format!("reclaim policy {policy}"), async || {
            let now = self.volume(volume).await;
            Ok(now.filter(|now| reclaim_policy(now) == policy))
        })
        .await
        .unwrap()
    }

    /// Waits until claims are gone, however long Kubernetes takes for it.
    pub(crate) async fn all_gone(&self, claims: &[(&str, &str)]) {
        none_left("claims that Kubernetes collects", async || {
            let mut left = 0;
            for (namespace, name) in claims {
                left += usize::from(self.claims(namespace).get_opt(name).await?.is_some());
            }
            Ok(left)
        })
        .await;
    }

    /// Waits until the data behind a volume is destroyed.
    pub(crate) async fn destroyed(&self, volume: &PersistentVolume) {
        until("destroyed data", async || Ok(self.digest(volume).is_none().then_some(()))).await.unwrap();
    }

    /// The record that names this claim or volume, once it is as `wanted`.
    pub(crate) async fn record(&self, uid: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let last = std::cell::RefCell::new(Value::Null);
        let what = format!("a record of {uid}");
        let found = until(&what, async || {
            let all: Value = serde_json::from_str(&self.kubectl(&[
                "get",
                "volumerecords",
                "-n",
                "probate",
                "-o",
                "json",
            ]))?;
            let of = |record: &&Value| {
                record["spec"]["claim"]["uid"] == uid || record["spec"]["volume"]["uid"] == uid
            };
            let found = all["items"].as_array().and_then(|items| items.iter().find(of)).cloned();
            if let Some(found) = &found {
                last.replace(found.clone());
            }
            Ok(found.filter(|record| wanted(record)))
        });
        found.await.unwrap_or_else(|error| panic!("{error:#}: {}", last.borrow()))
    }

    /// Waits for an event of that reason about an object of that name, and gives its note.
    pub(crate) async fn event(&self, reason: &str, name: &str) -> String {
        until(&format!("an event {reason} about {name}"), async || {
            let all: Value =
                serde_json::from_str(&self.kubectl(&["get", "events.events.k8s.io", "-A", "-o", "json"]))?;
            let of = |event: &&Value| event["reason"] == reason && event["regarding"]["name"] == name;
            let found = all["items"].as_array().and_then(|items| items.iter().find(of));
            Ok(found.and_then(|event| event["note"].as_str()).map(str::to_owned))
        })
        .await
        .unwrap()
    }
}

pub(crate) fn reclaim_policy(volume: &PersistentVolume) -> &str {
    volume.spec.as_ref().and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref()).unwrap_or_default()
}

pub(crate) fn phase(volume: &PersistentVolume) -> &str {
    volume.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

pub(crate) fn uid_of(volume: &PersistentVolume) -> &str {
    volume.metadata.uid.as_deref().unwrap()
}

/// Everything of a file.
pub(crate) fn all(_: &Value) -> bool {
    true
}
