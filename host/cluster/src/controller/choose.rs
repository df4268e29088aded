//! Which claims and volumes are carried on in a turn.

use super::Controller;
use super::act::target_of;
use crate::apply::Subject;
use crate::records::{Kept, uids};
use probate_contract::common::Identity;
use probate_contract::plan::{Entry, NextStep, PlanReport};
use probate_core::observe;
use probate_core::protocol::Target;
use probate_core::stock::Scope;
use std::collections::{BTreeMap, BTreeSet};

/// Claims and volumes to be carried on, with the uids of both.
type Chosen = BTreeMap<String, (Subject, Vec<String>)>;

impl Controller {
    /// What is to be carried on now: everything that is in the protocol and due or decided otherwise than when it was last carried
    /// on, records at their end, what stands as a delete, was approved
    /// or is to be kept, and what shows a mark that no record knows.
    pub(super) fn subjects(
        &self,
        report: &PlanReport,
        scope: Option<&Scope>,
        shown: &BTreeSet<&str>,
        at: i64,
    ) -> Vec<(Subject, Vec<String>)> {
        let by_uid: BTreeMap<&str, &Entry> = report
            .entries
            .iter()
            .filter_map(|entry| Some((entry.subject.identity.uid.as_deref()?, entry)))
            .collect();
        let mut chosen = Chosen::new();
        self.recorded(&by_uid, scope, at, &mut chosen);
        let approved = self.approved(report, at);
        for entry in &report.entries {
            let identity = &entry.subject.identity;
            let wanted = matches!(entry.decision.next_step, NextStep::Mark | NextStep::EnsureRetain)
                || identity.uid.as_ref().is_some_and(|uid| approved.contains_key(uid));
            let void =
                || identity.uid.as_deref().is_some_and(|uid| shown.contains(uid) && !self.in_protocol(uid));
            if !wanted && !void() {
                continue;
            }
            let Some((subject, uid)) = self.subject_of(identity) else { continue };
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

    /// Records of this cluster that are in the protocol, or at their end, so far as they are looked at.
    fn recorded(&self, by_uid: &BTreeMap<&str, &Entry>, scope: Option<&Scope>, at: i64, chosen: &mut Chosen) {
        let looked = |kept: &&Kept| scope.is_none_or(|scope| scope.has(&kept.record));
        for kept in self.records.iter().filter(looked) {
            let record = &kept.record;
            let spec = &record.spec;
            if spec.cluster.uid != self.cluster.uid {
                continue;
            }
            let uids: Vec<String> = uids(record).map(str::to_owned).collect();
            let entry = uids.iter().find_map(|uid| by_uid.get(uid.as_str()).copied());
            if !under_way(kept) && entry.is_some() && observe::needed(record) {
                continue;
            }
            let last = uids.first().and_then(|uid| self.carried.get(uid));
            let other = entry.is_some_and(|entry| last != Some(&standing(entry)));
            let due = self.due.get(&record.metadata.name).is_none_or(|due| *due <= at);
            if due || other || record.status.intent.is_some() {
                let subject = Subject { record: record.metadata.name.clone(), ..Subject::default() };
                chosen.insert(record.metadata.name.clone(), (subject, uids));
            }
        }
    }

    /// True where a record says that something is under way.
    pub(super) fn in_protocol(&self, uid: &str) -> bool {
        self.records.of_uid(uid).is_some_and(under_way)
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
}

fn under_way(kept: &Kept) -> bool {
    let status = &kept.record.status;
    status.mark.is_some() || status.quarantine.is_some() || status.intent.is_some()
}

/// What of a decision makes a difference to carrying it on.
pub(super) fn standing(entry: &Entry) -> String {
    format!("{}/{:?}", entry.decision.id, entry.decision.next_step)
}
