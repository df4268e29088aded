//! Label selectors as kubectl writes them: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.

use probate_contract::manifest::{Expression, Operator, Selector};

/// Reads a selector.
///
/// # Errors
/// The first part that is none.
pub fn parse(text: &str) -> Result<Selector, String> {
    let mut selector = Selector::default();
    for part in split(text).map(str::trim).filter(|part| !part.is_empty()) {
        let expression = expression(part).ok_or_else(|| format!("`{part}` is no label selector"))?;
        selector.match_expressions.push(expression);
    }
    if selector.match_expressions.is_empty() {
        return Err("the label selector is empty".into());
    }
    Ok(selector)
}

/// Splits at commas outside of parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}

fn expression(part: &str) -> Option<Expression> {
    let of = |key: &str, operator: Operator, values: Vec<String>| {
        let key = key.trim();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        (!key.is_empty() && key.chars().all(fits)).then(|| Expression { key: key.into(), operator, values })
    };
    let set = |values: &str| -> Option<Vec<String>> {
        let inner = values.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
    };
    if let Some((key, values)) = part.split_once(" notin ") {
        return of(key, Operator::NotIn, set(values)?);
    }
    if let Some((key, values)) = part.split_once(" in ") {
        return of(key, Operator::In, set(values)?);
    }
    if let Some((key, value)) = part.split_once("!=") {
        return of(key, Operator::NotIn, vec![value.trim().into()]);
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return of(key, Operator::In, vec![value.trim().into()]);
    }
    match part.strip_prefix('!') {
        Some(key) => of(key, Operator::DoesNotExist, Vec::new()),
        None => of(part, Operator::Exists, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::select::holds;
    use std::collections::BTreeMap;

    #[test]
    fn selectors_mean_what_kubectl_means() {
        let labels: BTreeMap<String, String> =
            [("a", "b"), ("tier", "db")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        for (text, expected) in [
            ("a=b", true),
            ("a==b,tier", true),
            ("a!=b", false),
            ("missing!=x", true),
            ("tier in (web, db)", true),
            ("tier notin (db)", false),
            ("!missing,a in (b)", true),
            ("!a", false),
        ] {
            assert_eq!(holds(&parse(text).unwrap(), &labels), expected, "{text}");
        }
        for text in ["", "a b", "=x", "a in b", "a in (b"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
