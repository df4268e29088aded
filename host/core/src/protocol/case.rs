//! One claim or volume in one situation: in which state it is, and the words that every state shares.

use super::live::Party;
use super::patch;
use super::request::{Intended, Outcome, Request, Step, Target, Write};
use super::{Live, Next, Situation};
use crate::time::{self, Seconds};
use probate_contract::Cause;
use probate_contract::manifest::Mode;
use probate_contract::plan::{DecisionAction, Entry};
use probate_contract::record::{Condition, Intent, RecordStatus};

/// When to look again at what somebody else is doing.
pub(crate) const SOON: i64 = 30;
/// After a denial nobody asks again before.
const BLOCKED_SECONDS: i64 = 3600;
/// How long the record of a purged volume is kept.
const KEPT_SECONDS: i64 = 30 * 86_400;
/// How long a record is kept once neither claim nor volume is there.
const GONE_SECONDS: i64 = 86_400;

/// Conditions that the protocol remembers by.
pub(crate) const APPROVED: &str = "Approved";
pub(crate) const BLOCKED: &str = "Blocked";
pub(crate) const FOREIGN: &str = "ForeignWrite";
pub(crate) const LEFT: &str = "LeftRetain";
/// Whether it is marked, and why not any more.
pub const MARK: &str = "Marked";
pub(crate) const PURGED: &str = "Purged";
pub(crate) const QUARANTINE: &str = "Quarantined";
pub(crate) const RESTORED: &str = "Restored";
pub(crate) const VETOED: &str = "Vetoed";

/// Conditions that end with the disuse they are about.
pub(crate) const OF_DISUSE: [&str; 2] = [BLOCKED, VETOED];

/// Where in the protocol it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Idle,
    Marked,
    Quarantining,
    Quarantined,
    Purging,
    Restoring,
    Done,
}

/// Whether a delete stands right now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Standing<'a> {
    Stands(&'a Entry),
    /// Nobody looked at these very objects: look again, change nothing.
    Stale(&'static str),
    Falls {
        cause: Cause,
        detail: String,
        until: Option<Seconds>,
    },
}

pub(crate) struct Case<'a> {
    pub(crate) situation: &'a Situation<'a>,
    pub(crate) status: RecordStatus,
    pub(crate) claim: Party<'a>,
    pub(crate) volume: Party<'a>,
}

impl<'a> Case<'a> {
    pub(crate) fn of(situation: &'a Situation<'a>) -> Self {
        let spec = situation.record.map(|record| &record.spec);
        let subject = |kind: &str| {
            let entry = situation.entry?;
            let behind = entry.preconditions.iter().map(|revision| &revision.identity);
            let mut all = std::iter::once(&entry.subject.identity).chain(behind);
            all.find(|identity| identity.kind == kind).and_then(|identity| identity.uid.as_deref())
        };
        let text = |uid: &&str| !uid.is_empty();
        let claim = spec.and_then(|spec| spec.claim.as_ref()?.uid.as_deref()).filter(text);
        let volume = spec.and_then(|spec| Some(spec.volume.as_ref()?.uid.as_str())).filter(text);
        let party = Party::of(situation.claim, claim.or_else(|| subject("PersistentVolumeClaim")));
        // The volume of a claim that came back under the name is none of a record whose own claim was never bound.
        let anothers = claim.is_some() && party.ours().is_none();
        let behind = || subject("PersistentVolume").filter(|_| !anothers);
        Self {
            situation,
            status: situation.record.map(|record| record.status.clone()).unwrap_or_default(),
            claim: party,
            volume: Party::of(situation.volume, volume.or_else(behind)),
        }
    }

    pub(crate) fn now(&self) -> Seconds {
        self.situation.now
    }

    pub(crate) fn phase(&self) -> Phase {
        let step = self.status.intent.as_ref().map(|intent| intent.step.as_str());
        let released = self.status.quarantine.as_ref().map(|quarantine| !quarantine.released_at.is_empty());
        match (released, &self.status.mark) {
            _ if self.says(PURGED) => Phase::Done,
            _ if step == Some(Step::Restore.name()) => Phase::Restoring,
            (Some(_), _) | (None, Some(_)) if step == Some(Step::Purge.name()) => Phase::Purging,
            (Some(true), _) => Phase::Quarantined,
            (Some(false), _) => Phase::Quarantining,
            (None, Some(_)) => Phase::Marked,
            (None, None) => Phase::Idle,
        }
    }

