//! A replica as `apply` is one: it looks, asks `next`, does what it says, and keeps nothing but the reply to its last write.

use crate::api::{Api, Reply, START, text};
use crate::ask;
use probate_contract::plan::{Entry, PlanReport};
use probate_contract::record::VolumeRecord;
use probate_core::ledger;
use probate_core::observe;
use probate_core::policy::PolicySet;
use probate_core::protocol::{
    self, Answer, Next, Outcome, Reservation, Seen, Situation, Step, Terms, Write, next,
};
use std::collections::BTreeMap;

/// What becomes of a mutating call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    /// The process dies before it is sent.
    Before,
    /// It is committed, and no reply comes.
    NoReply,
    /// The process dies right after the reply.
    After,
}

/// What one look showed, whole.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    now: i64,
    /// The record as stored, and its revision; 0 where it is new.
    version: u64,
    pub(crate) record: VolumeRecord,
    pub(crate) claim: Seen,
    pub(crate) volume: Seen,
    namespace: Seen,
    pub(crate) entry: Option<Entry>,
    terms: Option<Terms>,
    admission: Result<(), String>,
    halted: Option<String>,
    places: Vec<Reservation>,
    foreign: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Replica {
    pub(crate) policies: PolicySet,
    /// When the Plan was made that is approved.
    pub(crate) approved: Option<i64>,
    pub(crate) foreign: Option<String>,
    watched_since: i64,
    /// Replies to the last write about each record.
    answers: BTreeMap<String, Answer>,
    /// Fates of the next mutating calls, by their number.
    pub(crate) fates: Vec<(usize, Fate)>,
    pub(crate) calls: usize,
}

impl Replica {
    pub(crate) fn new(policies: PolicySet) -> Self {
        Self {
            policies,
            approved: None,
            foreign: None,
            watched_since: START,
            answers: BTreeMap::new(),
            fates: Vec::new(),
            calls: 0,
        }
    }

    /// The process begins anew.
    pub(crate) fn restart(&mut self, now: i64) {
        self.answers.clear();
        self.watched_since = now;
    }

    /// Reads everything once, and decides about every record that is or should be.
    pub(crate) fn frame(&self, api: &Api) -> Vec<(String, Look)> {
        let stored: Vec<VolumeRecord> = api.records.values().map(|(_, record)| record.clone()).collect();
        let records = self.advanced(api, &stored);
        let inventory = ask::inventory(api, &records);
        let plan = ask::plan(&inventory, &self.policies);
        let mut frame: Vec<(String, Look)> = records
            .into_iter()
            .map(|record| (record.metadata.name.clone(), self.of(api, record, &plan)))
            .collect();
        frame.sort_by(|left, right| left.0.cmp(&right.0));
        frame
    }

    /// The next record of everything observed, and the stored ones of what is gone.
    fn advanced(&self, api: &Api, stored: &[VolumeRecord]) -> Vec<VolumeRecord> {
        let inventory = ask::inventory(api, stored);
        let mut records: Vec<VolumeRecord> = stored.to_vec();
        for subject in observe::subjects(&inventory) {
            let uid = observe::uid(&inventory, subject);
            let own = records.iter().position(|record| concerns(record, uid));
            let previous = own.map(|at| records[at].clone());
            let next = observe::advance(
                previous.as_ref(),
                &inventory,
                subject,
                self.watched_since,
                api.now,
                &ask::settings(),
            );
            match (own, next) {
                (Some(own), Some(next)) => records[own] = next,
                (None, Some(next)) => records.push(next),
                (_, None) => {}
            }
        }
        records
    }

    pub(crate) fn look(&self, api: &Api, name: &str) -> Option<Look> {
        self.frame(api).into_iter().find(|(known, _)| known == name).map(|(_, look)| look)
    }

