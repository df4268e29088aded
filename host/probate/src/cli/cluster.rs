//! What can be typed of commands that talk to a cluster.

use super::Format;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Which cluster.
#[derive(Args, Debug, Clone)]
pub struct ClusterArgs {
    /// Context of the kubeconfig
    #[arg(long, value_name = "CONTEXT")]
    pub context: Option<String>,
    /// A kubeconfig other than the default
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// What policies and records call this cluster
    #[arg(long, value_name = "NAME", default_value = "cluster", env = "PROBATE_CLUSTER")]
    pub cluster_name: String,
    /// A linked cluster (Rancher, a Harvester host, a guest, vcluster:NAME); may be given several times
    #[arg(long, value_name = "NAME=KUBECONFIG")]
    pub link: Vec<String>,
}

/// `controller`.
#[derive(Args, Debug)]
pub struct ControllerArgs {
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Settings of the installation
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// The folder that `files` of policies are relative to
    #[arg(long, value_name = "DIR")]
    pub policies: Option<PathBuf>,
    /// Where /livez, /readyz and /metrics are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
    /// ServiceAccount that may hand volumes to their driver; without, nothing is purged
    #[arg(long, value_name = "NAME")]
    pub purger: Option<String>,
    /// Where the decision log goes beside standard output
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// `status`.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}

/// `restore`.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// `pvc NAME`, `pvc/NAMESPACE/NAME` or `pv/NAME`
    #[arg(value_name = "OBJECT", num_args = 0..=2, required_unless_present_any = ["decision", "run"])]
    pub object: Vec<String>,
    /// Namespace of the claim
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Everything that this decision took
    #[arg(long, value_name = "ID", conflicts_with = "object")]
    pub decision: Option<String>,
    /// Everything that was taken because this Plan was approved
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["object", "decision"])]
    pub run: Option<String>,
    /// Under another namespace and name
    #[arg(long, value_name = "NS/NAME", conflicts_with = "run")]
    pub to: Option<String>,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Only ask the API server whether it would work
    #[arg(long)]
    pub dry_run: bool,
    /// Give the volume the reclaim policy back that it had, once claim and volume are bound
    #[arg(long)]
    pub return_policy: bool,
}

/// `apply`.
#[derive(Args, Debug)]
pub struct ApplyArgs {
    /// A plan as `probate plan -o json` prints it
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Name of the Plan object [default: from its digest]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How long it may be approved
    #[arg(long, value_name = "SECONDS", default_value_t = 604_800)]
    pub expires_seconds: i64,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// `approve`.
#[derive(Args, Debug)]
pub struct ApproveArgs {
    /// Name of the Plan object
    #[arg(value_name = "PLAN")]
    pub plan: String,
    /// Say no instead
    #[arg(long)]
    pub reject: bool,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// `collect`.
#[derive(Args, Debug)]
pub struct CollectArgs {
    /// Archive to write: `.tar.zst`, `.tar.gz` or `.tar`
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

/// `rbac`.
#[derive(Args, Debug)]
pub struct RbacArgs {
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Yaml)]
    pub output: Format,
}

/// `breaker`.
#[derive(Args, Debug)]
pub struct BreakerArgs {
    /// What to do with it
    #[command(subcommand)]
    pub command: BreakerCommand,
}

/// What can be done with a breaker.
#[derive(Subcommand, Debug)]
pub enum BreakerCommand {
    /// Close it: a person has looked
    Reset(BreakerResetArgs),
}

/// `breaker reset`.
#[derive(Args, Debug)]
pub struct BreakerResetArgs {
    /// Only of this policy; without, all
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
}
