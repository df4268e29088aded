//! `--update`: rewrites the expectations of failing cases in the suite's text, and nothing else.

use super::expect::Difference;
use super::find::{Suite, is_flow};
use super::leaves::Leaf;
use super::tree::{self, Body, Node};
use probate_contract::Diagnostic;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What one failing case would have to expect.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    path: PathBuf,
    document: usize,
    case: Vec<usize>,
    name: String,
    line: Option<u64>,
    changes: Vec<(String, Value)>,
}

impl Edit {
    pub(crate) fn of(suite: &Suite, leaf: &Leaf, differences: &[Difference]) -> Self {
        let change = |difference: &Difference| (difference.key.clone(), difference.actual.clone());
        Self {
            path: suite.path.clone(),
            document: suite.document,
            case: leaf.path.clone(),
            name: leaf.name.clone(),
            line: leaf.line,
            changes: differences.iter().map(change).collect(),
        }
    }

    /// True where a case that kept something would let it go.
    fn deletes(&self) -> bool {
        let word = |value: &Value| match value.as_str() {
            Some(word) => word == "Delete",
            None => value.as_array().is_some_and(|words| words.iter().any(|word| word == "PolicyDelete")),
        };
        self.changes
            .iter()
            .any(|(key, value)| matches!(key.as_str(), "action" | "verdict" | "causes") && word(value))
    }
}

/// What was rewritten.
#[derive(Debug, Default)]
pub struct Updated {
    /// Cases by file.
    pub files: BTreeMap<PathBuf, usize>,
    /// What was not.
    pub diagnostics: Vec<Diagnostic>,
}

/// Rewrites the suites. A Retain becomes a Delete only with `accept_deletes`.
pub fn apply(edits: &[Edit], accept_deletes: bool) -> Updated {
    let mut updated = Updated::default();
    let mut files: BTreeMap<&Path, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        if edit.deletes() && !accept_deletes {
            let message = format!("`{}` would now delete and is left as it is", edit.name);
            let fix = "look at it, then run again with --update --accept-deletes";
            updated.diagnostics.push(refused(edit, message).fix(fix));
        } else {
            files.entry(&edit.path).or_default().push(edit);
        }
    }
    for (path, edits) in files {
        match rewrite(path, &edits) {
            Ok((count, refused)) => {
                if count > 0 {
                    updated.files.insert(path.to_owned(), count);
                }
                updated.diagnostics.extend(refused);
            }
            Err(error) => {
                let diagnostic = Diagnostic::error("PB8019", format!("cannot be rewritten: {error}"));
                updated.diagnostics.push(diagnostic.file(path.display().to_string()));
            }
        }
    }
    updated
}

fn refused(edit: &Edit, message: String) -> Diagnostic {
    let diagnostic = Diagnostic::warning("PB8019", message).file(edit.path.display().to_string());
    match edit.line {
        Some(line) => diagnostic.at(line, 1),
        None => diagnostic,
    }
}

fn rewrite(path: &Path, edits: &[&Edit]) -> std::io::Result<(usize, Vec<Diagnostic>)> {
    let text = std::fs::read_to_string(path)?;
    let mut wrong = Vec::new();
    let documents = tree::parse(&text).unwrap_or_default();
    let mut pieces: Vec<(Range<usize>, String)> = Vec::new();
    let mut count = 0;
    for edit in edits {
        let made = documents
            .get(edit.document)
            .and_then(|document| case(document, &edit.case))
            .and_then(|case| replacements(&text, case, &edit.changes));
        match made {
            Some(made) => {
                pieces.extend(made);
                count += 1;
            }
            None => wrong.push(
                refused(edit, format!("the text of `{}` cannot be edited", edit.name))
                    .fix("write expect as a mapping of its own, without anchors and aliases"),
            ),
        }
    }
    let changed = replaced(&text, pieces);
    let same = tree::parse(&changed).is_some_and(|parsed| parsed.len() == documents.len());
    if !same {
        return Err(std::io::Error::other("the text would no longer be YAML"));
    }
    if changed != text {
        std::fs::write(path, changed)?;
    }
    Ok((count, wrong))
}

fn case<'n>(document: &'n Node, path: &[usize]) -> Option<&'n Node> {
    let mut node = document;
    for (depth, at) in path.iter().enumerate() {
        node = node.get(if depth == 0 { "cases" } else { "table" })?.item(*at)?;
    }
    Some(node)
}

/// The text with its pieces replaced; pieces at one place follow one another in their order.
fn replaced(text: &str, mut pieces: Vec<(Range<usize>, String)>) -> String {
    pieces.sort_by_key(|(range, _)| range.start);
    let mut changed = String::with_capacity(text.len());
    let mut at = 0;
    for (range, new) in pieces {
        changed.push_str(text.get(at..range.start).unwrap_or_default());
        changed.push_str(&new);
        at = range.end.max(at);
    }
    changed.push_str(text.get(at..).unwrap_or_default());
    changed
}

