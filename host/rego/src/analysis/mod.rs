//! What is known of a policy without running it: its rules, what refers to what, what is read, and what is refused.

pub(crate) mod chain;
pub(crate) mod delete;
pub(crate) mod graph;
pub(crate) mod index;
pub(crate) mod locals;
pub(crate) mod negation;
pub(crate) mod program;
pub(crate) mod reads;
pub(crate) mod shape;
pub(crate) mod totality;
pub(crate) mod visit;

use probate_contract::Diagnostic;
use regorus::unstable::Span;

/// A diagnostic at the place of a node.
pub(crate) fn at(diagnostic: Diagnostic, span: &Span) -> Diagnostic {
    diagnostic.file(span.source.file().clone()).at(span.line.into(), span.col.into())
}

/// A path as an author writes it: identifiers with dots, everything else in brackets.
pub(crate) fn display(path: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    for segment in path {
        let segment = segment.as_ref();
        let identifier = segment.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !identifier {
            text.push_str(&format!("[{}]", serde_json::Value::from(segment)));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(segment);
        }
    }
    text
}
