//! Files that are generated and committed: written, or compared with what stands there.

use anyhow::{Context as _, bail};
use std::path::PathBuf;

/// The workspace's folder. Asked at run time: two checkouts may share one target directory.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let top = here.ancestors().find(|folder| folder.join("Cargo.lock").exists());
    top.unwrap_or(&here).to_path_buf()
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
