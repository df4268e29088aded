//! Whatever policies say: a claim that any object can still want is never deleted; a true orphan is.

use crate::world::{CLAIM, NAMESPACE, VOLUME, World, goes, merge, object};
use probate_contract::Cause;
use probate_contract::plan::DecisionAction;
use proptest::prelude::*;
use serde_json::{Value, json};

/// One way in which something can still want the orphan's claim or volume.
struct Want {
    name: &'static str,
    /// What holds it: one of these must be among the causes.
    causes: &'static [Cause],
    make: fn(&mut World),
}

fn pod_spec() -> Value {
    json!({"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "persistentVolumeClaim": {"claimName": CLAIM}}]})
}

fn add(world: &mut World, api_version: &str, kind: &str, rest: Value) {
    world.objects.push(object(api_version, kind, Some(NAMESPACE), "wants", rest));
}

fn pod(world: &mut World, node: Option<&str>, phase: &str) {
    let mut rest = json!({"spec": pod_spec(), "status": {"phase": phase}});
    if let Some(node) = node {
        rest["spec"]["nodeName"] = json!(node);
    }
    add(world, "v1", "Pod", rest);
}

fn workload(world: &mut World, api_version: &str, kind: &str, spec: Value) {
    let mut rest = json!({"spec": {"template": {"spec": pod_spec()}}});
    merge(&mut rest["spec"], &spec);
    add(world, api_version, kind, rest);
}

fn set(world: &mut World, name: &str, spec: Value) {
    let mut rest =
        json!({"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}], "template": {"spec": {}}}});
    merge(&mut rest["spec"], &spec);
    world.objects.push(object("apps/v1", "StatefulSet", Some(NAMESPACE), name, rest));
}

fn machine(world: &mut World, volume: Value, rest: Value) {
    let mut machine = json!({"spec": {"template": {"spec": {"volumes": [volume]}}}});
    merge(&mut machine, &rest);
    add(world, "kubevirt.io/v1", "VirtualMachine", machine);
}

fn disk() -> Value {
    json!({"name": "d", "persistentVolumeClaim": {"claimName": CLAIM}})
}

fn claim(world: &mut World, patch: Value) {
    world.patch("PersistentVolumeClaim", CLAIM, &patch);
}

fn volume(world: &mut World, patch: Value) {
    world.patch("PersistentVolume", VOLUME, &patch);
}

fn annotated(annotations: Value) -> Value {
    json!({"metadata": {"annotations": annotations}})
}

fn owned(kind: &str, api_version: &str) -> Value {
    json!({"metadata": {"ownerReferences": [
        {"apiVersion": api_version, "kind": kind, "name": "wants", "uid": format!("uid-{}-{NAMESPACE}-wants", kind.to_lowercase()), "controller": true},
    ]}})
}

fn recorded(world: &mut World, key: &str, value: Value) {
    if let Some(record) = world.records.first_mut() {
        record[key] = value;
    }
}

fn custom(world: &mut World, spec: Value) {
    add(world, "example.com/v1", "Thing", json!({"spec": spec}));
}

use Cause::*;

/// Workloads and everything that is made of Pods.
const WORKLOADS: &[Want] = &[
    Want { name: "running Pod", causes: &[InUse], make: |w| pod(w, Some("node-1"), "Running") },
    Want {
        name: "Pod on a node, not started",
        causes: &[InUse],
        make: |w| pod(w, Some("node-1"), "Pending"),
    },
    Want { name: "pending Pod", causes: &[Referenced], make: |w| pod(w, None, "Pending") },
    Want { name: "Pod in an unknown phase", causes: &[InUse], make: |w| pod(w, Some("node-1"), "Unknown") },
    Want {
        name: "finished Pod",
        causes: &[HeldByFinishedPod],
        make: |w| pod(w, Some("node-1"), "Succeeded"),
    },
    Want { name: "failed Pod", causes: &[HeldByFinishedPod], make: |w| pod(w, Some("node-1"), "Failed") },
    Want {
        name: "Pod with an ephemeral volume",
        causes: &[InUse],
        make: |w| {
            let spec = json!({"spec": {"nodeName": "node-1", "volumes": [{"name": "db-1", "ephemeral": {"volumeClaimTemplate": {}}}]}, "status": {"phase": "Running"}});
            w.objects.push(object("v1", "Pod", Some(NAMESPACE), "data", spec));
        },
    },
    Want {
        name: "Deployment",
        causes: &[Referenced],
        make: |w| workload(w, "apps/v1", "Deployment", json!({"replicas": 2})),
    },
    Want {
        name: "Deployment of none",
        causes: &[Referenced],
        make: |w| workload(w, "apps/v1", "Deployment", json!({"replicas": 0})),
    },
    Want {
        name: "ReplicaSet",
        causes: &[Referenced],
        make: |w| workload(w, "apps/v1", "ReplicaSet", json!({"replicas": 0})),
    },
    Want {
        name: "ReplicationController",
        causes: &[Referenced],
        make: |w| workload(w, "v1", "ReplicationController", json!({})),
    },
    Want {
        name: "DaemonSet",
        causes: &[Referenced],
        make: |w| workload(w, "apps/v1", "DaemonSet", json!({})),
    },
    Want {
        name: "StatefulSet's Pod template",
        causes: &[Referenced],
        make: |w| workload(w, "apps/v1", "StatefulSet", json!({"replicas": 0})),
    },
    Want {
        name: "StatefulSet's ordinal",
        causes: &[Referenced],
        make: |w| set(w, "db", json!({"replicas": 2})),
    },
    Want {
        name: "StatefulSet with later ordinals",
        causes: &[Referenced],
        make: |w| set(w, "db", json!({"replicas": 1, "ordinals": {"start": 1}})),
    },
    Want { name: "Job", causes: &[Referenced], make: |w| workload(w, "batch/v1", "Job", json!({})) },
    Want {
        name: "suspended Job",
        causes: &[Referenced],
        make: |w| workload(w, "batch/v1", "Job", json!({"suspend": true})),
    },
    Want {
        name: "CronJob",
        causes: &[Referenced],
        make: |w| {
            add(
                w,
                "batch/v1",
                "CronJob",
                json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": pod_spec()}}}}}),
            )
        },
    },
    Want {
        name: "suspended CronJob",
        causes: &[Referenced],
        make: |w| {
            add(
                w,
                "batch/v1",
                "CronJob",
                json!({"spec": {"suspend": true, "jobTemplate": {"spec": {"template": {"spec": pod_spec()}}}}}),
            )
        },
    },
];

/// Virtual machines, running or not.
const MACHINES: &[Want] = &[
    Want {
        name: "running VM",
        causes: &[InUse],
        make: |w| machine(w, disk(), json!({"status": {"printableStatus": "Running", "created": true}})),
    },
    Want {
        name: "stopped VM",
        causes: &[Referenced],
        make: |w| {
            machine(w, disk(), json!({"spec": {"running": false}, "status": {"printableStatus": "Stopped"}}))
        },
    },
    Want { name: "VM without a status", causes: &[Referenced], make: |w| machine(w, disk(), json!({})) },
    Want {
        name: "VM with a dataVolume",
        causes: &[Referenced],
        make: |w| machine(w, json!({"name": "d", "dataVolume": {"name": CLAIM}}), json!({})),
    },
    Want {
        name: "VM with a dataVolumeTemplate",
        causes: &[Referenced],
        make: |w| {
            machine(
                w,
                json!({"name": "c", "containerDisk": {}}),
                json!({"spec": {"dataVolumeTemplates": [{"metadata": {"name": CLAIM}, "spec": {}}]}}),
            )
        },
    },
    Want {
        name: "VM with an ephemeral base",
        causes: &[Referenced],
        make: |w| {
            machine(
                w,
                json!({"name": "d", "ephemeral": {"persistentVolumeClaim": {"claimName": CLAIM}}}),
                json!({}),
            )
        },
    },
    Want {
        name: "VM with a memory dump",
        causes: &[Referenced],
        make: |w| machine(w, json!({"name": "d", "memoryDump": {"claimName": CLAIM}}), json!({})),
    },
    Want {
        name: "VM that plugs it in",
        causes: &[Referenced],
        make: |w| {
            machine(
                w,
                json!({"name": "c", "containerDisk": {}}),
                json!({"status": {"volumeRequests": [{"addVolumeOptions": {"name": "d", "volumeSource": {"persistentVolumeClaim": {"claimName": CLAIM}}}}]}}),
            )
        },
    },
    Want {
        name: "VM with a Harvester template",
        causes: &[Referenced],
        make: |w| {
            machine(
                w,
                json!({"name": "c", "containerDisk": {}}),
                annotated(
                    json!({"harvesterhci.io/volumeClaimTemplates": json!([{"metadata": {"name": CLAIM}, "spec": {}}]).to_string()}),
                ),
            )
        },
    },
    Want {
        name: "VM instance alone",
        causes: &[InUse],
        make: |w| {
            add(
                w,
                "kubevirt.io/v1",
                "VirtualMachineInstance",
                json!({"spec": {"volumes": [disk()]}, "status": {"phase": "Running"}}),
            )
        },
    },
    Want {
        name: "DataVolume under way",
        causes: &[Referenced, InUse, OperationInProgress],
        make: |w| {
            w.objects.push(object(
                "cdi.kubevirt.io/v1beta1",
                "DataVolume",
                Some(NAMESPACE),
                CLAIM,
                json!({"spec": {"source": {"blank": {}}}, "status": {"phase": "ImportInProgress"}}),
            ))
        },
    },
    Want {
        name: "DataVolume that clones it",
        causes: &[Referenced, InUse, OperationInProgress],
        make: |w| {
            w.objects.push(object("cdi.kubevirt.io/v1beta1", "DataVolume", Some("other"), "copy", json!({"spec": {"source": {"pvc": {"namespace": NAMESPACE, "name": CLAIM}}}, "status": {"phase": "CloneInProgress"}})))
        },
    },
];

/// What the storage layer itself knows.
const STORAGE: &[Want] = &[
    Want {
        name: "VolumeAttachment",
        causes: &[InUse],
        make: |w| {
            w.objects.push(object(
                "storage.k8s.io/v1",
                "VolumeAttachment",
                None,
                "a",
                json!({"spec": {"source": {"persistentVolumeName": VOLUME}}, "status": {"attached": false}}),
            ))
        },
    },
    Want {
        name: "Node's volumesInUse",
        causes: &[InUse],
        make: |w| {
            w.patch(
                "Node",
                "node-1",
                &json!({"status": {"volumesInUse": ["kubernetes.io/csi/csi.example.com^vol-1"]}}),
            )
        },
    },
    Want {
        name: "Node's volumesAttached",
        causes: &[InUse],
        make: |w| {
            w.patch("Node", "node-1", &json!({"status": {"volumesAttached": [{"name": "kubernetes.io/csi/csi.example.com^vol-1", "devicePath": ""}]}}))
        },
    },
    Want {
        name: "clone of it under way",
        causes: &[Referenced, OperationInProgress],
        make: |w| {
            w.objects.push(object("v1", "PersistentVolumeClaim", Some(NAMESPACE), "copy", json!({"spec": {"storageClassName": "fast", "dataSource": {"kind": "PersistentVolumeClaim", "name": CLAIM}}, "status": {"phase": "Pending"}})))
        },
    },
    Want {
        name: "snapshot in the making",
        causes: &[OperationInProgress, Referenced, InUse],
        make: |w| {
            add(
                w,
                "snapshot.storage.k8s.io/v1",
                "VolumeSnapshot",
                json!({"spec": {"source": {"persistentVolumeClaimName": CLAIM}}, "status": {"readyToUse": false}}),
            )
        },
    },
    Want {
        name: "snapshot without a status",
        causes: &[OperationInProgress, Referenced, InUse],
        make: |w| {
            add(
                w,
                "snapshot.storage.k8s.io/v1",
                "VolumeSnapshot",
                json!({"spec": {"source": {"persistentVolumeClaimName": CLAIM}}}),
            )
        },
    },
    Want {
        name: "another volume reserved for it",
        causes: &[Reserved],
        make: |w| {
            w.objects.push(object("v1", "PersistentVolume", None, "reserved", json!({"spec": {"capacity": {"storage": "1Gi"}, "claimRef": {"namespace": NAMESPACE, "name": CLAIM}}, "status": {"phase": "Available"}})))
        },
    },
    Want {
        name: "another volume with its handle",
        causes: &[SharedVolume],
        make: |w| {
            w.objects.push(object("v1", "PersistentVolume", None, "twin", json!({"spec": {"capacity": {"storage": "1Gi"}, "csi": {"driver": "csi.example.com", "volumeHandle": "vol-1"}}, "status": {"phase": "Available"}})))
        },
    },
    Want {
        name: "another claim that asks for its volume",
        causes: &[Reserved, Referenced, InUse, IdentityUnproven],
        make: |w| {
            w.objects.push(object(
                "v1",
                "PersistentVolumeClaim",
                Some("other"),
                "asks",
                json!({"spec": {"volumeName": VOLUME}, "status": {"phase": "Pending"}}),
            ))
        },
    },
    Want {
        name: "claimRef of another uid",
        causes: &[IdentityUnproven],
        make: |w| volume(w, json!({"spec": {"claimRef": {"uid": "somebody-else"}}})),
    },
    Want {
        name: "resize",
        causes: &[OperationInProgress],
        make: |w| claim(w, json!({"status": {"conditions": [{"type": "Resizing", "status": "True"}]}})),
    },
    Want {
        name: "clone's finalizer",
        causes: &[OperationInProgress],
        make: |w| {
            claim(
                w,
                json!({"metadata": {"finalizers": ["provisioner.storage.kubernetes.io/cloning-protection"]}}),
            )
        },
    },
    Want {
        name: "snapshot's finalizer",
        causes: &[OperationInProgress],
        make: |w| {
            claim(
                w,
                json!({"metadata": {"finalizers": ["snapshot.storage.kubernetes.io/pvc-as-source-protection"]}}),
            )
        },
    },
    Want {
        name: "foreign finalizer",
        causes: &[ForeignFinalizer],
        make: |w| claim(w, json!({"metadata": {"finalizers": ["example.com/wait"]}})),
    },
    Want {
        name: "foreign finalizer on the volume",
        causes: &[ForeignFinalizer],
        make: |w| volume(w, json!({"metadata": {"finalizers": ["example.com/wait"]}})),
    },
    Want {
        name: "volume of another layer",
        causes: &[NotGoverningVolume],
        make: |w| volume(w, json!({"metadata": {"labels": {"vcluster.loft.sh/fake-pv": "true"}}})),
    },
];

/// What people and other controllers say.
const PEOPLE: &[Want] = &[
    Want {
        name: "hold on the claim",
        causes: &[Hold],
        make: |w| claim(w, annotated(json!({"probate.dev/hold": ""}))),
    },
    Want {
        name: "hold on the volume",
        causes: &[Hold],
        make: |w| volume(w, annotated(json!({"probate.dev/hold": "audit"}))),
    },
    Want {
        name: "hold on the namespace",
        causes: &[Hold],
        make: |w| w.patch("Namespace", NAMESPACE, &annotated(json!({"probate.dev/hold": "x"}))),
    },
    Want {
        name: "hold until later",
        causes: &[Hold],
        make: |w| claim(w, annotated(json!({"probate.dev/hold-until": "2027-01-01T00:00:00Z"}))),
    },
    Want {
        name: "hold until nobody knows",
        causes: &[Hold],
        make: |w| claim(w, annotated(json!({"probate.dev/hold": "", "probate.dev/hold-until": "soon"}))),
    },
    Want {
        name: "Helm's keep",
        causes: &[Protected],
        make: |w| claim(w, annotated(json!({"helm.sh/resource-policy": "keep"}))),
    },
    Want {
        name: "being deleted",
        causes: &[Terminating],
        make: |w| claim(w, json!({"metadata": {"deletionTimestamp": "2026-11-22T05:00:00Z"}})),
    },
    Want {
        name: "namespace being deleted",
        causes: &[Terminating],
        make: |w| w.patch("Namespace", NAMESPACE, &json!({"status": {"phase": "Terminating"}})),
    },
    Want {
        name: "custom controller",
        causes: &[ForeignController],
        make: |w| {
            add(w, "example.com/v1", "Thing", json!({"spec": {}}));
            claim(w, owned("Thing", "example.com/v1"));
        },
    },
    Want {
        name: "custom resource that names it",
        causes: &[PossiblyReferenced],
        make: |w| custom(w, json!({"storage": {"claim": CLAIM}})),
    },
    Want {
        name: "custom resource with its name in a list",
        causes: &[PossiblyReferenced],
        make: |w| custom(w, json!({"claims": ["a", CLAIM]})),
    },
    Want {
        name: "custom resource with namespace and name in one text",
        causes: &[PossiblyReferenced],
        make: |w| custom(w, json!({"source": format!("{NAMESPACE}/{CLAIM}")})),
    },
    Want {
        name: "custom resource with its name as a key",
        causes: &[PossiblyReferenced],
        make: |w| custom(w, json!({"disks": {CLAIM: 1}})),
    },
    Want {
        name: "custom resource with its name in an annotation",
        causes: &[PossiblyReferenced],
        make: |w| add(w, "example.com/v1", "Thing", annotated(json!({"example.com/claim": CLAIM}))),
    },
    Want {
        name: "custom resource of another namespace",
        causes: &[PossiblyReferenced],
        make: |w| {
            w.objects.push(object(
                "example.com/v1",
                "Thing",
                Some("other"),
                "t",
                json!({"spec": {"ref": {"namespace": NAMESPACE, "name": CLAIM}}}),
            ))
        },
    },
    Want {
        name: "cluster-wide custom resource",
        causes: &[PossiblyReferenced],
        make: |w| {
            w.objects.push(object(
                "example.com/v1",
                "Wide",
                None,
                "t",
                json!({"spec": {"ref": {"namespace": NAMESPACE, "name": CLAIM}}}),
            ))
        },
    },
];

/// Time and watching.
const TIME: &[Want] = &[
    Want { name: "no record", causes: &[IncompleteEvidence], make: |w| w.records.clear() },
    Want {
        name: "record with a gap",
        causes: &[NotWatched],
        make: |w| recorded(w, "observation", json!({"continuity": "Watched", "largestGapSeconds": 90_000})),
    },
    Want {
        name: "record that ended",
        causes: &[NotWatched],
        make: |w| {
            recorded(w, "observation", json!({"continuity": "Watched", "lastAt": "2026-11-01T00:00:00Z"}))
        },
    },
    Want {
        name: "samples",
        causes: &[NotWatched],
        make: |w| recorded(w, "observation", json!({"continuity": "Sampled"})),
    },
    Want {
        name: "unused for an hour",
        causes: &[UnusedTooShort],
        make: |w| recorded(w, "unusedSince", json!("2026-11-22T05:00:00Z")),
    },
    Want {
        name: "an hour old",
        causes: &[TooYoung],
        make: |w| claim(w, json!({"metadata": {"creationTimestamp": "2026-11-22T05:00:00Z"}})),
    },
    Want {
        name: "unused in the future",
        causes: &[IncompleteEvidence],
        make: |w| recorded(w, "unusedSince", json!("2027-01-01T00:00:00Z")),
    },
];

fn wants() -> impl Iterator<Item = &'static Want> {
    [WORKLOADS, MACHINES, STORAGE, PEOPLE, TIME].into_iter().flatten()
}

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
