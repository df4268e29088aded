//! The breaker: over its limits the whole delete set is held, and stays held until a person resets it.

use super::Ledger;
use crate::policy::PolicySet;
use crate::time::{self, Seconds};
use probate_contract::Cause;
use probate_contract::manifest::{Breaker, SubjectKind};
use probate_contract::plan::{DecisionAction, Entry, PlanReport, Vote};
use probate_contract::settings::SettingsSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which rule opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rule {
    /// Too large a share of the matched subjects of a kind.
    Share,
    /// Many more deletes than in the last run.
    Jump,
    /// Many referrers of a kind went at once.
    LostReferences,
    /// Too much is unknown.
    Unknowns,
}

/// An open breaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    /// Whose; the installation's holds everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Of which kind.
    pub kind: String,
    /// By which rule.
    pub rule: Rule,
    /// How many opened it.
    pub count: u64,
    /// In words.
    pub detail: String,
    /// When.
    pub at: String,
}

/// What a person has seen when resetting: it opens again only for more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Of which kind.
    pub kind: String,
    /// By which rule.
    pub rule: Rule,
    /// How many.
    pub count: u64,
}

/// What share of the matched subjects goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Rounded up.
    pub percent: u64,
    /// Both limits are exceeded.
    pub open: bool,
}

/// The share of `going` in `matched`, and whether it exceeds both limits.
pub fn share(going: u64, matched: u64, limits: &Breaker) -> Share {
    let matched = matched.max(1);
    let hundredfold = going.saturating_mul(100);
    let open =
        hundredfold > matched.saturating_mul(u64::from(limits.max_percent)) && going > limits.min_count;
    Share { percent: hundredfold.div_ceil(matched), open }
}

/// True where the delete stands and the policy voted for it; where none is named, any.
fn deletes(entry: &Entry, policy: Option<&str>) -> bool {
    let voted = |id: &str| {
        entry.verdicts.iter().any(|verdict| verdict.policy == id && verdict.action == Vote::Delete)
    };
    entry.decision.action == DecisionAction::Delete && policy.is_none_or(voted)
}

/// Deletes and matched subjects of a policy and kind; where no policy is named, of all.
pub fn counts<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    policy: Option<&str>,
    kind: SubjectKind,
) -> (u64, u64) {
    let matched = |entry: &&Entry| {
        let asked = |id: &str| entry.verdicts.iter().any(|verdict| verdict.policy == id);
        entry.subject.identity.kind == kind.name() && policy.map_or(!entry.verdicts.is_empty(), asked)
    };
    entries
        .filter(matched)
        .fold((0, 0), |(going, matched), entry| (going + u64::from(deletes(entry, policy)), matched + 1))
}

/// What one run shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Deletes and matched subjects, by policy (`None`: all together) and kind.
    pub counts: BTreeMap<(Option<String>, String), (u64, u64)>,
    /// Referrers by kind; empty where nobody counted.
    pub references: BTreeMap<String, u64>,
    /// Subjects.
    pub subjects: u64,
    /// Subjects held by facts that are unknown.
    pub unknown: u64,
}

const KINDS: [SubjectKind; 2] = [SubjectKind::PersistentVolumeClaim, SubjectKind::PersistentVolume];

/// The figures of a plan.
pub fn figures(plan: &PlanReport, references: BTreeMap<String, u64>) -> Figures {
    let mut figures = Figures { references, ..Figures::default() };
    let ids = plan.policies.iter().map(|policy| Some(policy.policy.clone())).chain([None]);
    for id in ids {
        for kind in KINDS {
            let found = counts(plan.entries.iter(), id.as_deref(), kind);
            figures.counts.insert((id.clone(), kind.name().into()), found);
        }
    }
    figures.subjects = u64::try_from(plan.entries.len()).unwrap_or(u64::MAX);
    let unknown = |entry: &&Entry| entry.decision.causes.contains(&Cause::IncompleteEvidence);
    figures.unknown = u64::try_from(plan.entries.iter().filter(unknown).count()).unwrap_or(u64::MAX);
    figures
}

