//! The loader, and what it is held against: `serde_json` on the same bytes.

use anyhow::Context as _;
use probate_cli::load::{self, DumpArg, DumpSource, LoadOptions};
use probate_core::intake::Builder;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

/// Processor seconds of this process so far. Linux counts them in hundredths.
pub(crate) fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    (fields.get(11).unwrap_or(&0.0) + fields.get(12).unwrap_or(&0.0)) / 100.0
}

/// A line of /proc/self/status, in KiB.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Parses a file into a `Value`.
pub(crate) fn parse(file: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(file)?;
    let start = (Instant::now(), cpu_seconds());
    let value: Value = serde_json::from_slice(&bytes)?;
    let items = value.get("items").and_then(Value::as_array).map_or(0, Vec::len);
    let (wall, cpu) = (start.0.elapsed().as_secs_f64(), cpu_seconds() - start.1);
    println!("{}", json!({"wall": wall, "cpu": cpu, "items": items, "peakKiB": status("VmHWM:")}));
    // Dropping it is no part of parsing.
    std::mem::forget(value);
    Ok(())
}

/// Loads a dump, then freezes it: sorts it, and joins who names what and what is linked with what.
pub(crate) fn graph(file: &Path) -> anyhow::Result<()> {
    let arg = DumpArg { name: None, source: DumpSource::Path(file.to_path_buf()) };
    let start = cpu_seconds();
    let mut builder = Builder::default();
    load::dumps(&[arg], &LoadOptions::default(), &mut builder);
    let loaded = cpu_seconds();
    let now = probate_core::time::parse(probate_tests::generator::NOW).context("the generator's time")?;
    let (wall, inventory) = (Instant::now(), builder.finish(now));
    let joined = (cpu_seconds() - loaded, wall.elapsed().as_secs_f64());
    println!(
        "{}",
        json!({"load": loaded - start, "cpu": joined.0, "wall": joined.1, "claims": inventory.counts().0})
    );
    Ok(())
}

/// Loads a dump and does nothing else.
pub(crate) fn load(file: &Path) -> anyhow::Result<()> {
    let arg = DumpArg { name: None, source: DumpSource::Path(file.to_path_buf()) };
    // The peak counts from here: without this it would be that of starting the process.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let (before, start) = (status("VmRSS:"), Instant::now());
    let mut builder = Builder::default();
    let loaded = load::dumps(&[arg], &LoadOptions::default(), &mut builder);
    let wall = start.elapsed().as_secs_f64();
    let peak = status("VmHWM:").saturating_sub(before);
    println!("{}", json!({"wall": wall, "peakKiB": peak, "objects": loaded.objects}));
    Ok(())
}
