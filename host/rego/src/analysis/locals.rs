//! The local names of a rule and, where that can be told, the path below `input` that they stand for.

use super::chain::{self, Chain, Step};
use super::visit;
use regorus::unstable::{AssignOp, Expr, ExprRef, Literal, Rule, RuleHead, Span};
use std::collections::{BTreeMap, BTreeSet};

/// A name that a rule declares.
#[derive(Debug, Default)]
pub(crate) struct Local<'a> {
    /// How often; only a name with one declaration stands for one thing.
    pub(crate) declared: usize,
    /// What it is bound to.
    pub(crate) bound: Option<Chain<'a>>,
    /// Where.
    pub(crate) span: Option<&'a Span>,
}

/// The local names of one rule.
#[derive(Debug, Default)]
pub(crate) struct Locals<'a> {
    names: BTreeMap<&'a str, Local<'a>>,
    /// Names that a pattern or an index may bind without declaring them.
    implicit: BTreeSet<&'a str>,
}

impl<'a> Locals<'a> {
    /// Collects them from the whole rule.
    pub(crate) fn of(rule: &'a Rule) -> Self {
        let mut locals = Self::default();
        if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } | Rule::Default { args, .. } = rule {
            args.iter().for_each(|arg| locals.pattern(arg, None));
        }
        let mut found = (Vec::new(), Vec::new());
        visit::walk(visit::of_rule(rule), &mut |expr| found.0.push(expr), &mut |stmt| found.1.push(stmt));
        for statement in found.1 {
            match &statement.literal {
                Literal::SomeVars { vars, .. } => vars.iter().for_each(|var| locals.declare(var, None)),
                Literal::SomeIn { key, value, collection, .. } => {
                    key.iter().for_each(|key| locals.pattern(key, None));
                    locals.pattern(value, Some(element(collection)));
                }
                Literal::Every { key, value, domain, .. } => {
                    key.iter().for_each(|key| locals.declare(key, None));
                    locals.declare(value, Some(element(domain)));
                }
                Literal::Expr { .. } | Literal::NotExpr { .. } => {}
            }
        }
        for expr in found.0 {
            match expr.as_ref() {
                Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => {
                    locals.pattern(lhs, Some(chain::chain(rhs)));
                }
                Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                    locals.may_bind(lhs);
                    locals.may_bind(rhs);
                }
                Expr::RefBrack { index, .. } => locals.may_bind(index),
                Expr::Call { params, .. } => params.last().into_iter().for_each(|last| locals.may_bind(last)),
                _ => {}
            }
        }
        locals
    }

    fn declare(&mut self, name: &'a Span, bound: Option<Chain<'a>>) {
        let local = self.names.entry(name.text()).or_default();
        local.declared += 1;
        local.bound = bound;
        local.span = Some(name);
    }

    fn pattern(&mut self, pattern: &'a ExprRef, bound: Option<Chain<'a>>) {
        if let Expr::Var { span, .. } = pattern.as_ref() {
            self.declare(span, bound);
            return;
        }
        for name in names(pattern) {
            self.declare(name, None);
        }
    }

    fn may_bind(&mut self, pattern: &'a ExprRef) {
        self.implicit.extend(names(pattern).into_iter().map(Span::text));
    }

    /// The declared name.
    pub(crate) fn get(&self, name: &str) -> Option<&Local<'a>> {
        self.names.get(name)
    }

    /// True where the name may be bound without being declared.
    pub(crate) fn may_be_bound(&self, name: &str) -> bool {
        self.implicit.contains(name)
    }

    /// All declared names.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'a str, &Local<'a>)> {
        self.names.iter().map(|(name, local)| (*name, local))
    }
}

fn element(collection: &ExprRef) -> Chain<'_> {
    let mut chain = chain::chain(collection);
    chain.steps.push(Step::Element);
    chain
}

/// The variables of a pattern: a name, or names in lists and values of objects.
fn names(pattern: &ExprRef) -> Vec<&Span> {
    match pattern.as_ref() {
        Expr::Var { span, .. } => vec![span],
        Expr::Array { items, .. } => items.iter().flat_map(names).collect(),
        Expr::Object { fields, .. } => fields.iter().flat_map(|(_, _, value)| names(value)).collect(),
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Set { .. }
        | Expr::ArrayCompr { .. }
        | Expr::SetCompr { .. }
        | Expr::ObjectCompr { .. }
        | Expr::Call { .. }
        | Expr::UnaryExpr { .. }
        | Expr::RefDot { .. }
        | Expr::RefBrack { .. }
        | Expr::BinExpr { .. }
        | Expr::BoolExpr { .. }
        | Expr::ArithExpr { .. }
        | Expr::AssignExpr { .. }
        | Expr::Membership { .. } => Vec::new(),
    }
}
