//! Policies that are closures, and a journal that counts turns.

use crate::logs::Kept;
use probate_cluster::apply::Effect;
use probate_cluster::controller::Journal;
use probate_cluster::controller::policies::{Bench, Loader, PolicySource};
use probate_contract::manifest::{Program as Spelled, Rego};
use probate_contract::plan::PlanReport;
use probate_contract::{Cause, Diagnostic, Fact, Verdict};
use probate_core::digest;
use probate_core::inventory::Inventory;
use probate_core::log::Head;
use probate_core::pipeline;
use probate_core::policy::{Policy, PolicySet, Program};
use probate_core::port::{Answer, Chunk, Failure, Sandbox};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;

/// What every policy reads, and answers about one subject.
#[derive(Clone, Copy)]
pub(crate) struct Mind {
    pub(crate) reads: &'static [Fact],
    pub(crate) says: Mouth,
    /// The same in Rego, where its decisions may be logged: whoever has the log decides again without the closure.
    pub(crate) twin: Option<&'static Twin>,
}

/// A policy in Rego, and the paths that it reads.
pub(crate) struct Twin {
    pub(crate) rego: &'static str,
    pub(crate) paths: &'static [&'static str],
}

/// An answer that is the same for everything, or to one evidence document.
#[derive(Clone, Copy)]
pub(crate) enum Mouth {
    Always(fn() -> Verdict),
    Of(fn(&Value) -> Verdict),
}

impl Mouth {
    fn answer(self, document: &str) -> Verdict {
        match self {
            Self::Always(says) => says(),
            Self::Of(says) => says(&serde_json::from_str(document).expect("an evidence document")),
        }
    }
}

pub(crate) struct Counted {
    turns: watch::Sender<u64>,
    log: Option<Kept>,
}

impl Counted {
    pub(crate) fn of(mind: Mind, turns: watch::Sender<u64>) -> Self {
        Self { turns, log: mind.twin.and_then(|_| Kept::wanted()) }
    }
}

impl Journal for Counted {
    fn decided(
        &self,
        inventory: &Inventory,
        bench: &dyn Bench,
        options: &pipeline::Options,
        report: &PlanReport,
    ) {
        if let Some(log) = &self.log {
            log.decided(inventory, bench, options, report);
        }
        self.turns.send_modify(|turns| *turns += 1);
    }

    fn effect(&self, effect: &Effect) {
        if let Some(log) = &self.log {
            log.effect(effect);
        }
        eprintln!("{:?} {} {}", effect.write.intended, effect.status, effect.answer.message);
    }

    fn begin(&self, _: Option<&Head>) {}

    /// The requests of a loop are the same with a log and without.
    fn head(&self) -> Option<Head> {
        None
    }
}

impl Loader for Mind {
    fn load(&self, sources: Vec<PolicySource>) -> Arc<dyn Bench> {
        let policies = sources.into_iter().map(|source| self.policy(source));
        Arc::new(Loaded(PolicySet::new(policies.collect()), self.says))
    }
}

impl Mind {
    /// The policy with this mind in place of its program.
    fn policy(&self, source: PolicySource) -> Policy {
        let PolicySource { mut manifest, files, .. } = source;
        let rego = self.twin.map_or_else(String::new, |twin| twin.rego.to_owned());
        let paths = self.twin.map_or(&[][..], |twin| twin.paths);
        let program = files.map(|_| Program {
            reads: self.reads.to_vec(),
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            parameters: Default::default(),
        });
        let program_digest = digest::of_files([("inline.rego", rego.as_bytes())].into_iter());
        manifest.spec.program =
            Spelled { rego: Some(Rego { inline: Some(rego), ..Rego::default() }), ..Spelled::default() };
        let program = program.map_err(|message| Failure { cause: Cause::LoadFailed, message });
        Policy { manifest, program_digest, program }
    }
}

struct Loaded(PolicySet, Mouth);

impl Bench for Loaded {
    fn set(&self) -> &PolicySet {
        &self.0
    }

    fn sandbox(&self, _: i64) -> Box<dyn Sandbox + '_> {
        Box::new(self.1)
    }

    fn said(&self) -> Vec<(String, Vec<Diagnostic>)> {
        Vec::new()
    }
}

impl Sandbox for Mouth {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        let answers = |chunk: &Chunk| chunk.inputs.iter().map(|input| Ok(self.answer(input))).collect();
        chunks.iter().map(answers).collect()
    }
}
