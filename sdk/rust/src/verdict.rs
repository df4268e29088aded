//! The builder of a verdict.

use probate_contract::verdict::{Action, Ensure, Verdict as Document};

/// A policy's answer about one subject.
///
/// ```
/// use probate_sdk::prelude::*;
///
/// let verdict = Verdict::retain("the ledger stays")
///     .rule("ledger")
///     .annotate("probate.dev/note.kept-by", "finance")
///     .ensure(Ensure::ReclaimPolicyRetain)
///     .recheck(hours(12));
/// assert_eq!(verdict.document().rule.as_deref(), Some("ledger"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Verdict(Document);

impl Verdict {
    /// Keep it; `reason` is one printable line.
    pub fn retain(reason: impl Into<String>) -> Self {
        Self(Document { action: Action::Retain, reason: reason.into(), ..Document::default() })
    }

    /// Let it go; `reason` is one printable line.
    pub fn delete(reason: impl Into<String>) -> Self {
        Self(Document { action: Action::Delete, reason: reason.into(), ..Document::default() })
    }

    /// No opinion. A policy that only annotates abstains.
    pub fn abstain() -> Self {
        Self::default()
    }

    /// Names the rule that answered, `[a-z0-9-]`.
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.0.rule = Some(rule.into());
        self
    }

    /// Sets an annotation; the last value of a key counts.
    pub fn annotate(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.annotations.insert(key.into(), value.into());
        self
    }

    /// Asks the host for a measure; goes with Retain only.
    pub fn ensure(mut self, measure: Ensure) -> Self {
        self.0.ensure = Some(measure);
        self
    }

    /// Asks to be asked again after so many seconds, 60 to 2592000.
    pub fn recheck(mut self, seconds: u64) -> Self {
        self.0.recheck_after_seconds = Some(seconds);
        self
    }

    /// Names a path that the answer rests on; without any, the facts that were read.
    pub fn basis(mut self, path: impl Into<String>) -> Self {
        self.0.basis.push(path.into());
        self
    }

    /// The document of it.
    pub fn document(&self) -> &Document {
        &self.0
    }

    /// The document itself.
    pub fn into_document(self) -> Document {
        self.0
    }
}
