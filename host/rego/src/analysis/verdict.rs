//! Verdicts that stand in the text: what of them could never be one is told before anybody is asked about.

use super::at;
use super::chain;
use super::program::Program;
use probate_contract::Diagnostic;
use probate_contract::shape::nearest;
use regorus::unstable::{Expr, ExprRef, Rule, RuleHead, Span};

const KEYS: [&str; 7] = ["action", "reason", "rule", "annotations", "ensure", "recheckAfterSeconds", "basis"];
const ACTIONS: [&str; 3] = ["Retain", "Delete", "Abstain"];

/// What is wrong with the verdicts that these nodes write out.
pub(crate) fn check(program: &Program<'_>, nodes: &[usize]) -> Vec<Diagnostic> {
    let rules = nodes.iter().filter_map(|number| Some(&program.node(*number)?.0.rule));
    rules.flat_map(|rule| values(rule)).flat_map(|value| written(value)).collect()
}

/// The values of a rule: its head's, and those of its `else`.
fn values(rule: &Rule) -> Vec<&ExprRef> {
    match rule {
        Rule::Default { value, .. } => vec![value],
        Rule::Spec { head, bodies, .. } => {
            let head = match head {
                RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => assign.as_ref(),
                RuleHead::Set { .. } => None,
            };
            let all = head.into_iter().chain(bodies.iter().filter_map(|body| body.assign.as_ref()));
            let mut values: Vec<&ExprRef> = all.map(|assign| &assign.value).collect();
            // The first body repeats the head's.
            values.dedup_by_key(|value| (value.span().line, value.span().col));
            values
        }
    }
}

fn said(message: String, span: &Span, fix: impl Into<String>) -> Diagnostic {
    at(Diagnostic::warning("PB2110", message), span)
        .consequence("where this rule answers, it is a BadVerdict: a failure, which retains")
        .fix(fix)
}

fn written(value: &ExprRef) -> Vec<Diagnostic> {
    let Expr::Object { fields, span, .. } = value.as_ref() else { return Vec::new() };
    let names: Vec<Option<String>> = fields.iter().map(|(_, key, _)| chain::text(key)).collect();
    let mut wrong = Vec::new();
    for (name, (_, key, value)) in names.iter().zip(fields) {
        let Some(name) = name else { continue };
        if !KEYS.contains(&name.as_str()) {
            let fix = match nearest(name, KEYS.map(str::to_owned).iter()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its keys are {}", KEYS.join(", ")),
            };
            wrong.push(said(format!("a verdict has no key `{name}`"), key.span(), fix));
        }
        let Some(text) = chain::text(value) else { continue };
        if name == "action" && !ACTIONS.contains(&text.as_str()) {
            let near = ACTIONS.iter().find(|action| action.eq_ignore_ascii_case(&text));
            let near = near.map(|near| (*near).to_owned());
            let fix = match near.or_else(|| nearest(&text, ACTIONS.map(str::to_owned).iter())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write Retain, Delete or Abstain".to_owned(),
            };
            wrong.push(said(format!("`{text}` is no action"), value.span(), fix));
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name == "rule" && (text.is_empty() || text.len() > 63 || !text.bytes().all(plain)) {
            let fix = "use lower-case letters, digits and `-`, at most 63";
            wrong.push(said(format!("`{text}` is no name of a rule"), value.span(), fix));
        }
    }
    wrong.extend(without_reason(fields, &names, span));
    wrong
}

/// Retain and Delete need a reason; a key that is computed may be one.
fn without_reason(
    fields: &[(Span, ExprRef, ExprRef)],
    names: &[Option<String>],
    span: &Span,
) -> Option<Diagnostic> {
    let of = |wanted: &str| names.iter().position(|name| name.as_deref() == Some(wanted));
    let (_, _, action) = fields.get(of("action")?)?;
    let action = chain::text(action).filter(|action| matches!(action.as_str(), "Retain" | "Delete"))?;
    let known = names.iter().all(Option::is_some);
    (known && of("reason").is_none())
        .then(|| said(format!("{action} needs a reason"), span, "add \"reason\": \"…\", one line for people"))
}