    fn of(&self, api: &Api, record: VolumeRecord, plan: &PlanReport) -> Look {
        let claim = record.spec.claim.as_ref();
        let seen_claim = claim.map_or(Seen::Absent, |claim| api.see_claim(&claim.namespace, &claim.name));
        let bound = match &seen_claim {
            Seen::Present(object) => Some(text(object, "/spec/volumeName").to_owned()),
            Seen::Absent | Seen::Unknown(_) => None,
        };
        let named = record.spec.volume.as_ref().map(|volume| volume.name.clone()).or(bound);
        let volume = named.filter(|name| !name.is_empty()).map_or(Seen::Absent, |name| api.see_volume(&name));
        let uid = |seen: &Seen| match seen {
            Seen::Present(object) => text(object, "/metadata/uid").to_owned(),
            Seen::Absent | Seen::Unknown(_) => String::new(),
        };
        let lives = claim.is_some_and(|claim| claim.uid.as_deref() == Some(uid(&seen_claim).as_str()));
        let subject = if lives { uid(&seen_claim) } else { uid(&volume) };
        let entry = ask::entry(plan, &subject).cloned();
        let terms = entry.as_ref().and_then(|entry| Terms::of(&self.policies, entry, &ask::settings()));
        let places = api.ledger.1.places.iter().map(|place| place.reservation.clone());
        let carry = terms.iter().flat_map(|terms| &terms.policies).map(|(id, _)| id.clone());
        let open = api.ledger.1.held_by(&carry.collect::<Vec<_>>());
        Look {
            halted: open.map(|open| open.detail.clone()),
            now: api.now,
            version: api.records.get(&record.metadata.name).map_or(0, |(version, _)| *version),
            namespace: claim.map_or(Seen::Absent, |claim| api.see_namespace(&claim.namespace)),
            claim: seen_claim,
            volume,
            entry,
            terms,
            admission: if api.admission { Ok(()) } else { Err("it is not there".into()) },
            places: places.filter(|place| place.uid == subject).collect(),
            foreign: self.foreign.clone(),
            record,
        }
    }

    pub(crate) fn decide(&self, look: &Look, name: &str) -> Next {
        let answer = self.answers.get(name);
        next(&Situation {
            now: look.now,
            claim: &look.claim,
            volume: &look.volume,
            namespace: &look.namespace,
            record: Some(&look.record),
            entry: look.entry.as_ref(),
            terms: look.terms.as_ref(),
            admission: look.admission.clone(),
            halted: look.halted.as_deref().filter(|_| self.approved.is_none()),
            reserved: &look.places,
            approved: self.approved,
            foreign: look.foreign.clone(),
            answer,
        })
    }

    fn fate(&mut self) -> Fate {
        self.calls += 1;
        let number = self.calls;
        self.fates.iter().find(|(at, _)| *at == number).map_or(Fate::Fine, |(_, fate)| *fate)
    }

    /// Does what `next` said; true where anything was done or tried.
    pub(crate) fn act(&mut self, api: &mut Api, name: &str, look: &Look, next: Next) -> bool {
        self.answers.remove(name);
        note_late(api, name, look);
        match next {
            Next::Rest { .. } | Next::Held { .. } => {
                self.keep(api, name, look);
                false
            }
            Next::Reserve(step) => {
                // A decision rests on what was observed: it must stand in the record before a place is taken for it.
                self.keep(api, name, look);
                self.reserve(api, look, step)
            }
            Next::Record(status) => {
                let record = VolumeRecord { status: *status, ..look.record.clone() };
                let fate = self.fate();
                if fate != Fate::Before {
                    store(api, name, look.version, Some(record));
                }
                self.end(api, fate);
                true
            }
            Next::Forget => {
                let fate = self.fate();
                if fate != Fate::Before {
                    store(api, name, look.version, None);
                }
                self.end(api, fate);
                true
            }
            Next::Write(write) => self.write(api, name, &write),
        }
    }

    fn write(&mut self, api: &mut Api, name: &str, write: &Write) -> bool {
        let fate = self.fate();
        if fate != Fate::Before {
            let reply = api.send(write);
            let (outcome, uid, message) = match reply {
                _ if fate == Fate::NoReply => (Outcome::Unknown, String::new(), String::new()),
                Reply::Done(uid) => (Outcome::Applied, uid, String::new()),
                Reply::Refused(status, message) => {
                    (protocol::outcome(status, &message), String::new(), message)
                }
            };
            let dry_run = write.dry_run();
            let answer = Answer { intended: write.intended, dry_run, uid, outcome, message };
            self.answers.insert(name.to_owned(), answer);
        }
        self.end(api, fate);
        true
    }

    fn end(&mut self, api: &Api, fate: Fate) {
        if matches!(fate, Fate::Before | Fate::After) {
            self.restart(api.now);
        }
    }

