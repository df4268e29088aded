//! Raw claims and volumes, as a GET gave them.

use serde_json::Value;

/// What one live read said.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The object.
    Present(Value),
    /// There is none: a 404, nothing else.
    Absent,
    /// Nobody can say.
    Unknown(String),
}

/// An object that was read.
#[derive(Clone, Copy, Debug)]
pub struct Live<'a>(pub(crate) &'a Value);

impl<'a> Live<'a> {
    fn text(self, pointer: &str) -> &'a str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn map(self, map: &str, key: &str) -> Option<&'a str> {
        self.0.pointer(map)?.get(key)?.as_str()
    }

    /// Its uid.
    pub fn uid(self) -> &'a str {
        self.text("/metadata/uid")
    }

    /// Its resourceVersion.
    pub fn resource_version(self) -> &'a str {
        self.text("/metadata/resourceVersion")
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        self.text("/metadata/name")
    }

    /// Its namespace.
    pub fn namespace(self) -> &'a str {
        self.text("/metadata/namespace")
    }

    /// True once somebody deleted it and finalizers hold it.
    pub fn deleting(self) -> bool {
        !self.text("/metadata/deletionTimestamp").is_empty()
    }

    pub(crate) fn label(self, key: &str) -> Option<&'a str> {
        self.map("/metadata/labels", key)
    }

    pub(crate) fn annotation(self, key: &str) -> Option<&'a str> {
        self.map("/metadata/annotations", key)
    }

    pub(crate) fn phase(self) -> &'a str {
        self.text("/status/phase")
    }

    pub(crate) fn policy(self) -> &'a str {
        self.text("/spec/persistentVolumeReclaimPolicy")
    }

    pub(crate) fn retains(self) -> bool {
        self.policy() == "Retain"
    }

    pub(crate) fn volume_name(self) -> &'a str {
        self.text("/spec/volumeName")
    }

    /// Namespace, name and uid that a volume's claimRef holds; the uid may be empty.
    pub(crate) fn claim_ref(self) -> Option<(&'a str, &'a str, &'a str)> {
        self.0.pointer("/spec/claimRef")?;
        let part = |pointer| self.text(pointer);
        Some((part("/spec/claimRef/namespace"), part("/spec/claimRef/name"), part("/spec/claimRef/uid")))
    }

    /// Made from another object: a clone or a restore.
    pub(crate) fn has_source(self) -> bool {
        ["/spec/dataSource", "/spec/dataSourceRef"]
            .into_iter()
            .any(|pointer| self.0.pointer(pointer).is_some_and(|source| !source.is_null()))
    }

    /// A provisioner made the volume, and destroys the asset when told to (sig-storage-lib-external-provisioner, shouldDelete).
    pub(crate) fn provisioned(self) -> bool {
        self.annotation("pv.kubernetes.io/provisioned-by").is_some()
    }

    /// vCluster copies marks of this claim into the tenant's cluster.
    pub(crate) fn synced(self) -> bool {
        self.label("vcluster.loft.sh/managed-by").is_some()
    }
}

/// How a live object relates to what the record is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Party<'a> {
    /// It has the recorded uid.
    Ours(Live<'a>),
    /// Another object has the name.
    Other(Live<'a>),
    /// There is none.
    Gone,
}

impl<'a> Party<'a> {
    pub(crate) fn of(seen: &'a Seen, uid: Option<&str>) -> Self {
        match seen {
            Seen::Present(value) if uid.is_some_and(|uid| uid == Live(value).uid()) => {
                Self::Ours(Live(value))
            }
            Seen::Present(value) => Self::Other(Live(value)),
            Seen::Absent | Seen::Unknown(_) => Self::Gone,
        }
    }

    pub(crate) fn ours(self) -> Option<Live<'a>> {
        match self {
            Self::Ours(live) => Some(live),
            Self::Other(_) | Self::Gone => None,
        }
    }
}
