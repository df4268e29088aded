//! The cargo of every chore, and where it builds.

use crate::generated::root;
use std::path::PathBuf;
use std::process::Command;

/// What cargo says to a program that it runs about that program's package. Build scripts that look at it, ring's among them, would run
/// anew under it, and all that stands on them be compiled anew.
const ABOUT_US: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// The cargo that runs this command, at the root of the checkout.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| ABOUT_US.iter().any(|about| name.starts_with(about))) {
            command.env_remove(name);
        }
    }
    command.current_dir(root());
    command
}

/// Where it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
