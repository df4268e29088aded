//! Runs the real binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The top of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../..").canonicalize().unwrap()
}

pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `probate` in that folder.
pub(crate) fn probate(folder: &Path, args: &[&str]) -> Run {
    let output = command(folder, args).output().unwrap();
    of(&output)
}

pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probate"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command.env("PROBATE_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PROBATE_THREADS"] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn of(output: &Output) -> Run {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Run { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}
