//! The real pipeline over the simulated cluster, with a policy that wants everything gone.

use crate::api::Api;
use probate_contract::evidence::Open;
use probate_contract::manifest::Policy as Manifest;
use probate_contract::plan::{Entry, PlanReport};
use probate_contract::record::VolumeRecord;
use probate_contract::settings::SettingsSpec;
use probate_contract::verdict::{Action, Ensure, Verdict};
use probate_core::intake::{Batch, Builder, ClusterId};
use probate_core::inventory::Inventory;
use probate_core::pipeline::{self, Options};
use probate_core::policy::{Policy, PolicySet, Program};
use probate_core::port::{Answer, Chunk, Sandbox};
use serde_json::{Value, json};
use std::sync::Arc;

/// Wants everything gone; a policy called `keep` has its volume flipped to Retain.
struct Answers<'a>(&'a PolicySet);

impl Sandbox for Answers<'_> {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        let verdict = |policy: usize| {
            let keep = self.0.get(policy).is_some_and(|policy| policy.manifest.metadata.name == "keep");
            let reason = "always".to_owned();
            if keep {
                let ensure = Some(Ensure::ReclaimPolicyRetain);
                return Verdict { action: Action::Retain, reason, ensure, ..Verdict::default() };
            }
            Verdict { action: Action::Delete, reason, ..Verdict::default() }
        };
        chunks.iter().map(|chunk| chunk.inputs.iter().map(|_| Ok(verdict(chunk.policy))).collect()).collect()
    }
}

/// A policy, its spec laid over one that enforces, purges by itself and waits an hour each.
pub(crate) fn policy(name: &str, over: &Value) -> Policy {
    let mut spec = json!({"mode": "Enforce", "match": {"namespaces": ["shop*"]},
        "program": {"rego": {"inline": "-"}},
        "deletion": {"graceSeconds": 3600, "quarantineSeconds": 7200, "purge": "Auto"},
        "rates": [{"window": "Hour", "per": "Policy", "maxCount": 10}]});
    merge(&mut spec, over);
    let manifest = json!({"apiVersion": "probate.dev/v1alpha1", "kind": "ClusterRetentionPolicy",
        "metadata": {"name": name}, "spec": spec});
    let manifest: Manifest = serde_json::from_value(manifest).unwrap();
    let program = Program { reads: Vec::new(), paths: Default::default(), parameters: Open::default() };
    Policy { manifest, program_digest: "sha256:0".into(), program: Ok(program) }
}

pub(crate) fn set(over: &Value) -> PolicySet {
    PolicySet::new(vec![policy("all", over)])
}

fn merge(onto: &mut Value, from: &Value) {
    match (onto, from) {
        (Value::Object(onto), Value::Object(from)) => {
            for (key, value) in from {
                merge(onto.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (onto, from) => *onto = from.clone(),
    }
}

pub(crate) fn settings() -> SettingsSpec {
    SettingsSpec { minimum_age_seconds: 0, minimum_unused_seconds: 0, ..SettingsSpec::default() }
}

/// Everything that is there, whole, with these records.
pub(crate) fn inventory(api: &Api, records: &[VolumeRecord]) -> Inventory {
    let mut builder = Builder::default();
    let cluster = builder.cluster("host");
    whole(&mut builder, cluster, objects(api));
    for record in records {
        builder.record_document(cluster, &serde_json::to_value(record).unwrap()).unwrap();
    }
    builder.finish(api.now)
}

/// Everything that the host has.
pub(crate) fn objects(api: &Api) -> impl Iterator<Item = &Value> {
    let known = api.claims.values().chain(api.volumes.values());
    known.chain(api.namespaces.values()).chain(api.others.values())
}

/// These are all objects of that cluster.
pub(crate) fn whole<'a>(builder: &mut Builder, cluster: ClusterId, objects: impl Iterator<Item = &'a Value>) {
    let mut batch = Batch::new(Arc::from("live"));
    for (document, object) in (1..).zip(objects) {
        batch.object(&serde_json::to_vec(object).unwrap(), document, 1);
    }
    builder.add(cluster, batch);
    builder.complete(cluster, "*", "*");
    builder.discovered(cluster, &[]);
}

pub(crate) fn plan(inventory: &Inventory, policies: &PolicySet) -> PlanReport {
    let options = Options { settings: settings(), ..Options::default() };
    pipeline::decide(inventory, policies, &Answers(policies), &options)
}

/// The entry about the object of that uid.
pub(crate) fn entry<'a>(plan: &'a PlanReport, uid: &str) -> Option<&'a Entry> {
    plan.entries.iter().find(|entry| entry.subject.identity.uid.as_deref() == Some(uid))
}
