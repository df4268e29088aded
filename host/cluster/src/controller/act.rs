//! Acting: what stands on what was watched is looked at once more, live and whole, and only what stands there too is carried on.

use super::Controller;
use super::policies::Bench;
use crate::apply::{Effect, End, Hand, Ruling, Subject, annotate, wanted};
use crate::error::ClusterError;
use crate::observe::live::look;
use crate::observe::watch::now;
use kube::Client;
use probate_contract::common::Identity;
use probate_contract::manifest::Mode;
use probate_contract::plan::{Entry, NextStep, PlanReport};
use probate_core::ledger::rates_of;
use probate_core::protocol::{Intended, Outcome, Target, Terms};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a token of the purger is asked for.
const TOKEN_SECONDS: i64 = 600;

impl Controller {
    /// Carries on what is due.
    pub(super) async fn act(
        &mut self,
        report: &PlanReport,
        bench: &Arc<dyn Bench>,
        at: i64,
    ) -> Result<(), ClusterError> {
        let subjects = self.subjects(report, at);
        if subjects.is_empty() {
            return Ok(());
        }
        let records: Vec<_> = {
            self.records = crate::records::Records::load(&self.access).await?;
            self.records.documents().into_iter().map(|record| self.era.believed(record)).collect()
        };
        let inventory = look(&self.looks, records, &self.options.settings.ignored_references).await?;
        let live = self.decide(&inventory, bench, inventory.now());
        self.journal.decided(&inventory, &**bench, &self.pipeline(), &live);
        let entries: BTreeMap<&str, &Entry> = live
            .entries
            .iter()
            .filter_map(|entry| Some((entry.subject.identity.uid.as_deref()?, entry)))
            .collect();
        let purger = self.purger(at).await;
        let approved = self.approved(&live, at);
        for (subject, uids) in subjects {
            let entry = uids.iter().find_map(|uid| entries.get(uid.as_str()).copied());
            let terms = entry.and_then(|entry| Terms::of(bench.set(), entry, &self.options.settings));
            let rates = terms.as_ref().map(|terms| rates_of(bench.set(), terms, &self.options.settings));
            let ruling = Ruling {
                entry,
                terms: terms.as_ref(),
                rates: rates.as_deref().unwrap_or_default(),
                admission: self.admission.clone(),
                approved: uids.iter().any(|uid| approved.contains(uid)),
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
            self.ended(&subject, &uids, entry, end, at)?;
        }
        Ok(())
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
            Ok(End::Forgotten) => None,
            Err(error) if error.code() == Some(409) => Some(at.saturating_add(1)),
            Err(error) => return Err(error),
        };
        match due {
            Some(due) => drop(self.due.insert(subject.record.clone(), due)),
            None => drop(self.due.remove(&subject.record)),
        }
        Ok(())
    }

    /// What is to be carried on now, with the uids of claim and volume: everything that is in the protocol and due or decided
    /// otherwise than when it was last carried on, and what stands as a delete or is to be kept.
    fn subjects(&self, report: &PlanReport, at: i64) -> Vec<(Subject, Vec<String>)> {
        let mut chosen: BTreeMap<String, (Subject, Vec<String>)> = BTreeMap::new();
        let by_uid: BTreeMap<&str, &Entry> = report
            .entries
            .iter()
            .filter_map(|entry| Some((entry.subject.identity.uid.as_deref()?, entry)))
            .collect();
        for kept in self.records.iter() {
            let status = &kept.record.status;
            if status.mark.is_none() && status.quarantine.is_none() && status.intent.is_none() {
                continue;
            }
            let spec = &kept.record.spec;
            let claim = spec.claim.as_ref().and_then(|claim| claim.uid.clone());
            let volume = spec.volume.as_ref().map(|volume| volume.uid.clone());
            let uids: Vec<String> = claim.into_iter().chain(volume).filter(|uid| !uid.is_empty()).collect();
            let entry = uids.iter().find_map(|uid| by_uid.get(uid.as_str()).copied());
            let decided = entry.map(standing);
            let last = uids.first().and_then(|uid| self.carried.get(uid));
            let name = &kept.record.metadata.name;
            let due = self.due.get(name).is_none_or(|due| *due <= at);
            if due || decided.as_ref() != last || status.intent.is_some() {
                let subject = Subject { record: name.clone(), ..Subject::default() };
                chosen.insert(name.clone(), (subject, uids));
            }
        }
        for entry in &report.entries {
            if !matches!(entry.decision.next_step, NextStep::Mark | NextStep::EnsureRetain) {
                continue;
            }
            let Some((subject, uid)) = self.subject_of(&entry.subject.identity) else { continue };
            let waits = self.due.get(&subject.record).is_some_and(|due| *due > at);
            let same = self.carried.get(&uid) == Some(&standing(entry));
            if !(waits && same) {
                chosen.entry(subject.record.clone()).or_insert((subject, vec![uid]));
            }
        }
        // The longest unused first: the ledger gives places in the order of asking.
        let mut chosen: Vec<_> = chosen.into_values().collect();
        chosen.sort_by_cached_key(|(_, uids)| {
            let entry = uids.iter().find_map(|uid| by_uid.get(uid.as_str()).copied());
            let unused = uids.first().map(|uid| self.records.unused_since(uid)).unwrap_or_default();
            (unused.unwrap_or_else(|| "9".into()), entry.and_then(|entry| entry.subject.identity.uid.clone()))
        });
        chosen
    }

