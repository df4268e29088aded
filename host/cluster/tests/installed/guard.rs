//! The admission policies on a real API server: a volume in quarantine stays as it is for everybody but us, the binder excepted.

use crate::plane::{CONTROLLER, Installed, OTHERS, PURGER, installed};
use probate_apiserver::until;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub(crate) const VOLUMES: &str = "/api/v1/persistentvolumes";
pub(crate) const CLAIMS: &str = "/api/v1/namespaces/shop/persistentvolumeclaims";

pub(crate) fn volume(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": "none", "claimRef": {"namespace": "shop", "name": name},
        "csi": {"driver": "csi.example.com", "volumeHandle": name}}})
}

pub(crate) fn claim(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "none", "volumeName": name,
        "resources": {"requests": {"storage": "1Gi"}}}})
}

fn restored(mut claim: Value) -> Value {
    claim["metadata"]["annotations"] = json!({"probate.dev/restored-from": "d-1"});
    claim
}

pub(crate) async fn read(installed: &Installed, url: &str, name: &str) -> Value {
    let request = kube::core::Request::new(url).get(name, &Default::default()).expect("a request");
    installed.client.request(request).await.expect("an object")
}

pub(crate) async fn phase(installed: &Installed, url: &str, name: &str, wanted: &str) {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let object = read(installed, url, name).await;
        if object["status"]["phase"] == wanted {
            return;
        }
        assert!(Instant::now() < until, "{name} is not {wanted}: {}", object["status"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn flip(policy: &str) -> Value {
    json!({"spec": {"persistentVolumeReclaimPolicy": policy}})
}

fn state(state: Option<&str>) -> Value {
    json!({"metadata": {"labels": {"probate.dev/state": state}}})
}

fn both(left: Value, right: Value) -> Value {
    let (Value::Object(mut left), Value::Object(right)) = (left, right) else { panic!("objects") };
    left.extend(right);
    Value::Object(left)
}

fn says(answer: Result<Value, String>, words: &str) {
    let said = answer.expect_err(words);
    assert!(said.starts_with("403") && said.contains(words), "{said}\nnot: {words}");
}

/// Policies and namespaces reach admission by a watch: what they refuse, they refuse a moment later.
async fn soon(installed: &Installed, user: &str, name: &str, words: &str) {
    let refused = until(words, async || {
        let answer = installed.try_delete(user, CLAIMS, name).await;
        Ok(answer.err().filter(|said| said.starts_with("403") && said.contains(words)))
    });
    refused.await.unwrap_or_else(|error| panic!("{error:#}"));
}

/// Bound, then quarantined as the controller does: Retain and mark in one write, the claim marked and deleted.
pub(crate) async fn quarantined(installed: &Installed, name: &str) {
    installed.create("admin", VOLUMES, &volume(name)).await.expect("a volume");
    installed.create("admin", CLAIMS, &claim(name)).await.expect("a claim");
    phase(installed, CLAIMS, name, "Bound").await;
    phase(installed, VOLUMES, name, "Bound").await;
    let marked = both(
        flip("Retain"),
        json!({"metadata": {"labels": {"probate.dev/state": "Quarantined"}, "annotations": {
            "probate.dev/claim": "{}", "probate.dev/manifest": "H4sI", "probate.dev/original-reclaim-policy": "Delete",
            "probate.dev/decision": "d-1", "probate.dev/not-before": "2026-11-29T06:00:00Z"}}}),
    );
    says(
        installed.patch(OTHERS, VOLUMES, name, marked.clone()).await,
        "only the controller puts a volume in quarantine",
    );
    let early = both(flip("Delete"), state(Some("Quarantined")));
    says(installed.patch(CONTROLLER, VOLUMES, name, early).await, "keeps its data while it does");
    soon(installed, CONTROLLER, name, "deletes a claim that is not marked").await;
    installed.patch(CONTROLLER, CLAIMS, name, state(Some("Marked"))).await.expect("the claim is marked");
    installed.patch(CONTROLLER, VOLUMES, name, marked).await.expect("the volume is in quarantine");
    let rollback = both(flip("Delete"), state(None));
    for account in [CONTROLLER, PURGER] {
        installed
            .try_patch(account, VOLUMES, name, rollback.clone())
            .await
            .expect("taken back while it is bound");
    }
    held(installed, name).await;
    let delete = kube::core::Request::new(CLAIMS).delete(name, &Default::default()).expect("a request");
    let _gone: Value = installed.client.request(delete).await.expect("the claim is deleted");
    phase(installed, VOLUMES, name, "Released").await;
}

/// Holds stop our own accounts, whatever the code says.
async fn held(installed: &Installed, name: &str) {
    let hold = |value: Value| json!({"metadata": {"annotations": {"probate.dev/hold": value}}});
    installed.try_delete(CONTROLLER, CLAIMS, name).await.expect("marked");
    says(installed.try_delete(PURGER, CLAIMS, name).await, "the purger deletes none");
    installed.patch("admin", CLAIMS, name, hold(json!("wait"))).await.expect("a hold");
    says(installed.try_delete(CONTROLLER, CLAIMS, name).await, "deletes a claim that is held");
    installed.patch("admin", CLAIMS, name, hold(Value::Null)).await.expect("no hold");
    installed.patch("admin", "/api/v1/namespaces", "shop", hold(json!("wait"))).await.expect("a hold");
    soon(installed, CONTROLLER, name, "deletes a claim that is held").await;
    installed.patch("admin", "/api/v1/namespaces", "shop", hold(Value::Null)).await.expect("no hold");
    says(
        installed.try_patch(CONTROLLER, CLAIMS, name, json!({"metadata": {"finalizers": null}})).await,
        "changes more of a claim than labels and annotations",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_in_quarantine_stays_as_it_is() {
    let Some(installed) = installed().await else { return };
    installed.namespace("shop").await;
    quarantined(&installed, "db").await;
    for user in [OTHERS, "admin"] {
        says(installed.try_delete(user, VOLUMES, "db").await, "nobody else deletes it");
        for policy in ["Delete", "Recycle"] {
            says(installed.try_patch(user, VOLUMES, "db", flip(policy)).await, "its reclaim policy stays");
        }
        for mark in [None, Some("Marked")] {
            says(installed.try_patch(user, VOLUMES, "db", state(mark)).await, "its mark stays");
            says(
                installed.try_patch(user, &format!("{VOLUMES}/db"), "status", state(mark)).await,
                "its mark stays",
            );
        }
        for key in ["claim", "manifest", "original-reclaim-policy", "decision", "not-before"] {
            for value in [Value::Null, json!("else")] {
                let change = json!({"metadata": {"annotations": {format!("probate.dev/{key}"): value}}});
                says(installed.try_patch(user, VOLUMES, "db", change).await, "its mark stays");
            }
        }
        for claim in
            [Value::Null, json!({"name": "other"}), json!({"namespace": "default"}), json!({"uid": "other"})]
        {
            let change = json!({"spec": {"claimRef": claim}});
            says(installed.try_patch(user, VOLUMES, "db", change).await, "it binds to its own claim only");
        }
        let hold = json!({"metadata": {"annotations": {"probate.dev/hold": "wait", "note": "x"}}});
        installed.try_patch(user, VOLUMES, "db", hold).await.expect("a hold and a note are welcome");
    }
    purge(&installed).await;
    rebinding(&installed).await;
    weakened(&installed).await;
}

/// Only the purger hands it to its driver, and not while it is held; then its driver may delete it.
async fn purge(installed: &Installed) {
    quarantined(installed, "old").await;
    says(installed.try_patch(CONTROLLER, VOLUMES, "old", flip("Delete")).await, "only the purger");
    let sneaky = both(flip("Delete"), state(None));
    says(installed.try_patch(CONTROLLER, VOLUMES, "old", sneaky).await, "only the purger");
    says(installed.try_delete(CONTROLLER, VOLUMES, "old").await, "only the purger deletes a volume");
    installed.try_delete(PURGER, VOLUMES, "old").await.expect("the object alone");
    let hold = |value: Value| json!({"metadata": {"annotations": {"probate.dev/hold": value}}});
    installed.patch(OTHERS, VOLUMES, "old", hold(json!("wait"))).await.expect("a hold");
    says(installed.try_patch(PURGER, VOLUMES, "old", flip("Delete")).await, "not held");
    says(installed.try_delete(PURGER, VOLUMES, "old").await, "not held");
    installed.patch(OTHERS, VOLUMES, "old", hold(Value::Null)).await.expect("no hold");
    installed.patch(PURGER, VOLUMES, "old", flip("Delete")).await.expect("handed to its driver");
    installed.try_delete(OTHERS, VOLUMES, "old").await.expect("its driver is done with it");
    installed.create("admin", VOLUMES, &volume("plain")).await.expect("a volume");
    says(installed.try_delete(PURGER, VOLUMES, "plain").await, "only one that is marked");
    installed.patch("admin", VOLUMES, "plain", flip("Retain")).await.expect("as it likes");
    says(installed.try_patch(PURGER, VOLUMES, "plain", flip("Delete")).await, "only one that is marked");
}

/// The claim that it waits for by name comes back and binds, by the real binder.
async fn rebinding(installed: &Installed) {
    let waits = json!({"spec": {"claimRef": {"uid": null, "resourceVersion": null}}});
    says(installed.try_patch(OTHERS, VOLUMES, "db", waits.clone()).await, "it binds to its own claim only");
    installed.patch(CONTROLLER, VOLUMES, "db", waits).await.expect("it waits for its name");
    let mut owned = restored(claim("db"));
    owned["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "x"}]);
    says(installed.create(CONTROLLER, CLAIMS, &owned).await, "makes a claim but to restore one");
    says(installed.create(CONTROLLER, CLAIMS, &claim("db")).await, "makes a claim but to restore one");
    installed.create(CONTROLLER, CLAIMS, &restored(claim("db"))).await.expect("restored");
    phase(installed, CLAIMS, "db", "Bound").await;
    phase(installed, VOLUMES, "db", "Bound").await;
    let volume = read(installed, VOLUMES, "db").await;
    assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Retain");
    assert_eq!(volume["metadata"]["labels"]["probate.dev/state"], "Quarantined");
    let claim = read(installed, CLAIMS, "db").await;
    assert_eq!(volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"]);
    installed.patch(CONTROLLER, VOLUMES, "db", state(None)).await.expect("out of quarantine");
    installed.patch(OTHERS, VOLUMES, "db", flip("Delete")).await.expect("as its owner likes");
}

/// A policy that is gone, weaker or not bound is found by the controller's own account.
async fn weakened(installed: &Installed) {
    installed.in_force().await.expect("in force");
    let audit = r#"{"spec":{"validationActions":["Audit"]}}"#;
    let deny = r#"{"spec":{"validationActions":["Deny"]}}"#;
    let binding = "validatingadmissionpolicybinding";
    installed.kubectl(&["patch", binding, "probate-quarantine", "--type=merge", "-p", audit]);
    let why = installed.in_force().await.expect_err("does not deny");
    assert!(
        why.contains("ValidatingAdmissionPolicyBinding probate-quarantine is not the shipped one"),
        "{why}"
    );
    installed.kubectl(&["patch", binding, "probate-quarantine", "--type=merge", "-p", deny]);
    let ignore = r#"{"spec":{"failurePolicy":"Ignore"}}"#;
    installed.kubectl(&[
        "patch",
        "validatingadmissionpolicy",
        "probate-quarantine",
        "--type=merge",
        "-p",
        ignore,
    ]);
    let why = installed.in_force().await.expect_err("may fail open");
    assert!(why.contains("not the shipped one: spec.failurePolicy"), "{why}");
    let fail = r#"{"spec":{"failurePolicy":"Fail"}}"#;
    installed.kubectl(&[
        "patch",
        "validatingadmissionpolicy",
        "probate-quarantine",
        "--type=merge",
        "-p",
        fail,
    ]);
    installed.until_in_force().await;
    installed.kubectl(&["delete", "pv", "probate-self-test", "--timeout=20s"]);
    let why = installed.in_force().await.expect_err("cannot be tried");
    assert_eq!(why, "probate-self-test is not installed");
    installed.kubectl(&["delete", "validatingadmissionpolicy", "probate-own-claims"]);
    let why = installed.in_force().await.expect_err("gone");
    assert_eq!(why, "probate-own-claims is not installed");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_opens_a_namespace_or_class() {
    let Some(installed) = installed().await else { return };
    installed.namespace("team").await;
    installed.kubectl(&[
        "create",
        "clusterrole",
        "tenant",
        "--verb=get,patch,update",
        "--resource=namespaces,namespaces/status",
    ]);
    installed.kubectl(&["create", "clusterrolebinding", "bob", "--clusterrole=tenant", "--user=bob"]);
    let label = |as_user: &str, value: &str| {
        let patch = format!(r#"{{"metadata":{{"labels":{{"probate.dev/deletion":"{value}"}}}}}}"#);
        let args = [
            "patch",
            "namespace",
            "team",
            "--type=merge",
            "--dry-run=server",
            "-p",
            &patch,
            &format!("--as={as_user}"),
        ];
        let done = installed.plane.kubectl().args(args).output().expect("kubectl");
        (done.status.success(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    // Roles and admission policies take a moment to reach the API server's own caches.
    until("a tenant who may label", async || Ok(label("bob", "deny").0.then_some(()))).await.unwrap();
    let said = until("a refusal", async || {
        let (done, said) = label("bob", "allow");
        Ok((!done).then_some(said))
    });
    let said = said.await.unwrap();
    assert!(said.contains("needs the right to opt-in clusterretentionpolicies.probate.dev"), "{said}");
    installed.kubectl(&[
        "create",
        "clusterrolebinding",
        "bob-2",
        "--clusterrole=probate-cluster-policy-author",
        "--user=bob",
    ]);
    until("somebody who may", async || Ok(label("bob", "allow").0.then_some(()))).await.unwrap();
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "x",
        "metadata": {"name": "open", "labels": {"probate.dev/deletion": "allow"}}});
    let classes = "/apis/storage.k8s.io/v1/storageclasses";
    installed.try_create(classes, &class).await.expect("an administrator may");
}
