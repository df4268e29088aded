//! What may stand under `not`. Engines differ: OPA takes what may be absent out of a negated call or operator first, so the
//! whole is undefined; regorus negates all of it, so the whole is true. Where they could disagree, the policy is refused.

use super::chain::{self, Step};
use super::program::Program;
use super::totality;
use super::{at, begin};
use probate_contract::Diagnostic;
use regorus::unstable::{AssignOp, BoolOp, Expr, ExprRef};

/// What is wrong with a negated expression.
pub(crate) fn check<'a>(program: &Program<'a>, number: usize, expr: &'a ExprRef) -> Vec<Diagnostic> {
    let mut check = Check { program, number, diagnostics: Vec::new() };
    check.top(expr);
    check.diagnostics
}

struct Check<'p, 'a> {
    program: &'p Program<'a>,
    number: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Check<'_, 'a> {
    /// The negated expression itself, or a side of its `==`.
    fn top(&mut self, expr: &'a ExprRef) {
        match expr.as_ref() {
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => self.reference(expr),
            Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. }
            | Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                for side in [lhs, rhs] {
                    match side.as_ref() {
                        Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                            self.reference(side)
                        }
                        _ => self.strict(side),
                    }
                }
            }
            Expr::Call { params, .. } => params.iter().for_each(|param| self.strict(param)),
            Expr::BoolExpr { lhs, rhs, .. }
            | Expr::BinExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.strict(lhs);
                self.strict(rhs);
            }
            Expr::Membership { key, value, collection, .. } => {
                key.iter().for_each(|key| self.strict(key));
                self.strict(value);
                self.strict(collection);
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().for_each(|item| self.strict(item))
            }
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
                self.strict(key);
                self.strict(value);
            }),
            Expr::UnaryExpr { expr, .. } => self.strict(expr),
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. } => {}
        }
    }

    /// A reference may be absent as a whole; what it is indexed with may not.
    fn reference(&mut self, expr: &'a ExprRef) {
        let chain = chain::chain(expr);
        if let chain::Root::Other(root) = chain.root {
            self.strict(root);
        }
        for step in chain.steps {
            let Step::Index(Some(index)) = step else { continue };
            match index.as_ref() {
                Expr::Var { span, .. } if span.text() == "_" => {
                    let message = "`_` under `not` is bound nowhere";
                    let fix = "write a helper rule with `some x in …` and negate that rule";
                    self.diagnostics.push(at(Diagnostic::error("PB2108", message), begin(expr)).fix(fix));
                }
                _ => self.strict(index),
            }
        }
    }

    fn strict(&mut self, expr: &'a ExprRef) {
        let Some(gap) = totality::gap(self.program, self.number, expr) else { return };
        let text: String = gap.span().text().split_whitespace().collect::<Vec<_>>().join(" ");
        let message =
            format!("`{text}` may be absent, and stands in a call or beside an operator under `not`");
        let diagnostic = at(Diagnostic::error("PB2108", message), begin(gap))
            .consequence("where it is absent, one engine calls the whole undefined and another true")
            .fix(format!("bind it first, then negate: `value := {text}` on a line of its own, then `not …` with `value`"));
        self.diagnostics.push(diagnostic);
    }
}
