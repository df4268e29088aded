//! `cargo xtask plant`: plants the mistakes of `tests/data/mutations.json` in the core, one at a time, and runs the core's own tests
//! alone. Each must turn one red. Nothing of the working tree is touched: a worktree of its own holds what is committed, and a
//! target directory of its own the core and what it needs.

use crate::bench::say;
use crate::cargo::{cargo, target};
use crate::generated::root;
use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What to plant.
#[derive(Args)]
pub(crate) struct PlantArgs {
    /// Only mistakes whose name holds this
    #[arg(long)]
    only: Option<String>,
    /// Only looks whether each mistake still finds its line
    #[arg(long)]
    check: bool,
}

/// One line of the core, and the mistake in its place.
struct Mistake {
    name: String,
    file: String,
    line: String,
    instead: String,
}

/// What became of a mistake.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    /// The tests that turned red.
    Caught(&'static str),
    Missed,
    /// The mistake is none that a compiler lets pass.
    Refused,
}

pub(crate) fn run(args: &PlantArgs) -> anyhow::Result<()> {
    let mistakes = mistakes(args)?;
    ensure!(!mistakes.is_empty(), "no mistake has that name");
    if args.check {
        mistakes.iter().try_for_each(|mistake| mistake.planted(&root()).map(drop))?;
        return say(&format!("{} mistakes find their lines", mistakes.len()));
    }
    let tree = target().join("plant/tree");
    if tree.exists() {
        git(&["worktree", "remove", "--force"], &tree)?;
    }
    git(&["worktree", "add", "--detach"], &tree)?;
    let done = try_all(&tree, &mistakes);
    git(&["worktree", "remove", "--force"], &tree)?;
    done
}

fn mistakes(args: &PlantArgs) -> anyhow::Result<Vec<Mistake>> {
    let path = root().join("tests/data/mutations.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let list: Vec<Value> = serde_json::from_str(&text)?;
    let mistake = |entry: &Value| {
        let text = |key: &str| {
            let text =
                entry.get(key).and_then(Value::as_str).with_context(|| format!("`{key}` is missing"))?;
            anyhow::Ok(text.to_owned())
        };
        anyhow::Ok(Mistake {
            name: text("name")?,
            file: text("file")?,
            line: text("line")?,
            instead: text("instead")?,
        })
    };
    let all: Vec<Mistake> = list.iter().map(mistake).collect::<anyhow::Result<_>>()?;
    let wanted =
        |mistake: &Mistake| args.only.as_ref().is_none_or(|only| mistake.name.contains(only.as_str()));
    Ok(all.into_iter().filter(wanted).collect())
}

impl Mistake {
    /// The file's path, its text, and its text with the mistake.
    fn planted(&self, tree: &Path) -> anyhow::Result<(PathBuf, String, String)> {
        let path = tree.join(&self.file);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", self.file))?;
        let found = text.matches(&self.line).count();
        ensure!(found == 1, "{}: `{}` is in {} {found} times", self.name, self.line, self.file);
        let with = text.replace(&self.line, &self.instead);
        Ok((path, text, with))
    }
}

fn try_all(tree: &Path, mistakes: &[Mistake]) -> anyhow::Result<()> {
    ensure!(outcome(tree)? == Outcome::Missed, "the core's tests fail before any mistake is planted");
    let mut wrong = 0;
    for mistake in mistakes {
        let begin = Instant::now();
        let (path, text, with) = mistake.planted(tree)?;
        std::fs::write(&path, with)?;
        let outcome = outcome(tree);
        std::fs::write(&path, text)?;
        let word = match outcome? {
            Outcome::Caught(tests) => format!("caught by {tests}"),
            Outcome::Missed => "MISSED".to_owned(),
            Outcome::Refused => "DOES NOT COMPILE".to_owned(),
        };
        wrong += usize::from(!word.starts_with("caught"));
        say(&format!("{word:<24} {:>4} s  {}", begin.elapsed().as_secs(), mistake.name))?;
    }
    say(&format!("{} of {} mistakes caught", mistakes.len() - wrong, mistakes.len()))?;
    ensure!(wrong == 0, "{wrong} mistakes turned no test red");
    Ok(())
}

/// The quickest tests first.
fn outcome(tree: &Path) -> anyhow::Result<Outcome> {
    const TESTS: [(&str, &[&str]); 3] =
        [("unit tests", &["--lib"]), ("rails", &["--test", "rails"]), ("worlds", &["--test", "worlds"])];
    for (name, test) in TESTS {
        if !passes(tree, &[test, &["--no-run"]].concat())? {
            return Ok(Outcome::Refused);
        }
        if !passes(tree, test)? {
            return Ok(Outcome::Caught(name));
        }
    }
    Ok(Outcome::Missed)
}

/// Whether `cargo test` of the core alone succeeds.
fn passes(tree: &Path, args: &[&str]) -> anyhow::Result<bool> {
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--locked", "--package", "probate-core"])
        .args(["--config", "profile.dev.package.probate-core.opt-level=0"])
        .args(args)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", target().join("plant/target"));
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    Ok(status.context("cannot start cargo")?.success())
}

fn git(args: &[&str], tree: &Path) -> anyhow::Result<()> {
    let status =
        Command::new("git").args(args).arg(tree).current_dir(root()).stderr(Stdio::null()).status()?;
    ensure!(status.success(), "git {}", args.join(" "));
    Ok(())
}
