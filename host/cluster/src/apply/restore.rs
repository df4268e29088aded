//! Restore: one command gives a volume back until it is purged. It is found by its record, or by the volume alone.

use super::send::{get, path, send};
use crate::connect::Access;
use crate::error::ClusterError;
use crate::observe::watch::now;
use crate::own::FIELD_MANAGER;
use crate::records::Records;
use http::Method;
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::Client;
use kube::api::{Api, ListParams};
use probate_contract::Cause;
use probate_contract::record::VolumeRecord;
use probate_core::protocol::{
    Answer, Next, Outcome, Request, Restorable, Restoring, Seen, Target, Write, restorable, restore as next,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// How often the controller may write the record in between.
const CROSSINGS: usize = 8;

/// What a person asks to have back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The claim that had this namespace and name.
    Claim(String, String),
    /// The volume of this name.
    Volume(String),
    /// Everything that these decisions took.
    Decisions(BTreeSet<String>),
}

/// Something in quarantine.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it was.
    pub restorable: Restorable,
    /// Its record's name, if there is one.
    pub record: Option<String>,
}

/// How it is given back.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// Under another namespace and name.
    pub to: Option<(String, String)>,
    /// Only ask.
    pub dry_run: bool,
    /// With the reclaim policy that it had.
    pub return_policy: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// It is back, under this namespace and name.
    Done(String, String),
    /// It would work.
    WouldWork(String, String),
    /// Something forbids it.
    Held(Cause, String),
}

/// Everything in quarantine that is meant, by records first and then by volumes that carry their mark alone.
///
/// # Errors
/// The API server gives neither records nor volumes.
pub async fn find(access: &Access, records: &Records, wanted: &Wanted) -> Result<Vec<Found>, ClusterError> {
    let api: Api<PersistentVolume> = Api::all(access.read.clone());
    let marked = api.list(&ListParams::default().labels("probate.dev/state=Quarantined")).await?;
    let volumes: Vec<Value> =
        marked.items.iter().filter_map(|volume| serde_json::to_value(volume).ok()).collect();
    let name_of =
        |volume: &Value| volume.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned);
    let mut found = Vec::new();
    let mut told = Vec::new();
    for kept in records.iter().filter(|kept| kept.record.status.quarantine.is_some()) {
        let volume = kept.record.spec.volume.as_ref().map(|volume| volume.name.clone());
        let live = volumes.iter().find(|live| volume.is_some() && name_of(live) == volume);
        if let Some(restorable) = restorable(Some(&kept.record), live) {
            told.extend(restorable.volume.clone());
            found.push(Found { restorable, record: Some(kept.record.metadata.name.clone()) });
        }
    }
    for volume in &volumes {
        if name_of(volume).is_some_and(|name| !told.contains(&name))
            && let Some(restorable) = restorable(None, Some(volume))
        {
            found.push(Found { restorable, record: None });
        }
    }
    found.retain(|found| {
        let known = &found.restorable;
        match wanted {
            Wanted::Claim(namespace, name) => known.namespace == *namespace && known.name == *name,
            Wanted::Volume(name) => known.volume.as_ref() == Some(name),
            Wanted::Decisions(decisions) => decisions.contains(&known.decision),
        }
    });
    Ok(found)
}

