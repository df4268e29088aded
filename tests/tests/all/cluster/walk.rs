//! The walk of `examples/in-cluster`: marked, vetoed, quarantined, restored, purged, annotated, retained; all of it to be seen.

use super::stand::Stand;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::{Patch, PatchParams};
use probate_apiserver::until;
use serde_json::json;

const SHOP: &str = "shop";

fn state(claim: &PersistentVolumeClaim) -> Option<&str> {
    claim.metadata.labels.as_ref()?.get("probate.dev/state").map(String::as_str)
}

async fn stands(stand: &Stand, name: &str, wanted: Option<&str>) {
    until(&format!("{name} {wanted:?}"), async || {
        let claim = stand.claims(SHOP).get(name).await?;
        Ok((state(&claim) == wanted).then_some(()))
    })
    .await
    .unwrap();
}

async fn gone(stand: &Stand, name: &str) {
    until(&format!("no claim {name}"), async || {
        Ok(stand.claims(SHOP).get_opt(name).await?.is_none().then_some(()))
    })
    .await
    .unwrap();
}

async fn hold(stand: &Stand, name: &str, value: Option<&str>) {
    let patch = Patch::Merge(json!({"metadata": {"annotations": {"probate.dev/hold": value}}}));
    stand.claims(SHOP).patch(name, &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_claims_go_five_ways_and_everything_is_to_be_seen() {
    let Some(stand) = Stand::start().await else { return };
    stand.kubectl(&["create", "namespace", SHOP]);
    stand.apply("examples/in-cluster/claims.yaml");
    let marked = stand.bound(SHOP, "marked").await;
    let kept = stand.bound(SHOP, "kept").await;
    let purged = stand.bound(SHOP, "purged").await;
    let ensured = stand.bound(SHOP, "ensured").await;
    let digest = stand.digest(&kept).unwrap();
    let controller = stand.controller().await;
    controller.ready().await;
    stand.apply("examples/in-cluster/policies.yaml");

    stands(&stand, "marked", Some("Marked")).await;
    hold(&stand, "marked", Some("audit")).await;
    stands(&stand, "marked", None).await;
    hold(&stand, "marked", None).await;
    stands(&stand, "marked", Some("Marked")).await;

    gone(&stand, "kept").await;
    let name = kept.metadata.name.clone().unwrap();
    let volume = until("a volume in quarantine", async || {
        let volume = stand.volumes().get(&name).await?;
        let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
        Ok((phase == Some("Released")).then_some(volume))
    });
    let volume = volume.await.unwrap();
    let labels = volume.metadata.labels.unwrap_or_default();
    assert_eq!(labels.get("probate.dev/state").map(String::as_str), Some("Quarantined"));
    assert_eq!(volume.spec.unwrap().persistent_volume_reclaim_policy.as_deref(), Some("Retain"));
    assert_eq!(stand.digest(&kept).as_ref(), Some(&digest));

    gone(&stand, "purged").await;
    until("a volume that is destroyed", async || Ok(stand.digest(&purged).is_none().then_some(())))
        .await
        .unwrap();
    assert!(stand.digest(&marked).is_some() && stand.digest(&kept).is_some(), "only the one");

    until("an annotation", async || {
        let claim = stand.claims(SHOP).get("noted").await?;
        let annotations = claim.metadata.annotations.unwrap_or_default();
        let note = annotations.get("probate.dev/note.effective-reclaim-policy").cloned();
        Ok((note.as_deref() == Some("Delete")).then_some(()))
    })
    .await
    .unwrap();
    let name = ensured.metadata.name.clone().unwrap();
    until("a volume that is retained", async || {
        let spec = stand.volumes().get(&name).await?.spec.unwrap_or_default();
        Ok((spec.persistent_volume_reclaim_policy.as_deref() == Some("Retain")).then_some(()))
    })
    .await
    .unwrap();
    seen(&stand, &controller).await;

    let asked = stand.probate(&["restore", "pvc", "kept", "-n", SHOP, "--dry-run"]);
    assert_eq!(String::from_utf8_lossy(&asked.stdout), "pvc/shop/kept can be restored\n");
    assert!(stand.claims(SHOP).get_opt("kept").await.unwrap().is_none());
    let output = stand.probate(&["restore", "pvc", "kept", "-n", SHOP]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let again = stand.bound(SHOP, "kept").await;
    assert_eq!(again.metadata.name, kept.metadata.name);
    assert_eq!(stand.digest(&again), Some(digest));
    let head =
        stand.kubectl(&["get", "ledger", "probate", "-n", "probate", "-o", "jsonpath={.spec.heads[0].hash}"]);
    let decisions = controller.decisions.clone();
    drop(controller);
    let verified = stand.offline(&["verify"], &decisions);
    assert!(verified.contains("whole and unchanged"), "{verified}");
    assert!(std::fs::read_to_string(&decisions).unwrap().contains(&head) && !head.is_empty(), "{head}");
    let policies = crate::support::root().join("examples/in-cluster/policies.yaml").display().to_string();
    stand.offline(&["replay", "-p", &policies], &decisions);
}

/// What people and monitoring are shown.
async fn seen(stand: &Stand, controller: &super::stand::Controller) {
    let output = stand.probate(&["status"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for wanted in ["Marked", "pvc/shop/marked", "Quarantined", "pvc/shop/kept", "1 volume"] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    let listed = stand.kubectl(&["get", "clusterretentionpolicies"]);
    assert!(listed.contains("Enforce") && listed.contains("kept"), "{listed}");
    let described = stand.kubectl(&["describe", "pvc", "marked", "-n", SHOP]);
    assert!(described.contains("DeletionPlanned") && described.contains("DeletionCancelled"), "{described}");
    let output = stand.probate(&["explain", "pvc", "marked", "-n", SHOP]);
    let explained = String::from_utf8_lossy(&output.stdout).into_owned();
    for wanted in ["What became of it", "Marked  PolicyDelete", "Delete"] {
        assert!(
            explained.contains(wanted),
            "{wanted} in {explained}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let output = stand.probate(&["graph", "pvc/shop/marked"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("marked"), "{output:?}");
    let metrics = controller.get("/metrics").await.unwrap();
    assert!(
        metrics.contains("probate_effects_total{write=\"DeleteClaim\",outcome=\"Applied\"} 2"),
        "{metrics}"
    );
    assert!(metrics.contains("probate_reclaimed_bytes_total 1073741824"), "{metrics}");
    let said = "probate_decisions_total{policy=\"ClusterRetentionPolicy/marked\",verdict=\"Delete\",mode=\"Enforce\"}";
    assert!(metrics.contains(said), "{metrics}");
}
