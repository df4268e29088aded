//! Combine: a total function from votes to a decision. Default is retain, retain trumps delete, a failure is a retain vote.

use probate_contract::Cause;
use probate_contract::plan::{DecisionAction, PolicyVerdict, Vote};

/// What the votes come to, before the guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined {
    /// Retain or Delete.
    pub action: DecisionAction,
    /// Why, in order, without doubles.
    pub causes: Vec<Cause>,
}

/// Combines the votes of all selected policies that can vote.
pub fn combine<'a>(votes: impl IntoIterator<Item = &'a PolicyVerdict>) -> Combined {
    let votes: Vec<&PolicyVerdict> = votes.into_iter().collect();
    let any = |action: Vote| votes.iter().any(|vote| vote.action == action);
    let mut against: Vec<Cause> = votes
        .iter()
        .filter_map(|vote| match vote.action {
            Vote::Retain => Some(Cause::PolicyRetain),
            Vote::Failed => Some(vote.cause.unwrap_or(Cause::SandboxFailed)),
            Vote::Abstain | Vote::Delete => None,
        })
        .collect();
    against.sort_unstable();
    against.dedup();
    match (votes.is_empty(), against.is_empty(), any(Vote::Delete)) {
        (true, _, _) => Combined { action: DecisionAction::Retain, causes: vec![Cause::NoPolicyMatched] },
        (_, false, _) => Combined { action: DecisionAction::Retain, causes: against },
        (_, true, true) => Combined { action: DecisionAction::Delete, causes: vec![Cause::PolicyDelete] },
        (_, true, false) => Combined { action: DecisionAction::Retain, causes: vec![Cause::NoPolicyDecided] },
    }
}

#[cfg(test)]
mod tests {
    use super::{Combined, combine};
    use probate_contract::plan::{DecisionAction, PolicyVerdict, Vote};
    use probate_contract::{Cause, Verdict};
    use proptest::prelude::*;

    fn vote(action: Vote) -> PolicyVerdict {
        match action {
            Vote::Failed => PolicyVerdict::failed("p".into(), Cause::PolicyTrapped, "trap".into()),
            action => PolicyVerdict { action, ..PolicyVerdict::of("p".into(), Verdict::default()) },
        }
    }

    fn any_vote() -> impl Strategy<Value = PolicyVerdict> {
        prop_oneof![Just(Vote::Abstain), Just(Vote::Retain), Just(Vote::Delete), Just(Vote::Failed)]
            .prop_map(vote)
    }

    fn decide(votes: &[PolicyVerdict]) -> Combined {
        combine(votes)
    }

    #[test]
    fn default_is_retain() {
        assert_eq!(decide(&[]).causes, [Cause::NoPolicyMatched]);
        assert_eq!(decide(&[]).action, DecisionAction::Retain);
        let abstained = decide(&[vote(Vote::Abstain)]);
        assert_eq!(
            (abstained.action, abstained.causes),
            (DecisionAction::Retain, vec![Cause::NoPolicyDecided])
        );
    }

    proptest! {
        #[test]
        fn retain_trumps_delete(mut votes in prop::collection::vec(any_vote(), 0..6)) {
            votes.push(vote(Vote::Retain));
            let decision = decide(&votes);
            prop_assert_eq!(decision.action, DecisionAction::Retain);
            prop_assert!(decision.causes.contains(&Cause::PolicyRetain));
        }

        #[test]
        fn failure_never_deletes(mut votes in prop::collection::vec(any_vote(), 0..6)) {
            votes.push(vote(Vote::Failed));
            let decision = decide(&votes);
            prop_assert_eq!(decision.action, DecisionAction::Retain);
            prop_assert!(decision.causes.contains(&Cause::PolicyTrapped));
        }

        #[test]
        fn a_delete_needs_a_delete(votes in prop::collection::vec(any_vote(), 0..6)) {
            let deletes = votes.iter().any(|vote| vote.action == Vote::Delete);
            let against = votes.iter().any(|vote| matches!(vote.action, Vote::Retain | Vote::Failed));
            prop_assert_eq!(decide(&votes).action == DecisionAction::Delete, deletes && !against);
        }

        #[test]
        fn order_and_duplicates_do_not_matter(votes in prop::collection::vec(any_vote(), 1..6), at in 0_usize..6) {
            let mut other: Vec<_> = votes.iter().rev().cloned().collect();
            other.push(votes[at % votes.len()].clone());
            prop_assert_eq!(decide(&votes), decide(&other));
        }

        #[test]
        fn adding_a_policy_never_adds_a_delete_over_a_retain(votes in prop::collection::vec(any_vote(), 1..6), more in any_vote()) {
            let held = votes.iter().any(|vote| matches!(vote.action, Vote::Retain | Vote::Failed));
            let mut with = votes;
            with.push(more);
            prop_assert!(!(held && decide(&with).action == DecisionAction::Delete));
        }
    }
}
