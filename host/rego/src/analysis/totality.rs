//! Whether an expression has a value wherever its names are bound. Where that is not certain, it may be undefined.

use super::chain::{self, Root, Step};
use super::program::{Function, Program, Target};
use super::shape::{self, Place};
use regorus::unstable::{Expr, ExprRef, Rule, RuleBody, RuleHead};

/// How far rules are followed through rules.
const FOLLOW: usize = 24;

/// Built-ins that can be undefined for arguments that are there.
const PARTIAL: [&str; 6] =
    ["units.parse", "time.add_date", "json.patch", "json.filter", "json.remove", "graph.reachable_paths"];

/// A sub-expression that may be undefined, the innermost; nothing where there is none.
pub(crate) fn gap<'a>(program: &Program<'a>, number: usize, expr: &'a ExprRef) -> Option<&'a ExprRef> {
    Totality { program, depth: FOLLOW }.gap(number, expr)
}

struct Totality<'p, 'a> {
    program: &'p Program<'a>,
    depth: usize,
}

impl<'a> Totality<'_, 'a> {
    fn deeper(&self) -> Option<Self> {
        Some(Self { program: self.program, depth: self.depth.checked_sub(1)? })
    }

    fn gap(&self, number: usize, expr: &'a ExprRef) -> Option<&'a ExprRef> {
        let each = |parts: &[&'a ExprRef]| parts.iter().find_map(|part| self.gap(number, part));
        match expr.as_ref() {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. } => None,
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().find_map(|item| self.gap(number, item))
            }
            Expr::Object { fields, .. } => fields.iter().find_map(|(_, key, value)| each(&[key, value])),
            Expr::UnaryExpr { expr, .. } => self.gap(number, expr),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. } => each(&[lhs, rhs]),
            // A pattern that does not match has no value.
            Expr::AssignExpr { .. } => Some(expr),
            Expr::Membership { key, value, collection, .. } => {
                key.iter().find_map(|key| self.gap(number, key)).or_else(|| each(&[value, collection]))
            }
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                (!self.reference_is_total(number, expr)).then_some(expr)
            }
            Expr::Call { fcn, params, .. } => {
                let function = self.program.function(number, fcn);
                if function == Function::Builtin("print".into()) {
                    return None;
                }
                params.iter().find_map(|param| self.gap(number, param)).or_else(|| {
                    let total = match function {
                        Function::Rule(path) => self.rule_is_total(&path),
                        Function::Builtin(name) => !PARTIAL.contains(&name.as_str()),
                        Function::Unknown(_) => false,
                    };
                    (!total).then_some(expr)
                })
            }
        }
    }

    fn reference_is_total(&self, number: usize, expr: &'a ExprRef) -> bool {
        let chain = chain::chain(expr);
        if chain.defaults.iter().any(|default| self.gap(number, default).is_some()) {
            return false;
        }
        // A chain through `object.get` is there where the object is; only a plain one is looked up as a path.
        if !chain.defaults.is_empty() {
            return false;
        }
        if matches!(chain.root, Root::Other(_)) {
            return false;
        }
        match self.program.resolve(number, &chain) {
            Some(Target::Input(steps)) => self.path_is_total(&steps),
            Some(Target::Local) if chain.steps.is_empty() => true,
            Some(Target::Local) => self
                .program
                .input_steps(number, &chain)
                .is_some_and(|steps| self.below_is_total(&chain, &steps)),
            Some(Target::Data(steps)) => self.data_is_total(number, &chain, &steps),
            Some(Target::Unknown(_)) | None => false,
        }
    }

    fn path_is_total(&self, steps: &[Step<'a>]) -> bool {
        shape::lookup(self.program.schema, steps) == Place::Found { optional: false }
    }

    /// A local name is bound, so what it stands for is there; only the steps behind it count.
    fn below_is_total(&self, chain: &chain::Chain<'a>, steps: &[Step<'a>]) -> bool {
        let bound = steps.len().saturating_sub(chain.steps.len());
        shape::lookup_below(self.program.schema, steps, bound) == Place::Found { optional: false }
    }

    fn data_is_total(&self, number: usize, chain: &chain::Chain<'a>, steps: &[Step<'a>]) -> bool {
        let keys: Option<Vec<String>> = steps.iter().map(|step| step.key().map(str::to_owned)).collect();
        let Some(keys) = keys else { return false };
        if self.program.index.has(&keys) {
            return self.rule_is_total(&keys);
        }
        let length = (2..keys.len())
            .rev()
            .find(|length| keys.get(..*length).is_some_and(|path| self.program.index.has(path)));
        let named = length.and_then(|length| keys.get(..length));
        named.is_some_and(|path| self.rule_is_total(path))
            && self.program.input_steps(number, chain).is_some_and(|steps| self.path_is_total(&steps))
    }

    /// True where the rule or function of that path has a value for any evidence and any arguments.
    fn rule_is_total(&self, path: &[String]) -> bool {
        let Some(inner) = self.deeper() else { return false };
        self.program.index.at(path).any(|(number, node)| match node.rule.as_ref() {
            Rule::Default { .. } => true,
            Rule::Spec { head: RuleHead::Set { .. }, .. } => true,
            Rule::Spec { head: RuleHead::Compr { refr, assign, .. }, bodies, .. } => {
                let partial =
                    matches!(refr.as_ref(), Expr::RefBrack { index, .. } if chain::text(index).is_none());
                partial || inner.bodies_are_total(number, assign.as_ref().map(|assign| &assign.value), bodies)
            }
            Rule::Spec { head: RuleHead::Func { args, assign, .. }, bodies, .. } => {
                args.iter().all(|arg| matches!(arg.as_ref(), Expr::Var { .. }))
                    && inner.bodies_are_total(number, assign.as_ref().map(|assign| &assign.value), bodies)
            }
        })
    }

    fn bodies_are_total(&self, number: usize, head: Option<&'a ExprRef>, bodies: &'a [RuleBody]) -> bool {
        let covered = bodies.is_empty() || bodies.iter().any(|body| body.query.stmts.is_empty());
        let mut values = head
            .into_iter()
            .chain(bodies.iter().filter_map(|body| body.assign.as_ref().map(|assign| &assign.value)));
        covered && values.all(|value| self.gap(number, value).is_none())
    }
}
