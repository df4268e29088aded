//! From audit to enforce and back: each mode has the objects and rights that it asks, and no more.

use super::release::{Release, documented};
use super::rights;
use crate::guard::{CLAIMS, VOLUMES, claim, phase, quarantined, volume};
use probate_apiserver::until;
use serde_json::json;
use std::collections::BTreeSet;

/// What enforce has more.
const ACTING: [&str; 13] = [
    "clusterrole.rbac.authorization.k8s.io/probate-become-self-test",
    "clusterrole.rbac.authorization.k8s.io/probate-delete",
    "clusterrole.rbac.authorization.k8s.io/probate-mark",
    "clusterrole.rbac.authorization.k8s.io/probate-purge",
    "clusterrole.rbac.authorization.k8s.io/probate-self-test",
    "clusterrolebinding.rbac.authorization.k8s.io/probate-become-self-test",
    "clusterrolebinding.rbac.authorization.k8s.io/probate-delete",
    "clusterrolebinding.rbac.authorization.k8s.io/probate-mark",
    "clusterrolebinding.rbac.authorization.k8s.io/probate-purge",
    "clusterrolebinding.rbac.authorization.k8s.io/probate-self-test",
    "persistentvolume/probate-self-test",
    "role.rbac.authorization.k8s.io/probate-become-purger",
    "rolebinding.rbac.authorization.k8s.io/probate-become-purger",
];

/// A claim and its volume, bound.
async fn bound(release: &Release, name: &str) {
    let installed = &release.installed;
    installed.create("admin", VOLUMES, &volume(name)).await.expect("a volume");
    installed.create("admin", CLAIMS, &claim(name)).await.expect("a claim");
    phase(installed, CLAIMS, name, "Bound").await;
    phase(installed, VOLUMES, name, "Bound").await;
}

/// What is deleted may take a moment to go.
async fn holds(release: &Release, wanted: &BTreeSet<String>) {
    let settled = until("objects", async || {
        let found = release.objects();
        let odd: Vec<&String> = found.symmetric_difference(wanted).collect();
        anyhow::ensure!(odd.is_empty(), "there or not there: {odd:?}");
        Ok(Some(()))
    });
    settled.await.unwrap_or_else(|error| panic!("{error:#}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mode_has_what_it_asks_and_no_more() {
    let Some(release) = Release::start().await else { return };
    let notes = release.install("");
    assert!(notes.contains("Nothing can be deleted"), "{notes}");
    bound(&release, "marked").await;
    bound(&release, "plain").await;
    let marked = json!({"metadata": {"labels": {"probate.dev/state": "Marked"}}});
    release.installed.patch("admin", CLAIMS, "marked", marked).await.expect("a mark");
    let audit = release.objects();
    assert!(audit.len() > 30 && ACTING.iter().all(|name| !audit.contains(*name)), "{audit:#?}");
    rights::are(&release, false).await;
    rights::tried(&release, false);

    let notes = release.upgrade("--set mode=enforce");
    assert!(notes.contains("are carried out"), "{notes}");
    let enforce: BTreeSet<String> = audit.iter().cloned().chain(ACTING.map(str::to_owned)).collect();
    holds(&release, &enforce).await;
    rights::are(&release, true).await;
    release.installed.until_in_force().await;
    rights::tried(&release, true);
    quarantined(&release.installed, "db").await;

    release.upgrade("--set mode=audit");
    holds(&release, &audit).await;
    rights::are(&release, false).await;
    rights::tried(&release, false);
    // What is in quarantine stays guarded in both modes.
    let gone = release.shell("kubectl delete pv db --dry-run=server");
    assert!(!gone.well && gone.err.contains("this volume is in quarantine"), "{}{}", gone.out, gone.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_helm_the_rights_go_by_name_and_helm_may_take_over() {
    let Some(release) = Release::start().await else { return };
    release.well(&documented("install.md", "kubectl apply -f host/deploy/crds"));
    release.well("kubectl wait --for=condition=Established crd --all --timeout=30s");
    let apply = documented("install.md", "kubectl apply -f host/deploy/manifests/audit.yaml");
    release.well(&apply);
    let audit = release.objects();
    release.well(&apply.replace("audit", "enforce"));
    rights::are(&release, true).await;

    release.well(&apply);
    // That alone takes no right away.
    rights::are(&release, true).await;
    for words in ["clusterrole,", "role,", "pv probate"] {
        release.well(&documented("install.md", &format!("kubectl delete {words}")));
    }
    holds(&release, &audit).await;
    rights::are(&release, false).await;

    let install = documented("install.md", "helm install");
    let done = release.shell(&install);
    assert!(!done.well && done.err.contains("cannot be imported"), "{}{}", done.out, done.err);
    release.install(&documented("install.md", "--take-ownership"));
    holds(&release, &audit).await;
    release.uninstall();
    assert!(!release.objects().iter().any(|name| name.contains("role")), "{:?}", release.objects());
}
