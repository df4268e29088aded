//! What runs all of this: one documented command, and `.ci/run` that calls it.

use crate::support::root;

#[test]
fn the_ci_script_calls_the_documented_command() {
    let script = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(script.starts_with("#!/usr/bin/env bash\n"));
    assert!(script.contains("cargo xtask ci"), "the one command of the README");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(root().join(".ci/run")).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, ".ci/run is executable");
    }
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap_or_default();
    assert!(readme.is_empty() || readme.contains("cargo xtask ci"), "the README names the command");
}
