//! `cargo xtask install-check`: what a new user does. Installs the command from a folder outside the workspace, under a toolchain
//! other than the workspace's own, plans the quickstart with what was installed, and makes new policies with it: in Rego, and in
//! Rust inside a checkout and outside, each built with the one command of its README. A new policy's tests pass, and fail once its
//! verdicts are turned round.
//!
//! Outside a checkout a new Rust policy takes the SDK from the repository's URL at this version's tag. A clone of what is committed
//! here stands in for it, since the tag of a version that is not yet released exists nowhere.

use crate::bench::say;
use crate::cargo;
use crate::generated::root;
use anyhow::{Context as _, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set by the cargo that runs this one; a cargo for somebody else's folder is to choose for itself.
const OURS: [&str; 6] =
    ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC", "CARGO_MANIFEST_DIR", "CARGO_TARGET_DIR"];

pub(crate) fn run() -> anyhow::Result<()> {
    let toolchain = other_toolchain()?;
    let name = format!("probate-install-{}", std::process::id());
    let (outside, inside) = (std::env::temp_dir().join(&name), root().join("target").join(&name));
    std::fs::create_dir_all(&outside)?;
    std::fs::create_dir_all(&inside)?;
    let done = check(&toolchain, &outside, &inside);
    std::fs::remove_dir_all(&outside)?;
    std::fs::remove_dir_all(&inside)?;
    done
}

fn check(toolchain: &str, outside: &Path, inside: &Path) -> anyhow::Result<()> {
    say(&format!("==> installed with {toolchain} from outside the workspace"))?;
    let probate = Probate { binary: install(toolchain, outside)?, cache: outside.join("cache") };
    probate.succeed(outside, &["version"])?;
    let (dump, policies) = (root().join("examples/quickstart/dump"), root().join("policies"));
    probate.succeed(outside, &["plan", &text(&dump)?, "-p", &text(&policies)?])?;

    say("==> a new policy in Rego")?;
    probate.succeed(outside, &["init", "rego", "in-rego"])?;
    probate.verified(&outside.join("in-rego"), "policy.rego", ("\"Retain\"", "\"Delete\""), || Ok(()))?;

    say("==> a new policy in Rust, inside a checkout")?;
    probate.succeed(inside, &["init", "rust", "in-rust"])?;
    let folder = inside.join("in-rust");
    let build = || build(&folder, &[]);
    build()?;
    probate.verified(&folder, "src/lib.rs", ("Verdict::retain(", "Verdict::delete("), build)?;

    say("==> a new policy in Rust, outside")?;
    probate.succeed(outside, &["init", "rust", "in-rust"])?;
    let folder = outside.join("in-rust");
    build_from_url(&folder, outside)?;
    probate.succeed(outside, &["test", "in-rust"])
}

/// Installs the command and gives its path.
fn install(toolchain: &str, outside: &Path) -> anyhow::Result<PathBuf> {
    let to = outside.join("root");
    let target = cargo::target().join("install");
    // `--debug`: the profile of the workspace's own builds; what is tested is that it installs, not how fast it runs.
    let mut install = clean("rustup");
    install.args(["run", toolchain, "cargo", "install", "--locked", "--debug", "--path"]);
    install.arg(root().join("host/probate")).arg("--root").arg(&to).arg("--target-dir").arg(target);
    succeed(install.current_dir(outside))?;
    Ok(to.join("bin/probate"))
}

/// The command that was installed.
struct Probate {
    binary: PathBuf,
    cache: PathBuf,
}

impl Probate {
    fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).current_dir(folder).env("PROBATE_CACHE_DIR", &self.cache);
        command
    }

    fn succeed(&self, folder: &Path, args: &[&str]) -> anyhow::Result<()> {
        succeed(&mut self.command(folder, args))
    }

    /// The policy's tests pass, and fail once two verdicts have changed places.
    fn verified(
        &self,
        folder: &Path,
        file: &str,
        (one, other): (&str, &str),
        build: impl Fn() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.succeed(folder, &["test", "."])?;
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path)?;
        ensure!(text.contains(one) && text.contains(other), "{file} has no {one} and {other}");
        std::fs::write(&path, text.replace(one, "\0").replace(other, one).replace('\0', other))?;
        build()?;
        let status = self.command(folder, &["test", "."]).status()?;
        std::fs::write(&path, text)?;
        ensure!(status.code() == Some(1), "{}: inverted, its tests end with {status}", folder.display());
        say("the tests above fail as they must: the verdicts are turned round")
    }
}

/// The one command that the policy's README tells to build it with.
fn build(folder: &Path, environment: &[(&str, String)]) -> anyhow::Result<()> {
    let readme = std::fs::read_to_string(folder.join("README.md"))?;
    let told: Vec<&str> = readme.lines().filter(|line| line.starts_with("cargo build ")).collect();
    let [line] = told.as_slice() else { bail!("the README tells {} commands to build", told.len()) };
    let mut words = line.split_whitespace();
    let mut command = clean(words.next().unwrap_or_default());
    command.args(words).current_dir(folder).envs(environment.iter().map(|(name, value)| (*name, value)));
    succeed(&mut command)
}

/// Builds with a clone in place of the repository's URL, and without touching the user's own clones of it.
fn build_from_url(folder: &Path, outside: &Path) -> anyhow::Result<()> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml"))?;
    let quoted = |key: &str| {
        let rest = manifest.split_once(&format!("{key} = \""))?.1;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let (url, tag) = (quoted("git").context("no URL")?, quoted("tag").context("no tag")?);
    let clone = outside.join("clone");
    succeed(clean("git").args(["clone", "--quiet", "--bare"]).arg(root()).arg(&clone))?;
    succeed(clean("git").args(["tag", "--force", &tag]).current_dir(&clone))?;
    let home = outside.join("cargo-home");
    std::fs::create_dir_all(&home)?;
    for name in ["registry", "config.toml"] {
        let from = cargo_home()?.join(name);
        if from.exists() {
            std::os::unix::fs::symlink(from, home.join(name))?;
        }
    }
    let environment = [
        ("CARGO_HOME", text(&home)?),
        ("CARGO_NET_GIT_FETCH_WITH_CLI", "true".into()),
        ("GIT_CONFIG_COUNT", "1".into()),
        ("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", text(&clone)?)),
        ("GIT_CONFIG_VALUE_0", url),
    ];
    build(folder, &environment)
}

fn cargo_home() -> anyhow::Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(home)
        .context("neither CARGO_HOME nor HOME is set")
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

/// A command without what the cargo around us has set.
fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    for name in OURS {
        command.env_remove(name);
    }
    command
}

fn text(path: &Path) -> anyhow::Result<String> {
    Ok(path.to_str().context("a path that is no text")?.to_owned())
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
