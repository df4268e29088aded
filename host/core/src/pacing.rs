//! Pacing: what rates and breakers would do. Offline they hold nothing.

use crate::ledger;
use crate::plan::Decided;
use crate::policy::{Policy, PolicySet};
use crate::quantity;
use probate_contract::manifest::{Rate, SubjectKind};
use probate_contract::plan::{DecisionAction, Pacing, PacingBreaker, PacingRate, Vote};
use std::collections::BTreeMap;

pub(crate) fn of(policies: &PolicySet, decided: &[Decided]) -> Pacing {
    let mut pacing = Pacing::default();
    for policy in policies.iter() {
        let id = policy.id();
        let deletes: Vec<&Decided> = decided.iter().filter(|decided| deleted_by(decided, &id)).collect();
        if deletes.is_empty() {
            continue;
        }
        pacing.rates.extend(policy.spec().rates.iter().map(|rate| of_rate(&id, rate, &deletes)));
        for kind in [SubjectKind::PersistentVolumeClaim, SubjectKind::PersistentVolume] {
            pacing.breaker.extend(breaker(policy, &id, kind, decided));
        }
    }
    if !pacing.is_empty() {
        pacing.skipped =
            vec!["jump against the last run".into(), "loss of referrers against the last run".into()];
    }
    pacing
}

fn deleted_by(decided: &Decided, id: &str) -> bool {
    decided.entry.decision.action == DecisionAction::Delete
        && decided.entry.verdicts.iter().any(|verdict| verdict.policy == id && verdict.action == Vote::Delete)
}

fn of_rate(id: &str, rate: &Rate, deletes: &[&Decided]) -> PacingRate {
    let mut groups: BTreeMap<&str, u64> = BTreeMap::new();
    for decided in deletes {
        let (namespace, class) = (decided.namespace(), decided.entry.storage_class.as_deref());
        let group = ledger::group(rate.per, namespace.unwrap_or_default(), class.unwrap_or_default());
        *groups.entry(group).or_default() += 1;
    }
    PacingRate {
        policy: id.to_owned(),
        window: rate.window,
        per: rate.per,
        max_count: rate.max_count,
        max_bytes: rate.max_bytes.as_deref().and_then(quantity::parse),
        deletes: groups.into_values().max().unwrap_or(0),
    }
}

fn breaker(policy: &Policy, id: &str, kind: SubjectKind, decided: &[Decided]) -> Option<PacingBreaker> {
    let (going, matched) = ledger::counts(decided.iter().map(|decided| &decided.entry), Some(id), kind);
    if going == 0 {
        return None;
    }
    let limits = &policy.spec().breaker;
    let share = ledger::share(going, matched, limits);
    Some(PacingBreaker {
        policy: id.to_owned(),
        kind: kind.name().into(),
        deletes: going,
        percent: share.percent,
        max_percent: limits.max_percent,
        min_count: limits.min_count,
        would_open: share.open,
    })
}