/// What to replace so that the case expects these values.
fn replacements(text: &str, case: &Node, changes: &[(String, Value)]) -> Option<Vec<(Range<usize>, String)>> {
    let Some((_, expect)) = case.entry("expect") else {
        let fields: Vec<String> = changes.iter().map(|(key, value)| field(key, value)).collect();
        return Some(vec![inserted(text, case, &format!("expect: {{{}}}", fields.join(", ")))?]);
    };
    if !matches!(expect.body, Body::Map { .. }) {
        return None;
    }
    let mut pieces = Vec::new();
    let mut new = Vec::new();
    for (key, value) in changes {
        match expect.entry(key) {
            Some((_, Node { body: Body::Alias, .. })) => return None,
            Some((name, old)) => pieces.push((name.range.end..old.end(), format!(": {}", flow(value)))),
            None => new.push(field(key, value)),
        }
    }
    if is_flow(expect) {
        if !new.is_empty() {
            pieces.push(inserted(text, expect, &new.join(", "))?);
        }
    } else {
        for field in new {
            pieces.push(inserted(text, expect, &field)?);
        }
    }
    Some(pieces)
}

/// A field more at the end of a flow mapping, or after the first field of a block mapping.
fn inserted(text: &str, map: &Node, field: &str) -> Option<(Range<usize>, String)> {
    let Body::Map { flow, entries } = &map.body else { return None };
    let Some((first, value)) = entries.first() else {
        let at = map.range.start + 1;
        return flow.then(|| (at..at, field.to_owned()));
    };
    if *flow {
        let at = entries.last().map_or(value.end(), |(_, value)| value.end());
        return Some((at..at, format!(", {field}")));
    }
    let indent = " ".repeat(usize::try_from(first.column.saturating_sub(1)).ok()?);
    match entries.get(1) {
        Some((second, _)) => {
            let at = text.get(..second.range.start)?.rfind('\n')? + 1;
            Some((at..at, format!("{indent}{field}\n")))
        }
        None => {
            let end = value.end();
            let at = text.get(end..)?.find('\n').map_or(text.len(), |found| end + found);
            Some((at..at, format!("\n{indent}{field}")))
        }
    }
}

fn field(key: &str, value: &Value) -> String {
    format!("{}: {}", word(key), flow(value))
}

/// A value on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".into(),
        Value::String(text) => word(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let fields: Vec<String> = map.iter().map(|(key, value)| field(key, value)).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// Text as it can stand anywhere: in quotes unless it is plainly text.
fn word(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '/' | '(' | ')'))
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn updated(text: &str, path: &[usize], changes: &[(&str, Value)]) -> String {
        let documents = tree::parse(text).unwrap();
        let changes: Vec<_> = changes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        replaced(text, replacements(text, case(&documents[0], path).unwrap(), &changes).unwrap())
    }

    #[test]
    fn flow_mappings_keep_their_comments() {
        let text = "cases:\n- {name: a, expect: {action: Retain, rule: x}} # why\n- {name: b} # no\n";
        let changed = updated(text, &[0], &[("rule", json!("y: z")), ("causes", json!(["Hold", "InUse"]))]);
        assert_eq!(
            changed,
            "cases:\n- {name: a, expect: {action: Retain, rule: \"y: z\", causes: [Hold, InUse]}} # why\n- {name: b} # no\n"
        );
        let changed = updated(text, &[1], &[("action", json!("Retain"))]);
        assert!(changed.ends_with("- {name: b, expect: {action: Retain}} # no\n"), "{changed}");
    }

    #[test]
    fn block_mappings_keep_their_comments() {
        let text = "cases:\n- name: a # one\n  # two\n  when: pv/x\n  expect: # three\n    causes: # four\n    - Hold\n    rule: x # five\n";
        let changed = updated(text, &[0], &[("causes", json!(["InUse"])), ("verdict", json!("Delete"))]);
        assert_eq!(
            changed,
            "cases:\n- name: a # one\n  # two\n  when: pv/x\n  expect: # three\n    causes: [InUse]\n    verdict: Delete\n    rule: x # five\n"
        );
        let rows = "cases:\n- name: a\n  table:\n  - name: b\n    now: x\n  - name: c # d\n";
        let changed = updated(rows, &[0, 1], &[("rule", Value::Null)]);
        assert_eq!(
            changed,
            "cases:\n- name: a\n  table:\n  - name: b\n    now: x\n  - name: c # d\n    expect: {rule: \"\"}\n"
        );
        let changed = updated(rows, &[0, 0], &[("annotations", json!({"a.b/c": "1"}))]);
        assert!(
            changed.contains("  - name: b\n    expect: {annotations: {a.b/c: \"1\"}}\n    now: x\n"),
            "{changed}"
        );
    }

    #[test]
    fn a_delete_is_noticed_under_every_key() {
        let edit = |key: &str, value: Value| Edit {
            path: PathBuf::new(),
            document: 0,
            case: Vec::new(),
            name: String::new(),
            line: None,
            changes: vec![(key.into(), value)],
        };
        assert!(edit("action", json!("Delete")).deletes());
        assert!(edit("verdict", json!("Delete")).deletes());
        assert!(edit("causes", json!(["PolicyDelete", "AuditMode"])).deletes());
        assert!(!edit("reason", json!("Delete")).deletes());
        assert!(!edit("action", json!("Retain")).deletes());
    }
}
