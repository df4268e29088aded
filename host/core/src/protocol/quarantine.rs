//! Quarantine: keep the volume, then let the claim go. From the first write to the confirmed release each state is found by
//! reading, and whatever no longer stands is rolled back while the claim lives.

use super::case::{self, Case, Standing};
use super::live::{Live, Party, Seen};
use super::patch::{self, Patch};
use super::request::{Intended, Request, Step};
use super::{Next, window};
use crate::guard::Ticket;
use crate::time;
use probate_contract::Cause;
use probate_contract::evidence::EffectivePolicy;
use probate_contract::plan::Entry;
use probate_contract::record::{Manifests, Quarantine, RecordStatus};
use serde_json::Value;

/// The claim's time has come and its delete stands: what is needed goes into the record before anything is written.
pub(super) fn begin(case: &Case<'_>, claim: Live<'_>, entry: &Entry) -> Next {
    let Some(terms) = case.situation.terms else { return case.stale("what its policies ask is not known") };
    if let Some(next) = case.hindered() {
        return next;
    }
    let volume = match bound(case, claim, entry) {
        Ok(volume) => volume,
        Err(next) => return *next,
    };
    let promised = match (entry.aside.returns && !claim.has_source(), case.situation.namespace) {
        (false, _) => None,
        (true, Seen::Present(namespace)) => Some(Live(namespace).uid().to_owned()),
        (true, _) => return case.stale("the namespace that the name would be promised in is not known"),
    };
    if let Some(next) = case.reserved(Step::Quarantine, claim) {
        return next;
    }
    let quarantine = Quarantine {
        decision: entry.decision.id.clone(),
        released_at: String::new(),
        watched_seconds: 0,
        manifests: Manifests {
            claim: patch::manifest(claim),
            volume: volume.map(patch::manifest).unwrap_or_default(),
        },
        policies: terms.policies.iter().cloned().collect(),
        promised_in: promised.filter(|_| volume.is_some()),
    };
    case.record(|status| {
        status.original_reclaim_policy = volume
            .map(|volume| if volume.retains() { EffectivePolicy::Retain } else { EffectivePolicy::Delete });
        status.quarantine = Some(quarantine);
        let intended = if volume.is_some() { Intended::FlipVolume } else { Intended::DeleteUnbound };
        status.intent = Some(case.intent(Step::Quarantine, intended));
        case::clear(status, case::BLOCKED);
    })
}

/// The volume that claim and volume agree on by uid; `None` for a claim that was never bound, or has lost its volume.
fn bound<'a>(case: &Case<'a>, claim: Live<'_>, entry: &Entry) -> Result<Option<Live<'a>>, Box<Next>> {
    let held = |cause, detail: &str| Err(Box::new(case.held(cause, detail)));
    let lost = claim.phase() == "Lost";
    match case.volume {
        Party::Gone if claim.volume_name().is_empty() || lost => Ok(None),
        Party::Gone => held(Cause::OperationInProgress, "it is being bound to a volume that is not there"),
        Party::Other(_) => held(Cause::IdentityUnproven, "its volume is not the one that was decided about"),
        Party::Ours(volume) => {
            let named = volume.claim_ref().is_some_and(|(_, _, uid)| uid == claim.uid());
            if !named || claim.volume_name() != volume.name() {
                return held(Cause::IdentityUnproven, "claim and volume do not name each other by uid");
            }
            if claim.phase() != "Bound" || volume.phase() != "Bound" {
                return held(Cause::OperationInProgress, "it is being bound");
            }
            if volume.deleting() {
                return held(Cause::Terminating, "its volume is being deleted");
            }
            if !seen(entry, volume) {
                return Err(Box::new(case.stale("its volume changed since it was decided about")));
            }
            Ok(Some(volume))
        }
    }
}

/// True where the decision about a claim was made on this very revision of its volume.
fn seen(entry: &Entry, volume: Live<'_>) -> bool {
    entry.preconditions.iter().any(|known| {
        known.identity.uid.as_deref() == Some(volume.uid())
            && known.resource_version.as_deref() == Some(volume.resource_version())
    })
}

