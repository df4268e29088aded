//! Policies that are closures, and a journal that counts turns.

use probate_cluster::apply::Effect;
use probate_cluster::controller::Journal;
use probate_cluster::controller::policies::{Bench, Loader, PolicySource};
use probate_contract::plan::PlanReport;
use probate_contract::{Cause, Diagnostic, Fact, Verdict};
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

pub(crate) struct Counted(pub(crate) watch::Sender<u64>);

impl Journal for Counted {
    fn decided(&self, _: &Inventory, _: &dyn Bench, _: &pipeline::Options, _: &PlanReport) {
        self.0.send_modify(|turns| *turns += 1);
    }

    fn effect(&self, effect: &Effect) {
        eprintln!("{:?} {} {}", effect.write.intended, effect.status, effect.answer.message);
    }

    fn begin(&self, _: Option<&Head>) {}

    fn head(&self) -> Option<Head> {
        None
    }
}

impl Loader for Mind {
    fn load(&self, sources: Vec<PolicySource>) -> Arc<dyn Bench> {
        let policies = sources.into_iter().map(|source| Policy {
            manifest: source.manifest,
            program_digest: "sha256:0".into(),
            program: match source.files {
                Ok(_) => Ok(Program {
                    reads: self.reads.to_vec(),
                    paths: Default::default(),
                    parameters: Default::default(),
                }),
                Err(message) => Err(Failure { cause: Cause::LoadFailed, message }),
            },
        });
        Arc::new(Loaded(PolicySet::new(policies.collect()), self.says))
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
