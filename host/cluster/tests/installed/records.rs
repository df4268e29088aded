//! Records keep their identity, plans what was proposed.

use crate::plane::Installed;
use serde_json::{Value, json};

const RECORDS: &str = "/apis/probate.dev/v1alpha1/namespaces/probate/volumerecords";
const PLANS: &str = "/apis/probate.dev/v1alpha1/namespaces/probate/plans";

/// Identity: a part may be added, never changed.
pub(crate) async fn identity(installed: &Installed) {
    let record = json!({
        "apiVersion": "probate.dev/v1alpha1", "kind": "VolumeRecord", "metadata": {"name": "c-1"},
        "spec": {"cluster": {"name": "host", "uid": "u"}, "claim": {"namespace": "shop", "name": "data", "uid": "1"}},
    });
    let none = json!({"apiVersion": "probate.dev/v1alpha1", "kind": "VolumeRecord", "metadata": {"name": "c-0"},
        "spec": {"cluster": {"name": "host"}}});
    let said = installed.try_create(RECORDS, &none).await.expect_err("of nothing");
    assert!(said.contains("a record is of a claim, a volume or both"), "{said}");
    installed.create("admin", RECORDS, &record).await.expect("a record");
    let added = json!({"spec": {"volume": {"name": "pv", "uid": "2"}}});
    installed.patch("admin", RECORDS, "c-1", added).await.expect("the volume is added");
    let handle = json!({"spec": {"volume": {"driver": "d", "volumeHandle": "h"}}});
    installed.patch("admin", RECORDS, "c-1", handle).await.expect("its handle is added");
    let refused: [(Value, &str); 8] = [
        (json!({"spec": {"claim": {"uid": "9"}}}), "claim.uid may be added, never changed"),
        (json!({"spec": {"claim": {"name": "9"}}}), "claim.name may be added, never changed"),
        (json!({"spec": {"claim": {"namespace": "9"}}}), "claim.namespace may be added, never changed"),
        (json!({"spec": {"claim": null}}), "claim may be added, never taken away"),
        (json!({"spec": {"volume": {"uid": "9"}}}), "volume.uid may be added, never changed"),
        (
            json!({"spec": {"volume": {"volumeHandle": "9"}}}),
            "volume.volumeHandle may be added, never changed",
        ),
        (json!({"spec": {"volume": {"driver": null}}}), "volume.driver may be added, never changed"),
        (json!({"spec": {"cluster": {"uid": "9"}}}), "cluster.uid may be added, never changed"),
    ];
    for (change, message) in refused {
        let said = installed.patch("admin", RECORDS, "c-1", change).await.expect_err(message);
        assert!(said.starts_with("422") && said.contains(message), "{said}");
    }
}

/// A plan never changes but for its approval, and only an approver approves.
pub(crate) async fn plans(installed: &Installed) {
    let digest = format!("sha256:{}", "0b".repeat(32));
    let item = json!({"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data", "uid": "1",
        "resourceVersion": "7", "bytes": 5, "decision": "d-1", "step": "Mark"});
    let plan = |name: &str| {
        json!({"apiVersion": "probate.dev/v1alpha1", "kind": "Plan", "metadata": {"name": name},
        "spec": {"cluster": {"name": "host", "uid": "u"}, "digest": digest, "expiresAt": "2026-12-01T00:00:00Z", "items": [item]}})
    };
    let mut approved = plan("p-0");
    approved["spec"]["approval"] = json!("Approved");
    let said = installed.create("admin", PLANS, &approved).await.expect_err("approved from the start");
    assert!(said.contains("a plan begins as Pending"), "{said}");
    let mut twice = plan("p-0");
    twice["spec"]["items"] = json!([item, item]);
    let said = installed.try_create(PLANS, &twice).await.expect_err("one object twice");
    assert!(said.contains("Duplicate value"), "{said}");
    let made = installed.create("admin", PLANS, &plan("p-1")).await.expect("a plan");
    assert_eq!(made["spec"]["approval"], "Pending");
    for (change, field) in [
        (json!({"spec": {"digest": format!("sha256:{}", "0c".repeat(32))}}), "digest"),
        (json!({"spec": {"expiresAt": "2027-12-01T00:00:00Z"}}), "expiresAt"),
        (json!({"spec": {"items": []}}), "items"),
        (json!({"spec": {"cluster": null}}), "cluster"),
    ] {
        let said = installed.patch("admin", PLANS, "p-1", change).await.expect_err(field);
        assert!(said.starts_with("422") && said.contains(field), "{said}");
    }
    rights(installed).await;
    let yes = json!({"spec": {"approval": "Approved"}});
    let no = json!({"spec": {"approval": "Rejected"}});
    installed.patch("admin", PLANS, "p-1", yes.clone()).await.expect("approved");
    installed.patch("admin", PLANS, "p-1", no).await.expect("and withdrawn");
    let said = installed.patch("admin", PLANS, "p-1", yes).await.expect_err("for good");
    assert!(said.contains("Rejected stays"), "{said}");
}

/// Bob, who may change plans, approves only once he is an approver.
async fn rights(installed: &Installed) {
    installed.kubectl(&[
        "create",
        "role",
        "plans",
        "-n",
        "probate",
        "--verb=get,patch",
        "--resource=plans.probate.dev",
    ]);
    installed.kubectl(&["create", "rolebinding", "bob", "-n", "probate", "--role=plans", "--user=bob"]);
    let approve =
        ["patch", "plan", "p-1", "-n", "probate", "--type=merge", "--dry-run=server", "--as=bob", "-p"];
    let approve: Vec<&str> = approve.into_iter().chain([r#"{"spec":{"approval":"Approved"}}"#]).collect();
    let refused = installed.plane.kubectl().args(&approve).output().expect("kubectl");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("needs the right to approve plans.probate.dev"), "{said}");
    installed.kubectl(&[
        "create",
        "rolebinding",
        "bob-2",
        "-n",
        "probate",
        "--clusterrole=probate-approver",
        "--user=bob",
    ]);
    installed.kubectl(&approve);
}
