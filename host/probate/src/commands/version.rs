//! `probate version`.

use crate::cli::{Format, VersionArgs};
use crate::exit::{Exit, Outcome};
use crate::print;
use probate_contract::API_VERSION;
use probate_sandbox::{INTERFACE, rego_guest};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Engine {
    probate: &'static str,
    rego_guest: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    api_version: &'static str,
    kind: &'static str,
    engine: Engine,
    policy_interface: &'static str,
}

/// Runs the command.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &VersionArgs) -> Outcome {
    let (_, guest) = rego_guest();
    let version = Version {
        api_version: API_VERSION,
        kind: "Version",
        engine: Engine { probate: env!("CARGO_PKG_VERSION"), rego_guest: guest },
        policy_interface: INTERFACE,
    };
    match args.output {
        Format::Json | Format::Yaml => print::document(&version, args.output)?,
        Format::Table | Format::Name => print::text(&format!("probate {}\n", version.engine.probate))?,
        Format::Wide => print::text(&format!(
            "probate {}\nRego guest {guest}\npolicy interface {INTERFACE}\ndocuments {API_VERSION}\n",
            version.engine.probate
        ))?,
    }
    Ok(Exit::Done)
}
