//! One object as it is kept: what is read of it, instead of the document.

use crate::intake::GroupKind;
use crate::inventory::keys::object_key;
use crate::kinds::custom::Names;
use crate::kinds::meta::Head;
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

/// What an object of that kind and name is found by.
pub(super) fn key(kind: &GroupKind, namespace: &str, name: &str) -> u64 {
    object_key(kind, namespace, name)
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

    pub(super) fn key(&self) -> u64 {
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
