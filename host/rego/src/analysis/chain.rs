//! Chains: a root and the keys that follow it, `input.namespace.labels["env"]` or `references[i].state`.

use regorus::Value;
use regorus::unstable::{Expr, ExprRef, Span};

/// One step of a chain.
#[derive(Clone, Debug)]
pub(crate) enum Step<'a> {
    /// A constant key.
    Key(String),
    /// An index that is computed, or a constant that is no text.
    Index(Option<&'a ExprRef>),
    /// An element of a collection that is there: what `some … in` and `every` bind.
    Element,
}

impl Step<'_> {
    /// The constant key, if it is one.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) | Self::Element => None,
        }
    }
}

/// What a chain begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Root<'a> {
    /// A name.
    Name(&'a Span),
    /// Anything else: a call, a literal.
    Other(&'a ExprRef),
}

/// A root and its steps.
#[derive(Clone, Debug)]
pub(crate) struct Chain<'a> {
    pub(crate) root: Root<'a>,
    pub(crate) steps: Vec<Step<'a>>,
    /// Defaults of `object.get` on the way.
    pub(crate) defaults: Vec<&'a ExprRef>,
}

/// The chain that `expr` is; any expression that is no reference is a root without steps. `object.get` with constant keys
/// extends the chain of its first argument.
pub(crate) fn chain(expr: &ExprRef) -> Chain<'_> {
    let mut steps = Vec::new();
    let mut defaults = Vec::new();
    let mut node = expr;
    let root = loop {
        match node.as_ref() {
            Expr::RefDot { refr, field, .. } => {
                steps.push(Step::Key(field.0.text().to_owned()));
                node = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                steps.push(step(index));
                node = refr;
            }
            Expr::Var { span, .. } => break Root::Name(span),
            Expr::Call { .. } => match getter(node) {
                Some((object, keys, default)) => {
                    defaults.push(default);
                    steps.extend(keys.into_iter().rev().map(Step::Key));
                    node = object;
                }
                None => break Root::Other(node),
            },
            _ => break Root::Other(node),
        }
    };
    steps.reverse();
    Chain { root, steps, defaults }
}

fn step(index: &ExprRef) -> Step<'_> {
    match text(index) {
        Some(key) => Step::Key(key),
        None => match index.as_ref() {
            Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. } => Step::Index(None),
            _ => Step::Index(Some(index)),
        },
    }
}

/// The text of a constant.
pub(crate) fn text(expr: &ExprRef) -> Option<String> {
    match expr.as_ref() {
        Expr::String { value: Value::String(text), .. }
        | Expr::RawString { value: Value::String(text), .. } => Some(text.to_string()),
        _ => None,
    }
}

/// The dotted name of a call's function.
pub(crate) fn function_name(function: &ExprRef) -> Option<Vec<String>> {
    let chain = chain(function);
    let Root::Name(root) = chain.root else { return None };
    let mut name = vec![root.text().to_owned()];
    for step in &chain.steps {
        name.push(step.key()?.to_owned());
    }
    Some(name)
}

/// Object, keys and default of `object.get` with constant keys.
pub(crate) fn getter(expr: &ExprRef) -> Option<(&ExprRef, Vec<String>, &ExprRef)> {
    let Expr::Call { fcn, params, .. } = expr.as_ref() else { return None };
    // Looked at by hand: through `chain` a call inside the function's name would recurse.
    let Expr::RefDot { refr, field, .. } = fcn.as_ref() else { return None };
    let Expr::Var { span, .. } = refr.as_ref() else { return None };
    if span.text() != "object" || field.0.text() != "get" {
        return None;
    }
    let [object, key, default] = params.as_slice() else { return None };
    let keys = match key.as_ref() {
        Expr::Array { items, .. } => items.iter().map(text).collect::<Option<Vec<_>>>()?,
        _ => vec![text(key)?],
    };
    Some((object, keys, default))
}
