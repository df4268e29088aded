//! One place where an object names a claim or volume.

use probate_contract::evidence::ReferenceState;
use std::borrow::Cow;

/// Every namespace.
pub(crate) const ANYWHERE: &str = "*";

/// What an object names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A claim; without namespace in the object's own, with `ANYWHERE` in any.
    Claim { namespace: Option<Box<str>>, name: Box<str> },
    /// A volume.
    Volume { name: Box<str> },
    /// Whatever volume has this handle, written as a Node writes it: `kubernetes.io/csi/DRIVER^HANDLE`.
    Attachment { unique: Box<str> },
    /// Claims whose name is this and a dash and an ordinal; those outside `start..end` are reserved, if `reserves`.
    Ordinals { prefix: Box<str>, start: i64, end: i64, reserves: bool },
    /// Claims of the object's own namespace whose name begins with this and a dash.
    Prefixed { prefix: Box<str> },
    /// Claims with that label, written `KEY=VALUE`: of the object's own namespace, or anywhere.
    Labelled { pair: Box<str>, anywhere: bool },
    /// The claim of that uid, wherever it is.
    Uid { uid: Box<str> },
    /// Every claim of that namespace; `*` for all namespaces.
    Namespace { name: Box<str> },
    /// The claim that this VolumeSnapshot was taken of; without namespace in the object's own.
    Snapshot { namespace: Option<Box<str>>, name: Box<str> },
    /// What the claim `made`, of the object's own namespace, is to be filled from, until that claim is there.
    Filling { from: Box<Target>, made: Box<str> },
}

/// One place where an object names a claim or volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) target: Target,
    pub(crate) state: ReferenceState,
    pub(crate) since: Option<i64>,
    pub(crate) path: Cow<'static, str>,
    /// Part of an operation under way: a restore, clone, import, snapshot.
    pub(crate) operation: bool,
}

impl Edge {
    pub(crate) fn new(target: Target, state: ReferenceState, path: impl Into<Cow<'static, str>>) -> Self {
        Self { target, state, since: None, path: path.into(), operation: false }
    }

    /// A claim of the object's own namespace.
    pub(crate) fn claim(name: Box<str>, state: ReferenceState, path: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Target::Claim { namespace: None, name }, state, path)
    }

    /// A claim of that namespace; without one, of the object's own.
    pub(crate) fn claim_in(
        namespace: Option<Box<str>>,
        name: Box<str>,
        state: ReferenceState,
        path: impl Into<Cow<'static, str>>,
    ) -> Self {
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        Self::new(Target::Claim { namespace, name }, state, path)
    }

    /// The claim that a claim of the object's own namespace is filled from, once it is made.
    pub(crate) fn filling(
        made: &str,
        namespace: Option<Box<str>>,
        name: Box<str>,
        state: ReferenceState,
        path: impl Into<Cow<'static, str>>,
    ) -> Self {
        let from = Self::claim_in(namespace, name, state, path);
        Self { target: Target::Filling { from: Box::new(from.target), made: made.into() }, ..from }
    }

    /// Claims of the object's own namespace with that label.
    pub(crate) fn labelled(
        key: &str,
        value: &str,
        state: ReferenceState,
        path: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Target::Labelled { pair: format!("{key}={value}").into(), anywhere: false }, state, path)
    }

    /// Claims that a restore took the place of: until it is over they may be all there is, then they are named and not used.
    pub(crate) fn replaced(names: Option<Vec<Box<str>>>, over: bool, at: &str) -> Vec<Self> {
        let edge = |(index, name)| {
            let path = format!("{at}[{index}]");
            match over {
                true => Self::claim(name, ReferenceState::Finished, path),
                false => Self::claim(name, ReferenceState::Active, path).running(),
            }
        };
        names.unwrap_or_default().into_iter().enumerate().map(edge).collect()
    }

    /// The same as part of an operation under way.
    pub(crate) fn running(self) -> Self {
        Self { operation: true, ..self }
    }
}
