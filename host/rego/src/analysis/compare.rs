//! Comparisons of two sorts of values. Rego orders them (truth values before numbers before text), so that `unusedSeconds < "30d"`
//! is always true and no error: a limit written as text would be no limit.

use super::program::Program;
use super::{at, begin, chain, kinds, shape};
use probate_contract::Diagnostic;
use probate_contract::shape::{Scalar, nearest};
use regorus::unstable::{AssignOp, BoolOp, Expr, ExprRef};

/// What is wrong with a comparison.
pub(crate) fn check<'a>(
    program: &Program<'a>,
    number: usize,
    (left, right): (&'a ExprRef, &'a ExprRef),
) -> Option<Diagnostic> {
    let (of_left, of_right) = (sort(program, number, left)?, sort(program, number, right)?);
    if of_left == of_right {
        return None;
    }
    let text = |expr: &ExprRef| expr.span().text().split_whitespace().collect::<Vec<_>>().join(" ");
    let message = format!(
        "`{}` is {of_left} and `{}` is {of_right}: they compare always alike",
        text(left),
        text(right)
    );
    let fix = match (of_left, of_right) {
        (Scalar::Text, Scalar::Number) | (Scalar::Number, Scalar::Text) => {
            "compare numbers with numbers: seconds, bytes, or what `probate.duration` and `probate.bytes` make of text"
        }
        _ => "compare values of one sort",
    };
    let consequence = "a condition that is always true would delete, one that never is would never";
    Some(at(Diagnostic::error("PB2109", message), begin(left)).consequence(consequence).fix(fix))
}

/// Words that what they are compared with never is.
pub(crate) fn words<'a>(program: &Program<'a>, number: usize, expr: &'a ExprRef) -> Vec<Diagnostic> {
    let pairs: Vec<(&'a ExprRef, &'a ExprRef)> = match expr.as_ref() {
        Expr::BoolExpr { op: BoolOp::Eq | BoolOp::Ne, lhs, rhs, .. }
        | Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => vec![(lhs, rhs), (rhs, lhs)],
        Expr::Membership { value, collection, .. } => match collection.as_ref() {
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().map(|item| (value, item)).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    pairs.into_iter().filter_map(|(path, constant)| word(program, number, path, constant)).collect()
}

fn word<'a>(
    program: &Program<'a>,
    number: usize,
    path: &'a ExprRef,
    constant: &'a ExprRef,
) -> Option<Diagnostic> {
    let word = chain::text(constant)?;
    let steps = program.input_steps(number, &chain::chain(path))?;
    if let Some(words) = shape::words(program.schema, &steps) {
        if words.contains(&word) {
            return None;
        }
        let message = format!("`{}` is never {word:?}", path.span().text());
        let fix = match nearest(&word, words.iter()) {
            Some(other) => format!("did you mean {other:?}?"),
            None => format!("it is one of {}", words.join(", ")),
        };
        let diagnostic = at(Diagnostic::error("PB2112", message), begin(constant));
        return Some(diagnostic.consequence("`==` with it never holds, `!=` and `not` always do").fix(fix));
    }
    let keys: Vec<Option<&str>> = steps.iter().map(|step| step.key()).collect();
    match keys.as_slice() {
        [Some("references" | "owners"), None, Some("kind")] => kinds::slip(&word, begin(constant)),
        _ => None,
    }
}

/// The sort of a constant, or of what stands in the evidence.
pub(crate) fn sort<'a>(program: &Program<'a>, number: usize, expr: &'a ExprRef) -> Option<Scalar> {
    match expr.as_ref() {
        Expr::String { .. } | Expr::RawString { .. } => Some(Scalar::Text),
        Expr::Number { .. } => Some(Scalar::Number),
        Expr::Bool { .. } => Some(Scalar::Truth),
        Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
            let steps = program.input_steps(number, &chain::chain(expr))?;
            shape::sort(program.schema, &steps)
        }
        _ => None,
    }
}
