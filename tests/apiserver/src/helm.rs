//! The real `helm`, built when a test first asks for it: no plane waits for that.

use crate::go::{self, Binaries, HELM};
use anyhow::Context as _;
use std::path::Path;
use std::process::Command;

/// The binary, with a home of its own that goes with this.
#[derive(Debug)]
pub struct Helm {
    binaries: Binaries,
    home: tempfile::TempDir,
}

impl Helm {
    /// Builds it if it is not there yet. Without Go it says that the test is skipped and gives `None`, unless
    /// `PROBATE_REQUIRE_PLANE` is set.
    pub fn build_or_skip() -> anyhow::Result<Option<Self>> {
        let Some(binaries) = go::binaries(&HELM)? else {
            crate::skipped("helm")?;
            return Ok(None);
        };
        let home = tempfile::Builder::new().prefix("probate-helm-").tempdir().context("no home for helm")?;
        Ok(Some(Self { binaries, home }))
    }

    /// The folder with helm, for a `PATH`.
    #[must_use]
    pub fn binaries(&self) -> &Path {
        self.binaries.dir()
    }

    /// Where it keeps what it keeps.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A command that knows no cluster, and nothing of whoever runs the tests: no plugins, repositories or `HELM_…` of theirs.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.binaries.path("helm"));
        command.env_clear().env("HOME", self.home.path()).env("KUBECONFIG", self.home.path().join("none"));
        command.current_dir(self.home.path());
        command
    }
}
