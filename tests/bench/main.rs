//! The processes that `cargo xtask bench` and `cargo xtask differential` start and measure: each does one thing once, in a
//! process of its own, and prints one line of JSON.

#![allow(clippy::print_stdout, reason = "it is all that this program is for")]

mod compare;
mod engines;
mod measure;

use anyhow::{Context as _, bail};
use probate_tests::generator::{Plan, Shape};
use std::path::Path;

/// As the program that is measured beside it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["gen", claims, shape, seed, folder] => {
            let shape = match *shape {
                "real-like" => Shape::RealLike,
                "all-distinct" => Shape::AllDistinct,
                "machines" => Shape::Machines,
                other => bail!("no shape {other}"),
            };
            Plan { seed: seed.parse()?, claims: claims.parse()?, shape }.write(Path::new(folder))?;
            Ok(())
        }
        ["parse", file] => measure::parse(Path::new(file)),
        ["graph", file] => measure::graph(Path::new(file)),
        ["load", file] => measure::load(Path::new(file)),
        ["engine", mode, mix, facts, count] => engines::run(mode, mix, facts, count.parse()?, None),
        ["documents", mix, facts, count, file] => {
            engines::run("guest", mix, facts, count.parse()?, Some(Path::new(file)))
        }
        ["differential", count, native, program] => {
            compare::run(count.parse()?, native.parse()?, Path::new(program))
        }
        _ => Err(anyhow::anyhow!("this is started by `cargo xtask bench`")).context("bad arguments"),
    }
}
