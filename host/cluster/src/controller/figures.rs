//! The figures for monitoring.

use super::Controller;
use super::policies::Bench;
use super::tally::Said;
use crate::publish::metrics::Labels;
use crate::records::uids;
use probate_contract::manifest::Mode;
use probate_contract::plan::Vote;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

impl Controller {
    /// Adds what policies say otherwise than before.
    pub(super) fn said(&self, said: &[Said], bench: &Arc<dyn Bench>) {
        let modes: HashMap<String, Mode> =
            bench.set().iter().map(|policy| (policy.id(), policy.spec().mode)).collect();
        for Said { policy, vote, cause, .. } in said {
            let mode = modes.get(policy).map(|mode| format!("{mode:?}")).unwrap_or_default();
            let labels =
                Labels([("policy", policy.clone()), ("verdict", format!("{vote:?}")), ("mode", mode)]);
            self.metrics.decisions.get_or_create(&labels).inc();
            if let (Vote::Failed, Some(cause)) = (vote, cause) {
                let labels = Labels([("policy", policy.clone()), ("kind", cause.to_string())]);
                self.metrics.policy_errors.get_or_create(&labels).inc();
            }
        }
    }

    /// Sets what is counted anew each turn.
    pub(super) fn figures(&self) {
        let metrics = &self.metrics;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let (subjects, unknown, causes) = self.tally.summary();
        metrics.subjects.set(number(subjects));
        metrics.unknown_subjects.set(number(unknown));
        metrics.retained_bytes.clear();
        for (cause, bytes) in causes {
            metrics.retained_bytes.get_or_create(&Labels([("cause", cause.to_string())])).set(bytes);
        }
        let objects: usize = self.links.clusters.iter().map(|cluster| cluster.store.len()).sum();
        metrics.store_objects.set(i64::try_from(objects).unwrap_or(i64::MAX));
        metrics.breaker_open.set(i64::from(!self.ledger.get().open.is_empty()));
        let mut states: BTreeMap<&str, i64> = BTreeMap::new();
        for kept in self.records.iter() {
            let status = &kept.record.status;
            let state = match (&status.mark, &status.quarantine) {
                (_, Some(_)) => "Quarantined",
                (Some(_), None) => "Marked",
                (None, None) => continue,
            };
            for (pattern, bytes) in uids(&kept.record).filter_map(|uid| self.tally.of(uid)) {
                if pattern.deletes {
                    *states.entry(state).or_default() += bytes;
                }
            }
        }
        for state in ["Marked", "Quarantined"] {
            let bytes = states.get(state).copied().unwrap_or(0);
            metrics.state_bytes.get_or_create(&Labels([("state", state.to_owned())])).set(bytes);
        }
    }
}
