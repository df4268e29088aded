//! `cargo xtask cluster up|down|status|crds`: hands over to `tests/apiserver`, so that no other chore waits for a Kubernetes client to
//! be compiled.

use crate::generated::root;
use anyhow::{Context as _, ensure};
use std::process::Command;

pub(crate) fn run(verb: &str) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--locked", "--bin", "control-plane", "--", verb]).current_dir(root());
    let status = command.status().context("cannot start cargo")?;
    ensure!(status.success(), "cluster {verb} failed");
    Ok(())
}
