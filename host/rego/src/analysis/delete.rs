//! Whether a rule can answer Delete. True wherever the opposite is not plain from the text.

use super::chain;
use super::program::{Program, Target};
use regorus::unstable::{Expr, ExprRef, Rule, RuleHead};

/// How far rules are followed through rules.
const FOLLOW: usize = 16;

/// What a value can carry.
#[derive(Clone, Copy)]
enum Kind {
    /// A verdict.
    Verdict,
    /// A verdict's `action`.
    Action,
}

/// Why a node can answer Delete, and through which nodes.
pub(crate) struct Deletes<'p, 'a> {
    program: &'p Program<'a>,
    /// Defaults on the way that carry Delete.
    pub(crate) defaults: Vec<usize>,
}

impl<'p, 'a> Deletes<'p, 'a> {
    pub(crate) fn new(program: &'p Program<'a>) -> Self {
        Self { program, defaults: Vec::new() }
    }

    /// True where this node, a rule whose value is a verdict, can answer Delete.
    pub(crate) fn node(&mut self, number: usize) -> bool {
        self.node_carries(number, Kind::Verdict, FOLLOW)
    }

    fn node_carries(&mut self, number: usize, kind: Kind, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        let Some((node, _)) = self.program.node(number) else { return true };
        match node.rule.as_ref() {
            Rule::Default { value, .. } => {
                let carries = self.carries(number, value, kind, depth);
                if carries && !self.defaults.contains(&number) {
                    self.defaults.push(number);
                }
                carries
            }
            Rule::Spec { head, bodies, .. } => {
                let head = match head {
                    RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => assign.as_ref(),
                    RuleHead::Set { .. } => return true,
                };
                let values = head.into_iter().chain(bodies.iter().filter_map(|body| body.assign.as_ref()));
                // Every value is looked at: a default further on counts too.
                values
                    .fold(false, |carries, assign| self.carries(number, &assign.value, kind, depth) | carries)
            }
        }
    }

    fn carries(&mut self, number: usize, value: &'a ExprRef, kind: Kind, depth: usize) -> bool {
        match (value.as_ref(), kind) {
            (Expr::Object { fields, .. }, Kind::Verdict) => {
                let mut carries = false;
                for (_, key, value) in fields {
                    carries |= match chain::text(key).as_deref() {
                        Some("action") => self.carries(number, value, Kind::Action, depth),
                        Some(_) => false,
                        None => true,
                    };
                }
                carries
            }
            (Expr::String { .. } | Expr::RawString { .. }, Kind::Action) => {
                chain::text(value).as_deref() == Some("Delete")
            }
            // No verdict and no action: an answer that is refused.
            (
                Expr::String { .. }
                | Expr::RawString { .. }
                | Expr::Number { .. }
                | Expr::Bool { .. }
                | Expr::Null { .. }
                | Expr::Array { .. }
                | Expr::Set { .. }
                | Expr::ArrayCompr { .. }
                | Expr::SetCompr { .. },
                Kind::Verdict,
            )
            | (
                Expr::Number { .. }
                | Expr::Bool { .. }
                | Expr::Null { .. }
                | Expr::Array { .. }
                | Expr::Set { .. }
                | Expr::Object { .. }
                | Expr::ArrayCompr { .. }
                | Expr::SetCompr { .. }
                | Expr::ObjectCompr { .. },
                Kind::Action,
            ) => false,
            (Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. }, _) => {
                self.reference_carries(number, value, kind, depth)
            }
            (Expr::Call { fcn, .. }, _) => match self.program.function(number, fcn) {
                super::program::Function::Rule(path) => self.rule_carries(&path, kind, depth),
                super::program::Function::Builtin(_) | super::program::Function::Unknown(_) => true,
            },
            (
                Expr::ObjectCompr { .. }
                | Expr::UnaryExpr { .. }
                | Expr::BinExpr { .. }
                | Expr::BoolExpr { .. }
                | Expr::ArithExpr { .. }
                | Expr::AssignExpr { .. }
                | Expr::Membership { .. },
                _,
            ) => true,
        }
    }

    fn reference_carries(&mut self, number: usize, value: &'a ExprRef, kind: Kind, depth: usize) -> bool {
        let chain = chain::chain(value);
        let Some(Target::Data(steps)) = self.program.resolve(number, &chain) else { return true };
        let keys: Option<Vec<String>> = steps.iter().map(|step| step.key().map(str::to_owned)).collect();
        keys.is_none_or(|keys| self.rule_carries(&keys, kind, depth))
    }

    fn rule_carries(&mut self, path: &[String], kind: Kind, depth: usize) -> bool {
        let nodes: Vec<usize> = self.program.index.at(path).map(|(number, _)| number).collect();
        nodes.is_empty()
            | nodes.iter().fold(false, |carries, number| self.node_carries(*number, kind, depth) | carries)
    }
}
