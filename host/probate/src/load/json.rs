//! JSON in blocks: one document, JSON lines, documents one after another, and Lists of any length cut into their items.

use super::blocks::Blocks;
use super::fault::{self, Fault};
use super::feed::Feed;
use super::scan::{self, Balance};
use super::work::{Format, ListKind, ListSeen};
use std::sync::Arc;

/// Documents up to this size are looked at whole; in larger ones the kind must be told before, or by, the items.
const LOOKAHEAD: usize = 8 << 20;

/// How a document ended.
enum Stop {
    /// Nothing after it can be told apart.
    Lost(Fault),
    /// Read on after it.
    Past(Fault),
}

type Step<T> = Result<T, Stop>;

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Lost(fault)
    }
}

/// Reads the stream to its end. What is wrong with it goes to the feed.
pub(crate) fn read(blocks: &mut Blocks<'_>, feed: &mut Feed<'_>) {
    let mut reader = Reader { blocks, feed, list: None };
    loop {
        match reader.blocks.next_byte() {
            Ok(None) => return,
            Ok(Some(b'-')) if reader.is_marker() => continue,
            Ok(Some(0x1e)) => {
                reader.blocks.consume(1); // RFC 7464 record separator
                continue;
            }
            Ok(Some(_)) => {}
            Err(fault) => return reader.fault(fault),
        }
        reader.feed.next_document();
        reader.list = None;
        match reader.document() {
            Ok(()) => {}
            Err(Stop::Past(fault)) => reader.fault(fault),
            Err(Stop::Lost(fault)) => return reader.fault(fault),
        }
    }
}

struct Reader<'a, 'r, 'f> {
    blocks: &'a mut Blocks<'r>,
    feed: &'a mut Feed<'f>,
    /// The typed list that is being read.
    list: Option<Arc<ListKind>>,
}

