//! The JSON Schemas of all documents: those of the contract, and those that only the command line prints.

use crate::commands::{check, explain, graph};
use crate::print::codes;
use crate::suite::report::TestReport;
use probate_core::diff::PlanDiff;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// Name and schema of every document, by name.
pub fn all() -> Vec<(&'static str, Value)> {
    let mut all = probate_contract::schema::all();
    all.extend([
        ("check-report", of::<check::CheckReport>()),
        ("code-list", of::<codes::List<'static>>()),
        ("explanation", of::<explain::Document>()),
        ("plan-diff", of::<PlanDiff>()),
        ("reference-graph", of::<graph::Document>()),
        ("test-report", of::<TestReport>()),
    ]);
    all.sort_by_key(|(name, _)| *name);
    all
}

/// As it is written: what is left out where it is empty is not required.
fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}
