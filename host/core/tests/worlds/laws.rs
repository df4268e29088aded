//! What is still wanted is never deleted, by any policy, except by exactly the edge that a given consent names; and every true
//! orphan with full evidence is deleted.

use crate::ask::{CONSENTS, Given};
use crate::r#gen::{Built, Edge, Group, Random, Shape, Target, active, build};
use crate::judge::Judge;
use crate::model::{self, Lift, Reason};
use crate::world::World;
use std::collections::BTreeMap;

/// How many worlds, unless `PROBATE_WORLDS` says otherwise.
const SAMPLE: u64 = 3000;

/// How many worlds a law is tried on.
pub(crate) fn worlds() -> u64 {
    std::env::var("PROBATE_WORLDS").map_or(SAMPLE, |text| text.parse().expect("PROBATE_WORLDS is a number"))
}

/// Where they begin.
pub(crate) fn seed() -> u64 {
    std::env::var("PROBATE_SEED").map_or(1, |text| text.parse().expect("PROBATE_SEED is a number"))
}

/// What was seen.
#[derive(Default)]
struct Counts {
    worlds: u64,
    claims: u64,
    kept: u64,
    orphans: u64,
    volumes: u64,
    sole: BTreeMap<&'static str, u64>,
    /// Worlds in which core and model disagree, and the first of them.
    wrong: BTreeMap<&'static str, (u64, String)>,
}

/// Counts what is wrong with a world, and keeps the first of each name.
fn check(world: &World, judge: &Judge, given: &[Given], counts: &mut Counts, name: &'static str) {
    for given in given {
        if counts.wrong.get(name).is_some_and(|(times, _)| *times > 2) {
            return;
        }
        if let Some(told) = judge.disagreement(world, given) {
            counts.wrong.entry(name).or_insert((0, told)).0 += 1;
        }
    }
}

/// A world with the target an orphan, and the same with one edge.
pub(crate) fn sole(edge: &Edge, random: Random) -> Option<(World, World, Target)> {
    let mut before = ground(edge, random.clone(), true);
    let target = before.targets[0].clone();
    if !orphaned(&before.plot.world, &target) {
        // What was to be a near miss was a hit.
        before = ground(edge, random, false);
    }
    let target = before.targets.first()?.clone();
    let mut after = before.clone();
    if edge.group == Group::Gap {
        after.state();
    }
    if !(edge.plant)(&mut after.plot, &target) || after.plot.clashed {
        return None;
    }
    if edge.group != Group::Gap {
        after.state();
    }
    Some((before.plot.world, after.plot.world, target))
}

/// The world before the edge, with everything stated whole; perhaps with near misses of that edge and another.
fn ground(edge: &Edge, mut random: Random, near: bool) -> Built {
    let shape = match edge.shape {
        Shape::Pair if random.percent(20) => Shape::Harvester,
        Shape::Pair if random.percent(20) => Shape::Virtual,
        Shape::Pair => Shape::Plain,
        shape => shape,
    };
    let mut built = build(random, shape);
    let target = built.targets[0].clone();
    if near && built.plot.random.percent(40) {
        let other = *built.plot.random.one(&active());
        for edge in [edge, other] {
            let ghost = built.ghost(&target);
            if edge.group == Group::Want && [Shape::Pair, Shape::Harvester].contains(&edge.shape) {
                (edge.plant)(&mut built.plot, &ghost);
            }
        }
    }
    built.state();
    built
}

fn reasons_of(world: &World, target: &Target) -> Vec<Reason> {
    let is = |case: &&model::Case<'_>| {
        case.cluster == target.cluster && case.uid == target.uid && case.claim.is_some()
    };
    model::claims(world).iter().find(is).map(model::reasons).unwrap_or_default()
}

fn orphaned(world: &World, target: &Target) -> bool {
    model::free(&reasons_of(world, target), &Given::none())
}

/// The only edge: without it the claim goes, with it the claim stays, and one consent at most lets it go.
fn tried_sole(edge: &'static Edge, random: Random, counts: &mut Counts) -> bool {
    let Some((before, after, target)) = sole(edge, random.clone()) else { return false };
    if !orphaned(&before, &target) {
        return false;
    }
    // Without it the claim goes: a third of the worlds shows that well enough.
    if random.clone().percent(34) {
        check(&before, &Judge::of(&before), &[Given::none()], counts, edge.name);
        counts.orphans += 1;
    }
    let reasons = reasons_of(&after, &target);
    if !model::kept(&reasons, &Given::none()) {
        let blind = || (0, format!("the model sees nothing\n{}", after.show()));
        counts.wrong.entry(edge.name).or_insert_with(blind).0 += 1;
    }
    let lift: Vec<_> = reasons.iter().filter(|reason| reason.must).map(|reason| reason.lift).collect();
    check(&after, &Judge::of(&after), &given(&lift, random), counts, edge.name);
    counts.kept += 1;
    *counts.sole.entry(edge.name).or_default() += 1;
    true
}

