//! Acting: what stands on what was watched is looked at once more, live and whole, and only what stands there too is carried on.

use super::Controller;
use super::choose::standing;
use super::policies::Bench;
use super::turn::decide;
use crate::apply::{Effect, End, Hand, NoPurger, Noted, Ruling, Subject, annotate, wanted};
use crate::error::ClusterError;
use crate::observe::live::look;
use crate::observe::watch::now;
use kube::Client;
use probate_contract::common::Identity;
use probate_contract::manifest::{Allowed, Mode};
use probate_contract::plan::{Entry, PlanReport};
use probate_core::ledger::rates_of;
use probate_core::policy::Policy;
use probate_core::protocol::{Intended, Outcome, Target, Terms};
use probate_core::stock::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long a token of the purger is asked for.
const TOKEN_SECONDS: i64 = 600;

impl Controller {
    /// Carries on what is due.
    pub(super) async fn act(
        &mut self,
        report: &PlanReport,
        scope: Option<&Scope>,
        shown: &BTreeSet<&str>,
        bench: &Arc<dyn Bench>,
        at: i64,
    ) -> Result<(), ClusterError> {
        let subjects = self.subjects(report, scope, shown, at);
        // What was due and is not carried on any more does not ask for turns.
        let going: BTreeSet<&str> = subjects.iter().map(|(subject, _)| &*subject.record).collect();
        self.due.retain(|record, due| *due > at || going.contains(&**record));
        if subjects.is_empty() {
            return Ok(());
        }
        let live = self.live(bench, at).await?;
        let entries: BTreeMap<&str, &Entry> = live
            .entries
            .iter()
            .filter_map(|entry| Some((entry.subject.identity.uid.as_deref()?, entry)))
            .collect();
        let purger = self.purger(at).await;
        let approved = self.approved(&live, at);
        let mut subjects = subjects.into_iter();
        while let Some((mut subject, uids)) = subjects.next() {
            // Another replica may have made its record since.
            if let Some(kept) = uids.iter().find_map(|uid| self.records.of_uid(uid)) {
                subject.record.clone_from(&kept.record.metadata.name);
            }
            let entry = uids.iter().find_map(|uid| entries.get(uid.as_str()).copied());
            let terms = entry.and_then(|entry| Terms::of(bench.set(), entry, &self.options.settings));
            let rates = terms.as_ref().map(|terms| rates_of(bench.set(), terms, &self.options.settings));
            let ruling = Ruling {
                entry,
                terms: terms.as_ref(),
                rates: rates.as_deref().unwrap_or_default(),
                admission: self.admission.clone(),
                approved: uids.iter().filter_map(|uid| approved.get(uid)).max().copied(),
            };
            let mut hand = Hand {
                access: &self.access,
                purger: purger.as_ref(),
                cluster: &self.cluster,
                records: &mut self.records,
                ledger: &mut self.ledger,
                watched: &self.watched,
                effects: Vec::new(),
            };
            let end = hand.carry(&subject, &ruling, now()).await;
            let mut effects = std::mem::take(&mut hand.effects);
            effects.iter().for_each(|effect| self.journal.effect(effect));
            self.free(&effects, entry, terms.as_ref());
            self.effects.append(&mut effects);
            if matches!(end, Ok(End::Overtaken)) {
                for (subject, _) in std::iter::once((subject, uids)).chain(subjects) {
                    self.due.insert(subject.record, at.saturating_add(1));
                }
                break;
            }
            self.ended(&subject, &uids, entry, end, at)?;
        }
        Ok(())
    }

    /// Looks at everything live, decides about all of it, and lets the breaker see that.
    async fn live(&mut self, bench: &Arc<dyn Bench>, at: i64) -> Result<PlanReport, ClusterError> {
        self.records.reload(&self.access).await?;
        let records = self.records.documents().into_iter().map(|record| self.era.believed(record)).collect();
        let ignored = &self.options.settings.ignored_references;
        let inventory = look(&self.links.looks, &self.links.clusters, records, ignored).await?;
        let live = decide(&inventory, bench, &self.pipeline());
        self.journal.decided(&inventory, &**bench, &self.pipeline(), &live);
        self.breaker(&live, &inventory, bench, at).await?;
        Ok(live)
    }

    /// Counts what was handed to its driver.
    fn free(&mut self, effects: &[Effect], entry: Option<&Entry>, terms: Option<&Terms>) {
        let handed = |effect: &&Effect| {
            effect.write.intended == Intended::ReclaimDelete && effect.answer.outcome == Outcome::Applied
        };
        let (Some(entry), Some(terms)) = (entry, terms) else { return };
        for _ in effects.iter().filter(handed) {
            self.metrics.reclaimed_bytes.inc_by(u64::try_from(entry.bytes).unwrap_or(0));
            for (policy, _) in &terms.policies {
                let freed = self.freed.entry(policy.clone()).or_default();
                *freed = (freed.0.saturating_add(1), freed.1.saturating_add(entry.bytes));
            }
        }
    }

