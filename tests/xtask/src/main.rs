//! Chores of the workspace: `cargo xtask COMMAND`.

mod bench;
mod cargo;
mod ci;
mod cluster;
mod commands;
mod deploy;
mod evidence;
mod generated;
mod hostile;
mod image;
mod install;
mod invert;
mod logs;
mod pages;
mod plant;
mod schemas;
mod twins;
mod worlds;

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    commands::Chore::parse().run()
}
