//! The controller itself: settings, Deployment, Service, disruption budget, network policy.

use super::values::{chosen, default, labels, tree};
use super::{Look, Object, When, part, put};
use crate::crds::{CONTROLLER, NAMESPACE};
use serde_json::{Value, json};

const PORT: u16 = 8080;
/// Without it nothing is handed to a driver.
pub(super) const PURGES: &str = "--purger=probate-purger";

/// The namespace, under restricted pod security.
pub(super) fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels("namespace", [
        ("pod-security.kubernetes.io/enforce", "restricted"), ("pod-security.kubernetes.io/warn", "restricted")])}})
}

pub(super) fn objects(look: Look) -> Vec<Object> {
    vec![
        Object::always(settings(look)),
        Object::always(deployment(look)),
        Object::always(service()),
        Object::always(budget()),
        Object { when: When::Value("networkPolicy.enabled"), body: network() },
    ]
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "namespace": NAMESPACE, "labels": labels("controller", [])})
}

fn selector() -> Value {
    json!({"app.kubernetes.io/name": "probate", "app.kubernetes.io/component": "controller"})
}

fn settings(look: Look) -> Value {
    let plain = json!({"settings.yaml": "apiVersion: probate.dev/v1alpha1\nkind: Settings\nspec: {}\n"});
    let key = chosen(look, "include \"probate.settings\" . | nindent $INDENT", plain);
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("probate-settings"), "data": key})
}

fn image(look: Look) -> Value {
    let plain = format!("probate:{}", env!("CARGO_PKG_VERSION"));
    chosen(look, "include \"probate.image\" . | quote", json!(plain))
}

/// A list that the chart's helper of that name adds to.
fn listed(look: Look, name: &str, list: Value) -> Value {
    chosen(look, &format!("include \"probate.{name}\" . | nindent $INDENT"), list)
}

/// Arguments of the controller without what is chosen.
pub(super) fn arguments(look: Look) -> Value {
    let listen = format!("--listen=0.0.0.0:{PORT}");
    let mut arguments = vec!["controller", "--settings=/etc/probate/settings.yaml", &listen];
    if look == (Look::Plain { enforce: true }) {
        arguments.push(PURGES);
    }
    json!(arguments)
}

/// Its volumes without what is chosen.
pub(super) fn volumes() -> Value {
    json!([
        {"name": "settings", "configMap": {"name": "probate-settings"}},
        {"name": "cache", "emptyDir": {"sizeLimit": "512Mi"}},
    ])
}

/// And where they are.
pub(super) fn mounts() -> Value {
    json!([
        {"name": "settings", "mountPath": "/etc/probate", "readOnly": true},
        {"name": "cache", "mountPath": "/var/cache/probate"},
    ])
}

fn container(look: Look) -> Value {
    let probe = |path: &str, period: u32, failures: u32| json!({"httpGet": {"path": path, "port": "http"}, "periodSeconds": period, "failureThreshold": failures});
    json!({
        "name": "controller",
        "image": image(look),
        "imagePullPolicy": chosen(look, ".Values.image.pullPolicy", part(&default("image"), "/pullPolicy").clone()),
        "args": listed(look, "args", arguments(look)),
        "env": [
            {"name": "PROBATE_CACHE_DIR", "value": "/var/cache/probate/compiled"},
            // What a look at everything leaves goes back at once (mimalloc, docs/environment.html).
            {"name": "MIMALLOC_PURGE_DELAY", "value": "0"},
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        "startupProbe": probe("/livez", 5, 60),
        "livenessProbe": probe("/livez", 20, 3),
        "readinessProbe": probe("/readyz", 5, 2),
        "resources": tree(look, "resources"),
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": listed(look, "mounts", mounts()),
    })
}

fn deployment(look: Look) -> Value {
    let mut pod = json!({
        "serviceAccountName": CONTROLLER,
        "automountServiceAccountToken": true,
        "terminationGracePeriodSeconds": 45,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": selector()}}],
        "containers": [container(look)],
        "volumes": listed(look, "volumes", volumes()),
    });
    let mut template = json!({"labels": labels("controller", [])});
    if look.chart() {
        for path in ["nodeSelector", "tolerations", "affinity", "imagePullSecrets"] {
            put(&mut pod, "", path, tree(look, path));
        }
        put(&mut pod, "", "priorityClassName", json!("{{ .Values.priorityClassName | quote }}"));
        // A change of the settings is a new Pod: they are read at start.
        put(
            &mut template,
            "",
            "annotations",
            json!("{{ include \"probate.podAnnotations\" . | nindent $INDENT }}"),
        );
    }
    template = json!({"metadata": template, "spec": pod});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("probate"),
        "spec": {"replicas": chosen(look, ".Values.replicas", default("replicas")),
            "selector": {"matchLabels": selector()}, "template": template},
    })
}

fn service() -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata("probate-metrics"),
        "spec": {"selector": selector(), "ports": [{"name": "http", "port": PORT, "targetPort": "http"}]}})
}

fn budget() -> Value {
    json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata("probate"),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector()}}})
}

fn network() -> Value {
    let tcp = |port: u16| json!({"protocol": "TCP", "port": port});
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata("probate"),
        "spec": {"podSelector": {"matchLabels": selector()}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [tcp(PORT)]}],
            "egress": [{"ports": [tcp(443), tcp(6443)]},
                {"ports": [tcp(53), {"protocol": "UDP", "port": 53}]}]}})
}
