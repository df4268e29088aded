//! Dumps of clusters: one walker over files, folders, archives and standard input, whatever format they are in. Objects are
//! cut out of the text without building anything, read in worker threads and handed on in order.

mod args;
mod blocks;
mod clock;
mod consume;
mod convert;
mod fault;
mod feed;
mod guard;
mod inspect;
mod json;
mod layout;
mod manifest;
mod pool;
mod scalar;
mod scan;
mod sink;
mod source;
mod work;
mod yaml;

pub use args::{Completeness, DumpArg, DumpSource};
pub use clock::as_of;
pub use fault::{CODES, kind_name, parse_kind};
pub use guard::Limits;
pub use sink::{Intake, Sink};

use consume::Consumer;
use probate_contract::Diagnostic;
use probate_core::intake::GroupKind;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Told a file's name and the bytes read so far.
pub type Progress<'o> = dyn Fn(&str, u64) + Sync + 'o;

/// What a caller may choose.
#[derive(Clone, Default)]
pub struct LoadOptions<'o> {
    /// Worker threads; by default one for each core.
    pub threads: Option<NonZeroUsize>,
    /// Limits for hostile input.
    pub limits: Limits,
    /// What the user states to be whole; applied after all dumps.
    pub complete: Vec<Completeness>,
    /// Told after each file: its name and the bytes read from disk so far. Called from the reading thread.
    pub progress: Option<&'o Progress<'o>>,
}

/// What came of loading. Diagnostics of objects are in the sink already.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Dumps that could not be opened at all: no result is possible.
    pub diagnostics: Vec<Diagnostic>,
    /// Clusters, as named, in the order of the dumps.
    pub clusters: Vec<String>,
    /// The latest time that a dump states.
    pub taken_at: Option<String>,
    /// Kinds that the dumps' own statements name, with the dump.
    pub stated: BTreeSet<(String, String)>,
    /// Objects handed on.
    pub objects: u64,
    /// Objects of kinds in which nothing matters.
    pub skipped: BTreeMap<GroupKind, u64>,
    /// Parts that could not be read; each has a diagnostic in the sink.
    pub unreadable: u64,
}

/// Name of the cluster where nobody names one.
pub const DEFAULT_CLUSTER: &str = "cluster";

/// Loads dumps into one inventory, then applies `--complete`.
pub fn dumps<S: Sink>(args: &[DumpArg], options: &LoadOptions<'_>, sink: &mut S) -> Loaded {
    let mut loaded = Loaded::default();
    let paths: Vec<PathBuf> = args
        .iter()
        .filter_map(|arg| match &arg.source {
            DumpSource::Path(path) => Some(path.clone()),
            DumpSource::Stdin => None,
        })
        .collect();
    for arg in args {
        if let DumpSource::Path(path) = &arg.source
            && let Err(error) = std::fs::metadata(path)
        {
            let file = path.display().to_string();
            loaded.diagnostics.push(
                Diagnostic::error(fault::UNREADABLE, format!("the dump cannot be opened: {error}"))
                    .file(file)
                    .fix("give a file, a folder, an archive or `-`"),
            );
            continue;
        }
        let mut consumer = Consumer::new(sink, &mut loaded, arg, &paths);
        pool::run(arg, options, &mut |output| consumer.take(output));
        consumer.finish();
    }
    for complete in &options.complete {
        state(complete, &loaded.clusters, sink);
    }
    loaded
}

fn state<S: Sink>(complete: &Completeness, clusters: &[String], sink: &mut S) {
    for name in clusters {
        let cluster = sink.cluster(name);
        match complete {
            Completeness::All => sink.complete(cluster, "*", "*"),
            Completeness::Kinds { kinds, namespace } => {
                for kind in kinds {
                    let kind = kind_name(kind);
                    sink.lift(cluster, &kind, namespace);
                    sink.complete(cluster, &kind, namespace);
                }
            }
        }
    }
}
