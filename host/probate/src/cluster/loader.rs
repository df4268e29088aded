//! The sandbox as the controller's loop wants it.

use crate::policies::{LoadedPolicy, load_with, manifest, program};
use probate_cluster::controller::policies::{Bench, Loader, PolicySource};
use probate_contract::{Cause, Diagnostic};
use probate_core::policy::PolicySet;
use probate_core::port::{Failure, Sandbox};
use probate_sandbox::{Engine, Programs};
use std::path::PathBuf;
use std::sync::Arc;

/// Loads programs into one engine.
pub struct SandboxLoader {
    /// The engine.
    pub engine: Engine,
    /// Threads to ask on.
    pub threads: usize,
}

impl Loader for SandboxLoader {
    fn load(&self, sources: Vec<PolicySource>) -> Arc<dyn Bench> {
        let mut items: Vec<LoadedPolicy> =
            sources.into_iter().map(|source| load(source, &self.engine)).collect();
        items.sort_by_cached_key(|item| item.policy().id());
        let set = PolicySet::new(items.iter().map(LoadedPolicy::policy).collect());
        Arc::new(Loaded { items, set, threads: self.threads })
    }
}

/// Loads one policy of a cluster.
pub fn load(source: PolicySource, engine: &Engine) -> LoadedPolicy {
    let name = PathBuf::from(format!("{}/{}", source.manifest.kind, source.manifest.metadata.name));
    let wrong = manifest::check(&source.manifest, &name, crate::policies::find::Digests::Needed);
    let sources = program::of_bytes(&source.manifest, source.files);
    let mut policy = load_with(name, source.manifest, sources, engine);
    if let Some(first) = wrong.first() {
        policy.program = Err(Failure { cause: Cause::LoadFailed, message: first.message.clone() });
        policy.diagnostics.extend(wrong);
    }
    policy
}

struct Loaded {
    items: Vec<LoadedPolicy>,
    set: PolicySet,
    threads: usize,
}

impl Bench for Loaded {
    fn set(&self) -> &PolicySet {
        &self.set
    }

    fn sandbox(&self, now: i64) -> Box<dyn Sandbox + '_> {
        let now = u64::try_from(now).unwrap_or(0);
        let programs =
            self.items.iter().map(|item| item.program.clone().map(|program| program.at(now))).collect();
        Box::new(Programs::new(programs).threads(self.threads))
    }

    fn said(&self) -> Vec<(String, Vec<Diagnostic>)> {
        self.items.iter().map(|item| (item.policy().id(), item.diagnostics.clone())).collect()
    }
}
