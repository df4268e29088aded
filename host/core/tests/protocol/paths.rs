//! Every path by name.

use crate::api::{Api, text};
use crate::ask;
use crate::replica::Replica;
use probate_contract::Cause;
use probate_core::protocol::{Intended, Next, Step};
use serde_json::{Value, json};

const HOUR: i64 = 3600;

pub(crate) fn started(over: &Value) -> (Api, Replica) {
    (Api::new(), Replica::new(ask::set(over)))
}

/// A pair that is in quarantine: record, claim's uid, volume's name.
pub(crate) fn quarantined(over: &Value) -> (Api, Replica, String, String) {
    let (mut api, mut replica) = started(over);
    let (claim, _) = api.pair("data");
    let volume = api.volumes.keys().next().unwrap().clone();
    replica.run(&mut api);
    replica.pass(&mut api, 2 * HOUR);
    assert!(api.claims.is_empty(), "the claim should be gone: {:?}", api.claims);
    assert_eq!(text(&api.volumes[&volume], "/spec/persistentVolumeReclaimPolicy"), "Retain");
    (api, replica, format!("c-{claim}"), volume)
}

pub(crate) fn held(next: &Next) -> Option<Cause> {
    match next {
        Next::Held { cause, .. } => Some(*cause),
        _ => None,
    }
}

pub(crate) fn state(object: &Value) -> Option<&str> {
    object["metadata"]["labels"]["probate.dev/state"].as_str()
}

#[test]
fn straight_from_mark_to_purge() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, volume) = api.pair("data");
    let key = ("shop".to_owned(), "data".to_owned());
    replica.run(&mut api);
    assert_eq!(state(&api.claims[&key]), Some("Marked"));
    replica.pass(&mut api, HOUR - 600);
    assert!(api.deleted.is_empty(), "grace is not over");
    replica.pass(&mut api, HOUR);
    assert_eq!(api.deleted, std::slice::from_ref(&claim));
    let kept = api.volumes.values().next().unwrap().clone();
    assert_eq!(state(&kept), Some("Quarantined"));
    assert_eq!(text(&kept, "/spec/persistentVolumeReclaimPolicy"), "Retain");
    assert_eq!(kept["metadata"]["annotations"]["probate.dev/claim"], json!("shop/data"));
    assert_eq!(kept["metadata"]["annotations"]["probate.dev/original-reclaim-policy"], json!("Delete"));
    assert_eq!(api.assets.len(), 1);
    replica.pass(&mut api, 3 * HOUR);
    assert!(api.volumes.is_empty() && api.assets.is_empty());
    assert_eq!(api.handed.iter().collect::<Vec<_>>(), [&volume]);
    let steps: Vec<Intended> = api.writes.iter().map(|(_, intended, _)| *intended).collect();
    let expected =
        [Intended::MarkClaim, Intended::FlipVolume, Intended::DeleteClaim, Intended::ReclaimDelete];
    assert_eq!(steps, expected);
    assert_eq!(
        api.places.iter().map(|place| place.0).collect::<Vec<_>>(),
        [Step::Mark, Step::Quarantine, Step::Purge]
    );
    api.now += 31 * 24 * HOUR;
    replica.run(&mut api);
    assert!(api.records.is_empty(), "the record of what is long gone goes");
}

#[test]
fn a_hold_takes_the_mark_away_and_its_end_brings_it_back() {
    let (mut api, mut replica) = started(&json!({}));
    api.pair("data");
    let key = ("shop".to_owned(), "data".to_owned());
    replica.run(&mut api);
    api.edit_claim("data", |claim| claim["metadata"]["annotations"]["probate.dev/hold"] = json!("mine"));
    replica.run(&mut api);
    assert_eq!(state(&api.claims[&key]), None);
    replica.pass(&mut api, 5 * HOUR);
    assert!(api.deleted.is_empty());
    api.edit_claim("data", |claim| {
        claim["metadata"]["annotations"].as_object_mut().unwrap().remove("probate.dev/hold");
    });
    replica.run(&mut api);
    assert_eq!(state(&api.claims[&key]), Some("Marked"));
    replica.pass(&mut api, 2 * HOUR);
    assert_eq!(api.deleted.len(), 1);
}

