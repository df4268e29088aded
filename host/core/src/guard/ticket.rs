//! The ticket: without one no request destroys anything, and only what was judged on live evidence has one. It can be made in this
//! file alone; whoever carries it cannot change it.

use probate_contract::common::Identity;
use probate_contract::plan::{DecisionAction, Entry};

/// Leave to destroy one object, by uid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    uid: String,
    decision: String,
}

impl Ticket {
    /// For the subject of an entry that stands as Delete, behind no guard.
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        let Identity { uid: Some(uid), .. } = &entry.subject.identity else { return None };
        let stands = entry.decision.action == DecisionAction::Delete && entry.guards.is_empty();
        (stands && !uid.is_empty()).then(|| Self { uid: uid.clone(), decision: entry.decision.id.clone() })
    }

    /// To give a bound volume the reclaim policy back that probate took away, while its claim lives and nothing deletes it: the
    /// state before the quarantine, no step towards a loss.
    pub(crate) fn to_give_back(claim: &crate::protocol::Live<'_>, decision: &str) -> Option<Self> {
        let lives = !claim.deleting() && !claim.uid().is_empty();
        lives.then(|| Self { uid: claim.uid().to_owned(), decision: decision.to_owned() })
    }

    /// Uid of what was judged.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Id of the decision.
    pub fn decision(&self) -> &str {
        &self.decision
    }
}
