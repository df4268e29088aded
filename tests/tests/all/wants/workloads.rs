//! Pods, and every template that can make one.

use super::{Want, add, pod, pod_spec, set, workload};
use crate::world::{NAMESPACE, object};
use probate_contract::Cause::*;
use serde_json::json;

/// Workloads and everything that is made of Pods.
pub(super) const WORKLOADS: &[Want] = &[
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
