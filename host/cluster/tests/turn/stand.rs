//! A control plane with our kinds and the shipped manifests.

pub(crate) use crate::closure::Mind;
pub(crate) use crate::running::{DELETE_ALL, How, Running};
use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim, Pod};
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use probate_apiserver::driver::{CLASS, handle_of};
use probate_apiserver::proxy::Proxy;
use probate_apiserver::{Options as Plane, Rig, package, until};
use probate_cluster::own::Own;
use serde_json::{Value, json};
use std::path::PathBuf;

pub(crate) struct Stand {
    pub(crate) rig: Rig,
    pub(crate) client: Client,
}

impl Stand {
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(Plane::default()).await
    }

    pub(crate) async fn start_with(plane: Plane) -> Option<Self> {
        let rig = Rig::start_or_skip(plane).await.unwrap()?;
        let client = rig.plane.client("admin").await.unwrap();
        let stand = Self { rig, client };
        let deploy = package().join("../deploy");
        let file = |name: &str| deploy.join(name).display().to_string();
        stand.kubectl(&["apply", "--server-side", "-f", &file("crds")]);
        stand.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=20s"]);
        stand.kubectl(&["apply", "--server-side", "-f", &file("manifests/enforce.yaml")]);
        Some(stand)
    }

    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let output = self.rig.plane.kubectl().args(args).output().unwrap();
        assert!(output.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) async fn namespace(&self, name: &str) {
        let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        Api::all(self.client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    }

    pub(crate) fn claims(&self, namespace: &str) -> Api<PersistentVolumeClaim> {
        Api::namespaced(self.client.clone(), namespace)
    }

    pub(crate) async fn claim(&self, namespace: &str, name: &str) -> PersistentVolume {
        let claim = serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {"storageClassName": CLASS, "accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": "1Gi"}}},
        }));
        self.claims(namespace).create(&PostParams::default(), &claim.unwrap()).await.unwrap();
        self.bound_volume(namespace, name).await
    }

    /// The volume of a claim, once it is bound.
    pub(crate) async fn bound_volume(&self, namespace: &str, name: &str) -> PersistentVolume {
        until("a bound claim", async || {
            let claim = self.claims(namespace).get(name).await?;
            let bound = claim.status.and_then(|status| status.phase).as_deref() == Some("Bound");
            let Some(volume) = claim.spec.and_then(|spec| spec.volume_name).filter(|_| bound) else {
                return Ok(None);
            };
            Ok(Some(Api::<PersistentVolume>::all(self.client.clone()).get(&volume).await?))
        })
        .await
        .unwrap()
    }

    /// A Pod that mounts a claim; no node runs it.
    pub(crate) async fn pod(&self, namespace: &str, name: &str, claim: &str) {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {"containers": [{"name": "c", "image": "none"}],
                     "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]},
        }))
        .unwrap();
        Api::namespaced(self.client.clone(), namespace).create(&PostParams::default(), &pod).await.unwrap();
    }

    pub(crate) async fn policy(&self, namespace: &str, deletion: Value) {
        self.policy_with(namespace, json!({"deletion": deletion})).await;
    }

    /// A policy for everything in this namespace, with these parts of its spec.
    pub(crate) async fn policy_with(&self, namespace: &str, parts: Value) {
        let mut spec = json!({
            "mode": "Enforce", "match": {"namespaces": [namespace]},
            "program": {"rego": {"inline": "package p"}},
            "rates": [{"window": "Hour", "per": "Policy", "maxCount": 1000}],
            "breaker": {"maxPercent": 100, "minCount": 1000},
        });
        for (key, value) in parts.as_object().unwrap() {
            spec[key] = value.clone();
        }
        let policy: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "probate.dev/v1alpha1", "kind": "ClusterRetentionPolicy",
            "metadata": {"name": namespace},
            "spec": spec,
        }))
        .unwrap();
        Own::ClusterPolicy.api(&self.client).create(&PostParams::default(), &policy).await.unwrap();
    }

    pub(crate) async fn state(&self, namespace: &str, name: &str, wanted: Option<&str>) {
        until(&format!("{namespace}/{name} in state {wanted:?}"), async || {
            let claim = self.claims(namespace).get(name).await?;
            let labels = claim.metadata.labels.unwrap_or_default();
            Ok((labels.get("probate.dev/state").map(String::as_str) == wanted).then_some(()))
        })
        .await
        .unwrap();
    }

    pub(crate) async fn gone(&self, namespace: &str, name: &str) {
        until(&format!("no claim {namespace}/{name}"), async || {
            Ok(self.claims(namespace).get_opt(name).await?.is_none().then_some(()))
        })
        .await
        .unwrap();
    }

    pub(crate) async fn annotate(&self, namespace: &str, name: &str, key: &str, value: Option<&str>) {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {key: value}}}));
        self.claims(namespace).patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Changes a namespace, after which everything is looked at again.
    pub(crate) async fn label_namespace(&self, name: &str, key: &str, value: &str) {
        let patch = Patch::Merge(json!({"metadata": {"labels": {key: value}}}));
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        namespaces.patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    pub(crate) fn digest(&self, volume: &PersistentVolume) -> Option<String> {
        self.rig.driver.digest(handle_of(volume).unwrap())
    }

    /// Starts the loop under its own account.
    pub(crate) async fn run(&self, mind: Mind) -> Running {
        self.run_as(How::new(mind)).await
    }

    /// The loop's account by way of a proxy.
    pub(crate) async fn through(&self, proxy: &Proxy) -> PathBuf {
        self.rig.plane.service_account("probate", "probate").await.unwrap();
        proxy.kubeconfig(&self.rig.plane, "probate:probate").unwrap()
    }

    pub(crate) async fn run_as(&self, how: How) -> Running {
        // The first test of the process sets it for all.
        let _ = tracing_subscriber::fmt()
            .with_env_filter("probate_cluster=info")
            .with_writer(std::io::stderr)
            .try_init();
        let kubeconfig = match &how.kubeconfig {
            Some(kubeconfig) => kubeconfig.clone(),
            None => self.rig.plane.service_account("probate", "probate").await.unwrap(),
        };
        Running::start(kubeconfig, How { kubeconfig: None, ..how })
    }

    /// What our accounts wrote, from the audit log, in its order.
    pub(crate) fn wrote(&self) -> Vec<Written> {
        let events = self.rig.plane.audit().unwrap();
        let ours = |event: &&Value| {
            let user = event["user"]["username"].as_str().unwrap_or_default();
            user.starts_with("system:serviceaccount:probate:probate")
                && ["create", "update", "patch", "delete"]
                    .contains(&event["verb"].as_str().unwrap_or_default())
                && event["stage"] == "ResponseComplete"
        };
        events
            .iter()
            .filter(ours)
            .map(|event| {
                let text = |pointer: &str| {
                    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                Written {
                    received: text("/requestReceivedTimestamp"),
                    verb: text("/verb"),
                    group: text("/objectRef/apiGroup"),
                    resource: text("/objectRef/resource"),
                    namespace: text("/objectRef/namespace"),
                    name: text("/objectRef/name"),
                    dry_run: text("/requestURI").contains("dryRun=All")
                        || event["requestObject"]["dryRun"].is_array(),
                    code: event["responseStatus"]["code"].as_u64().unwrap_or(0),
                    body: event["requestObject"].clone(),
                }
            })
            .collect()
    }
}

/// One write of ours.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// When, in RFC 3339 and UTC.
    pub(crate) received: String,
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) dry_run: bool,
    pub(crate) code: u64,
    pub(crate) body: Value,
}

impl Written {
    /// True for a claim's DELETE that was done.
    pub(crate) fn deletes(&self, namespace: &str) -> bool {
        let done = !self.dry_run && self.code == 200 && self.verb == "delete";
        done && self.resource == "persistentvolumeclaims" && self.namespace == namespace
    }

    /// True for a PATCH that handed this volume to its driver.
    pub(crate) fn hands(&self, volume: &str) -> bool {
        let to_delete = self.body.as_array().into_iter().flatten().any(|operation| {
            operation["path"] == "/spec/persistentVolumeReclaimPolicy" && operation["value"] == "Delete"
        });
        self.verb == "patch" && self.code == 200 && self.name == volume && !self.dry_run && to_delete
    }
}
