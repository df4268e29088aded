//! Quarantined: the window runs while the controller watches. Whatever is not as it was left suspends the purge; nothing here
//! shortens it.

use super::case::{self, Case, Standing};
use super::live::{Live, Party, Seen};
use super::patch::{self, Patch};
use super::request::{Intended, Request, Step};
use super::{Next, purge, quarantine};
use crate::time;
use probate_contract::Cause;
use probate_contract::manifest::RetainedVolumes;
use probate_contract::plan::Entry;
use probate_contract::record::Quarantine;
use serde_json::{Map, Value};

/// The volume's object is gone while it was kept.
const VOLUME_GONE: &str = "VolumeGone";
/// How long the record of such a volume is kept: its asset may still be there.
const KEPT_SECONDS: i64 = 30 * 86_400;

pub(super) fn next(case: &Case<'_>) -> Next {
    let Some(quarantine) = &case.status.quarantine else { return case.soon() };
    let Some(volume) = case.volume.ours() else { return lost(case) };
    if let Some(next) = settle(case, volume, quarantine) {
        return next;
    }
    match due(case, volume, quarantine) {
        Ok((entry, verb)) => purge::go(case, volume, entry, verb),
        Err(next) => *next,
    }
}

/// What has to be put right before anything else: a volume that was bound again, a flip, a name to promise.
fn settle(case: &Case<'_>, volume: Live<'_>, quarantine: &Quarantine) -> Option<Next> {
    let claim: Value = serde_json::from_str(&quarantine.manifests.claim).unwrap_or_default();
    let claim = Live(&claim);
    let (_, _, uid) = volume.claim_ref().unwrap_or_default();
    if volume.phase() == "Bound" && !uid.is_empty() && uid != claim.uid() {
        return Some(bound_again(case, volume));
    }
    if !volume.retains() {
        return Some(quarantine::keep(case, volume, quarantine));
    }
    let home = match case.situation.namespace {
        Seen::Present(home) => Some(Live(home).uid()),
        Seen::Absent => Some(""),
        Seen::Unknown(_) => None,
    };
    let same = home.map(|uid| quarantine.promised_in.as_deref() == Some(uid));
    if quarantine.promised_in.is_some() && same == Some(false) {
        return Some(withdraw(case, volume, claim, uid));
    }
    let promise = same == Some(true) && matches!(case.claim, Party::Gone) && uid == claim.uid();
    if promise {
        if let Some(message) = case.denied(Intended::PromiseName) {
            return Some(case.held(Cause::Blocked, message));
        }
        let json_patch = Patch::on(volume).claim_ref(claim.namespace(), claim.name(), None).operations();
        let request = Request::Patch { json_patch };
        return Some(case.write(Step::Quarantine, Intended::PromiseName, case::volume(volume), request));
    }
    // Whatever else was about to be written is done.
    case.status.intent.as_ref()?;
    Some(case.record(|status| status.intent = None))
}

/// Another claim has the volume: somebody restored it, or the name came back to its own data. What becomes of it is told by a
/// record of its own.
fn bound_again(case: &Case<'_>, volume: Live<'_>) -> Next {
    if patch::shows(volume) { case.unmark(volume, true) } else { Next::Forget }
}

/// The namespace is gone, or another one has its name: what comes back there is somebody else's.
fn withdraw(case: &Case<'_>, volume: Live<'_>, claim: Live<'_>, uid: &str) -> Next {
    if uid.is_empty() {
        if let Some(message) = case.denied(Intended::WithdrawName) {
            return case.held(Cause::Blocked, message);
        }
        let patch = Patch::on(volume).claim_ref(claim.namespace(), claim.name(), Some(claim.uid()));
        let request = Request::Patch { json_patch: patch.operations() };
        return case.write(Step::Quarantine, Intended::WithdrawName, case::volume(volume), request);
    }
    case.record(|status| {
        status.intent = None;
        if let Some(quarantine) = &mut status.quarantine {
            quarantine.promised_in = None;
        }
    })
}

/// The volume's object is gone, and not by a purge. Retain means that its asset is still there.
pub(super) fn lost(case: &Case<'_>) -> Next {
    let now = case.now();
    let Some(gone) = case.condition(VOLUME_GONE) else {
        return case.record(|status| {
            if let Some(quarantine) = status.quarantine.as_mut().filter(|known| known.released_at.is_empty())
            {
                quarantine.released_at = time::format(now);
            }
            status.mark = None;
            status.intent = None;
            let message = "somebody deleted the volume's object; its driver still has the asset";
            case::set(status, VOLUME_GONE, true, &Cause::ForeignWrite.to_string(), message, now);
        });
    };
    let until = time::parse(&gone.last_transition_time).unwrap_or(now).saturating_add(KEPT_SECONDS);
    if until <= now {
        return Next::Forget;
    }
    Next::Held { cause: Cause::ForeignWrite, detail: gone.message.clone(), until: Some(until) }
}

/// What may become of the data, once the window is over and everything still says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// The volume's object; the asset stays.
    Object,
    /// Both.
    Asset,
}

