//! Generated worlds of one to three clusters, an always-delete policy, and a reference model of what can still want a volume.
//! `PROBATE_WORLDS` sets how many worlds each law is tried on, `PROBATE_SEED` where they begin, `PROBATE_EDGE` asks for one edge.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test may panic and print, its helpers too"
)]

mod ask;
mod chain;
mod erase;
mod r#gen;
mod graph;
mod judge;
mod laws;
mod model;
mod near;
mod replay;
mod shrink;
mod world;
