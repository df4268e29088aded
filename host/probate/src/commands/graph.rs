//! `probate graph`: who references claims and volumes, on which layer, in which state: the edges that decide.

use crate::cli::{GraphArgs, GraphFormat};
use crate::cluster;
use crate::commands::{object, plan};
use crate::exit::{Exit, Outcome};
use crate::print::{self, graph as printed};
use probate_contract::API_VERSION;
use probate_core::graph::{self, Graph};
use schemars::JsonSchema;
use serde::Serialize;
use std::num::NonZeroUsize;

/// `kind: ReferenceGraph`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReferenceGraph")]
pub struct Document {
    /// `probate.dev/v1alpha1`.
    pub api_version: &'static str,
    /// `ReferenceGraph`.
    pub kind: &'static str,
    /// One for each subject.
    pub graphs: Vec<Graph>,
}

/// Runs the command.
///
/// # Errors
/// No such object, bad usage or dumps.
pub fn run(args: &GraphArgs, threads: Option<NonZeroUsize>) -> Outcome {
    let (named, rest) = object::all(&args.words, args.namespace.as_deref());
    if named.is_empty() {
        return Err(object::none());
    }
    let world = cluster::world(&object::dumps(rest)?, &args.cluster, &args.input, threads)?;
    print::diagnostics(&world.inventory.diagnostics);
    let mut graphs = Vec::new();
    for written in named {
        let found = graph::graphs(&world.inventory, &written.1);
        if found.is_empty() {
            return Err(object::missing(&world.inventory, &written));
        }
        graphs.extend(found);
    }
    let document = Document { api_version: API_VERSION, kind: "ReferenceGraph", graphs };
    match args.output {
        GraphFormat::Json => print::json(&document)?,
        GraphFormat::Tree => print::text(&printed::tree(&document.graphs))?,
        GraphFormat::Dot => print::text(&printed::dot(&document.graphs))?,
        GraphFormat::Mermaid => print::text(&printed::mermaid(&document.graphs))?,
    }
    let unreadable = plan::unreadable(&world).then_some(Exit::Unreadable);
    Ok(Exit::first(&unreadable.into_iter().collect::<Vec<_>>()))
}
