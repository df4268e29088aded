//! YAML in lines: documents one after another, and lists cut into their items without parsing the rest.

use super::blocks::Blocks;
use super::convert;
use super::fault::{self, Fault};
use super::feed::Feed;
use super::work::{Format, ListKind, ListSeen};
use std::sync::Arc;

/// Reads the stream to its end. What is wrong with it goes to the feed.
pub(crate) fn read(blocks: &mut Blocks<'_>, feed: &mut Feed<'_>) {
    loop {
        match document(blocks, feed) {
            Ok(true) => {}
            Ok(false) => return,
            Err(fault) => return feed.fault(fault, blocks.line(), None),
        }
    }
}

/// Reads one document: as a list if it is one, else as a piece.
fn document(blocks: &mut Blocks<'_>, feed: &mut Feed<'_>) -> Result<bool, Fault> {
    // Objects are small; a document that does not end within the limit can only be a list.
    let limit = feed.limits.object_bytes;
    let (len, ended) = extent(blocks, limit)?;
    if len == 0 {
        return Ok(false);
    }
    let text = blocks.data().get(..len).unwrap_or_default();
    if is_blank(text) && ended {
        blocks.consume(len);
        return Ok(true);
    }
    feed.next_document();
    let frame = Frame::of(text);
    match frame {
        Some(frame) => list(blocks, feed, &frame, ended.then_some(len))?,
        None if ended => {
            let line = blocks.line();
            feed.piece(blocks.data().get(..len).unwrap_or_default(), Format::Yaml, line, None);
            blocks.consume(len);
        }
        None => {
            let message = format!("a document of more than {} MiB", limit >> 20);
            feed.fault(Fault::new(fault::TOO_LARGE, message), blocks.line(), None);
            skip_document(blocks)?;
        }
    }
    Ok(true)
}

/// Length of the document that comes next, with the marker that begins it; whether its end was found within the limit.
fn extent(blocks: &mut Blocks<'_>, limit: usize) -> Result<(usize, bool), Fault> {
    let mut at = 0;
    let mut first = true;
    loop {
        let data = blocks.data();
        let rest = data.get(at..).unwrap_or_default();
        let Some(newline) = memchr::memchr(b'\n', rest) else {
            if data.len() > limit {
                return Ok((data.len(), false));
            }
            if blocks.more()? {
                continue;
            }
            let last = blocks.data().get(at..).unwrap_or_default();
            return Ok(if is_marker(last) && !first { (at, true) } else { (blocks.data().len(), true) });
        };
        let line = rest.get(..newline).unwrap_or_default();
        if is_marker(line) && !first {
            return Ok((at, true));
        }
        first = first && (is_blank(line) || line.starts_with(b"#") || line.starts_with(b"%"));
        at += newline + 1;
        if at > limit {
            return Ok((at, false));
        }
    }
}

/// `---` or `...`, alone or before white space.
fn is_marker(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"---").or_else(|| line.strip_prefix(b"..."));
    rest.is_some_and(|rest| rest.first().is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r')))
}

/// Nothing but white space, comments and markers.
fn is_blank(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').all(|line| {
        let line = line.trim_ascii();
        line.is_empty() || line.starts_with(b"#") || line == b"---" || line == b"..."
    })
}

/// The lines around a list's items.
struct Frame {
    /// Bytes up to the end of `items:`.
    items: usize,
    /// Bytes before the first item.
    head: usize,
    /// Column of the dashes.
    indent: usize,
}

impl Frame {
    /// Finds `items:` in the first column, followed by a dash.
    fn of(text: &[u8]) -> Option<Self> {
        let mut at = 0;
        let mut items = None;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let bare = line.trim_ascii_end();
            if let Some(items) = items
                && !bare.is_empty()
                && !bare.trim_ascii_start().starts_with(b"#")
            {
                let indent = bare.iter().take_while(|byte| **byte == b' ').count();
                let dash = is_dash(bare, indent);
                return dash.then_some(Self { items, head: at, indent });
            }
            if bare == b"items:" && items.is_none() {
                items = Some(at + bare.len());
            }
            at += line.len();
        }
        None
    }
}

fn is_dash(line: &[u8], indent: usize) -> bool {
    let blank = line.iter().take_while(|byte| **byte == b' ').count();
    let after = line.get(blank..).unwrap_or_default();
    blank == indent
        && after
            .strip_prefix(b"-")
            .is_some_and(|rest| rest.first().is_none_or(|b| matches!(b, b' ' | b'\n' | b'\r')))
}

