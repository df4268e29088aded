//! One turn: freeze what is known, carry the records on, decide, act on what stands, say so.

use super::Controller;
use super::policies::Bench;
use crate::error::ClusterError;
use crate::ledger::LedgerStore;
use crate::observe::inventory::{Reading, freeze, freeze_changed};
use crate::observe::watch::now;
use crate::publish::metrics::Labels;
use crate::records::uids;
use probate_contract::plan::PlanReport;
use probate_core::inventory::Inventory;
use probate_core::stock::{Changes, Scope};
use probate_core::{ledger, observe, pipeline};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a turn is about: everything, or a scope of which the inventory says what the whole would.
pub(super) struct Looked {
    pub(super) inventory: Inventory,
    pub(super) scope: Option<Scope>,
}

/// Changes of nothing but that these are to be looked at again.
fn changes<'a>(uids: impl Iterator<Item = &'a str>) -> Changes {
    let mut changes = Changes::default();
    uids.for_each(|uid| changes.look_at(uid));
    changes
}

/// Decides on an inventory.
pub(super) fn decide(
    inventory: &Inventory,
    bench: &Arc<dyn Bench>,
    options: &pipeline::Options,
) -> PlanReport {
    let sandbox = bench.sandbox(inventory.now());
    // Long computation; the other tasks have threads of their own.
    tokio::task::block_in_place(|| pipeline::decide(inventory, bench.set(), &*sandbox, options))
}

impl Controller {
    /// Turns once; gives when to look again at the latest, in seconds since 1970.
    pub(super) async fn turn(&mut self) -> Result<i64, ClusterError> {
        let at = now();
        self.links.renew(at).await;
        if !self.links.settled(at) {
            return Ok(at.saturating_add(1));
        }
        if self.load_policies(at).await? {
            self.whole_at = at;
        }
        if !self.record_mirror.ready().await {
            return Ok(at.saturating_add(1));
        }
        self.records.learn(self.record_mirror.objects())?;
        self.guarded(at).await;
        self.plans_looked_at(at);
        let began = Instant::now();
        let mut look = self.freeze(at);
        if self.observe(&look, at).await? {
            look = self.freeze_again(look, at);
        }
        self.watched(at).await?;
        if look.scope.as_ref().is_some_and(|scope| scope.uids.is_empty()) {
            return Ok(self.next(at));
        }
        self.left(&look).await;
        let Some(bench) = self.bench.clone() else { return Ok(at.saturating_add(1)) };
        self.decided(&look, &bench, began, at).await?;
        self.told().await?;
        self.publish(&bench, at).await?;
        self.health.ready(true);
        Ok(self.next(at))
    }

    /// Decides about what is looked at, and does what stands.
    async fn decided(
        &mut self,
        look: &Looked,
        bench: &Arc<dyn Bench>,
        began: Instant,
        at: i64,
    ) -> Result<(), ClusterError> {
        let Looked { inventory, scope } = look;
        let scope = scope.as_ref();
        let started = Instant::now();
        let only = scope.map(|scope| Arc::new(scope.uids.clone()));
        let options = pipeline::Options { only, ..self.pipeline() };
        let report = decide(inventory, bench, &options);
        self.metrics.evaluation_seconds.observe(started.elapsed().as_secs_f64());
        self.settle = (began.elapsed() / 4).clamp(*super::SETTLE.start(), *super::SETTLE.end());
        self.journal.decided(inventory, &**bench, &options, &report);
        let said = self.tally.take(&report, scope.map(|scope| &scope.uids), at);
        self.said(&said, bench);
        match scope {
            None => {
                self.whole_at = at.saturating_add(pause(began.elapsed()));
                self.breaker(&report, inventory, bench, at).await?;
            }
            Some(scope) if self.plans_concerned(&report, scope, at) => self.whole_at = at,
            Some(_) => {}
        }
        self.act(&report, scope, &observe::shown(inventory), bench, at).await?;
        let prefixes = &self.options.settings.annotation_prefixes;
        let carrying = observe::annotated(inventory, prefixes);
        self.annotate(&report, scope, bench, &carrying).await;
        if scope.is_none() {
            self.proposals(&report, at).await?;
        }
        Ok(())
    }

    /// Tells of what was done.
    async fn told(&mut self) -> Result<(), ClusterError> {
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
        Ok(())
    }

