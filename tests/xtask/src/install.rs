//! `cargo xtask install-check`: what a new user does. Installs the command from a folder outside the workspace, under a toolchain
//! other than the workspace's own, and plans the quickstart with what was installed.

use crate::generated::root;
use anyhow::{Context as _, ensure};
use std::path::Path;
use std::process::Command;

pub(crate) fn run() -> anyhow::Result<()> {
    let toolchain = other_toolchain()?;
    let outside = std::env::temp_dir().join(format!("probate-install-{}", std::process::id()));
    std::fs::create_dir_all(&outside)?;
    let done = check(&toolchain, &outside);
    std::fs::remove_dir_all(&outside)?;
    done
}

fn check(toolchain: &str, outside: &Path) -> anyhow::Result<()> {
    let to = outside.join("root");
    // `--debug`: the profile of the workspace's own builds; what is tested is that it installs, not how fast it runs.
    let mut install = Command::new("rustup");
    install.args(["run", toolchain, "cargo", "install", "--locked", "--debug", "--path"]);
    install.arg(root().join("host/probate")).arg("--root").arg(&to).current_dir(outside);
    if std::env::var_os("CARGO_TARGET_DIR").is_none() {
        install.env("CARGO_TARGET_DIR", root().join("target/install"));
    }
    for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC", "CARGO_MANIFEST_DIR"] {
        install.env_remove(name);
    }
    succeed(&mut install)?;
    let probate = to.join("bin/probate");
    succeed(Command::new(&probate).arg("version").current_dir(outside))?;
    let (dump, policies) = (root().join("examples/quickstart/dump"), root().join("policies"));
    let mut plan = Command::new(&probate);
    plan.arg("plan").arg(dump).arg("-p").arg(policies).current_dir(outside);
    succeed(plan.env("PROBATE_CACHE_DIR", outside.join("cache")))
}

/// A toolchain that is installed and is not the workspace's.
fn other_toolchain() -> anyhow::Result<String> {
    let file = std::fs::read_to_string(root().join("rust-toolchain.toml"))?;
    let own =
        file.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap_or_default().trim_matches('"');
    let output =
        Command::new("rustup").args(["toolchain", "list"]).output().context("rustup is not installed")?;
    let text = String::from_utf8(output.stdout)?;
    text.lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|name| own.is_empty() || !name.starts_with(own))
        .map(str::to_owned)
        .context("no second toolchain: rustup toolchain install stable")
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
