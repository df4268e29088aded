//! The kinds that are understood, as data: what is read of each, where that was learnt, and what it means. Adding a kind is one row
//! in its system's file and one function; the facts page is printed from these rows.

use super::{
    Read, builtin, cdi, harvester, kubevirt, longhorn, rancher, scalers, snapshots, velero, volsync,
    workloads,
};
use crate::intake::GroupKind;
use hashbrown::HashMap;
use std::sync::LazyLock;

/// A kind that is understood.
#[derive(Debug)]
pub struct Known {
    /// API group, empty for core kinds; versions do not matter.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// What its objects mean for claims and volumes.
    pub says: &'static str,
    /// Paths that are read beside the identity and ownerReferences.
    pub fields: &'static [&'static str],
    /// Project, version and file that the paths were taken from.
    pub source: &'static str,
    pub(super) read: Reader,
}

pub(super) type Reader = fn(&GroupKind, &[u8]) -> Read;

/// One file a system.
const SYSTEMS: [&[Known]; 12] = [
    builtin::KINDS,
    workloads::KINDS,
    scalers::KINDS,
    snapshots::KINDS,
    kubevirt::KINDS,
    kubevirt::SNAPSHOT_KINDS,
    cdi::KINDS,
    harvester::KINDS,
    longhorn::KINDS,
    velero::KINDS,
    volsync::KINDS,
    rancher::KINDS,
];

static BY_NAME: LazyLock<HashMap<(&str, &str), &Known>> =
    LazyLock::new(|| understood().map(|known| ((known.group, known.kind), known)).collect());

/// All kinds that are understood, system by system.
pub fn understood() -> impl Iterator<Item = &'static Known> {
    SYSTEMS.into_iter().flatten()
}

/// The projection of a kind.
pub(super) fn reader(group: &str, kind: &str) -> Option<Reader> {
    BY_NAME.get(&(group, kind)).map(|known| known.read)
}

#[cfg(test)]
mod tests {
    use super::{BY_NAME, understood};
    use crate::kinds::ignore;

    #[test]
    fn every_row_says_what_it_reads_and_stands_once() {
        for known in understood() {
            let name = format!("{}.{}", known.kind, known.group);
            assert!(!known.says.is_empty() && known.says.ends_with('.'), "{name}");
            assert!(known.source.contains(", "), "{name}: project and version, file");
            assert!(
                ignore::reason(known.group, known.kind).is_none() || known.group == "probate.dev",
                "{name}"
            );
        }
        assert_eq!(understood().count(), BY_NAME.len());
    }
}
