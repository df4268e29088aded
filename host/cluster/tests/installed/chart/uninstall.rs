//! What `docs/uninstall.md` promises, line by line, with a volume in quarantine, a marked claim, a policy and a record.

use super::release::{Release, documented};
use crate::guard::{CLAIMS, VOLUMES, claim, phase, quarantined, read, volume};
use serde_json::{Value, json};

const POLICIES: &str = "/apis/probate.dev/v1alpha1/clusterretentionpolicies";
const RECORDS: &str = "/apis/probate.dev/v1alpha1/namespaces/probate/volumerecords";

/// What must outlive a release: the volume `db` in quarantine, the claim `marked`, a policy and a record.
async fn left_behind(release: &Release) {
    let installed = &release.installed;
    installed.until_in_force().await;
    quarantined(installed, "db").await;
    installed.create("admin", VOLUMES, &volume("marked")).await.expect("a volume");
    installed.create("admin", CLAIMS, &claim("marked")).await.expect("a claim");
    phase(installed, CLAIMS, "marked", "Bound").await;
    let mark = json!({"metadata": {"labels": {"probate.dev/state": "Marked"}}});
    installed.patch("admin", CLAIMS, "marked", mark).await.expect("a mark");
    let policy = json!({"apiVersion": "probate.dev/v1alpha1", "kind": "ClusterRetentionPolicy",
        "metadata": {"name": "keep"}, "spec": {"program": {"rego": {"inline": "package x"}}}});
    installed.create("admin", POLICIES, &policy).await.expect("a policy");
    let record = json!({"apiVersion": "probate.dev/v1alpha1", "kind": "VolumeRecord", "metadata": {"name": "r-1"},
        "spec": {"cluster": {"name": "host", "uid": "u"}, "volume": {"name": "db", "uid": "2"}}});
    installed.create("admin", RECORDS, &record).await.expect("a record");
}

/// The parts of them that nobody but probate or a person changes.
async fn state(release: &Release) -> Vec<Value> {
    let mut found = Vec::new();
    for (url, name) in
        [(VOLUMES, "db"), (VOLUMES, "marked"), (CLAIMS, "marked"), (POLICIES, "keep"), (RECORDS, "r-1")]
    {
        found.push(as_it_is(release, url, name).await);
    }
    found
}

async fn as_it_is(release: &Release, url: &str, name: &str) -> Value {
    let mut object = read(&release.installed, url, name).await;
    let fields = object["metadata"].as_object_mut().expect("metadata");
    fields.retain(|key, _| !["managedFields", "resourceVersion", "generation"].contains(&key.as_str()));
    object
}

/// It says itself what it was and whose.
async fn explains_itself(release: &Release) {
    let listed = release.well(&documented("uninstall.md", "kubectl get pv"));
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["NAME", "db"], "{listed}");
    let volume = read(&release.installed, VOLUMES, "db").await;
    assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Retain");
    for key in ["manifest", "claim", "original-reclaim-policy", "decision"] {
        let name = format!("probate.dev/{key}");
        assert!(documented("uninstall.md", &name).contains(key));
        assert!(volume["metadata"]["annotations"][&name].is_string(), "{name}: {}", volume["metadata"]);
    }
}

/// Nothing of ours but the kinds is there, and nothing waits to go.
fn clean(release: &Release) {
    for object in release.objects() {
        assert!(object.starts_with("customresourcedefinition.") || object == "namespace/probate", "{object}");
    }
    assert_eq!(release.well("helm list --all-namespaces --short").trim(), "");
    assert_eq!(release.well("kubectl get secrets -A -l owner=helm -o name"), "");
    for what in ["pv", "pvc -A", "namespaces", "crds", "clusterretentionpolicies", "volumerecords -A"] {
        for object in release.list(what) {
            let metadata = &object["metadata"];
            assert!(metadata["deletionTimestamp"].is_null(), "it waits to go: {metadata}");
            assert!(!metadata["finalizers"].to_string().contains("probate"), "{metadata}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_quarantine_outlives_the_release() {
    let Some(release) = Release::start().await else { return };
    release.install("--set mode=enforce");
    left_behind(&release).await;
    let before = state(&release).await;
    explains_itself(&release).await;

    let said = release.uninstall();
    for kind in ["clusterretentionpolicies", "retentionpolicies", "volumerecords", "ledgers", "plans"] {
        assert!(said.contains(&format!("[CustomResourceDefinition] {kind}.probate.dev")), "{kind}: {said}");
    }
    clean(&release);
    explains_itself(&release).await;
    assert_eq!(state(&release).await, before, "the release took something with it");

    // Installed again it goes on where it was, and guards what it guarded.
    release.install("--set mode=enforce");
    release.installed.until_in_force().await;
    assert_eq!(state(&release).await, before, "installed again");
    let gone = release.shell("kubectl delete pv db --dry-run=server");
    assert!(!gone.well && gone.err.contains("this volume is in quarantine"), "{}{}", gone.out, gone.err);
    release.uninstall();

    // The same without Helm.
    for line in [documented("install.md", "kubectl apply -f host/deploy/crds"), apply("enforce")] {
        release.well(&line);
    }
    release.installed.until_in_force().await;
    release.well(&documented("uninstall.md", "kubectl delete -f host/deploy/manifests/enforce.yaml"));
    clean(&release);
    assert_eq!(state(&release).await, before, "deleted by its manifests");
    all_of_it(&release, &before).await;
}

fn apply(mode: &str) -> String {
    documented("install.md", "kubectl apply -f host/deploy/manifests/audit.yaml").replace("audit", mode)
}

/// The kinds and records too; the volume stays as it is and can be used without us.
async fn all_of_it(release: &Release, before: &[Value]) {
    release
        .well(&format!("{} --timeout=60s", documented("uninstall.md", "kubectl delete -f host/deploy/crds")));
    assert_eq!(release.objects().into_iter().collect::<Vec<_>>(), [""; 0]);
    assert_eq!(release.well("kubectl get namespace probate --ignore-not-found -o name"), "");
    explains_itself(release).await;
    assert_eq!(as_it_is(release, VOLUMES, "db").await, before[0]);
    let file = release.folder().join("claim.yaml");
    let mut body = claim("db");
    body["metadata"]["namespace"] = json!("shop");
    std::fs::write(&file, body.to_string()).expect("a file");
    for words in ["kubectl label pv NAME", "kubectl patch pv NAME", "kubectl apply -f claim.yaml"] {
        let line = documented("uninstall.md", words).replace("NAME", "db");
        release.well(&line.replace("claim.yaml", &file.display().to_string()));
    }
    phase(&release.installed, CLAIMS, "db", "Bound").await;
    let again = read(&release.installed, CLAIMS, "db").await;
    let volume = read(&release.installed, VOLUMES, "db").await;
    assert_eq!(volume["spec"]["claimRef"]["uid"], again["metadata"]["uid"]);
    assert!(volume["metadata"]["labels"]["probate.dev/state"].is_null(), "{}", volume["metadata"]);
    assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Retain");
}
