//! Putting objects into a world.

use super::random::Random;
use crate::world::{World, merge};
use serde_json::{Value, json};

/// A claim that something may want, or the ghost of one: the name that something else wants.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) cluster: usize,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    /// Name of the volume; empty without one.
    pub(crate) volume: String,
    pub(crate) driver: String,
    /// Empty where the volume is in-tree or there is none.
    pub(crate) handle: String,
    /// False for a ghost.
    pub(crate) real: bool,
}

/// A world that is being made.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) world: World,
    pub(crate) random: Random,
    made: u64,
    /// Two objects of one identity were wanted; the second was left out.
    pub(crate) clashed: bool,
}

impl Plot {
    pub(crate) fn new(random: Random) -> Self {
        Self { world: World::default(), random, made: 0, clashed: false }
    }

    /// A uid that no other object has.
    pub(crate) fn uid(&mut self) -> String {
        self.made += 1;
        format!("{:08x}-1111-4222-8333-{:012x}", self.made.wrapping_mul(0x9e37_79b1) & 0xffff_ffff, self.made)
    }

    /// Adds an object with what every object of an API server has; no namespace is cluster-scoped.
    pub(crate) fn add(
        &mut self,
        cluster: usize,
        kind: (&str, &str),
        named: (&str, &str),
        rest: &Value,
    ) -> String {
        let uid = self.uid();
        let (namespace, name) = named;
        let mut object = json!({
            "apiVersion": kind.0, "kind": kind.1,
            "metadata": {"name": name, "uid": uid, "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z"},
        });
        if !namespace.is_empty() {
            object["metadata"]["namespace"] = json!(namespace);
        }
        merge(&mut object, rest);
        let identity = |object: &Value| {
            let at = &object["metadata"];
            (
                object["kind"].clone(),
                object["apiVersion"].clone(),
                at["namespace"].clone(),
                at["name"].clone(),
            )
        };
        let own = identity(&object);
        if self.world.clusters[cluster].objects.iter().any(|other| identity(other) == own) {
            self.clashed = true;
            return uid;
        }
        self.world.clusters[cluster].objects.push(object);
        uid
    }

    /// Adds an object beside the target, under a name of its own.
    pub(crate) fn beside(&mut self, target: &Target, kind: (&str, &str), rest: &Value) -> bool {
        let name = format!("wants{}", self.made);
        self.add(target.cluster, kind, (&target.namespace, &name), rest);
        true
    }

    /// Adds an object without namespace.
    pub(crate) fn wide(&mut self, target: &Target, kind: (&str, &str), rest: &Value) -> bool {
        let name = format!("wide{}", self.made);
        self.add(target.cluster, kind, ("", &name), rest);
        true
    }

    /// Lays a patch over the object of that kind and name; false where there is none.
    pub(crate) fn patch(&mut self, cluster: usize, kind: &str, named: (&str, &str), patch: &Value) -> bool {
        let is = |object: &&mut Value| {
            object["kind"] == kind
                && object["metadata"]["name"] == named.1
                && object["metadata"]["namespace"].as_str().unwrap_or_default() == named.0
        };
        match self.world.clusters[cluster].objects.iter_mut().find(is) {
            Some(object) => {
                merge(object, patch);
                true
            }
            None => false,
        }
    }

    /// Patches the claim; a ghost has none.
    pub(crate) fn claim(&mut self, target: &Target, patch: &Value) -> bool {
        let named = (target.namespace.as_str(), target.name.as_str());
        target.real && self.patch(target.cluster, "PersistentVolumeClaim", named, patch)
    }

    /// Patches the volume.
    pub(crate) fn volume(&mut self, target: &Target, patch: &Value) -> bool {
        let named = ("", target.volume.as_str());
        target.real
            && !target.volume.is_empty()
            && self.patch(target.cluster, "PersistentVolume", named, patch)
    }

    /// Changes the target's record.
    pub(crate) fn record(&mut self, target: &Target, patch: &Value) -> bool {
        let subject = format!("pvc/{}/{}", target.namespace, target.name);
        let is = |(at, record): &&mut (usize, Value)| {
            *at == target.cluster && record["subject"] == subject.as_str()
        };
        match self.world.records.iter_mut().find(is) {
            Some((_, record)) if target.real => {
                merge(record, patch);
                true
            }
            _ => false,
        }
    }

    /// Takes a field of the target's record away.
    pub(crate) fn forget(&mut self, target: &Target, field: &str) -> bool {
        let subject = format!("pvc/{}/{}", target.namespace, target.name);
        let is = |(at, record): &&mut (usize, Value)| {
            *at == target.cluster && record["subject"] == subject.as_str()
        };
        let record = self.world.records.iter_mut().find(is).and_then(|(_, record)| record.as_object_mut());
        record.is_some_and(|record| record.remove(field).is_some())
    }
}
