//! `cargo xtask worlds`: the core's laws on many generated worlds, with all counts.

use crate::cargo::cargo;
use anyhow::{Context as _, ensure};

/// The packages of every other test, so that nothing is compiled twice.
const TEST: [&str; 7] = ["test", "--quiet", "--locked", "--test", "worlds", "--", "--nocapture"];

pub(crate) fn run(worlds: u64, seed: u64) -> anyhow::Result<()> {
    let mut command = cargo();
    command.args(TEST);
    command.env("PROBATE_WORLDS", worlds.to_string()).env("PROBATE_SEED", seed.to_string());
    ensure!(command.status().context("cannot start cargo")?.success(), "a law does not hold");
    Ok(())
}
