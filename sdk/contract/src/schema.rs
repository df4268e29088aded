//! The JSON Schemas of all documents, as they are committed under `sdk/schema`.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// File name and schema of every document.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("decision", of::<crate::log::DecisionRecord>()),
        ("dump", of::<crate::dump::Dump>()),
        ("effect", of::<crate::log::EffectRecord>()),
        ("evidence", of::<crate::evidence::Evidence>()),
        ("plan", of::<crate::plan::PlanReport>()),
        ("policy", of::<crate::manifest::Policy>()),
        ("record", of::<crate::record::VolumeRecord>()),
        ("settings", of::<crate::settings::Settings>()),
        ("test", of::<crate::suite::PolicyTest>()),
        ("verdict", of::<crate::verdict::Verdict>()),
    ]
}

fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}
