//! Whatever policies say: a claim that any object can still want is never deleted; a true orphan is.

use crate::wants::{annotated, claim, machine, pod_spec, set, wants, workload};
use crate::world::{CLAIM, NAMESPACE, World, goes, merge, object};
use probate_contract::Cause::PolicyDelete;
use probate_contract::plan::DecisionAction;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn a_true_orphan_goes_and_its_volume_with_it() {
    let (claim, volume) = World::orphan().decided();
    assert_eq!(claim.decision.action, DecisionAction::Delete, "{claim:#?}");
    assert_eq!(claim.decision.causes, [PolicyDelete], "an enforcing policy wants it");
    assert!(claim.guards.is_empty());
    assert_eq!(volume.unwrap().follows.unwrap().claim.name, CLAIM);
}

/// Each on its own: so each is the sole thing that keeps the claim.
#[test]
fn each_thing_that_can_want_it_holds_it_alone_and_by_its_own_name() {
    let mut wrong = Vec::new();
    for want in wants() {
        let mut world = World::orphan();
        (want.make)(&mut world);
        let (claim, volume) = world.decided();
        let held = claim.decision.causes.iter().any(|cause| want.causes.contains(cause))
            || claim.guards.iter().any(|guard| want.causes.contains(&guard.cause));
        if goes(&claim) {
            wrong.push(format!("{}: the claim goes", want.name));
        } else if !held {
            wrong.push(format!(
                "{}: held by {:?}, not by {:?}",
                want.name, claim.decision.causes, want.causes
            ));
        }
        if volume.as_ref().is_some_and(goes) {
            wrong.push(format!("{}: the volume goes", want.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), wants().count(), wrong.join("\n"));
    assert!(wants().count() >= 65);
}

/// What does not want it: the same shapes with another name, another namespace, or over.
#[test]
fn what_only_looks_like_a_reference_does_not_hold_it() {
    let mut cases: Vec<(&str, World)> = Vec::new();
    let mut case = |name: &'static str, make: &dyn Fn(&mut World)| {
        let mut world = World::orphan();
        make(&mut world);
        cases.push((name, world));
    };
    case("Pod of another namespace", &|w| {
        w.objects.push(object(
            "v1",
            "Pod",
            Some("other"),
            "p",
            json!({"spec": pod_spec(), "status": {"phase": "Running"}}),
        ));
    });
    case("StatefulSet whose name only begins alike", &|w| set(w, "d", json!({"replicas": 5})));
    case("Job that is over", &|w| {
        workload(w, "batch/v1", "Job", json!({}));
        let over = json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}});
        merge(w.objects.last_mut().unwrap(), &over);
    });
    case("clone that is done", &|w| {
        let spec = json!({"spec": {"volumeName": "pvc-copy", "dataSource": {"kind": "PersistentVolumeClaim", "name": CLAIM}}, "status": {"phase": "Bound"}});
        w.objects.push(object("v1", "PersistentVolumeClaim", Some(NAMESPACE), "copy", spec));
    });
    case("a report of a policy engine", &|w| {
        let results = json!({"results": [{"resources": [{"kind": "PersistentVolumeClaim", "namespace": NAMESPACE, "name": CLAIM}]}]});
        w.objects.push(object("wgpolicyk8s.io/v1alpha2", "PolicyReport", Some(NAMESPACE), "r", results));
    });
    case("an Argo CD application's inventory", &|w| {
        let status = json!({"status": {"resources": [{"kind": "PersistentVolumeClaim", "namespace": NAMESPACE, "name": CLAIM}]}});
        w.objects.push(object("argoproj.io/v1alpha1", "Application", Some(NAMESPACE), "a", status));
    });
    case("hold that ended", &|w| {
        claim(
            w,
            annotated(json!({"probate.dev/hold": "", "probate.dev/hold-until": "2026-11-01T00:00:00Z"})),
        );
    });
    case("attachment of another volume", &|w| {
        let spec = json!({"spec": {"source": {"persistentVolumeName": "another"}}});
        w.objects.push(object("storage.k8s.io/v1", "VolumeAttachment", None, "a", spec));
    });
    case("machine with another disk", &|w| {
        machine(w, json!({"name": "d", "persistentVolumeClaim": {"claimName": "data-db-11"}}), json!({}));
    });
    let held: Vec<String> = cases
        .iter()
        .map(|(name, world)| (name, world.decided().0))
        .filter(|(_, claim)| !goes(claim))
        .map(|(name, claim)| format!("{name}: {:?} {:?}", claim.decision.causes, claim.guards))
        .collect();
    assert!(held.is_empty(), "\n{}", held.join("\n"));
}

