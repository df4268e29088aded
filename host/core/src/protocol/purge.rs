//! Purge: the one place from which data goes. The volume is handed to its driver by the reclaim policy, or its object alone is
//! deleted; both behind a ticket and a place in the rates.

use super::case::{self, Case};
use super::live::Live;
use super::patch::{NOT_BEFORE, Patch};
use super::request::{Intended, Request, Step};
use super::window::{self, Verb};
use super::{Next, marked};
use crate::guard::Ticket;
use crate::time;
use probate_contract::Cause;
use probate_contract::manifest::{Purge, RetainedVolumes};
use probate_contract::plan::Entry;
use serde_json::Value;

/// A marked volume without a claim, whose grace and window are over.
pub(super) fn begin(case: &Case<'_>, volume: Live<'_>, entry: &Entry) -> Next {
    let Some(terms) = case.situation.terms else { return case.stale("what its policies ask is not known") };
    let verb = match terms.retained_volumes {
        RetainedVolumes::DeleteObject => Verb::Object,
        RetainedVolumes::DeleteObjectAndAsset => Verb::Asset,
        RetainedVolumes::Keep | RetainedVolumes::Release => {
            return marked::lift(case, "EffectiveRetain", "its policy keeps the volume");
        }
    };
    go(case, volume, entry, verb)
}

/// Everything that must hold, then the intent, then the write.
pub(super) fn go(case: &Case<'_>, volume: Live<'_>, entry: &Entry, verb: Verb) -> Next {
    if volume.deleting() {
        return case.held(Cause::Terminating, "its object is being deleted");
    }
    let purge = case.situation.terms.map(|terms| terms.purge).unwrap_or_default();
    if let Some(detail) = unsaid(case, purge) {
        return case.held(Cause::AwaitingApproval, detail);
    }
    let promised = volume.claim_ref().is_some_and(|(_, _, uid)| uid.is_empty());
    if verb == Verb::Asset && !volume.provisioned() {
        let detail = "no provisioner made it, so none would destroy its asset: delete both by hand";
        return case.held(Cause::Blocked, detail);
    }
    if verb == Verb::Asset && !promised && !matches!(volume.phase(), "Released" | "Failed") {
        return case.held(Cause::OperationInProgress, format!("it is {}, not Released", volume.phase()));
    }
    if let Some(next) = case.hindered() {
        return next;
    }
    if let Some(next) = case.reserved(Step::Purge, volume) {
        return next;
    }
    let Some(ticket) = Ticket::of(entry) else { return case.stale("the decision names no object") };
    match verb {
        Verb::Asset => {
            // The marks go with the same write: while they stand nobody may delete the object, its driver included.
            let patch = Patch::on(volume).without_state();
            let patch = named(case, patch, promised).policy("Delete");
            let request = Request::ReclaimDelete { ticket, json_patch: patch.operations() };
            case.write(Step::Purge, Intended::ReclaimDelete, case::volume(volume), request)
        }
        Verb::Object => {
            let request = Request::Delete {
                ticket,
                uid: volume.uid().into(),
                resource_version: volume.resource_version().into(),
                dry_run: false,
            };
            case.write(Step::Purge, Intended::DeleteVolume, case::volume(volume), request)
        }
    }
}

/// The word that is missing. A Plan that let it be marked is none, where a person's own word is asked for.
fn unsaid(case: &Case<'_>, purge: Purge) -> Option<String> {
    let released = case.status.quarantine.as_ref().map(|quarantine| &quarantine.released_at);
    let since = released.or(case.status.mark.as_ref().map(|mark| &mark.not_before));
    let said = match purge {
        Purge::Auto => true,
        Purge::Approved => case.situation.approved.is_some(),
        Purge::Manual => since.is_some_and(|since| case.approved_since(since)),
    };
    (!said).then(|| match since.filter(|_| purge == Purge::Manual) {
        Some(since) => format!("its data goes once a Plan is approved that was made after {since}"),
        None => "its data goes once an approved Plan names it".into(),
    })
}

/// A promised name ends with the purge: only a volume that names a claim by uid is ever released.
fn named<'a>(case: &Case<'_>, patch: Patch<'a>, promised: bool) -> Patch<'a> {
    let manifest = case.status.quarantine.as_ref().map(|quarantine| quarantine.manifests.claim.as_str());
    let claim: Value = serde_json::from_str(manifest.unwrap_or_default()).unwrap_or_default();
    let claim = Live(&claim);
    if promised && !claim.uid().is_empty() {
        return patch.claim_ref(claim.namespace(), claim.name(), Some(claim.uid()));
    }
    patch
}

/// The intent is recorded: what the volume says now tells whether the write was made.
pub(super) fn next(case: &Case<'_>) -> Next {
    let now = case.now();
    let Some(volume) = case.volume.ours() else {
        return case.record(|status| {
            let decision = status.quarantine.take().map(|known| known.decision);
            let decision = decision.or(status.mark.take().map(|mark| mark.decision)).unwrap_or_default();
            status.mark = None;
            status.intent = None;
            case::clear(status, case::QUARANTINE);
            case::clear(status, case::MARK);
            case::set(status, case::PURGED, true, "PolicyDelete", &decision, now);
        });
    };
    let handed = case.intends(Intended::ReclaimDelete) && volume.policy() == "Delete";
    if handed && volume.phase() == "Failed" {
        return case.held(Cause::Blocked, "its driver failed to destroy it; it tries again");
    }
    if handed || volume.deleting() {
        return case.soon();
    }
    let intended =
        if case.intends(Intended::DeleteVolume) { Intended::DeleteVolume } else { Intended::ReclaimDelete };
    if let Some(message) = case.denied(intended) {
        return case.record(|status| {
            status.intent = None;
            case::set(status, case::BLOCKED, true, intended.name(), message, now);
        });
    }
    let next = match (&case.status.quarantine, &case.status.mark) {
        (Some(quarantine), _) => match window::due(case, volume, quarantine) {
            Ok((entry, verb)) => go(case, volume, entry, verb),
            Err(next) => *next,
        },
        (None, Some(mark)) => match marked::due(case, mark) {
            Ok((subject, entry)) => begin(case, subject, entry),
            Err(next) => *next,
        },
        (None, None) => return case.record(|status| status.intent = None),
    };
    match next {
        Next::Held { cause: Cause::IncompleteEvidence, .. } | Next::Write(_) | Next::Reserve(_) => next,
        // Not any more. What another replica decided before, and sends late, fails on the volume's revision; then the intent goes.
        other => fence(case, volume, intended, other),
    }
}

/// A write on the volume between the intent to purge it and giving that intent up.
fn fence(case: &Case<'_>, volume: Live<'_>, intended: Intended, then: Next) -> Next {
    let since = case.status.intent.as_ref().and_then(|intent| time::parse(&intent.at));
    let fenced = volume.annotation(NOT_BEFORE).and_then(time::parse).zip(since);
    if fenced.is_none_or(|(at, since)| at < since) {
        let patch = Patch::on(volume).annotation(NOT_BEFORE, &time::format(case.now()));
        let request = Request::Patch { json_patch: patch.operations() };
        return case.write(Step::Purge, intended, case::volume(volume), request);
    }
    match then {
        Next::Record(_) | Next::Forget => then,
        Next::Rest { .. } | Next::Held { .. } | Next::Reserve(_) | Next::Write(_) => {
            case.record(|status| status.intent = None)
        }
    }
}
