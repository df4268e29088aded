//! Every way in which something can still want the orphan's claim or volume, and what only looks like one.

mod machines;
mod people;
mod storage;
mod workloads;

use crate::world::{CLAIM, NAMESPACE, VOLUME, World, merge, object};
use probate_contract::Cause;
use serde_json::{Value, json};

/// One way in which something can still want the orphan's claim or volume.
pub(crate) struct Want {
    pub(crate) name: &'static str,
    /// What holds it: one of these must be among the causes.
    pub(crate) causes: &'static [Cause],
    pub(crate) make: fn(&mut World),
}

pub(crate) fn pod_spec() -> Value {
    json!({"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "persistentVolumeClaim": {"claimName": CLAIM}}]})
}

pub(crate) fn add(world: &mut World, api_version: &str, kind: &str, rest: Value) {
    world.objects.push(object(api_version, kind, Some(NAMESPACE), "wants", rest));
}

pub(crate) fn pod(world: &mut World, node: Option<&str>, phase: &str) {
    let mut rest = json!({"spec": pod_spec(), "status": {"phase": phase}});
    if let Some(node) = node {
        rest["spec"]["nodeName"] = json!(node);
    }
    add(world, "v1", "Pod", rest);
}

pub(crate) fn workload(world: &mut World, api_version: &str, kind: &str, spec: Value) {
    let mut rest = json!({"spec": {"template": {"spec": pod_spec()}}});
    merge(&mut rest["spec"], &spec);
    add(world, api_version, kind, rest);
}

pub(crate) fn set(world: &mut World, name: &str, spec: Value) {
    let mut rest =
        json!({"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}], "template": {"spec": {}}}});
    merge(&mut rest["spec"], &spec);
    world.objects.push(object("apps/v1", "StatefulSet", Some(NAMESPACE), name, rest));
}

pub(crate) fn machine(world: &mut World, volume: Value, rest: Value) {
    let mut machine = json!({"spec": {"template": {"spec": {"volumes": [volume]}}}});
    merge(&mut machine, &rest);
    add(world, "kubevirt.io/v1", "VirtualMachine", machine);
}

pub(crate) fn disk() -> Value {
    json!({"name": "d", "persistentVolumeClaim": {"claimName": CLAIM}})
}

pub(crate) fn claim(world: &mut World, patch: Value) {
    world.patch("PersistentVolumeClaim", CLAIM, &patch);
}

pub(crate) fn volume(world: &mut World, patch: Value) {
    world.patch("PersistentVolume", VOLUME, &patch);
}

pub(crate) fn annotated(annotations: Value) -> Value {
    json!({"metadata": {"annotations": annotations}})
}

pub(crate) fn owned(kind: &str, api_version: &str) -> Value {
    json!({"metadata": {"ownerReferences": [
        {"apiVersion": api_version, "kind": kind, "name": "wants", "uid": format!("uid-{}-{NAMESPACE}-wants", kind.to_lowercase()), "controller": true},
    ]}})
}

pub(crate) fn recorded(world: &mut World, key: &str, value: Value) {
    if let Some(record) = world.records.first_mut() {
        record[key] = value;
    }
}

pub(crate) fn custom(world: &mut World, spec: Value) {
    add(world, "example.com/v1", "Thing", json!({"spec": spec}));
}

pub(crate) fn wants() -> impl Iterator<Item = &'static Want> {
    [workloads::WORKLOADS, machines::MACHINES, storage::STORAGE, people::PEOPLE, people::TIME]
        .into_iter()
        .flatten()
}
