//! The figures for monitoring.

use super::Controller;
use super::policies::Bench;
use crate::publish::metrics::Labels;
use probate_contract::Cause;
use probate_contract::manifest::Mode;
use probate_contract::plan::{DecisionAction, PlanReport, Vote};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What a policy last said about a uid.
pub(super) type Said = HashMap<(String, String), (Vote, Option<Cause>)>;

impl Controller {
    /// Sets what is counted anew each turn, and adds what was said otherwise than before.
    pub(super) fn figures(&mut self, report: &PlanReport, bench: &Arc<dyn Bench>) {
        self.verdicts(report, bench);
        let metrics = &self.metrics;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        metrics.subjects.set(number(report.summary.subjects));
        metrics.unknown_subjects.set(number(report.summary.incomplete.count));
        metrics.retained_bytes.clear();
        for total in &report.summary.causes {
            let labels = Labels([("cause", total.cause.to_string())]);
            metrics.retained_bytes.get_or_create(&labels).set(total.bytes);
        }
        let objects: usize = self.links.clusters.iter().map(|cluster| cluster.store.len()).sum();
        metrics.store_objects.set(i64::try_from(objects).unwrap_or(i64::MAX));
        metrics.breaker_open.set(i64::from(!self.ledger.get().open.is_empty()));
        let mut states: BTreeMap<&str, i64> = BTreeMap::new();
        for entry in &report.entries {
            let Some(uid) = entry.subject.identity.uid.as_deref() else { continue };
            let Some(kept) = self.records.of_uid(uid) else { continue };
            let status = &kept.record.status;
            let state = match (&status.mark, &status.quarantine) {
                (_, Some(_)) => "Quarantined",
                (Some(_), None) => "Marked",
                (None, None) => continue,
            };
            if entry.follows.is_none() && entry.decision.action == DecisionAction::Delete {
                *states.entry(state).or_default() += entry.bytes;
            }
        }
        for state in ["Marked", "Quarantined"] {
            let bytes = states.get(state).copied().unwrap_or(0);
            metrics.state_bytes.get_or_create(&Labels([("state", state.to_owned())])).set(bytes);
        }
    }

    fn verdicts(&mut self, report: &PlanReport, bench: &Arc<dyn Bench>) {
        let modes: HashMap<String, Mode> =
            bench.set().iter().map(|policy| (policy.id(), policy.spec().mode)).collect();
        let mut said = Said::new();
        for entry in &report.entries {
            let Some(uid) = &entry.subject.identity.uid else { continue };
            for verdict in &entry.verdicts {
                let key = (uid.clone(), verdict.policy.clone());
                let now = (verdict.action, verdict.cause);
                if self.said.get(&key) != Some(&now) {
                    let policy = verdict.policy.clone();
                    let mode = modes.get(&policy).map(|mode| format!("{mode:?}")).unwrap_or_default();
                    let labels = Labels([
                        ("policy", policy.clone()),
                        ("verdict", format!("{:?}", now.0)),
                        ("mode", mode),
                    ]);
                    self.metrics.decisions.get_or_create(&labels).inc();
                    if let (Vote::Failed, Some(cause)) = now {
                        let labels = Labels([("policy", policy), ("kind", cause.to_string())]);
                        self.metrics.policy_errors.get_or_create(&labels).inc();
                    }
                }
                said.insert(key, now);
            }
        }
        self.said = said;
    }
}
