//! What can be typed: commands, flags and their help.

mod cluster;

pub use cluster::{
    ApplyArgs, ApproveArgs, BreakerArgs, BreakerCommand, BreakerResetArgs, ClusterArgs, CollectArgs,
    ControllerArgs, RbacArgs, RestoreArgs, StatusArgs,
};

use crate::load::{Completeness, DumpArg};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Decides what happens to the volumes that a VM, a cluster or a claim leaves behind.
#[derive(Parser, Debug)]
#[command(
    name = "probate",
    version,
    propagate_version = true,
    max_term_width = 110,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colors
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Threads to work on [default: one for each core]
    #[arg(long, global = true, value_name = "N", hide_short_help = true, env = "PROBATE_THREADS")]
    pub threads: Option<std::num::NonZeroUsize>,
}

/// When to use colors.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show what would happen to each claim and volume
    Plan(PlanArgs),
    /// Show why one claim or volume stays or goes, and what would change that
    Explain(ExplainArgs),
    /// Who references a claim or volume, on which layer, in which state
    Graph(GraphArgs),
    /// Watch a cluster, decide, and carry out what policies beyond Audit may
    Controller(ControllerArgs),
    /// What is marked, quarantined, due and held in a cluster
    Status(StatusArgs),
    /// Give a quarantined volume back: same volume, same data, new claim
    Restore(RestoreArgs),
    /// Make a Plan object of a plan: exactly these uids, to be approved
    Apply(ApplyArgs),
    /// Approve a Plan object
    Approve(ApproveArgs),
    /// Dump what the controller sees, for the offline commands
    Collect(CollectArgs),
    /// Close a breaker that has opened
    Breaker(BreakerArgs),
    /// The rules that the controller needs in a cluster, and no more
    Rbac(RbacArgs),
    /// Run the test suites beside policies
    Test(TestArgs),
    /// Load policies and check them
    Check(CheckArgs),
    /// Make a new policy with manifest, test and README
    Init(InitArgs),
    /// Show what another policy set changes
    Diff(DiffArgs),
    /// Show a decision log: what was decided and written, and why
    Log(LogArgs),
    /// Decide the lines of a decision log again, and show what differs
    Replay(ReplayArgs),
    /// Check that a decision log is whole and unchanged
    Verify(VerifyArgs),
    /// Print a document's JSON Schema
    Schema(SchemaArgs),
    /// Explain a message code
    Codes(CodesArgs),
    /// Print a shell completion script
    Completion(CompletionArgs),
    /// Print the version
    Version(VersionArgs),
}

/// Dumps and what is stated of them.
#[derive(Args, Debug, Clone, Default)]
pub struct InputArgs {
    /// Completeness: `all`, or KIND[,KIND][/NAMESPACE]; may be given several times
    #[arg(long, value_name = "WHAT")]
    pub complete: Vec<Completeness>,
    /// VolumeRecords: what was observed over time
    #[arg(long, value_name = "FILE")]
    pub records: Vec<PathBuf>,
    /// Earlier dumps of the same clusters in time order: what they tell shows candidates
    #[arg(long, value_name = "DUMP", num_args = 1..)]
    pub history: Vec<DumpArg>,
    /// Since when everything that nothing references counts as unused (candidates only)
    #[arg(long, value_name = "TIME")]
    pub unused_since: Option<String>,
    /// The time to decide at [default: the dump's, else now]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Settings of the installation
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

/// Which subjects are shown and summed; never which evidence counts.
#[derive(Args, Debug, Clone, Default)]
pub struct ShownArgs {
    /// Only claims of this namespace and volumes that name one of it; may be given several times
    #[arg(short, long, value_name = "NAMESPACE", conflicts_with = "all_namespaces")]
    pub namespace: Vec<String>,
    /// All namespaces (the default)
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// Only subjects with these labels: `a=b,c!=d,e in (f,g),h,!i`
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
}

/// `plan`.
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// Files, folders, archives or `-`; `NAME=` before one names its cluster; without, the cluster itself
    #[arg(value_name = "DUMP")]
    pub dumps: Vec<DumpArg>,
    /// Policies: manifests, folders of them, `.rego` or `.wasm`; may be given several times; without, those of the cluster
    #[arg(short, long = "policy", value_name = "POLICY", required_unless_present_any = ["context", "kubeconfig"])]
    pub policies: Vec<PathBuf>,
    /// Which cluster, where no dump is given.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// What is known of the dumps.
    #[command(flatten)]
    pub input: InputArgs,
    /// What is shown.
    #[command(flatten)]
    pub shown: ShownArgs,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = PlanFormat::Table)]
    pub output: PlanFormat,
    /// Sum by this
    #[arg(long, value_enum, value_name = "WHAT")]
    pub group_by: Option<GroupBy>,
    /// Write the decisions to a file, as lines that `replay` decides again
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Exit with 20 where there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Exit with 0 where the policies select nothing
    #[arg(long)]
    pub allow_empty: bool,
}

/// How a plan is printed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanFormat {
    /// For people.
    Table,
    /// With more columns.
    Wide,
    /// `PlanReport`.
    Json,
    /// `PlanReport`.
    Yaml,
    /// What would go, one a line.
    Name,
    /// For a ticket.
    Markdown,
}

/// By what sums are made.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Namespace of the claim.
    Namespace,
    /// StorageClass.
    Class,
    /// Policy.
    Policy,
}

/// `explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// `pvc/NAMESPACE/NAME`, `pv/NAME`, or `pvc NAME -n NAMESPACE`; `CLUSTER:` before it where there are several; then the dumps; without, the cluster itself
    #[arg(value_name = "OBJECT DUMP", required = true, num_args = 1..)]
    pub words: Vec<String>,
    /// Policies; without, who uses it, and in a cluster what its own policies say
    #[arg(short, long = "policy", value_name = "POLICY")]
    pub policies: Vec<PathBuf>,
    /// Which cluster, where no dump is given.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// What is known of the dumps.
    #[command(flatten)]
    pub input: InputArgs,
    /// Namespace of the claim
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}

