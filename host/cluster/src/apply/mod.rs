//! Apply: one step of one subject after the other, each on a fresh read. The core's machine says what is next; here it is sent.

mod annotate;
mod destroy;
pub mod restore;
mod send;

use crate::connect::Access;
use crate::error::ClusterError;
use crate::ledger::{LedgerStore, PlaceOf};
use crate::own::FIELD_MANAGER;
use crate::records::Records;
pub use annotate::{NOTES_MANAGER, Noted, Wanted, annotate, wanted};
pub(crate) use destroy::forget;
use http::Method;
use kube::Client;
use probate_contract::Cause;
use probate_contract::common::Cluster;
use probate_contract::evidence::ClaimRef;
use probate_contract::plan::Entry;
use probate_contract::record::{RecordSpec, RecordStatus, RecordVolume, VolumeRecord};
use probate_core::ledger::{RateOf, Refused};
use probate_core::protocol::{
    self, Answer, Next, Outcome, Request, Reservation, Seen, Situation, Step, Target, Terms, Write,
};
use send::{Reply, get, path, send};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// More turns than any step needs; a subject that wants more is looked at again next time.
const TURNS: usize = 16;

/// Which claim and volume are carried on.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Its record's name, `c-…` or `v-…`.
    pub record: String,
    /// Namespace and name of the claim, if it has or had one.
    pub claim: Option<(String, String)>,
    /// Name of the volume, if it has one.
    pub volume: Option<String>,
}

/// What one step is decided on.
#[derive(Clone, Debug)]
pub struct Ruling<'a> {
    /// The decision on live evidence.
    pub entry: Option<&'a Entry>,
    /// What the policies ask together.
    pub terms: Option<&'a Terms>,
    /// Every rate that holds for them.
    pub rates: &'a [RateOf],
    /// The admission policy is in force, or why not.
    pub admission: Result<(), String>,
    /// When the youngest approved Plan was made that names this uid.
    pub approved: Option<i64>,
}

/// A write and what came of it.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Record of the subject.
    pub record: String,
    /// The decision it serves.
    pub decision: String,
    /// What was sent.
    pub write: Write,
    /// What came back.
    pub answer: Answer,
    /// The status code; 0 without a reply.
    pub status: u16,
}

/// Where a subject stands when nothing more is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Look again then, or when something changes.
    Rest(Option<i64>),
    /// Something holds it.
    Held(Cause, String, Option<i64>),
    /// Its record was removed.
    Forgotten,
    /// A record is there that this was decided without: so was the rest of the batch, and nothing of it may be carried on.
    Overtaken,
}

/// Why nobody hands volumes to their driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPurger {
    /// True where nobody may; false where it may be otherwise in a moment.
    pub denied: bool,
    /// Why.
    pub message: String,
}

/// Carries subjects on.
pub struct Hand<'a> {
    /// The cluster.
    pub access: &'a Access,
    /// Who hands volumes to their driver.
    pub purger: Result<&'a Client, &'a NoPurger>,
    /// Which cluster it is.
    pub cluster: &'a Cluster,
    /// Records.
    pub records: &'a mut Records,
    /// Rates.
    pub ledger: &'a mut LedgerStore,
    /// How far records in quarantine have been watched, by name.
    pub watched: &'a BTreeMap<String, RecordStatus>,
    /// Every write and its outcome.
    pub effects: Vec<Effect>,
}

