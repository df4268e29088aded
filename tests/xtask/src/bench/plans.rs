//! Rows of whole commands: `probate plan` on large and small dumps, and the loader alone on hostile documents.

use super::Built;
use super::process::{Took, line, number, quiet, run};
use super::table::{Table, Target};
use crate::generated::root;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) fn round(
    built: &Built,
    claims: usize,
    must_gather: Option<&Path>,
    table: &mut Table,
) -> anyhow::Result<()> {
    large(built, claims, table)?;
    quickstart(built, table)?;
    match must_gather {
        Some(file) => {
            let took = run(plan(built, file).args(["-p"]).arg(root().join("policies")))?;
            table.add("plan of the must-gather", "s", Target::AtMost(6.0), took.wall, (took.wall, took.cpu));
        }
        None => table.note("plan of the must-gather", Target::AtMost(6.0), "give it with --must-gather"),
    }
    hostile(built, table)
}

fn plan(built: &Built, dump: &Path) -> Command {
    let mut command = Command::new(&built.probate);
    command.arg("plan").arg(dump);
    command
}

/// `plan` of a generated dump with two shipped policies.
fn shipped(built: &Built, dump: &Path) -> Command {
    let mut command = plan(built, dump);
    for policy in ["unused-claims", "released-volumes"] {
        command.arg("-p").arg(root().join("policies").join(policy));
    }
    command
}

fn dump(built: &Built, claims: usize) -> anyhow::Result<PathBuf> {
    generated(built, claims, "real-like")
}

fn generated(built: &Built, claims: usize, shape: &str) -> anyhow::Result<PathBuf> {
    let folder = built.folder.join(format!("{shape}-{claims}"));
    if !folder.join("probate.yaml").exists() {
        quiet(Command::new(&built.bench).args(["gen", &claims.to_string(), shape, "1"]).arg(&folder))?;
    }
    Ok(folder)
}

fn large(built: &Built, claims: usize, table: &mut Table) -> anyhow::Result<()> {
    let name =
        format!("plan, {}k claims + {}k volumes + {}k Pods", claims / 1000, claims / 1000, claims * 3 / 1000);
    let folder = dump(built, claims)?;
    let bytes = std::fs::metadata(folder.join("dump.json"))?.len() as f64;
    let parse = line(Command::new(&built.bench).arg("parse").arg(folder.join("dump.json")))?;
    let (wall, cpu) = (number(&parse, "wall")?, number(&parse, "cpu")?);
    table.add(
        &format!("serde_json::Value of that dump ({:.2} GB)", bytes / 1e9),
        "s",
        Target::None,
        cpu,
        (wall, cpu),
    );
    let two = least(|| shipped(built, &folder))?;
    let times = (two.wall, two.cpu);
    table.add(&format!("{name}: CPU / serde_json::Value"), "x", Target::AtMost(2.5), two.cpu / cpu, times);
    table.add(
        &format!("{name}: peak memory / file"),
        "x",
        Target::AtMost(1.5),
        two.peak_bytes / bytes,
        times,
    );
    let one = least(|| pinned(shipped(built, &folder)))?;
    table.add(
        &format!("{name}: one core / two cores, wall"),
        "x",
        Target::AtLeast(1.6),
        one.wall / two.wall,
        (one.wall, one.cpu),
    );
    let small = dump(built, claims / 10)?;
    let tenth = least(|| shipped(built, &small))?;
    let growth = (two.cpu / tenth.cpu) / 10.0;
    table.add(
        &format!("{name}: CPU an object / that of a tenth"),
        "x",
        Target::AtMost(1.25),
        growth,
        (tenth.wall, tenth.cpu),
    );
    graph(built, &folder, two.cpu, table)?;
    machines(built, claims, table)
}

