//! Many objects at once: how many, waits that last as long as something moves, and what the audit log says of each uid.

use crate::stand::{Running, Stand, Written};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::{DeleteParams, PostParams};
use probate_apiserver::driver::CLASS;
use probate_apiserver::until;
use serde_json::{Value, json};

/// How many, by that variable.
pub(crate) fn count_of(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// How often a wait may run out in which nothing moves: a turn over hundreds of claims takes its time.
const STANDSTILLS: usize = 1;

/// Waits until nothing is left, however many there are and however long it takes.
pub(crate) async fn none_left(what: &str, mut left: impl AsyncFnMut() -> kube::Result<usize>) {
    let (mut last, mut still) = (usize::MAX, 0);
    while last > 0 {
        let fewer = until(what, async || {
            let now = left().await?;
            Ok((now < last).then_some(now))
        });
        match fewer.await {
            Ok(now) => (last, still) = (now, 0),
            Err(error) if still >= STANDSTILLS => panic!("{error:#}: {last} left"),
            Err(_) => still += 1,
        }
    }
}

/// A document of a claim that binds at once.
pub(crate) fn claim(name: &str, annotations: Value) -> PersistentVolumeClaim {
    let claim = json!({
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"storageClassName": CLASS, "accessModes": ["ReadWriteOnce"],
                 "resources": {"requests": {"storage": "1Gi"}}},
    });
    serde_json::from_value(claim).unwrap()
}

pub(crate) fn uid(claim: &PersistentVolumeClaim) -> &str {
    claim.metadata.uid.as_deref().unwrap_or_default()
}

pub(crate) fn state(claim: &PersistentVolumeClaim) -> Option<&str> {
    claim.metadata.labels.as_ref()?.get("probate.dev/state").map(String::as_str)
}

impl Stand {
    /// Bound claims of these names, in their order, each with its volume.
    pub(crate) async fn bound(
        &self,
        namespace: &str,
        names: &[String],
    ) -> Vec<(PersistentVolumeClaim, PersistentVolume)> {
        let made = futures::stream::iter(names).map(async |name| {
            let volume = self.claim(namespace, name).await;
            (self.claims(namespace).get(name).await.unwrap(), volume)
        });
        made.buffered(8).collect().await
    }

    /// A claim of that name which nobody may take, and its volume; there may be none of the name yet.
    pub(crate) async fn held_claim(&self, namespace: &str, name: &str) -> PersistentVolume {
        let held = claim(name, json!({"probate.dev/hold": "it came back"}));
        self.claims(namespace).create(&PostParams::default(), &held).await.unwrap();
        self.bound_volume(namespace, name).await
    }

    /// As a person would: by name.
    pub(crate) async fn remove(&self, namespace: &str, name: &str) {
        match self.claims(namespace).delete(name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            other => drop(other.unwrap()),
        }
    }

    /// So many whole turns of each, which nothing of the test's own objects asked for.
    pub(crate) async fn nudge(&self, running: &[Running], turns: u64) {
        let claims = self.claims("default");
        let held = claim("bystander", json!({"probate.dev/hold": "it only wakes"}));
        if claims.get_opt("bystander").await.unwrap().is_none() {
            claims.create(&PostParams::default(), &held).await.unwrap();
        }
        let ends: Vec<(&Running, u64)> =
            running.iter().map(|running| (running, running.turned() + turns)).collect();
        let turned = none_left("turns", async || {
            let left = ends.iter().map(|(running, end)| end.saturating_sub(running.turned()));
            Ok(usize::try_from(left.sum::<u64>()).unwrap_or(usize::MAX))
        });
        let wake = async {
            loop {
                let at = jiff::Timestamp::now().to_string();
                self.annotate("default", "bystander", "turn", Some(&at)).await;
                tokio::time::sleep(std::time::Duration::from_millis(250)).await;
            }
        };
        tokio::select! {
            () = turned => {}
            () = wake => {}
        }
    }
}

impl Written {
    /// The uid that the write is fenced by.
    pub(crate) fn fenced(&self) -> Option<&str> {
        let tested = |operation: &&Value| operation["op"] == "test" && operation["path"] == "/metadata/uid";
        let patched = || self.body.as_array()?.iter().find(tested)?["value"].as_str();
        self.body.pointer("/preconditions/uid").and_then(Value::as_str).or_else(patched)
    }

    fn done(&self, verb: &str, resource: &str) -> bool {
        (200..300).contains(&self.code) && !self.dry_run && self.verb == verb && self.resource == resource
    }

    /// When a claim is due, if this marked it.
    pub(crate) fn marks(&self) -> Option<&str> {
        let operations = self.body.as_array().filter(|_| self.done("patch", "persistentvolumeclaims"))?;
        let path = "/metadata/annotations/probate.dev~1not-before";
        operations.iter().find(|operation| operation["path"] == path)?["value"].as_str()
    }

    /// The uid of a claim that this deleted.
    pub(crate) fn deleted(&self) -> Option<&str> {
        self.fenced().filter(|_| self.done("delete", "persistentvolumeclaims"))
    }

    /// The volume's name, if this handed it to its driver. A roll-back makes the policy Delete too, and takes all marks away.
    pub(crate) fn handed(&self) -> Option<&str> {
        let note = |operation: &Value| {
            let of_notes =
                operation["path"].as_str().is_some_and(|path| path.starts_with("/metadata/annotations/"));
            operation["op"] == "remove" && of_notes
        };
        let rolls_back = self.body.as_array().is_some_and(|operations| operations.iter().any(note));
        (!rolls_back && self.hands(&self.name)).then_some(&*self.name)
    }
}