/// The fresh decision and what it does, where nothing suspends the purge.
pub(super) fn due<'a>(
    case: &Case<'a>,
    volume: Live<'_>,
    quarantine: &Quarantine,
) -> Result<(&'a Entry, Verb), Box<Next>> {
    let held = |cause: Cause, detail: String| Err(Box::new(case.held(cause, detail)));
    let approved = case.approved_since(&quarantine.released_at);
    if let (Party::Other(claim), false) = (case.claim, approved) {
        let name = format!("{}/{}", claim.namespace(), claim.name());
        return held(Cause::NameReused, format!("claim {name} is there again, with another volume"));
    }
    if !quarantine::flipped(volume, quarantine) {
        return held(Cause::Hold, "its quarantine's marks were taken away by hand".into());
    }
    for condition in [case::VETOED, case::FOREIGN] {
        let known = case.condition(condition);
        if let Some(known) = known.filter(|known| !case.approved_since(&known.last_transition_time)) {
            return held(Cause::ForeignWrite, known.message.clone());
        }
    }
    if let Some(who) = foreign(case, volume, quarantine) {
        return held(Cause::ForeignWrite, who);
    }
    let entry = match case.standing(volume) {
        Standing::Stands(entry) => entry,
        Standing::Stale(why) => return Err(Box::new(case.stale(why))),
        Standing::Falls { cause, detail, until } => {
            let parked = matches!(
                cause,
                Cause::NoPolicyMatched | Cause::NoPolicyDecided | Cause::PolicyRetain | Cause::AuditMode
            );
            let cause = if parked { Cause::Parked } else { cause };
            return Err(Box::new(Next::Held { cause, detail, until }));
        }
    };
    let Some(terms) = case.situation.terms else {
        return Err(Box::new(case.stale("what its policies ask is not known")));
    };
    let changed = quarantine
        .policies
        .iter()
        .find(|(id, digest)| !terms.policies.iter().any(|(known, now)| known == *id && now == *digest));
    if let Some((id, _)) = changed.filter(|_| !approved) {
        return held(Cause::Parked, format!("{id} is gone, or changed since"));
    }
    let verb = match terms.retained_volumes {
        _ if !entry.aside.retained => Verb::Asset,
        RetainedVolumes::DeleteObjectAndAsset => Verb::Asset,
        RetainedVolumes::DeleteObject => Verb::Object,
        RetainedVolumes::Release => return Err(Box::new(Next::Rest { until: None })),
        RetainedVolumes::Keep => {
            return held(Cause::EffectiveRetain, "a layer says Retain, and its policy keeps those".into());
        }
    };
    let left = terms.quarantine_seconds.saturating_sub(quarantine.watched_seconds);
    if left > 0 {
        return Err(Box::new(Next::Rest { until: Some(case.now().saturating_add(left)) }));
    }
    Ok((entry, verb))
}

/// What somebody else changed on the volume since probate kept it, or who wrote the record.
pub(super) fn foreign(case: &Case<'_>, volume: Live<'_>, quarantine: &Quarantine) -> Option<String> {
    if let Some(who) = &case.situation.foreign {
        return Some(who.clone());
    }
    let kept: Value = serde_json::from_str(&quarantine.manifests.volume).ok()?;
    let spec = |object: &Value| {
        let mut spec = object.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
        spec.remove("persistentVolumeReclaimPolicy");
        spec.remove("claimRef");
        spec
    };
    if spec(&kept) != spec(volume.0) {
        return Some("somebody changed the volume's spec".into());
    }
    let names =
        |(namespace, name, uid): (&str, &str, &str)| (namespace.to_owned(), name.to_owned(), uid.to_owned());
    let (then, now) = (Live(&kept).claim_ref().map(names), volume.claim_ref().map(names));
    let promised = |claim: (String, String, String)| (claim.0, claim.1, String::new());
    let same = then == now || (quarantine.promised_in.is_some() && then.map(promised) == now);
    if !same {
        return Some("somebody changed the claim that the volume names".into());
    }
    let ours: Vec<&str> = case
        .situation
        .entry
        .into_iter()
        .flat_map(|entry| entry.annotations.set.keys().chain(&entry.annotations.remove))
        .map(String::as_str)
        .collect();
    for (part, what) in [("labels", "label"), ("annotations", "annotation")] {
        let (then, now) = (others(&kept, part, &ours), others(volume.0, part, &ours));
        if let Some(key) = then.keys().chain(now.keys()).find(|key| then.get(*key) != now.get(*key)) {
            return Some(format!("somebody changed {what} {key} of the volume"));
        }
    }
    None
}

/// Labels or annotations that are neither probate's nor the volume controllers'.
fn others(object: &Value, part: &str, ours: &[&str]) -> Map<String, Value> {
    let known = |key: &str| {
        ["probate.dev/", "pv.kubernetes.io/", "volume.kubernetes.io/", "kubectl.kubernetes.io/"]
            .iter()
            .any(|prefix| key.starts_with(prefix))
            || ours.contains(&key)
    };
    let map = object.get("metadata").and_then(|metadata| metadata.get(part)).and_then(Value::as_object);
    map.into_iter().flatten().filter(|(key, _)| !known(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
}
