//! The loop: what changed wakes it, everything is decided anew on what is known then, and what stands is carried on by a step.
//! Correctness rests on reading before writing and on preconditions, never on being the only one.

mod act;
mod choose;
mod era;
mod figures;
pub mod journal;
mod left;
mod links;
mod mirror;
pub mod policies;
mod proposals;
mod status;
mod tally;
mod turn;

use crate::admission;
use crate::apply::{Effect, Wanted};
use crate::connect::Access;
use crate::error::ClusterError;
use crate::ledger::LedgerStore;
use crate::observe::live::Look;
use crate::observe::watch::{cluster_uid, now};
use crate::own::Own;
use crate::publish::events::Events;
use crate::publish::metrics::Metrics;
use crate::publish::serve::{Health, serve};
use crate::records::Records;
use era::{Era, RENEW_SECONDS};
use kube::Client;
use links::Links;
use mirror::Mirror;
use policies::{Bench, Loaded, Loader};
use probate_contract::common::Cluster;
use probate_contract::plan::PlanReport;
use probate_contract::record::RecordStatus;
use probate_contract::settings::SettingsSpec;
use probate_core::inventory::Inventory;
use probate_core::log::Head;
use probate_core::pipeline;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;
use tokio::sync::Notify;

/// Changes that come together are looked at together: within a quarter of the time that a look takes, and these bounds.
const SETTLE: std::ops::RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_millis(100);
/// A look that nothing asked for.
const AT_LEAST_SECONDS: i64 = 60;
/// How often is seen to what hangs on the clock and needs no turn.
const BETWEEN_SECONDS: i64 = 10;

/// Where the decision log goes.
pub trait Journal: Send + Sync {
    /// Takes a report before anything is done about it: about all, or about those that `options` names.
    fn decided(
        &self,
        inventory: &Inventory,
        bench: &dyn Bench,
        options: &pipeline::Options,
        report: &PlanReport,
    );
    /// Takes a write and what came of it.
    fn effect(&self, effect: &Effect);
    /// Told before the first line: where an older chain ended.
    fn begin(&self, after: Option<&Head>);
    /// Where its chain stands; nothing before the first line.
    fn head(&self) -> Option<Head>;
}

/// How the controller is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The home cluster's name.
    pub name: String,
    /// Linked clusters by name; one that cannot be reached is unknown.
    pub linked: Vec<Look>,
    /// Settings of the installation.
    pub settings: SettingsSpec,
    /// The folder that `files` of policies are relative to.
    pub policies: Option<PathBuf>,
    /// Where probes and metrics are served.
    pub listen: Option<SocketAddr>,
    /// Who hands volumes to their driver: the purger's ServiceAccount, where its token may be asked for.
    pub purger: Option<String>,
    /// Threads to decide on.
    pub threads: usize,
}

/// The controller.
pub struct Controller {
    access: Access,
    options: Options,
    loader: Arc<dyn Loader>,
    journal: Arc<dyn Journal>,
    cluster: Cluster,
    links: Links,
    cluster_policies: Mirror,
    policies: Mirror,
    record_mirror: Mirror,
    plans: Mirror,
    bench: Option<Arc<dyn Bench>>,
    /// What `bench` was loaded from.
    loaded: Loaded,
    records: Records,
    ledger: LedgerStore,
    era: Era,
    renewed: i64,
    admission: Result<(), String>,
    admission_at: i64,
    purger: Option<(Client, i64)>,
    /// When something was proposed last.
    proposed_at: i64,
    /// Subjects in the protocol, and when time alone moves them on.
    due: BTreeMap<String, i64>,
    /// What was decided about each uid when it was last carried on.
    carried: BTreeMap<String, String>,
    /// Records in quarantine as far as they have been watched.
    watched: BTreeMap<String, RecordStatus>,
    /// Subjects whose annotations were left as they are: at which revision, and what was wanted.
    left: BTreeMap<String, (Option<String>, Wanted)>,
    /// Purged since statuses were last written, by policy: how many and how large.
    freed: BTreeMap<String, (u64, i64)>,
    /// How long changes are gathered before they are looked at.
    settle: Duration,
    /// What stands of everything that was decided.
    tally: Tally,
    /// When everything is decided about again at the latest; what changed before is decided by itself.
    whole_at: i64,
    /// Uids that the next turn is about too: somebody was faster, or did not answer.
    again: BTreeSet<String>,
    /// What was read of the plans that are open.
    plans_seen: BTreeSet<(Option<String>, Option<String>)>,
    effects: Vec<Effect>,
    events: Events,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    wake: Arc<Notify>,
}

