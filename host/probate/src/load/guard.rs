//! Readers that count: how much came in, how much came out, and when that is absurd.

use super::fault;
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Why a reader stopped on purpose.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// How much unpacking is believable.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one object (the API server stores 1.5 MiB by default, some clusters a few times that).
    pub object_bytes: usize,
    /// Unpacked bytes for each packed byte, once `free_bytes` are out.
    pub ratio: u64,
    /// Unpacked bytes that need no justification.
    pub free_bytes: u64,
    /// Members of an archive.
    pub members: u64,
    /// Archives and compressions within each other.
    pub nesting: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { object_bytes: 16 << 20, ratio: 400, free_bytes: 16 << 20, members: 2_000_000, nesting: 4 }
    }
}

/// Counts the bytes that go through.
pub(crate) struct Counted<'r> {
    source: &'r mut dyn Read,
    count: Rc<Cell<u64>>,
}

impl<'r> Counted<'r> {
    pub(crate) fn new(source: &'r mut dyn Read) -> (Self, Rc<Cell<u64>>) {
        let count = Rc::new(Cell::new(0));
        (Self { source, count: count.clone() }, count)
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.count.set(self.count.get().saturating_add(read as u64));
        Ok(read)
    }
}

/// What comes out of a decoder, held against what went in.
pub(crate) struct Measured<R> {
    source: R,
    packed: Rc<Cell<u64>>,
    unpacked: u64,
    limits: Limits,
}

impl<R: Read> Measured<R> {
    pub(crate) fn new(source: R, packed: Rc<Cell<u64>>, limits: Limits) -> Self {
        Self { source, packed, unpacked: 0, limits }
    }
}

impl<R: Read> Read for Measured<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.unpacked = self.unpacked.saturating_add(read as u64);
        let believable = self.packed.get().saturating_mul(self.limits.ratio).max(self.limits.free_bytes);
        if self.unpacked > believable {
            let message = format!("unpacks to more than {} times its size", self.limits.ratio);
            return Err(io::Error::other(Refusal { code: fault::BOMB, message }));
        }
        Ok(read)
    }
}
