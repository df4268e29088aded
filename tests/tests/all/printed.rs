//! Documents that only the command line prints: their committed schemas are those of the code, and what is printed fits them.

use crate::schema;
use crate::support::{probate, root};
use serde_json::Value;

const DUMP: &str = "examples/quickstart/dump";

/// Each document by its schema's name, and a command that prints one.
const PRINTED: [(&str, &[&str]); 6] = [
    ("check-report", &["check", "policies/unused-claims", "policies/effective-retention", "-o", "json"]),
    ("code-list", &["codes", "-o", "json"]),
    ("explanation", &["explain", "pvc/shop/uploads-old", DUMP, "-p", "policies/unused-claims", "-o", "json"]),
    ("plan-diff", &["diff", DUMP, "-p", "policies/unused-claims", "--against", "policies/ttl", "-o", "json"]),
    ("reference-graph", &["graph", "pvc/shop/uploads-old", DUMP, "-o", "json"]),
    ("test-report", &["test", "policies/ttl", "--coverage", "-o", "json"]),
];

#[test]
fn what_is_printed_fits_its_schema() {
    let all = probate_cli::schemas::all();
    for (name, args) in PRINTED {
        let (_, schema) = all.iter().find(|(known, _)| *known == name).unwrap();
        let committed = std::fs::read_to_string(root().join(format!("sdk/schema/{name}.schema.json")));
        let committed: Value = serde_json::from_str(&committed.unwrap_or_default()).unwrap_or_default();
        assert!(committed == *schema, "sdk/schema/{name}.schema.json is stale: cargo xtask schemas");
        let output = probate(args);
        let document: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{name}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(schema::errors(schema, &document), Vec::<String>::new(), "{name}");
        let mut without = document;
        without.as_object_mut().unwrap().remove("kind");
        assert!(!schema::errors(schema, &without).is_empty(), "{name} without its kind fits too");
    }
    assert_eq!(all.len(), PRINTED.len() + probate_contract::schema::all().len());
}
