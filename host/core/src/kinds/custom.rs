//! Kinds nobody here knows: any string in them that has the shape of a name may be a reference. Only hashes are kept; they are
//! resolved once all claims and volumes are known.

use super::meta::{Bare, Head, Meta};
use super::{ANYWHERE, Edge, Parsed, Read, Target, Unreadable};
use crate::intake::GroupKind;
use probate_contract::evidence::ReferenceState;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Hashes of the name-shaped strings of an object, sorted, without doubles.
pub(crate) type Names = Box<[u64]>;

/// A hash of a name; the same in every run, so that nothing rests on chance.
pub(crate) fn hash(name: &str) -> u64 {
    hash_of(&[name])
}

/// A hash of these parts, as they are divided.
pub(crate) fn hash_of(parts: &[&str]) -> u64 {
    // Eight bytes a step; not open to choice by whoever writes the object beyond a false reference, which retains.
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(ODD);
    let hash = parts.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, part| {
        let (words, rest) = part.as_bytes().as_chunks();
        let hash = words.iter().fold(hash, |hash, word| step(hash, u64::from_le_bytes(*word)));
        // How many bytes are left stands above them, so that a zero at the end counts.
        let rest = rest.iter().rev().fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte));
        step(hash, rest)
    });
    (hash ^ (hash >> 32)).wrapping_mul(ODD) ^ (hash >> 29)
}

/// An object of an unknown kind.
pub(crate) fn object(kind: &GroupKind, json: &[u8]) -> Read {
    let shape = |error: serde_json::Error| Unreadable::shape(kind, &error);
    let bare: Bare<'_> = serde_json::from_slice(json).map_err(shape)?;
    let head = Meta::head(bare.metadata, kind)?;
    let edges = fields(&head, json).map_err(shape)?;
    Ok(Parsed { names: scan(kind, json)?, edges, ..Parsed::new(kind, head) })
}

const TEMPLATES: &str = "volumeClaimTemplates";
/// Keys under which objects without namespace name a claim: Kubernetes' own, and what operators made of it (openshift, imageregistry/v1
/// types.go `claim`).
const CLAIM: [&str; 4] = ["claimName", "claim", "pvcName", "persistentVolumeClaimName"];

/// A selector of claims by their labels (ramen, api/v1alpha1/volumereplicationgroup_types.go).
const SELECTOR: &str = "pvcSelector";

/// What the fields of Kubernetes' own types mean in it, wherever they stand.
fn fields(head: &Head, json: &[u8]) -> serde_json::Result<Vec<Edge>> {
    let told = |key: &str| std::str::from_utf8(json).is_ok_and(|text| text.contains(key));
    let anywhere = head.namespace.is_empty() && CLAIM.into_iter().any(told);
    if !told(TEMPLATES) && !told(SELECTOR) && !anywhere {
        return Ok(Vec::new());
    }
    let mut edges: Vec<Edge> = Vec::new();
    let mut rest: Vec<Value> = vec![serde_json::from_slice(json)?];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(list) => rest.extend(list),
            Value::Object(fields) => {
                for edge in meant(head, &fields) {
                    if !edges.contains(&edge) {
                        edges.push(edge);
                    }
                }
                rest.extend(fields.into_iter().map(|(_, value)| value));
            }
            _ => {}
        }
    }
    Ok(edges)
}

/// Claims that are made of templates, as StatefulSets and operators name them, `TEMPLATE-OBJECT-…`: they stay when the operator scales
/// down or hibernates, and are wanted again. Claims that it selects. And, of an object without namespace, claims that it names: whoever
/// makes a Pod of it chooses the namespace (argo-workflows, ClusterWorkflowTemplate).
fn meant(head: &Head, fields: &Map<String, Value>) -> Vec<Edge> {
    let possible = |target, path: &'static str| Edge::new(target, ReferenceState::Possible, path);
    let templates = fields.get(TEMPLATES).and_then(Value::as_array).into_iter().flatten();
    let names = templates.filter_map(|template| template.pointer("/metadata/name")?.as_str());
    let made = names.map(|name| Target::Prefixed { prefix: format!("{name}-{}", head.name).into() });
    let mut edges: Vec<Edge> = made.map(|target| possible(target, TEMPLATES)).collect();
    if head.namespace.is_empty() {
        let named = CLAIM.iter().filter_map(|key| fields.get(*key)?.as_str());
        let target = |name: &str| Target::Claim { namespace: Some(ANYWHERE.into()), name: name.into() };
        edges.extend(named.map(|name| possible(target(name), "spec")));
    } else if let Some(selector) = fields.get(SELECTOR).filter(|selector| selector.is_object()) {
        let labels = selector.get("matchLabels").and_then(Value::as_object);
        let first =
            labels.and_then(|labels| labels.iter().find_map(|(key, value)| Some((key, value.as_str()?))));
        edges.push(match first {
            Some((key, value)) => Edge::labelled(key, value, ReferenceState::Possible, SELECTOR),
            None => possible(Target::Namespace { name: head.namespace.clone() }, SELECTOR),
        });
    }
    edges
}

/// Hashes of all name-shaped strings of an object.
pub(crate) fn scan(kind: &GroupKind, json: &[u8]) -> Result<Names, Unreadable> {
    let mut names = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    Scan { names: &mut names, depth: 0 }
        .deserialize(&mut reader)
        .map_err(|error| Unreadable::shape(kind, &error))?;
    Ok(sorted(names))
}

/// Hashes of the name-shaped parts of a text.
pub(crate) fn names_in(text: &str) -> Names {
    let mut names = Vec::new();
    note(&mut names, text);
    sorted(names)
}

fn sorted(mut names: Vec<u64>) -> Names {
    names.sort_unstable();
    names.dedup();
    names.into_boxed_slice()
}

/// Collects name-shaped strings; of metadata the annotations alone, because an object's own name, labels and owners name itself.
struct Scan<'a> {
    names: &'a mut Vec<u64>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        note(self.names, text);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Scan { names: &mut *self.names, depth: self.depth + 1 })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match (self.depth, &*key) {
                (0, "metadata") => {
                    let meta: Annotations = map.next_value()?;
                    meta.annotations.unwrap_or_default().values().for_each(|text| note(self.names, text));
                }
                (0, "apiVersion" | "kind") => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    note(self.names, &key);
                    map.next_value_seed(Scan { names: &mut *self.names, depth: self.depth + 1 })?;
                }
            }
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Annotations {
    #[serde(default)]
    annotations: Option<super::map::Map>,
}

/// Notes a name, and of lists, paths and documents in strings every part that has the shape of a name.
fn note(names: &mut Vec<u64>, text: &str) {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if name_shaped(text) {
        names.push(hash(text));
    } else if text.contains(|c: char| !part(c) && c != '_') {
        names.extend(text.split(|c: char| !part(c)).filter(|part| name_shaped(part)).map(hash));
    }
}

/// DNS-1123 subdomain, at most 253 bytes.
pub(crate) fn name_shaped(text: &str) -> bool {
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    bytes.len() <= 253
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
}
