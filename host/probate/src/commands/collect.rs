//! `probate collect`: what the controller sees, as a dump for the offline commands.

use crate::cli::CollectArgs;
use crate::cluster::{access, block_on};
use crate::exit::{Exit, Outcome, Stop};
use probate_cluster::observe::collect::{File, collect};
use std::io::Write;
use std::path::Path;

/// Runs the command.
///
/// # Errors
/// The cluster does not answer, or the archive cannot be written.
pub fn run(args: &CollectArgs) -> Outcome {
    let files = block_on(async {
        let access = access(&args.cluster).await?;
        collect(&access, &args.cluster.cluster_name).await.map_err(|error| Stop::cluster(&error))
    })?;
    write(&args.out, &files).map_err(|error| {
        let message = format!("{}: {error}", args.out.display());
        Stop::usage("PB0011", message, "name a file that can be written: --out dump.tar.zst")
    })?;
    let mut out = anstream::stdout();
    let lists = files.iter().filter(|file| file.name.ends_with(".json")).count();
    writeln!(out, "{}: {lists} lists", args.out.display()).map_err(crate::internal)?;
    Ok(Exit::Done)
}

fn write(path: &Path, files: &[File]) -> std::io::Result<()> {
    let file = std::fs::File::create(path)?;
    match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("zst") => archive(zstd::Encoder::new(file, 3)?.auto_finish(), files),
        Some("gz") => archive(flate2::write::GzEncoder::new(file, flate2::Compression::default()), files),
        _ => archive(file, files),
    }
}

fn archive(to: impl Write, files: &[File]) -> std::io::Result<()> {
    let mut archive = tar::Builder::new(to);
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(file.bytes.len()).unwrap_or(0));
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, &file.name, file.bytes.as_slice())?;
    }
    archive.into_inner()?.flush()
}
