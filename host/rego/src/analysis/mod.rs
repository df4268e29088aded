//! What is known of a policy without running it: its rules, what refers to what, what is read, and what is refused.

pub(crate) mod chain;
pub(crate) mod compare;
pub(crate) mod delete;
pub(crate) mod graph;
pub(crate) mod index;
pub(crate) mod kinds;
pub(crate) mod locals;
pub(crate) mod negation;
pub(crate) mod parameters;
pub(crate) mod program;
pub(crate) mod reads;
pub(crate) mod shape;
pub(crate) mod totality;
pub(crate) mod verdict;
pub(crate) mod visit;

use probate_contract::Diagnostic;
use regorus::unstable::{Expr, ExprRef, Span};

/// A diagnostic at the place of a node.
pub(crate) fn at(diagnostic: Diagnostic, span: &Span) -> Diagnostic {
    // The parser counts a tab as several columns; editors count characters.
    let before = usize::try_from(span.start).ok().and_then(|start| span.source.contents().get(..start));
    let line = before.map(|text| text.rsplit('\n').next().unwrap_or_default());
    let column =
        line.map_or(u64::from(span.col), |line| u64::try_from(line.chars().count()).unwrap_or(0) + 1);
    diagnostic.file(span.source.file().clone()).at(span.line.into(), column)
}

/// Where an expression begins: the parser places a reference at its last dot and a call at its bracket.
pub(crate) fn begin(expr: &ExprRef) -> &Span {
    let mut node = expr;
    loop {
        node = match node.as_ref() {
            Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => refr,
            Expr::Call { fcn, .. } => fcn,
            _ => return node.span(),
        };
    }
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
