//! What time alone turns: the same facts, so much later.

use super::Edit;
use crate::evidence::Rails;
use crate::facts::{Facts, Known};
use crate::time;
use probate_contract::evidence::Reference;
use probate_contract::plan::DecisionAction;
use std::sync::Arc;

const DAY: i64 = 86_400;
/// Days from now that are looked at.
const DAYS: [i64; 14] = [1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 180, 365];
/// Times that are asked about at once.
const AT_ONCE: i64 = 16;

/// In how many seconds the decision first turns within a year, if nothing else happens. `decided` is given seconds from now.
pub(crate) fn turn(
    action: DecisionAction,
    decided: impl Fn(&[i64]) -> Vec<DecisionAction>,
) -> Option<(i64, DecisionAction)> {
    let first = |times: &[i64]| {
        let turned = times.iter().zip(decided(times)).enumerate().find(|(_, (_, other))| *other != action);
        turned.map(|(at, (time, other))| {
            (at.checked_sub(1).and_then(|before| times.get(before)).copied(), *time, other)
        })
    };
    let (before, mut after, mut other) = first(&DAYS.map(|days| days * DAY))?;
    let mut before = before.unwrap_or(0);
    while after - before > 1 {
        let step = ((after - before) / AT_ONCE).max(1);
        let times: Vec<i64> = (1..).map(|at| before + at * step).take_while(|time| *time < after).collect();
        match first(&times) {
            Some((earlier, time, found)) => {
                before = earlier.unwrap_or(before);
                (after, other) = (time, found);
            }
            None => before = times.last().copied().unwrap_or(after),
        }
    }
    Some((after, other))
}

fn aged(references: &mut Arc<Vec<Reference>>, on: impl Fn(&mut i64)) {
    Arc::make_mut(references)
        .iter_mut()
        .filter_map(|reference| reference.state_seconds.as_mut())
        .for_each(on);
}

/// The facts after so many seconds in which nothing happened.
pub(crate) fn later(facts: &Facts, rails: &Rails, seconds: i64) -> Edit {
    let (mut facts, mut rails) = (facts.clone(), rails.clone());
    let now = time::parse(&facts.now).unwrap_or(0).saturating_add(seconds);
    facts.now = time::format(now);
    let on = |age: &mut i64| *age = age.saturating_add(seconds);
    on(&mut facts.subject.age_seconds);
    facts.subject.deleting_seconds.iter_mut().for_each(on);
    if let Known::Present(released) = &mut facts.released {
        on(&mut released.released_seconds);
    }
    if let Known::Present(namespace) = &mut facts.namespace {
        on(&mut Arc::make_mut(namespace).age_seconds);
    }
    if let Known::Present(unused) = &mut facts.unused {
        on(&mut unused.unused_seconds);
    }
    if let Known::Present(references) = &mut facts.references {
        aged(references, on);
    }
    if let Known::Present(owners) = &mut facts.owners {
        owners.iter_mut().filter_map(|owner| owner.gone_seconds.as_mut()).for_each(on);
    }
    if let Known::Present(guest) = &mut facts.guest_cluster {
        guest.gone_seconds.iter_mut().for_each(on);
    }
    if let Known::Present(others) = &mut facts.counterparts {
        others.iter_mut().filter_map(|other| other.gone_seconds.as_mut()).for_each(on);
    }
    if let Known::Present(snapshots) = &mut facts.snapshots {
        snapshots.iter_mut().for_each(|snapshot| on(&mut snapshot.age_seconds));
    }
    aged(&mut rails.proven, on);
    rails.holds.retain(|(_, until)| until.is_none_or(|until| until > now));
    let change = format!("nothing changed until {}", facts.now);
    Edit { change, facts, rails, cleared: None, without: None }
}

#[cfg(test)]
mod tests {
    use super::{DAY, turn};
    use probate_contract::plan::DecisionAction::{Delete, Retain};

    #[test]
    fn the_second_in_which_it_turns_is_found() {
        for at in [1, 59, 4 * 3600, DAY, DAY + 1, 18 * DAY + 7, 364 * DAY] {
            let decided = |times: &[i64]| -> Vec<_> {
                times.iter().map(|time| if *time < at { Retain } else { Delete }).collect()
            };
            assert_eq!(turn(Retain, decided), Some((at, Delete)), "{at}");
            assert_eq!(turn(Delete, decided).map(|(_, action)| action), Some(Retain).filter(|_| at > DAY));
        }
        assert_eq!(turn(Retain, |times| vec![Retain; times.len()]), None);
    }
}
