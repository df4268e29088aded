//! Chores of the workspace: `cargo xtask COMMAND`.

mod ci;
mod commands;
mod evidence;
mod generated;
mod hostile;
mod schemas;
mod twins;

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    commands::Chore::parse().run()
}
