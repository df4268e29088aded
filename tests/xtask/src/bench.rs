//! `cargo xtask bench`: one table of what the project promises to be as fast as, measured. Rounds are interleaved: a round runs
//! every row once, each in a process of its own, so that a slow minute hits all of them. Never a test.

mod cluster;
mod engines;
mod plans;
mod process;
mod table;

use crate::cargo;
use crate::generated::root;
use anyhow::{Context as _, ensure};
use clap::Args;
pub(crate) use process::say;
use std::path::{Path, PathBuf};
use std::process::Command;
use table::Table;

/// What to measure.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Rounds
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Claims of the large dump; there are as many volumes and three times as many Pods
    #[arg(long, default_value_t = 100_000)]
    claims: usize,
    /// Documents for the engines
    #[arg(long, default_value_t = 20_000)]
    documents: usize,
    /// Only rows of this part: engines, plans, cluster
    #[arg(long)]
    only: Option<String>,
    /// A must-gather to plan; by default the one among the dumps of `PROBATE_DUMPS`
    #[arg(long)]
    must_gather: Option<PathBuf>,
    /// Where generated dumps are kept
    #[arg(long)]
    folder: Option<PathBuf>,
    #[command(flatten)]
    cluster: cluster::Size,
}

/// The programs that are measured.
pub(crate) struct Built {
    bench: PathBuf,
    probate: PathBuf,
    native: PathBuf,
    folder: PathBuf,
}

pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let wanted = |part: &str| args.only.as_deref().is_none_or(|only| only == part);
    let offline = wanted("engines") || wanted("plans");
    let built = offline.then(|| build(args.folder.clone())).transpose()?;
    let plane = wanted("cluster").then(cluster::build).transpose()?;
    let mut table = Table::default();
    let must_gather = args.must_gather.clone().or_else(dumped);
    for round in 0..args.rounds {
        process::say(&format!("round {} of {}", round + 1, args.rounds))?;
        if let Some(built) = built.as_ref().filter(|_| wanted("engines")) {
            engines::round(built, args.documents, &mut table)?;
        }
        if let Some(built) = built.as_ref().filter(|_| wanted("plans")) {
            plans::round(built, args.claims, must_gather.as_deref(), &mut table)?;
        }
        if let Some(plane) = &plane {
            cluster::round(plane, &args.cluster, &mut table)?;
        }
    }
    process::say(&table.to_string())
}

/// The real must-gather, where it is on this machine.
fn dumped() -> Option<PathBuf> {
    let dumps =
        std::env::var_os("PROBATE_DUMPS").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    Some(dumps.join("must-gather-vsphere.tar.xz")).filter(|file| file.exists())
}

/// Writes a cluster.
pub(crate) fn generate(claims: usize, shape: &str, seed: u64, out: &Path) -> anyhow::Result<()> {
    let built = build(None)?;
    process::quiet(
        Command::new(&built.bench).args(["gen", &claims.to_string(), shape, &seed.to_string()]).arg(out),
    )
}

/// The long run of the differential tests.
pub(crate) fn differential(inputs: usize, native: usize) -> anyhow::Result<()> {
    let built = build(None)?;
    let mut command = Command::new(&built.bench);
    command
        .args(["differential", &inputs.to_string(), &native.to_string()])
        .arg(&built.native)
        .current_dir(root());
    ensure!(command.status()?.success(), "the engines disagree");
    Ok(())
}

fn build(folder: Option<PathBuf>) -> anyhow::Result<Built> {
    // The same packages as `cargo test`, so that nothing large is compiled again.
    for args in [
        ["build", "--locked", "--bin", "probate", "--bin", "probate-bench"].as_slice(),
        &["build", "--locked", "--package", "probate-rego", "--example", "native"],
    ] {
        let status = cargo::cargo().args(args).status().context("cannot start cargo")?;
        ensure!(status.success(), "cargo {}", args.join(" "));
    }
    let target = cargo::target();
    let folder = folder.unwrap_or_else(|| target.join("bench"));
    std::fs::create_dir_all(&folder)?;
    let bin = target.join("debug");
    Ok(Built {
        bench: bin.join("probate-bench"),
        probate: bin.join("probate"),
        native: bin.join("examples/native"),
        folder,
    })
}