#[test]
fn a_mark_taken_away_by_hand_is_a_veto_until_it_was_used_again() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    replica.run(&mut api);
    api.edit_claim("data", |claim| {
        claim["metadata"]["labels"].as_object_mut().unwrap().remove("probate.dev/state");
    });
    replica.pass(&mut api, 9 * HOUR);
    assert!(api.deleted.is_empty());
    let claim_now = &api.claims[&("shop".to_owned(), "data".to_owned())];
    assert!(claim_now["metadata"]["annotations"].get("probate.dev/decision").is_none());
    assert_eq!(held(&replica.says(&api, &format!("c-{claim}"))), Some(Cause::Hold));
    api.pod("p", "data");
    replica.run(&mut api);
    api.others.clear();
    replica.pass(&mut api, 3 * HOUR);
    assert_eq!(api.deleted, [claim]);
}

#[test]
fn a_forged_mark_is_void_and_removed() {
    let (mut api, mut replica) = started(&json!({"mode": "Enforce"}));
    api.pair("data");
    api.pod("p", "data");
    api.edit_claim("data", |claim| {
        claim["metadata"]["labels"]["probate.dev/state"] = json!("Quarantined");
        claim["metadata"]["annotations"]["probate.dev/not-before"] = json!("2020-01-01T00:00:00Z");
    });
    // A record of it exists from before: it was unused then.
    api.others.clear();
    replica.run(&mut api);
    let (_, intended, _) = api.writes[0];
    assert_eq!(intended, Intended::UnmarkClaim);
    assert!(api.deleted.is_empty());
    let mark = api.claims.values().next().unwrap();
    assert_eq!(state(mark), Some("Marked"), "what stands is marked anew, with its own time");
    assert_ne!(mark["metadata"]["annotations"]["probate.dev/not-before"], json!("2020-01-01T00:00:00Z"));
}

#[test]
fn a_use_before_the_flip_unmarks_and_one_after_it_rolls_back() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    let name = format!("c-{claim}");
    replica.run(&mut api);
    api.now += 2 * HOUR - 600;
    // Step by step up to the flip, then a Pod appears.
    for _ in 0..40 {
        if api.writes.iter().any(|(_, intended, _)| *intended == Intended::FlipVolume) {
            break;
        }
        let look = replica.look(&api, &name).unwrap();
        let next = replica.decide(&look, &name);
        replica.act(&mut api, &name, &look, next);
        api.now += 1;
    }
    assert_eq!(text(api.volumes.values().next().unwrap(), "/spec/persistentVolumeReclaimPolicy"), "Retain");
    api.pod("p", "data");
    replica.run(&mut api);
    assert!(api.deleted.is_empty());
    let volume = api.volumes.values().next().unwrap();
    assert_eq!(text(volume, "/spec/persistentVolumeReclaimPolicy"), "Delete");
    assert_eq!(state(volume), None);
    assert!(api.records.get(&name).is_none_or(|(_, record)| record.status.quarantine.is_none()));
}

#[test]
fn a_denied_delete_is_rolled_back_and_asked_again_later() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    let name = format!("c-{claim}");
    replica.run(&mut api);
    api.denied.insert(Intended::DeleteClaim);
    api.now += HOUR;
    replica.run(&mut api);
    let volume = api.volumes.values().next().unwrap();
    assert_eq!(text(volume, "/spec/persistentVolumeReclaimPolicy"), "Delete");
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::Blocked));
    let flips =
        |api: &Api| api.writes.iter().filter(|(_, intended, _)| *intended == Intended::FlipVolume).count();
    assert_eq!(flips(&api), 1);
    replica.pass(&mut api, 1800);
    assert_eq!(flips(&api), 1, "asked again too soon");
    api.denied.clear();
    replica.pass(&mut api, 3 * HOUR);
    assert_eq!(api.deleted, [claim], "marked again, with a grace of its own");
}

