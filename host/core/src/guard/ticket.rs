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

#[cfg(test)]
mod tests {
    use super::Ticket;
    use crate::protocol::Live;
    use probate_contract::plan::Entry;
    use serde_json::{Value, json};

    fn entry(action: &str, guards: Value, uid: Value) -> Entry {
        serde_json::from_value(json!({
            "subject": {"kind": "PersistentVolumeClaim", "namespace": "a", "name": "b", "uid": uid},
            "bytes": 1, "evidenceDigest": "", "verdicts": [], "guards": guards,
            "decision": {"id": "d-1", "action": action, "causes": [], "reason": "", "nextStep": "None"},
        }))
        .unwrap()
    }

    #[test]
    fn only_what_stands_behind_no_guard_has_a_ticket() {
        let hold = json!([{"cause": "Hold", "detail": "held"}]);
        assert!(Ticket::of(&entry("Delete", json!([]), json!("u"))).is_some());
        for (action, guards, uid) in [
            ("Delete", hold.clone(), json!("u")),
            ("Retain", json!([]), json!("u")),
            ("Retain", hold, json!("u")),
            ("Delete", json!([]), json!("")),
            ("Delete", json!([]), Value::Null),
            ("Retain", json!([]), json!("")),
        ] {
            assert_eq!(Ticket::of(&entry(action, guards, uid)), None);
        }
    }

    #[test]
    fn only_a_claim_that_lives_gives_its_volume_back() {
        let given = |uid: &str, deleting: &str| {
            let claim = json!({"metadata": {"uid": uid, "deletionTimestamp": deleting}});
            Ticket::to_give_back(&Live(&claim), "d-1").is_some()
        };
        assert!(given("u", ""));
        assert!(!given("u", "2026-11-22T06:00:00Z") && !given("", "") && !given("", "2026-11-22T06:00:00Z"));
    }
}
