//! YAML as people read it, of JSON: keys in the order of their insertion, text in quotes where it needs them. A text that begins with
//! `{{` is an expression of the chart and stands as it is, `$INDENT` in it being the column that a block below would begin at.

use serde_json::Value;
use std::fmt::Write as _;

/// One document, with a line end.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

fn block(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                pad(indent, out);
                out.push_str(&text(key));
                out.push(':');
                below(value, indent, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                pad(indent, out);
                out.push('-');
                element(item, indent, out);
            }
        }
        scalar => {
            pad(indent, out);
            out.push_str(&inline(scalar, indent));
            out.push('\n');
        }
    }
}

/// What follows a key.
fn below(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            out.push('\n');
            block(value, indent + 2, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(value, indent, out);
        }
        scalar => {
            out.push(' ');
            out.push_str(&inline(scalar, indent + 2));
            out.push('\n');
        }
    }
}

/// What follows a dash: the first field of an object stands on its line.
fn element(item: &Value, indent: usize, out: &mut String) {
    match item {
        Value::Object(fields) if !fields.is_empty() => {
            let mut inner = String::new();
            block(item, indent + 2, &mut inner);
            out.push(' ');
            out.push_str(inner.trim_start());
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(item, indent + 2, out);
        }
        scalar => {
            out.push(' ');
            out.push_str(&inline(scalar, indent + 2));
            out.push('\n');
        }
    }
}

fn inline(value: &Value, indent: usize) -> String {
    match value {
        Value::String(expression) if expression.starts_with("{{") => {
            expression.replace("$INDENT", &indent.to_string())
        }
        Value::String(lines) if lines.contains('\n') => literal(lines, indent),
        Value::String(word) => text(word),
        other => other.to_string(),
    }
}

/// A block literal, without a line end.
fn literal(lines: &str, indent: usize) -> String {
    let mut out = String::from(if lines.ends_with('\n') { "|" } else { "|-" });
    for line in lines.trim_end_matches('\n').split('\n') {
        out.push('\n');
        if !line.is_empty() {
            let _ = write!(out, "{:indent$}{line}", "");
        }
    }
    out
}

/// Text without quotes only where no reader could take it for anything else.
fn text(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./ ".contains(c);
    let reserved = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let bare = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(plain)
        && !word.ends_with(' ')
        && !reserved.contains(&word.to_ascii_lowercase().as_str());
    if bare { word.to_owned() } else { Value::String(word.to_owned()).to_string() }
}

fn pad(indent: usize, out: &mut String) {
    let _ = write!(out, "{:indent$}", "");
}

#[cfg(test)]
mod tests {
    use super::document;
    use serde_json::json;

    #[test]
    fn yaml_is_what_people_write() {
        let value = json!({"a": {"b": [1, {"c": "x", "d": []}, "no"]}, "e": "l1\nl2", "f": "{{ .Values.f | nindent $INDENT }}",
            "g": {}, "h": "*", "i": "5", "probate.dev/x": true});
        let expected = "a:\n  b:\n  - 1\n  - c: x\n    d: []\n  - \"no\"\ne: |-\n  l1\n  l2\nf: {{ .Values.f | nindent 2 }}\ng: {}\nh: \"*\"\ni: \"5\"\nprobate.dev/x: true\n";
        assert_eq!(document(&value), expected);
    }
}
