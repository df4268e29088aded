//! What sorts of values a policy's parameters have, as far as its `parameters_schema` says so in plain text. Which parameters there
//! are is told by its value, once it is known: see `session`.

use super::chain;
use super::index::Index;
use super::program::plain_value;
use probate_contract::shape::Shape;
use regorus::unstable::{Expr, ExprRef};
use serde_json::{Map, Value};

/// Puts the parameters of this package into the evidence's shape; they stay open where their schema is put together.
pub(crate) fn declare(schema: &mut Shape, index: &Index, package: &[String]) {
    let path: Vec<String> = package.iter().cloned().chain(["parameters_schema".to_owned()]).collect();
    let mut nodes = index.at(&path);
    let (Some((_, node)), None) = (nodes.next(), nodes.next()) else { return };
    let Some(declared) = plain_value(&node.rule).and_then(constant) else { return };
    let mut shape = Shape::of_schema(&declared);
    if let Shape::Object(fields) = &mut shape {
        for (name, field) in fields {
            // The host fills defaults in before it asks.
            let default = declared.pointer("/properties").and_then(|all| all.get(name)?.get("default"));
            field.optional &= default.is_none();
        }
    }
    if let Shape::Object(top) = schema
        && let Some(parameters) = top.get_mut("parameters")
    {
        parameters.shape = shape;
    }
}

/// The value of an expression that is written out.
fn constant(expr: &ExprRef) -> Option<Value> {
    match expr.as_ref() {
        Expr::String { .. } | Expr::RawString { .. } => chain::text(expr).map(Value::from),
        Expr::Number { span, .. } => serde_json::from_str(span.text()).ok(),
        Expr::Bool { span, .. } => Some(Value::Bool(span.text() == "true")),
        Expr::Null { .. } => Some(Value::Null),
        Expr::Array { items, .. } => items.iter().map(constant).collect(),
        Expr::Object { fields, .. } => {
            let field = |(_, key, value): &(_, ExprRef, ExprRef)| Some((chain::text(key)?, constant(value)?));
            fields.iter().map(field).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        _ => None,
    }
}
