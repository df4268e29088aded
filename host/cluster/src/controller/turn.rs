//! One turn: freeze what is known, carry the records on, decide, act on what stands, say so.

use super::Controller;
use super::policies::Bench;
use crate::error::ClusterError;
use crate::ledger::LedgerStore;
use crate::observe::inventory::freeze;
use crate::observe::watch::now;
use crate::publish::metrics::Labels;
use probate_contract::plan::PlanReport;
use probate_core::inventory::Inventory;
use probate_core::{ledger, observe, pipeline};
use std::sync::Arc;
use std::time::{Duration, Instant};

impl Controller {
    /// Turns once; gives when to look again at the latest, in seconds since 1970.
    pub(super) async fn turn(&mut self) -> Result<i64, ClusterError> {
        let at = now();
        self.links.renew(at).await;
        if !self.links.settled(at) {
            return Ok(at.saturating_add(1));
        }
        self.load_policies(at).await?;
        if !self.record_mirror.ready().await {
            return Ok(at.saturating_add(1));
        }
        self.records.learn(self.record_mirror.objects())?;
        self.guarded(at).await;
        let began = Instant::now();
        let mut inventory = self.freeze(at);
        if self.observe(&inventory, at).await? {
            inventory = self.freeze(at);
        }
        self.watched(at).await?;
        self.left(&inventory).await;
        let Some(bench) = self.bench.clone() else { return Ok(at.saturating_add(1)) };
        let started = Instant::now();
        let report = self.decide(&inventory, &bench, at);
        self.metrics.evaluation_seconds.observe(started.elapsed().as_secs_f64());
        let pause = pause(began.elapsed());
        self.settle = (began.elapsed() / 4).clamp(*super::SETTLE.start(), *super::SETTLE.end());
        self.journal.decided(&inventory, &*bench, &self.pipeline(), &report);
        self.breaker(&report, &inventory, &bench, at).await?;
        self.act(&report, &observe::shown(&inventory), &bench, at).await?;
        let prefixes = &self.options.settings.annotation_prefixes;
        let carrying = observe::annotated(&inventory, prefixes);
        self.annotate(&report, &bench, &carrying).await;
        self.proposals(&report, at).await?;
        let effects = std::mem::take(&mut self.effects);
        if !effects.is_empty() {
            self.anchor().await?;
        }
        for effect in &effects {
            self.events.tell(effect).await;
            let outcome = format!("{:?}", effect.answer.outcome);
            let labels = Labels([("write", effect.write.intended.name().to_owned()), ("outcome", outcome)]);
            self.metrics.effects.get_or_create(&labels).inc();
        }
        self.publish(&report, &bench, at).await?;
        self.health.ready(true);
        let next = self.due.values().copied().min();
        let by_time = report.entries.iter().flat_map(|entry| &entry.guards).filter_map(|guard| {
            let until = probate_core::time::parse(guard.until.as_deref()?)?;
            (until > at).then_some(until)
        });
        let soonest = by_time.min().into_iter().chain(next).min();
        Ok(soonest.unwrap_or(i64::MAX).clamp(at, at.saturating_add(pause)))
    }

