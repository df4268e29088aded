//! Core against model on one world.

use crate::ask::{self, Given, Key};
use crate::model::{self, Reason};
use crate::shrink::shrink;
use crate::world::World;
use probate_core::inventory::Inventory;
use std::collections::BTreeSet;

/// A world with the model's reasons and the core's inventory, both worked out once.
pub(crate) struct Judge {
    inventory: Inventory,
    pub(crate) cases: Vec<(Key, Vec<Reason>)>,
}

/// What is wrong about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    /// It would go while the model keeps it.
    Goes,
    /// It stays while nothing at all keeps it.
    Stays,
}

impl Judge {
    pub(crate) fn of(world: &World) -> Self {
        let (claims, volumes) = (model::claims(world), model::volumes(world));
        let cases = claims.iter().chain(&volumes).map(|case| (case.key(), model::reasons(case))).collect();
        Self { inventory: world.inventory(), cases }
    }

    /// What the core would let go.
    pub(crate) fn deleted(&self, given: &Given) -> BTreeSet<Key> {
        ask::deleted(&self.inventory, given)
    }

    fn first_wrong(&self, given: &Given) -> Option<(&Key, &[Reason], Wrong)> {
        let deleted = self.deleted(given);
        self.cases.iter().find_map(|(key, reasons)| {
            let wrong = match deleted.contains(key) {
                true if model::kept(reasons, given) => Wrong::Goes,
                false if model::free(reasons, given) => Wrong::Stays,
                _ => return None,
            };
            Some((key, &reasons[..], wrong))
        })
    }

    /// The first disagreement in words, on the smallest world that shows it.
    pub(crate) fn disagreement(&self, world: &World, given: &Given) -> Option<String> {
        let (key, reasons, wrong) = self.first_wrong(given)?;
        let shows = |less: &World| {
            let judge = Self::of(less);
            judge.first_wrong(given).is_some_and(|(of, _, still)| of == key && still == wrong)
        };
        let small = shrink(world, &shows);
        let held: Vec<_> = ask::entries(&small.inventory(), given)
            .into_iter()
            .filter(|entry| ask::key(entry) == *key)
            .map(|entry| (entry.decision.causes, entry.decision.reason))
            .collect();
        let why: Vec<&Reason> = reasons.iter().filter(|reason| reason.must && reason.stands(given)).collect();
        Some(format!(
            "{wrong:?}, while the model has {why:?}; the core says {held:?}\n  {key:?} given {given:?}\n{}",
            small.show()
        ))
    }
}
