//! The loop in this process.

use crate::closure::{Counted, Mind, Mouth, Twin};
use probate_cluster::connect::{Target, connect};
use probate_cluster::controller::{Options, run};
use probate_cluster::observe::live::Look;
use probate_contract::settings::SettingsSpec;
use probate_contract::verdict::Action;
use probate_contract::{Fact, Verdict};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// Everything is to go that nothing uses.
pub(crate) const DELETE_ALL: Mind = Mind {
    reads: &[Fact::UsageUnusedSince],
    says: Mouth::Always(|| Verdict {
        action: Action::Delete,
        reason: "nothing wants it".into(),
        ..Verdict::default()
    }),
    twin: Some(&Twin { rego: include_str!("twins/delete_all.rego"), paths: &["usage.unusedSince"] }),
};

/// How the loop is run.
#[derive(Clone)]
pub(crate) struct How {
    pub(crate) mind: Mind,
    /// Its account's kubeconfig; by way of a proxy, or direct.
    pub(crate) kubeconfig: Option<PathBuf>,
    pub(crate) settings: SettingsSpec,
    /// Linked clusters.
    pub(crate) linked: Vec<Look>,
}

impl How {
    pub(crate) fn new(mind: Mind) -> Self {
        let mut settings = SettingsSpec {
            minimum_age_seconds: 0,
            minimum_unused_seconds: 0,
            minimum_grace_seconds: 0,
            minimum_quarantine_seconds: 0,
            ..SettingsSpec::default()
        };
        settings.breaker.min_count = 1000;
        Self { mind, kubeconfig: None, settings, linked: Vec::new() }
    }
}

pub(crate) struct Running {
    turns: watch::Receiver<u64>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Runs it by this kubeconfig.
    pub(crate) fn start(kubeconfig: PathBuf, how: How) -> Self {
        let target = Target { kubeconfig: Some(kubeconfig), context: None };
        let (counted, turns) = watch::channel(0);
        let options = Options {
            name: "rig".into(),
            linked: how.linked,
            settings: how.settings,
            policies: None,
            listen: None,
            purger: Some("probate-purger".into()),
            threads: 1,
        };
        let mind = how.mind;
        let counted = Arc::new(Counted::of(mind, counted));
        // A process that cannot start is started again, as its pod would be.
        let task = tokio::spawn(async move {
            loop {
                let access = connect(&target).await.unwrap();
                let (loader, journal) = (Arc::new(mind), counted.clone());
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
        *self.turns.borrow()
    }

    /// Waits until it has turned more often than so often; gives how often.
    pub(crate) async fn turned_beyond(&self, last: u64) -> u64 {
        let mut turns = self.turns.clone();
        turns.wait_for(|turns| *turns > last).await.map_or(last, |turns| *turns)
    }

    /// Waits for so many whole turns.
    pub(crate) async fn turns(&self, count: u64) {
        let end = self.turned() + count;
        let whole = async {
            while self.turned() < end {
                self.turned_beyond(self.turned()).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(90), whole).await.expect("turns");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
