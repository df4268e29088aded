//! The evidence schema as a tree of paths, for whoever checks a path: which exist, which may be absent, which are open below.

use crate::evidence::Evidence;
use serde_json::Value;
use std::collections::BTreeMap;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object with these fields and no others.
    Object(BTreeMap<String, Field>),
    /// A list.
    List(Box<Self>),
    /// A map or document of any content.
    Open,
    /// Text, a number or a truth value.
    Scalar(Scalar),
    /// One of these words.
    Words(Vec<String>),
}

/// What sort of value stands at a path that goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Text, words and times too.
    Text,
    /// A number.
    Number,
    /// True or false.
    Truth,
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Truth => "true or false",
        })
    }
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What stands there.
    pub shape: Shape,
    /// True where it can be missing although the fact is known.
    pub optional: bool,
}

/// What a chain of constant keys below `input` comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The path exists; `optional` where any part of it may be missing.
    Found {
        /// What stands there.
        shape: Shape,
        /// True where any part of the path may be missing.
        optional: bool,
    },
    /// There is no such field.
    Missing {
        /// The segment that does not exist.
        index: usize,
        /// The field that was probably meant.
        suggestion: Option<String>,
    },
}

impl Shape {
    /// The shape of complete evidence.
    pub fn of_evidence() -> Self {
        let settings = schemars::generate::SchemaSettings::draft2020_12()
            .with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<Evidence>();
        Self::of_schema(schema.as_value())
    }

    /// The shape that a JSON schema without references gives values.
    pub fn of_schema(schema: &Value) -> Self {
        if let Some(words) = words(schema) {
            return Self::Words(words);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => match schema.get("properties").and_then(Value::as_object) {
                Some(properties) => {
                    let required: Vec<&str> = schema
                        .get("required")
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .collect();
                    let field = |(name, schema): (&String, &Value)| {
                        (
                            name.clone(),
                            Field {
                                shape: Self::of_schema(schema),
                                optional: !required.contains(&name.as_str()),
                            },
                        )
                    };
                    Self::Object(properties.iter().map(field).collect())
                }
                None => Self::Open,
            },
            Some("array") => Self::List(Box::new(schema.get("items").map_or(Self::Open, Self::of_schema))),
            Some("integer" | "number") => Self::Scalar(Scalar::Number),
            Some("boolean") => Self::Scalar(Scalar::Truth),
            Some("string") => Self::Scalar(Scalar::Text),
            Some(_) | None => Self::Open,
        }
    }

    /// Follows constant keys. In a list every element has the list's item shape, whatever the key.
    pub fn lookup(&self, path: &[&str]) -> Lookup {
        let mut shape = self;
        let mut optional = false;
        for (index, segment) in path.iter().enumerate() {
            match shape {
                Self::Object(fields) => match fields.get(*segment) {
                    Some(field) => {
                        optional |= field.optional;
                        shape = &field.shape;
                    }
                    None => return Lookup::Missing { index, suggestion: nearest(segment, fields.keys()) },
                },
                Self::List(item) => {
                    optional = true;
                    shape = item;
                }
                Self::Open => return Lookup::Found { shape: Self::Open, optional: true },
                Self::Scalar(_) | Self::Words(_) => return Lookup::Missing { index, suggestion: None },
            }
        }
        Lookup::Found { shape: shape.clone(), optional }
    }
}

/// The words of an `enum`, or of several in a `oneOf`; none where another value is allowed too.
fn words(schema: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
        let all: Option<Vec<Vec<String>>> = variants.iter().map(words).collect();
        return all.map(|all| all.concat());
    }
    match (schema.get("enum").and_then(Value::as_array), schema.get("const")) {
        (Some(all), _) => all.iter().map(text).collect(),
        (None, Some(one)) => text(one).map(|one| vec![one]),
        (None, None) => None,
    }
}

/// The candidate within a third of the word's length in edits, the nearest first, then in order.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a String>) -> Option<String> {
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .map(|candidate| (distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(edits, _)| *edits <= limit)
        .min()
        .map(|(_, candidate)| candidate.clone())
}

fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (r, above) in right.iter().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(l != *r)).min(before + 1).min(above + 1);
            diagonal = *above;
            before = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Lookup, Scalar, Shape};

    fn lookup(path: &str) -> Lookup {
        Shape::of_evidence().lookup(&path.split('.').collect::<Vec<_>>())
    }

    fn optional(path: &str) -> bool {
        match lookup(path) {
            Lookup::Found { optional, .. } => optional,
            missing => panic!("{path}: {missing:?}"),
        }
    }

    #[test]
    fn a_path_knows_whether_it_may_be_absent() {
        assert!(optional("namespace.labels"));
        assert!(optional("usage.unusedSince"));
        assert!(optional("subject.labels.app"));
        assert!(optional("subject.deletingSince"));
        assert!(!optional("subject.labels"));
        assert!(!optional("usage.referenced"));
        assert!(!optional("retention.effective"));
        assert!(!optional("references"));
        assert!(!optional("now"));
        assert!(optional("claim.phase"));
        assert!(!optional("cluster.name"));
    }

    #[test]
    fn a_path_knows_what_sort_of_value_it_holds() {
        for (path, sort) in [
            ("usage.unusedSeconds", Scalar::Number),
            ("usage.referenced", Scalar::Truth),
            ("claim.phase", Scalar::Text),
            ("subject.bytes", Scalar::Number),
            ("now", Scalar::Text),
        ] {
            assert!(
                matches!(lookup(path), Lookup::Found { shape: Shape::Scalar(found), .. } if found == sort),
                "{path}"
            );
        }
    }

    #[test]
    fn a_path_knows_the_words_that_it_may_hold() {
        let words = |path: &str| match lookup(path) {
            Lookup::Found { shape: Shape::Words(words), .. } => words,
            other => panic!("{path}: {other:?}"),
        };
        assert_eq!(words("retention.effective"), ["Retain", "Delete"]);
        assert!(words("usage.continuity").contains(&"Watched".to_owned()));
        assert!(words("references.0.state").contains(&"Stopped".to_owned()));
    }

    #[test]
    fn a_misspelt_path_is_missing_with_a_hint() {
        assert_eq!(
            lookup("usage.unusedSecond"),
            Lookup::Missing { index: 1, suggestion: Some("unusedSeconds".into()) }
        );
        assert_eq!(lookup("namspace"), Lookup::Missing { index: 0, suggestion: Some("namespace".into()) });
        assert_eq!(lookup("now.year"), Lookup::Missing { index: 1, suggestion: None });
    }
}