pub(super) fn next(case: &Case<'_>) -> Next {
    let Some(quarantine) = &case.status.quarantine else { return case.soon() };
    if case.intends(Intended::DeleteUnbound) {
        return unbound(case);
    }
    let Some(volume) = case.volume.ours() else { return window::lost(case) };
    if case.intends(Intended::FlipVolume) {
        return flip(case, volume, quarantine);
    }
    if case.intends(Intended::RollBack) {
        return roll_back(case, volume, quarantine);
    }
    match case.claim {
        Party::Ours(claim) if claim.deleting() && volume.retains() => case.soon(),
        Party::Ours(claim) if !claim.deleting() => let_go(case, claim, volume, quarantine),
        Party::Ours(_) => keep(case, volume, quarantine),
        Party::Gone | Party::Other(_) => released(case, volume, quarantine),
    }
}

/// True where the volume carries what the flip wrote.
pub(super) fn flipped(volume: Live<'_>, quarantine: &Quarantine) -> bool {
    volume.retains() && shown(volume, quarantine)
}

/// True where it carries the marks of this quarantine.
fn shown(volume: Live<'_>, quarantine: &Quarantine) -> bool {
    volume.label(patch::STATE) == Some(patch::QUARANTINED)
        && volume.annotation(patch::DECISION) == Some(quarantine.decision.as_str())
}

/// Whether the claim's delete may go on right now; `Err(Some)` waits, `Err(None)` with its reason falls.
fn goes_on(case: &Case<'_>, claim: Live<'_>) -> Result<Ticket, Result<Next, (Cause, String)>> {
    match case.standing(claim) {
        Standing::Stands(entry) => {
            Ticket::of(entry).ok_or_else(|| Ok(case.stale("the decision names no object")))
        }
        Standing::Stale(why) => Err(Ok(case.stale(why))),
        Standing::Falls { cause, detail, .. } => Err(Err((cause, detail))),
    }
}

/// Retain and the marks in one compare-and-swap, after the API server would let the claim go.
fn flip(case: &Case<'_>, volume: Live<'_>, quarantine: &Quarantine) -> Next {
    if flipped(volume, quarantine) {
        return case.record(|status| {
            status.intent = Some(case.intent(Step::Quarantine, Intended::DeleteClaim));
        });
    }
    if shown(volume, quarantine) {
        return fought(case, "somebody changed the volume back between flip and delete");
    }
    let Some(claim) = case.claim.ours().filter(|claim| !claim.deleting()) else {
        return abort(case, "Terminating", "somebody else deleted its claim");
    };
    if !carries(claim, quarantine) {
        return fought(case, "its mark was taken away by hand");
    }
    let ticket = match goes_on(case, claim) {
        Ok(ticket) => ticket,
        Err(Ok(next)) => return next,
        Err(Err((cause, detail))) => return abort(case, &cause.to_string(), &detail),
    };
    if let Some(message) = case.denied(Intended::FlipVolume) {
        return blocked(case, Intended::FlipVolume, message);
    }
    if ticket.decision() != quarantine.decision {
        return abort(case, "Changed", "what is known of it changed");
    }
    if let Some(next) = case.hindered() {
        return next;
    }
    if !case.tried(Intended::FlipVolume, claim.uid()) {
        let request = delete(ticket, claim, true);
        return case.write(Step::Quarantine, Intended::FlipVolume, case::claim(claim), request);
    }
    let json_patch = marked(Patch::on(volume), quarantine).operations();
    let request = Request::Patch { json_patch };
    case.write(Step::Quarantine, Intended::FlipVolume, case::volume(volume), request)
}

/// Retain and everything that a restore needs, on the volume itself.
fn marked<'a>(patch: Patch<'a>, quarantine: &Quarantine) -> Patch<'a> {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (claim, volume) = (read(&quarantine.manifests.claim), read(&quarantine.manifests.volume));
    let (claim, volume) = (Live(&claim), Live(&volume));
    patch
        .policy("Retain")
        .label(patch::STATE, patch::QUARANTINED)
        .annotation(patch::DECISION, &quarantine.decision)
        .annotation(patch::CLAIM, &format!("{}/{}", claim.namespace(), claim.name()))
        .annotation(patch::MANIFEST, &patch::packed(&quarantine.manifests.claim))
        .annotation(patch::ORIGINAL, volume.policy())
}

fn delete(ticket: Ticket, claim: Live<'_>, dry_run: bool) -> Request {
    Request::Delete {
        ticket,
        uid: claim.uid().into(),
        resource_version: claim.resource_version().into(),
        dry_run,
    }
}