/// Everything and nothing given; what lifts the edge alone; one consent by chance.
fn given(lifts: &[Option<Lift>], mut random: Random) -> Vec<Given> {
    let mut given = vec![Given::all()];
    for lift in lifts {
        match lift {
            Some(Lift::Consent(consent)) => given.push(Given::one(*consent)),
            Some(Lift::Retained) => given.push(Given { consents: Vec::new(), retained: true }),
            None => {}
        }
    }
    if given.len() > 1 {
        given.push(Given::none());
    }
    if random.percent(25) {
        given.push(Given::one(*random.one(&CONSENTS)));
    }
    given
}

/// Many edges on many claims, and gaps.
pub(crate) fn crowd(mut random: Random, edges: &[&'static Edge]) -> World {
    let shape = *random.one(&[Shape::Plain, Shape::Harvester, Shape::Guest, Shape::Virtual, Shape::Synced]);
    let mut built = build(random, shape);
    let fits = |edge: &Edge| edge.shape == Shape::Pair || edge.shape == shape;
    built.release();
    let planted = built.plot.random.below(5);
    for _ in 0..planted {
        let target = built.plot.random.one(&built.targets).clone();
        let target = if built.plot.random.percent(30) { built.ghost(&target) } else { target };
        let edge = *built.plot.random.one(edges);
        // Layers' edges are made for the first target alone.
        let own = edge.shape == Shape::Pair || (target.real && target.uid == built.targets[0].uid);
        if edge.group == Group::Want && fits(edge) && own
            || (target.real && edge.group == Group::Rail && fits(edge) && own)
        {
            (edge.plant)(&mut built.plot, &target);
        }
    }
    built.state();
    let target = built.targets[0].clone();
    if built.plot.random.percent(25) {
        let gaps: Vec<_> = edges.iter().filter(|edge| edge.group == Group::Gap && fits(edge)).collect();
        if !gaps.is_empty() {
            let gap = **built.plot.random.one(&gaps);
            (gap.plant)(&mut built.plot, &target);
        }
    }
    built.plot.world
}

fn tried_crowd(random: Random, edges: &[&'static Edge], counts: &mut Counts) {
    let mut chance = random.clone();
    let world = crowd(random, edges);
    let judge = Judge::of(&world);
    let given = [Given::all(), Given::none(), Given::one(*chance.one(&CONSENTS))];
    check(&world, &judge, &given, counts, "crowd");
    for (key, reasons) in &judge.cases {
        match key.1.as_str() {
            "PersistentVolume" => counts.volumes += 1,
            _ => counts.claims += 1,
        }
        counts.kept += u64::from(model::kept(reasons, &Given::none()));
        counts.orphans += u64::from(model::free(reasons, &Given::none()));
    }
}

/// The only law: nothing that is wanted goes, and what nothing wants goes.
#[test]
fn what_is_wanted_stays_and_what_nothing_wants_goes() {
    let (worlds, seed, edges) = (worlds(), seed(), active());
    let mut counts = Counts::default();
    for world in 0..worlds {
        // Every twentieth world is a crowd; the others take the edges in turn.
        let edge = edges[usize::try_from(world - world / 20).unwrap() % edges.len()];
        let tried = world % 20 != 19
            && (0..12).any(|retry| tried_sole(edge, Random::of(seed + retry * worlds, world), &mut counts));
        if !tried {
            tried_crowd(Random::of(seed, world), &edges, &mut counts);
        }
        counts.worlds += 1;
        // Enough is told; each takes long to be made small.
        if counts.wrong.len() > 4 {
            break;
        }
    }
    println!("{} claims and {} released volumes in crowds", counts.claims, counts.volumes);
    println!(
        "{} worlds with {} edges: {} kept, {} orphans deleted",
        counts.worlds,
        edges.len(),
        counts.kept,
        counts.orphans
    );
    for edge in &edges {
        println!("{:>7}  {:?}  {}", counts.sole.get(edge.name).copied().unwrap_or(0), edge.group, edge.name);
    }
    for (name, (times, first)) in &counts.wrong {
        println!("WRONG {times} times: {name}: {first}");
    }
    assert!(counts.wrong.is_empty(), "core and model disagree: {:?}", counts.wrong.keys());
    let rare = |edge: &&&Edge| counts.sole.get(edge.name).copied().unwrap_or(0) < worlds / 220;
    let rare: Vec<&str> = edges.iter().filter(rare).map(|edge| edge.name).collect();
    assert!(rare.is_empty(), "seldom the only edge: {rare:?}");
}
