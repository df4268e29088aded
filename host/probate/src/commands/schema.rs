//! `probate schema`: the JSON Schemas of documents.

use crate::cli::SchemaArgs;
use crate::exit::{Exit, Outcome, Stop};
use crate::{print, schemas};

/// Runs the command.
///
/// # Errors
/// No document of that name.
pub fn run(args: &SchemaArgs) -> Outcome {
    let all = schemas::all();
    let Some(wanted) = &args.document else {
        print::text(&all.iter().map(|(name, _)| format!("{name}\n")).collect::<String>())?;
        return Ok(Exit::Done);
    };
    let Some((_, schema)) = all.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)) else {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        let fix = format!("name one of {}", names.join(", "));
        return Err(Stop::usage("PB0004", format!("there is no schema `{wanted}`"), fix));
    };
    print::json(schema)?;
    Ok(Exit::Done)
}
