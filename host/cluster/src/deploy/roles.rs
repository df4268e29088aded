//! Accounts and roles: observe; annotate and mark; delete; purge; and the people's. The last three of ours exist only where the mode asks.

use super::values::labels;
use super::{Look, Object, SELF_TEST_USER, SELF_TEST_VOLUME, When, part, put};
use crate::crds::{CONTROLLER, GROUP, NAMESPACE, PURGER};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const RBAC: &str = "rbac.authorization.k8s.io";

/// Core kinds that are read: all but Secrets and ConfigMaps, which no wildcard can leave out.
const CORE: [&str; 12] = [
    "componentstatuses",
    "limitranges",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "resourcequotas",
    "serviceaccounts",
    "services",
];

/// Groups of Kubernetes itself; an object of theirs may own a claim.
const BUILT_IN: [&str; 17] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

pub(super) fn accounts() -> Vec<Object> {
    let account = |name: &str, token: bool| {
        json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels("controller", [])},
            "automountServiceAccountToken": token})
    };
    vec![Object::always(account(CONTROLLER, false)), Object::always(account(PURGER, false))]
}

pub(super) fn roles(look: Look) -> Vec<Object> {
    let mut objects = Vec::new();
    ours(look, &mut objects);
    acting(&mut objects);
    people(&mut objects);
    objects
}

/// What audit needs: reading, and writing our own kinds, Events and Leases.
fn ours(look: Look, objects: &mut Vec<Object>) {
    let read = json!(["get", "list", "watch"]);
    let mut groups: BTreeSet<&str> = BUILT_IN.into_iter().collect();
    groups.extend(probate_core::understood().map(|known| known.group));
    groups.extend(probate_core::ignore_list().map(|ignored| ignored.group));
    groups.remove("");
    let rules = json!([
        {"apiGroups": [""], "resources": CORE, "verbs": read},
        {"apiGroups": groups, "resources": ["*"], "verbs": read},
    ]);
    let observe = cluster_role("probate-observe", rules);
    objects.extend(bound(observe, CONTROLLER).map(Object::always));
    if look.chart() {
        let groups = super::values::tree(look, "observe.extraGroups");
        let extra = cluster_role(
            "probate-observe-extra",
            json!([{"apiGroups": groups, "resources": ["*"], "verbs": read}]),
        );
        let when = When::Value("observe.extraGroups");
        objects.extend(bound(extra, CONTROLLER).map(|body| Object { when, body }));
    }
    let more = json!({
        "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole",
        "metadata": {"name": "probate-observe-more", "labels": labels("rbac", [])},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"probate.dev/aggregate-to-observe": "true"}}]},
    });
    objects.extend(bound(more, CONTROLLER).map(Object::always));
    let statuses = ["clusterretentionpolicies/status", "retentionpolicies/status"];
    let say = cluster_role(
        "probate-say",
        json!([
            {"apiGroups": [GROUP], "resources": statuses, "verbs": ["get", "patch", "update"]},
            {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
        ]),
    );
    objects.extend(bound(say, CONTROLLER).map(Object::always));
    let whole = ["get", "list", "watch", "create", "update", "patch", "delete"];
    let records = ["volumerecords", "volumerecords/status", "ledgers", "plans", "plans/status"];
    let keep = namespaced_role(
        "probate-keep",
        json!([
            {"apiGroups": [GROUP], "resources": records, "verbs": whole},
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update", "patch"]},
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": read},
        ]),
    );
    objects.extend(bound(keep, CONTROLLER).map(Object::always));
}