impl Reader<'_, '_, '_> {
    fn fault(&mut self, fault: Fault) {
        let kind = self.list.as_ref().map(|list| list.group_kind());
        self.feed.fault(fault, self.blocks.line(), kind);
    }

    /// A `---` between documents, which is consumed.
    fn is_marker(&mut self) -> bool {
        let marker = matches!(self.blocks.starts_with(b"---"), Ok(true));
        if marker {
            self.blocks.consume(3);
        }
        marker
    }

    fn document(&mut self) -> Step<()> {
        let line = self.blocks.line();
        if self.blocks.data().first() != Some(&b'{') {
            return self.no_object();
        }
        let whole = match self.end_of_value(LOOKAHEAD) {
            Ok(len) => Some(len),
            Err(End::Cut | End::Large) => None,
            Err(End::Refused(fault)) => return Err(Stop::Lost(fault)),
        };
        let Some(len) = whole else { return self.list(None) };
        let text = self.blocks.data().get(..len).unwrap_or_default();
        let top = scan::top(text);
        if top.has_items && top.kind.as_deref().is_some_and(|kind| kind.ends_with("List")) {
            let list = ListKind::of(top.api_version.as_deref(), top.kind.as_deref());
            if top.twice {
                self.list = list.map(Arc::new);
                self.blocks.consume(len);
                return Err(Stop::Past(Fault::new(
                    fault::DUPLICATE_KEY,
                    "a list with a key that occurs twice",
                )));
            }
            return self.list(list);
        }
        self.feed.piece(text, Format::Json, line, None);
        self.blocks.consume(len);
        Ok(())
    }

    /// Text, a number or a list at the top.
    fn no_object(&mut self) -> Step<()> {
        let line = self.blocks.line();
        match self.end_of_value(self.feed.limits.object_bytes) {
            Ok(0) | Err(End::Cut) => {
                Err(Stop::Lost(Fault::new(fault::SYNTAX, "neither an object nor the end of the file")))
            }
            Ok(len) => {
                let text = self.blocks.data().get(..len).unwrap_or_default();
                self.feed.piece(text, Format::Json, line, None);
                self.blocks.consume(len);
                Ok(())
            }
            Err(End::Large) => self.skip_large("a document"),
            Err(End::Refused(fault)) => Err(Stop::Lost(fault)),
        }
    }

    /// A list, item by item; also any document that is too large to look at whole, or cut.
    fn list(&mut self, known: Option<ListKind>) -> Step<()> {
        let mut header = Header { kind: None, ..Header::default() };
        self.list = known.map(Arc::new);
        self.blocks.consume(1);
        loop {
            match self.byte()? {
                b'}' => {
                    self.blocks.consume(1);
                    break;
                }
                b',' => self.blocks.consume(1),
                b'"' => self.member(&mut header)?,
                _ => {
                    return Err(Stop::Lost(Fault::new(
                        fault::SYNTAX,
                        "expected a key or the end of the object",
                    )));
                }
            }
        }
        self.close(&header)
    }

    fn member(&mut self, header: &mut Header) -> Step<()> {
        let key = self.owned("a key")?;
        if self.byte()? != b':' {
            return Err(Stop::Lost(Fault::new(fault::SYNTAX, "expected `:` after a key")));
        }
        self.blocks.consume(1);
        let first = self.byte()?;
        let key = serde_json::from_slice::<String>(&key).unwrap_or_default();
        if key == "items" && first == b'[' {
            header.note_items()?;
            if self.list.is_none() {
                self.list = ListKind::of(header.api_version.as_deref(), header.kind.as_deref()).map(Arc::new);
            }
            return self.items();
        }
        let value = self.owned("the head of a list")?;
        header.note(&key, &value)
    }

    fn items(&mut self) -> Step<()> {
        self.blocks.consume(1);
        let mut separated = true;
        loop {
            match self.byte()? {
                b']' => {
                    self.blocks.consume(1);
                    return Ok(());
                }
                b',' => {
                    self.blocks.consume(1);
                    separated = true;
                }
                _ if !separated => {
                    return Err(Stop::Lost(Fault::new(fault::SYNTAX, "expected `,` between items")));
                }
                _ => {
                    separated = false;
                    self.item()?;
                }
            }
        }
    }

    fn item(&mut self) -> Step<()> {
        let line = self.blocks.line();
        match self.end_of_value(self.feed.limits.object_bytes) {
            Ok(0) => Err(Stop::Lost(Fault::new(fault::SYNTAX, "expected an object"))),
            Ok(len) => {
                let text = self.blocks.data().get(..len).unwrap_or_default();
                if text.starts_with(b"{") {
                    self.feed.piece(text, Format::Json, line, self.list.as_ref());
                } else {
                    self.fault(Fault::new(fault::NOT_AN_OBJECT, "an item that is no object"));
                }
                self.blocks.consume(len);
                Ok(())
            }
            Err(End::Cut) => Err(Stop::Lost(Fault::new(fault::TRUNCATED, "the file ends within an object"))),
            Err(End::Large) => match self.skip_large("an object") {
                Err(Stop::Past(fault)) => {
                    self.fault(fault);
                    Ok(())
                }
                other => other,
            },
            Err(End::Refused(fault)) => Err(Stop::Lost(fault)),
        }
    }

    fn close(&mut self, header: &Header) -> Step<()> {
        let kind = header.kind.clone().unwrap_or_default();
        if !kind.ends_with("List") {
            let message =
                if kind.is_empty() { "no kind".into() } else { format!("{kind} with items, or too large") };
            return Err(Stop::Past(Fault::new(fault::NOT_AN_OBJECT, message)));
        }
        let list = ListKind::of(header.api_version.as_deref(), Some(&kind));
        let seen = ListSeen { kind: list.map(|list| list.group_kind()), partial: header.partial };
        if header.has_items {
            self.feed.list(seen, self.blocks.line());
            Ok(())
        } else {
            Err(Stop::Past(Fault::new(fault::LIST_PART, format!("a {kind} without items"))))
        }
    }

    fn byte(&mut self) -> Step<u8> {
        match self.blocks.next_byte()? {
            Some(byte) => Ok(byte),
            None => Err(Stop::Lost(Fault::new(fault::TRUNCATED, "the file ends within a document"))),
        }
    }

    /// The value that comes next, taken out of the stream.
    fn owned(&mut self, what: &str) -> Step<Vec<u8>> {
        match self.end_of_value(self.feed.limits.object_bytes) {
            Ok(len) => {
                let value = self.blocks.data().get(..len).unwrap_or_default().to_vec();
                self.blocks.consume(len);
                Ok(value)
            }
            Err(End::Cut) => Err(Stop::Lost(Fault::new(fault::TRUNCATED, "the file ends within a document"))),
            Err(End::Large) => match self.skip_large(what) {
                Err(Stop::Past(fault)) => Err(Stop::Lost(fault)),
                other => other.map(|()| Vec::new()),
            },
            Err(End::Refused(fault)) => Err(Stop::Lost(fault)),
        }
    }

    /// Finds the end of the value that comes next, reading on as far as `cap`.
    fn end_of_value(&mut self, cap: usize) -> Result<usize, End> {
        let mut balance = Balance::default();
        let mut seen = 0;
        loop {
            let new = self.blocks.data().get(seen..).unwrap_or_default();
            if let Some(len) = balance.feed(new) {
                return if seen + len > cap { Err(End::Large) } else { Ok(seen + len) };
            }
            seen += new.len();
            if seen >= cap {
                return Err(End::Large);
            }
            if !self.blocks.more().map_err(End::Refused)? {
                return if balance.is_word() { Ok(seen) } else { Err(End::Cut) };
            }
        }
    }

    /// Passes over a value without keeping it.
    fn skip_large(&mut self, what: &str) -> Step<()> {
        let mut balance = Balance::default();
        loop {
            match balance.feed(self.blocks.data()) {
                Some(len) => {
                    self.blocks.consume(len);
                    break;
                }
                None => self.blocks.consume(self.blocks.data().len()),
            }
            if !self.blocks.more()? {
                return Err(Stop::Lost(Fault::new(fault::TRUNCATED, "the file ends within an object")));
            }
        }
        let message = format!("{what} of more than {} MiB", self.feed.limits.object_bytes >> 20);
        Err(Stop::Past(Fault::new(fault::TOO_LARGE, message)))
    }
}

