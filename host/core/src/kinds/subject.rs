//! What claims and volumes share, cut out of their text without building it: identity, labels, and the raw object as policies
//! may see it.

use super::Unreadable;
use super::map::Map;
use super::meta::{Head, Meta};
use crate::intake::GroupKind;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// Largest raw object that a policy may see.
pub(crate) const MAX_OBJECT_BYTES: usize = 32 << 10;
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What claims and volumes share.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) labels: Map,
    pub(crate) annotations: Map,
    pub(crate) finalizers: Box<[Box<str>]>,
    /// Raw metadata, spec and status; `None` where it is too large.
    pub(crate) object: Option<Arc<str>>,
}

#[derive(Deserialize)]
struct Top<'a> {
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(default, borrow)]
    spec: Option<&'a RawValue>,
    #[serde(default, borrow)]
    status: Option<&'a RawValue>,
}

/// An object taken apart; spec and status are read by whoever knows their kind.
pub(super) struct Parts<'a> {
    pub(super) head: Head,
    pub(super) subject: Subject,
    spec: Option<&'a str>,
    status: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Takes the raw object apart.
    pub(super) fn of(kind: &GroupKind, json: &'a [u8]) -> Result<Self, Unreadable> {
        let shape = |error: serde_json::Error| Unreadable::shape(kind, &error);
        let top: Top<'a> = serde_json::from_slice(json).map_err(shape)?;
        let metadata = top.metadata.get();
        let meta: Meta<'_> = serde_json::from_str(metadata).map_err(shape)?;
        let (labels, mut annotations) = (meta.labels(kind)?, meta.annotations(kind)?);
        let (finalizers, managed) = (meta.finalizers(kind)?, meta.managed());
        let head = meta.head(kind)?;
        let applied = annotations.remove(LAST_APPLIED);
        let mut text = String::with_capacity(json.len() / 2);
        text.push_str("{\"metadata\":");
        if applied || managed {
            visible(metadata, applied.then_some(&annotations), &mut text).map_err(shape)?;
        } else {
            compact(metadata, &mut text);
        }
        let (spec, status) = (top.spec.map(RawValue::get), top.status.map(RawValue::get));
        for (key, part) in [(",\"spec\":", spec), (",\"status\":", status)] {
            if let Some(part) = part {
                text.push_str(key);
                compact(part, &mut text);
            }
        }
        text.push('}');
        let object = (text.len() <= MAX_OBJECT_BYTES).then(|| Arc::from(text));
        Ok(Self { head, subject: Subject { labels, annotations, finalizers, object }, spec, status })
    }

    /// The spec; an empty one where there is none.
    pub(super) fn spec<T: DeserializeOwned + Default>(&self, kind: &GroupKind) -> Result<T, Unreadable> {
        part(kind, self.spec)
    }

    /// The status; an empty one where there is none.
    pub(super) fn status<T: DeserializeOwned + Default>(&self, kind: &GroupKind) -> Result<T, Unreadable> {
        part(kind, self.status)
    }
}

fn part<T: DeserializeOwned + Default>(kind: &GroupKind, text: Option<&str>) -> Result<T, Unreadable> {
    text.map_or_else(
        || Ok(T::default()),
        |text| serde_json::from_str(text).map_err(|error| Unreadable::shape(kind, &error)),
    )
}

/// Writes metadata as policies see it: no managedFields, no last-applied configuration.
fn visible(metadata: &str, annotations: Option<&Map>, to: &mut String) -> serde_json::Result<()> {
    let Pairs(pairs) = serde_json::from_str(metadata)?;
    to.push('{');
    let mut first = true;
    for (key, value) in pairs.iter().filter(|(key, _)| key != "managedFields") {
        if !std::mem::take(&mut first) {
            to.push(',');
        }
        to.push_str(&serde_json::to_string(key)?);
        to.push(':');
        match annotations {
            Some(annotations) if key == "annotations" => {
                to.push_str(&serde_json::to_string(&annotations.tree())?)
            }
            _ => compact(value.get(), to),
        }
    }
    to.push('}');
    Ok(())
}

/// Copies JSON without the white space between its tokens.
fn compact(json: &str, to: &mut String) {
    let mut rest = json;
    while let Some((outside, text)) = rest.find('"').and_then(|quote| rest.split_at_checked(quote)) {
        bare(outside, to);
        let (text, after) = text.split_at_checked(text_len(text.as_bytes())).unwrap_or((text, ""));
        to.push_str(text);
        rest = after;
    }
    bare(rest, to);
}

/// Copies what stands between strings: ASCII, mostly a mark or two and the white space of a line.
fn bare(outside: &str, to: &mut String) {
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    to.extend(outside.bytes().filter(|byte| !blank(byte)).map(char::from));
}

/// Length of the string that the text begins with, quotes included.
fn text_len(text: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A mapping's keys and the text of their values, in order.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    pairs.push((key, map.next_value()?));
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Each).map(Pairs)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::{LAST_APPLIED, Parts, compact};
    use crate::intake::GroupKind;
    use serde_json::{Value, json};

    #[test]
    fn white_space_goes_and_text_stays() {
        let mut text = String::new();
        compact("{ \"a b\" : [ 1 ,\n\t\"c \\\" d\\\\\" , { } ] , \"e\" :\r\n null }", &mut text);
        assert_eq!(text, r#"{"a b":[1,"c \" d\\",{}],"e":null}"#);
    }

    #[test]
    fn policies_see_neither_managed_fields_nor_what_was_applied() {
        let object = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "other": 1,
            "metadata": {"name": "a\"b", "uid": "u", "managedFields": [{"x": 1}], "labels": {"k": "v w"},
                "annotations": {LAST_APPLIED: "{}", "keep": "ü"}},
            "spec": {"volumeName": "x"}, "status": null});
        let kind = GroupKind::parse("PersistentVolumeClaim");
        let text = serde_json::to_vec_pretty(&object).unwrap();
        let parts = Parts::of(&kind, &text).ok().unwrap();
        let seen: Value = serde_json::from_str(&parts.subject.object.unwrap()).unwrap();
        let expected = json!({"metadata": {"name": "a\"b", "uid": "u", "labels": {"k": "v w"}, "annotations": {"keep": "ü"}},
            "spec": {"volumeName": "x"}});
        assert_eq!(seen, expected);
        assert!(parts.subject.annotations.keys().eq(["keep"]));
        assert_eq!(&*parts.head.name, "a\"b");
    }
}
