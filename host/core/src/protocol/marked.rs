//! Marked: any change takes the mark away, a hand that does is a veto, and what is due goes on.

use super::case::{self, Case, Standing};
use super::live::Live;
use super::patch::{self, Patch};
use super::request::{Intended, Request, Step};
use super::{Next, purge, quarantine};
use crate::time;
use probate_contract::Cause;
use probate_contract::plan::Entry;
use probate_contract::record::Mark;

pub(super) fn next(case: &Case<'_>) -> Next {
    let Some(mark) = case.status.mark.clone() else { return case.soon() };
    match due(case, &mark) {
        Ok((subject, entry)) if case.claim.ours().is_some() => quarantine::begin(case, subject, entry),
        Ok((subject, entry)) => purge::begin(case, subject, entry),
        Err(next) => *next,
    }
}

/// The marked object, once its time has come and the decision still stands; else what to do.
pub(super) fn due<'a>(case: &Case<'a>, mark: &Mark) -> Result<(Live<'a>, &'a Entry), Box<Next>> {
    let Some(subject) = case.claim.ours().or(case.volume.ours()) else {
        return Err(Box::new(lift(case, "Gone", "claim and volume are gone")));
    };
    let entry = match case.standing(subject) {
        Standing::Stands(entry) => entry,
        Standing::Stale(why) => return Err(Box::new(case.stale(why))),
        Standing::Falls { cause, detail, .. } if waits(case, cause) => {
            let until = Some(case.now().saturating_add(case::SOON));
            return Err(Box::new(Next::Held { cause, detail, until }));
        }
        Standing::Falls { cause, detail, .. } => {
            return Err(Box::new(lift(case, &cause.to_string(), &detail)));
        }
    };
    if entry.decision.id != mark.decision {
        return Err(Box::new(lift(case, "Changed", "what is known of it changed")));
    }
    let on_claim = case.claim.ours().is_some_and(|claim| !claim.synced());
    let shown = if on_claim { case.claim.ours() } else { case.volume.ours() }.unwrap_or(subject);
    let stands = shown.label(patch::STATE) == Some(patch::MARKED)
        && shown.annotation(patch::DECISION) == Some(mark.decision.as_str());
    let marking = case.intends(Intended::MarkClaim) || case.intends(Intended::MarkVolume);
    match (stands, marking) {
        (true, true) => Err(Box::new(case.record(|status| status.intent = None))),
        (false, true) => Err(Box::new(write_mark(case, shown, mark, on_claim))),
        (false, false) => Err(Box::new(veto(case))),
        (true, false) => {
            let not_before = time::parse(&mark.not_before).unwrap_or(i64::MAX);
            if not_before > case.now() {
                return Err(Box::new(Next::Rest { until: Some(not_before) }));
            }
            Ok((subject, entry))
        }
    }
}

/// True where only a backup that is being made holds it: the mark stays, and what it waits for is decided once that is over.
fn waits(case: &Case<'_>, cause: Cause) -> bool {
    let held = |cause: Cause| {
        matches!(
            cause,
            Cause::InUse | Cause::OperationInProgress | Cause::NoPolicyDecided | Cause::SnapshotMissing
        )
    };
    let entry = case.situation.entry.filter(|entry| entry.aside.passing);
    held(cause) && entry.is_some_and(|entry| entry.guards.iter().all(|guard| held(guard.cause)))
}

fn write_mark(case: &Case<'_>, shown: Live<'_>, mark: &Mark, on_claim: bool) -> Next {
    let intended = if on_claim { Intended::MarkClaim } else { Intended::MarkVolume };
    if let Some(message) = case.denied(intended) {
        let now = case.now();
        return case.record(|status| {
            status.mark = None;
            status.intent = None;
            case::set(status, case::MARK, false, "Denied", message, now);
            case::set(status, case::BLOCKED, true, intended.name(), message, now);
        });
    }
    let json_patch = Patch::on(shown)
        .label(patch::STATE, patch::MARKED)
        .annotation(patch::DECISION, &mark.decision)
        .annotation(patch::NOT_BEFORE, &mark.not_before)
        .operations();
    let request = Request::Patch { json_patch };
    let target = if on_claim { case::claim(shown) } else { case::volume(shown) };
    case.write(Step::Mark, intended, target, request)
}

/// Takes the mark out of the record first: from then on what is shown is void, and goes.
pub(super) fn lift(case: &Case<'_>, reason: &str, message: &str) -> Next {
    let now = case.now();
    case.record(|status| {
        status.mark = None;
        status.intent = None;
        case::clear(status, case::APPROVED);
        case::set(status, case::MARK, false, reason, message, now);
    })
}

/// Somebody took the mark off the object.
fn veto(case: &Case<'_>) -> Next {
    let now = case.now();
    let message = format!("its mark was taken away by hand, seen at {}", time::format(now));
    case.record(|status| {
        status.mark = None;
        status.intent = None;
        case::clear(status, case::APPROVED);
        case::set(status, case::MARK, false, &Cause::Hold.to_string(), &message, now);
        case::set(status, case::VETOED, true, "MarkRemoved", &message, now);
    })
}