enum End {
    Cut,
    Large,
    Refused(Fault),
}

#[derive(Default)]
struct Header {
    api_version: Option<String>,
    kind: Option<String>,
    has_items: bool,
    partial: bool,
}

impl Header {
    fn note_items(&mut self) -> Step<()> {
        if self.has_items {
            return Err(Stop::Lost(Fault::new(fault::DUPLICATE_KEY, "the key `items` occurs twice")));
        }
        self.has_items = true;
        Ok(())
    }

    fn note(&mut self, key: &str, value: &[u8]) -> Step<()> {
        if serde_json::from_slice::<serde::de::IgnoredAny>(value).is_err() {
            return Err(Stop::Lost(Fault::new(fault::SYNTAX, format!("the value of `{key}` is not JSON"))));
        }
        let slot = match key {
            "apiVersion" => &mut self.api_version,
            "kind" => &mut self.kind,
            "metadata" => {
                self.partial |= continues(value);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let text = serde_json::from_slice::<String>(value)
            .map_err(|_| Stop::Lost(Fault::new(fault::NOT_AN_OBJECT, format!("`{key}` is no text"))))?;
        match slot.replace(text) {
            Some(_) => {
                Err(Stop::Lost(Fault::new(fault::DUPLICATE_KEY, format!("the key `{key}` occurs twice"))))
            }
            None => Ok(()),
        }
    }
}

/// True where a list's metadata says that more pages follow.
pub(crate) fn continues(metadata: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Metadata {
        #[serde(default, rename = "continue")]
        token: Option<String>,
    }
    serde_json::from_slice::<Metadata>(metadata).is_ok_and(|m| m.token.is_some_and(|token| !token.is_empty()))
}

/// True where a list's metadata has a resourceVersion, as every list has that a server answered.
pub(crate) fn is_answer(metadata: &str) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Metadata {
        #[serde(default)]
        resource_version: Option<String>,
    }
    serde_json::from_str::<Metadata>(metadata)
        .is_ok_and(|m| m.resource_version.is_some_and(|v| !v.is_empty()))
}
