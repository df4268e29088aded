//! Comparisons of two sorts of values. Rego orders them (truth values before numbers before text), so that `unusedSeconds < "30d"`
//! is always true and no error: a limit written as text would be no limit.

use super::program::Program;
use super::{at, begin, chain, shape};
use probate_contract::Diagnostic;
use probate_contract::shape::Scalar;
use regorus::unstable::{Expr, ExprRef};

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