/// Starts, and turns until it is told to stop.
///
/// # Errors
/// The API server cannot be reached at the start, or the address cannot be listened on.
pub async fn run(
    access: Access,
    loader: Arc<dyn Loader>,
    journal: Arc<dyn Journal>,
    options: Options,
    stop: impl Future<Output = ()>,
) -> Result<(), ClusterError> {
    let mut controller = Controller::start(access, loader, journal, options).await?;
    let serving = controller.options.listen.map(|address| {
        let (health, metrics) = (controller.health.clone(), controller.metrics.clone());
        tokio::spawn(async move {
            if let Err(error) = serve(address, health, metrics).await {
                tracing::error!(%error, %address, "probes and metrics cannot be served");
            }
        })
    });
    tokio::pin!(stop);
    'turns: loop {
        // A turn is never cut off: what it has begun it reads the outcome of.
        let next = match controller.turn().await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "the turn is tried again");
                // What it was about is not known any more.
                controller.whole_at = 0;
                now().saturating_add(2)
            }
        };
        controller.health.turned(now());
        loop {
            let rest = next.saturating_sub(now()).clamp(0, BETWEEN_SECONDS);
            let rest = Duration::from_secs(u64::try_from(rest).unwrap_or(0)).max(*SETTLE.end());
            tokio::select! {
                () = &mut stop => break 'turns,
                () = controller.wake.notified() => {
                    tokio::time::sleep(controller.settle).await;
                    break;
                }
                () = tokio::time::sleep(rest) => {}
            }
            if next <= now() {
                break;
            }
            controller.between(now()).await;
        }
    }
    controller.end().await;
    if let Some(serving) = serving {
        serving.abort();
    }
    Ok(())
}

impl Controller {
    async fn start(
        access: Access,
        loader: Arc<dyn Loader>,
        journal: Arc<dyn Journal>,
        options: Options,
    ) -> Result<Self, ClusterError> {
        let wake = Arc::new(Notify::new());
        let cluster = Cluster { name: Some(options.name.clone()), uid: Some(cluster_uid(&access).await?) };
        let home = Look { name: options.name.clone(), access: Some(access.clone()), kubeconfig: None };
        let looks: Vec<Look> = std::iter::once(home).chain(options.linked.iter().cloned()).collect();
        let links = Links::start(looks, wake.clone(), now());
        let instance = std::env::var("HOSTNAME").unwrap_or_else(|_| "probate".into());
        let events = Events::new(access.write.clone(), instance);
        let mirror = |own| Mirror::start(&access.read, own, wake.clone());
        let ledger = LedgerStore::load(&access).await?;
        journal.begin(ledger.get().heads.last());
        let era = era::load(&access).await?.resumed(now(), options.settings.maximum_gap_seconds);
        Ok(Self {
            cluster_policies: mirror(Own::ClusterPolicy),
            policies: mirror(Own::Policy),
            record_mirror: mirror(Own::Record),
            plans: mirror(Own::Plan),
            records: Records::default(),
            ledger,
            access,
            options,
            loader,
            journal,
            cluster,
            links,
            bench: None,
            loaded: Loaded::default(),
            era,
            renewed: 0,
            admission: Err("not looked at yet".into()),
            admission_at: 0,
            purger: None,
            proposed_at: 0,
            due: BTreeMap::new(),
            carried: BTreeMap::new(),
            watched: BTreeMap::new(),
            left: BTreeMap::new(),
            freed: BTreeMap::new(),
            settle: *SETTLE.end(),
            tally: Tally::default(),
            whole_at: 0,
            again: BTreeSet::new(),
            plans_seen: BTreeSet::new(),
            effects: Vec::new(),
            events,
            metrics: Arc::default(),
            health: Arc::default(),
            wake,
        })
    }

    /// Writes down where the log stands: what is cut off it later shows.
    async fn anchor(&mut self) -> Result<(), ClusterError> {
        let Some(head) = self.journal.head().filter(|head| !self.ledger.get().heads.contains(head)) else {
            return Ok(());
        };
        self.ledger.change(&self.access, |ledger| (ledger.anchor(head.clone()), true)).await
    }

    /// Writes down until when was watched, and where the log ends.
    async fn end(&mut self) {
        if let Err(error) = self.anchor().await {
            tracing::warn!(%error, "where the decision log ends could not be written");
        }
        if let Err(error) = era::renew(&self.access, &self.era).await {
            tracing::warn!(%error, "until when was watched could not be written");
        }
    }

    /// Goes on with the era while everything is watched, and writes it down now and then.
    async fn watched(&mut self, now: i64) -> Result<(), ClusterError> {
        let whole = self.links.watched_since(now, self.options.settings.maximum_gap_seconds).is_some();
        self.metrics.store_synced.set(i64::from(whole));
        if whole {
            let era = std::mem::take(&mut self.era);
            self.era = era.resumed(now, self.options.settings.maximum_gap_seconds);
            if now.saturating_sub(self.renewed) >= RENEW_SECONDS {
                era::renew(&self.access, &self.era).await?;
                self.anchor().await?;
                self.renewed = now;
            }
        }
        Ok(())
    }

    /// Whether the admission policy is in force, asked at start, hourly, and again soon while it is not.
    async fn guarded(&mut self, now: i64) {
        let every = if self.admission.is_ok() { 3600 } else { 30 };
        if now.saturating_sub(self.admission_at) >= every {
            let before = self.admission.is_ok();
            self.admission = admission::in_force(&self.access).await;
            self.admission_at = now;
            if self.admission.is_ok() != before {
                self.whole_at = now;
                self.wake.notify_one();
            }
            self.metrics.admission_in_force.set(i64::from(self.admission.is_ok()));
        }
    }
}
