//! What is asked about a volume that is kept: by the policies of its claim, with the reclaim policy it had, and the backup that was
//! young enough when its claim was let go.

use crate::api::{Api, START};
use crate::ask;
use crate::paths::{held, quarantined, started};
use crate::replica::Replica;
use probate_contract::Cause;
use probate_contract::manifest::{Mode, Purge, RetainedVolumes};
use probate_core::policy::PolicySet;
use probate_core::protocol::Terms;
use probate_core::time;
use serde_json::json;

const HOUR: i64 = 3600;

fn backup(api: &mut Api) {
    let upload = json!({"apiVersion": "velero.io/v2alpha1", "kind": "DataUpload",
        "metadata": {"name": "u", "namespace": "velero", "uid": "upload", "resourceVersion": "5",
            "creationTimestamp": time::format(START)},
        "spec": {"sourceNamespace": "shop", "sourcePVC": "data", "snapshotType": "CSI"},
        "status": {"phase": "Completed", "completionTimestamp": time::format(START)}});
    api.others.insert("backup".into(), upload);
}

#[test]
fn a_policy_for_claims_follows_its_claim_to_the_purge() {
    let over = json!({"subjects": ["PersistentVolumeClaim"],
        "match": {"labelSelector": {"matchLabels": {"app": "db"}}}});
    let (mut api, mut replica, _, _) = quarantined(&over);
    replica.pass(&mut api, 3 * HOUR);
    assert!(api.assets.is_empty());
    let other = json!({"subjects": ["PersistentVolumeClaim"],
        "match": {"labelSelector": {"matchLabels": {"app": "web"}}}});
    let (mut api, mut replica) = started(&other);
    api.pair("data");
    replica.run(&mut api);
    replica.pass(&mut api, 2 * HOUR);
    assert!(api.writes.is_empty(), "it was never meant");
}

#[test]
fn the_gate_holds_at_the_quarantine_and_what_met_it_must_be_there_at_the_purge() {
    let over = json!({"deletion": {"snapshotGate": {"maxAgeSeconds": 7200}}});
    let (mut api, mut replica) = started(&over);
    let (claim, _) = api.pair("data");
    let name = format!("c-{claim}");
    replica.run(&mut api);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::SnapshotMissing));
    backup(&mut api);
    replica.run(&mut api);
    replica.pass(&mut api, HOUR);
    assert_eq!(api.deleted, [claim]);
    let (mut without, mut other) = (api.clone(), replica.clone());
    // Three hours old it is older than the gate asks; nothing younger can be made of a volume without a claim.
    replica.pass(&mut api, 3 * HOUR);
    assert!(api.assets.is_empty());
    without.others.clear();
    other.pass(&mut without, 3 * HOUR);
    assert_eq!(held(&other.says(&without, &name)), Some(Cause::SnapshotMissing));
    assert_eq!(without.assets.len(), 1);
}

#[test]
fn a_nightly_backup_ends_no_disuse_and_lifts_no_mark() {
    let over = json!({"deletion": {"graceSeconds": 86_400, "snapshotGate": {"maxAgeSeconds": 30_600}}});
    let (mut api, mut replica) = started(&over);
    let (claim, _) = api.pair("data");
    let name = format!("c-{claim}");
    backup(&mut api);
    replica.run(&mut api);
    replica.pass(&mut api, HOUR);
    let since = api.records[&name].1.status.unused_since.clone();
    let marked = api.records[&name].1.status.mark.clone();
    assert!(since.is_some() && marked.is_some());
    for night in 1..=2 {
        let running = json!({"apiVersion": "velero.io/v1", "kind": "Backup",
            "metadata": {"name": "nightly", "namespace": "velero", "uid": format!("n-{night}"),
                "resourceVersion": "5", "creationTimestamp": time::format(START)},
            "spec": {}, "status": {"phase": "InProgress"}});
        api.others.insert("nightly".into(), running);
        replica.pass(&mut api, HOUR);
        assert!(held(&replica.says(&api, &name)).is_some(), "nothing is done while it runs");
        api.others.remove("nightly");
        let mut upload = api.others["backup"].clone();
        upload["metadata"]["name"] = json!(format!("u-{night}"));
        upload["metadata"]["uid"] = json!(format!("upload-{night}"));
        upload["status"]["completionTimestamp"] = json!(time::format(api.now));
        api.others.insert(format!("backup-{night}"), upload);
        replica.pass(&mut api, 8 * HOUR);
        assert_eq!(api.records[&name].1.status.unused_since, since, "night {night}");
        assert_eq!(api.records[&name].1.status.mark, marked, "night {night}");
    }
    api.pod("web", "data");
    replica.pass(&mut api, HOUR);
    assert!(!api.records.contains_key(&name) && api.claims.len() == 1, "a Pod is use");
}

#[test]
fn a_policy_for_volumes_alone_keeps_the_data_and_not_the_claim() {
    let volumes = json!({"subjects": ["PersistentVolume"]});
    let set = PolicySet::new(vec![ask::policy("all", &json!({})), ask::policy("keep", &volumes)]);
    let (mut api, mut replica) = (Api::new(), Replica::new(set));
    api.pair("data");
    replica.run(&mut api);
    replica.pass(&mut api, 2 * HOUR);
    assert!(api.claims.is_empty());
    replica.pass(&mut api, 9 * HOUR);
    assert!(api.assets.len() == 1 && api.volumes.len() == 1, "{:?}", api.writes);
}

#[test]
fn the_longest_waits_and_the_strictest_words_of_those_that_act() {
    let strict =
        json!({"deletion": {"graceSeconds": 9000, "purge": "Approved", "retainedVolumes": "Release"}});
    let lax = json!({"deletion": {"quarantineSeconds": 60, "purge": "Auto", "retainedVolumes": "DeleteObject",
        "snapshotGate": {"maxAgeSeconds": 5}}});
    let audit = json!({"mode": "Audit", "deletion": {"graceSeconds": 99_999, "purge": "Manual"}});
    let set = PolicySet::new(vec![
        ask::policy("strict", &strict),
        ask::policy("lax", &lax),
        ask::policy("audit", &audit),
    ]);
    let mut api = Api::new();
    let (claim, _) = api.pair("data");
    let inventory = ask::inventory(&api, &[]);
    let plan = ask::plan(&inventory, &set);
    let entry = ask::entry(&plan, &claim).unwrap();
    let terms = Terms::of(&set, entry, &ask::settings()).unwrap();
    assert_eq!((terms.grace_seconds, terms.quarantine_seconds), (9000, 7200));
    assert_eq!((terms.purge, terms.retained_volumes), (Purge::Approved, RetainedVolumes::Release));
    assert_eq!((terms.mode, terms.gates.as_slice()), (Mode::Enforce, [5].as_slice()));
    assert_eq!(terms.policies.len(), 2, "one that only audits has no say in how it is carried out");
    let lax = PolicySet::new(vec![ask::policy("lax", &lax)]);
    let least = Terms::of(&lax, entry, &ask::settings()).unwrap();
    assert_eq!(least.quarantine_seconds, 3600, "the settings' shortest");
    assert_eq!(Terms::of(&PolicySet::default(), entry, &ask::settings()), None);
}
