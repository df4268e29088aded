//! A part of a file: cut out by the reader, made into objects by a worker, taken in by the consumer in order.

use super::convert;
use super::fault::{self, Fault, group_kind};
use super::inspect::{Head, inspect};
use super::layout::Place;
use super::manifest;
use super::scan;
use super::sink::Intake;
use probate_contract::Diagnostic;
use probate_contract::dump::Dump;
use probate_core::intake::{GroupKind, Interest};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// The file that a part is of.
#[derive(Debug)]
pub(crate) struct FileContext {
    /// As the user named it; members of an archive after `!`.
    pub(crate) name: Arc<str>,
    /// One of many in a folder or archive.
    pub(crate) bundle: bool,
    /// What its path says in a must-gather.
    pub(crate) place: Option<Place>,
}

/// Kind of a list whose items may leave theirs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListKind {
    pub(crate) api_version: String,
    pub(crate) kind: String,
}

impl ListKind {
    /// Of `PodList`; nothing for the untyped `List`.
    pub(crate) fn of(api_version: Option<&str>, kind: Option<&str>) -> Option<Self> {
        let kind = kind?.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        Some(Self { api_version: api_version?.into(), kind: kind.into() })
    }

    pub(crate) fn group_kind(&self) -> GroupKind {
        group_kind(&self.api_version, &self.kind)
    }
}

/// A list that was read to its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListSeen {
    pub(crate) kind: Option<GroupKind>,
    /// Pages are missing.
    pub(crate) partial: bool,
}

/// How a piece is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON.
    Json,
    /// A YAML document.
    Yaml,
    /// An item of a YAML list, beginning with the `-` at that column.
    YamlItem,
}

/// One object's text within a job.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) range: Range<usize>,
    pub(crate) format: Format,
    pub(crate) document: u64,
    pub(crate) line: u64,
}

/// What a worker is given.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) file: Arc<FileContext>,
    pub(crate) body: Body,
}

/// Text, or something the reader has to say in its turn.
#[derive(Debug)]
pub(crate) enum Body {
    /// Objects.
    Pieces { bytes: Vec<u8>, pieces: Vec<Piece>, list: Option<Arc<ListKind>> },
    /// A part that could not be read.
    Fault { fault: Fault, document: u64, line: u64, kind: Option<GroupKind> },
    /// A list has ended.
    List { seen: ListSeen, document: u64, line: u64 },
    /// A document or file of a bundle without an object.
    NoObject,
    /// An api-resources listing, or what else a name says of a file.
    Text { bytes: Vec<u8>, role: manifest::Role },
    /// The file has been read to its end, or was given up.
    End,
}

/// What could not be read, while the kind that its path speaks of is not known yet.
pub(crate) struct Deferred {
    pub(crate) fault: Fault,
    pub(crate) file: Arc<FileContext>,
    pub(crate) document: u64,
    pub(crate) line: u64,
}

/// What a worker gives back.
pub(crate) struct Output<I> {
    pub(crate) file: Arc<FileContext>,
    pub(crate) intake: I,
    pub(crate) dumps: Vec<Dump>,
    pub(crate) resources: manifest::Resources,
    pub(crate) taken_at: Option<String>,
    pub(crate) deferred: Vec<Deferred>,
    pub(crate) lists: Vec<ListSeen>,
    pub(crate) kinds: BTreeSet<GroupKind>,
    pub(crate) objects: u64,
    pub(crate) skipped: BTreeMap<GroupKind, u64>,
    pub(crate) no_object: u64,
    pub(crate) faults: u64,
    pub(crate) ended: bool,
}

impl<I: Intake> Output<I> {
    fn of(file: Arc<FileContext>) -> Self {
        Self {
            intake: I::of(file.name.clone()),
            file,
            dumps: Vec::new(),
            resources: manifest::Resources::default(),
            taken_at: None,
            deferred: Vec::new(),
            lists: Vec::new(),
            kinds: BTreeSet::new(),
            objects: 0,
            skipped: BTreeMap::new(),
            no_object: 0,
            faults: 0,
            ended: false,
        }
    }

    /// Does the work.
    pub(crate) fn from(work: Work) -> Self {
        let mut output = Self::of(work.file);
        match work.body {
            Body::Pieces { bytes, pieces, list } => {
                let mut json = Vec::new();
                for piece in pieces {
                    let text = bytes.get(piece.range.clone()).unwrap_or_default();
                    output.piece(text, &piece, list.as_deref(), &mut json);
                }
            }
            Body::Fault { fault, document, line, kind } => output.fault(fault, document, line, kind),
            Body::List { seen, document, line } => output.list(seen, document, line),
            Body::NoObject => output.no_object += 1,
            Body::Text { bytes, role } => output.text(&bytes, role),
            Body::End => output.ended = true,
        }
        output
    }

