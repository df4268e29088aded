//! What a plain YAML scalar means. kubectl reads YAML 1.1, most other tools 1.2; where they differ nothing is guessed.

/// A meaning that both agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// Text.
    Text,
    /// A number that JSON writes in the same way.
    Number,
    /// A boolean.
    Boolean(bool),
    /// Null.
    Null,
}

/// Resolves a plain scalar.
///
/// # Errors
/// Its meaning depends on the version of YAML.
pub(crate) fn resolve(text: &str) -> Result<Scalar, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Scalar::Null),
        "true" | "True" | "TRUE" => return Ok(Scalar::Boolean(true)),
        "false" | "False" | "FALSE" => return Ok(Scalar::Boolean(false)),
        "y" | "Y" | "n" | "N" | "yes" | "Yes" | "YES" | "no" | "No" | "NO" | "on" | "On" | "ON" | "off"
        | "Off" | "OFF" => return Err(format!("`{text}` is a boolean to kubectl and text to others")),
        _ => {}
    }
    let Some(first) = text.bytes().next() else { return Ok(Scalar::Null) };
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Ok(Scalar::Text);
    }
    if is_json_number(text) {
        return Ok(Scalar::Number);
    }
    match odd_number(text) {
        Some(what) => Err(format!("`{text}` is {what} to some readers and text to others")),
        None => Ok(Scalar::Text),
    }
}

fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    let zero_led = whole > 1 && digits.starts_with('0');
    whole > 0
        && !zero_led
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// Names the number that a text is in some version of YAML, though not in JSON.
fn odd_number(text: &str) -> Option<&'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = digits.to_ascii_lowercase();
    if matches!(lower.as_str(), ".inf" | ".nan") {
        return Some("not finite");
    }
    for (prefix, radix, what) in
        [("0x", 16, "a hexadecimal number"), ("0o", 8, "an octal number"), ("0b", 2, "a binary number")]
    {
        if let Some(rest) = lower.strip_prefix(prefix) {
            let fits = !rest.is_empty() && rest.chars().all(|c| c == '_' || c.is_digit(radix));
            return fits.then_some(what);
        }
    }
    let begins = lower.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        || lower
            .strip_prefix('.')
            .and_then(|rest| rest.bytes().next())
            .is_some_and(|byte| byte.is_ascii_digit());
    if !begins {
        return None;
    }
    if lower.contains(':') {
        return is_sexagesimal(&lower).then_some("a number to base 60");
    }
    let bare: String = lower.chars().filter(|c| *c != '_').collect();
    let is_number = bare.parse::<f64>().is_ok() && bare.bytes().any(|byte| byte.is_ascii_digit());
    is_number.then_some("a number")
}

/// `12:30:45`, `22:22.5`; not `10.0.0.1:8080`.
fn is_sexagesimal(text: &str) -> bool {
    let digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let sixty = |part: &str| part.len() <= 2 && part.parse::<u8>().is_ok_and(|value| value < 60);
    let whole = text
        .rsplit_once('.')
        .map_or(text, |(whole, fraction)| if fraction.contains(':') { text } else { whole });
    let mut parts = whole.split(':');
    parts.next().is_some_and(digits) && parts.all(sixty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_versions_agree_on_is_taken() {
        for text in [
            "1.2.3",
            "2021-09-14",
            "10.0.0.1",
            "a",
            "-",
            "--x",
            "1Gi",
            "500m",
            "0x",
            "1e",
            "::1",
            "2021-09-14T10:00:00Z",
            "0a",
            "0.0.0.0:6443",
            "10.131.0.10:50051",
            "1:99",
            "10.0.0.1:22",
            "+x",
            ".",
        ] {
            assert_eq!(resolve(text), Ok(Scalar::Text), "{text}");
        }
        for text in ["0", "12", "-3", "1.5", "1e3", "100000000000000000000"] {
            assert_eq!(resolve(text), Ok(Scalar::Number), "{text}");
        }
        assert_eq!(resolve("~"), Ok(Scalar::Null));
        assert_eq!(resolve("True"), Ok(Scalar::Boolean(true)));
    }

    #[test]
    fn what_they_read_differently_is_refused() {
        for text in [
            "yes", "NO", "on", "y", "0755", "-012", "1_000", "12:30:45", "22:22", "0o17", "0x1F", "0b11",
            "+1", ".5", "1.", ".inf", "-.Inf", ".NaN", "09", "1_0.5",
        ] {
            assert!(resolve(text).is_err(), "{text}");
        }
    }
}
