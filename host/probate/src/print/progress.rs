//! Progress of loading large dumps, on standard error, where a person looks at it.

use crate::load::{DumpArg, DumpSource};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// Dumps below this size are loaded before anybody would look.
const LARGE: u64 = 64 << 20;

/// A bar, or nothing.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// For these dumps.
    pub fn new(dumps: &[DumpArg]) -> Self {
        let watched = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let size = |dump: &DumpArg| match &dump.source {
            DumpSource::Path(path) => walkdir::WalkDir::new(path)
                .into_iter()
                .filter_map(|entry| entry.ok()?.metadata().ok())
                .filter(std::fs::Metadata::is_file)
                .map(|metadata| metadata.len())
                .sum(),
            DumpSource::Stdin => 0,
        };
        if !watched {
            return Self(None);
        }
        let total: u64 = dumps.iter().map(size).sum();
        if total < LARGE {
            return Self(None);
        }
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}  {wide_msg}") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// So many bytes were read, the last ones of that file.
    pub fn read(&self, file: &str, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
            bar.set_message(file.to_owned());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
