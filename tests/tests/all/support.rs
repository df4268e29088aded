//! What several subjects need: the workspace, one engine, the quickstart, and the built binary.

use probate_cli::load::{self, DumpArg, LoadOptions};
use probate_cli::policies::Policies;
use probate_contract::plan::PlanReport;
use probate_contract::settings::SettingsSpec;
use probate_core::intake::Builder;
use probate_core::inventory::Inventory;
use probate_core::pipeline::{self, Options};
use probate_core::time;
use probate_sandbox::{Engine, EngineOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// The time of the quickstart's dump.
pub(crate) const NOW: i64 = 1_795_327_200;

/// One engine for all, with a cache that outlives the run: compiling the Rego guest takes longer than everything else here.
pub(crate) static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let options =
        EngineOptions { cache_dir: Some(cache()), now_seconds: NOW as u64, ..EngineOptions::default() };
    Engine::new(options).unwrap()
});

/// The shipped policies, loaded once.
pub(crate) static SHIPPED: LazyLock<Policies> = LazyLock::new(|| policies(&["policies"]));

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    probate_tests::differential::root()
}

/// Compiled programs of tests.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")
}

/// Policies by their paths below the workspace, or absolute ones.
pub(crate) fn policies<P: AsRef<Path>>(paths: &[P]) -> Policies {
    let paths: Vec<PathBuf> = paths.iter().map(|path| root().join(path)).collect();
    let policies = Policies::load(&paths, &ENGINE).unwrap();
    for policy in &policies.items {
        assert!(policy.program.is_ok(), "{}: {:?}", policy.path.display(), policy.diagnostics);
    }
    policies
}

/// An inventory of dumps at their own time.
pub(crate) fn inventory<P: AsRef<Path>>(paths: &[P]) -> Inventory {
    let args: Vec<DumpArg> =
        paths.iter().map(|path| root().join(path).display().to_string().parse().unwrap()).collect();
    let mut builder = Builder::default();
    let loaded = load::dumps(&args, &LoadOptions::default(), &mut builder);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let now = time::parse(loaded.taken_at.as_deref().unwrap()).unwrap();
    builder.finish(now)
}

/// Decides with these policies on so many threads.
pub(crate) fn decide(inventory: &Inventory, policies: &Policies, threads: usize) -> PlanReport {
    let (set, programs) = policies.split(threads);
    let options = Options { threads, ..options() };
    pipeline::decide(inventory, &set, &programs, &options)
}

/// Default settings.
pub(crate) fn options() -> Options {
    Options { settings: SettingsSpec::default(), ..Options::default() }
}

/// Uids of what a plan would delete.
pub(crate) fn deleted(report: &PlanReport) -> std::collections::BTreeSet<String> {
    use probate_contract::plan::DecisionAction;
    let deletes = report.entries.iter().filter(|entry| entry.decision.action == DecisionAction::Delete);
    deletes.map(|entry| entry.subject.identity.uid.clone().unwrap_or_default()).collect()
}

/// The binary, as this package builds it.
pub(crate) fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_probate-under-test"))
}

/// Runs the binary from the top of the workspace.
pub(crate) fn probate<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Output {
    Command::new(binary())
        .args(args)
        .current_dir(root())
        .env("PROBATE_CACHE_DIR", cache())
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