    /// Sees to what goes on between turns: links that come and go, programs that change, the era, the admission policy.
    pub(super) async fn between(&mut self, at: i64) {
        self.links.renew(at).await;
        match self.load_policies(at).await {
            Ok(true) => self.wake.notify_one(),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "whether programs changed is not known"),
        }
        let admitted = self.admission.is_ok();
        self.guarded(at).await;
        if self.admission.is_ok() != admitted {
            self.wake.notify_one();
        }
        if let Err(error) = self.watched(at).await {
            tracing::warn!(%error, "until when was watched could not be written");
        }
        self.health.turned(at);
    }

    fn freeze(&self, at: i64) -> Inventory {
        let records = self.records.documents().into_iter().map(|record| self.era.believed(record));
        freeze(&self.links.clusters, records, &self.options.settings.ignored_references, at)
    }

    /// How to decide.
    pub(super) fn pipeline(&self) -> pipeline::Options {
        pipeline::Options {
            settings: self.options.settings.clone(),
            threads: self.options.threads,
            undigested: true,
            ..pipeline::Options::default()
        }
    }

    /// Decides on an inventory.
    pub(super) fn decide(&self, inventory: &Inventory, bench: &Arc<dyn Bench>, at: i64) -> PlanReport {
        let options = self.pipeline();
        let sandbox = bench.sandbox(at);
        // Long computation; the other tasks have threads of their own.
        tokio::task::block_in_place(|| pipeline::decide(inventory, bench.set(), &*sandbox, &options))
    }

    /// Loads the policies again where one has changed, or its program; true where they were.
    async fn load_policies(&mut self, at: i64) -> Result<bool, ClusterError> {
        if !(self.cluster_policies.ready().await && self.policies.ready().await) {
            return Ok(false);
        }
        let objects: Vec<_> =
            self.cluster_policies.objects().into_iter().chain(self.policies.objects()).collect();
        let folder = self.options.policies.as_deref();
        let Some(sources) = self.loaded.changed(&self.access, &objects, folder, at).await? else {
            return Ok(false);
        };
        let loader = self.loader.clone();
        self.bench = Some(tokio::task::block_in_place(|| loader.load(sources)));
        Ok(true)
    }

    /// Carries every record on by what is seen now; true where one was written, or what was seen is over.
    async fn observe(&mut self, inventory: &Inventory, at: i64) -> Result<bool, ClusterError> {
        let patience = self.options.settings.maximum_gap_seconds;
        let Some(since) = self.links.watched_since(at, patience) else { return Ok(false) };
        let since = self.era.watched(since, at, patience);
        let settings = &self.options.settings;
        let mut next = Vec::new();
        self.watched.clear();
        for subject in observe::subjects(inventory) {
            let Some(uid) = observe::uid(inventory, subject) else { continue };
            let stored = self.records.of_uid(uid).map(|kept| &kept.record);
            // The window of a quarantine is counted from what its own record says, everything else from the era.
            let previous = stored.map(|record| match record.status.quarantine {
                Some(_) => record.clone(),
                None => self.era.believed(record.clone()),
            });
            let Some(record) = observe::advance(previous.as_ref(), inventory, subject, since, at, settings)
            else {
                continue;
            };
            if record.status.quarantine.is_some() {
                self.watched.insert(record.metadata.name.clone(), record.status.clone());
            }
            if previous.is_none_or(|previous| observe::matters(&previous, &record, settings)) {
                next.push(record);
            }
        }
        let (mut written, mut whole) = (!next.is_empty(), true);
        for record in next {
            match self.records.put(&self.access, &record).await {
                Ok(()) => {}
                // Another replica was faster, or the protocol goes on with it: what is there now counts.
                Err(error) if error.code() == Some(409) => whole = false,
                Err(error) => return Err(error),
            }
        }
        // What was said on the way out is in the records now.
        for cluster in self.links.clusters.iter().filter(|_| whole) {
            written |= cluster.store.heard();
        }
        Ok(written)
    }

    /// Looks at the figures of a run: what is over a limit opens a breaker, which stays open.
    async fn breaker(
        &mut self,
        report: &PlanReport,
        inventory: &Inventory,
        bench: &Arc<dyn Bench>,
        at: i64,
    ) -> Result<(), ClusterError> {
        if !self.ledger.get().open.is_empty() {
            // A person may have reset it, which changes nothing else that this process would notice.
            self.ledger = LedgerStore::load(&self.access).await?;
        }
        let run = ledger::figures(report, observe::referrers(inventory));
        let settings = &self.options.settings;
        self.ledger
            .change(&self.access, |ledger| {
                let before = ledger.clone();
                ledger::watch(ledger, &run, bench.set(), settings, at);
                let opened = before.open != ledger.open || before.accepted != ledger.accepted;
                let moved = before.last_deletes != ledger.last_deletes
                    || before.last_references != ledger.last_references;
                let old = before.last_at.is_none_or(|last| at.saturating_sub(last) >= RUN_SECONDS);
                ((), opened || moved && old)
            })
            .await
    }
}

/// How long a turn that nothing asks for may be put off after one that took so long: it is to take a small part of a core. What has
/// its time is not put off, and what changes asks for a turn at once.
fn pause(took: Duration) -> i64 {
    let seconds = i64::try_from(took.as_millis()).unwrap_or(i64::MAX) / 4;
    seconds.clamp(super::AT_LEAST_SECONDS, AT_MOST_SECONDS)
}

/// The longest that time alone is not looked at.
const AT_MOST_SECONDS: i64 = 600;

/// Runs that are nearer to each other than this are one run to the rules about jumps.
const RUN_SECONDS: i64 = 60;
