//! Dumps as they come and as they should not: every format gives the same objects, and nothing disappears in silence.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may panic and print, its helpers too"
)]

mod collect;
mod corpus;
mod formats;
mod gather;
mod mutate;
mod recorder;

use probate_cli::load::{DumpArg, LoadOptions, Loaded, dumps};
use recorder::Recorder;
use std::path::Path;

/// Loads dumps as the command line names them.
fn load(args: &[String]) -> (Recorder, Loaded) {
    load_with(args, &LoadOptions::default())
}

fn load_with(args: &[String], options: &LoadOptions<'_>) -> (Recorder, Loaded) {
    let args: Vec<DumpArg> = args.iter().map(|arg| arg.parse().unwrap()).collect();
    let mut recorder = Recorder::default();
    let loaded = dumps(&args, options, &mut recorder);
    (recorder, loaded)
}

fn load_path(path: &Path) -> (Recorder, Loaded) {
    load(&[path.display().to_string()])
}
