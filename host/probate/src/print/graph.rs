//! A reference graph as a tree for people, and as a picture for Graphviz and Mermaid.

use super::style::{CAREFUL, HEAD, QUIET};
use probate_contract::common::Identity;
use probate_contract::evidence::Counterpart;
use probate_core::graph::Graph;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One line of the tree, and what hangs below it.
struct Branch {
    text: String,
    below: Vec<Branch>,
}

fn leaf(text: String) -> Branch {
    Branch { text, below: Vec::new() }
}

fn place(cluster: &str, kind: &str, namespace: Option<&str>, name: &str) -> String {
    let namespace = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{cluster}: {kind} {namespace}{name}")
}

fn subject(identity: &Identity) -> String {
    let cluster = identity.cluster.as_deref().unwrap_or_default();
    place(cluster, &identity.kind, identity.namespace.as_deref(), &identity.name)
}

fn layer(layer: &Counterpart) -> String {
    place(&layer.cluster, &layer.kind, layer.namespace.as_deref(), &layer.name)
}

/// The graphs as trees.
pub fn tree(graphs: &[Graph]) -> String {
    let mut text = String::new();
    for graph in graphs {
        let root = branch(graph);
        // Writing to a String does not fail.
        let _ = writeln!(text, "{HEAD}{}{HEAD:#}", root.text);
        below(&mut text, &root.below, "");
    }
    text
}

fn below(text: &mut String, branches: &[Branch], indent: &str) {
    for (at, branch) in branches.iter().enumerate() {
        let last = at + 1 == branches.len();
        let (stem, next) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
        let _ = writeln!(text, "{indent}{stem}{}", branch.text);
        below(text, &branch.below, &format!("{indent}{next}"));
    }
}

fn branch(graph: &Graph) -> Branch {
    let mut parts = Vec::new();
    let mut part = |title: &str, below: Vec<Branch>| {
        if !below.is_empty() {
            parts.push(Branch { text: format!("{HEAD}{title}{HEAD:#}"), below });
        }
    };
    part("named by", references(graph));
    part("belongs to", owners(graph));
    part("on other layers", layers(graph));
    part("snapshots and backups", snapshots(graph));
    part("what its platform does", graph.platform.iter().cloned().map(leaf).collect());
    let unknown = graph.unknown.iter().map(|missing| {
        leaf(format!("{CAREFUL}{}{CAREFUL:#}: {} ({:?})", missing.fact, missing.source, missing.reason))
    });
    part("not known", unknown.collect());
    if parts.is_empty() {
        parts.push(leaf("nothing names it".into()));
    }
    Branch { text: format!("{}  {}", subject(&graph.subject), graph.phase), below: parts }
}

fn references(graph: &Graph) -> Vec<Branch> {
    let line = |reference: &probate_contract::evidence::Reference| {
        let path =
            reference.path.as_deref().map(|path| format!("  {QUIET}{path}{QUIET:#}")).unwrap_or_default();
        let since =
            reference.state_since.as_deref().map(|since| format!(" since {since}")).unwrap_or_default();
        let place =
            place(&reference.cluster, &reference.kind, reference.namespace.as_deref(), &reference.name);
        leaf(format!("{place}  {:?}{since}{path}", reference.state))
    };
    graph.references.iter().map(line).collect()
}