/// Reads a list. With `len` the whole document is there; without, it is read as it comes.
fn list(
    blocks: &mut Blocks<'_>,
    feed: &mut Feed<'_>,
    frame: &Frame,
    len: Option<usize>,
) -> Result<(), Fault> {
    let head_line = blocks.line();
    let mut header = blocks.data().get(..frame.items).unwrap_or_default().to_vec();
    header.extend_from_slice(b" []\n");
    // Where the whole list is there, what follows the items is known before them.
    let known = len.and_then(|len| {
        let whole = blocks.data().get(..len).unwrap_or_default();
        let tail = tail_of(whole.get(frame.head..).unwrap_or_default(), frame.indent);
        let top = [header.as_slice(), tail].concat();
        let top = convert::top(&top, Format::Yaml);
        top.known().and_then(|(api_version, kind)| ListKind::of(Some(api_version), Some(kind)))
    });
    let known = known.map(Arc::new);
    let kind = known.as_ref().map(|list| list.group_kind());
    blocks.consume(frame.head);
    loop {
        match item(blocks, frame.indent, feed.limits.object_bytes)? {
            Next::Item(len) => {
                let line = blocks.line();
                feed.piece(
                    blocks.data().get(..len).unwrap_or_default(),
                    Format::YamlItem,
                    line,
                    known.as_ref(),
                );
                blocks.consume(len);
            }
            Next::Large => {
                let message = format!("an object of more than {} MiB", feed.limits.object_bytes >> 20);
                feed.fault(Fault::new(fault::TOO_LARGE, message), blocks.line(), kind.clone());
                skip_document(blocks)?;
                return Ok(());
            }
            Next::None => break,
        }
    }
    let (len, ended) = extent_of_tail(blocks, feed.limits.object_bytes)?;
    header.extend_from_slice(blocks.data().get(..len).unwrap_or_default());
    let line = blocks.line();
    blocks.consume(len);
    if !ended {
        feed.fault(Fault::new(fault::TOO_LARGE, "the end of a list is too large"), line, kind);
        return skip_document(blocks);
    }
    close(feed, &header, head_line)
}

/// Reads the frame of a list whose items have been read.
fn close(feed: &mut Feed<'_>, frame: &[u8], line: u64) -> Result<(), Fault> {
    let mut json = Vec::new();
    if let Err(fault) = convert::to_json(frame, Format::Yaml, &mut json) {
        feed.fault(fault.at(0, 0), line, None);
        return Ok(());
    }
    let head = super::inspect::inspect(&json);
    let (api_version, kind) = match head {
        Ok(head) => (head.api_version, head.kind.unwrap_or_default()),
        Err(fault) => {
            feed.fault(fault.at(0, 0), line, None);
            return Ok(());
        }
    };
    if !kind.ends_with("List") {
        let what = if kind.is_empty() { "a document without kind" } else { kind.as_str() };
        feed.fault(Fault::new(fault::NOT_AN_OBJECT, format!("{what} with items")), line, None);
        return Ok(());
    }
    let list = ListKind::of(api_version.as_deref(), Some(&kind));
    let partial = serde_json::from_slice::<serde_json::Value>(&json)
        .ok()
        .and_then(|value| {
            value.get("metadata").map(|metadata| super::json::continues(metadata.to_string().as_bytes()))
        })
        .unwrap_or_default();
    feed.list(ListSeen { kind: list.map(|list| list.group_kind()), partial }, line);
    Ok(())
}

enum Next {
    Item(usize),
    Large,
    None,
}

/// The extent of the item that comes next: to the next dash in its column, or to a line that stands left of it.
fn item(blocks: &mut Blocks<'_>, indent: usize, limit: usize) -> Result<Next, Fault> {
    let mut at = 0;
    let mut inside = false;
    loop {
        let data = blocks.data();
        let rest = data.get(at..).unwrap_or_default();
        let len = match memchr::memchr(b'\n', rest) {
            Some(newline) => newline + 1,
            None if at > limit || rest.len() > limit => return Ok(Next::Large),
            None if blocks.more()? => continue,
            None => rest_len(blocks, at),
        };
        let rest = blocks.data().get(at..).unwrap_or_default();
        let line = rest.get(..len).unwrap_or_default();
        if len == 0 || ends_item(line, indent, inside) {
            return Ok(if inside { Next::Item(at) } else { Next::None });
        }
        if at + len > limit {
            return Ok(Next::Large);
        }
        inside = true;
        at += len;
    }
}

fn rest_len(blocks: &Blocks<'_>, at: usize) -> usize {
    blocks.data().len().saturating_sub(at)
}

/// Whether a line belongs to what follows the item, or to the next one.
fn ends_item(line: &[u8], indent: usize, inside: bool) -> bool {
    let bare = line.trim_ascii_end();
    if bare.is_empty() || bare.starts_with(b"#") {
        return false;
    }
    if is_dash(bare, indent) {
        return inside;
    }
    let blank = bare.iter().take_while(|byte| **byte == b' ').count();
    blank <= indent
}

/// What follows the items in a list that is there as a whole.
fn tail_of(items: &[u8], indent: usize) -> &[u8] {
    let mut at = 0;
    for line in items.split_inclusive(|byte| *byte == b'\n') {
        if at > 0 && ends_item(line, indent, false) {
            return items.get(at..).unwrap_or_default();
        }
        at += line.len();
    }
    b""
}

/// The rest of a document; a marker there begins the next one.
fn extent_of_tail(blocks: &mut Blocks<'_>, limit: usize) -> Result<(usize, bool), Fault> {
    if blocks.data().is_empty() && !blocks.more()? {
        return Ok((0, true));
    }
    blocks.starts_with(b"----")?;
    let line = blocks.data().split(|byte| *byte == b'\n').next().unwrap_or_default();
    if is_marker(line) { Ok((0, true)) } else { extent(blocks, limit) }
}

fn skip_document(blocks: &mut Blocks<'_>) -> Result<(), Fault> {
    loop {
        let (len, ended) = extent_of_tail(blocks, 1 << 20)?;
        blocks.consume(len);
        if ended || len == 0 {
            return Ok(());
        }
    }
}
