//! The ValidatingAdmissionPolicies: the second line behind the protocol. Their text is compared with what stands in the cluster, so
//! nothing here depends on values.

use super::{Object, When, part, put};
use crate::crds::{CONTROLLER, NAMESPACE, PURGER};
use serde_json::{Value, json};

/// The policy without which nothing is quarantined or purged.
pub const GUARD: &str = "probate-quarantine";
/// Who the controller is while it tests the guard: may do to one volume what the guard refuses.
pub const SELF_TEST_USER: &str = "probate:self-test";
/// The volume that the guard is tested on; it has no data and no driver.
pub const SELF_TEST_VOLUME: &str = "probate-self-test";

/// All policies, `kind: ValidatingAdmissionPolicy`; each has a binding of its name that denies.
pub fn policies() -> Vec<Value> {
    vec![quarantine(), own_claims(), own_volumes(), opt_in(), approval()]
}

pub(super) fn objects() -> Vec<Object> {
    let mut objects = Vec::new();
    for policy in policies() {
        let binding = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": part(&policy, "/metadata"),
            "spec": {"policyName": part(&policy, "/metadata/name"), "validationActions": ["Deny"]},
        });
        objects.extend([Object::always(policy), Object::always(binding)]);
    }
    objects.push(Object { when: When::Enforce, body: self_test_volume() });
    objects
}

/// A volume under guard, so that the guard can be tried by server dry-run before anything depends on it.
fn self_test_volume() -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": SELF_TEST_VOLUME, "labels": super::values::labels("self-test", [("probate.dev/state", "SelfTest")])},
        "spec": {
            "capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": SELF_TEST_VOLUME,
            "claimRef": {"namespace": NAMESPACE, "name": SELF_TEST_VOLUME},
            "csi": {"driver": "self-test.probate.dev", "volumeHandle": SELF_TEST_VOLUME},
        },
    })
}

fn policy(name: &str, rules: Value, conditions: Value, variables: Value, validations: Value) -> Value {
    let mut spec = json!({
        "failurePolicy": "Fail",
        // With the API server's defaults: it counts all of this as one value, and would take what it filled in itself for a conflict
        // between whoever applies it and who did before.
        "matchConstraints": {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}, "resourceRules": rules},
        "matchConditions": conditions,
    });
    // The API server drops an empty list, and what stands there is compared with this.
    if variables.as_array().is_some_and(|variables| !variables.is_empty()) {
        put(&mut spec, "", "variables", variables);
    }
    put(&mut spec, "", "validations", validations);
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name, "labels": super::values::labels("admission", [])},
        "spec": spec,
    })
}

fn rule(group: &str, versions: &[&str], operations: &[&str], resources: &[&str]) -> Value {
    json!({"apiGroups": [group], "apiVersions": versions, "operations": operations, "resources": resources, "scope": "*"})
}

fn name(name: &str, expression: &str) -> Value {
    json!({"name": name, "expression": expression})
}

fn must(expression: &str, message: &str) -> Value {
    json!({"expression": expression, "message": format!("probate: {message}"), "reason": "Forbidden"})
}

fn accounts() -> [Value; 3] {
    let account = |name: &str| format!("system:serviceaccount:{NAMESPACE}:{name}");
    [
        name("controller", &format!("request.userInfo.username == '{}'", account(CONTROLLER))),
        name("purger", &format!("request.userInfo.username == '{}'", account(PURGER))),
        name("ours", "variables.controller || variables.purger"),
    ]
}

const STATE: &str = "metadata.?labels[?'probate.dev/state'].orValue('')";

