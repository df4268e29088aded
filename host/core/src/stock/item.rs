//! One object as it is kept: what is read of it, instead of the document.

use crate::intake::GroupKind;
use crate::inventory::keys::object_key;
use crate::kinds::custom::Names;
use crate::kinds::meta::Head;
use crate::kinds::subject::Subject;
use crate::kinds::{self, Edge, Payload};
use probate_contract::Diagnostic;
use std::sync::Arc;

/// One object, read once and added to any number of inventories.
#[derive(Clone, Debug)]
pub struct Item {
    pub(crate) kind: Arc<GroupKind>,
    pub(crate) head: Arc<Head>,
    pub(crate) payload: Payload,
    pub(crate) edges: Box<[Edge]>,
    pub(crate) names: Names,
}

/// An object that is kept: as it was read, or, of claims and volumes, as the text that it is read from when somebody looks.
#[derive(Debug)]
pub(super) enum Kept {
    Read(Box<Item>),
    Packed { like: u32, text: Box<[u8]> },
}

/// Of each kind that is packed the text of one, which the others differ little from.
#[derive(Debug, Default)]
pub(super) struct Likes(Vec<(Arc<GroupKind>, Arc<str>)>);

/// An object as it was read, or read again.
#[derive(Debug)]
pub enum Opened<'a> {
    /// It is kept like that.
    Kept(&'a Item),
    /// It was unpacked.
    Unpacked(Box<Item>),
}

impl std::ops::Deref for Opened<'_> {
    type Target = Item;

    fn deref(&self) -> &Item {
        match self {
            Self::Kept(item) => item,
            Self::Unpacked(item) => item,
        }
    }
}

impl Opened<'_> {
    /// The object itself.
    pub fn into_item(self) -> Item {
        match self {
            Self::Kept(item) => item.clone(),
            Self::Unpacked(item) => *item,
        }
    }
}

impl Kept {
    pub(super) fn kind<'a>(&'a self, likes: &'a Likes) -> Option<&'a Arc<GroupKind>> {
        match self {
            Self::Read(item) => Some(&item.kind),
            Self::Packed { like, .. } => likes.0.get(usize::try_from(*like).ok()?).map(|(kind, _)| kind),
        }
    }

    /// Packs what holds its own text.
    pub(super) fn of(item: Item, likes: &mut Likes) -> Self {
        let object = item.subject().and_then(|subject| subject.object.clone());
        let known = likes.0.iter().position(|(kind, _)| *kind == item.kind);
        let at = known.unwrap_or(likes.0.len());
        let (Some(object), Ok(like)) = (object, u32::try_from(at)) else { return Self::Read(Box::new(item)) };
        if known.is_none() {
            likes.0.push((item.kind.clone(), object.clone()));
        }
        let text = likes.0.get(at).map_or(&object, |(_, text)| text).as_bytes();
        let text = lz4_flex::block::compress_prepend_size_with_dict(object.as_bytes(), text);
        Self::Packed { like, text: text.into() }
    }

    /// Reads it again.
    ///
    /// # Errors
    /// It cannot be: then it is not known what it was.
    pub(super) fn open(&self, likes: &Likes) -> Result<Opened<'_>, Lost> {
        let (like, text) = match self {
            Self::Read(item) => return Ok(Opened::Kept(item)),
            Self::Packed { like, text } => (like, text),
        };
        let like = usize::try_from(*like).ok().and_then(|like| likes.0.get(like));
        let Some((kind, like)) = like else {
            let all = GroupKind { group: String::new(), kind: "*".into() };
            return Err(lost(&Arc::new(all), "packed like nothing"));
        };
        match lz4_flex::block::decompress_size_prepended_with_dict(text, like.as_bytes()) {
            Ok(text) => Item::read(kind, &text)
                .map(|item| Opened::Unpacked(Box::new(item)))
                .map_err(|diagnostic| (kind.clone(), Box::new(diagnostic))),
            Err(error) => Err(lost(kind, &error.to_string())),
        }
    }
}

/// A kind of which an object is there that is not known any more, and why.
pub(super) type Lost = (Arc<GroupKind>, Box<Diagnostic>);

fn lost(kind: &Arc<GroupKind>, why: &str) -> Lost {
    let diagnostic = Diagnostic::error("PB6003", format!("{kind}: {why}"))
        .consequence(format!("{kind} is incomplete in this cluster; what needs it is retained"))
        .fix("report this");
    (kind.clone(), Box::new(diagnostic))
}

/// What an object of that kind and name is found by.
pub(super) fn key(kind: &GroupKind, namespace: &str, name: &str) -> u32 {
    u32::try_from(object_key(kind, namespace, name) >> 32).unwrap_or(u32::MAX)
}

impl Item {
    /// Reads one object (never a List): UTF-8 JSON of that kind.
    ///
    /// # Errors
    /// What is wrong with it; its kind is incomplete while the object is there.
    pub fn read(kind: &Arc<GroupKind>, json: &[u8]) -> Result<Self, Diagnostic> {
        let parsed = kinds::read_as(kind, json).map_err(|unreadable| {
            Diagnostic::error(unreadable.code, unreadable.message)
                .consequence(format!("{kind} is incomplete in this cluster; what needs it is retained"))
                .fix(unreadable.fix)
        })?;
        Ok(Self {
            kind: kind.clone(),
            head: parsed.head,
            payload: parsed.payload,
            edges: parsed.edges.into(),
            names: parsed.names,
        })
    }

    /// What claims and volumes share, of one of them.
    pub(super) fn subject(&self) -> Option<&Subject> {
        match &self.payload {
            Payload::Claim(claim) => Some(&claim.subject),
            Payload::Volume(volume) => Some(&volume.subject),
            _ => None,
        }
    }

    pub(super) fn key(&self) -> u32 {
        key(&self.kind, &self.head.namespace, &self.head.name)
    }

    /// Its kind.
    pub fn kind(&self) -> &Arc<GroupKind> {
        &self.kind
    }

    /// Its namespace, empty where it has none, and its name.
    pub fn name(&self) -> (&str, &str) {
        (&self.head.namespace, &self.head.name)
    }

    /// Its uid.
    pub fn uid(&self) -> &str {
        &self.head.uid
    }

    /// True where nothing that is read of it differs, so that no decision can. Claims and volumes of two revisions are never alike:
    /// what is decided of them names it.
    pub fn alike(&self, other: &Self) -> bool {
        let revision = &self.head.resource_version;
        let same = !revision.is_empty() && *revision == other.head.resource_version;
        if same && self.kind == other.kind && self.head.uid == other.head.uid {
            return true;
        }
        self.kind == other.kind
            && self.same_head(other)
            && self.payload.alike(&other.payload)
            && self.edges == other.edges
            && self.names == other.names
    }

    /// True where both say the same of who they are, whose, and whether they are going.
    pub(super) fn same_head(&self, other: &Self) -> bool {
        let Head { namespace, name, uid, resource_version: _, created, deleting, owners } = &*self.head;
        let head = &other.head;
        (namespace, name, uid) == (&head.namespace, &head.name, &head.uid)
            && (created, deleting, owners) == (&head.created, &head.deleting, &head.owners)
    }

    /// True where it says, on its way out, what is to become of volumes: that counts beyond it.
    pub fn has_last_words(&self) -> bool {
        let machine = self.kind.group == "kubevirt.io" && self.kind.kind == "VirtualMachine";
        self.head.deleting.is_some() && (machine || matches!(self.payload, Payload::Intent(_)))
    }
}
