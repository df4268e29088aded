//! `cargo xtask schemas`: the JSON Schemas of all documents, from the types of `sdk/contract`.

use crate::generated;
use std::collections::BTreeSet;

pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let mut written = BTreeSet::new();
    for (name, schema) in probate_contract::schema::all() {
        let file = format!("{name}.schema.json");
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        generated::put(&format!("sdk/schema/{file}"), &text, check, "schemas")?;
        written.insert(file);
    }
    for entry in std::fs::read_dir(generated::root().join("sdk/schema"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        anyhow::ensure!(written.contains(&name), "sdk/schema/{name} is no document's schema: remove it");
    }
    Ok(())
}