    fn ended(
        &mut self,
        subject: &Subject,
        uids: &[String],
        entry: Option<&Entry>,
        end: Result<End, ClusterError>,
        at: i64,
    ) -> Result<(), ClusterError> {
        if let (Some(uid), Some(entry)) = (uids.first(), entry) {
            self.carried.insert(uid.clone(), standing(entry));
        }
        let due = match end {
            Ok(End::Rest(until)) => until,
            Ok(End::Held(cause, detail, until)) => {
                tracing::debug!(record = %subject.record, %cause, detail, "held");
                until.or_else(|| Some(at.saturating_add(super::AT_LEAST_SECONDS)))
            }
            Ok(End::Forgotten | End::Overtaken) => None,
            Err(error) if error.code() == Some(409) => Some(at.saturating_add(1)),
            Err(error) => return Err(error),
        };
        match due {
            Some(due) => drop(self.due.insert(subject.record.clone(), due)),
            None => drop(self.due.remove(&subject.record)),
        }
        Ok(())
    }

    /// A client of the account that may hand volumes to their driver.
    async fn purger(&mut self, at: i64) -> Result<Client, NoPurger> {
        let Some(account) = self.options.purger.clone() else {
            let message = "there is no account that may hand volumes to their driver".to_owned();
            return Err(NoPurger { denied: true, message });
        };
        if let Some((client, until)) = &self.purger
            && *until > at.saturating_add(60)
        {
            return Ok(client.clone());
        }
        match crate::connect::as_account(&self.access, &account, TOKEN_SECONDS).await {
            Ok(client) => {
                self.purger = Some((client.clone(), at.saturating_add(TOKEN_SECONDS)));
                Ok(client)
            }
            Err(error) => {
                tracing::warn!(%error, account, "no token of the account that may purge");
                let denied = matches!(error.code(), Some(403 | 404));
                Err(NoPurger { denied, message: format!("no token of {account}: {error}") })
            }
        }
    }

    /// Writes the annotations that policies beyond Audit ask for, and takes those away that they ask for no more. `carrying` has a
    /// key that an admin lists: whether it is ours only the object itself tells. What was left as it is is looked at again once
    /// it, or what is wanted of it, changes.
    pub(super) async fn annotate(
        &mut self,
        report: &PlanReport,
        scope: Option<&Scope>,
        bench: &Arc<dyn Bench>,
        carrying: &BTreeSet<&str>,
    ) {
        let acts = |policy: &&Policy| {
            policy.spec().mode != Mode::Audit && policy.spec().actions.contains(&Allowed::Annotate)
        };
        let acting: BTreeSet<String> = bench.set().iter().filter(acts).map(Policy::id).collect();
        let acting = |policy: &str| acting.contains(policy);
        let mut left: BTreeMap<_, _> = match scope {
            Some(scope) => {
                let outside = |(uid, _): &(&String, &_)| !scope.uids.contains(uid.as_str());
                let kept = self.left.iter().filter(outside);
                kept.map(|(uid, seen)| (uid.clone(), seen.clone())).collect()
            }
            None => BTreeMap::new(),
        };
        for entry in &report.entries {
            let identity = &entry.subject.identity;
            let (Some(target), Some(uid)) = (target_of(identity), identity.uid.as_deref()) else { continue };
            let asked = !(entry.annotations.set.is_empty() && entry.annotations.remove.is_empty());
            let here = identity.cluster.as_deref() == self.cluster.name.as_deref();
            let annotates = entry.verdicts.iter().any(|verdict| acting(&verdict.policy));
            let listed = annotates && carrying.contains(uid);
            if !here || entry.annotations.written == Some(false) || !(asked || listed) {
                continue;
            }
            let wanted = wanted(entry, acting);
            let seen = (entry.subject.resource_version.clone(), wanted);
            if self.left.get(uid) != Some(&seen) {
                match annotate(&self.access, &target, uid, &seen.1).await {
                    Noted::Stands => {}
                    Noted::Unread => {
                        self.again.insert(uid.to_owned());
                        continue;
                    }
                    Noted::Sent(outcome, message) => {
                        tracing::info!(name = %identity.name, ?outcome, message, "annotations");
                        if !matches!(outcome, Outcome::Conflict | Outcome::Denied) {
                            if outcome != Outcome::Applied {
                                self.again.insert(uid.to_owned());
                            }
                            continue;
                        }
                    }
                }
            }
            left.insert(uid.to_owned(), seen);
        }
        self.left = left;
    }
}

pub(super) fn target_of(identity: &Identity) -> Option<Target> {
    match (identity.kind.as_str(), &identity.namespace) {
        ("PersistentVolumeClaim", Some(namespace)) => {
            Some(Target::Claim { namespace: namespace.clone(), name: identity.name.clone() })
        }
        ("PersistentVolume", _) => Some(Target::Volume { name: identity.name.clone() }),
        _ => None,
    }
}
