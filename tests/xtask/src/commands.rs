//! The list of chores; each has a file of its own.

use clap::Parser;

/// Chores of the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
pub(crate) enum Chore {
    /// Builds the Rust twins of the shipped policies and puts them beside their manifests.
    Twins,
    /// Writes the JSON Schemas of all documents to sdk/schema.
    Schemas {
        /// Only compares, and fails on a difference.
        #[arg(long)]
        check: bool,
    },
    /// Writes the evidence reference page, sdk/EVIDENCE.md.
    Evidence {
        /// Only compares, and fails on a difference.
        #[arg(long)]
        check: bool,
    },
    /// Runs everything that must hold before a change is merged.
    Ci {
        /// With clippy.
        #[arg(long)]
        lints: bool,
    },
    /// Runs the hostile corpora and prints what became of each class.
    Hostile,
}

impl Chore {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Twins => crate::twins::run(),
            Self::Schemas { check } => crate::schemas::run(check),
            Self::Evidence { check } => crate::evidence::run(check),
            Self::Ci { lints } => crate::ci::run(lints),
            Self::Hostile => crate::hostile::run(),
        }
    }
}
