//! Chains below `input` against the evidence schema: does it exist, and may it be missing?

use super::chain::Step;
use probate_contract::shape::{Lookup, Scalar, Shape, nearest};

/// What a chain below `input` comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It exists; `optional` where some part of it may be missing.
    Found { optional: bool },
    /// There is no such field.
    Missing { steps: usize, suggestion: Option<String> },
}

/// Looks a chain up. What follows a computed key of an object is not known, hence found and optional.
pub(crate) fn lookup(schema: &Shape, steps: &[Step<'_>]) -> Place {
    lookup_below(schema, steps, 0)
}

/// The same where the first `bound` steps are known to be there.
pub(crate) fn lookup_below(schema: &Shape, steps: &[Step<'_>], bound: usize) -> Place {
    let mut shape = schema;
    let mut optional = false;
    for (number, step) in steps.iter().enumerate() {
        if number == bound {
            optional = false;
        }
        match (shape, step) {
            (Shape::Open, _) if number < bound => return Place::Found { optional: bound < steps.len() },
            (Shape::Open, _) => return Place::Found { optional: true },
            (Shape::Object(fields), Step::Key(key)) => match fields.get(key) {
                Some(field) => {
                    optional |= field.optional;
                    shape = &field.shape;
                }
                None => {
                    return Place::Missing { steps: number + 1, suggestion: nearest(key, fields.keys()) };
                }
            },
            (Shape::Object(_), Step::Index(_) | Step::Element) => return Place::Found { optional: true },
            (Shape::List(item), Step::Element) => shape = item,
            (Shape::List(item), Step::Index(_)) => {
                optional = true;
                shape = item;
            }
            // A list has no fields, whatever its items have.
            (Shape::List(_), Step::Key(_)) | (Shape::Scalar(_) | Shape::Words(_), _) => {
                return Place::Missing { steps: number + 1, suggestion: None };
            }
        }
    }
    Place::Found { optional: optional && bound < steps.len() }
}

/// What a chain ends with, where the schema says.
fn end<'s>(schema: &'s Shape, steps: &[Step<'_>]) -> Option<&'s Shape> {
    steps.iter().try_fold(schema, |shape, step| match (shape, step) {
        (Shape::Object(fields), Step::Key(key)) => fields.get(key).map(|field| &field.shape),
        (Shape::List(item), Step::Element | Step::Index(_)) => Some(item.as_ref()),
        _ => None,
    })
}

/// What sort of value a chain ends with, where the schema says.
pub(crate) fn sort(schema: &Shape, steps: &[Step<'_>]) -> Option<Scalar> {
    match end(schema, steps)? {
        Shape::Scalar(sort) => Some(*sort),
        Shape::Words(_) => Some(Scalar::Text),
        Shape::Object(_) | Shape::List(_) | Shape::Open => None,
    }
}

/// The words that a chain can end with, where the schema lists them.
pub(crate) fn words<'s>(schema: &'s Shape, steps: &[Step<'_>]) -> Option<&'s [String]> {
    match end(schema, steps)? {
        Shape::Words(words) => Some(words),
        Shape::Object(_) | Shape::List(_) | Shape::Scalar(_) | Shape::Open => None,
    }
}

/// The keys of a chain that a read takes: up to the first computed index, and no further than a list or a scalar goes.
pub(crate) fn read_keys(schema: &Shape, steps: &[Step<'_>]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for step in steps {
        let Some(key) = step.key() else { break };
        keys.push(key.to_owned());
        let path: Vec<&str> = keys.iter().map(String::as_str).collect();
        match schema.lookup(&path) {
            Lookup::Found { shape: Shape::List(_) | Shape::Scalar(_) | Shape::Words(_), .. }
            | Lookup::Missing { .. } => break,
            Lookup::Found { .. } => {}
        }
    }
    keys
}