/// While the mark stands nobody but us takes the volume out of quarantine, and only the purger hands it to its driver. The binder
/// may complete a claimRef that waits for its name.
fn quarantine() -> Value {
    // The volume for the self-test is guarded against the tester alone, so that it can be removed again.
    let stands = |object: &str| {
        format!(
            "({object}.{STATE} == 'Quarantined' || ({object}.{STATE} == 'SelfTest' && request.userInfo.username == '{SELF_TEST_USER}'))"
        )
    };
    let (guarded, newly) = (stands("oldObject"), stands("object"));
    let keys = ["claim", "manifest", "original-reclaim-policy", "decision", "not-before"];
    let kept: Vec<String> = keys.iter().map(|key| format!("'probate.dev/{key}'")).collect();
    let mut variables = accounts().to_vec();
    variables.extend([
        name("stood", &guarded),
        name("stands", &format!("request.operation == 'UPDATE' && {newly}")),
        name("before", "oldObject.spec.persistentVolumeReclaimPolicy"),
        name("after", "request.operation == 'UPDATE' ? object.spec.persistentVolumeReclaimPolicy : ''"),
        name("annotationsBefore", "oldObject.metadata.?annotations.orValue({})"),
        name(
            "annotationsAfter",
            "request.operation == 'UPDATE' ? object.metadata.?annotations.orValue({}) : {}",
        ),
        name("kept", &format!("[{}]", kept.join(", "))),
    ]);
    let same = |field: &str| {
        format!("object.spec.?claimRef.{field}.orValue('') == oldObject.spec.?claimRef.{field}.orValue('')")
    };
    let binding = format!(
        "{} && {} && ({} || oldObject.spec.?claimRef.uid.orValue('') == '')",
        same("namespace"),
        same("name"),
        same("uid")
    );
    policy(
        GUARD,
        json!([rule("", &["v1"], &["UPDATE", "DELETE"], &["persistentvolumes", "persistentvolumes/status"])]),
        json!([name("quarantined", &format!("{guarded} || (request.operation == 'UPDATE' && {newly})"))]),
        json!(variables),
        json!([
            must(
                "request.operation != 'DELETE' || variables.ours || variables.before == 'Delete'",
                "this volume is in quarantine, nobody else deletes it"
            ),
            must(
                "request.operation != 'UPDATE' || variables.stood || (variables.ours && variables.after == 'Retain')",
                "only the controller puts a volume in quarantine, and keeps its data while it does"
            ),
            must(
                "request.operation != 'UPDATE' || !variables.stood || variables.after == variables.before || variables.after == 'Retain' || variables.ours",
                "this volume is in quarantine, its reclaim policy stays"
            ),
            must(
                "request.operation != 'UPDATE' || !variables.stood || variables.after == variables.before || variables.after == 'Retain' || variables.purger || (!variables.stands && oldObject.?status.phase.orValue('') == 'Bound')",
                "only the purger hands a volume in quarantine to its driver"
            ),
            must(
                &format!(
                    "request.operation != 'UPDATE' || !variables.stood || variables.ours || (object.{STATE} == oldObject.{STATE} && variables.kept.all(key, variables.annotationsAfter[?key] == variables.annotationsBefore[?key]))"
                ),
                "this volume is in quarantine, its mark stays"
            ),
            must(
                &format!(
                    "request.operation != 'UPDATE' || !variables.stood || variables.ours || ({binding})"
                ),
                "this volume is in quarantine, it binds to its own claim only"
            ),
        ]),
    )
}

/// What a hold on an object looks like; one with a time is judged by the controller, which has a clock.
fn held(object: &str) -> String {
    format!(
        "({object}.metadata.?annotations[?'probate.dev/hold'].hasValue() && !{object}.metadata.?annotations[?'probate.dev/hold-until'].hasValue())"
    )
}

/// Requests of our own accounts.
fn from_us() -> Value {
    let accounts = [CONTROLLER, PURGER].map(|name| format!("'system:serviceaccount:{NAMESPACE}:{name}'"));
    json!([name("ours", &format!("request.userInfo.username in [{}]", accounts.join(", ")))])
}

