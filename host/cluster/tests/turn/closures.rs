//! The loop in this process, with policies that are closures.

use probate_apiserver::until;
use probate_cluster::apply::Effect;
use probate_cluster::connect::{Target, connect};
use probate_cluster::controller::policies::{Bench, Loader, PolicySource};
use probate_cluster::controller::{Journal, Options, run};
use probate_cluster::observe::live::Look;
use probate_contract::plan::PlanReport;
use probate_contract::settings::SettingsSpec;
use probate_contract::verdict::Action;
use probate_contract::{Diagnostic, Fact, Verdict};
use probate_core::inventory::Inventory;
use probate_core::log::Head;
use probate_core::pipeline;
use probate_core::policy::{Policy, PolicySet, Program};
use probate_core::port::{Answer, Chunk, Sandbox};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a policy answers about everything.
pub(crate) type Says = fn() -> Verdict;

pub(crate) fn delete_all() -> Verdict {
    Verdict { action: Action::Delete, reason: "nothing wants it".into(), ..Verdict::default() }
}

/// How the loop is run.
#[derive(Clone)]
pub(crate) struct How {
    pub(crate) says: Says,
    /// Its account's kubeconfig; by way of a proxy, or direct.
    pub(crate) kubeconfig: Option<PathBuf>,
    pub(crate) settings: SettingsSpec,
    /// Linked clusters.
    pub(crate) linked: Vec<Look>,
}

impl How {
    pub(crate) fn new(says: Says) -> Self {
        let mut settings = SettingsSpec {
            minimum_age_seconds: 0,
            minimum_unused_seconds: 0,
            minimum_grace_seconds: 0,
            minimum_quarantine_seconds: 0,
            ..SettingsSpec::default()
        };
        settings.breaker.min_count = 1000;
        Self { says, kubeconfig: None, settings, linked: Vec::new() }
    }
}

pub(crate) struct Running {
    turns: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Runs it by this kubeconfig.
    pub(crate) fn start(kubeconfig: PathBuf, how: How) -> Self {
        let target = Target { kubeconfig: Some(kubeconfig), context: None };
        let turns = Arc::new(AtomicU64::new(0));
        let options = Options {
            name: "rig".into(),
            linked: how.linked,
            settings: how.settings,
            policies: None,
            listen: None,
            purger: Some("probate-purger".into()),
            threads: 1,
        };
        let counted = Arc::new(Counted(turns.clone()));
        let says = how.says;
        // A process that cannot start is started again, as its pod would be.
        let task = tokio::spawn(async move {
            loop {
                let access = connect(&target).await.unwrap();
                let (loader, journal) = (Arc::new(Closures(says)), counted.clone());
                let ended = run(access, loader, journal, options.clone(), std::future::pending()).await;
                if let Err(error) = ended {
                    eprintln!("the loop ended: {error}");
                }
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
        });
        Running { turns, task }
    }

    pub(crate) fn turned(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Waits for so many whole turns.
    pub(crate) async fn turns(&self, count: u64) {
        let from = self.turns.load(Ordering::Relaxed);
        until("turns", async || Ok((self.turns.load(Ordering::Relaxed) >= from + count).then_some(())))
            .await
            .unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Counted(Arc<AtomicU64>);

impl Journal for Counted {
    fn decided(&self, _: &Inventory, _: &dyn Bench, _: &pipeline::Options, _: &PlanReport) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn effect(&self, effect: &Effect) {
        eprintln!("{:?} {} {}", effect.write.intended, effect.status, effect.answer.message);
    }

    fn begin(&self, _: Option<&Head>) {}

    fn head(&self) -> Option<Head> {
        None
    }
}

struct Closures(Says);

impl Loader for Closures {
    fn load(&self, sources: Vec<PolicySource>) -> Arc<dyn Bench> {
        let policies = sources.into_iter().map(|source| Policy {
            manifest: source.manifest,
            program_digest: "sha256:0".into(),
            program: Ok(Program {
                reads: vec![Fact::UsageUnusedSince],
                paths: Vec::new(),
                parameters: Default::default(),
            }),
        });
        Arc::new(Says1(PolicySet::new(policies.collect()), self.0))
    }
}

struct Says1(PolicySet, Says);

impl Bench for Says1 {
    fn set(&self) -> &PolicySet {
        &self.0
    }

    fn sandbox(&self, _: i64) -> Box<dyn Sandbox + '_> {
        Box::new(Asked(self.1))
    }

    fn said(&self) -> Vec<(String, Vec<Diagnostic>)> {
        Vec::new()
    }
}

struct Asked(Says);

impl Sandbox for Asked {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        chunks.iter().map(|chunk| chunk.inputs.iter().map(|_| Ok((self.0)())).collect()).collect()
    }
}
