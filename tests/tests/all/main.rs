//! The tests of the whole: one binary, one module a subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

mod ci;
mod cluster;
mod contract;
mod corpus;
mod guards;
mod hostile;
mod laws;
mod layers;
mod log;
mod misspelt;
mod must_gather;
mod printed;
mod readme;
mod schema;
mod sources;
mod support;
mod wants;
mod world;