/// What our own accounts may do to claims at all, whatever the code says.
fn own_claims() -> Value {
    let protected = "['kube-system', 'kube-public', 'kube-node-lease', 'probate']";
    let (claim, namespace) = (held("oldObject"), held("namespaceObject"));
    let same = |part: &str| format!("object.{part}.orValue([]) == oldObject.{part}.orValue([])");
    policy(
        "probate-own-claims",
        json!([rule("", &["v1"], &["CREATE", "UPDATE", "DELETE"], &["persistentvolumeclaims"])]),
        from_us(),
        json!(accounts()),
        json!([
            must(
                &format!(
                    "request.operation != 'DELETE' || (variables.controller && !{claim} && !{namespace} && !(request.namespace in {protected}))"
                ),
                "no account of ours deletes a claim that is held or in a protected namespace, and the purger deletes none"
            ),
            must(
                &format!(
                    "request.operation != 'DELETE' || oldObject.{STATE} == 'Marked' || oldObject.metadata.?labels[?'vcluster.loft.sh/managed-by'].hasValue()"
                ),
                "no account of ours deletes a claim that is not marked"
            ),
            must(
                &format!(
                    "request.operation != 'UPDATE' || (object.spec == oldObject.spec && {} && {})",
                    same("metadata.?finalizers"),
                    same("metadata.?ownerReferences")
                ),
                "no account of ours changes more of a claim than labels and annotations"
            ),
            must(
                "request.operation != 'CREATE' || (object.metadata.?annotations[?'probate.dev/restored-from'].hasValue() && !has(object.spec.dataSource) && !has(object.spec.dataSourceRef) && !has(object.metadata.ownerReferences))",
                "no account of ours makes a claim but to restore one"
            ),
        ]),
    )
}

/// And to volumes.
fn own_volumes() -> Value {
    let may = format!(
        "(variables.purger && !{} && oldObject.{STATE} in ['Marked', 'Quarantined'])",
        held("oldObject")
    );
    let (after, before) =
        ("object.spec.persistentVolumeReclaimPolicy", "oldObject.spec.persistentVolumeReclaimPolicy");
    policy(
        "probate-own-volumes",
        json!([rule("", &["v1"], &["UPDATE", "DELETE"], &["persistentvolumes"])]),
        from_us(),
        json!(accounts()),
        json!([
            must(
                &format!("request.operation != 'DELETE' || {may}"),
                "only the purger deletes a volume, and only one that is marked and not held"
            ),
            must(
                &format!(
                    "request.operation != 'UPDATE' || {after} != 'Delete' || {before} == 'Delete' || {may} || oldObject.?status.phase.orValue('') == 'Bound'"
                ),
                "only the purger hands a volume to its driver, and only one that is marked and not held"
            ),
        ]),
    )
}

/// Who opens a namespace or class to deletion.
fn opt_in() -> Value {
    let label = "metadata.?labels[?'probate.dev/deletion'].orValue('')";
    policy(
        "probate-opt-in",
        json!([
            rule(
                "",
                &["v1"],
                &["CREATE", "UPDATE"],
                &["namespaces", "namespaces/status", "namespaces/finalize"]
            ),
            rule("storage.k8s.io", &["*"], &["CREATE", "UPDATE"], &["storageclasses"]),
        ]),
        json!([name(
            "opens",
            &format!(
                "object.{label} == 'allow' && (request.operation == 'CREATE' || oldObject.{label} != 'allow')"
            )
        )]),
        json!([]),
        json!([must(
            "authorizer.group('probate.dev').resource('clusterretentionpolicies').check('opt-in').allowed()",
            "probate.dev/deletion: allow needs the right to opt-in clusterretentionpolicies.probate.dev"
        )]),
    )
}

/// Who approves.
fn approval() -> Value {
    policy(
        "probate-approval",
        json!([rule("probate.dev", &["*"], &["CREATE", "UPDATE"], &["plans"])]),
        json!([name(
            "approves",
            "object.spec.?approval.orValue('Pending') != 'Pending' && (request.operation == 'CREATE' || object.spec.?approval.orValue('Pending') != oldObject.spec.?approval.orValue('Pending'))"
        )]),
        json!([]),
        json!([
            must("request.operation == 'UPDATE'", "a plan begins as Pending"),
            must(
                "request.operation == 'CREATE' || authorizer.group('probate.dev').resource('plans').namespace(request.namespace).name(request.name).check('approve').allowed()",
                "spec.approval needs the right to approve plans.probate.dev"
            ),
        ]),
    )
}
