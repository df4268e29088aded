//! Worlds to try the laws on: small, layered, and mostly one thing away from an orphan. The same seed gives the same worlds.

mod backups;
mod base;
mod cdi;
mod edges;
mod gaps;
mod harvester;
mod layers;
mod machines;
mod people;
mod plant;
mod random;
mod storage;
mod time;
mod workloads;

pub(crate) use base::{Built, build, typed};
pub(crate) use edges::{Edge, Group, Shape, active};
pub(crate) use plant::Target;
pub(crate) use random::Random;
