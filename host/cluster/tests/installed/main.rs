//! What is installed: the files as they are generated, and on a real API server what the definitions accept and what the admission
//! policies refuse. Without Go the latter is skipped, and said so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

mod chart;
mod files;
mod guard;
mod plane;
mod policies;
mod records;