/// What acting needs, role by role.
fn acting(objects: &mut Vec<Object>) {
    let mark = cluster_role(
        "probate-mark",
        json!([{"apiGroups": [""], "resources": ["persistentvolumeclaims", "persistentvolumes"], "verbs": ["patch", "update"]}]),
    );
    objects.extend(bound(mark, CONTROLLER).map(Object::enforce));
    let delete = cluster_role(
        "probate-delete",
        json!([{"apiGroups": [""], "resources": ["persistentvolumeclaims"], "verbs": ["delete", "create"]}]),
    );
    objects.extend(bound(delete, CONTROLLER).map(Object::enforce));
    let purge = cluster_role(
        "probate-purge",
        json!([{"apiGroups": [""], "resources": ["persistentvolumes"], "verbs": ["get", "patch", "delete"]}]),
    );
    objects.extend(bound(purge, PURGER).map(Object::enforce));
    let become_purger = become_account("probate-become-purger", PURGER);
    objects.extend(bound(become_purger, CONTROLLER).map(Object::enforce));
    let become_tester = cluster_role(
        "probate-become-self-test",
        json!([{"apiGroups": [""], "resources": ["users"], "resourceNames": [SELF_TEST_USER], "verbs": ["impersonate"]}]),
    );
    objects.extend(bound(become_tester, CONTROLLER).map(Object::enforce));
    let tester = cluster_role(
        "probate-self-test",
        json!([{"apiGroups": [""], "resources": ["persistentvolumes"], "resourceNames": [SELF_TEST_VOLUME],
            "verbs": ["get", "patch", "delete"]}]),
    );
    let binding = binding(&tester, &json!({"apiGroup": RBAC, "kind": "User", "name": SELF_TEST_USER}));
    objects.extend([tester, binding].map(Object::enforce));
}

/// Roles for people; nobody is bound to them here.
fn people(objects: &mut Vec<Object>) {
    let whole = ["get", "list", "watch", "create", "update", "patch", "delete"];
    let read = ["get", "list", "watch"];
    let mut author = cluster_role(
        "probate-policy-author",
        json!([{"apiGroups": [GROUP], "resources": ["retentionpolicies"], "verbs": whole}]),
    );
    put(&mut author, "/metadata/labels", "rbac.authorization.k8s.io/aggregate-to-edit", json!("true"));
    put(&mut author, "/metadata/labels", "rbac.authorization.k8s.io/aggregate-to-admin", json!("true"));
    let mut viewer = cluster_role(
        "probate-policy-viewer",
        json!([{"apiGroups": [GROUP], "resources": ["retentionpolicies"], "verbs": read}]),
    );
    put(&mut viewer, "/metadata/labels", "rbac.authorization.k8s.io/aggregate-to-view", json!("true"));
    let author_verbs: Vec<&str> = whole.into_iter().chain(["opt-in"]).collect();
    let cluster_author = cluster_role(
        "probate-cluster-policy-author",
        json!([
            {"apiGroups": [GROUP], "resources": ["clusterretentionpolicies"], "verbs": author_verbs},
        ]),
    );
    let approver = cluster_role(
        "probate-approver",
        json!([
            {"apiGroups": [GROUP], "resources": ["plans"], "verbs": ["get", "list", "watch", "patch", "update", "approve"]},
        ]),
    );
    let reader =
        cluster_role("probate-reader", json!([{"apiGroups": [GROUP], "resources": ["*"], "verbs": read}]));
    // For the controller, where somebody binds it in a namespace whose policies take their programs from ConfigMaps.
    let program = cluster_role(
        "probate-program",
        json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]),
    );
    let restorer = become_account("probate-restorer", CONTROLLER);
    let people = [author, viewer, cluster_author, approver, reader, program, restorer];
    objects.extend(people.map(Object::always));
}

/// To ask for tokens of an account of ours: whoever has it acts as that account.
fn become_account(name: &str, account: &str) -> Value {
    let rule = json!({"apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": [account], "verbs": ["create"]});
    namespaced_role(name, json!([rule]))
}

fn cluster_role(name: &str, rules: Value) -> Value {
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels("rbac", [])}, "rules": rules})
}

fn namespaced_role(name: &str, rules: Value) -> Value {
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": "Role",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels("rbac", [])}, "rules": rules})
}

/// A role and its binding to an account of ours.
fn bound(role: Value, account: &str) -> [Value; 2] {
    let binding = binding(&role, &json!({"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}));
    [role, binding]
}

fn binding(role: &Value, subject: &Value) -> Value {
    let kind = part(role, "/kind").as_str().unwrap_or_default();
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": format!("{kind}Binding"), "metadata": part(role, "/metadata"),
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": part(role, "/metadata/name")}, "subjects": [subject]})
}
