//! Terms: what the policies that voted Delete ask together. The longest waits, the strictest words, every gate.

use crate::policy::{Policy, PolicySet};
use probate_contract::manifest::{Mode, Purge, RetainedVolumes};
use probate_contract::plan::{Entry, Vote};
use probate_contract::settings::SettingsSpec;

/// How one delete proceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Marked to quarantined.
    pub grace_seconds: i64,
    /// Quarantined to purged.
    pub quarantine_seconds: i64,
    /// Who lets the data go.
    pub purge: Purge,
    /// What becomes of volumes that some layer retains.
    pub retained_volumes: RetainedVolumes,
    /// A snapshot that young must exist: the guard holds the delete without it.
    pub gates: Vec<i64>,
    /// Ids and digests of those that carry the delete out; every rate of theirs applies.
    pub policies: Vec<(String, String)>,
    /// How far they may go.
    pub mode: Mode,
}

impl Terms {
    /// Of those that voted Delete the enforcing ones; where there are none those that propose, then those that only audit. `None`
    /// where no policy of the set voted so.
    pub fn of(policies: &PolicySet, entry: &Entry, settings: &SettingsSpec) -> Option<Self> {
        let voted = |policy: &&Policy| {
            let id = policy.id();
            entry.verdicts.iter().any(|verdict| verdict.policy == id && verdict.action == Vote::Delete)
        };
        let voted: Vec<&Policy> = policies.iter().filter(voted).collect();
        let mode = voted.iter().map(|policy| policy.spec().mode).max()?;
        let acting: Vec<&Policy> = voted.into_iter().filter(|policy| policy.spec().mode == mode).collect();
        let rules = || acting.iter().map(|policy| &policy.spec().deletion);
        let longest = |of: fn(&probate_contract::manifest::Deletion) -> i64, least: i64| {
            rules().map(of).max().unwrap_or(least).max(least)
        };
        Some(Self {
            grace_seconds: longest(|rule| rule.grace_seconds, settings.minimum_grace_seconds),
            quarantine_seconds: longest(|rule| rule.quarantine_seconds, settings.minimum_quarantine_seconds),
            purge: rules().map(|rule| rule.purge).min().unwrap_or_default(),
            retained_volumes: rules().map(|rule| rule.retained_volumes).min().unwrap_or_default(),
            gates: rules().filter_map(|rule| Some(rule.snapshot_gate.as_ref()?.max_age_seconds)).collect(),
            policies: acting.iter().map(|policy| (policy.id(), policy.digest())).collect(),
            mode,
        })
    }
}