/// `graph`.
#[derive(Args, Debug)]
pub struct GraphArgs {
    /// `pvc/NAMESPACE/NAME`, `pv/NAME`, or `pvc NAME -n NAMESPACE`; `CLUSTER:` before it where there are several; then the dumps; without, the cluster itself
    #[arg(value_name = "OBJECT… DUMP", required = true, num_args = 1..)]
    pub words: Vec<String>,
    /// Which cluster, where no dump is given.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// What is known of the dumps.
    #[command(flatten)]
    pub input: InputArgs,
    /// Namespace of the claims
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = GraphFormat::Tree)]
    pub output: GraphFormat,
}

/// How a graph is printed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphFormat {
    /// For people.
    Tree,
    /// For Graphviz.
    Dot,
    /// For pages.
    Mermaid,
    /// JSON.
    Json,
}

/// How most results are printed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// With more columns.
    Wide,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Names, one a line.
    Name,
}

/// `test`.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// Suites, folders, or `_test.rego`
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Only cases whose name matches
    #[arg(long, value_name = "REGEX")]
    pub run: Option<String>,
    /// Rewrite the expectations of failing cases
    #[arg(long)]
    pub update: bool,
    /// With --update, let a Retain become a Delete
    #[arg(long, requires = "update")]
    pub accept_deletes: bool,
    /// Show which lines of Rego were reached
    #[arg(long)]
    pub coverage: bool,
    /// Fail below this share of lines, in percent
    #[arg(long, value_name = "N", requires = "coverage", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub threshold: Option<u8>,
    /// Decide each case again from the line that a decision log would hold
    #[arg(long)]
    pub replay: bool,
    /// Exit with 0 where there are no tests
    #[arg(long)]
    pub allow_empty: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = TestFormat::Table)]
    pub output: TestFormat,
}

/// How test results are printed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestFormat {
    /// For people.
    Table,
    /// Every case.
    Wide,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Names of failing cases.
    Name,
    /// JUnit XML.
    Junit,
}

/// `check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Policies: manifests, folders of them, `.rego` or `.wasm`
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Write the program's digest into the manifest
    #[arg(long)]
    pub update: bool,
    /// Exit with 0 where there are no policies
    #[arg(long)]
    pub allow_empty: bool,
    /// How to print; `wide` also shows digest, reads, imports, parameters and size
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}

/// `init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Language
    #[arg(value_enum)]
    pub language: Language,
    /// Folder to make
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Path of the Rust SDK, where it is not found
    #[arg(long, value_name = "PATH")]
    pub sdk: Option<PathBuf>,
}

/// Languages for policies.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rego.
    Rego,
    /// Rust.
    Rust,
}

/// `diff`.
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// Files, folders, archives or `-`; `NAME=` before one names its cluster
    #[arg(value_name = "DUMP", required = true)]
    pub dumps: Vec<DumpArg>,
    /// The new policies
    #[arg(short, long = "policy", value_name = "NEW", required = true)]
    pub policies: Vec<PathBuf>,
    /// The old policies
    #[arg(long, value_name = "OLD", required = true)]
    pub against: Vec<PathBuf>,
    /// What is known of the dumps.
    #[command(flatten)]
    pub input: InputArgs,
    /// What is shown.
    #[command(flatten)]
    pub shown: ShownArgs,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    /// Exit with 20 where there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// Which lines of a decision log are meant.
#[derive(Args, Debug, Clone, Default)]
pub struct LinesArgs {
    /// Only lines about this: `pvc/NAMESPACE/NAME`, `pv/NAME`, with `CLUSTER:` before it or without, or a uid
    #[arg(long, value_name = "OBJECT")]
    pub subject: Option<String>,
    /// Only lines of this time or later
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only lines of this decision
    #[arg(long, value_name = "ID")]
    pub decision: Option<String>,
}

/// How lines of a decision log are printed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Table,
    /// JSON; `log` prints the lines as they are.
    Json,
}

/// `log`.
#[derive(Args, Debug)]
pub struct LogArgs {
    /// Decision logs, or `-`
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Which lines.
    #[command(flatten)]
    pub lines: LinesArgs,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = LogFormat::Table)]
    pub output: LogFormat,
}

/// `replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// Decision logs, or `-`
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Policies: those that decided, or others to see what they change; may be given several times
    #[arg(short, long = "policy", value_name = "POLICY", required = true)]
    pub policies: Vec<PathBuf>,
    /// Which lines.
    #[command(flatten)]
    pub lines: LinesArgs,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = LogFormat::Table)]
    pub output: LogFormat,
}

/// `verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// Decision logs in the order in which they were written, or `-`
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The hash of a chain's last line, as it is kept elsewhere; may be given several times
    #[arg(long, value_name = "HASH")]
    pub head: Vec<String>,
    /// The hash of the line before the first one here, where older files were put away; may be given several times
    #[arg(long, value_name = "HASH")]
    pub after: Vec<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = LogFormat::Table)]
    pub output: LogFormat,
}

/// `schema`.
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// Document; without, their names
    #[arg(value_name = "DOCUMENT")]
    pub document: Option<String>,
}

/// `codes`.
#[derive(Args, Debug)]
pub struct CodesArgs {
    /// Code, or cause; without, all of them
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}

/// `completion`.
#[derive(Args, Debug)]
pub struct CompletionArgs {
    /// Shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `version`.
#[derive(Args, Debug)]
pub struct VersionArgs {
    /// How to print
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    pub output: Format,
}
