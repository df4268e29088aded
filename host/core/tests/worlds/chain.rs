//! Chains: whatever is changed, left out, moved or doubled in a log is found, and where.

use crate::r#gen::Random;
use crate::replay::{journal, scene};
use probate_contract::common::Identity;
use probate_contract::log::{EffectRecord, LogEngine, LoggedRequest, LoggedStatus, Outcome};
use probate_contract::plan::{GuardEntry, Revision};
use probate_contract::{API_VERSION, Cause};
use probate_core::log::{Anchors, Chain, Fault, Head, Journal, NONE_BEFORE, Verified, verify};
use std::collections::BTreeSet;

fn effect(decision: &str) -> EffectRecord {
    let target = Revision {
        identity: Identity { kind: "PersistentVolumeClaim".into(), name: "a".into(), ..Identity::default() },
        resource_version: Some("7".into()),
    };
    EffectRecord {
        api_version: API_VERSION.into(),
        kind: "EffectRecord".into(),
        chain: String::new(),
        sequence: 0,
        at: "2026-11-22T06:00:10Z".into(),
        subject: target.clone(),
        decision: decision.into(),
        step: "Quarantine".into(),
        request: LoggedRequest {
            verb: "Delete".into(),
            target: Some(target.clone()),
            preconditions: vec![target],
            dry_run: false,
        },
        outcome: Outcome::Conflict,
        status: LoggedStatus {
            code: Some(409),
            reason: "Conflict".into(),
            message: "a \"quoted\"\nline".into(),
        },
        engine: LogEngine::default(),
        previous: String::new(),
        hash: String::new(),
    }
}

/// Lines of decisions and writes.
fn lines(chain: &str, from: u64) -> (Vec<String>, Head) {
    let mut journal = journal(chain);
    let mut lines = Vec::new();
    for world in from.. {
        for record in scene(world).records(1) {
            lines.extend(journal.decisions(std::slice::from_ref(&record)));
            lines.push(journal.effect(&effect(&record.decision.id)));
        }
        if lines.len() >= 8 {
            break;
        }
    }
    (lines, journal.head().clone())
}

