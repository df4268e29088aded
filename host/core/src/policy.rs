//! Policies as the pipeline sees them: manifest, digest, and what the sandbox said of the program.

use crate::facts::FactSet;
use crate::port::Failure;
use probate_contract::Fact;
use probate_contract::evidence::Open;
use probate_contract::manifest::{Allowed, Policy as Manifest, Spec};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A program that was loaded: what it reads, and its parameters with the schema's defaults.
#[derive(Clone, Debug)]
pub struct Program {
    /// The facts it reads.
    pub reads: Vec<Fact>,
    /// The paths it reads; a verdict's default basis.
    pub paths: Arc<[String]>,
    /// Its parameters with defaults.
    pub parameters: Open,
}

/// One policy of the set.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The manifest.
    pub manifest: Manifest,
    /// Digest of names and bytes of its program's files.
    pub program_digest: String,
    /// The program, or why it cannot answer: a retain vote at once.
    pub program: Result<Program, Failure>,
}

impl Policy {
    /// `ClusterRetentionPolicy/NAME` or `RetentionPolicy/NAMESPACE/NAME`.
    pub fn id(&self) -> String {
        match &self.manifest.metadata.namespace {
            Some(namespace) => format!("{}/{namespace}/{}", self.manifest.kind, self.manifest.metadata.name),
            None => format!("{}/{}", self.manifest.kind, self.manifest.metadata.name),
        }
    }

    /// True for a RetentionPolicy, which reaches claims of its own namespace only.
    pub fn namespaced(&self) -> bool {
        self.manifest.kind == "RetentionPolicy"
    }

    /// What it is.
    pub fn spec(&self) -> &Spec {
        &self.manifest.spec
    }

    /// True where it can neither delete nor veto.
    pub fn only_annotates(&self) -> bool {
        self.spec().actions.iter().all(|action| *action == Allowed::Annotate)
    }

    /// Digest over the spec with defaults, the source replaced by the program digest.
    pub fn digest(&self) -> String {
        let mut spec = serde_json::to_value(self.spec()).unwrap_or(Value::Null);
        if let Some(spec) = spec.as_object_mut() {
            spec.insert("program".into(), json!(self.program_digest));
            if let Ok(program) = &self.program {
                spec.insert("parameters".into(), Value::Object(program.parameters.clone()));
            }
        }
        crate::digest::of_json(&spec)
    }

    /// The facts it reads.
    pub fn reads(&self) -> FactSet {
        self.program.as_ref().map_or(FactSet::default(), |program| program.reads.iter().copied().collect())
    }
}

/// All policies, sorted by id; none twice.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    policies: Vec<Policy>,
    /// Id and digest of each; every entry of a plan needs them.
    names: Vec<(String, String)>,
}

impl PolicySet {
    /// The set of these policies.
    pub fn new(mut policies: Vec<Policy>) -> Self {
        policies.sort_by_cached_key(Policy::id);
        let names = policies.iter().map(|policy| (policy.id(), policy.digest())).collect();
        Self { policies, names }
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter()
    }

    /// The policy at that index.
    pub fn get(&self, at: usize) -> Option<&Policy> {
        self.policies.get(at)
    }

    /// Id of the policy at that index.
    pub(crate) fn id(&self, at: usize) -> String {
        self.names.get(at).map(|(id, _)| id.clone()).unwrap_or_default()
    }

    /// Digest of the policy at that index.
    pub(crate) fn digest(&self, at: usize) -> &str {
        self.names.get(at).map_or("", |(_, digest)| digest)
    }

    /// Place and digest of the policy of that id.
    pub(crate) fn place(&self, id: &str) -> Option<(usize, &str)> {
        let at = self.names.binary_search_by(|(name, _)| name.as_str().cmp(id)).ok()?;
        Some((at, self.digest(at)))
    }

    /// Digests by id.
    pub(crate) fn digests(&self) -> BTreeMap<String, String> {
        self.names.iter().cloned().collect()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.policies.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }
}