#[test]
fn a_roll_back_that_is_denied_is_left_retain() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    let name = format!("c-{claim}");
    replica.run(&mut api);
    api.denied.extend([Intended::DeleteClaim, Intended::RollBack]);
    api.now += HOUR;
    replica.run(&mut api);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::LeftRetain));
    assert_eq!(text(api.volumes.values().next().unwrap(), "/spec/persistentVolumeReclaimPolicy"), "Retain");
    api.denied.clear();
    replica.pass(&mut api, 2 * HOUR);
    assert_ne!(held(&replica.says(&api, &name)), Some(Cause::LeftRetain));
}

#[test]
fn a_denied_dry_run_flips_nothing() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    replica.run(&mut api);
    api.denied.insert(Intended::FlipVolume);
    replica.pass(&mut api, 3 * HOUR);
    assert_eq!(held(&replica.says(&api, &format!("c-{claim}"))), Some(Cause::Blocked));
    assert_eq!(text(api.volumes.values().next().unwrap(), "/spec/persistentVolumeReclaimPolicy"), "Delete");
    assert!(api.deleted.is_empty());
}

#[test]
fn without_the_admission_policy_nothing_is_quarantined_or_purged() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    let name = format!("c-{claim}");
    api.admission = false;
    replica.run(&mut api);
    replica.pass(&mut api, 4 * HOUR);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::AdmissionPolicyMissing));
    assert!(api.deleted.is_empty());
    api.admission = true;
    replica.run(&mut api);
    assert_eq!(api.deleted, [claim]);
    api.admission = false;
    replica.pass(&mut api, 5 * HOUR);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::AdmissionPolicyMissing));
    assert_eq!(api.assets.len(), 1);
}

#[test]
fn somebody_flips_the_volume_back_before_the_claim_goes() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    let name = format!("c-{claim}");
    let volume = api.volumes.keys().next().unwrap().clone();
    replica.run(&mut api);
    api.now += HOUR;
    while !api.writes.iter().any(|(_, intended, _)| *intended == Intended::FlipVolume) {
        let look = replica.look(&api, &name).unwrap();
        let next = replica.decide(&look, &name);
        replica.act(&mut api, &name, &look, next);
    }
    api.edit_volume(&volume, |volume| volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete"));
    replica.pass(&mut api, 3 * HOUR);
    assert!(api.deleted.is_empty() && api.assets.len() == 1);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::Hold));
    assert_eq!(state(&api.volumes[&volume]), None, "its marks are taken off");
}

#[test]
fn a_flip_back_in_quarantine_is_undone_and_a_person_decides() {
    let (mut api, mut replica, name, volume) = quarantined(&json!({}));
    // The binder has not seen it yet: the driver would destroy what is released with Delete.
    api.edit_volume(&volume, |volume| volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete"));
    for _ in 0..10 {
        let look = replica.look(&api, &name).unwrap();
        let next = replica.decide(&look, &name);
        if !replica.act(&mut api, &name, &look, next) {
            break;
        }
    }
    assert_eq!(text(&api.volumes[&volume], "/spec/persistentVolumeReclaimPolicy"), "Retain");
    replica.pass(&mut api, 9 * HOUR);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::ForeignWrite));
    assert_eq!(api.assets.len(), 1);
    replica.approved = Some(i64::MAX);
    replica.pass(&mut api, HOUR);
    assert!(api.assets.is_empty());
}

#[test]
fn foreign_writes_on_volume_or_record_suspend_the_purge() {
    type Change = fn(&mut Value);
    let changes: [(Change, Cause); 5] = [
        (|volume| volume["metadata"]["labels"]["team"] = json!("x"), Cause::ForeignWrite),
        (|volume| volume["metadata"]["annotations"]["team"] = json!("x"), Cause::ForeignWrite),
        (|volume| volume["spec"]["mountOptions"] = json!(["ro"]), Cause::ForeignWrite),
        (
            |volume| drop(volume["metadata"]["labels"].as_object_mut().unwrap().remove("probate.dev/state")),
            Cause::Hold,
        ),
        (|volume| volume["metadata"]["annotations"]["probate.dev/hold"] = json!("stop"), Cause::Hold),
    ];
    for (at, (change, cause)) in changes.into_iter().enumerate() {
        let (mut api, mut replica, name, volume) = quarantined(&json!({}));
        api.edit_volume(&volume, change);
        replica.pass(&mut api, 9 * HOUR);
        assert_eq!(held(&replica.says(&api, &name)), Some(cause), "change {at}");
        assert_eq!(api.assets.len(), 1, "change {at}");
    }
    let (mut api, mut replica, name, _) = quarantined(&json!({}));
    replica.foreign = Some("kubectl-edit wrote the record".into());
    replica.pass(&mut api, 9 * HOUR);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::ForeignWrite));
}

