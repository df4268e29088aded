//! Erasing any fact, object or completeness statement never turns a retain into a delete, unless what was erased was itself a reason
//! to retain and its kind stays complete.

use crate::ask::{self, Given, Key};
use crate::r#gen::{Random, active, typed};
use crate::laws::{crowd, seed, worlds};
use crate::model::{self, By};
use crate::world::{Says, World};
use probate_contract::dump::Reason as Why;
use std::collections::{BTreeMap, BTreeSet};

/// What is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Object,
    ObjectAndItsCompleteness,
    Statement,
    Permission,
    Record,
    FieldOfARecord,
    Cluster,
}

const ALL: [What; 7] = [
    What::Object,
    What::ObjectAndItsCompleteness,
    What::Statement,
    What::Permission,
    What::Record,
    What::FieldOfARecord,
    What::Cluster,
];

/// What may go that stayed before: what stood in the erased thing alone.
enum Pardon {
    Nobody,
    Standing(By),
    /// What stood in a cluster that is not there, unless the model wants its word.
    StandingIn(usize),
}

/// The world without one thing.
fn erased(world: &World, what: What, random: &mut Random) -> Option<(World, Pardon)> {
    let mut less = world.clone();
    let at = random.below(world.clusters.len());
    let cluster = &mut less.clusters[at];
    if matches!(what, What::Record | What::FieldOfARecord) && less.records.is_empty() {
        return None;
    }
    let pardon = match what {
        What::Object | What::ObjectAndItsCompleteness => {
            let object = cluster.objects.remove(random.below(cluster.objects.len()));
            if what == What::Object {
                Pardon::Standing(model::by(at, &object))
            } else {
                cluster.says.push(Says::Incomplete(typed(&object), "*".into(), Why::NotCollected));
                Pardon::Nobody
            }
        }
        What::Statement => {
            let says: Vec<usize> = (0..cluster.says.len())
                .filter(|at| !matches!(cluster.says[*at], Says::Incomplete(..)))
                .collect();
            if says.is_empty() {
                return None;
            }
            cluster.says.remove(*random.one(&says));
            Pardon::Nobody
        }
        What::Permission => {
            let kinds: BTreeSet<String> = cluster.objects.iter().map(typed).collect();
            let kinds: Vec<String> = kinds.into_iter().chain(["Pod".into(), "*".into()]).collect();
            let namespace = *random.one(&["*", "shop", "other", "elsewhere"]);
            let why = *random.one(&[Why::Forbidden, Why::NotSynced, Why::Unreachable]);
            cluster.says.push(Says::Incomplete(random.one(&kinds).clone(), namespace.into(), why));
            Pardon::Nobody
        }
        What::Record => {
            let at = random.below(less.records.len());
            less.records.remove(at);
            Pardon::Standing(By::Record(at))
        }
        What::FieldOfARecord => {
            let at = random.below(less.records.len());
            let (_, record) = &mut less.records[at];
            let fields: Vec<String> =
                record.as_object()?.keys().filter(|key| *key != "subject").cloned().collect();
            if fields.is_empty() {
                return None;
            }
            record.as_object_mut()?.remove(random.one(&fields));
            Pardon::Standing(By::Record(at))
        }
        What::Cluster => {
            // Records are told apart by the cluster's place: only the last can go without moving others.
            let last = less.clusters.len() - 1;
            if last == 0 || less.records.iter().any(|(at, _)| *at == last) && random.percent(50) {
                return None;
            }
            less.clusters.truncate(last);
            less.records.retain(|(at, _)| *at != last);
            Pardon::StandingIn(last)
        }
    };
    Some((less, pardon))
}

/// True where the subject had a reason that stood in what was erased, or that its own volume led to, and none is left.
fn pardoned(world: &World, less: &World, key: &Key, given: &Given, pardon: &Pardon) -> bool {
    let stood = |case: &model::Case<'_>| match pardon {
        Pardon::Nobody => false,
        Pardon::Standing(by) => {
            case.volume.is_some_and(|volume| model::by(case.cluster, volume) == *by)
                || model::reasons(case).iter().any(|reason| reason.by == *by)
        }
        Pardon::StandingIn(at) => {
            let there = |by: &By| matches!(by, By::Object(cluster, ..) if cluster == at);
            model::reasons(case).iter().any(|reason| there(&reason.by))
        }
    };
    let of = |case: &&model::Case<'_>| case.key() == *key;
    let (claims, volumes) = (model::claims(world), model::volumes(world));
    let (claims_left, volumes_left) = (model::claims(less), model::volumes(less));
    claims.iter().chain(&volumes).filter(of).any(stood)
        && !claims_left
            .iter()
            .chain(&volumes_left)
            .filter(of)
            .any(|case| model::kept(&model::reasons(case), given))
}

/// What was seen.
#[derive(Default)]
struct Counts {
    made: u64,
    tried: u64,
    of: BTreeMap<What, u64>,
    /// Deletes that became retains.
    lost: u64,
    /// Retains that became deletes, because their reason was erased.
    pardoned: u64,
}

/// Erases a few things of one world, each alone.
fn tried(world: &World, mut random: Random, counts: &mut Counts) {
    let given = if random.percent(50) { Given::all() } else { Given::none() };
    let before = ask::deleted(&world.inventory(), &given);
    for _ in 0..6 {
        let what = *random.one(&ALL);
        let Some((less, pardon)) = erased(world, what, &mut random) else { continue };
        let after = ask::deleted(&less.inventory(), &given);
        for key in after.difference(&before) {
            assert!(
                pardoned(world, &less, key, &given, &pardon),
                "{what:?} erased, given {given:?}: {key:?} would go\nerased: {}\nbefore: {}\nafter: {}",
                difference(world, &less),
                reasons_in_words(world, key),
                reasons_in_words(&less, key),
            );
            counts.pardoned += 1;
        }
        counts.lost += before.difference(&after).count() as u64;
        *counts.of.entry(what).or_default() += 1;
        counts.tried += 1;
    }
}

fn reasons_in_words(world: &World, key: &Key) -> String {
    let (claims, volumes) = (model::claims(world), model::volumes(world));
    let case = claims.iter().chain(&volumes).find(|case| case.key() == *key);
    format!("{:?}", case.map(model::reasons))
}

/// The lines that the one world has and the other lacks.
fn difference(world: &World, less: &World) -> String {
    let (before, after) = (world.show(), less.show());
    let lines = |one: &str, other: &str| {
        one.lines().filter(|line| !other.lines().any(|same| same == *line)).collect::<Vec<_>>().join("\n  ")
    };
    format!("{}\nnew: {}", lines(&before, &after), lines(&after, &before))
}

#[test]
fn what_is_erased_never_lets_anything_go() {
    let (worlds, seed, edges) = (worlds(), seed(), active());
    let mut counts = Counts::default();
    while counts.tried < worlds {
        let random = Random::of(seed, u64::MAX - counts.made);
        tried(&crowd(random.clone(), &edges), random, &mut counts);
        counts.made += 1;
    }
    let Counts { made, tried, of, lost, pardoned } = counts;
    println!(
        "{tried} erasures in {made} worlds: {of:?}; {lost} deletes became retains, {pardoned} reasons were erased"
    );
    assert!(lost > 0 && pardoned > 0, "nothing was at stake");
}
