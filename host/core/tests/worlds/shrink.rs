//! Makes a world that shows something smaller, and prints it.

use crate::world::World;

/// Takes objects, records and statements away while it still shows.
pub(crate) fn shrink(world: &World, shows: &dyn Fn(&World) -> bool) -> World {
    let mut world = world.clone();
    let mut smaller = true;
    while smaller {
        smaller = false;
        for cluster in 0..world.clusters.len() {
            let mut at = 0;
            while at < world.clusters[cluster].objects.len() {
                let mut less = world.clone();
                less.clusters[cluster].objects.remove(at);
                if shows(&less) {
                    world = less;
                    smaller = true;
                } else {
                    at += 1;
                }
            }
        }
        let mut at = 0;
        while at < world.records.len() {
            let mut less = world.clone();
            less.records.remove(at);
            if shows(&less) {
                world = less;
                smaller = true;
            } else {
                at += 1;
            }
        }
    }
    world
}
