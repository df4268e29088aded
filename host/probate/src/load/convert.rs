//! YAML to JSON as kubectl would: block style, no anchors, and no scalar that YAML 1.1 and 1.2 read differently.

use super::fault::{self, Fault};
use super::scalar::{self, Scalar};
use super::work::Format;
use granit_parser::{Event, Parser, ScalarStyle, Span};
use std::borrow::Cow;
use std::collections::HashSet;

/// Nesting that no Kubernetes object reaches.
const DEPTH: usize = 100;

/// What a text held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing but comments and white space.
    Empty,
    /// One value.
    Value,
}

/// Appends the JSON of one document or list item.
pub(crate) fn to_json(text: &[u8], format: Format, json: &mut Vec<u8>) -> Result<Outcome, Fault> {
    let text = utf8(text)?;
    let text: Cow<'_, str> = if format == Format::YamlItem {
        // `  - key: …` is a mapping whose first key stands where it stands; the dash itself says nothing more.
        Cow::Owned(text.replacen('-', " ", 1))
    } else {
        Cow::Borrowed(text)
    };
    let options = granit_parser::options! { strict_indentation: true, disallow_directives: true };
    let mut parser = Parser::new_from_str_with_options(&text, options);
    let mut writer = Writer { json, open: Vec::new(), documents: 0, values: 0 };
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let code = if text.contains('\0') { fault::ENCODING } else { fault::SYNTAX };
            let code = match error.kind() {
                granit_parser::ErrorKind::DirectiveDisallowed => fault::YAML_FEATURE,
                granit_parser::ErrorKind::UnknownAnchor => fault::YAML_FEATURE,
                granit_parser::ErrorKind::RecursionLimitExceeded => fault::TOO_DEEP,
                _ => code,
            };
            Fault::new(code, error.info()).at(error.marker().line() as u64, error.marker().col() as u64 + 1)
        })?;
        writer.event(event, &span)?;
    }
    Ok(if writer.values == 0 { Outcome::Empty } else { Outcome::Value })
}

/// The text, if it is text.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        Fault::new(fault::ENCODING, "not UTF-8").at(line, 1)
    })
}

struct Open<'i> {
    /// Keys so far, of a mapping.
    keys: Option<HashSet<Cow<'i, str>>>,
    /// In a mapping: the next node is a key.
    key: bool,
    first: bool,
}

struct Writer<'j, 'i> {
    json: &'j mut Vec<u8>,
    open: Vec<Open<'i>>,
    documents: u32,
    values: u32,
}

