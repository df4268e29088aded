//! `probate graph`: who references claims and volumes, on which layer, in which state: the edges that decide.

use crate::cli::{GraphArgs, GraphFormat};
use crate::commands::plan;
use crate::exit::{Exit, Outcome, Stop};
use crate::load::DumpArg;
use crate::print::{self, graph as printed};
use crate::world;
use probate_contract::API_VERSION;
use probate_core::explain::Named;
use probate_core::graph::{self, Graph};
use serde::Serialize;
use std::num::NonZeroUsize;

/// `kind: ReferenceGraph`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
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
    let (named, dumps) = objects(&args.words)?;
    let world = world::load(&dumps, &args.input, threads, None)?;
    print::diagnostics(&world.inventory.diagnostics);
    let mut graphs = Vec::new();
    for (text, named) in named {
        let found = graph::graphs(&world.inventory, &named);
        if found.is_empty() {
            let message = format!("there is no {text} in the dumps");
            let fix = "list what is there: probate plan DUMP -p POLICY -o wide";
            return Err(Stop::usage("PB0004", message, fix));
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

/// The objects, and the dumps after them.
fn objects(words: &[String]) -> Result<(Vec<(String, Named)>, Vec<DumpArg>), Stop> {
    let object = |word: &String| {
        // A file of that name is a dump.
        let named = Named::parse(word).filter(|_| !std::path::Path::new(word).exists())?;
        Some((word.clone(), named))
    };
    let named: Vec<(String, Named)> = words.iter().map_while(object).collect();
    if named.is_empty() {
        let fix = "write pvc/NAMESPACE/NAME or pv/NAME, then the dumps";
        return Err(Stop::usage("PB0007", "which object?", fix));
    }
    let dumps: Vec<DumpArg> = words
        .iter()
        .skip(named.len())
        .map(|word| {
            let wrong =
                |message: String| Stop::usage("PB0008", message, "give files, folders, archives or `-`");
            word.parse().map_err(wrong)
        })
        .collect::<Result<_, Stop>>()?;
    if dumps.is_empty() {
        let fix = "write the dumps after the object: probate graph pvc/shop/data DUMP";
        return Err(Stop::usage("PB0008", "no dump is given", fix));
    }
    Ok((named, dumps))
}