    fn fault(&mut self, fault: Fault, document: u64, line: u64, kind: Option<GroupKind>) {
        self.faults += 1;
        if kind.is_none() && self.file.place.is_some() {
            self.deferred.push(Deferred { fault, file: self.file.clone(), document, line });
            return;
        }
        let diagnostic = fault.diagnostic(&self.file.name, document, line, kind.as_ref());
        self.intake.unreadable(diagnostic, kind);
    }

    fn list(&mut self, seen: ListSeen, document: u64, line: u64) {
        if seen.partial {
            let fault =
                Fault::new(fault::LIST_PART, "a list of which pages are missing (metadata.continue is set)");
            self.fault(fault, document, line, seen.kind.clone());
        }
        self.lists.push(seen);
    }

    fn piece(&mut self, text: &[u8], piece: &Piece, list: Option<&ListKind>, json: &mut Vec<u8>) {
        match piece.format {
            Format::Json => self.object(text, piece, list),
            Format::Yaml | Format::YamlItem => {
                let quick = convert::top(text, piece.format);
                if let Some((api_version, kind)) = quick.known()
                    && !is_ours(api_version)
                    && I::interest(api_version, kind) == Interest::Skip
                {
                    self.skip(group_kind(api_version, kind));
                    return;
                }
                json.clear();
                match convert::to_json(text, piece.format, json) {
                    Ok(convert::Outcome::Empty) => {}
                    Ok(convert::Outcome::Value) => self.object(json, piece, list),
                    Err(fault) => {
                        let kind = quick
                            .known()
                            .filter(|_| is_local(fault.code))
                            .map(|(api_version, kind)| group_kind(api_version, kind));
                        let kind = kind.or_else(|| list.map(ListKind::group_kind));
                        self.fault(fault, piece.document, piece.line, kind);
                    }
                }
            }
        }
    }

    fn skip(&mut self, kind: GroupKind) {
        self.kinds.insert(kind.clone());
        *self.skipped.entry(kind).or_default() += 1;
    }

    fn object(&mut self, json: &[u8], piece: &Piece, list: Option<&ListKind>) {
        let Piece { document, line, .. } = *piece;
        match inspect(json) {
            Ok(head) => self.sound(json, head, piece, list),
            Err(fault) => {
                let top = scan::top(json);
                let kind = match (&top.api_version, &top.kind) {
                    (Some(api_version), Some(kind)) if is_local(fault.code) && !top.twice => {
                        Some(group_kind(api_version, kind))
                    }
                    _ => None,
                };
                let kind = kind.or_else(|| list.map(ListKind::group_kind));
                if fault.code == fault::NOT_AN_OBJECT && self.file.bundle && !json.starts_with(b"{") {
                    self.no_object += 1;
                } else if piece.format == Format::Json {
                    self.fault(fault, document, line, kind);
                } else {
                    // Places within the JSON that a YAML text became mean nothing to the user.
                    self.fault(fault.at(0, 0), document, line, kind);
                }
            }
        }
    }

    fn sound(&mut self, json: &[u8], head: Head, piece: &Piece, list: Option<&ListKind>) {
        let Piece { document, line, .. } = *piece;
        let list_kind = list.map(ListKind::group_kind);
        match (head.api_version.as_deref(), head.kind.as_deref()) {
            (Some(api_version), Some(kind)) => self.kinded(json, &head, (api_version, kind), piece),
            (None, None) => match list {
                Some(list) if head.named => {
                    let Ok(mut full) = serde_json::to_vec(&list.api_version) else { return };
                    let Ok(kind) = serde_json::to_vec(&list.kind) else { return };
                    full.splice(0..0, *b"{\"apiVersion\":");
                    full.extend_from_slice(b",\"kind\":");
                    full.extend_from_slice(&kind);
                    full.push(b',');
                    full.extend_from_slice(json.get(1..).unwrap_or_default());
                    let (api_version, kind) = (list.api_version.as_str(), list.kind.as_str());
                    self.kinded(&full, &head, (api_version, kind), piece);
                }
                None if self.file.bundle && !head.holds_objects => self.no_object += 1,
                _ => {
                    let fault = Fault::new(fault::NOT_AN_OBJECT, "no apiVersion and kind");
                    self.fault(fault, document, line, list_kind);
                }
            },
            (None, Some("Dump")) => self.manifest(json, document, line),
            (api_version, _) => {
                let missing = if api_version.is_some() { "kind" } else { "apiVersion" };
                let fault = Fault::new(fault::NOT_AN_OBJECT, format!("no {missing}"));
                self.fault(fault, document, line, list_kind);
            }
        }
    }

