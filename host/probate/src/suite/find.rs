//! Where tests are: suites (`kind: PolicyTest`) and native tests (`*_test.rego`), in files and folders.

use super::tree::{self, Body, Node};
use crate::document;
use crate::policies::find::{is_test, unknown_kind};
use probate_contract::suite::PolicyTest;
use probate_contract::{API_VERSION, Diagnostic};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;
use walkdir::WalkDir;

/// A suite as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Suite {
    pub(crate) path: PathBuf,
    /// Which document of the file, from 0.
    pub(crate) document: usize,
    pub(crate) test: PolicyTest,
    pub(crate) raw: Value,
    tree: Option<Node>,
}

impl Suite {
    /// As the user would name it.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// A path of the suite, relative to its folder.
    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        tidy(&self.path.parent().unwrap_or(Path::new("")).join(path))
    }

    /// The case or row at these indices.
    pub(crate) fn node(&self, path: &[usize]) -> Option<&Node> {
        let mut node = self.tree.as_ref()?;
        for (depth, at) in path.iter().enumerate() {
            node = node.get(if depth == 0 { "cases" } else { "table" })?.item(*at)?;
        }
        Some(node)
    }

    /// Line of a key of the suite.
    pub(crate) fn line(&self, key: &str) -> Option<u64> {
        self.tree.as_ref()?.entry(key).map(|(key, _)| key.line)
    }

    /// A message about the suite.
    pub(crate) fn diagnostic(&self, code: &str, message: impl Into<String>, line: Option<u64>) -> Diagnostic {
        let diagnostic = Diagnostic::error(code, message).file(self.name());
        let document = u64::try_from(self.document).unwrap_or(0) + 1;
        let diagnostic = if document > 1 { diagnostic.document(document) } else { diagnostic };
        match line {
            Some(line) => diagnostic.at(line, 1),
            None => diagnostic,
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) suites: Vec<Suite>,
    pub(crate) natives: BTreeSet<PathBuf>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Without `..` after a name and without `.`; links are not followed for it.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            part => tidied.push(part),
        }
    }
    if tidied.as_os_str().is_empty() { PathBuf::from(".") } else { tidied }
}

/// Finds all tests.
pub(crate) fn find(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        let path = &tidy(path);
        if path.is_dir() {
            folder(path, &mut found);
        } else if is_test(path) && path.is_file() {
            found.natives.insert(path.clone());
        } else {
            match suites(path) {
                Ok(suites) if suites.is_empty() => found.diagnostics.push(
                    Diagnostic::error("PB8001", "no test suite is here")
                        .file(path.display().to_string())
                        .fix("give a file with kind: PolicyTest, a *_test.rego, or a folder of them"),
                ),
                Ok(suites) => found.suites.extend(suites),
                Err(diagnostics) => found.diagnostics.extend(diagnostics),
            }
        }
    }
    found.suites.sort_by(|left, right| (&left.path, left.document).cmp(&(&right.path, right.document)));
    found.suites.dedup_by(|left, right| (&left.path, left.document) == (&right.path, right.document));
    found
}

fn folder(root: &Path, found: &mut Found) {
    let hidden = |name: &std::ffi::OsStr| {
        name.to_str().is_some_and(|name| {
            (name.starts_with('.') && name != "." && name != "..")
                || name == "target"
                || name == "node_modules"
        })
    };
    let walk = WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !hidden(entry.file_name()));
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.diagnostics.push(Diagnostic::error("PB8001", error.to_string()));
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let path = tidy(entry.path());
        if is_test(&path) {
            found.natives.insert(path);
        } else if matches!(path.extension().and_then(std::ffi::OsStr::to_str), Some("yaml" | "yml")) {
            match suites(&path) {
                Ok(suites) => found.suites.extend(suites),
                Err(diagnostics) => found.diagnostics.extend(diagnostics),
            }
        }
    }
}

