//! Pods, and every template that can make one.

use super::edges::{Edge, want};
use super::plant::{Plot, Target};
use serde_json::{Value, json};

fn mounts(target: &Target) -> Value {
    json!({"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "v", "persistentVolumeClaim": {"claimName": target.name}}]})
}

fn pod(plot: &mut Plot, target: &Target, node: Option<&str>, phase: &str) -> bool {
    let mut spec = mounts(target);
    if let Some(node) = node {
        spec["nodeName"] = json!(node);
    }
    plot.beside(target, ("v1", "Pod"), &json!({"spec": spec, "status": {"phase": phase}}))
}

fn template(plot: &mut Plot, target: &Target, kind: (&str, &str), mut spec: Value) -> bool {
    spec["template"] = json!({"spec": mounts(target)});
    plot.beside(target, kind, &json!({"spec": spec}))
}

/// `TEMPLATE-SET-ORDINAL`
fn parts(target: &Target) -> Option<(&str, &str, u64)> {
    let (front, ordinal) = target.name.rsplit_once('-')?;
    let (template, set) = front.split_once('-')?;
    Some((template, set, ordinal.parse().ok().filter(|number: &u64| number.to_string() == ordinal)?))
}

/// The set of which the target is an ordinal.
fn set(plot: &mut Plot, target: &Target, spec: impl Fn(u64) -> Value) -> Option<String> {
    let (template, set, ordinal) = parts(target)?;
    let mut spec = spec(ordinal);
    spec["volumeClaimTemplates"] = json!([{"metadata": {"name": "x"}}, {"metadata": {"name": template}}]);
    spec["template"] = json!({"spec": {}});
    let named = (target.namespace.as_str(), set);
    plot.add(target.cluster, ("apps/v1", "StatefulSet"), named, &json!({"spec": spec}));
    Some(set.to_owned())
}

/// An ordinal that the set does not want now.
pub(super) fn scaled_down(plot: &mut Plot, target: &Target) -> bool {
    set(plot, target, |ordinal| json!({"replicas": ordinal})).is_some()
}

fn scaled(plot: &mut Plot, target: &Target, reach: bool, keda: bool) -> bool {
    let Some(set) = set(plot, target, |_| json!({"replicas": 0})) else { return false };
    let ordinal = parts(target).map_or(0, |(_, _, ordinal)| ordinal);
    let most = if reach { ordinal + 1 } else { ordinal };
    let scale = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": set});
    if keda {
        let spec = json!({"spec": {"scaleTargetRef": scale, "maxReplicaCount": most}});
        return plot.beside(target, ("keda.sh/v1alpha1", "ScaledObject"), &spec);
    }
    let spec = json!({"spec": {"scaleTargetRef": scale, "maxReplicas": most}});
    plot.beside(target, ("autoscaling/v2", "HorizontalPodAutoscaler"), &spec)
}

/// Everything that is made of Pods.
pub(super) const EDGES: &[Edge] = &[
    want("pod running", |p, t| pod(p, t, Some("node-1"), "Running")),
    want("pod on a node, not started", |p, t| pod(p, t, Some("node-1"), "Pending")),
    want("pod pending", |p, t| pod(p, t, None, "Pending")),
    want("pod unknown", |p, t| pod(p, t, Some("node-1"), "Unknown")),
    want("pod succeeded", |p, t| pod(p, t, Some("node-1"), "Succeeded")),
    want("pod failed", |p, t| pod(p, t, Some("node-1"), "Failed")),
    want("pod without a status", |p, t| p.beside(t, ("v1", "Pod"), &json!({"spec": mounts(t)}))),
    want("pod ephemeral", |p, t| {
        let Some((pod, volume)) = t.name.split_once('-') else { return false };
        let volumes = json!([{"name": volume, "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]);
        let spec =
            json!({"spec": {"nodeName": "node-1", "volumes": volumes}, "status": {"phase": "Running"}});
        p.add(t.cluster, ("v1", "Pod"), (&t.namespace, pod), &spec);
        true
    }),
    want("pod ephemeral pending", |p, t| {
        let Some((pod, volume)) = t.name.rsplit_once('-') else { return false };
        let volumes = json!([{"name": volume, "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]);
        let spec = json!({"spec": {"volumes": volumes}, "status": {"phase": "Pending"}});
        p.add(t.cluster, ("v1", "Pod"), (&t.namespace, pod), &spec);
        true
    }),
    want("pod with the disk inline", |p, t| {
        let disk = match t.handle.as_str() {
            "" => format!("aws-{}", t.uid.get(..8).unwrap_or_default()),
            handle => handle.to_owned(),
        };
        let volumes = json!([{"name": "v", "awsElasticBlockStore": {"volumeID": disk}}]);
        let rest = json!({"spec": {"nodeName": "node-1", "volumes": volumes}});
        let served = json!({"spec": {"csi": {"driver": "ebs.csi.aws.com"}}});
        t.real && !t.volume.is_empty() && (t.handle.is_empty() || p.volume(t, &served)) && {
            p.add(t.cluster, ("v1", "Pod"), ("elsewhere", "inline"), &rest);
            true
        }
    }),
    want("deployment", |p, t| template(p, t, ("apps/v1", "Deployment"), json!({"replicas": 2}))),
    want("deployment of none", |p, t| template(p, t, ("apps/v1", "Deployment"), json!({"replicas": 0}))),
    want("replica set", |p, t| template(p, t, ("apps/v1", "ReplicaSet"), json!({"replicas": 0}))),
    want("replication controller", |p, t| template(p, t, ("v1", "ReplicationController"), json!({}))),
    want("daemon set", |p, t| template(p, t, ("apps/v1", "DaemonSet"), json!({}))),
    want("stateful set's pod", |p, t| template(p, t, ("apps/v1", "StatefulSet"), json!({"replicas": 0}))),
    want("ordinal", |p, t| set(p, t, |ordinal| json!({"replicas": ordinal + 1})).is_some()),
    want("ordinal of a started set", |p, t| {
        set(p, t, |ordinal| json!({"replicas": 1, "ordinals": {"start": ordinal}})).is_some()
    }),
    want("scaled-down ordinal", scaled_down),
    want("scaled-down ordinal below the start", |p, t| {
        set(p, t, |ordinal| json!({"replicas": 3, "ordinals": {"start": ordinal + 1}})).is_some()
    }),
    want("ordinal within an autoscaler's reach", |p, t| scaled(p, t, true, false)),
    want("ordinal beyond an autoscaler's reach", |p, t| scaled(p, t, false, false)),
    want("ordinal within KEDA's reach", |p, t| scaled(p, t, true, true)),
    want("job", |p, t| template(p, t, ("batch/v1", "Job"), json!({}))),
    want("job suspended", |p, t| template(p, t, ("batch/v1", "Job"), json!({"suspend": true}))),
    want("cron job", |p, t| {
        let spec = json!({"spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": mounts(t)}}}}});
        p.beside(t, ("batch/v1", "CronJob"), &spec)
    }),
    want("cron job suspended", |p, t| {
        let spec =
            json!({"spec": {"suspend": true, "jobTemplate": {"spec": {"template": {"spec": mounts(t)}}}}});
        p.beside(t, ("batch/v1", "CronJob"), &spec)
    }),
];
