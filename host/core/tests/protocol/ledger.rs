//! Rates and breaker.

use crate::ask;
use probate_contract::Cause;
use probate_contract::manifest::{Per, Rate, Window};
use probate_contract::settings::SettingsSpec;
use probate_core::ledger::{Ask, Figures, Ledger, RateOf, Rule, reserve, reserve_all, reset, share, watch};
use probate_core::policy::PolicySet;
use probate_core::protocol::Step;
use proptest::prelude::*;
use serde_json::json;

const NOW: i64 = 1_795_327_200;
const ALL: &str = "ClusterRetentionPolicy/all";

fn rate(window: Window, per: Per, count: Option<u64>, bytes: Option<&str>) -> RateOf {
    let rate = Rate { window, per, max_count: count, max_bytes: bytes.map(str::to_owned) };
    RateOf { policy: Some(ALL.into()), rate }
}

fn ask_for(at: usize, step: Step) -> Ask {
    Ask {
        policies: vec![ALL.into()],
        namespace: Some(format!("ns-{}", at % 3)),
        class: Some("fast".into()),
        step,
        uid: format!("u-{at:03}"),
        decision: format!("d-{at}"),
        bytes: 1 << 30,
        unused_since: Some(NOW - i64::try_from(at).unwrap()),
        approved: false,
    }
}

#[test]
fn the_longest_unused_go_first_and_the_rest_wait() {
    let mut ledger = Ledger::default();
    let rates = vec![rate(Window::Hour, Per::Policy, Some(10), None)];
    let asks = || (0..100).map(|at| (ask_for(at, Step::Mark), rates.clone())).collect::<Vec<_>>();
    let taken = |answers: Vec<(String, Result<_, _>)>| {
        answers.into_iter().filter(|(_, answer)| answer.is_ok()).map(|(uid, _)| uid).collect::<Vec<_>>()
    };
    let first = taken(reserve_all(&mut ledger, NOW, asks()));
    let longest: Vec<String> = (90..100).rev().map(|at| format!("u-{at:03}")).collect();
    assert_eq!(first, longest);
    let mut shuffled = asks();
    shuffled.reverse();
    assert_eq!(taken(reserve_all(&mut ledger, NOW + 60, shuffled)), longest, "the same twice");
    assert_eq!(ledger.places.len(), 10);
    let next = taken(reserve_all(&mut ledger, NOW + 3600, asks().into_iter().take(90).collect()));
    assert_eq!(next.len(), 10);
    assert_eq!(next[0], "u-089");
}

#[test]
fn a_place_of_other_policies_is_another_place() {
    let mut ledger = Ledger::default();
    let rate = Rate { window: Window::Hour, per: Per::Policy, max_count: Some(1), max_bytes: None };
    let rates = |policy: &str| [RateOf { policy: Some(policy.to_owned()), rate: rate.clone() }];
    let ask = |at, policy: &str| Ask { policies: vec![policy.to_owned()], ..ask_for(at, Step::Mark) };
    assert!(reserve(&mut ledger, NOW, &rates("one"), &ask(0, "one")).is_ok());
    assert!(reserve(&mut ledger, NOW, &rates("two"), &ask(0, "two")).is_ok());
    assert_eq!(ledger.places.len(), 2, "the same decision under another name");
    let refused = reserve(&mut ledger, NOW, &rates("two"), &ask(1, "two")).unwrap_err();
    assert_eq!(refused.cause, Cause::RateLimited);
}

#[test]
fn marks_quarantines_and_purges_count_apart_and_groups_too() {
    let mut ledger = Ledger::default();
    let rates = [rate(Window::Day, Per::Namespace, Some(1), None)];
    for step in [Step::Mark, Step::Quarantine, Step::Purge] {
        for at in 0..3 {
            assert!(reserve(&mut ledger, NOW, &rates, &ask_for(at, step)).is_ok(), "{step:?} {at}");
        }
        let refused = reserve(&mut ledger, NOW + 10, &rates, &ask_for(3, step)).unwrap_err();
        assert_eq!(refused.cause, Cause::RateLimited);
        assert_eq!(refused.until, Some(NOW + 86_400));
    }
}

#[test]
fn bytes_count_and_an_unreadable_limit_lets_nothing_through() {
    let mut ledger = Ledger::default();
    let two = [rate(Window::Hour, Per::StorageClass, None, Some("2Gi"))];
    assert!(reserve(&mut ledger, NOW, &two, &ask_for(1, Step::Mark)).is_ok());
    assert!(reserve(&mut ledger, NOW, &two, &ask_for(2, Step::Mark)).is_ok());
    assert!(reserve(&mut ledger, NOW, &two, &ask_for(3, Step::Mark)).is_err());
    let odd = [rate(Window::Hour, Per::Policy, None, Some("many"))];
    assert!(reserve(&mut Ledger::default(), NOW, &odd, &ask_for(1, Step::Mark)).is_err());
}