/// The suites of a file.
fn suites(path: &Path) -> Result<Vec<Suite>, Vec<Diagnostic>> {
    static KIND: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?m)^[ \t]*"?kind"?:[ \t]*["']?PolicyTest\b"#).ok());
    let text = document::text(path, "PB8001").map_err(|diagnostic| {
        vec![diagnostic.fix("give a file with kind: PolicyTest, a *_test.rego, or a folder of them")]
    })?;
    let looks_like_one = text.contains("probate.dev/") && text.contains("cases:");
    if !looks_like_one && KIND.as_ref().is_some_and(|kind| !kind.is_match(&text)) {
        return Ok(Vec::new());
    }
    let name = path.display().to_string();
    let documents: Vec<Value> =
        document::parse(&text, &name, "PB8002").map_err(|diagnostic| vec![diagnostic])?;
    let single = documents.len() == 1;
    let nodes = tree::parse(&text).unwrap_or_default();
    let mut found = Vec::new();
    let mut wrong: Vec<Diagnostic> = documents.iter().filter_map(|raw| unknown_kind(raw, &name)).collect();
    for (at, raw) in documents.into_iter().enumerate() {
        if raw.get("kind").and_then(Value::as_str) != Some("PolicyTest") {
            continue;
        }
        match typed(&raw, single.then_some(text.as_str()), &name, at) {
            Ok(test) => found.push(Suite {
                path: path.to_owned(),
                document: at,
                test,
                raw,
                tree: nodes.get(at).cloned(),
            }),
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    for suite in &found {
        wrong.extend(shape(suite));
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// A document as a suite; parsed from the text where it is alone, so that what is wrong has a line.
fn typed(raw: &Value, text: Option<&str>, name: &str, at: usize) -> Result<PolicyTest, Diagnostic> {
    // A row's expect may take back what its case expects with null.
    let mut bare = raw.clone();
    strip(&mut bare);
    let fit = serde_json::from_value(bare).map_err(|error| {
        Diagnostic::error("PB8002", error.to_string())
            .file(name)
            .document(u64::try_from(at).unwrap_or(0) + 1)
            .fix("see `probate schema test`")
    });
    match (fit, text) {
        (Err(plain), Some(text)) => match serde_saphyr::from_str::<PolicyTest>(text) {
            Err(placed) => Err(document::told(&placed, name, "PB8002", "see `probate schema test`")),
            Ok(_) => Err(plain),
        },
        (fit, _) => fit,
    }
}

/// Takes nulls out of every `expect`.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::Object(expect) if key == "expect" => expect.retain(|_, value| !value.is_null()),
                    Value::Array(_) if key == "cases" || key == "table" => strip(value),
                    _ => {}
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// What the types cannot say.
fn shape(suite: &Suite) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    if suite.test.api_version != API_VERSION {
        let message = format!("apiVersion is `{}`", suite.test.api_version);
        wrong.push(
            suite
                .diagnostic("PB8002", message, suite.line("apiVersion"))
                .fix("write apiVersion: probate.dev/v1alpha1"),
        );
    }
    if suite.test.policies.is_empty() {
        wrong.push(
            suite
                .diagnostic("PB8002", "the suite names no policy", suite.line("policies"))
                .fix("write policies: [../policy.yaml]"),
        );
    }
    wrong
}

/// True where the node is a mapping that stands in one pair of braces.
pub(crate) fn is_flow(node: &Node) -> bool {
    matches!(node.body, Body::Map { flow: true, .. })
}

#[cfg(test)]
mod tests {
    use super::tidy;
    use std::path::Path;

    #[test]
    fn paths_are_tidied() {
        for (path, tidied) in [
            ("a/b/../c", "a/c"),
            ("./a", "a"),
            ("../a", "../a"),
            ("../../a/..", "../.."),
            (".", "."),
            ("/a/../b", "/b"),
        ] {
            assert_eq!(tidy(Path::new(path)), Path::new(tidied), "{path}");
        }
    }
}
