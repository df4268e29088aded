//! `cargo xtask schemas`: the JSON Schemas of all documents: from the types of `sdk/contract`, and of what only the command line
//! prints from itself.

use crate::cargo::cargo;
use crate::generated;
use anyhow::{Context as _, ensure};
use std::collections::BTreeSet;

/// Documents that only the command line prints; a test of its own compares them, so that `--check` needs no build of it.
const PRINTED: [&str; 6] =
    ["check-report", "code-list", "explanation", "plan-diff", "reference-graph", "test-report"];

pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let mut written = BTreeSet::new();
    for (name, schema) in probate_contract::schema::all() {
        let file = format!("{name}.schema.json");
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        generated::put(&format!("sdk/schema/{file}"), &text, check, "schemas")?;
        written.insert(file);
    }
    for name in PRINTED {
        let file = format!("{name}.schema.json");
        if !check {
            generated::put(&format!("sdk/schema/{file}"), &printed(name)?, check, "schemas")?;
        }
        written.insert(file);
    }
    for entry in std::fs::read_dir(generated::root().join("sdk/schema"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        anyhow::ensure!(written.contains(&name), "sdk/schema/{name} is no document's schema: remove it");
    }
    Ok(())
}

/// What `probate schema NAME` prints.
fn printed(name: &str) -> anyhow::Result<String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "--bin", "probate", "--", "schema", name]);
    let output = command.output().context("cannot start cargo")?;
    ensure!(output.status.success(), "probate schema {name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