/// The flip is verified by this read; the claim goes with uid and resourceVersion, or the flip is rolled back.
fn let_go(case: &Case<'_>, claim: Live<'_>, volume: Live<'_>, quarantine: &Quarantine) -> Next {
    if !flipped(volume, quarantine) {
        return fought(case, "somebody changed the volume back between flip and delete");
    }
    if !carries(claim, quarantine) {
        return back(case, "MarkRemoved", "its mark was taken away by hand", Some(case::VETOED));
    }
    if let Some(who) = window::foreign(case, volume, quarantine) {
        return back(case, "ForeignWrite", &who, Some(case::BLOCKED));
    }
    let ticket = match goes_on(case, claim) {
        Ok(ticket) => ticket,
        Err(Ok(next)) => return next,
        Err(Err((cause, detail))) => return back(case, &cause.to_string(), &detail, None),
    };
    if let Err(why) = &case.situation.admission {
        return back(case, &Cause::AdmissionPolicyMissing.to_string(), why, None);
    }
    if let Some(message) = case.denied(Intended::DeleteClaim) {
        return back(case, Intended::DeleteClaim.name(), message, Some(case::BLOCKED));
    }
    if !case.situation.entry.is_some_and(|entry| seen(entry, volume)) {
        // Subject and referrers are looked at once more between flip and delete.
        return case.stale("nobody decided about it since its volume was flipped");
    }
    let request = delete(ticket, claim, false);
    case.write(Step::Quarantine, Intended::DeleteClaim, case::claim(claim), request)
}

/// The claim is gone: the quarantine is whole once the volume is released, and it says Retain.
fn released(case: &Case<'_>, volume: Live<'_>, quarantine: &Quarantine) -> Next {
    if !volume.retains() {
        return keep(case, volume, quarantine);
    }
    if volume.phase() == "Bound" {
        return case.soon();
    }
    let now = case.now();
    case.record(|status| {
        if let Some(quarantine) = &mut status.quarantine {
            quarantine.released_at = time::format(now);
        }
        status.mark = None;
        status.intent = None;
        case::clear(status, case::MARK);
        case::set(status, case::QUARANTINE, true, "PolicyDelete", &quarantine.decision, now);
    })
}

/// Somebody made the policy Delete while nothing but Retain keeps the data: Retain again, and a person has to say how it goes on.
pub(super) fn keep(case: &Case<'_>, volume: Live<'_>, quarantine: &Quarantine) -> Next {
    if !case.intends(Intended::KeepVolume) {
        let now = case.now();
        let message = format!("somebody made its reclaim policy {}", volume.policy());
        return case.record(|status| {
            status.intent = Some(case.intent(Step::Quarantine, Intended::KeepVolume));
            case::set(status, case::FOREIGN, true, "ReclaimPolicy", &message, now);
        });
    }
    if let Some(message) = case.denied(Intended::KeepVolume) {
        return case.held(Cause::Blocked, message);
    }
    let json_patch = marked(Patch::on(volume), quarantine).operations();
    case.write(Step::Quarantine, Intended::KeepVolume, case::volume(volume), Request::Patch { json_patch })
}

/// The record forgets the attempt.
fn given_up(status: &mut RecordStatus) {
    status.quarantine = None;
    status.original_reclaim_policy = None;
    status.intent = None;
}

/// Nothing was flipped, and it is no longer marked.
fn abort(case: &Case<'_>, reason: &str, message: &str) -> Next {
    let now = case.now();
    case.record(|status| {
        given_up(status);
        status.mark = None;
        case::clear(status, case::APPROVED);
        case::set(status, case::MARK, false, reason, message, now);
    })
}

/// Denied before anything was flipped: it stays marked.
fn blocked(case: &Case<'_>, intended: Intended, message: &str) -> Next {
    let now = case.now();
    case.record(|status| {
        given_up(status);
        case::set(status, case::BLOCKED, true, intended.name(), message, now);
    })
}

/// Somebody undid the flip: theirs stands, and nothing happens until a person says so.
fn fought(case: &Case<'_>, message: &str) -> Next {
    let now = case.now();
    case.record(|status| {
        given_up(status);
        status.mark = None;
        case::set(status, case::MARK, false, &Cause::ForeignWrite.to_string(), message, now);
        case::set(status, case::VETOED, true, &Cause::ForeignWrite.to_string(), message, now);
    })
}

/// Rolls back, and remembers what keeps it from being tried again at once.
fn back(case: &Case<'_>, reason: &str, message: &str, remember: Option<&str>) -> Next {
    let now = case.now();
    case.record(|status| {
        status.intent = Some(case.intent(Step::Quarantine, Intended::RollBack));
        case::set(status, case::MARK, false, reason, message, now);
        if let Some(condition) = remember {
            case::set(status, condition, true, reason, message, now);
        }
    })
}

