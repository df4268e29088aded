//! Digests over canonical JSON (keys in code-point order, no white space, UTF-8) or over bytes.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// `sha256:` and 64 hex digits over bytes.
pub fn of_bytes(bytes: &[u8]) -> String {
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}

/// `sha256:` and 64 hex digits over a document's canonical JSON.
pub fn of_json(document: &impl Serialize) -> String {
    of_bytes(canonical(document).as_bytes())
}

/// `sha256:` and 64 hex digits over an object's canonical JSON, of which one key holds a list too large to be built at once.
pub(crate) fn of_parts(
    head: &serde_json::Map<String, Value>,
    key: &str,
    items: impl Iterator<Item = String>,
) -> String {
    let mut hash = Sha256::new();
    let mut rest = head.iter().filter(|(name, _)| *name != key).peekable();
    let mut list = Some(items);
    let mut open = b'{';
    while rest.peek().is_some() || list.is_some() {
        hash.update([open]);
        open = b',';
        let next = rest.peek().map(|(name, _)| name.as_str());
        if let Some(items) = list.take_if(|_| next.is_none_or(|next| key < next)) {
            hash.update(canonical(&key));
            hash.update(":[");
            for (at, item) in items.enumerate() {
                hash.update(if at == 0 { "" } else { "," });
                hash.update(item);
            }
            hash.update("]");
        } else if let Some((name, value)) = rest.next() {
            hash.update(canonical(name));
            hash.update(":");
            hash.update(canonical(value));
        }
    }
    hash.update("}");
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&hash.finalize()))
}

/// Canonical JSON. `serde_json`'s maps are sorted by their keys' bytes, which for UTF-8 is the order of code points.
pub fn canonical(document: &impl Serialize) -> String {
    // Several times faster than the value's `Display`, which asks a formatter for every piece.
    serde_json::to_value(document).and_then(|value| serde_json::to_string(&value)).unwrap_or_default()
}

/// Names and bytes of files, whatever their order.
pub fn of_files<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut files: Vec<_> = files.map(|(name, bytes)| (name, of_bytes(bytes))).collect();
    files.sort_unstable();
    of_json(&files)
}

/// Ten lower-case letters and digits of a hash over these parts.
pub fn short(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    data_encoding::BASE32_NOPAD.encode(&hash.finalize()).to_lowercase().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn key_order_does_not_matter_and_values_do() {
        let one: serde_json::Value = serde_json::from_str(r#"{"b":1,"a":{"d":[1,2],"c":"ü"}}"#).unwrap();
        assert_eq!(super::canonical(&one), r#"{"a":{"c":"ü","d":[1,2]},"b":1}"#);
        assert_eq!(super::of_json(&one), super::of_json(&json!({"a": {"c": "ü", "d": [1, 2]}, "b": 1})));
        assert_ne!(super::of_json(&one), super::of_json(&json!({"b": 2})));
        for key in ["a", "aa", "c", "z"] {
            let mut whole = one.as_object().unwrap().clone();
            whole.remove(key);
            for items in [json!([]), json!([1]), json!([{"y": 2, "x": 1}, "t"])] {
                let texts = items.as_array().unwrap().iter().map(super::canonical);
                let parts = super::of_parts(&whole, key, texts);
                let mut built = whole.clone();
                built.insert(key.into(), items);
                assert_eq!(parts, super::of_json(&built), "{key}");
            }
        }
        assert_ne!(super::short(&["ab", "c"]), super::short(&["a", "bc"]));
    }
}
