//! What people and other controllers say.

use super::edges::{Edge, rail, want};
use super::plant::{Plot, Target};
use serde_json::{Value, json};

const WIDGET: (&str, &str) = ("example.com/v1", "Widget");

fn annotated(key: &str, value: &str) -> Value {
    json!({"metadata": {"annotations": {key: value}}})
}

fn widget(plot: &mut Plot, target: &Target, spec: &Value) -> bool {
    plot.beside(target, WIDGET, &json!({"spec": spec}))
}

fn far_widget(plot: &mut Plot, target: &Target, spec: &Value) -> bool {
    plot.add(target.cluster, WIDGET, ("elsewhere", "far"), &json!({"spec": spec}));
    true
}

/// A live owner of the target.
fn owned(plot: &mut Plot, target: &Target, kind: (&str, &str)) -> bool {
    let uid = plot.uid();
    let owner =
        json!({"apiVersion": kind.0, "kind": kind.1, "name": "owner", "uid": uid, "controller": true});
    plot.claim(target, &json!({"metadata": {"ownerReferences": [owner]}})) && {
        plot.add(
            target.cluster,
            kind,
            (&target.namespace, "owner"),
            &json!({"metadata": {"uid": uid}, "spec": {}}),
        );
        true
    }
}

fn namespace(plot: &mut Plot, target: &Target, patch: &Value) -> bool {
    target.real && plot.patch(target.cluster, "Namespace", ("", &target.namespace), patch)
}

/// Tracked by an Argo CD Application that exists.
fn argo(plot: &mut Plot, target: &Target) -> bool {
    let id = format!("app:/PersistentVolumeClaim:{}/{}", target.namespace, target.name);
    let tracked = plot.claim(target, &annotated("argocd.argoproj.io/tracking-id", &id));
    tracked && {
        plot.add(
            target.cluster,
            ("argoproj.io/v1alpha1", "Application"),
            ("elsewhere", "app"),
            &json!({"spec": {}}),
        );
        true
    }
}

/// Tracked by a Flux object that exists.
fn flux(plot: &mut Plot, target: &Target, group: &str, kind: &str) -> bool {
    let labels = json!({format!("{group}/name"): "apps", format!("{group}/namespace"): "elsewhere"});
    let tracked = plot.claim(target, &json!({"metadata": {"labels": labels}}));
    tracked && {
        plot.add(target.cluster, (&format!("{group}/v1"), kind), ("elsewhere", "apps"), &json!({"spec": {}}));
        true
    }
}

/// Custom resources, owners, GitOps, holds.
pub(super) const EDGES: &[Edge] = &[
    want("unknown resource beside it", |p, t| widget(p, t, &json!({"storage": {"claim": t.name}}))),
    want("unknown resource with a list", |p, t| widget(p, t, &json!({"claims": ["a", t.name]}))),
    want("unknown resource with a key", |p, t| widget(p, t, &json!({"disks": {t.name.clone(): 1}}))),
    want("unknown resource with an annotation", |p, t| {
        p.beside(t, WIDGET, &annotated("example.com/claim", &t.name))
    }),
    want("unknown resource with a status", |p, t| p.beside(t, WIDGET, &json!({"status": {"bound": t.name}}))),
    want("unknown resource elsewhere, a pair", |p, t| {
        far_widget(p, t, &json!({"ref": {"namespace": t.namespace, "name": t.name}}))
    }),
    want("unknown resource elsewhere, one text", |p, t| {
        far_widget(p, t, &json!({"source": format!("{}/{}", t.namespace, t.name)}))
    }),
    want("unknown resource without namespace", |p, t| {
        let spec = json!({"spec": {"ref": {"namespace": t.namespace, "name": t.name}}});
        p.wide(t, ("example.com/v1", "Wide"), &spec)
    }),
    want("unknown resource with its uid", |p, t| t.real && far_widget(p, t, &json!({"ref": {"uid": t.uid}}))),
    want("unknown resource with its handle", |p, t| {
        !t.handle.is_empty() && far_widget(p, t, &json!({"disk": t.handle}))
    }),
    want("unknown resource of no namespace with a claimName", |p, t| {
        let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": t.name}}]);
        p.wide(t, ("argoproj.io/v1alpha1", "ClusterWorkflowTemplate"), &json!({"spec": {"volumes": volumes}}))
    }),
    want("kind that Kubernetes may add", |p, t| {
        p.beside(t, ("policy/v2", "Gang"), &json!({"spec": {"template": {"claimName": t.name}}}))
    }),
    rail("owner nobody knows", |p, t| owned(p, t, WIDGET)),
    rail("owner volsync", |p, t| owned(p, t, ("volsync.backube/v1alpha1", "ReplicationDestination"))),
    want("argo", argo),
    want("argo by its default label", |p, t| {
        let label = json!({"metadata": {"labels": {"app.kubernetes.io/instance": "app"}}});
        p.claim(t, &label) && {
            p.add(
                t.cluster,
                ("argoproj.io/v1alpha1", "Application"),
                ("elsewhere", "app"),
                &json!({"spec": {}}),
            );
            true
        }
    }),
    want("flux kustomization", |p, t| flux(p, t, "kustomize.toolkit.fluxcd.io", "Kustomization")),
    want("flux helm release", |p, t| flux(p, t, "helm.toolkit.fluxcd.io", "HelmRelease")),
    rail("hold on the claim", |p, t| p.claim(t, &annotated("probate.dev/hold", ""))),
    rail("hold on the volume", |p, t| p.volume(t, &annotated("probate.dev/hold", "audit"))),
    rail("hold on the namespace", |p, t| namespace(p, t, &annotated("probate.dev/hold", "x"))),
    rail("hold until later", |p, t| p.claim(t, &annotated("probate.dev/hold-until", "2027-01-01T00:00:00Z"))),
    rail("hold until nobody knows", |p, t| p.claim(t, &annotated("probate.dev/hold-until", "soon"))),
    rail("helm's keep", |p, t| p.claim(t, &annotated("helm.sh/resource-policy", "keep"))),
    rail("terminating", |p, t| {
        p.claim(t, &json!({"metadata": {"deletionTimestamp": "2026-11-22T05:00:00Z"}}))
    }),
    rail("namespace terminating", |p, t| namespace(p, t, &json!({"status": {"phase": "Terminating"}}))),
];