impl<'i> Writer<'_, 'i> {
    fn event(&mut self, event: Event<'i>, span: &Span) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(refuse(span, fault::SYNTAX, "a second document where none belongs"));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                plain_node(anchor, tag.is_some(), span)?;
                self.scalar(text, style, span)
            }
            Event::SequenceStart(_, anchor, tag) => {
                plain_node(anchor, tag.is_some(), span)?;
                self.start(b'[', None, span)
            }
            Event::MappingStart(_, anchor, tag) => {
                plain_node(anchor, tag.is_some(), span)?;
                self.start(b'{', Some(HashSet::new()), span)
            }
            Event::SequenceEnd => self.end(b']'),
            Event::MappingEnd => self.end(b'}'),
            Event::Alias(_) | Event::UnresolvedAlias(_) | Event::Anchor(..) => {
                Err(refuse(span, fault::YAML_FEATURE, "an alias"))
            }
            // Stream and document ends; comments.
            _ => Ok(()),
        }
    }

    fn start(&mut self, bracket: u8, keys: Option<HashSet<Cow<'i, str>>>, span: &Span) -> Result<(), Fault> {
        if self.is_key() {
            return Err(refuse(span, fault::SYNTAX, "a mapping or list as a key"));
        }
        if self.open.len() >= DEPTH {
            return Err(refuse(span, fault::TOO_DEEP, format!("nested deeper than {DEPTH} levels")));
        }
        self.before_value();
        self.json.push(bracket);
        let key = keys.is_some();
        self.open.push(Open { keys, key, first: true });
        Ok(())
    }

    fn end(&mut self, bracket: u8) -> Result<(), Fault> {
        self.open.pop();
        self.json.push(bracket);
        Ok(())
    }

    fn is_key(&self) -> bool {
        self.open.last().is_some_and(|open| open.key)
    }

    /// Writes the comma of a list item, and makes the next node of a mapping a key.
    fn before_value(&mut self) {
        match self.open.last_mut() {
            None => self.values += 1,
            Some(open) if open.keys.is_some() => open.key = true,
            Some(open) => {
                if !open.first {
                    self.json.push(b',');
                }
                open.first = false;
            }
        }
    }

    fn scalar(&mut self, text: Cow<'i, str>, style: ScalarStyle, span: &Span) -> Result<(), Fault> {
        let is_plain = style == ScalarStyle::Plain;
        let value = if is_plain { scalar::resolve(&text) } else { Ok(Scalar::Text) };
        let value = value.map_err(|message| refuse(span, fault::AMBIGUOUS, message))?;
        if self.is_key() {
            return self.key(text, value, is_plain, span);
        }
        self.before_value();
        match value {
            Scalar::Text => write_text(self.json, &text),
            Scalar::Number => self.json.extend_from_slice(text.as_bytes()),
            Scalar::Boolean(true) => self.json.extend_from_slice(b"true"),
            Scalar::Boolean(false) => self.json.extend_from_slice(b"false"),
            Scalar::Null => self.json.extend_from_slice(b"null"),
        }
        Ok(())
    }

    fn key(&mut self, text: Cow<'i, str>, value: Scalar, is_plain: bool, span: &Span) -> Result<(), Fault> {
        if is_plain && text == "<<" {
            return Err(refuse(span, fault::YAML_FEATURE, "a merge key"));
        }
        let is_whole = value == Scalar::Number && !text.contains(['.', 'e', 'E']);
        if value != Scalar::Text && !is_whole {
            return Err(refuse(span, fault::AMBIGUOUS, format!("the key `{text}` is not text")));
        }
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        if !open.first {
            self.json.push(b',');
        }
        open.first = false;
        open.key = false;
        write_text(self.json, &text);
        self.json.push(b':');
        if let Some(keys) = &mut open.keys {
            if keys.contains(&text) {
                return Err(refuse(span, fault::DUPLICATE_KEY, format!("the key `{text}` occurs twice")));
            }
            keys.insert(text);
        }
        Ok(())
    }
}

fn write_text(json: &mut Vec<u8>, text: &str) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(json, text);
}

fn plain_node(anchor: usize, tagged: bool, span: &Span) -> Result<(), Fault> {
    match (anchor, tagged) {
        (0, false) => Ok(()),
        (0, true) => Err(refuse(span, fault::YAML_FEATURE, "a tag")),
        _ => Err(refuse(span, fault::YAML_FEATURE, "an anchor")),
    }
}

fn refuse(span: &Span, code: &'static str, message: impl Into<String>) -> Fault {
    Fault::new(code, message).at(span.start.line() as u64, span.start.col() as u64 + 1)
}

/// apiVersion and kind as the text's own lines tell, unparsed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Top<'t> {
    api_version: Option<&'t str>,
    kind: Option<&'t str>,
    /// One occurs twice, or is not written plainly.
    odd: bool,
}

impl<'t> Top<'t> {
    /// Both, if they are beyond doubt.
    pub(crate) fn known(self) -> Option<(&'t str, &'t str)> {
        match (self.api_version, self.kind, self.odd) {
            (Some(api_version), Some(kind), false) => Some((api_version, kind)),
            _ => None,
        }
    }
}