#[test]
fn a_rate_of_the_installation_holds_for_every_policy() {
    let mut ledger = Ledger::default();
    let whole = [RateOf { policy: None, ..rate(Window::Hour, Per::Policy, Some(1), None) }];
    assert!(reserve(&mut ledger, NOW, &whole, &ask_for(1, Step::Mark)).is_ok());
    let other = Ask { policies: vec!["RetentionPolicy/a/b".into()], ..ask_for(2, Step::Mark) };
    assert!(reserve(&mut ledger, NOW, &whole, &other).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// In no window are there more places than the rate allows, however often and whenever anybody asks.
    #[test]
    fn rates_are_never_overrun(
        asks in proptest::collection::vec((0usize..40, 0i64..900, 0u8..3), 1..200),
        most in 1u64..6,
    ) {
        let mut ledger = Ledger::default();
        let rates = [rate(Window::Hour, Per::Policy, Some(most), None), rate(Window::Day, Per::Namespace, Some(most * 2), None)];
        let (mut now, mut taken) = (NOW, Vec::new());
        for (at, later, step) in asks {
            now += later;
            let step = [Step::Mark, Step::Quarantine, Step::Purge][usize::from(step)];
            let ask = ask_for(at, step);
            if let Ok(place) = reserve(&mut ledger, now, &rates, &ask) {
                let again = reserve(&mut ledger, now + 1, &rates, &ask).unwrap();
                prop_assert_eq!(&again, &place);
                if place.at == now && !taken.contains(&(step, at, place.at)) {
                    taken.push((step, at, place.at));
                }
            }
        }
        for (step, _, end) in &taken {
            let hour = taken.iter().filter(|(of, _, at)| of == step && *at <= *end && *at > *end - 3600).count();
            prop_assert!(u64::try_from(hour).unwrap() <= most, "{} in an hour, {} allowed", hour, most);
        }
    }
}

fn run(deletes: u64, matched: u64) -> Figures {
    let mut run = Figures { subjects: matched, ..Figures::default() };
    for policy in [Some(ALL.to_owned()), None] {
        run.counts.insert((policy, "PersistentVolumeClaim".into()), (deletes, matched));
    }
    run
}

fn policies() -> PolicySet {
    ask::set(&json!({}))
}

fn settings() -> SettingsSpec {
    SettingsSpec::default()
}

#[test]
fn the_breaker_opens_over_both_limits_and_stays_open() {
    let limits = probate_contract::manifest::Breaker::default();
    assert!(!share(10, 20, &limits).open, "so few are always allowed");
    assert!(!share(50, 1000, &limits).open, "five percent are");
    assert!(share(51, 1000, &limits).open);
    let mut ledger = Ledger::default();
    watch(&mut ledger, &run(50, 1000), &policies(), &settings(), NOW);
    assert!(ledger.open.is_empty());
    watch(&mut ledger, &run(51, 1000), &policies(), &settings(), NOW + 1);
    assert_eq!(ledger.open.len(), 2, "the policy's and the installation's");
    let rates = [rate(Window::Hour, Per::Policy, Some(10), None)];
    let refused = reserve(&mut ledger, NOW, &rates, &ask_for(1, Step::Mark)).unwrap_err();
    assert_eq!((refused.cause, refused.until), (Cause::BreakerOpen, None));
    watch(&mut ledger, &run(1, 1000), &policies(), &settings(), NOW + 2);
    let stored: Ledger = serde_json::from_str(&serde_json::to_string(&ledger).unwrap()).unwrap();
    assert_eq!(stored, ledger, "also after a restart");
    assert_eq!(ledger.open.len(), 2, "it never closes by itself");
    let approved = Ask { approved: true, ..ask_for(1, Step::Mark) };
    assert!(reserve(&mut ledger, NOW, &rates, &approved).is_ok(), "a person has seen these");
    assert_eq!(reset(&mut ledger, None), 2);
    assert!(reserve(&mut ledger, NOW, &rates, &ask_for(2, Step::Mark)).is_ok());
    watch(&mut ledger, &run(1, 1000), &policies(), &settings(), NOW + 3);
    watch(&mut ledger, &run(51, 1000), &policies(), &settings(), NOW + 4);
    assert!(!ledger.open.is_empty(), "what was let through once is no leave for ever");
}

#[test]
fn a_reset_lets_what_was_seen_through_and_no_more() {
    let mut ledger = Ledger::default();
    watch(&mut ledger, &run(60, 1000), &policies(), &settings(), NOW);
    reset(&mut ledger, None);
    watch(&mut ledger, &run(60, 1000), &policies(), &settings(), NOW + 1);
    assert!(ledger.open.is_empty());
    watch(&mut ledger, &run(61, 1000), &policies(), &settings(), NOW + 2);
    assert_eq!(ledger.open.len(), 2);
}

#[test]
fn a_jump_lost_referrers_and_unknowns_open_it() {
    let rules = |ledger: &Ledger| {
        let mut rules: Vec<Rule> = ledger.open.iter().map(|open| open.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    };
    let mut ledger = Ledger::default();
    watch(&mut ledger, &run(11, 10_000), &policies(), &settings(), NOW);
    assert!(ledger.open.is_empty(), "a first run jumps from nothing");
    watch(&mut ledger, &run(22, 10_000), &policies(), &settings(), NOW + 1);
    assert!(ledger.open.is_empty(), "twice as many");
    watch(&mut ledger, &run(45, 10_000), &policies(), &settings(), NOW + 2);
    assert_eq!(rules(&ledger), [Rule::Jump]);

    let mut ledger = Ledger::default();
    let with = |pods: u64| Figures { references: [("Pod".to_owned(), pods)].into(), ..run(0, 1000) };
    watch(&mut ledger, &with(100), &policies(), &settings(), NOW);
    watch(&mut ledger, &with(50), &policies(), &settings(), NOW + 1);
    assert!(ledger.open.is_empty());
    watch(
        &mut ledger,
        &Figures { references: Default::default(), ..run(0, 1000) },
        &policies(),
        &settings(),
        NOW + 2,
    );
    assert_eq!(rules(&ledger), [Rule::LostReferences]);

    let mut ledger = Ledger::default();
    watch(&mut ledger, &Figures { unknown: 501, ..run(0, 1000) }, &policies(), &settings(), NOW);
    assert_eq!(rules(&ledger), [Rule::Unknowns]);
}
