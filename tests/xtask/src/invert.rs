//! `cargo xtask invert`: turns one comparator or guard around at a time, in the shipped policies and in the core, and runs the
//! tests that should mind. What no test minds is printed.
//!
//! Nothing of the working tree is touched: policies are copied, and the core is inverted in a worktree of its own, which holds
//! what is committed.

use crate::bench::say;
use crate::cargo::{cargo, target};
use crate::generated::root;
use anyhow::{Context as _, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What to invert.
#[derive(Args)]
pub(crate) struct InvertArgs {
    /// Only `policies`, or only `core`
    #[arg(long)]
    only: Option<String>,
    /// At most so many of each
    #[arg(long)]
    limit: Option<usize>,
    /// Only lines of files whose path holds this
    #[arg(long)]
    file: Option<String>,
}

/// Files of the core that decide; directories are taken whole.
const CORE: [&str; 4] = [
    "host/core/src/combine.rs",
    "host/core/src/guard.rs",
    "host/core/src/select.rs",
    "host/core/src/evidence",
];

/// What stands for what; the first that a line holds is tried, then the next. Blanks keep generics and arrows apart.
const REGO: [(&str, &str); 7] = [
    (" == ", " != "),
    (" != ", " == "),
    (" >= ", " < "),
    (" <= ", " > "),
    (" > ", " <= "),
    (" < ", " >= "),
    ("not ", ""),
];
const RUST: [(&str, &str); 12] = [
    (" == ", " != "),
    (" != ", " == "),
    (" >= ", " < "),
    (" <= ", " > "),
    (" > ", " <= "),
    (" < ", " >= "),
    (" && ", " || "),
    (" || ", " && "),
    (".is_some()", ".is_none()"),
    (".is_none()", ".is_some()"),
    ("if !", "if "),
    (".is_empty()", ".is_empty().eq(&false)"),
];

/// One line turned around.
struct Mutation {
    file: PathBuf,
    line: usize,
    text: String,
    was: String,
}

pub(crate) fn run(args: &InvertArgs) -> anyhow::Result<()> {
    let wanted = |part: &str| args.only.as_deref().is_none_or(|only| only == part);
    let mut missed = 0;
    if wanted("policies") {
        missed += policies(args)?;
    }
    if wanted("core") {
        missed += core(args)?;
    }
    ensure!(missed == 0, "{missed} inversions turned no test red");
    Ok(())
}

fn policies(args: &InvertArgs) -> anyhow::Result<usize> {
    quiet(&root(), &["build", "--locked", "--bin", "probate"])?;
    let probate = target().join("debug/probate");
    let copy = target().join("invert/policies");
    if copy.exists() {
        std::fs::remove_dir_all(&copy)?;
    }
    copy_tree(&root().join("policies"), &copy)?;
    let test = |folder: &Path| {
        let mut command = Command::new(&probate);
        command.arg("test").arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command.status().context("cannot start probate")?.success())
    };
    ensure!(test(&copy)?, "the policies' tests fail before anything is inverted");
    let files = files(&copy, "rego")?;
    // A policy's own tests are to mind.
    let own = |file: &Path| test(file.parent().unwrap_or(&copy));
    try_all("policies", mutations(&files, &REGO, args)?, own)
}

fn core(args: &InvertArgs) -> anyhow::Result<usize> {
    let tree = target().join("invert/tree");
    if !tree.exists() {
        let status = Command::new("git")
            .args(["worktree", "add", "--detach"])
            .arg(&tree)
            .current_dir(root())
            .status()?;
        ensure!(status.success(), "git worktree add");
    }
    let done = in_core(&tree, args);
    Command::new("git").args(["worktree", "remove", "--force"]).arg(&tree).current_dir(root()).status()?;
    done
}