/// Consents lift what they name, and only where every acting policy gives them: `reckless` gives all.
#[test]
fn consents_lift_what_they_name() {
    let mut world = World::orphan();
    set(&mut world, "db", json!({"replicas": 1}));
    assert!(goes(&world.decided().0), "{:?}", world.decided().0.guards);
    let mut world = World::orphan();
    claim(
        &mut world,
        annotated(json!({"argocd.argoproj.io/tracking-id": "shop:/PersistentVolumeClaim:shop/data"})),
    );
    assert!(goes(&world.decided().0), "{:?}", world.decided().0.guards);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any mixture of wants, in any order, beside bystanders: never deleted, and every one of them is told.
    #[test]
    fn a_claim_that_anything_can_want_is_never_deleted(
        picks in proptest::collection::vec(0..wants().count(), 1..4),
        bystanders in 0_usize..4,
        turn in 0_usize..32,
    ) {
        let mut world = World::orphan();
        for at in 0..bystanders {
            world.pair(NAMESPACE, &format!("other-{at}"), &format!("pv-other-{at}"), &format!("vol-other-{at}"));
        }
        for (at, pick) in picks.iter().enumerate() {
            if picks[..at].contains(pick) {
                continue;
            }
            let before = world.objects.len();
            (wants().nth(*pick).unwrap().make)(&mut world);
            for added in &mut world.objects[before..] {
                // Several wants of one kind need names of their own, where the name itself is not the reference.
                if added["metadata"]["name"] == "wants" && at > 0 {
                    added["metadata"]["name"] = json!(format!("wants-{at}"));
                    let uid = format!("{}-{at}", added["metadata"]["uid"].as_str().unwrap_or_default());
                    added["metadata"]["uid"] = json!(uid);
                }
            }
        }
        let mut names = std::collections::BTreeSet::new();
        world.objects.retain(|object| names.insert(format!("{}{}{}", object["kind"], object["metadata"]["namespace"], object["metadata"]["name"])));
        let by = turn % world.objects.len();
        world.objects.rotate_left(by);
        let (claim, volume) = world.decided();
        prop_assert!(!goes(&claim), "{:?}", claim.decision);
        prop_assert!(!volume.is_some_and(|volume| goes(&volume)));
    }

    /// Taking objects of bystanders away, or adding them, changes nothing for the orphan.
    #[test]
    fn an_orphan_among_used_claims_still_goes(used in 1_usize..6, turn in 0_usize..32) {
        let mut world = World::orphan();
        for at in 0..used {
            let name = format!("other-{at}");
            world.pair(NAMESPACE, &name, &format!("pv-other-{at}"), &format!("vol-other-{at}"));
            let spec = json!({"spec": {"nodeName": "node-1", "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]}, "status": {"phase": "Running"}});
            world.objects.push(object("v1", "Pod", Some(NAMESPACE), &format!("p-{at}"), spec));
        }
        let by = turn % world.objects.len();
        world.objects.rotate_left(by);
        let plan = world.plan();
        prop_assert_eq!(plan.summary.delete.count, 1);
        prop_assert!(goes(&world.decided().0));
    }
}
