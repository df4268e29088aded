//! Files that are generated and committed: written, or compared with what stands there.

use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Writes `text` to `path` below the workspace, or with `check` fails if another text stands there.
pub(crate) fn put(path: &str, text: &str, check: bool, command: &str) -> anyhow::Result<()> {
    let full = root().join(path);
    let stands = std::fs::read_to_string(&full).unwrap_or_default();
    if stands == text {
        return Ok(());
    }
    if check {
        bail!("{path} is not what the contract's types generate: run `cargo xtask {command}` and commit it");
    }
    if let Some(folder) = full.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(&full, text).with_context(|| format!("cannot write {path}"))
}
