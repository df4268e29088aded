//! One pass over an object's JSON that builds nothing: is it valid, does a key occur twice, and which object is it.

use super::fault::{self, Fault};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

/// What the loader has to know of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) api_version: Option<String>,
    pub(crate) kind: Option<String>,
    /// It has a `metadata.name`.
    pub(crate) named: bool,
    /// It has `items`, and among them something with a kind of its own.
    pub(crate) holds_objects: bool,
    /// Its `items` are a list, if it has any at all.
    pub(crate) items: Option<bool>,
}

/// Reads the whole slice, which must be one JSON value.
pub(crate) fn inspect(json: &[u8]) -> Result<Head, Fault> {
    let state = State::default();
    let mut de = serde_json::Deserializer::from_slice(json);
    let outcome = Seed { state: &state, place: Place::Root }.deserialize(&mut de).and_then(|()| de.end());
    if let Err(error) = outcome {
        let (line, column) = (error.line() as u64, error.column() as u64);
        let code = match (state.code.get(), error.classify()) {
            (Some(code), _) => code,
            (None, serde_json::error::Category::Eof) => fault::TRUNCATED,
            (None, _) if error.to_string().starts_with("recursion limit") => fault::TOO_DEEP,
            (None, _) if std::str::from_utf8(json).is_err() => fault::ENCODING,
            (None, _) => fault::SYNTAX,
        };
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or(&text);
        let message = match code {
            fault::TOO_DEEP => "nested deeper than 128 levels",
            fault::ENCODING => "not UTF-8",
            _ => text,
        };
        return Err(Fault::new(code, message).at(line, column));
    }
    Ok(state.head.into_inner())
}

#[derive(Default)]
struct State<'de> {
    head: RefCell<Head>,
    /// Keys of all mappings that are open, innermost last.
    keys: RefCell<Vec<Cow<'de, str>>>,
    code: Cell<Option<&'static str>>,
}

impl State<'_> {
    fn refuse<E: Error>(&self, code: &'static str, message: String) -> E {
        self.code.set(Some(code));
        E::custom(message)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    ApiVersion,
    Kind,
    Metadata,
    Name,
    /// Another identifier.
    Label,
    Items,
    Item,
    ItemKind,
    Elsewhere,
}

impl Place {
    fn child(self, key: &str) -> Self {
        match (self, key) {
            (Self::Root, "apiVersion") => Self::ApiVersion,
            (Self::Root, "kind") => Self::Kind,
            (Self::Root, "metadata") => Self::Metadata,
            (Self::Root, "items") => Self::Items,
            (Self::Metadata, "name") => Self::Name,
            (Self::Metadata, "namespace" | "uid") => Self::Label,
            (Self::Item, "kind") => Self::ItemKind,
            _ => Self::Elsewhere,
        }
    }
}

struct Seed<'a, 'de> {
    state: &'a State<'de>,
    place: Place,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Seed<'_, 'de> {
    fn text<E: Error>(&self, text: &str) -> Result<(), E> {
        let mut head = self.state.head.borrow_mut();
        match self.place {
            Place::ApiVersion => head.api_version = Some(text.into()),
            Place::Kind => head.kind = Some(text.into()),
            Place::ItemKind => head.holds_objects = true,
            Place::Name | Place::Label => {
                if text.chars().any(|c| c.is_control() || fault::is_invisible(c)) {
                    let message = "a name with control or invisible characters".to_string();
                    return Err(self.state.refuse(fault::NOT_AN_OBJECT, message));
                }
                head.named |= self.place == Place::Name && !text.is_empty();
            }
            Place::Root => return self.no_object("text"),
            Place::Metadata => return self.no_object("metadata that is text"),
            Place::Items | Place::Item | Place::Elsewhere => {}
        }
        Ok(())
    }

    fn no_object<E: Error>(&self, found: &str) -> Result<(), E> {
        Err(self.state.refuse(fault::NOT_AN_OBJECT, format!("expected an object, found {found}")))
    }

    /// Numbers, booleans, null: nothing in the places that matter.
    fn other<E: Error>(&self, found: &str) -> Result<(), E> {
        match self.place {
            Place::Root => self.no_object(found),
            Place::ApiVersion | Place::Kind | Place::Name | Place::Label | Place::Metadata => {
                let message = format!("apiVersion, kind or metadata holds {found} where text belongs");
                Err(self.state.refuse(fault::NOT_AN_OBJECT, message))
            }
            _ => Ok(()),
        }
    }
}

impl<'de> Visitor<'de> for Seed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.other("a boolean")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.other("a number")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.other("a number")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.other("a number")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        // `namespace: null` and the like are what Go writes for an empty pointer.
        if self.place == Place::Root { self.no_object("null") } else { Ok(()) }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        match self.place {
            Place::Elsewhere | Place::Items | Place::Item | Place::ItemKind => {}
            _ => self.other("a list")?,
        }
        if self.place == Place::Items {
            self.state.head.borrow_mut().items = Some(true);
        }
        let place = if self.place == Place::Items { Place::Item } else { Place::Elsewhere };
        while seq.next_element_seed(Seed { state: self.state, place })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if matches!(self.place, Place::ApiVersion | Place::Kind | Place::Name | Place::Label) {
            self.other("a mapping")?;
        }
        let start = self.state.keys.borrow().len();
        let mut many = None;
        while let Some(key) = map.next_key_seed(Key)? {
            let place = self.place.child(&key);
            if place == Place::Items {
                self.state.head.borrow_mut().items = Some(false);
            }
            if is_twice(self.state, start, &mut many, key.clone()) {
                let message = format!("the key `{key}` occurs twice");
                return Err(self.state.refuse(fault::DUPLICATE_KEY, message));
            }
            map.next_value_seed(Seed { state: self.state, place })?;
        }
        self.state.keys.borrow_mut().truncate(start);
        Ok(())
    }
}

/// True where the mapping, whose keys begin at `start`, has the key already. Few keys are compared one by one; a large
/// mapping gets a set of its own.
fn is_twice<'de>(
    state: &State<'de>,
    start: usize,
    many: &mut Option<HashSet<Cow<'de, str>>>,
    key: Cow<'de, str>,
) -> bool {
    const FEW: usize = 32;
    if let Some(many) = many {
        return !many.insert(key);
    }
    let mut keys = state.keys.borrow_mut();
    let open = keys.get(start..).unwrap_or_default();
    if open.contains(&key) {
        return true;
    }
    let len = open.len();
    keys.push(key);
    if len >= FEW {
        *many = Some(keys.drain(start..).collect());
    }
    false
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.into()))
    }
}