impl Hand<'_> {
    /// Carries one subject as far as it goes now.
    ///
    /// # Errors
    /// The API server does not answer; the next turn goes on from what it then reads.
    pub async fn carry(
        &mut self,
        subject: &Subject,
        ruling: &Ruling<'_>,
        now: i64,
    ) -> Result<End, ClusterError> {
        let mut answer: Option<Answer> = None;
        for _ in 0..TURNS {
            let (claim, volume, namespace) = self.look(subject).await;
            let mut kept = self.records.get(&subject.record).cloned();
            if let Some(kept) = &mut kept {
                self.advance(&mut kept.record);
            }
            let uid = ruling.entry.and_then(|entry| entry.subject.identity.uid.as_deref());
            let reserved = self.ledger.places(uid.unwrap_or_default(), ruling.terms);
            let halted = self.ledger.held_by(ruling.terms).filter(|_| ruling.approved.is_none());
            let situation = Situation {
                now,
                claim: &claim,
                volume: &volume,
                namespace: &namespace,
                record: kept.as_ref().map(|kept| &kept.record),
                entry: ruling.entry,
                terms: ruling.terms,
                admission: ruling.admission.clone(),
                halted: halted.as_deref(),
                reserved: &reserved,
                approved: ruling.approved,
                foreign: kept.as_ref().and_then(|kept| kept.foreign.clone()),
                answer: answer.as_ref(),
            };
            match protocol::next(&situation) {
                Next::Rest { until } => return Ok(End::Rest(until)),
                Next::Held { cause, detail, until } => return Ok(End::Held(cause, detail, until)),
                Next::Forget => {
                    self.records.remove(self.access, &subject.record).await?;
                    return Ok(End::Forgotten);
                }
                Next::Record(status) => {
                    let spec = spec_of(self.cluster, kept.as_ref().map(|kept| &kept.record), &claim, &volume);
                    let record = VolumeRecord { spec, status: *status, ..VolumeRecord::default() };
                    said_of_mark(
                        &subject.record,
                        kept.as_ref().map(|kept| &kept.record.status),
                        &record.status,
                    );
                    self.records.put(self.access, &record).await?;
                }
                Next::Reserve(step) => match self.reserve(step, subject, ruling, now).await? {
                    Ok(_) => {}
                    Err(Refused { cause, detail, until }) => return Ok(End::Held(cause, detail, until)),
                },
                Next::Write(write) => {
                    let target_uid = match &write.target {
                        Target::Claim { .. } => uid_of(&claim),
                        Target::Volume { .. } => uid_of(&volume),
                    };
                    let told = kept.as_ref().map(|kept| &*kept.revision);
                    if self.overtaken(&write, told, subject, &target_uid).await? {
                        return Ok(End::Overtaken);
                    }
                    let reply = self.write(&write).await;
                    let said = reply.answer(write.intended, write.dry_run(), target_uid);
                    self.note(subject, ruling, &write, &said, reply.status);
                    answer = Some(said);
                }
            }
        }
        Ok(End::Rest(Some(now.saturating_add(1))))
    }

    /// A record as far as it has been watched: the time in quarantine counts without a write for each second.
    fn advance(&self, record: &mut VolumeRecord) {
        let Some(seen) = self.watched.get(&record.metadata.name) else { return };
        let (Some(quarantine), Some(watched)) = (&mut record.status.quarantine, &seen.quarantine) else {
            return;
        };
        if quarantine.decision == watched.decision && quarantine.released_at == watched.released_at {
            quarantine.watched_seconds = quarantine.watched_seconds.max(watched.watched_seconds);
            record.status.observation.clone_from(&seen.observation);
        }
    }

    /// True where another replica has written a record since it was read, or the first one. A mark is shown only once its record is
    /// stored: only a record that is read after the mark was seen tells whether the mark is anybody's.
    async fn overtaken(
        &mut self,
        write: &Write,
        told: Option<&str>,
        subject: &Subject,
        uid: &str,
    ) -> Result<bool, ClusterError> {
        match told {
            None => {
                self.records.reload(self.access).await?;
                Ok(self.records.of_uid(uid).is_some())
            }
            Some(revision) if write.step == Step::Unmark => {
                let now = self.records.refresh(self.access, &subject.record).await?;
                Ok(now.is_none_or(|now| now.revision != revision))
            }
            Some(_) => Ok(false),
        }
    }

    /// Reads claim, volume and namespace as they are now.
    async fn look(&self, subject: &Subject) -> (Seen, Seen, Seen) {
        let read = &self.access.read;
        let record = self.records.get(&subject.record).map(|kept| &kept.record.spec);
        let claim_name = record
            .and_then(|spec| spec.claim.as_ref())
            .map(|claim| (claim.namespace.clone(), claim.name.clone()))
            .or_else(|| subject.claim.clone());
        let claim = match &claim_name {
            Some((namespace, name)) => {
                let target = Target::Claim { namespace: namespace.clone(), name: name.clone() };
                get(read, &path(&target)).await
            }
            None => Seen::Absent,
        };
        let bound = match &claim {
            Seen::Present(claim) => claim.pointer("/spec/volumeName").and_then(Value::as_str),
            Seen::Absent | Seen::Unknown(_) => None,
        };
        let volume_name = record
            .and_then(|spec| spec.volume.as_ref())
            .map(|volume| volume.name.clone())
            .or_else(|| bound.map(str::to_owned))
            .or_else(|| subject.volume.clone());
        let volume = match volume_name.filter(|name| !name.is_empty()) {
            Some(name) => get(read, &path(&Target::Volume { name })).await,
            None => Seen::Absent,
        };
        let namespace = match &claim_name {
            Some((namespace, _)) => get(read, &format!("/api/v1/namespaces/{namespace}")).await,
            None => Seen::Absent,
        };
        (claim, volume, namespace)
    }

    async fn reserve(
        &mut self,
        step: Step,
        subject: &Subject,
        ruling: &Ruling<'_>,
        now: i64,
    ) -> Result<Result<Reservation, Refused>, ClusterError> {
        let (Some(entry), Some(terms)) = (ruling.entry, ruling.terms) else {
            let detail = "no decision stands any more".to_owned();
            return Ok(Err(Refused { cause: Cause::Parked, detail, until: None }));
        };
        let status = self.records.get(&subject.record).map(|kept| &kept.record.status);
        let unused_since = status.and_then(|status| status.unused_since.as_deref());
        let (rates, approved) = (ruling.rates, ruling.approved.is_some());
        let place = PlaceOf { step, entry, terms, rates, unused_since, approved };
        self.ledger.reserve(self.access, &place, now).await
    }

    /// Sends one write, once.
    async fn write(&self, write: &Write) -> Reply {
        let client = &self.access.write;
        match &write.request {
            Request::Patch { json_patch } => {
                let url = format!("{}?fieldManager={FIELD_MANAGER}", path(&write.target));
                send(client, Method::PATCH, &url, "application/json-patch+json", &json!(json_patch)).await
            }
            Request::Delete { ticket, uid, resource_version, dry_run } => {
                let client = match &write.target {
                    Target::Claim { .. } => Ok(client),
                    Target::Volume { .. } => self.purger,
                };
                match client {
                    Ok(client) => {
                        destroy::delete(client, &write.target, ticket, uid, resource_version, *dry_run).await
                    }
                    Err(why) => nobody(why),
                }
            }
            Request::ReclaimDelete { ticket, json_patch } => match self.purger {
                Ok(client) => destroy::reclaim(client, &write.target, ticket, json_patch).await,
                Err(why) => nobody(why),
            },
            Request::Create { body, dry_run } => {
                let url = created_at(&write.target, *dry_run);
                send(client, Method::POST, &url, "application/json", body).await
            }
        }
    }

    fn note(&mut self, subject: &Subject, ruling: &Ruling<'_>, write: &Write, answer: &Answer, status: u16) {
        let decision = ruling.entry.map(|entry| entry.decision.id.clone()).unwrap_or_default();
        let level = answer.outcome != Outcome::Applied;
        tracing::info!(
            record = %subject.record,
            step = write.step.name(),
            write = write.intended.name(),
            dry_run = write.dry_run(),
            outcome = ?answer.outcome,
            status,
            message = if level { answer.message.as_str() } else { "" },
            "write"
        );
        if !write.dry_run() {
            self.effects.push(Effect {
                record: subject.record.clone(),
                decision,
                write: write.clone(),
                answer: answer.clone(),
                status,
            });
        }
    }
}