    /// What was only observed is stored where it is worth a write.
    fn keep(&self, api: &mut Api, name: &str, look: &Look) {
        let worth = api
            .records
            .get(name)
            .is_none_or(|(_, stored)| observe::matters(stored, &look.record, &ask::settings()));
        if worth {
            store(api, name, look.version, Some(look.record.clone()));
        }
    }

    fn reserve(&mut self, api: &mut Api, look: &Look, step: Step) -> bool {
        let (Some(entry), Some(terms)) = (&look.entry, &look.terms) else { return false };
        let fate = self.fate();
        if fate == Fate::Before {
            self.end(api, fate);
            return true;
        }
        let ask = ledger::Ask {
            policies: terms.policies.iter().map(|(id, _)| id.clone()).collect(),
            namespace: entry.subject.identity.namespace.clone().or(entry.claim_namespace.clone()),
            class: entry.storage_class.clone(),
            step,
            uid: entry.subject.identity.uid.clone().unwrap(),
            decision: entry.decision.id.clone(),
            bytes: entry.bytes,
            unused_since: None,
            approved: self.approved.is_some(),
        };
        let rates = ledger::rates_of(&self.policies, terms, &ask::settings());
        let before = api.ledger.1.places.len();
        let taken = ledger::reserve(&mut api.ledger.1, api.now, &rates, &ask).is_ok();
        api.ledger.0 += 1;
        if taken && (api.ledger.1.places.len() > before || !known(api, &ask)) {
            api.places.push((step, ask.uid, api.now));
        }
        self.end(api, fate);
        taken
    }

    /// Looks and acts until nothing is left to do now, everybody else in between; gives how often it acted.
    pub(crate) fn run(&mut self, api: &mut Api) -> usize {
        let (mut acted, mut last) = (0, Vec::new());
        for _ in 0..200 {
            let mut busy = false;
            last.clear();
            for (name, look) in self.frame(api) {
                let next = self.decide(&look, &name);
                last.push((name.clone(), next.clone()));
                busy |= self.act(api, &name, &look, next);
            }
            api.controllers();
            if !busy {
                return acted;
            }
            acted += 1;
        }
        panic!("it never rests: {last:#?}");
    }

    /// Runs for so long, looking every ten minutes.
    pub(crate) fn pass(&mut self, api: &mut Api, seconds: i64) {
        self.pass_by(api, seconds, 600);
    }

    /// Runs for so long, looking every so many seconds.
    pub(crate) fn pass_by(&mut self, api: &mut Api, seconds: i64, every: i64) {
        let end = api.now + seconds;
        while api.now < end {
            api.now += every;
            self.run(api);
        }
    }

    /// What holds the record's subject now.
    pub(crate) fn says(&self, api: &Api, name: &str) -> Next {
        let look = self.look(api, name).unwrap();
        self.decide(&look, name)
    }
}

fn known(api: &Api, ask: &ledger::Ask) -> bool {
    api.places.iter().any(|(step, uid, _)| *step == ask.step && *uid == ask.uid)
}

fn concerns(record: &VolumeRecord, uid: Option<&str>) -> bool {
    let claim = record.spec.claim.as_ref().and_then(|claim| claim.uid.as_deref());
    let volume = record.spec.volume.as_ref().map(|volume| volume.uid.as_str());
    uid.is_some() && (claim == uid || volume == uid)
}

/// Remembers the volume where its record, or it, moved on between the look and what is done now.
fn note_late(api: &mut Api, name: &str, look: &Look) {
    let Seen::Present(volume) = &look.volume else { return };
    let moved = api.records.get(name).map_or(0, |(version, _)| *version) != look.version
        || api.see_volume(text(volume, "/metadata/name")) != look.volume;
    if moved {
        api.late.insert(text(volume, "/metadata/uid").to_owned());
    }
}

/// Compare-and-swap of a record; `None` deletes it.
fn store(api: &mut Api, name: &str, version: u64, record: Option<VolumeRecord>) -> bool {
    let stored = api.records.get(name).map_or(0, |(version, _)| *version);
    if stored != version {
        return false;
    }
    match record {
        Some(record) => {
            let version = api.records.values().map(|(version, _)| *version).max().unwrap_or(0) + 1;
            let version = version.max(stored + 1);
            api.records.insert(name.to_owned(), (version, record));
        }
        None => {
            api.records.remove(name);
        }
    }
    true
}