    /// A subject of the home cluster by its identity; its record, if it has one, names the rest.
    fn subject_of(&self, identity: &Identity) -> Option<(Subject, String)> {
        let uid = identity.uid.clone().filter(|uid| !uid.is_empty())?;
        if identity.cluster.as_deref() != self.cluster.name.as_deref() {
            return None;
        }
        let known = self.records.of_uid(&uid).map(|kept| kept.record.metadata.name.clone());
        let subject = match target_of(identity)? {
            Target::Claim { namespace, name } => Subject {
                record: known.unwrap_or_else(|| format!("c-{uid}")),
                claim: Some((namespace, name)),
                volume: None,
            },
            Target::Volume { name } => Subject {
                record: known.unwrap_or_else(|| format!("v-{uid}")),
                claim: None,
                volume: Some(name),
            },
        };
        Some((subject, uid))
    }

    /// A client of the account that may hand volumes to their driver.
    async fn purger(&mut self, at: i64) -> Option<Client> {
        let account = self.options.purger.clone()?;
        if let Some((client, until)) = &self.purger
            && *until > at.saturating_add(60)
        {
            return Some(client.clone());
        }
        match crate::connect::as_account(&self.access, &account, TOKEN_SECONDS).await {
            Ok(client) => {
                self.purger = Some((client.clone(), at.saturating_add(TOKEN_SECONDS)));
                Some(client)
            }
            Err(error) => {
                tracing::warn!(%error, account, "no token of the account that may purge");
                None
            }
        }
    }

    /// Writes the annotations that policies beyond Audit ask for.
    pub(super) async fn annotate(&mut self, report: &PlanReport, bench: &Arc<dyn Bench>) {
        let modes: BTreeMap<String, Mode> =
            bench.set().iter().map(|policy| (policy.id(), policy.spec().mode)).collect();
        let acting = |policy: &str| modes.get(policy).is_some_and(|mode| *mode != Mode::Audit);
        for entry in &report.entries {
            let asked = !(entry.annotations.set.is_empty() && entry.annotations.remove.is_empty());
            if !asked || entry.annotations.written == Some(false) {
                continue;
            }
            let identity = &entry.subject.identity;
            if identity.cluster.as_deref() != self.cluster.name.as_deref() {
                continue;
            }
            let (Some(target), Some(uid)) = (target_of(identity), identity.uid.as_deref()) else { continue };
            let wanted = wanted(entry, acting);
            if let Some((outcome, message)) = annotate(&self.access, &target, uid, &wanted).await {
                tracing::info!(name = %identity.name, ?outcome, message, "annotations");
            }
        }
    }
}

/// What of a decision makes a difference to carrying it on.
fn standing(entry: &Entry) -> String {
    format!("{}/{:?}", entry.decision.id, entry.decision.next_step)
}

fn target_of(identity: &Identity) -> Option<Target> {
    match (identity.kind.as_str(), &identity.namespace) {
        ("PersistentVolumeClaim", Some(namespace)) => {
            Some(Target::Claim { namespace: namespace.clone(), name: identity.name.clone() })
        }
        ("PersistentVolume", _) => Some(Target::Volume { name: identity.name.clone() }),
        _ => None,
    }
}