/// Gives one back; `writer` is who may write what is in quarantine.
///
/// # Errors
/// The API server does not answer. What has begun is gone on with by the same command.
pub async fn restore(
    access: &Access,
    writer: &Client,
    records: &mut Records,
    found: &Found,
    how: &How,
) -> Result<Restored, ClusterError> {
    let known = &found.restorable;
    let place = how.to.clone().unwrap_or_else(|| (known.namespace.clone(), known.name.clone()));
    let mut answer: Option<Answer> = None;
    let mut bound_since = None;
    let mut intended: Option<VolumeRecord> = None;
    let mut crossed = 0;
    loop {
        let (volume, claim, namespace) = look(access, known, &place).await;
        let at = now();
        bound_since = if bound(&volume, &claim) { bound_since.or(Some(at)) } else { None };
        let stored =
            || found.record.as_ref().and_then(|name| records.get(name)).map(|kept| kept.record.clone());
        let record: Option<VolumeRecord> = intended.clone().or_else(stored);
        let step = next(&Restoring {
            now: at,
            record: record.as_ref(),
            volume: &volume,
            claim: &claim,
            namespace: &namespace,
            to: how.to.as_ref().map(|(namespace, name)| (namespace.as_str(), name.as_str())),
            bound_since,
            return_policy: how.return_policy,
            answer: answer.as_ref(),
        });
        match step {
            Next::Held { cause, detail, .. } => return Ok(Restored::Held(cause, detail)),
            Next::Rest { until: None } => return Ok(Restored::Done(place.0, place.1)),
            Next::Rest { until: Some(until) } => {
                let seconds = u64::try_from(until.saturating_sub(at)).unwrap_or(0).clamp(1, 5);
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            Next::Reserve(_) => {
                return Ok(Restored::Held(Cause::RateLimited, "a restore takes no place".into()));
            }
            Next::Forget => {
                if let Some(name) = &found.record
                    && let Err(error) = records.remove(access, name).await
                {
                    records.refresh(access, name).await?;
                    crossed += 1;
                    if crossed < CROSSINGS {
                        continue;
                    }
                    return Err(error);
                }
                return Ok(Restored::Done(place.0, place.1));
            }
            // A dry run says nothing in the record: it is nobody's intent yet.
            Next::Record(status) => {
                let Some(record) = record else { continue };
                let record = VolumeRecord { status: *status, ..record };
                if how.dry_run {
                    intended = Some(record);
                } else {
                    match records.put(access, &record).await {
                        // The controller was faster; what it wrote was read anew.
                        Err(error) if error.code() == Some(409) && crossed < CROSSINGS => crossed += 1,
                        put => put?,
                    }
                }
            }
            Next::Write(write) if how.dry_run => return Ok(asked(writer, *write, place).await),
            Next::Write(write) => {
                let reply = sent(writer, &write).await;
                let said = reply.answer(write.intended, write.dry_run(), String::new());
                tracing::info!(write = write.intended.name(), dry_run = write.dry_run(), outcome = ?said.outcome, message = said.message, "restore");
                answer = Some(said);
            }
        }
    }
}

/// Whether the API server would let the claim be made. Whatever else is written first touches the volume alone, which is ours.
async fn asked(writer: &Client, mut write: Write, (namespace, name): (String, String)) -> Restored {
    let Request::Create { dry_run, .. } = &mut write.request else {
        return Restored::WouldWork(namespace, name);
    };
    *dry_run = true;
    let reply = sent(writer, &write).await;
    match reply.outcome() {
        Outcome::Applied => Restored::WouldWork(namespace, name),
        _ => Restored::Held(Cause::Blocked, reply.message),
    }
}

async fn sent(writer: &Client, write: &Write) -> super::send::Reply {
    match &write.request {
        Request::Patch { json_patch } => {
            let url = format!("{}?fieldManager={FIELD_MANAGER}", path(&write.target));
            send(writer, Method::PATCH, &url, "application/json-patch+json", &json!(json_patch)).await
        }
        Request::Create { body, dry_run } => {
            let url = super::created_at(&write.target, *dry_run);
            send(writer, Method::POST, &url, "application/json", body).await
        }
        Request::ReclaimDelete { ticket, json_patch } => {
            super::destroy::reclaim(writer, &write.target, ticket, json_patch).await
        }
        Request::Delete { ticket, uid, resource_version, dry_run } => {
            super::destroy::delete(writer, &write.target, ticket, uid, resource_version, *dry_run).await
        }
    }
}

async fn look(
    access: &Access,
    known: &Restorable,
    (namespace, name): &(String, String),
) -> (Seen, Seen, Seen) {
    let read = &access.read;
    let volume = match &known.volume {
        Some(name) => get(read, &path(&Target::Volume { name: name.clone() })).await,
        None => Seen::Absent,
    };
    let target = Target::Claim { namespace: namespace.clone(), name: name.clone() };
    let claim = get(read, &path(&target)).await;
    let home = get(read, &format!("/api/v1/namespaces/{namespace}")).await;
    (volume, claim, home)
}

fn bound(volume: &Seen, claim: &Seen) -> bool {
    let phase = |seen: &Seen| match seen {
        Seen::Present(object) => object.pointer("/status/phase").and_then(Value::as_str) == Some("Bound"),
        Seen::Absent | Seen::Unknown(_) => false,
    };
    phase(volume) && phase(claim)
}
