//! What refers to what: the rules reachable from the entry point, and cycles.

use super::index::{Index, place};
use super::reads::Scan;
use super::{at, display};
use probate_contract::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

/// Nodes that evaluating `start` can evaluate, itself included.
pub(crate) fn reachable(
    index: &Index,
    scans: &[Scan<'_>],
    start: impl IntoIterator<Item = usize>,
) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = start.into_iter().collect();
    while let Some(number) = open.pop() {
        if !seen.insert(number) {
            continue;
        }
        // Rules of one path make one value together.
        if let Some(node) = index.nodes.get(number) {
            open.extend(index.at(&node.path).map(|(number, _)| number));
        }
        for edge in scans.get(number).into_iter().flat_map(|scan| &scan.edges) {
            open.extend(index.touched(&edge.path));
        }
    }
    seen
}

/// One diagnostic for each rule that closes a cycle.
pub(crate) fn cycles(index: &Index, scans: &[Scan<'_>]) -> Vec<Diagnostic> {
    let mut edges: BTreeMap<&[String], BTreeSet<&[String]>> = BTreeMap::new();
    for (node, scan) in index.nodes.iter().zip(scans) {
        let targets = edges.entry(&node.path).or_default();
        for edge in scan.edges.iter().filter(|edge| edge.certain) {
            targets.extend(
                index
                    .touched(&edge.path)
                    .into_iter()
                    .filter_map(|number| Some(index.nodes.get(number)?.path.as_slice())),
            );
        }
    }
    let mut done: BTreeSet<&[String]> = BTreeSet::new();
    let mut diagnostics = Vec::new();
    for start in edges.keys() {
        // Depth first with an explicit path: a cycle is an edge back into it.
        let mut path: Vec<(&[String], Vec<&[String]>)> = Vec::new();
        if done.insert(start) {
            path.push((start, edges.get(start).into_iter().flatten().copied().collect()));
        }
        while let Some((_, rest)) = path.last_mut() {
            let Some(next) = rest.pop() else {
                path.pop();
                continue;
            };
            if let Some(position) = path.iter().position(|(rule, _)| *rule == next) {
                let cycle: Vec<&[String]> =
                    path.iter().skip(position).map(|(rule, _)| *rule).chain([next]).collect();
                diagnostics.push(cycle_diagnostic(index, &cycle));
            } else if done.insert(next) {
                path.push((next, edges.get(next).into_iter().flatten().copied().collect()));
            }
        }
    }
    diagnostics
}

fn cycle_diagnostic(index: &Index, cycle: &[&[String]]) -> Diagnostic {
    let names: Vec<String> = cycle.iter().map(|path| display(path)).collect();
    let diagnostic = Diagnostic::error("PB2103", format!("a rule depends on itself: {}", names.join(" -> ")))
        .consequence("it has no value that every engine agrees on")
        .fix("compute it from the evidence without referring back; `walk` goes down a document");
    let first = cycle.first().and_then(|path| index.at(path).next());
    match first {
        Some((_, node)) => at(diagnostic, place(&node.rule)),
        None => diagnostic,
    }
}