#[test]
fn a_policy_that_is_gone_or_changed_parks_it() {
    let (mut api, mut replica, name, _) = quarantined(&json!({}));
    replica.policies = ask::set(&json!({"breaker": {"maxPercent": 7}}));
    replica.pass(&mut api, 9 * HOUR);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::Parked));
    replica.policies = probate_core::policy::PolicySet::default();
    replica.pass(&mut api, HOUR);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::Parked));
    assert_eq!(api.assets.len(), 1);
}

#[test]
fn manual_and_approved_purges_wait_for_a_person() {
    for purge in ["Manual", "Approved"] {
        let (mut api, mut replica, name, _) = quarantined(&json!({"deletion": {"purge": purge}}));
        replica.pass(&mut api, 9 * HOUR);
        assert_eq!(held(&replica.says(&api, &name)), Some(Cause::AwaitingApproval), "{purge}");
        replica.approved = Some(i64::MAX);
        replica.pass(&mut api, HOUR);
        assert!(api.assets.is_empty(), "{purge}");
    }
}

#[test]
fn a_proposal_is_carried_out_once_it_is_approved() {
    let (mut api, mut replica) = started(&json!({"mode": "Propose"}));
    api.pair("data");
    replica.run(&mut api);
    replica.pass(&mut api, 3 * HOUR);
    assert!(api.writes.is_empty());
    replica.approved = Some(i64::MAX);
    replica.run(&mut api);
    replica.approved = None;
    replica.pass(&mut api, 2 * HOUR);
    assert_eq!(api.deleted.len(), 1, "what was approved goes on after the Plan is over");
    replica.pass(&mut api, 4 * HOUR);
    assert!(api.assets.is_empty());
}

#[test]
fn the_window_runs_only_while_somebody_watches() {
    let (mut api, mut replica, _, _) = quarantined(&json!({}));
    // Away for two days: the window does not move, and disuse is counted anew.
    api.now += 48 * HOUR;
    replica.restart(api.now);
    replica.run(&mut api);
    assert_eq!(api.assets.len(), 1);
    replica.pass(&mut api, 1800);
    assert_eq!(api.assets.len(), 1);
    replica.pass(&mut api, 3 * HOUR);
    assert!(api.assets.is_empty());
}

#[test]
fn a_claim_that_was_never_bound_goes_and_destroys_nothing() {
    for selected in [false, true] {
        let (mut api, mut replica) = started(&json!({}));
        let claim = api.claim("data", None);
        api.edit_claim("data", |claim| {
            claim["metadata"]["annotations"] = json!({});
            if selected {
                claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] = json!("n1");
            }
        });
        replica.run(&mut api);
        replica.pass(&mut api, 2 * HOUR);
        assert_eq!(api.deleted, [claim], "selected node {selected}");
        assert!(api.destroyed.is_empty());
        let (_, record) = api.records.values().next().unwrap();
        let purged = record.status.conditions.iter().find(|known| known.r#type == "Purged").unwrap();
        assert_eq!((purged.status.as_str(), purged.reason.as_str()), ("True", "NeverBound"));
    }
}

