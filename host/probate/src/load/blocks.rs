//! A stream read in blocks: what is consumed is dropped, lines are counted, errors are told apart.

use super::fault::{self, Fault};
use std::io::{self, Read};

/// Bytes asked for at a time.
const BLOCK: usize = 1 << 20;

/// The part of a stream that is being looked at.
pub(crate) struct Blocks<'r> {
    source: &'r mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    line: u64,
}

impl<'r> Blocks<'r> {
    pub(crate) fn new(source: &'r mut dyn Read) -> Self {
        Self { source, buffer: Vec::new(), start: 0, ended: false, line: 1 }
    }

    /// What is there and not yet consumed.
    pub(crate) fn data(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Line of the first byte of `data`, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Drops bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        let gone = self.data().get(..count).unwrap_or(self.data());
        let (lines, len) = (memchr::memchr_iter(b'\n', gone).count(), gone.len());
        self.line += lines as u64;
        self.start += len;
    }

    /// Reads one more block. False at the end of the stream.
    pub(crate) fn more(&mut self) -> Result<bool, Fault> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let wanted = BLOCK.max(self.buffer.len());
        let read =
            (&mut *self.source).take(wanted as u64).read_to_end(&mut self.buffer).map_err(|e| refused(&e))?;
        self.ended = read < wanted;
        Ok(read > 0)
    }

    /// The first byte after white space, which is consumed.
    pub(crate) fn next_byte(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let blank = super::scan::blank_len(self.data());
            self.consume(blank);
            if let Some(byte) = self.data().first() {
                return Ok(Some(*byte));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// True where the stream goes on with that text.
    pub(crate) fn starts_with(&mut self, text: &[u8]) -> Result<bool, Fault> {
        while self.data().len() < text.len() && self.more()? {}
        Ok(self.data().starts_with(text))
    }
}

/// A reader's refusal with a code of its own (see `guard`), or whatever the system says.
pub(crate) fn refused(error: &io::Error) -> Fault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<super::guard::Refusal>()) {
        Some(refusal) => Fault::new(refusal.code, refusal.message.clone()),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            Fault::new(fault::TRUNCATED, "the file ends too early")
        }
        None => Fault::new(fault::UNREADABLE, format!("could not be read: {error}")),
    }
}
