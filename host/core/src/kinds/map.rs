//! Labels and annotations as they are kept of hundreds of thousands of objects: one text, where each node of a tree takes half a
//! kilobyte and each string an allocation.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Labels or annotations, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Map {
    /// All keys and values, one after the other.
    text: Box<str>,
    /// Where each key and each value ends, in the order of the keys.
    ends: Box<[usize]>,
}

impl Map {
    /// Of pairs in any order; of one key the last counts.
    fn of(mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>) -> Self {
        pairs.sort_by(|(left, _), (right, _)| left.cmp(right));
        pairs.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(&mut later.1, &mut kept.1);
            }
            same
        });
        let mut text = String::with_capacity(pairs.iter().map(|(key, value)| key.len() + value.len()).sum());
        let mut ends = Vec::with_capacity(pairs.len() * 2);
        for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
            text.push_str(part);
            ends.push(text.len());
        }
        Self { text: text.into(), ends: ends.into() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let part = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        let mut start = 0;
        self.ends.as_chunks().0.iter().map(move |&[key, value]| {
            let from = std::mem::replace(&mut start, value);
            (part(from, key), part(key, value))
        })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(_, value)| value)
    }

    /// Takes the key away; true where it was there.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        if !self.contains_key(key) {
            return false;
        }
        let rest = self.iter().filter(|(own, _)| *own != key);
        *self = Self::of(rest.map(|(key, value)| (key.into(), value.into())).collect());
        true
    }

    /// As documents hold it.
    pub(crate) fn tree(&self) -> BTreeMap<String, String> {
        self.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }
}

/// Labels, however they are held.
pub(crate) trait Labels: std::fmt::Debug {
    /// The value of that label.
    fn value(&self, key: &str) -> Option<&str>;
}

impl Labels for Map {
    fn value(&self, key: &str) -> Option<&str> {
        self.get(key)
    }
}

impl Labels for BTreeMap<String, String> {
    fn value(&self, key: &str) -> Option<&str> {
        self.get(key).map(String::as_str)
    }
}

/// A text that is borrowed where it can be.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Map;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Text(key), Text(value))) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Map::of(pairs))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[cfg(test)]
mod tests {
    use super::Map;
    use std::collections::BTreeMap;

    #[test]
    fn it_is_the_map_that_a_tree_would_be() {
        let text = r#"{"b": "1", "a": "2", "c": "", "a": "3", "a": "4"}"#;
        let mut map: Map = serde_json::from_str(text).unwrap();
        let mut tree: BTreeMap<String, String> = serde_json::from_str(text).unwrap();
        assert_eq!(map.tree(), tree);
        assert_eq!(map.get("a"), Some("4"));
        assert!(map.get("d").is_none() && !map.contains_key("") && map.contains_key("c"));
        assert!(map.remove("b") && !map.remove("b"));
        tree.remove("b");
        assert_eq!(map.tree(), tree);
        assert!(map.keys().eq(["a", "c"]) && map.values().eq(["4", ""]));
        assert!(
            serde_json::from_str::<Map>(r#"{"a": 1}"#).is_err() && serde_json::from_str::<Map>("[]").is_err()
        );
    }
}