#[test]
fn a_claim_that_is_being_bound_waits() {
    let (mut api, mut replica) = started(&json!({}));
    let claim = api.claim("data", None);
    replica.run(&mut api);
    api.now += HOUR;
    // Between mark and delete it is bound: what was known of it changed.
    let name = api.volume("pvc-late", "data", &claim);
    api.edit_claim("data", |claim| {
        claim["spec"]["volumeName"] = json!("pvc-late");
        claim["status"] = json!({"phase": "Bound"});
    });
    replica.run(&mut api);
    assert!(api.deleted.is_empty(), "{name} was bound after the mark");
    replica.pass(&mut api, 2 * HOUR);
    assert_eq!(api.deleted, [claim], "bound, it goes the whole way");
    assert_eq!(api.assets.len(), 1);
}

#[test]
fn two_volumes_with_one_handle_are_never_purged() {
    let (mut api, mut replica, name, volume) = quarantined(&json!({}));
    let mut twin = api.volumes[&volume].clone();
    twin["metadata"] = json!({"name": "twin", "uid": "twin", "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z"});
    twin["spec"]["claimRef"] = json!({"namespace": "shop", "name": "other", "uid": "x"});
    api.volumes.insert("twin".into(), twin);
    replica.pass(&mut api, 9 * HOUR);
    // Another volume with the handle reserves it too; that rail comes first.
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::Reserved));
    let look = replica.look(&api, &name).unwrap();
    let guards = look.entry.unwrap().guards;
    assert!(guards.iter().any(|guard| guard.cause == Cause::SharedVolume), "{guards:?}");
    assert_eq!(api.assets.len(), 1);
}

#[test]
fn the_namespace_deletes_the_claim_of_a_flipped_volume() {
    let (mut api, mut replica) = started(&json!({}));
    let (claim, _) = api.pair("data");
    let name = format!("c-{claim}");
    replica.run(&mut api);
    api.now += HOUR;
    while !api.writes.iter().any(|(_, intended, _)| *intended == Intended::FlipVolume) {
        let look = replica.look(&api, &name).unwrap();
        let next = replica.decide(&look, &name);
        replica.act(&mut api, &name, &look, next);
    }
    api.claims.clear();
    replica.run(&mut api);
    assert!(api.deleted.is_empty());
    let quarantine = api.records[&name].1.status.quarantine.clone().unwrap();
    assert!(!quarantine.released_at.is_empty(), "kept all the same");
    assert_eq!(api.assets.len(), 1);
}

#[test]
fn a_volume_whose_object_is_deleted_in_quarantine_is_told() {
    let (mut api, mut replica, name, volume) = quarantined(&json!({}));
    api.volumes.remove(&volume);
    replica.run(&mut api);
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::ForeignWrite));
    assert_eq!(api.assets.len(), 1, "Retain kept it");
}

#[test]
fn marks_of_a_lost_record_are_void_and_kept_for_a_restore() {
    let (mut api, mut replica, name, volume) = quarantined(&json!({}));
    api.records.clear();
    replica.run(&mut api);
    replica.pass(&mut api, 9 * HOUR);
    assert_eq!(api.assets.len(), 1);
    assert!(api.volumes[&volume]["metadata"]["annotations"].get("probate.dev/manifest").is_some());
    assert_eq!(held(&replica.says(&api, &name)), Some(Cause::Parked));
}

#[test]
fn audit_writes_nothing() {
    let (mut api, mut replica) = started(&json!({"mode": "Audit"}));
    api.pair("data");
    replica.run(&mut api);
    replica.pass(&mut api, 6 * HOUR);
    assert!(api.writes.is_empty());
    let (_, record) = api.records.values().next().unwrap();
    assert!(record.status.mark.is_none());
}

#[test]
fn a_policy_that_ensures_flips_the_volume_to_retain_once() {
    let mut api = Api::new();
    api.pair("data");
    let mut replica =
        Replica::new(probate_core::policy::PolicySet::new(vec![ask::policy("keep", &json!({}))]));
    replica.run(&mut api);
    replica.pass(&mut api, HOUR);
    let volume = api.volumes.values().next().unwrap();
    assert_eq!(text(volume, "/spec/persistentVolumeReclaimPolicy"), "Retain");
    assert_eq!(state(volume), None);
    assert_eq!(api.writes.len(), 1);
}
