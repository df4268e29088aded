//! `cargo xtask ci`: everything that must hold before a change is merged. The one test command of the README.
//!
//! All steps without `--package` select the same packages, so that cargo compiles wasmtime once; the Rego guest's native tests,
//! which need a native regorus, come in a step of their own.

use crate::cargo::cargo;
use crate::generated::root;
use crate::{deploy, evidence, pages, schemas, twins};
use anyhow::{Context as _, bail, ensure};
use std::time::Instant;

/// What proptest begins with.
const SEED: &str = "PROPTEST_RNG_SEED";
/// How many tests of a binary run at once.
const THREADS: &str = "RUST_TEST_THREADS";

enum Step {
    Chore(fn() -> anyhow::Result<()>),
    Cargo(&'static [&'static str]),
}

const STEPS: [(&str, Step); 8] = [
    ("formatting", Step::Cargo(&["fmt", "--all", "--check"])),
    ("schemas are up to date", Step::Chore(|| schemas::run(true))),
    ("evidence page is up to date", Step::Chore(|| evidence::run(true))),
    ("pages are up to date", Step::Chore(|| pages::run(true))),
    ("what is installed is up to date", Step::Chore(|| deploy::run(true))),
    ("twins", Step::Chore(twins::run)),
    ("tests", Step::Cargo(&["test", "--locked", "--no-fail-fast"])),
    (
        "tests of the Rego guest",
        Step::Cargo(&["test", "--locked", "--no-fail-fast", "--package", "probate-rego"]),
    ),
];

const LINTS: (&str, Step) =
    ("lints", Step::Cargo(&["clippy", "--locked", "--all-targets", "--", "--deny", "warnings"]));

pub(crate) fn run(lints: bool) -> anyhow::Result<()> {
    let mut table = Vec::new();
    let mut failed = Vec::new();
    for (name, step) in STEPS.into_iter().chain(lints.then_some(LINTS)) {
        say(&format!("==> {name}"))?;
        let begin = Instant::now();
        let done = match step {
            Step::Chore(chore) => chore(),
            Step::Cargo(args) => passed(args),
        };
        let word = if done.is_ok() { "passed" } else { "FAILED" };
        table.push(format!("{word:<8}{:>7.1} s  {name}", begin.elapsed().as_secs_f64()));
        if let Err(error) = done {
            say(&format!("{name}: {error:#}"))?;
            failed.push(name);
        }
    }
    say(&table.join("\n"))?;
    if !failed.is_empty() {
        bail!("{} failed: {}", failed.len(), failed.join(", "));
    }
    Ok(())
}

fn passed(args: &[&str]) -> anyhow::Result<()> {
    let mut command = cargo();
    // insta would take the checkout in which the test was compiled.
    command.args(args).env("INSTA_WORKSPACE_ROOT", root());
    if std::env::var_os(SEED).is_none() {
        // The same cases each time: a change is judged by itself, and the long runs look for new ones.
        command.env(SEED, "1");
    }
    if std::env::var_os(THREADS).is_none() {
        // Half of what the tests of a control plane take is waiting for it.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        command.env(THREADS, (2 * cores).to_string());
    }
    let status = command.status().context("cannot start cargo")?;
    ensure!(status.success(), "cargo {}", args.join(" "));
    Ok(())
}

fn say(text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