    /// Whether the delete of the object with that uid stands, on evidence about this very revision of it.
    pub(crate) fn standing(&self, live: Live<'_>) -> Standing<'a> {
        let Some(entry) = self.situation.entry else { return Standing::Stale("nobody decided about it") };
        let revision = &entry.subject;
        if revision.identity.uid.as_deref() != Some(live.uid()) {
            return Standing::Stale("the decision is about another object");
        }
        if revision.resource_version.as_deref() != Some(live.resource_version()) {
            return Standing::Stale("it changed since it was decided about");
        }
        let first = entry.decision.causes.first().copied();
        if entry.decision.action != DecisionAction::Delete || !entry.guards.is_empty() {
            let guard = entry.guards.first();
            return Standing::Falls {
                cause: guard.map(|guard| guard.cause).or(first).unwrap_or(Cause::NoPolicyDecided),
                detail: entry.decision.reason.clone(),
                until: guard.and_then(|guard| time::parse(guard.until.as_deref()?)),
            };
        }
        let falls = |cause: Cause| Standing::Falls { cause, detail: cause.meaning().into(), until: None };
        match self.situation.terms.map(|terms| terms.mode) {
            None => Standing::Stale("what its policies ask together is not known"),
            Some(Mode::Enforce) => Standing::Stands(entry),
            Some(Mode::Propose) if self.situation.approved.is_some() || self.says(APPROVED) => {
                Standing::Stands(entry)
            }
            Some(Mode::Propose) => falls(Cause::AwaitingApproval),
            Some(Mode::Audit) => falls(Cause::AuditMode),
        }
    }

    /// True where a Plan that was made since then is approved: an older one speaks of nothing that came after it.
    pub(crate) fn approved_since(&self, since: &str) -> bool {
        let made = self.situation.approved.zip(time::parse(since));
        made.is_some_and(|(made, since)| made > since)
    }

    /// True where the record says so.
    pub(crate) fn says(&self, condition: &str) -> bool {
        self.condition(condition).is_some()
    }

    pub(crate) fn condition(&self, condition: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|known| known.r#type == condition && known.status == "True")
    }

    pub(crate) fn held(&self, cause: Cause, detail: impl Into<String>) -> Next {
        Next::Held { cause, detail: detail.into(), until: None }
    }

    pub(crate) fn soon(&self) -> Next {
        Next::Rest { until: Some(self.now().saturating_add(SOON)) }
    }

    /// A decision on what is there now moves it on.
    pub(crate) fn stale(&self, detail: &str) -> Next {
        let until = Some(self.now().saturating_add(1));
        Next::Held { cause: Cause::IncompleteEvidence, detail: detail.into(), until }
    }

    /// The record with these changes.
    pub(crate) fn record(&self, change: impl FnOnce(&mut RecordStatus)) -> Next {
        let mut status = self.status.clone();
        change(&mut status);
        Next::Record(Box::new(status))
    }

    pub(crate) fn intent(&self, step: Step, intended: Intended) -> Intent {
        Intent { step: step.name().into(), write: intended.name().into(), at: time::format(self.now()) }
    }

    pub(crate) fn intends(&self, intended: Intended) -> bool {
        self.status.intent.as_ref().is_some_and(|intent| intent.write == intended.name())
    }

    /// The write, once the record says that it is about to happen.
    pub(crate) fn write(&self, step: Step, intended: Intended, target: Target, request: Request) -> Next {
        if self.intends(intended) {
            return Next::Write(Box::new(Write { step, intended, target, request }));
        }
        self.record(|status| status.intent = Some(self.intent(step, intended)))
    }

    /// What holds every destructive step: the admission policy, a breaker, though it has its place, and a denial not long ago.
    pub(crate) fn hindered(&self) -> Option<Next> {
        if let Err(why) = &self.situation.admission {
            return Some(self.held(Cause::AdmissionPolicyMissing, why.clone()));
        }
        if let Some(why) = self.situation.halted {
            return Some(self.held(Cause::BreakerOpen, why));
        }
        self.rests(BLOCKED, Cause::Blocked)
    }

    /// A denial not long ago, remembered by that condition.
    pub(crate) fn rests(&self, condition: &str, cause: Cause) -> Option<Next> {
        let denied = self.condition(condition)?;
        let until = time::parse(&denied.last_transition_time)?.saturating_add(BLOCKED_SECONDS);
        let detail = denied.message.clone();
        (until > self.now()).then_some(Next::Held { cause, detail, until: Some(until) })
    }

    /// What the API server said where it denied that write, or its dry run, in this very turn.
    pub(crate) fn denied(&self, intended: Intended) -> Option<&'a str> {
        let answer = self.situation.answer?;
        let denied = answer.intended == intended && answer.outcome == Outcome::Denied;
        denied.then_some(answer.message.as_str())
    }

