//! The ledger: what the rates were used for, and which breakers are open. One document, changed by compare-and-swap: a place is
//! taken before the step, once per subject, decision and step, and never given back, whatever became of the write.

mod breaker;
mod rates;

pub use breaker::{Accepted, Figures, Opened, Rule, Share, counts, figures, reset, share, watch};
pub use rates::{Ask, RateOf, Refused, Turn, group, rates_of, reserve, reserve_all};

use crate::log::Head;
use crate::protocol::Reservation;
use crate::time::Seconds;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A place that was taken, and everything that rates count it by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// For what.
    #[serde(flatten)]
    pub reservation: Reservation,
    /// The policies that carry it out.
    pub policies: Vec<String>,
    /// Namespace of the claim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// StorageClass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// How large.
    pub bytes: i64,
}

/// The whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ledger {
    /// Places of the last day, oldest first.
    pub places: Vec<Place>,
    /// Breakers that a person has to reset.
    pub open: Vec<Opened>,
    /// What a person has seen and let through.
    pub accepted: Vec<Accepted>,
    /// Deletes of the last run by policy.
    pub last_deletes: BTreeMap<String, u64>,
    /// Referrers of the last run by kind.
    pub last_references: BTreeMap<String, u64>,
    /// When the last run was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Seconds>,
    /// Where the newest chains of the decision log stand, the last one written last: what was cut off a log shows against them.
    pub heads: Vec<Head>,
}

/// How many chains are remembered.
const HEADS: usize = 16;

impl Ledger {
    /// Remembers where a chain stands.
    pub fn anchor(&mut self, head: Head) {
        self.heads.retain(|known| known.chain != head.chain);
        self.heads.push(head);
        self.heads.drain(..self.heads.len().saturating_sub(HEADS));
    }

    /// The breaker that holds what these policies want.
    pub fn held_by(&self, policies: &[String]) -> Option<&Opened> {
        self.open.iter().find(|open| open.policy.as_ref().is_none_or(|policy| policies.contains(policy)))
    }
}