/// Finds apiVersion and kind among the keys of the outermost mapping: those that stand in its column. Whatever belongs to a
/// value in block style stands further right, so such a line can be nothing else.
pub(crate) fn top(text: &[u8], format: Format) -> Top<'_> {
    let mut top = Top::default();
    let mut column = if format == Format::Yaml { Some(0) } else { None };
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut indent = line.iter().take_while(|byte| **byte == b' ').count();
        let mut rest = line.get(indent..).unwrap_or_default();
        if index == 0 && format == Format::YamlItem {
            let Some(after) = rest.strip_prefix(b"-") else { return Top::default() };
            let blank = after.iter().take_while(|byte| **byte == b' ').count();
            indent += 1 + blank;
            rest = after.get(blank..).unwrap_or_default();
            column = (!rest.is_empty()).then_some(indent);
        }
        if Some(indent) != column {
            continue;
        }
        for (name, slot) in [(&b"apiVersion:"[..], &mut top.api_version), (&b"kind:"[..], &mut top.kind)] {
            let Some(value) = rest.strip_prefix(name) else { continue };
            let word = value.strip_prefix(b" ").and_then(word);
            top.odd |= slot.is_some() || word.is_none();
            *slot = word;
        }
    }
    top
}

/// A plain word that can mean nothing but itself.
fn word(value: &[u8]) -> Option<&str> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'-');
    let begins = value.first().is_some_and(u8::is_ascii_alphabetic);
    (begins && value.iter().all(fits)).then(|| std::str::from_utf8(value).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(yaml: &str) -> Result<String, &'static str> {
        let mut out = Vec::new();
        to_json(yaml.as_bytes(), Format::Yaml, &mut out).map_err(|fault| fault.code)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn kubectls_dialect_becomes_json() {
        let yaml = "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    a: \"x\\ty\"\n    b: 'it''s'\n    c: |-\n      kind: Secret\n      \
                    yes: no\n  labels: {}\nspec:\n  containers:\n  - args:\n    - --x\n    - \"1\"\n    image: a:b@c\n    num: 5\n    t: true\n    z: null\n";
        let expected = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"annotations":{"a":"x\ty","b":"it's","c":"kind: Secret\nyes: no"},"labels":{}},"spec":{"containers":[{"args":["--x","1"],"image":"a:b@c","num":5,"t":true,"z":null}]}}"#;
        assert_eq!(json(yaml).unwrap(), expected);
    }

    #[test]
    fn what_kubectl_never_writes_is_refused() {
        assert_eq!(json("a: &x 1\nb: *x\n"), Err(fault::YAML_FEATURE));
        assert_eq!(json("a: *x\n"), Err(fault::YAML_FEATURE));
        assert_eq!(json("<<: {a: 1}\n"), Err(fault::YAML_FEATURE));
        assert_eq!(json("a: !!str 1\n"), Err(fault::YAML_FEATURE));
        assert_eq!(json("%YAML 1.1\n---\na: 1\n"), Err(fault::YAML_FEATURE));
        assert_eq!(json("a: 1\nb: 2\na: 3\n"), Err(fault::DUPLICATE_KEY));
        assert_eq!(json("a: yes\n"), Err(fault::AMBIGUOUS));
        assert_eq!(json("on: 1\n"), Err(fault::AMBIGUOUS));
        assert_eq!(json(&("[".repeat(120) + &"]".repeat(120))), Err(fault::TOO_DEEP));
        assert_eq!(json("a: [\n"), Err(fault::SYNTAX));
        assert_eq!(json("# nothing\n").unwrap(), "");
    }

    #[test]
    fn the_kind_is_found_without_parsing() {
        let top = top(b"  - apiVersion: v1\n    data:\n      kind: No\n    kind: Secret\n", Format::YamlItem);
        assert_eq!(top.known(), Some(("v1", "Secret")));
        let top = super::top(b"kind: A\napiVersion: v1\nkind: B\n", Format::Yaml);
        assert_eq!(top.known(), None);
        let top = super::top(b"kind: \"A\"\napiVersion: v1\n", Format::Yaml);
        assert_eq!(top.known(), None);
    }

    #[test]
    fn an_item_keeps_its_columns() {
        let mut out = Vec::new();
        to_json(b"- apiVersion: v1\n  spec:\n  - a-b\n", Format::YamlItem, &mut out).unwrap();
        assert_eq!(out, br#"{"apiVersion":"v1","spec":["a-b"]}"#);
    }
}