    /// A place in the rates, or what asks for one.
    pub(crate) fn reserved(&self, step: Step, live: Live<'_>) -> Option<Next> {
        let decision = self.situation.entry.map(|entry| entry.decision.id.as_str());
        let fits = self.situation.reserved.iter().any(|place| {
            place.step == step && place.uid == live.uid() && decision == Some(place.decision.as_str())
        });
        (!fits).then_some(Next::Reserve(step))
    }

    /// True where the API server would let that write through, said in this very turn.
    pub(crate) fn tried(&self, intended: Intended, uid: &str) -> bool {
        self.situation.answer.is_some_and(|answer| {
            answer.intended == intended
                && answer.dry_run
                && answer.uid == uid
                && answer.outcome == Outcome::Applied
        })
    }

    /// The end of what was purged, or that never left anything.
    pub(crate) fn done(&self) -> Next {
        let since = self.condition(PURGED).and_then(|purged| time::parse(&purged.last_transition_time));
        self.forget(since, KEPT_SECONDS)
    }

    /// The end of a record whose claim and volume are gone.
    pub(crate) fn gone(&self) -> Next {
        if self.situation.record.is_none() {
            return Next::Rest { until: None };
        }
        let observation = self.status.observation.as_ref();
        let since = observation.and_then(|observation| time::parse(observation.last_at.as_deref()?));
        self.forget(since, GONE_SECONDS)
    }

    fn forget(&self, since: Option<Seconds>, kept: i64) -> Next {
        match since.map(|since| since.saturating_add(kept)) {
            Some(until) if until > self.now() => Next::Rest { until: Some(until) },
            _ => Next::Forget,
        }
    }

    /// Takes what is shown off an object; it had no authority.
    pub(crate) fn unmark(&self, live: Live<'_>, of_volume: bool) -> Next {
        let json_patch = patch::Patch::on(live).without_marks().operations();
        let request = Request::Patch { json_patch };
        let (intended, target) = if of_volume {
            (Intended::UnmarkVolume, volume(live))
        } else {
            (Intended::UnmarkClaim, claim(live))
        };
        if let Some(message) = self.denied(intended) {
            return self.held(Cause::Blocked, message);
        }
        if self.situation.record.is_none() {
            // A mark that somebody forged makes no record.
            return Next::Write(Box::new(Write { step: Step::Unmark, intended, target, request }));
        }
        self.write(Step::Unmark, intended, target, request)
    }
}

pub(crate) fn claim(live: Live<'_>) -> Target {
    Target::Claim { namespace: live.namespace().into(), name: live.name().into() }
}

pub(crate) fn volume(live: Live<'_>) -> Target {
    Target::Volume { name: live.name().into() }
}

/// Sets a condition; its time moves only where its status or reason changes, or the caller says that it happened again.
pub(crate) fn set(
    status: &mut RecordStatus,
    condition: &str,
    holds: bool,
    reason: &str,
    message: &str,
    now: Seconds,
) {
    status.conditions.retain(|known| known.r#type != condition);
    status.conditions.push(Condition {
        r#type: condition.into(),
        status: if holds { "True" } else { "False" }.into(),
        reason: reason.into(),
        message: message.into(),
        last_transition_time: time::format(now),
    });
    status.conditions.sort_by(|left, right| left.r#type.cmp(&right.r#type));
}

/// Drops a condition.
pub(crate) fn clear(status: &mut RecordStatus, condition: &str) {
    status.conditions.retain(|known| known.r#type != condition);
}
