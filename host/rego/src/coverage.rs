//! Which lines of a policy's own files were reached.

use crate::analysis::index::{Index, Role};
use crate::analysis::visit::{self, Part};
use probate_contract::rego::{Coverage, FileCoverage};
use regorus::Engine;
use regorus::unstable::{Expr, Rule, RuleHead};
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
            let mut wanted = BTreeSet::new();
            for rule in &file.module.policy {
                parts(rule).into_iter().for_each(|part| gather(part, &mut wanted));
            }
            lines.files.insert(name, (wanted, BTreeSet::new()));
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

    /// Adds the values of bodies that fired: the engine's report knows none of `else`.
    pub(crate) fn note_values(&mut self, values: &[(&str, &[u64])]) {
        for (file, values) in values {
            if let Some((_, reached)) = self.files.get_mut(*file) {
                reached.extend(values.iter());
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

/// The parts of a rule that are evaluated: values and bodies, not the patterns of its arguments.
fn parts(rule: &Rule) -> Vec<Part<'_>> {
    let mut parts = visit::of_rule(rule);
    if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule {
        parts.drain(..args.len().min(parts.len()));
    }
    parts
}

/// Lines that the engine marks when it evaluates this part: it says nothing of a comprehension's term nor of a call's name.
fn gather(part: Part<'_>, lines: &mut BTreeSet<u64>) {
    match part {
        Part::Query(query) => {
            for statement in &query.stmts {
                visit::of_statement(statement).into_iter().for_each(|part| gather(part, lines));
            }
        }
        Part::Expr(expr) => {
            let comprehension = matches!(
                expr.as_ref(),
                Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. }
            );
            if !comprehension && !matches!(expr.as_ref(), Expr::Call { .. }) {
                lines.insert(u64::from(expr.span().line));
            }
            let below = visit::below(expr).into_iter();
            below
                .filter(|part| !comprehension || matches!(part, Part::Query(_)))
                .for_each(|part| gather(part, lines));
        }
    }
}