fn in_core(tree: &Path, args: &InvertArgs) -> anyhow::Result<usize> {
    let mut sources = Vec::new();
    for path in CORE {
        let path = tree.join(path);
        sources.extend(if path.is_dir() { files(&path, "rs")? } else { vec![path] });
    }
    // The core's own tests first: they are there in seconds.
    let test = |_: &Path| {
        let quick =
            quiet(tree, &["test", "--quiet", "--locked", "--lib", "--package", "probate-core"]).is_ok();
        Ok(quick
            && quiet(
                tree,
                &["test", "--quiet", "--locked", "--test", "all", "--", "guards", "laws", "contract"],
            )
            .is_ok())
    };
    ensure!(test(tree)?, "the core's tests fail before anything is inverted");
    try_all("core", mutations(&sources, &RUST, args)?, test)
}

/// Tries each and gives how many turned no test red.
fn try_all(
    name: &str,
    mutations: Vec<Mutation>,
    test: impl Fn(&Path) -> anyhow::Result<bool>,
) -> anyhow::Result<usize> {
    let (mut caught, total) = (0, mutations.len());
    for mutation in mutations {
        let text = std::fs::read_to_string(&mutation.file)?;
        let mut lines: Vec<&str> = text.lines().collect();
        let Some(line) = lines.get_mut(mutation.line) else { continue };
        *line = &mutation.text;
        std::fs::write(&mutation.file, lines.join("\n") + "\n")?;
        let green = test(&mutation.file);
        std::fs::write(&mutation.file, &text)?;
        if green? {
            say(&format!(
                "MISSED {}:{}: {}",
                mutation.file.display(),
                mutation.line + 1,
                mutation.was.trim()
            ))?;
        } else {
            caught += 1;
        }
    }
    say(&format!("{name}: {caught} of {total} inversions turned a test red"))?;
    Ok(total - caught)
}

/// Every inversion of every line that is code.
fn mutations(files: &[PathBuf], table: &[(&str, &str)], args: &InvertArgs) -> anyhow::Result<Vec<Mutation>> {
    let mut all = Vec::new();
    for file in files {
        if args.file.as_ref().is_some_and(|part| !file.display().to_string().contains(part.as_str())) {
            continue;
        }
        let text = std::fs::read_to_string(file)?;
        let code = text.lines().enumerate().take_while(|(_, line)| line.trim() != "#[cfg(test)]");
        for (at, line) in code.filter(|(_, line)| is_code(line)) {
            for (from, to) in table {
                for (start, _) in line.match_indices(from) {
                    let (before, after) = line.split_at(start);
                    let text = format!("{before}{to}{}", after.strip_prefix(from).unwrap_or(after));
                    all.push(Mutation { file: file.clone(), line: at, text, was: line.to_owned() });
                }
            }
        }
    }
    all.truncate(args.limit.unwrap_or(usize::MAX));
    Ok(all)
}

fn is_code(line: &str) -> bool {
    let line = line.trim_start();
    !(line.starts_with("//") || line.starts_with('#') || line.contains("fn ") || line.starts_with("impl"))
}

fn files(folder: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_tree(&path, &to)?;
        } else {
            std::fs::copy(&path, &to)?;
        }
    }
    Ok(())
}

fn quiet(tree: &Path, args: &[&str]) -> anyhow::Result<()> {
    let mut command = cargo();
    command.args(args).current_dir(tree).env("CARGO_TARGET_DIR", target());
    let status =
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().context("cannot start cargo")?;
    ensure!(status.success(), "cargo {}", args.join(" "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{InvertArgs, REGO, mutations};

    #[test]
    fn each_comparator_of_a_line_is_turned_once() {
        let folder = std::env::temp_dir().join(format!("invert-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("p.rego");
        std::fs::write(&file, "# a == b\nx if {\n\ta == b; c >= d\n}\n").unwrap();
        let args = InvertArgs { only: None, limit: None, file: None };
        let found = mutations(&[file], &REGO, &args).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let texts: Vec<&str> = found.iter().map(|mutation| mutation.text.as_str()).collect();
        assert_eq!(texts, ["\ta != b; c >= d", "\ta == b; c < d"]);
    }
}
