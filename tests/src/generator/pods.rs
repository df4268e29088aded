//! Pods, most of which use one claim: the size and depth of what kubectl prints, without managedFields.

use super::objects::{claim_name, namespace_name, traits};
use super::random::Random;
use super::{Fate, Plan};
use serde_json::{Value, json};

/// The first third of the Pods use the claims that are used, each one claim; the others have no volume of their own.
pub(super) fn pod(plan: &Plan, at: usize) -> Value {
    let mut random = Random::of(plan.seed, "pod", at);
    let home = at % plan.claims.max(1);
    let app = traits(plan, home).app;
    let claim = (at < plan.claims && plan.fate(at) == Fate::Used).then(|| claim_name(plan, at));
    let (hash, suffix) = (random.suffix(9), random.suffix(5));
    let namespace = namespace_name(plan.namespace(home));
    let mut volumes = Vec::new();
    let mut mounts = Vec::new();
    if let Some(claim) = claim {
        volumes.push(json!({"name": "data", "persistentVolumeClaim": {"claimName": claim}}));
        mounts.push(json!({"mountPath": "/var/lib/data", "name": "data"}));
    } else {
        volumes.push(json!({"emptyDir": {}, "name": "tmp"}));
        mounts.push(json!({"mountPath": "/tmp", "name": "tmp"}));
    }
    let started = format!(
        "2026-11-{:02}T{:02}:{:02}:{:02}Z",
        1 + random.below(21),
        random.below(24),
        random.below(60),
        random.below(60)
    );
    let image = format!("registry.example.com/{app}/{app}:v1.{}.{}", random.zipf(12), random.zipf(20));
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"creationTimestamp": started, "generateName": format!("{app}-{hash}-"),
            "labels": {"app.kubernetes.io/instance": app, "app.kubernetes.io/name": app, "pod-template-hash": hash},
            "name": format!("{app}-{hash}-{suffix}{at}"), "namespace": namespace,
            "ownerReferences": [{"apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true, "kind": "ReplicaSet",
                "name": format!("{app}-{hash}"), "uid": random.uid()}],
            "resourceVersion": format!("{}", 5_000_000 + random.below(4_000_000)), "uid": random.uid()},
        "spec": {"automountServiceAccountToken": false, "containers": [{
                "env": [{"name": "LOG_LEVEL", "value": "info"}],
                "image": image, "imagePullPolicy": "IfNotPresent", "name": app,
                "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
                "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "volumeMounts": mounts}],
            "dnsPolicy": "ClusterFirst", "enableServiceLinks": true,
            "nodeName": format!("node-{}", random.below(plan.claims / 50 + 3)), "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0, "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {},
            "serviceAccount": "default", "serviceAccountName": "default", "terminationGracePeriodSeconds": 30,
            "tolerations": [
                {"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300},
                {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 300}],
            "volumes": volumes},
        "status": status(&mut random, app, &image, &started)})
}

fn status(random: &mut Random, app: &str, image: &str, started: &str) -> Value {
    let condition = |name: &str| json!({"lastProbeTime": null, "lastTransitionTime": started, "status": "True", "type": name});
    let ip = format!("10.42.{}.{}", random.below(256), random.below(256));
    let (container, digest) = (random.uid().replace('-', ""), random.uid().replace('-', ""));
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition);
    json!({"conditions": conditions,
        "containerStatuses": [{"containerID": format!("containerd://{container}{digest}"), "image": image,
            "imageID": format!("registry.example.com/{app}/{app}@sha256:{digest}{digest}"), "lastState": {}, "name": app,
            "ready": true, "restartCount": random.zipf(4), "started": true, "state": {"running": {"startedAt": started}}}],
        "hostIP": format!("192.0.2.{}", random.below(250)), "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}],
        "qosClass": "Burstable", "startTime": started})
}
