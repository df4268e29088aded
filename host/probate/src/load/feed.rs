//! Collects pieces of a file into jobs of a handy size and sends them on in order.

use super::fault::Fault;
use super::guard::Limits;
use super::work::{Body, FileContext, Format, ListKind, ListSeen, Piece, Work};
use probate_core::intake::GroupKind;
use std::sync::Arc;

/// A job is sent when it holds so many objects or bytes.
const OBJECTS: usize = 512;
const BYTES: usize = 1 << 20;

/// Takes what a reader cuts out of one file.
pub(crate) struct Feed<'f> {
    pub(crate) limits: Limits,
    file: Arc<FileContext>,
    send: &'f mut dyn FnMut(Work),
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    list: Option<Arc<ListKind>>,
    document: u64,
}

impl<'f> Feed<'f> {
    pub(crate) fn new(file: Arc<FileContext>, limits: Limits, send: &'f mut dyn FnMut(Work)) -> Self {
        Self { limits, file, send, bytes: Vec::new(), pieces: Vec::new(), list: None, document: 0 }
    }

    pub(crate) fn has_documents(&self) -> bool {
        self.document > 0
    }

    pub(crate) fn next_document(&mut self) {
        self.document += 1;
    }

    pub(crate) fn piece(&mut self, text: &[u8], format: Format, line: u64, list: Option<&Arc<ListKind>>) {
        if self.list.as_ref() != list {
            self.flush();
            self.list = list.cloned();
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        let range = start..self.bytes.len();
        self.pieces.push(Piece { range, format, document: self.document, line });
        if self.pieces.len() >= OBJECTS || self.bytes.len() >= BYTES {
            self.flush();
        }
    }

    pub(crate) fn fault(&mut self, fault: Fault, line: u64, kind: Option<GroupKind>) {
        let document = self.document;
        self.body(Body::Fault { fault, document, line, kind });
    }

    pub(crate) fn list(&mut self, seen: ListSeen, line: u64) {
        let document = self.document;
        self.body(Body::List { seen, document, line });
    }

    pub(crate) fn body(&mut self, body: Body) {
        self.flush();
        (self.send)(Work { file: self.file.clone(), body });
    }

    fn flush(&mut self) {
        if self.pieces.is_empty() {
            return;
        }
        let body = Body::Pieces {
            bytes: std::mem::take(&mut self.bytes),
            pieces: std::mem::take(&mut self.pieces),
            list: self.list.clone(),
        };
        (self.send)(Work { file: self.file.clone(), body });
    }
}
