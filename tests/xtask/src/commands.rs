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
    /// Writes the pages of kinds, marks, scenarios and other tools.
    Pages {
        /// Only compares, and fails on a difference.
        #[arg(long)]
        check: bool,
    },
    /// Writes what is installed in a cluster, host/deploy: definitions, manifests and the chart.
    Deploy {
        /// Only compares, and fails on a difference.
        #[arg(long)]
        check: bool,
    },
    /// Makes an OCI image layout of the static binary, without a container engine.
    Image(crate::image::ImageArgs),
    /// Runs everything that must hold before a change is merged.
    Ci {
        /// With clippy.
        #[arg(long)]
        lints: bool,
    },
    /// Writes a generated cluster: claims, as many volumes, three times as many Pods.
    Gen {
        /// Claims
        #[arg(long)]
        claims: usize,
        /// Folder for dump.json, records.json and probate.yaml
        #[arg(long)]
        out: std::path::PathBuf,
        /// real-like or all-distinct
        #[arg(long, default_value = "real-like")]
        shape: String,
        /// Seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Measures what the project promises to be as fast as, and prints one table.
    Bench(crate::bench::BenchArgs),
    /// Compares the Rego guest with OPA and with regorus without a sandbox.
    Differential {
        /// Documents for each policy, against OPA
        #[arg(long, default_value_t = 2000)]
        inputs: usize,
        /// Documents for each policy, against regorus without a sandbox
        #[arg(long, default_value_t = 200)]
        native: usize,
    },
    /// Inverts guards and comparators one by one; each must turn a test red.
    Invert(crate::invert::InvertArgs),
    /// Plants known mistakes in the core one by one; the core's own tests must catch each.
    Plant(crate::plant::PlantArgs),
    /// Tries the core's laws on many generated worlds, and prints what was tried.
    Worlds {
        /// Worlds for each law
        #[arg(long, default_value_t = 100_000)]
        worlds: u64,
        /// Where they begin
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Decides the logs again that tests kept by `PROBATE_LOGS`, and changes bytes of them, which must be found.
    Logs {
        /// The folder that `PROBATE_LOGS` named
        folder: std::path::PathBuf,
    },
    /// Installs the command from outside the workspace under another toolchain, and uses it.
    InstallCheck,
    /// Runs the hostile corpora and prints what became of each class.
    Hostile,
    /// A Kubernetes control plane on this machine with a storage driver: eval "$(cargo xtask cluster up)"
    Cluster {
        /// What to do; `crds` installs the kinds of KubeVirt, Harvester, Rancher and others
        #[arg(value_parser = ["up", "down", "status", "crds"])]
        verb: String,
    },
}

impl Chore {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Twins => crate::twins::run(),
            Self::Schemas { check } => crate::schemas::run(check),
            Self::Evidence { check } => crate::evidence::run(check),
            Self::Pages { check } => crate::pages::run(check),
            Self::Deploy { check } => crate::deploy::run(check),
            Self::Image(args) => crate::image::run(&args),
            Self::Ci { lints } => crate::ci::run(lints),
            Self::Gen { claims, out, shape, seed } => crate::bench::generate(claims, &shape, seed, &out),
            Self::Bench(args) => crate::bench::run(&args),
            Self::Differential { inputs, native } => crate::bench::differential(inputs, native),
            Self::Invert(args) => crate::invert::run(&args),
            Self::Plant(args) => crate::plant::run(&args),
            Self::Worlds { worlds, seed } => crate::worlds::run(worlds, seed),
            Self::Logs { folder } => crate::logs::run(&folder),
            Self::InstallCheck => crate::install::run(),
            Self::Hostile => crate::hostile::run(),
            Self::Cluster { verb } => crate::cluster::run(&verb),
        }
    }
}
