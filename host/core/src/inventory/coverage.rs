//! Which lists are whole: stated per kind and namespace, never guessed.

use crate::intake::GroupKind;
use crate::kinds;
use probate_contract::dump::Reason;
use std::collections::{BTreeMap, BTreeSet};

const ALL: &str = "*";

/// The completeness statements of one cluster. Kinds are written `KIND.GROUP`; a kind alone means the one that Kubernetes serves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    complete: BTreeSet<(String, String)>,
    incomplete: BTreeMap<(String, String), Reason>,
    unreadable: BTreeSet<String>,
    absent: BTreeSet<String>,
    discovered: Option<BTreeSet<GroupKind>>,
    /// All custom kinds, where the list of their definitions is whole.
    defined: Option<BTreeSet<GroupKind>>,
    /// Custom kinds whose definition was read, whole list or not: they exist, though discovery may be older.
    read: BTreeSet<GroupKind>,
    /// Kinds of which an object was seen: they exist, whatever is stated.
    seen: BTreeSet<GroupKind>,
}

impl Coverage {
    pub(crate) fn complete(&mut self, kind: &str, namespace: &str) {
        self.complete.insert((kind.into(), namespace.into()));
    }

    pub(crate) fn incomplete(&mut self, kind: &str, namespace: &str, reason: Reason) {
        self.incomplete.insert((kind.into(), namespace.into()), reason);
    }

    pub(crate) fn unreadable(&mut self, kind: &str) {
        self.unreadable.insert(kind.into());
    }

    pub(crate) fn lift(&mut self, kind: &str, namespace: &str) {
        self.incomplete.retain(|(stated, within), _| {
            !(same(stated, &GroupKind::parse(kind)) || stated == kind)
                || (namespace != ALL && within != namespace)
        });
        self.complete(kind, namespace);
    }

    pub(crate) fn absent(&mut self, kind: &str) {
        self.absent.insert(kind.into());
    }

    pub(crate) fn discovered(&mut self, kinds: &[GroupKind]) {
        self.discovered.get_or_insert_default().extend(kinds.iter().cloned());
    }

    /// Takes the definitions that were read; they prove absence only where their list is whole.
    pub(crate) fn define(&mut self, kinds: &BTreeSet<GroupKind>) {
        self.read.clone_from(kinds);
        if self.list(&definitions(), None).is_ok() {
            self.defined = Some(kinds.clone());
        }
    }

    /// True where a kind of that group may exist, so far as objects, definitions and discovery tell.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        let kinds =
            self.seen.iter().chain(self.discovered.iter().flatten()).chain(self.defined.iter().flatten());
        let mut groups = kinds.map(|kind| kind.group.as_str());
        groups
            .any(|known| known == group || known.strip_suffix(group).is_some_and(|rest| rest.ends_with('.')))
    }

    /// True where the kind exists here, so far as objects, definitions and discovery tell.
    pub(crate) fn has_kind(&self, kind: &GroupKind) -> bool {
        let sets = [Some(&self.seen), self.discovered.as_ref(), self.defined.as_ref()];
        sets.into_iter().flatten().any(|kinds| kinds.contains(kind))
    }

    /// The same, and so far as those tell who could not list it.
    pub(crate) fn may_have_kind(&self, kind: &GroupKind) -> bool {
        self.has_kind(kind) || self.doubted().any(|stated| *stated == kind.to_string())
    }

    /// Kinds that somebody may not list or could not read, which says that they are there.
    fn doubted(&self) -> impl Iterator<Item = &String> {
        let named = self.incomplete.keys().map(|(stated, _)| stated).chain(&self.unreadable);
        named.filter(|stated| !stated.starts_with(ALL))
    }

    pub(crate) fn see(&mut self, kind: &GroupKind) {
        if !self.seen.contains(kind) {
            self.seen.insert(kind.clone());
        }
    }

    /// The custom kinds that are known to exist, or why that is not known.
    pub(crate) fn custom_kinds(&self, defined: &BTreeSet<GroupKind>) -> Result<BTreeSet<GroupKind>, Reason> {
        let custom = |kinds: &BTreeSet<GroupKind>| {
            kinds.iter().filter(|kind| kinds::is_custom(kind)).cloned().collect()
        };
        let mut found: BTreeSet<GroupKind> = custom(&self.seen);
        match &self.discovered {
            Some(discovered) => found.extend(custom(discovered)),
            None => self.list(&definitions(), None)?,
        }
        found.extend(custom(defined));
        let named: BTreeSet<GroupKind> = self.doubted().map(|stated| GroupKind::parse(stated)).collect();
        let doubtful = custom(&named);
        found.extend(doubtful.iter().cloned());
        found.retain(|kind| self.seen.contains(kind) || doubtful.contains(kind) || !self.stated_absent(kind));
        Ok(found)
    }

    fn stated_absent(&self, kind: &GroupKind) -> bool {
        self.absent.iter().any(|stated| same(stated, kind))
    }

    /// `Ok` where every object of the kind in that namespace (`None`: in all) is known, or the kind is proven not to exist.
    pub(crate) fn list(&self, kind: &GroupKind, namespace: Option<&str>) -> Result<(), Reason> {
        if self.unreadable.iter().any(|stated| stated == ALL || same(stated, kind)) {
            return Err(Reason::Unreadable);
        }
        let concerns = |within: &str| within == ALL || namespace.is_none_or(|namespace| namespace == within);
        let blocked = self
            .incomplete
            .iter()
            .find(|((stated, within), _)| (stated == ALL || same(stated, kind)) && concerns(within));
        if let Some((_, reason)) = blocked {
            return Err(*reason);
        }
        if !self.seen.contains(kind) {
            let undiscovered = !self.read.contains(kind)
                && self.discovered.as_ref().is_some_and(|kinds| !kinds.contains(kind));
            // Kinds of an aggregated API have no definition; discovery shows them.
            let shown = self.discovered.as_ref().is_some_and(|kinds| kinds.contains(kind));
            let undefined = !kinds::builtin_group(&kind.group)
                && !shown
                && self.defined.as_ref().is_some_and(|kinds| !kinds.contains(kind));
            if self.stated_absent(kind) || undiscovered || undefined {
                return Ok(());
            }
        }
        let covers = |within: &str| within == ALL || namespace == Some(within);
        let whole = self
            .complete
            .iter()
            .any(|(stated, within)| (stated == ALL || same(stated, kind)) && covers(within));
        if whole { Ok(()) } else { Err(Reason::NotCollected) }
    }

    /// True where an api-resources list names all kinds.
    pub(crate) fn has_discovery(&self) -> bool {
        self.discovered.is_some()
    }
}