    fn kinded(&mut self, json: &[u8], head: &Head, (api_version, kind): (&str, &str), piece: &Piece) {
        let Piece { document, line, .. } = *piece;
        let group_kind = group_kind(api_version, kind);
        if is_ours(api_version) && kind == "Dump" {
            return self.manifest(json, document, line);
        }
        if api_version == "v1" && kind == "Status" {
            let fault = Fault::new(fault::API_STATUS, manifest::status_message(json));
            return self.fault(fault, document, line, None);
        }
        if self.resources.take(json, &group_kind) {
            return;
        }
        if kind.ends_with("List") && (head.items.is_some() || !head.named) {
            return self.expand(json, head, (api_version, kind), piece);
        }
        if head.holds_objects {
            let fault = Fault::new(fault::NOT_AN_OBJECT, "a list where an object belongs");
            return self.fault(fault, document, line, None);
        }
        // A record's short form names its subject instead of itself.
        if !head.named && !is_ours(api_version) {
            let fault = Fault::new(fault::NOT_AN_OBJECT, format!("{kind} without metadata.name"));
            return self.fault(fault, document, line, Some(group_kind));
        }
        if !is_ours(api_version) && I::interest(api_version, kind) == Interest::Skip {
            return self.skip(group_kind);
        }
        self.kinds.insert(group_kind);
        self.objects += 1;
        self.intake.object_known(json, (api_version, kind), document, line);
    }

    /// A list that was parsed as a whole.
    fn expand(&mut self, json: &[u8], head: &Head, (api_version, kind): (&str, &str), piece: &Piece) {
        #[derive(serde::Deserialize)]
        struct List<'j> {
            #[serde(borrow)]
            items: Option<Vec<&'j RawValue>>,
            #[serde(borrow)]
            metadata: Option<&'j RawValue>,
        }
        let list = ListKind::of(Some(api_version), Some(kind));
        let group_kind = list.as_ref().map(ListKind::group_kind);
        let Piece { document, line, .. } = *piece;
        let parsed = serde_json::from_slice::<List<'_>>(json).ok().filter(|parsed| {
            // Some servers answer an empty list with `items: null`; what no server answered is no list.
            let answered = list.is_some()
                && parsed.metadata.is_some_and(|metadata| super::json::is_answer(metadata.get()));
            parsed.items.is_some() || (head.items.is_some() && answered)
        });
        let Some(parsed) = parsed else {
            let fault = Fault::new(fault::LIST_PART, format!("a {kind} whose items are no list"));
            return self.fault(fault, document, line, group_kind);
        };
        for item in parsed.items.unwrap_or_default() {
            self.object(item.get().as_bytes(), piece, list.as_ref());
        }
        let partial =
            parsed.metadata.is_some_and(|metadata| super::json::continues(metadata.get().as_bytes()));
        self.list(ListSeen { kind: group_kind, partial }, document, line);
    }

    fn manifest(&mut self, json: &[u8], document: u64, line: u64) {
        match manifest::parse(json) {
            Ok(dump) => self.dumps.push(dump),
            Err(fault) => self.fault(fault, document, line, None),
        }
    }

    fn text(&mut self, bytes: &[u8], role: manifest::Role) {
        match role {
            manifest::Role::Timestamp => self.taken_at = manifest::timestamp(bytes),
            manifest::Role::ApiResources => {
                if let Err(message) = self.resources.table(bytes) {
                    let diagnostic = Diagnostic::warning(fault::DISCOVERY, message)
                        .file(&*self.file.name)
                        .consequence("which kinds the cluster has stays unknown")
                        .fix(fault::fix(fault::DISCOVERY));
                    self.intake.diagnostic(diagnostic);
                }
            }
        }
    }
}

fn is_ours(api_version: &str) -> bool {
    api_version.starts_with("probate.dev/")
}

/// True for what is wrong inside one object, so that its text is surely not part of another one too.
fn is_local(code: &str) -> bool {
    !matches!(code, fault::SYNTAX | fault::TRUNCATED)
}
