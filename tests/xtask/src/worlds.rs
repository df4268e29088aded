//! `cargo xtask worlds`: the core's laws on many generated worlds, with all counts.

use crate::generated::root;
use anyhow::{Context as _, ensure};
use std::process::Command;

/// The packages of every other test, so that nothing is compiled twice.
const TEST: [&str; 7] = ["test", "--quiet", "--locked", "--test", "worlds", "--", "--nocapture"];

pub(crate) fn run(worlds: u64, seed: u64) -> anyhow::Result<()> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(TEST).current_dir(root());
    command.env("PROBATE_WORLDS", worlds.to_string()).env("PROBATE_SEED", seed.to_string());
    ensure!(command.status().context("cannot start cargo")?.success(), "a law does not hold");
    Ok(())
}