fn definitions() -> GroupKind {
    GroupKind { group: "apiextensions.k8s.io".into(), kind: "CustomResourceDefinition".into() }
}

/// True where a stated kind means this one.
fn same(stated: &str, kind: &GroupKind) -> bool {
    match stated.split_once('.') {
        Some((name, group)) => (name == ALL || name == kind.kind) && group == kind.group,
        None => stated == kind.kind && kinds::builtin_group(&kind.group),
    }
}

#[cfg(test)]
mod tests {
    use super::Coverage;
    use crate::intake::GroupKind;
    use probate_contract::dump::Reason;

    #[test]
    fn a_list_is_whole_only_where_it_is_said() {
        let pod = GroupKind::parse("Pod");
        let machine = GroupKind::parse("VirtualMachine.kubevirt.io");
        let mut coverage = Coverage::default();
        assert_eq!(coverage.list(&pod, Some("a")), Err(Reason::NotCollected));
        coverage.complete("Pod", "a");
        assert_eq!(coverage.list(&pod, Some("a")), Ok(()));
        assert_eq!(coverage.list(&pod, Some("b")), Err(Reason::NotCollected));
        assert_eq!(coverage.list(&pod, None), Err(Reason::NotCollected));
        coverage.complete("*", "*");
        assert_eq!(coverage.list(&pod, None), Ok(()));
        coverage.incomplete("Pod", "b", Reason::Forbidden);
        assert_eq!(coverage.list(&pod, Some("a")), Ok(()));
        assert_eq!(coverage.list(&pod, Some("b")), Err(Reason::Forbidden));
        assert_eq!(coverage.list(&pod, None), Err(Reason::Forbidden));
        coverage.lift("Pod", "b");
        assert_eq!(coverage.list(&pod, None), Ok(()));
        coverage.unreadable("VirtualMachine.kubevirt.io");
        assert_eq!(coverage.list(&machine, Some("a")), Err(Reason::Unreadable));
    }

    #[test]
    fn a_missing_kind_is_absent_only_without_objects() {
        let machine = GroupKind::parse("VirtualMachine.kubevirt.io");
        let mut coverage = Coverage::default();
        coverage.absent("VirtualMachine.kubevirt.io");
        assert_eq!(coverage.list(&machine, None), Ok(()));
        coverage.see(&machine);
        assert_eq!(coverage.list(&machine, None), Err(Reason::NotCollected));
        let mut defined = Coverage::default();
        defined.define(&std::collections::BTreeSet::new());
        assert_eq!(
            defined.list(&machine, None),
            Err(Reason::NotCollected),
            "definitions that are not whole prove nothing"
        );
        defined.complete("CustomResourceDefinition", "*");
        defined.define(&std::collections::BTreeSet::new());
        assert_eq!(defined.list(&machine, None), Ok(()));
        let mut discovered = Coverage::default();
        discovered.discovered(&[GroupKind::parse("Pod")]);
        assert_eq!(discovered.list(&machine, None), Ok(()));
        assert_eq!(discovered.list(&GroupKind::parse("Pod"), None), Err(Reason::NotCollected));
        discovered.define(&std::collections::BTreeSet::from([machine.clone()]));
        assert_eq!(discovered.list(&machine, None), Err(Reason::NotCollected), "its definition is newer");
    }
}