    /// When time alone asks for another look.
    fn next(&self, at: i64) -> i64 {
        let due = self.due.values().copied().min();
        let again = (!self.again.is_empty()).then_some(at.saturating_add(1));
        let times = self.tally.next().into_iter().chain(due).chain(again).chain([self.whole_at]);
        times.min().unwrap_or(i64::MAX).max(at)
    }

    /// Plans that came, changed or went concern everything that they name.
    fn plans_looked_at(&mut self, at: i64) {
        let seen = |plan: &Arc<kube::api::DynamicObject>| {
            (plan.metadata.uid.clone(), plan.metadata.resource_version.clone())
        };
        let plans = self.plans.objects().iter().map(seen).collect();
        if self.plans_seen != plans {
            self.plans_seen = plans;
            self.whole_at = at;
        }
    }

    /// Sees to what goes on between turns: links that come and go, programs that change, the era, the admission policy.
    pub(super) async fn between(&mut self, at: i64) {
        self.links.renew(at).await;
        match self.load_policies(at).await {
            Ok(true) => {
                self.whole_at = at;
                self.wake.notify_one();
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "whether programs changed is not known"),
        }
        self.guarded(at).await;
        if let Err(error) = self.watched(at).await {
            tracing::warn!(%error, "until when was watched could not be written");
        }
        self.health.turned(at);
    }

    /// Freezes what changed and what is due, with all that this needs; everything where that may be everything, or it is time.
    fn freeze(&mut self, at: i64) -> Looked {
        let changed = self.records.take_changed();
        let again = std::mem::take(&mut self.again);
        // A clock that was set back puts nothing off for longer than it may be.
        let off = self.whole_at.saturating_sub(at);
        if off > 0 && off <= AT_MOST_SECONDS {
            let mut more =
                changes(changed.iter().chain(&again).map(String::as_str).chain(self.tally.due(at)));
            for (name, _) in self.due.iter().filter(|(_, due)| **due <= at) {
                // Records are named after the uid; there may be none yet.
                more.look_at(name.split_once('-').map_or(name, |(_, uid)| uid));
                let kept = self.records.get(name);
                more.extend(changes(kept.iter().flat_map(|kept| uids(&kept.record))));
            }
            if let Some(near) = self.near(more, Reading::First, at) {
                return near;
            }
        }
        self.whole(Reading::First, at)
    }

    /// Freezes the same once more, with records as they are now. What changed meanwhile is the next turn's: nobody has observed it.
    fn freeze_again(&mut self, look: Looked, at: i64) -> Looked {
        let near = look.scope.and_then(|scope| {
            let same = changes(scope.uids.iter().map(|uid| &**uid));
            self.near(same, Reading::Again, at)
        });
        near.unwrap_or_else(|| self.whole(Reading::Again, at))
    }

    fn near(&self, more: Changes, reading: Reading, at: i64) -> Option<Looked> {
        let records = self.records.iter().map(|kept| &kept.record);
        let believed = |record| self.era.believed(record);
        let ignored = &self.options.settings.ignored_references;
        let near = freeze_changed(&self.links.clusters, records, believed, more, ignored, reading, at);
        near.map(|(inventory, scope)| Looked { inventory, scope: Some(scope) })
    }

    /// Everything; should the turn end early, the next one is about everything too.
    fn whole(&mut self, reading: Reading, at: i64) -> Looked {
        self.whole_at = self.whole_at.min(at);
        let records = self.records.documents().into_iter().map(|record| self.era.believed(record));
        let ignored = &self.options.settings.ignored_references;
        Looked { inventory: freeze(&self.links.clusters, records, ignored, reading, at), scope: None }
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
    async fn observe(&mut self, look: &Looked, at: i64) -> Result<bool, ClusterError> {
        let Looked { inventory, scope } = look;
        let patience = self.options.settings.maximum_gap_seconds;
        let Some(since) = self.links.watched_since(at, patience) else { return Ok(false) };
        let since = self.era.watched(since, at, patience);
        let settings = &self.options.settings;
        let mut next = Vec::new();
        if scope.is_none() {
            self.watched.clear();
        }
        for subject in observe::subjects(inventory) {
            let Some(uid) = observe::uid(inventory, subject) else { continue };
            if scope.as_ref().is_some_and(|scope| !scope.uids.contains(uid)) {
                continue;
            }
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
                Err(error) if error.code() == Some(409) => {
                    whole = false;
                    self.again.extend(uids(&record).map(str::to_owned));
                }
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
    pub(super) async fn breaker(
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