/// Looks at a run: opens what is over a limit, and remembers the run. What is open stays open.
pub fn watch(
    ledger: &mut Ledger,
    run: &Figures,
    policies: &PolicySet,
    settings: &SettingsSpec,
    now: Seconds,
) {
    let mut over = Vec::new();
    let whole = Breaker { max_percent: settings.breaker.max_percent, min_count: settings.breaker.min_count };
    let limits = policies.iter().map(|policy| (Some(policy.id()), policy.spec().breaker.clone()));
    for (policy, limits) in limits.chain([(None, whole)]) {
        over.extend(shares(run, policy.as_ref(), &limits));
        over.extend(jump(ledger, run, policy.as_ref(), settings));
    }
    over.extend(lost(ledger, run, settings));
    over.extend(unknowns(run, settings));
    let same = |open: &Opened, policy: &Option<String>, kind: &str, rule: Rule| {
        open.policy == *policy && open.kind == kind && open.rule == rule
    };
    let still = |accepted: &Accepted| {
        over.iter().any(|open| same(open, &accepted.policy, &accepted.kind, accepted.rule))
    };
    ledger.accepted.retain(still);
    for mut open in over {
        let seen = |accepted: &Accepted| {
            same(&open, &accepted.policy, &accepted.kind, accepted.rule) && open.count <= accepted.count
        };
        let known = ledger.open.iter().any(|known| same(known, &open.policy, &open.kind, open.rule));
        if !known && !ledger.accepted.iter().any(seen) {
            open.at = time::format(now);
            ledger.open.push(open);
        }
    }
    let total = |policy: &Option<String>| KINDS.iter().map(|kind| going(run, policy, kind.name()).0).sum();
    let ids = run.counts.keys().map(|(policy, _)| policy);
    ledger.last_deletes = ids.map(|policy| (policy.clone().unwrap_or_default(), total(policy))).collect();
    ledger.last_references = run.references.clone();
    ledger.last_at = Some(now);
}

/// Closes the breakers of a policy, of the installation (`Some("")`), or all; gives how many.
pub fn reset(ledger: &mut Ledger, policy: Option<&str>) -> usize {
    let meant = |open: &Opened| policy.is_none_or(|id| open.policy.as_deref().unwrap_or_default() == id);
    let (closed, open): (Vec<Opened>, Vec<Opened>) = ledger.open.drain(..).partition(meant);
    ledger.open = open;
    let count = closed.len();
    for Opened { policy, kind, rule, count, .. } in closed {
        ledger.accepted.retain(|known| (&known.policy, &known.kind, known.rule) != (&policy, &kind, rule));
        ledger.accepted.push(Accepted { policy, kind, rule, count });
    }
    count
}

fn going(run: &Figures, policy: &Option<String>, kind: &str) -> (u64, u64) {
    run.counts.get(&(policy.clone(), kind.to_owned())).copied().unwrap_or_default()
}

fn opened(policy: Option<&String>, kind: &str, rule: Rule, count: u64, detail: String) -> Opened {
    Opened { policy: policy.cloned(), kind: kind.into(), rule, count, detail, at: String::new() }
}

fn shares(run: &Figures, policy: Option<&String>, limits: &Breaker) -> Vec<Opened> {
    let over = |kind: &SubjectKind| {
        let (deletes, matched) = going(run, &policy.cloned(), kind.name());
        let share = share(deletes, matched, limits);
        let whose = policy.map_or("all policies together", String::as_str);
        let detail = format!(
            "{whose}: {deletes} of {matched} {}s would go, {} %, more than {} % and {}",
            kind.name(),
            share.percent,
            limits.max_percent,
            limits.min_count
        );
        share.open.then(|| opened(policy, kind.name(), Rule::Share, deletes, detail))
    };
    KINDS.iter().filter_map(over).collect()
}

/// True where `now` is more than `percent` over `then`.
fn grew(then: u64, now: u64, percent: u32) -> bool {
    now.saturating_mul(100) > then.saturating_mul(100 + u64::from(percent))
}

/// A policy's first run has nothing to jump from.
fn jump(ledger: &Ledger, run: &Figures, policy: Option<&String>, settings: &SettingsSpec) -> Option<Opened> {
    let then = *ledger.last_deletes.get(policy.map_or("", String::as_str))?;
    let now: u64 = KINDS.iter().map(|kind| going(run, &policy.cloned(), kind.name()).0).sum();
    let rules = &settings.breaker;
    if now <= rules.min_count || !grew(then, now, rules.max_jump_percent) {
        return None;
    }
    let whose = policy.map_or("all policies together", String::as_str);
    let detail = format!("{whose}: {now} deletes, {then} in the run before");
    Some(opened(policy, "", Rule::Jump, now, detail))
}

fn lost(ledger: &Ledger, run: &Figures, settings: &SettingsSpec) -> Vec<Opened> {
    let rules = &settings.breaker;
    let gone = |(kind, then): (&String, &u64)| {
        // A kind that nobody counted this time has lost all.
        let now = run.references.get(kind).copied().unwrap_or(0);
        let lost = then.saturating_sub(now);
        let many = lost > rules.min_count
            && lost.saturating_mul(100) > then.saturating_mul(u64::from(rules.max_lost_references_percent));
        let detail = format!("{lost} of {then} referrers of kind {kind} are gone since the run before");
        many.then(|| opened(None, kind, Rule::LostReferences, lost, detail))
    };
    ledger.last_references.iter().filter_map(gone).collect()
}

fn unknowns(run: &Figures, settings: &SettingsSpec) -> Option<Opened> {
    let rules = &settings.breaker;
    let limits = Breaker { max_percent: rules.max_unknown_percent, min_count: rules.min_count };
    let share = share(run.unknown, run.subjects, &limits);
    let detail = format!("{} of {} subjects are held by what is not known", run.unknown, run.subjects);
    share.open.then(|| opened(None, "", Rule::Unknowns, run.unknown, detail))
}
