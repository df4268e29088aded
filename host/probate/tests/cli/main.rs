//! The command line as its users see it: every output format of a fixed plan, and the real binary's exit codes on small dumps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

mod binary;
mod exits;
mod formats;
mod made;
mod slips;
mod unheard;
mod views;
