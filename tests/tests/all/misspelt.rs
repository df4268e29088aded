//! One misspelt field in a shipped policy is refused at load: under `not`, a typing error would otherwise delete.

use crate::support::{ENGINE, SHIPPED};
use probate_contract::manifest::Limits;
use probate_sandbox::{RegoSource, Source};
use regex::Regex;
use std::collections::BTreeSet;

/// Below these the evidence is open: any key is allowed.
const OPEN: [&str; 5] = ["labels", "annotations", "parameters", "metadata", "object"];

/// For each field that the text reads off `input`: its place, and the text with one letter of it changed.
fn misspelt(text: &str) -> Vec<(String, String)> {
    let path = Regex::new(r"\binput((?:\.[A-Za-z]+)+)").unwrap();
    let mut all = Vec::new();
    for found in path.captures_iter(text) {
        let fields = found.get(1).unwrap();
        let mut at = fields.start();
        for field in fields.as_str().split('.').skip(1) {
            let (start, end) = (at + 1, at + 1 + field.len());
            at = end;
            let letter = if field.ends_with('x') { "y" } else { "x" };
            all.push((
                format!("{field} in {}", found.get(0).unwrap().as_str()),
                format!("{}{}{letter}{}", &text[..start], &field[..field.len() - 1], &text[end..]),
            ));
            if OPEN.contains(&field) {
                break;
            }
        }
    }
    all
}

#[test]
fn each_field_of_each_shipped_policy() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for policy in &SHIPPED.items {
        let name = &policy.manifest.metadata.name;
        let rego = policy.manifest.spec.program.rego.clone().unwrap();
        let folder = policy.path.parent().unwrap();
        let read = |file: &String| probate_contract::rego::SourceFile {
            name: file.clone(),
            text: std::fs::read_to_string(folder.join(file)).unwrap(),
        };
        let files: Vec<_> = rego.files.iter().map(read).collect();
        let mut seen = BTreeSet::new();
        for (at, file) in files.iter().enumerate() {
            for (place, text) in misspelt(&file.text) {
                if !seen.insert(text.clone()) {
                    continue;
                }
                tried += 1;
                let mut files = files.clone();
                files[at].text = text;
                let source = Source::Rego(RegoSource { package: rego.package.clone(), files });
                match ENGINE.load(&source, &Limits::default()) {
                    Ok(_) => wrong.push(format!("{name}: {place} loads")),
                    Err(error) => {
                        let told = error.diagnostics.iter().any(|d| {
                            d.code == "PB2105" && d.line.is_some() && d.column.is_some() && d.fix.is_some()
                        });
                        if !told {
                            wrong.push(format!("{name}: {place}: {:?}", error.diagnostics));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(tried >= 20, "only {tried} fields were tried");
}

#[test]
fn the_generator_changes_one_field_at_a_time() {
    let all = misspelt("a if input.usage.unusedSeconds > 1\nb if not input.namespace.labels.env");
    let changed: Vec<&str> = all.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(
        changed,
        [
            "a if input.usagx.unusedSeconds > 1\nb if not input.namespace.labels.env",
            "a if input.usage.unusedSecondx > 1\nb if not input.namespace.labels.env",
            "a if input.usage.unusedSeconds > 1\nb if not input.namespacx.labels.env",
            "a if input.usage.unusedSeconds > 1\nb if not input.namespace.labelx.env",
        ]
    );
}
