//! `cargo xtask hostile`: runs the hostile corpora (Rego, Wasm, dumps) and prints what became of each class, by kind of input.
//!
//! The corpora stand where their tests stand; each test prints one line `contained KIND CLASS NAME` for an item that was
//! contained with its own name (a cause, for dumps a code), and fails for one that was not.

use crate::cargo::cargo;
use anyhow::{Context as _, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Stdio;

/// How many classes of each kind there must be.
const AT_LEAST: [(&str, usize); 3] = [("rego", 25), ("wasm", 20), ("dump", 30)];
const CAUSES: usize = 15;

pub(crate) fn run() -> anyhow::Result<()> {
    let output = cargo()
        .args(["test", "--locked", "--no-fail-fast", "--test", "hostile", "--test", "all", "--"])
        .args(["--nocapture", "--test-threads", "1", "hostile", "class", "contained"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (report, short) = report(&text);
    print(&report)?;
    ensure!(output.status.success(), "some items were not contained; the tests above name them");
    if !short.is_empty() {
        bail!("{}", short.join("; "));
    }
    Ok(())
}

/// The table, and what is too little of.
fn report(text: &str) -> (String, Vec<String>) {
    let mut kinds: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    let mut causes = BTreeSet::new();
    for line in text.lines() {
        // libtest may put its own words before ours on the line.
        let Some((_, item)) = line.split_once("contained\t") else { continue };
        let mut parts = item.split('\t');
        if let (Some(kind), Some(class), Some(name)) = (parts.next(), parts.next(), parts.next()) {
            kinds.entry(kind).or_default().entry(name).or_default().insert(class);
            if kind != "dump" {
                causes.insert(name);
            }
        }
    }
    let mut table = String::new();
    let mut short = Vec::new();
    for (kind, wanted) in AT_LEAST {
        let names = kinds.remove(kind).unwrap_or_default();
        let classes: BTreeSet<&str> = names.values().flatten().copied().collect();
        let _ = writeln!(table, "{kind}: {} classes, 100 % contained", classes.len());
        for (name, classes) in &names {
            let _ = writeln!(table, "  {:>3}  {name}", classes.len());
        }
        if classes.len() < wanted {
            short.push(format!("{} classes of {kind}, {wanted} are asked", classes.len()));
        }
    }
    let _ = writeln!(table, "distinct causes: {}", causes.len());
    if causes.len() < CAUSES {
        short.push(format!("{} distinct causes, {CAUSES} are asked", causes.len()));
    }
    (table, short)
}

fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    Ok(write!(std::io::stdout(), "{text}")?)
}

#[cfg(test)]
mod tests {
    use super::report;

    #[test]
    fn items_are_counted_by_kind_and_name() {
        let text = "test a ... contained\trego\tloop\tFuelExhausted\ncontained\trego\tbomb\tFuelExhausted\nok\ncontained\tdump\tx.json\tPB1001\n";
        let (table, short) = report(text);
        assert!(table.contains("rego: 2 classes, 100 % contained\n    2  FuelExhausted\n"), "{table}");
        assert!(table.contains("distinct causes: 1\n"), "codes of dumps are no causes: {table}");
        assert_eq!(short.len(), 4, "{short:?}");
    }
}
