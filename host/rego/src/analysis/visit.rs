//! The syntax tree, child by child. No arm of a `match` on node kinds is a wildcard: a new kind of node fails to compile here
//! before it can be overlooked.

use regorus::unstable::{Expr, ExprRef, Literal, LiteralStmt, Query, Rule, RuleHead};

/// A part of a rule.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    /// An expression.
    Expr(&'a ExprRef),
    /// The statements of a body, comprehension or `every`.
    Query(&'a Query),
}

/// The parts directly below an expression.
pub(crate) fn below(expr: &ExprRef) -> Vec<Part<'_>> {
    use Part::{Expr as E, Query as Q};
    match expr.as_ref() {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => Vec::new(),
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().map(E).collect(),
        Expr::Object { fields, .. } => fields.iter().flat_map(|(_, key, value)| [E(key), E(value)]).collect(),
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => vec![Q(query), E(term)],
        Expr::ObjectCompr { key, value, query, .. } => vec![Q(query), E(key), E(value)],
        Expr::Call { params, .. } => params.iter().map(E).collect(),
        Expr::UnaryExpr { expr, .. } => vec![E(expr)],
        Expr::RefDot { refr, .. } => vec![E(refr)],
        Expr::RefBrack { refr, index, .. } => vec![E(refr), E(index)],
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => vec![E(lhs), E(rhs)],
        Expr::Membership { key, value, collection, .. } => {
            key.iter().chain([value, collection]).map(E).collect()
        }
    }
}

/// The parts directly below a statement; targets of `with` are none.
pub(crate) fn of_statement(statement: &LiteralStmt) -> Vec<Part<'_>> {
    use Part::{Expr as E, Query as Q};
    let mut parts = match &statement.literal {
        Literal::SomeVars { .. } => Vec::new(),
        Literal::SomeIn { key, value, collection, .. } => {
            key.iter().chain([value, collection]).map(E).collect()
        }
        Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => vec![E(expr)],
        Literal::Every { domain, query, .. } => vec![E(domain), Q(query)],
    };
    parts.extend(statement.with_mods.iter().map(|with| E(&with.r#as)));
    parts
}

/// The parts directly below a rule; the names in its head are none.
pub(crate) fn of_rule(rule: &Rule) -> Vec<Part<'_>> {
    use Part::{Expr as E, Query as Q};
    match rule {
        Rule::Default { value, .. } => vec![E(value)],
        Rule::Spec { head, bodies, .. } => {
            let mut parts = Vec::new();
            match head {
                RuleHead::Compr { refr, assign, .. } => {
                    parts.extend(head_indices(refr).into_iter().map(E));
                    parts.extend(assign.iter().map(|assign| E(&assign.value)));
                }
                RuleHead::Set { refr, key, .. } => {
                    parts.extend(head_indices(refr).into_iter().map(E));
                    parts.extend(key.iter().map(E));
                }
                RuleHead::Func { args, assign, .. } => {
                    parts.extend(args.iter().map(E));
                    parts.extend(assign.iter().map(|assign| E(&assign.value)));
                }
            }
            for body in bodies {
                parts.extend(body.assign.iter().map(|assign| E(&assign.value)));
                parts.push(Q(&body.query));
            }
            parts
        }
    }
}

/// The computed keys in a rule's head.
fn head_indices(refr: &ExprRef) -> Vec<&ExprRef> {
    let mut indices = Vec::new();
    let mut node = refr;
    loop {
        match node.as_ref() {
            Expr::RefDot { refr, .. } => node = refr,
            Expr::RefBrack { refr, index, .. } => {
                indices.push(index);
                node = refr;
            }
            _ => return indices,
        }
    }
}

/// Calls `expr` and `statement` for everything below `parts`, parents first.
pub(crate) fn walk<'a>(
    parts: Vec<Part<'a>>,
    expr: &mut impl FnMut(&'a ExprRef),
    statement: &mut impl FnMut(&'a LiteralStmt),
) {
    let mut open = parts;
    open.reverse();
    while let Some(part) = open.pop() {
        let mut next = match part {
            Part::Expr(node) => {
                expr(node);
                below(node)
            }
            Part::Query(query) => {
                let mut parts = Vec::new();
                for stmt in &query.stmts {
                    statement(stmt);
                    parts.extend(of_statement(stmt));
                }
                parts
            }
        };
        next.reverse();
        open.append(&mut next);
    }
}