/// A mark that is taken out of its record, and why.
fn said_of_mark(record: &str, before: Option<&RecordStatus>, after: &RecordStatus) {
    let marked = before.is_some_and(|before| before.mark.is_some() && before.quarantine.is_none());
    if !marked || after.mark.is_some() || after.quarantine.is_some() {
        return;
    }
    let why = after.conditions.iter().find(|known| known.r#type == protocol::MARK);
    let (reason, message) = why.map(|why| (&*why.reason, &*why.message)).unwrap_or_default();
    tracing::info!(record, reason, message, "the mark is lifted");
}

/// The reply to what was not sent, for want of an account.
fn nobody(why: &NoPurger) -> Reply {
    Reply { status: if why.denied { 403 } else { 503 }, message: why.message.clone(), body: None }
}

fn created_at(target: &Target, dry_run: bool) -> String {
    let collection = match target {
        Target::Claim { namespace, .. } => format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims"),
        Target::Volume { .. } => "/api/v1/persistentvolumes".into(),
    };
    let asks = if dry_run { "&dryRun=All" } else { "" };
    format!("{collection}?fieldManager={FIELD_MANAGER}{asks}")
}

fn uid_of(seen: &Seen) -> String {
    let uid = match seen {
        Seen::Present(object) => object.pointer("/metadata/uid").and_then(Value::as_str),
        Seen::Absent | Seen::Unknown(_) => None,
    };
    uid.unwrap_or_default().to_owned()
}

/// The identity of a record: what it has stays, a part that is known now is added.
fn spec_of(cluster: &Cluster, record: Option<&VolumeRecord>, claim: &Seen, volume: &Seen) -> RecordSpec {
    let mut spec = record
        .map(|record| record.spec.clone())
        .unwrap_or_else(|| RecordSpec { cluster: cluster.clone(), ..RecordSpec::default() });
    let text = |object: &Value, pointer: &str| {
        object.pointer(pointer).and_then(Value::as_str).map(str::to_owned).filter(|text| !text.is_empty())
    };
    if let (None, Seen::Present(claim), None) = (&spec.claim, claim, record) {
        spec.claim = Some(ClaimRef {
            namespace: text(claim, "/metadata/namespace").unwrap_or_default(),
            name: text(claim, "/metadata/name").unwrap_or_default(),
            uid: text(claim, "/metadata/uid"),
        });
    }
    if let (None, Seen::Present(volume)) = (&spec.volume, volume) {
        spec.volume = Some(RecordVolume {
            name: text(volume, "/metadata/name").unwrap_or_default(),
            uid: text(volume, "/metadata/uid").unwrap_or_default(),
            driver: text(volume, "/spec/csi/driver"),
            volume_handle: text(volume, "/spec/csi/volumeHandle"),
        });
    }
    spec
}

/// What is different about an entry's subject now, if anything.
///
/// # Errors
/// The API server does not answer.
pub async fn changed(access: &Access, entry: &Entry) -> Result<Option<String>, ClusterError> {
    let identity = &entry.subject.identity;
    let target = match &identity.namespace {
        Some(namespace) => Target::Claim { namespace: namespace.clone(), name: identity.name.clone() },
        None => Target::Volume { name: identity.name.clone() },
    };
    let object = match get(&access.read, &path(&target)).await {
        Seen::Present(object) => object,
        Seen::Absent => return Ok(Some("it is gone".into())),
        Seen::Unknown(why) => return Err(ClusterError::Answer { what: path(&target), why }),
    };
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (uid, revision) = (text("/metadata/uid"), text("/metadata/resourceVersion"));
    if Some(uid) != identity.uid.as_deref() {
        return Ok(Some(format!("another object has the name (uid {uid})")));
    }
    let planned = entry.subject.resource_version.as_deref().unwrap_or_default();
    Ok((revision != planned).then(|| format!("resourceVersion is {revision}, planned {planned}")))
}
