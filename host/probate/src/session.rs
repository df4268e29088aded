//! The sandbox of a command: one engine, with the compiled cache where the user's caches are.

use crate::exit::Stop;
use probate_contract::log::LogEngine;
use probate_sandbox::{Engine, EngineOptions, rego_guest};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// An engine whose clocks stand at `now`.
///
/// # Errors
/// The sandbox does not start on this machine.
pub fn engine(now: i64, threads: Option<NonZeroUsize>) -> Result<Engine, Stop> {
    let options =
        EngineOptions { cache_dir: cache_dir(), threads, now_seconds: u64::try_from(now).unwrap_or(0) };
    Engine::new(options).map_err(crate::internal)
}

/// `PROBATE_CACHE_DIR`, else `probate/compiled` in the user's cache folder; empty for none.
fn cache_dir() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from);
    match set("PROBATE_CACHE_DIR") {
        Some(path) if path.as_os_str().is_empty() => None,
        Some(path) => Some(path),
        None => {
            let base = set("XDG_CACHE_HOME")
                .filter(|path| path.is_absolute())
                .or_else(|| set("HOME").map(|home| home.join(".cache")))?;
            Some(base.join("probate").join("compiled"))
        }
    }
}

/// What decides here, as decision logs name it.
pub fn log_engine() -> LogEngine {
    LogEngine { probate: env!("CARGO_PKG_VERSION").into(), rego_guest: rego_guest().1.into() }
}

/// Threads to work on: as asked, else one for each core.
pub fn threads(asked: Option<NonZeroUsize>) -> usize {
    asked.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
}
