//! Decide: one subject's votes, facts and rails to its entry of the plan.

use crate::annotate::{Asked, merge};
use crate::combine::combine;
use crate::digest;
use crate::evaluate::Vote;
use crate::evidence::Rails;
use crate::facts::Facts;
use crate::guard::{self, Guarded, Scene};
use crate::policy::{Policy, PolicySet};
use crate::{time, timeless};
use probate_contract::common::Identity;
use probate_contract::evidence::EffectivePolicy;
use probate_contract::manifest::{Allowed, Mode};
use probate_contract::plan::{
    Annotations, Aside, Decision, DecisionAction, Entry, NextStep, Revision, Vote as Voted,
};
use probate_contract::settings::SettingsSpec;
use probate_contract::verdict::Ensure;
use probate_contract::{Cause, Fact};

/// Guards that time or watching lifts: behind them alone stands a candidate.
const LIFTED_BY_TIME: [Cause; 3] = [Cause::NotWatched, Cause::TooYoung, Cause::UnusedTooShort];

/// One subject, ready to be decided.
pub(crate) struct Case<'a> {
    pub(crate) policies: &'a PolicySet,
    pub(crate) settings: &'a SettingsSpec,
    pub(crate) now: i64,
    pub(crate) facts: &'a Facts,
    pub(crate) rails: &'a Rails,
    pub(crate) votes: &'a [Vote],
    /// A guard that is taken not to hold, to see what would flip the decision.
    pub(crate) cleared: Option<Cause>,
    pub(crate) resource_version: Option<String>,
    pub(crate) preconditions: Vec<Revision>,
}

