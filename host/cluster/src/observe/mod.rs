//! Observe: what a cluster has, listed and watched, and what is known to be whole. Events only say that something changed.

pub mod collect;
pub mod discover;
pub mod inventory;
pub mod live;
pub(crate) mod raw;
pub mod store;
pub mod watch;