/// True while the claim shows the mark that this quarantine began with; what vCluster copies is never marked.
fn carries(claim: Live<'_>, quarantine: &Quarantine) -> bool {
    claim.synced()
        || (claim.label(patch::STATE) == Some(patch::MARKED)
            && claim.annotation(patch::DECISION) == Some(quarantine.decision.as_str()))
}

/// Gives the volume the policy back that it had, while its claim lives; else it stays kept and the quarantine goes on. The claim's
/// mark goes first: a DELETE that another replica decided before, and sends late, then fails on the claim's revision. Nothing else
/// could stop it from deleting a claim whose volume says Delete again.
fn roll_back(case: &Case<'_>, volume: Live<'_>, quarantine: &Quarantine) -> Next {
    let Some(claim) = case.claim.ours().filter(|claim| !claim.deleting()) else {
        return case.record(|status| {
            status.intent = Some(case.intent(Step::Quarantine, Intended::DeleteClaim));
        });
    };
    let manifest: Value = serde_json::from_str(&quarantine.manifests.volume).unwrap_or_default();
    let original = Live(&manifest).policy();
    // What vCluster copies is not written, so nothing fences it: its volume stays Retain.
    let returns = !original.is_empty() && volume.retains() && volume.policy() != original && !claim.synced();
    let fenced = claim.synced() || !patch::shows(claim);
    if fenced && !returns && !patch::shows(volume) {
        return rolled_back(case, volume.policy(), original);
    }
    if let Some(message) = case.denied(Intended::RollBack) {
        let now = case.now();
        return case.record(|status| {
            case::set(status, case::LEFT, true, Intended::RollBack.name(), message, now);
        });
    }
    if let Some(next) = case.rests(case::LEFT, Cause::LeftRetain) {
        return next;
    }
    if !fenced {
        let request = Request::Patch { json_patch: Patch::on(claim).without_marks().operations() };
        return case.write(Step::Quarantine, Intended::RollBack, case::claim(claim), request);
    }
    let patch = Patch::on(volume).without_marks();
    let request = if returns {
        match Ticket::to_give_back(&claim, &quarantine.decision) {
            Some(ticket) => {
                Request::ReclaimDelete { ticket, json_patch: patch.policy(original).operations() }
            }
            None => return case.soon(),
        }
    } else {
        Request::Patch { json_patch: patch.operations() }
    };
    case.write(Step::Quarantine, Intended::RollBack, case::volume(volume), request)
}

fn rolled_back(case: &Case<'_>, policy: &str, original: &str) -> Next {
    let now = case.now();
    case.record(|status| {
        given_up(status);
        status.mark = None;
        case::clear(status, case::APPROVED);
        case::clear(status, case::LEFT);
        if policy == "Retain" && original == "Delete" {
            case::set(status, case::LEFT, true, "NotFenced", "its volume stays Retain", now);
        }
        case::set(status, case::QUARANTINE, false, "RolledBack", "", now);
    })
}

/// A claim without a volume: nothing is kept because there is nothing, but it goes by the same rules.
fn unbound(case: &Case<'_>) -> Next {
    let now = case.now();
    let Some(claim) = case.claim.ours() else {
        return case.record(|status| {
            if let Some(quarantine) = &mut status.quarantine {
                quarantine.released_at = time::format(now);
            }
            status.mark = None;
            status.intent = None;
            case::set(status, case::PURGED, true, "NeverBound", "", now);
        });
    };
    if claim.deleting() {
        return case.soon();
    }
    if !claim.volume_name().is_empty() && claim.phase() != "Lost" {
        return abort(case, "Changed", "it was bound");
    }
    let ticket = match goes_on(case, claim) {
        Ok(ticket) => ticket,
        Err(Ok(next)) => return next,
        Err(Err((cause, detail))) => return abort(case, &cause.to_string(), &detail),
    };
    if let Some(message) = case.denied(Intended::DeleteUnbound) {
        return blocked(case, Intended::DeleteUnbound, message);
    }
    if let Some(next) = case.hindered() {
        return next;
    }
    let dry_run = !case.tried(Intended::DeleteUnbound, claim.uid());
    let request = delete(ticket, claim, dry_run);
    case.write(Step::Quarantine, Intended::DeleteUnbound, case::claim(claim), request)
}
