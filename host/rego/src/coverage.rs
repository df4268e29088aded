//! Which lines of a policy's own files were reached.

use crate::analysis::index::{Index, Role};
use crate::analysis::visit;
use probate_contract::rego::{Coverage, FileCoverage};
use regorus::Engine;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Lines by file: those with something to evaluate, and those reached.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    files: BTreeMap<String, (BTreeSet<u64>, BTreeSet<u64>)>,
}

impl Lines {
    /// The lines of a policy's own files.
    pub(crate) fn of(index: &Index) -> Self {
        let mut lines = Self::default();
        for file in index.files.iter().filter(|file| file.role == Role::Policy) {
            let name = file.module.package.span.source.file().clone();
            let wanted = RefCell::new(BTreeSet::new());
            for rule in &file.module.policy {
                let note = |expr: &regorus::unstable::ExprRef| {
                    wanted.borrow_mut().insert(u64::from(expr.span().line));
                };
                visit::walk(visit::of_rule(rule), &mut |expr| note(expr), &mut |_| {});
            }
            lines.files.insert(name, (wanted.into_inner(), BTreeSet::new()));
        }
        lines
    }

    /// Adds what a call reached.
    pub(crate) fn note(&mut self, engine: &Engine) {
        let Ok(report) = engine.get_coverage_report() else { return };
        for file in report.files {
            if let Some((wanted, reached)) = self.files.get_mut(&file.path) {
                reached.extend(
                    file.covered.iter().map(|line| u64::from(*line)).filter(|line| wanted.contains(line)),
                );
            }
        }
    }

    /// The union so far.
    pub(crate) fn coverage(&self) -> Coverage {
        let file = |(name, (wanted, reached)): (&String, &(BTreeSet<u64>, BTreeSet<u64>))| FileCoverage {
            file: name.clone(),
            covered: reached.iter().copied().collect(),
            missed: wanted.difference(reached).copied().collect(),
        };
        Coverage { files: self.files.iter().map(file).collect() }
    }
}
