//! Every command that a README shows is run, and what it shows is compared.
//!
//! A `console` block holds commands (`$ probate …`) and what they print; `...` stands for any lines. A command without output
//! must end well; one that ends otherwise says so in a line `? CODE`. Commands that build or install things stand in `sh`
//! blocks; CI runs them.

use crate::support::{binary, cache, root};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The READMEs, with how many commands each must at least have.
fn readmes() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("README.md"), PathBuf::from("policies/README.md")];
    for folder in ["examples", "policies"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path().join("README.md");
            if path.exists() {
                found.push(path.strip_prefix(root()).unwrap().to_path_buf());
            }
        }
    }
    found.retain(|path| root().join(path).exists());
    found.sort();
    found
}

/// The console blocks of a page, one trycmd case each, with `...` where a command shows no output.
fn commands(page: &str) -> (String, usize) {
    let (mut text, mut count, mut block) = (String::new(), 0, "");
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            if block.is_empty() {
                block = line;
            } else {
                block = "";
            }
            match (line, block) {
                ("```console", "```console") => text.push_str("```console\n"),
                ("```", "") if !text.is_empty() && !text.ends_with("```\n\n") => {
                    // trycmd takes the last line break for its own.
                    text.push_str(if text.ends_with("\n...\n") { "```\n\n" } else { "\n```\n\n" });
                }
                _ => {}
            }
            continue;
        }
        if block != "```console" {
            continue;
        }
        writeln!(text, "{line}").unwrap();
        count += usize::from(line.starts_with("$ "));
        let may_be_bare = line.starts_with("$ ") || line.starts_with("? ");
        let last = lines.peek().is_none_or(|next| next.starts_with("$ ") || next.starts_with("```"));
        if may_be_bare && last {
            text.push_str("...\n");
        }
    }
    (text, count)
}

#[test]
fn every_command_of_every_readme() {
    std::env::set_current_dir(root()).unwrap();
    let pages = tempfile::tempdir().unwrap();
    let mut all = 0;
    for path in readmes() {
        if path.starts_with("examples/rust-policy")
            && !root().join("examples/rust-policy/policy.wasm").exists()
        {
            eprintln!("SKIPPED: {} needs policy.wasm: cargo xtask twins builds it", path.display());
            continue;
        }
        let (text, count) = commands(&std::fs::read_to_string(root().join(&path)).unwrap());
        all += count;
        if count > 0 {
            let name = path.display().to_string().replace('/', "-");
            std::fs::write(pages.path().join(name), text).unwrap();
        }
    }
    assert!(all >= 8, "the READMEs show {all} commands");
    let cases = trycmd::TestCases::new();
    cases
        .register_bin("probate", binary())
        .env("PROBATE_CACHE_DIR", cache().display().to_string())
        .env("NO_COLOR", "1")
        .env("COLUMNS", "120")
        .case(pages.path().join("*.md"));
    cases.run();
}

#[test]
fn every_example_and_policy_has_a_readme_and_links_lead_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)#:]+)(#[^)]*)?\)").unwrap();
    let mut wrong = Vec::new();
    for folder in ["examples", "policies"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let is_subject = path.is_dir() && !path.ends_with("src") && !path.ends_with("target");
            if is_subject && !path.join("README.md").exists() {
                wrong.push(format!("{} has no README", path.display()));
            }
        }
    }
    for readme in readmes() {
        let text = std::fs::read_to_string(root().join(&readme)).unwrap();
        let folder = root().join(&readme).parent().map(Path::to_path_buf).unwrap();
        for found in link.captures_iter(&text) {
            if !folder.join(&found[1]).exists() {
                wrong.push(format!("{}: {} leads nowhere", readme.display(), &found[1]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn commands_are_taken_from_console_blocks() {
    let page = "# T\n\n```sh\n$ no\n```\n\n```console\n$ probate a\n$ probate b\nout\n```\ntext\n```console\n$ probate c\n? 3\n```\n";
    let (text, count) = commands(page);
    assert_eq!(count, 3);
    assert_eq!(
        text,
        "```console\n$ probate a\n...\n$ probate b\nout\n\n```\n\n```console\n$ probate c\n? 3\n...\n```\n\n"
    );
}