/// What building the reference graph adds to a plan, and what asking it costs.
fn graph(built: &Built, folder: &Path, plan: f64, table: &mut Table) -> anyhow::Result<()> {
    let said = line(Command::new(&built.bench).arg("graph").arg(folder))?;
    let (joins, load) = (number(&said, "cpu")?, number(&said, "load")?);
    let times = (number(&said, "wall")?, joins);
    let added = joins / (plan - joins).max(f64::EPSILON);
    table.add("that plan: reference graph / all the rest, CPU", "x", Target::AtMost(0.25), added, times);
    let object = format!("pv/{}", first_volume(folder)?);
    let took = run(Command::new(&built.probate).args(["graph", &object]).arg(folder))?;
    let ratio = took.cpu / (load + joins);
    table.add(
        "graph of one object / loading that dump, CPU",
        "x",
        Target::AtMost(1.25),
        ratio,
        (took.wall, took.cpu),
    );
    Ok(())
}

/// The name of some volume of a generated dump.
fn first_volume(folder: &Path) -> anyhow::Result<String> {
    use std::io::BufRead as _;
    let file = std::io::BufReader::new(std::fs::File::open(folder.join("dump.json"))?);
    for line in file.lines() {
        let line = line?;
        if let Some((_, name)) = line.split_once("\"volumeName\": \"") {
            return Ok(name.trim_end_matches(['"', ',']).to_owned());
        }
    }
    anyhow::bail!("{}: no bound claim", folder.display())
}

/// The cheaper of two runs in a row: the first after a pause also pays for memory that the machine has to find.
fn least(command: impl Fn() -> Command) -> anyhow::Result<Took> {
    let (first, second) = (run(&mut command())?, run(&mut command())?);
    Ok(if second.cpu < first.cpu { second } else { first })
}

/// Disks of virtual machines against plain claims.
fn machines(built: &Built, claims: usize, table: &mut Table) -> anyhow::Result<()> {
    let (machines, disks) = (claims / 2, claims * 2);
    let (plain, folder) = (dump(built, claims)?, generated(built, disks, "machines")?);
    let plain = least(|| shipped(built, &plain))?;
    let took = least(|| shipped(built, &folder))?;
    let (plain, own) = (plain.cpu / (claims * 5) as f64, took.cpu / (disks * 3 + machines) as f64);
    table.add(
        &format!("plan, {}k VMs with {}k disks: CPU an object / plain claims", machines / 1000, disks / 1000),
        "x",
        Target::AtMost(1.25),
        own / plain,
        (took.wall, took.cpu),
    );
    Ok(())
}

/// The same command on one core.
fn pinned(command: Command) -> Command {
    let mut one = Command::new("taskset");
    one.args(["-c", "0"]).arg(command.get_program()).args(command.get_args());
    one
}

fn quickstart(built: &Built, table: &mut Table) -> anyhow::Result<()> {
    let cache = built.folder.join("first-ever");
    if cache.exists() {
        std::fs::remove_dir_all(&cache)?;
    }
    let (dump, policies) = (root().join("examples/quickstart/dump"), root().join("policies"));
    let cold = |target: f64, name: &str, table: &mut Table| -> anyhow::Result<Took> {
        let took = run(plan(built, &dump).arg("-p").arg(&policies).env("PROBATE_CACHE_DIR", &cache))?;
        table.add(name, "s", Target::AtMost(target), took.wall, (took.wall, took.cpu));
        Ok(took)
    };
    cold(4.0, "plan of the quickstart, first ever", table)?;
    cold(0.3, "plan of the quickstart, compiled cache warm", table)?;
    Ok(())
}

/// The worst of all hostile documents, each loaded by itself.
fn hostile(built: &Built, table: &mut Table) -> anyhow::Result<()> {
    let mut worst = (0.0_f64, 0.0_f64);
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("host/probate/tests/hostile/data"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    for file in &files {
        let said = line(Command::new(&built.bench).arg("load").arg(file))?;
        worst = (worst.0.max(number(&said, "wall")?), worst.1.max(number(&said, "peakKiB")?));
    }
    let name = format!("{} hostile documents, the loader alone", files.len());
    table.add(&format!("{name}: slowest"), "ms", Target::AtMost(50.0), worst.0 * 1e3, (worst.0, worst.0));
    table.add(
        &format!("{name}: most memory"),
        "MiB",
        Target::AtMost(32.0),
        worst.1 / 1024.0,
        (worst.0, worst.0),
    );
    Ok(())
}