impl<'a> Case<'a> {
    fn policy(&self, vote: &Vote) -> Option<&'a Policy> {
        self.policies.get(vote.policy)
    }

    /// The votes of policies that can delete or veto.
    fn voting(&self) -> impl Iterator<Item = &Vote> {
        self.votes.iter().filter(|vote| self.policy(vote).is_some_and(|policy| !policy.only_annotates()))
    }

    /// The policies that voted Delete.
    pub(crate) fn deleting(&self) -> Vec<&'a Policy> {
        self.voting()
            .filter(|vote| vote.verdict.action == Voted::Delete)
            .filter_map(|vote| self.policy(vote))
            .collect()
    }

    pub(crate) fn guarded(&self) -> Guarded {
        let deleting = self.deleting();
        if deleting.is_empty() {
            return Guarded::default();
        }
        guard::hold_back(&Scene {
            facts: self.facts,
            rails: self.rails,
            settings: self.settings,
            deleting: &deleting,
            cleared: self.cleared,
        })
    }

    /// The entry of the plan.
    pub(crate) fn entry(self) -> Entry {
        let mut combined = combine(self.voting().map(|vote| &vote.verdict));
        if combined.causes == [Cause::NoPolicyMatched] && !self.votes.is_empty() {
            // Selected, by policies that only annotate.
            combined.causes = vec![Cause::NoPolicyDecided];
        }
        let guarded = self.guarded();
        let stands = combined.action == DecisionAction::Delete && guarded.guards.is_empty();
        let mut causes = if combined.action == DecisionAction::Delete && !stands {
            guarded.guards.iter().map(|guard| guard.cause).collect()
        } else {
            combined.causes.clone()
        };
        if stands {
            causes.extend(self.waiting());
        }
        let annotations = self.annotations();
        causes.extend((!annotations.conflicts.is_empty()).then_some(Cause::AnnotationConflict));
        causes.extend((!annotations.refused.is_empty()).then_some(Cause::AnnotationRefused));
        causes.sort_unstable();
        causes.dedup();
        let mut missing: Vec<_> = self.votes.iter().flat_map(|vote| vote.missing.iter().cloned()).collect();
        missing.extend(guarded.missing.iter().cloned());
        missing.sort();
        missing.dedup();
        let by_time = guarded.guards.iter().all(|guard| LIFTED_BY_TIME.contains(&guard.cause));
        let candidate = combined.action == DecisionAction::Delete && !stands && by_time;
        let action = if stands { DecisionAction::Delete } else { DecisionAction::Retain };
        let evidence_digest = self.evidence_digest();
        let mut parts: Vec<&str> = vec![&self.facts.subject.uid];
        parts.extend(self.votes.iter().map(|vote| self.policies.digest(vote.policy)));
        let word = format!("{action:?}");
        parts.extend([evidence_digest.as_str(), word.as_str()]);
        let decision = Decision {
            id: format!("d-{}", digest::short(&parts)),
            action,
            next_step: self.next_step(action, &causes, &annotations),
            reason: self.reason(&causes, &guarded),
            causes,
        };
        let subject = &self.facts.subject;
        let verdicts = self.votes.iter().map(|vote| vote.verdict.clone()).collect();
        let aside = Aside {
            retained: self.facts.effective.get().is_none_or(|(policy, _)| *policy == EffectivePolicy::Retain),
            returns: self.rails.ordinal.is_some() || !self.rails.tracked.is_empty(),
            passing: self.rails.passing(),
        };
        let unobserved = self.facts.referenced.get() == Some(&false) && self.facts.unused.gaps().is_some();
        Entry {
            subject: Revision {
                identity: Identity {
                    cluster: Some(self.facts.cluster_name.clone()),
                    group: None,
                    kind: subject.kind.clone(),
                    namespace: subject.namespace.clone(),
                    name: subject.name.clone(),
                    uid: Some(subject.uid.clone()),
                },
                resource_version: self.resource_version,
            },
            bytes: subject.bytes,
            storage_class: None,
            claim_namespace: None,
            decision,
            verdicts,
            annotations,
            guards: guarded.guards,
            missing,
            candidate,
            unobserved,
            follows: None,
            evidence_digest,
            preconditions: self.preconditions,
            aside,
        }
    }

    /// Why a delete that stands is not carried out.
    fn waiting(&self) -> Option<Cause> {
        match self.deleting().iter().map(|policy| policy.spec().mode).max() {
            Some(Mode::Enforce) => None,
            Some(Mode::Propose) => Some(Cause::AwaitingApproval),
            Some(Mode::Audit) | None => Some(Cause::AuditMode),
        }
    }

    fn annotations(&self) -> Annotations {
        let asked: Vec<Asked<'_>> = self
            .votes
            .iter()
            .filter_map(|vote| {
                let policy = self.policy(vote)?;
                let may_annotate = policy.spec().actions.contains(&Allowed::Annotate);
                Some(Asked { verdict: &vote.verdict, mode: policy.spec().mode, may_annotate })
            })
            .collect();
        merge(&asked, &self.facts.subject.annotations, self.settings)
    }

    fn next_step(&self, action: DecisionAction, causes: &[Cause], annotations: &Annotations) -> NextStep {
        let carried = action == DecisionAction::Delete && causes == [Cause::PolicyDelete];
        if carried {
            return match (&self.rails.mark, &self.rails.quarantine) {
                (_, Some(quarantine)) if quarantine.released_at.is_empty() => NextStep::Quarantine,
                (_, Some(_)) => NextStep::Purge,
                (Some(mark), None) if time::parse(&mark.not_before).is_some_and(|at| at > self.now) => {
                    NextStep::Wait
                }
                (Some(_), None) => NextStep::Quarantine,
                (None, None) => NextStep::Mark,
            };
        }
        // The mark of a bound volume is its claim's.
        let own = !causes.contains(&Cause::BoundVolume);
        if self.rails.mark.is_some() && action == DecisionAction::Retain && own {
            return NextStep::Unmark;
        }
        let ensures = |vote: &Vote| {
            vote.verdict.ensure == Some(Ensure::ReclaimPolicyRetain)
                && self.policy(vote).is_some_and(|policy| policy.spec().mode == Mode::Enforce)
        };
        let flips = self.facts.volume.get().is_some_and(|volume| volume.reclaim_policy != "Retain");
        if flips && self.voting().any(ensures) {
            return NextStep::EnsureRetain;
        }
        let writes = !(annotations.set.is_empty() && annotations.remove.is_empty())
            && annotations.written != Some(false);
        if writes { NextStep::Annotate } else { NextStep::None }
    }

    fn reason(&self, causes: &[Cause], guarded: &Guarded) -> String {
        let voted = |action: Voted| {
            self.voting().find(|vote| vote.verdict.action == action).map(|vote| vote.verdict.reason.clone())
        };
        let first = causes.first().copied();
        match first {
            Some(Cause::PolicyDelete) => voted(Voted::Delete).unwrap_or_default(),
            Some(Cause::PolicyRetain) => voted(Voted::Retain).unwrap_or_default(),
            Some(Cause::NoPolicyMatched) => "no policy selects it".into(),
            Some(Cause::NoPolicyDecided) => "no policy has an opinion".into(),
            Some(Cause::IncompleteEvidence) => {
                let missing = self.voting().flat_map(|vote| &vote.missing).chain(&guarded.missing);
                let facts: std::collections::BTreeSet<Fact> = missing.map(|missing| missing.fact).collect();
                format!("not known: {}", facts.iter().map(|fact| fact.name()).collect::<Vec<_>>().join(", "))
            }
            Some(cause) if cause.is_failure() => {
                let failed = self.voting().find(|vote| vote.verdict.cause == Some(cause));
                failed
                    .map(|vote| format!("{}: {}", vote.verdict.policy, vote.verdict.reason))
                    .unwrap_or_default()
            }
            Some(cause) => guarded
                .guards
                .iter()
                .find(|guard| guard.cause == cause)
                .map(|guard| guard.detail.clone())
                .unwrap_or_default(),
            None => String::new(),
        }
    }

    /// Digest over the facts that policies and guard read.
    fn evidence_digest(&self) -> String {
        let policies = self.votes.iter().filter_map(|vote| self.policy(vote));
        timeless::digest(
            self.facts,
            policies.fold(guard::reads(), |reads, policy| reads.with(policy.reads())),
        )
    }
}
