//! Where things stand in a suite's text: its nodes with lines and byte ranges. Values are read elsewhere; this is for messages and
//! for rewriting expectations without touching anything else.

use granit_parser::{Event, Parser, Span, StructureStyle};
use std::ops::Range;

/// A node and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Bytes of the text; of a block mapping or list only the beginning is exact.
    pub(crate) range: Range<usize>,
    /// From 1.
    pub(crate) line: u64,
    /// From 1.
    pub(crate) column: u64,
    pub(crate) body: Body,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Scalar(String),
    Map { flow: bool, entries: Vec<(Node, Node)> },
    List { flow: bool, items: Vec<Node> },
    Alias,
}

impl Node {
    /// The value of that key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value of that key.
    pub(crate) fn entry(&self, key: &str) -> Option<&(Node, Node)> {
        match &self.body {
            Body::Map { entries, .. } => {
                entries.iter().find(|(name, _)| matches!(&name.body, Body::Scalar(text) if text == key))
            }
            _ => None,
        }
    }

    /// The item at that index.
    pub(crate) fn item(&self, at: usize) -> Option<&Node> {
        match &self.body {
            Body::List { items, .. } => items.get(at),
            _ => None,
        }
    }

    /// Where the last byte of the node stands, without white space and comments after it.
    pub(crate) fn end(&self) -> usize {
        match &self.body {
            Body::Scalar(_) | Body::Alias => self.range.end,
            Body::Map { flow: false, entries } => {
                entries.last().map_or(self.range.end, |(_, value)| value.end())
            }
            Body::List { flow: false, items } => items.last().map_or(self.range.end, Node::end),
            Body::Map { .. } | Body::List { .. } => self.range.end,
        }
    }
}

enum Open {
    Map { node: Node, key: Option<Node> },
    List { node: Node },
}

/// The documents of a text; nothing where it is no YAML.
pub(crate) fn parse(text: &str) -> Option<Vec<Node>> {
    let mut parser = Parser::new_from_str(text);
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.ok()?;
        let done = match event {
            Event::Scalar(text, ..) => Some(node(&span, Body::Scalar(text.into_owned()))?),
            Event::Alias(_) | Event::UnresolvedAlias(_) => Some(node(&span, Body::Alias)?),
            Event::MappingStart(style, ..) => {
                let body = Body::Map { flow: style == StructureStyle::Flow, entries: Vec::new() };
                open.push(Open::Map { node: node(&span, body)?, key: None });
                None
            }
            Event::SequenceStart(style, ..) => {
                let body = Body::List { flow: style == StructureStyle::Flow, items: Vec::new() };
                open.push(Open::List { node: node(&span, body)? });
                None
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let (Open::Map { mut node, .. } | Open::List { mut node }) = open.pop()?;
                node.range.end = span.end.byte_offset()?.max(node.range.start);
                Some(node)
            }
            _ => None,
        };
        if let Some(done) = done {
            match open.last_mut() {
                None => documents.push(done),
                Some(Open::List { node: Node { body: Body::List { items, .. }, .. } }) => items.push(done),
                Some(Open::Map { node: Node { body: Body::Map { entries, .. }, .. }, key }) => {
                    match key.take() {
                        None => *key = Some(done),
                        Some(name) => entries.push((name, done)),
                    }
                }
                Some(_) => return None,
            }
        }
    }
    Some(documents)
}

fn node(span: &Span, body: Body) -> Option<Node> {
    Some(Node {
        range: span.byte_range()?,
        line: u64::try_from(span.start.line()).ok()?,
        column: u64::try_from(span.start.col()).ok()? + 1,
        body,
    })
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "a test may panic")]
mod tests {
    use super::{Body, parse};

    #[test]
    fn nodes_know_where_they_stand() {
        let text = "a: 1 # one\ncases:\n- {name: x, expect: {action: Delete}} # ü\n- name: y\n  expect:\n    rule: z   # why\n";
        let documents = parse(text).unwrap();
        let cases = documents[0].get("cases").unwrap();
        let first = cases.item(0).unwrap();
        assert_eq!(&text[first.get("expect").unwrap().range.clone()], "{action: Delete}");
        assert_eq!((first.line, first.column), (3, 3));
        let rule = cases.item(1).unwrap().get("expect").unwrap().get("rule").unwrap();
        assert_eq!(rule.body, Body::Scalar("z".into()));
        assert_eq!(&text[rule.range.clone()], "z");
        assert_eq!(cases.item(1).unwrap().end(), rule.range.end);
        assert!(parse("a: [").is_none());
    }
}
