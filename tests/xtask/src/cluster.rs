//! `cargo xtask cluster up|down|status|crds`: hands over to `tests/apiserver`, so that no other chore waits for a Kubernetes client to
//! be compiled.

use crate::cargo::cargo;
use anyhow::{Context as _, ensure};

pub(crate) fn run(verb: &str) -> anyhow::Result<()> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "--bin", "control-plane", "--", verb]);
    let status = command.status().context("cannot start cargo")?;
    ensure!(status.success(), "cluster {verb} failed");
    Ok(())
}
