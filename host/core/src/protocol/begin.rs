//! Nothing is under way: what is shown without a record goes, a policy's `ensure` is met, and what stands as Delete is marked.

use super::Next;
use super::case::{self, Case, Standing};
use super::live::{Live, Party};
use super::patch::{self, Patch};
use super::request::{Intended, Request, Step};
use crate::time;
use probate_contract::Cause;
use probate_contract::manifest::{Mode, RetainedVolumes};
use probate_contract::plan::NextStep;
use probate_contract::record::Mark;

pub(super) fn next(case: &Case<'_>) -> Next {
    if let (Party::Gone | Party::Other(_), Party::Gone | Party::Other(_)) = (case.claim, case.volume) {
        return case.gone();
    }
    if let Some(next) = void_marks(case) {
        return next;
    }
    if let Some(next) = ensure(case) {
        return next;
    }
    if case.status.intent.is_some() {
        // Whatever it was is done, or no longer wanted.
        return case.record(|status| status.intent = None);
    }
    if case.situation.record.is_some_and(|record| !crate::observe::needed(record)) {
        return Next::Forget;
    }
    let Some(subject) = case.claim.ours().or(case.volume.ours()) else { return Next::Rest { until: None } };
    match case.standing(subject) {
        Standing::Stale(why) if case.situation.entry.is_some() => case.stale(why),
        Standing::Stale(_) => Next::Rest { until: None },
        Standing::Falls { cause, detail, until } => Next::Held { cause, detail, until },
        Standing::Stands(entry) => mark(case, subject, &entry.decision.id),
    }
}

/// What is shown while the record says nothing was forged, restored from a backup, or belongs to a step that is over.
fn void_marks(case: &Case<'_>) -> Option<Next> {
    if let Some(claim) = case.claim.ours().filter(|claim| patch::shows(*claim)) {
        return Some(case.unmark(claim, false));
    }
    let volume = case.volume.ours().filter(|volume| patch::shows(*volume))?;
    let kept = volume.annotation(patch::MANIFEST).is_some() && volume.phase() != "Bound";
    if kept {
        if case.status.intent.is_some() {
            return Some(case.record(|status| status.intent = None));
        }
        // Its record is gone. The marks let nothing be purged, and they are all that a restore has.
        let detail =
            "quarantined by a record that is gone; restore it from the volume, or take the marks away";
        return Some(case.held(Cause::Parked, detail));
    }
    Some(case.unmark(volume, true))
}

/// `ensure: ReclaimPolicyRetain`.
fn ensure(case: &Case<'_>) -> Option<Next> {
    let entry = case.situation.entry.filter(|entry| entry.decision.next_step == NextStep::EnsureRetain)?;
    let volume = case.volume.ours().filter(|volume| !volume.retains() && !volume.deleting())?;
    let uids =
        || std::iter::once(&entry.subject).chain(&entry.preconditions).map(|known| &known.identity.uid);
    if !uids().any(|uid| uid.as_deref() == Some(volume.uid())) {
        return None;
    }
    if let Some(message) = case.denied(Intended::EnsureRetain) {
        return Some(case.held(Cause::Blocked, message));
    }
    let json_patch = Patch::on(volume).policy("Retain").operations();
    let request = Request::Patch { json_patch };
    Some(case.write(Step::EnsureRetain, Intended::EnsureRetain, case::volume(volume), request))
}

fn mark(case: &Case<'_>, subject: Live<'_>, decision: &str) -> Next {
    let Some(terms) = case.situation.terms else { return case.stale("what its policies ask is not known") };
    if let Some(next) = case.rests(case::BLOCKED, Cause::Blocked) {
        return next;
    }
    let vetoed = case.condition(case::VETOED);
    if let Some(veto) = vetoed.filter(|veto| !case.approved_since(&veto.last_transition_time)) {
        return case.held(Cause::Hold, veto.message.clone());
    }
    let of_claim = case.claim.ours().is_some();
    let mut wait = terms.grace_seconds;
    if !of_claim {
        if let Some(next) = nothing_to_take(case, subject, terms.retained_volumes) {
            return next;
        }
        // There is no step that could be undone: it waits for both.
        wait = wait.saturating_add(terms.quarantine_seconds);
    }
    // What vCluster copies into the tenant's cluster stays as it is; the volume shows the mark.
    let shown = case.claim.ours().filter(|claim| !claim.synced()).or(case.volume.ours()).unwrap_or(subject);
    let on_claim = of_claim && shown.uid() == subject.uid();
    if let Some(next) = case.reserved(Step::Mark, subject) {
        return next;
    }
    let now = case.now();
    let intended = if on_claim { Intended::MarkClaim } else { Intended::MarkVolume };
    case.record(|status| {
        status.mark = Some(Mark {
            decision: decision.to_owned(),
            at: time::format(now),
            not_before: time::format(now.saturating_add(wait)),
        });
        status.intent = Some(case.intent(Step::Mark, intended));
        case::clear(status, case::VETOED);
        case::clear(status, case::BLOCKED);
        case::clear(status, case::RESTORED);
        if terms.mode == Mode::Propose {
            case::set(status, case::APPROVED, true, "Plan", decision, now);
        }
        case::set(status, case::MARK, true, "PolicyDelete", decision, now);
    })
}

/// A volume that a policy wants gone, and of which there is nothing to take.
fn nothing_to_take(case: &Case<'_>, volume: Live<'_>, verb: RetainedVolumes) -> Option<Next> {
    if !volume.retains() {
        // Released with another policy: its driver is at it, or failed.
        return Some(case.held(Cause::OperationInProgress, "its driver is asked to destroy it already"));
    }
    match verb {
        RetainedVolumes::Keep => {
            Some(case.held(Cause::EffectiveRetain, "it says Retain, and its policy keeps those"))
        }
        // The claim is gone already, and the volume stays.
        RetainedVolumes::Release => Some(Next::Rest { until: None }),
        RetainedVolumes::DeleteObject | RetainedVolumes::DeleteObjectAndAsset => None,
    }
}