fn owners(graph: &Graph) -> Vec<Branch> {
    let line = |owner: &probate_contract::evidence::Owner| {
        let gone = owner.gone_since.as_deref().map(|since| format!(" since {since}")).unwrap_or_default();
        let place = place(&owner.cluster, &owner.kind, owner.namespace.as_deref(), &owner.name);
        leaf(format!("{place}  {:?}, {:?}{gone}", owner.relation, owner.state))
    };
    let mut lines: Vec<Branch> = graph.owners.iter().map(line).collect();
    lines.extend(graph.guest_cluster.as_ref().map(|guest| {
        let gone = guest.gone_since.as_deref().map(|since| format!(" since {since}")).unwrap_or_default();
        leaf(format!("{:?} cluster {}  {:?}{gone}", guest.r#type, guest.name, guest.state))
    }));
    lines
}

fn layers(graph: &Graph) -> Vec<Branch> {
    let line = |of: &Counterpart| {
        let policy = of.reclaim_policy.as_deref().map(|policy| format!(", {policy}")).unwrap_or_default();
        let text =
            format!("{}  {:?}, {:?}{policy}, linked by {:?}", layer(of), of.relation, of.state, of.linked_by);
        let read = graph.layers.iter().find(|read| read.subject.uid.is_some() && read.subject.uid == of.uid);
        Branch { text, below: read.map(references).unwrap_or_default() }
    };
    graph.counterparts.iter().map(line).collect()
}

fn snapshots(graph: &Graph) -> Vec<Branch> {
    let line = |snapshot: &probate_contract::evidence::Snapshot| {
        let place = place(&snapshot.cluster, &snapshot.kind, snapshot.namespace.as_deref(), &snapshot.name);
        let ready = if snapshot.ready { "ready" } else { "not ready" };
        let independent = if snapshot.independent { ", outlives the volume" } else { "" };
        leaf(format!("{place}  {ready}{independent}"))
    };
    graph.snapshots.iter().map(line).collect()
}

/// Nodes by their label, and edges between them.
#[derive(Default)]
struct Picture {
    nodes: BTreeMap<String, usize>,
    edges: Vec<(usize, usize, String, bool)>,
}

impl Picture {
    fn node(&mut self, label: String) -> usize {
        let next = self.nodes.len();
        *self.nodes.entry(label).or_insert(next)
    }

    fn add(&mut self, graph: &Graph) {
        let root = self.node(subject(&graph.subject));
        for reference in &graph.references {
            let place =
                place(&reference.cluster, &reference.kind, reference.namespace.as_deref(), &reference.name);
            let from = self.node(place);
            self.edges.push((from, root, format!("{:?}", reference.state), true));
        }
        for owner in &graph.owners {
            let place = place(&owner.cluster, &owner.kind, owner.namespace.as_deref(), &owner.name);
            let from = self.node(place);
            self.edges.push((from, root, format!("{:?} ({:?})", owner.relation, owner.state), false));
        }
        for of in &graph.counterparts {
            let from = self.node(layer(of));
            self.edges.push((from, root, format!("{:?} ({:?})", of.relation, of.state), false));
        }
        for snapshot in &graph.snapshots {
            let place =
                place(&snapshot.cluster, &snapshot.kind, snapshot.namespace.as_deref(), &snapshot.name);
            let from = self.node(place);
            self.edges.push((from, root, "copy".into(), false));
        }
        for layer in &graph.layers {
            self.add(layer);
        }
    }

    fn of(graphs: &[Graph]) -> Self {
        let mut picture = Self::default();
        graphs.iter().for_each(|graph| picture.add(graph));
        picture.edges.sort();
        picture.edges.dedup();
        picture
    }
}

/// The graphs for Graphviz.
pub fn dot(graphs: &[Graph]) -> String {
    let picture = Picture::of(graphs);
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = String::from("digraph references {\n  rankdir=LR;\n  node [shape=box];\n");
    for (label, at) in &picture.nodes {
        let _ = writeln!(text, "  n{at} [label={}];", quoted(label));
    }
    for (from, to, label, solid) in &picture.edges {
        let style = if *solid { "" } else { ", style=dashed" };
        let _ = writeln!(text, "  n{from} -> n{to} [label={}{style}];", quoted(label));
    }
    text.push_str("}\n");
    text
}

/// The graphs for Mermaid.
pub fn mermaid(graphs: &[Graph]) -> String {
    let picture = Picture::of(graphs);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "#quot;"));
    let mut text = String::from("flowchart LR\n");
    for (label, at) in &picture.nodes {
        let _ = writeln!(text, "  n{at}[{}]", quoted(label));
    }
    for (from, to, label, solid) in &picture.edges {
        let line = if *solid { "-->" } else { "-.->" };
        let _ = writeln!(text, "  n{from} {line}|{}| n{to}", quoted(label));
    }
    text
}