fn text(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

fn verified(lines: &[String], heads: &[&Head]) -> Verified {
    let heads = heads.iter().map(|head| head.hash.clone()).collect();
    verify(&text(lines), Anchors { heads, after: Vec::new() })
}

#[test]
fn a_chain_as_it_was_written_is_whole() {
    let (lines, head) = lines("c-one", 0);
    let verified = verified(&lines, &[&head]);
    assert_eq!(verified.findings, []);
    assert_eq!(verified.lines, lines.len() as u64);
    let [end] = verified.chains.as_slice() else { panic!("one chain") };
    assert_eq!((end.first, end.last, &end.head, &end.after), (1, lines.len() as u64, &head.hash, &None));
    assert!(lines[0].contains(NONE_BEFORE));
    assert!(lines.iter().all(|line| !line.contains('\n')));
}

#[test]
fn every_changed_byte_is_found_where_it_is() {
    let (lines, head) = lines("c-one", 0);
    let whole = text(&lines);
    let mut random = Random::of(9, 9);
    let mut faults = BTreeSet::new();
    // Every line break and every byte of the shortest line, each turned into another one, and many of the others.
    let shortest = lines.iter().enumerate().min_by_key(|(_, line)| line.len()).unwrap().0;
    let begin: usize = lines[..shortest].iter().map(|line| line.len() + 1).sum();
    let mut places: Vec<usize> = (begin..begin + lines[shortest].len()).collect();
    places.extend(whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at));
    places.extend((0..1500).map(|_| random.below(whole.len())));
    for at in places {
        let mut changed = whole.clone();
        changed[at] ^= 1 << random.below(8);
        let line = 1 + whole[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        let verified = verify(&changed, Anchors { heads: vec![head.hash.clone()], after: Vec::new() });
        let first = verified.findings.first().unwrap_or_else(|| panic!("byte {at} of line {line}"));
        assert_eq!(first.line, Some(line), "byte {at}: {:?}", verified.findings);
        let place = (first.chain.as_deref(), first.sequence);
        // A change of chain or sequence itself is named as the line states it, and the first line has none before it.
        let stated = matches!(first.fault, Fault::Changed { .. } | Fault::Respelled);
        let named = place == (Some("c-one"), Some(line)) || stated || line == 1;
        assert!(named, "byte {at}: {:?}", verified.findings);
        faults.insert(format!("{:?}", first.fault).chars().take(8).collect::<String>());
    }
    assert!(faults.len() >= 2, "{faults:?}");
}

#[test]
fn a_line_that_is_left_out_is_missed() {
    let (lines, head) = lines("c-one", 2);
    for at in 0..lines.len() {
        let mut cut = lines.clone();
        cut.remove(at);
        let verified = verified(&cut, &[&head]);
        let found = &verified.findings[0];
        let sequence = at as u64 + 1;
        match &found.fault {
            Fault::Begins => assert_eq!((at, found.sequence), (0, Some(2))),
            Fault::Missing { from, to } => {
                assert_eq!((*from, *to, found.line), (sequence, sequence, Some(sequence)));
            }
            // The end of a chain can be missed by an anchor alone.
            Fault::NotTheHead { inside, .. } => assert_eq!((at, *inside), (lines.len() - 1, false)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn lines_that_are_moved_or_doubled_are_found() {
    let (lines, head) = lines("c-one", 4);
    for left in 0..lines.len() {
        for right in left + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(left, right);
            assert_ne!(verified(&swapped, &[&head]).findings, [], "{left} and {right}");
        }
        for to in 0..=lines.len() {
            let mut doubled = lines.clone();
            doubled.insert(to, lines[left].clone());
            let verified = verified(&doubled, &[&head]);
            assert_ne!(verified.findings, [], "{left} again at {to}");
            if to == left + 1 {
                assert_eq!(verified.findings[0].fault, Fault::Repeated);
                assert_eq!(verified.findings[0].line, Some(to as u64 + 1));
            }
        }
    }
}

#[test]
fn a_line_that_is_hashed_anew_is_not_linked() {
    let (mut lines, head) = lines("c-one", 0);
    let (others, _) = self::lines("c-one", 6);
    // A whole line of another history with the same name and place.
    lines[2] = others[2].clone();
    let faults: Vec<Fault> =
        verified(&lines, &[&head]).findings.into_iter().map(|finding| finding.fault).collect();
    assert_eq!(faults, [Fault::Unlinked, Fault::Unlinked]);
}

#[test]
fn chains_may_be_mixed_cut_at_the_front_and_follow_each_other() {
    let (one, first) = lines("c-one", 0);
    let (two, second) = lines("c-two", 1);
    let mut mixed: Vec<String> = Vec::new();
    for (left, right) in one.iter().zip(&two) {
        mixed.extend([left.clone(), right.clone()]);
    }
    mixed.extend(one.iter().skip(two.len()).chain(two.iter().skip(one.len())).cloned());
    assert_eq!(verified(&mixed, &[&first, &second]).findings, []);
    // Put away: what is known of the line before is enough.
    let rest = text(&one[3..]);
    let before: serde_json::Value = serde_json::from_str(&one[2]).unwrap();
    let after = vec![before["hash"].as_str().unwrap().to_owned()];
    assert_eq!(verify(&rest, Anchors { heads: Vec::new(), after }).findings, []);
    assert_eq!(verify(&rest, Anchors::default()).findings[0].fault, Fault::Begins);
    // A new process names the head of the old one.
    let mut next = Journal::new(Chain::start("c-three", LogEngine::default(), Some(&first)));
    let mut all = one.clone();
    all.push(next.effect(&effect("d-1")));
    let verified = verified(&all, &[&first]);
    assert_eq!(verified.findings, []);
    assert_eq!(verified.chains[1].after.as_deref(), Some(first.hash.as_str()));
    // An anchor that lines follow is no head.
    let inside = Anchors { heads: vec![before["hash"].as_str().unwrap().to_owned()], after: Vec::new() };
    let fault = verify(&text(&one), inside).findings[0].fault.clone();
    assert!(matches!(fault, Fault::NotTheHead { inside: true, .. }));
}

#[test]
fn only_changed_decisions_make_lines() {
    let scene = scene(0);
    let records = scene.records(1);
    let mut journal = journal("c-one");
    assert_eq!(journal.decisions(&records).len(), records.len());
    assert_eq!(journal.decisions(&records), Vec::<String>::new());
    let mut changed = records.clone();
    changed[0].held.push(GuardEntry { cause: Cause::RateLimited, detail: String::new(), until: None });
    assert_eq!(journal.decisions(&changed).len(), 1, "what holds it back counts");
    assert_eq!(journal.decisions(&records).len(), 1, "and that it does no more");
    let mut other = records.clone();
    other[0].at = "2026-11-23T06:00:00Z".into();
    assert_eq!(journal.decisions(&other), Vec::<String>::new(), "time alone does not");
    // A restart that knows the old lines says nothing twice.
    let mut restarted = self::journal("c-two");
    records.iter().for_each(|record| restarted.recall(record));
    assert_eq!(restarted.decisions(&records), Vec::<String>::new());
    restarted.keep(|_, kind, _| kind != "PersistentVolumeClaim");
    let claims = records.iter().filter(|record| record.subject.identity.kind == "PersistentVolumeClaim");
    assert_eq!(restarted.decisions(&records).len(), claims.count());
}
