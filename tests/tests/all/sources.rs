//! What holds for every source file: its head, its length, what it may use; and what is generated or frozen.

use crate::support::root;
use regex::Regex;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// SHA-256 of the released interface. A released folder never changes: a new version gets a folder and an adapter of its own.
const SINCE_V0_1_0: &str = "9a19e2967ce65e70a73819bd8487cdbdb50cd8f3619b77d766c85269f97c670c";

/// Tracked and new files of the workspace, none that git ignores.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    let files = listed.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from);
    files.filter(|path| root().join(path).is_file()).collect()
}

fn rust() -> Vec<(PathBuf, String)> {
    let rust = files().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let all: Vec<_> = rust.map(|path| (path.clone(), read(&path))).collect();
    assert!(all.len() > 100, "the sources are found");
    all
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The text without comments, and up to its unit tests.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = body.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_in_its_head_what_it_is() {
    let says = |text: &str| text.starts_with("//!");
    let silent: Vec<PathBuf> =
        rust().into_iter().filter(|(_, text)| !says(text)).map(|(path, _)| path).collect();
    assert_eq!(silent, Vec::<PathBuf>::new());
    assert!(says("//! What it is.") && !says("// What it is."));
}

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    let long = |text: &str| text.lines().count() > 500;
    let wrong: Vec<PathBuf> =
        rust().into_iter().filter(|(_, text)| long(text)).map(|(path, _)| path).collect();
    assert_eq!(wrong, Vec::<PathBuf>::new());
    assert!(long(&"\n".repeat(501)) && !long(&"\n".repeat(500)));
}

#[test]
fn the_core_has_no_world_of_its_own() {
    let forbidden = Regex::new(
        r"\b(std::(fs|env|net|process|os)\b|SystemTime|Instant\b|println!|eprintln!|Zoned::now|Timestamp::now|RandomState|thread::sleep|HashMap::default\(\).*iter)",
    )
    .unwrap();
    let mut wrong = Vec::new();
    for (path, text) in rust().into_iter().filter(|(path, _)| path.starts_with("host/core/src")) {
        for found in forbidden.find_iter(&code(&text)) {
            wrong.push(format!("{}: {}", path.display(), found.as_str()));
        }
    }
    none(wrong);
    assert!(forbidden.is_match("let now = std::time::SystemTime::now();"));
    assert!(forbidden.is_match("use std::fs;"));
}

#[test]
fn unsafe_code_stands_in_the_compiled_cache_alone() {
    let word = Regex::new(r"\bunsafe\s*(\{|fn\b|impl\b|extern\b|trait\b|\()").unwrap();
    let used: Vec<String> = rust()
        .into_iter()
        .filter(|(path, _)| !path.starts_with("tests"))
        .filter(|(_, text)| word.is_match(&code(text)))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_eq!(used, ["host/sandbox/src/cache.rs"]);
}

#[test]
fn nothing_names_a_machine() {
    let home = Regex::new(r"(^|[\s\x22'=(`])/(root|work|home/runner)/").unwrap();
    let mut wrong = Vec::new();
    for path in files() {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        for (at, line) in text.lines().enumerate() {
            if home.is_match(line) {
                wrong.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    none(wrong);
    assert!(home.is_match(&format!("see /{}/file", "root")));
}

#[test]
fn a_released_interface_is_frozen() {
    let text = read(Path::new("sdk/wit/since_v0.1.0/policy.wit"));
    let digest: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, SINCE_V0_1_0, "a released folder of sdk/wit never changes");
    let copy = read(Path::new("host/rego/wit/deps/policy/policy.wit"));
    assert_eq!(copy, text, "the Rego guest exports the same interface");
    let released = std::fs::read_dir(root().join("sdk/wit")).unwrap().count();
    assert_eq!(released, 1, "each released folder has its digest here");
}

#[test]
fn schemas_are_what_the_types_say() {
    for (name, schema) in probate_contract::schema::all() {
        let stands: serde_json::Value =
            serde_json::from_str(&read(&PathBuf::from(format!("sdk/schema/{name}.schema.json")))).unwrap();
        assert!(stands == schema, "sdk/schema/{name}.schema.json: run `cargo xtask schemas`");
    }
}
