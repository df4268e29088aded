//! Runs tests: every suite, every case, every variant, on as many threads as asked; the report is in order whatever they did.

use super::ask::{self, Actual, Plans};
use super::bench::{Bench, Seat, own_parameters};
use super::coverage;
use super::expect;
use super::find::{self, Suite};
use super::input;
use super::leaves::{self, Leaf};
use super::native;
use super::report::{File, Lines, Result as Ended, Test, TestReport};
use super::update::Edit;
use super::variant;
use crate::policies::LoadedPolicy;
use probate_contract::{Diagnostic, Severity};
use probate_core::policy::Policy;
use probate_sandbox::Engine;
use regex::Regex;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// Only tests whose name matches.
    pub only: Option<&'o Regex>,
    /// Collect coverage.
    pub coverage: bool,
    /// Decide each plan again from the lines that it would log.
    pub replay: bool,
    /// Threads to work on.
    pub threads: usize,
}

/// What a run gives.
#[derive(Debug)]
pub struct Ran {
    /// The report.
    pub report: TestReport,
    /// What `--update` would rewrite.
    pub edits: Vec<Edit>,
}

/// Runs all tests of these paths.
pub fn run(paths: &[PathBuf], engine: &Engine, options: Options<'_>) -> Ran {
    let found = find::find(paths);
    let bench = Bench::new(engine, options.coverage, options.replay);
    let mut files = Vec::new();
    let mut edits = Vec::new();
    for suite in &found.suites {
        let (file, rewrites) = run_suite(suite, &bench, options);
        files.push(file);
        edits.extend(rewrites);
    }
    let (natives, covered) = native::run(&found.natives, &bench, options);
    files.extend(natives);
    files.retain(|file| !file.tests.is_empty() || !file.diagnostics.is_empty());
    files.sort_by(|left, right| left.file.cmp(&right.file));
    let lines: Option<Lines> = options.coverage.then(|| {
        let mut all = bench.coverage();
        all.extend(covered);
        coverage::lines(all)
    });
    Ran { report: TestReport::of(files, lines, found.diagnostics), edits }
}

fn wanted(options: Options<'_>, name: &str) -> bool {
    options.only.is_none_or(|only| only.is_match(name))
}

/// The other programs of a suite, loaded or not.
type Variants = Vec<(String, LoadedPolicy)>;

fn run_suite(suite: &Suite, bench: &Bench<'_>, options: Options<'_>) -> (File, Vec<Edit>) {
    let mut file = File { file: suite.name(), ..File::default() };
    let leaves = match leaves::of(suite) {
        Ok(leaves) => leaves,
        Err((message, line)) => {
            file.diagnostics.push(suite.diagnostic("PB8002", message, line).fix("see `probate schema test`"));
            return (file, Vec::new());
        }
    };
    let idle = leaves::idle(suite, &leaves);
    let leaves: Vec<Leaf> = leaves.into_iter().filter(|leaf| wanted(options, &leaf.name)).collect();
    if leaves.is_empty() {
        return (file, Vec::new());
    }
    let policies = match policies(suite, bench) {
        Ok(policies) => policies,
        Err(diagnostics) => {
            file.diagnostics = diagnostics;
            return (file, Vec::new());
        }
    };
    let (variants, diagnostics) = variants(suite, &policies, bench);
    file.diagnostics = diagnostics;
    file.diagnostics.extend(idle);
    let plans: Vec<Plans> = (0..=variants.len()).map(|_| Plans::default()).collect();
    let job = |at: usize| {
        leaves.get(at).map(|leaf| {
            Job { suite, leaf, bench, policies: &policies, variants: &variants, plans: &plans }.run()
        })
    };
    let mut edits = Vec::new();
    for (tests, edit) in in_parallel(options.threads, leaves.len(), job).into_iter().flatten() {
        file.tests.extend(tests);
        edits.extend(edit);
    }
    if file.tests.iter().any(|test| test.result != Ended::Passed) {
        let warned = |said: &&Diagnostic| said.severity == Severity::Warning;
        file.diagnostics
            .extend(policies.iter().flat_map(|policy| &policy.diagnostics).filter(warned).cloned());
    }
    (file, edits)
}

/// The suite's policies, sorted by id.
fn policies(suite: &Suite, bench: &Bench<'_>) -> Result<Vec<Arc<LoadedPolicy>>, Vec<Diagnostic>> {
    let mut all: Vec<Arc<LoadedPolicy>> = Vec::new();
    let mut wrong = Vec::new();
    for path in &suite.test.policies {
        match bench.policies(&suite.beside(path)) {
            Ok(policies) => all.extend(policies.iter().cloned()),
            Err(diagnostics) => {
                let message = format!("the policy {path} cannot be used");
                wrong.push(suite.diagnostic("PB8014", message, suite.line("policies")).fix("see below"));
                wrong.extend(diagnostics);
            }
        }
    }
    all.sort_by_cached_key(|policy| policy.policy().id());
    for pair in all.windows(2) {
        if let [left, right] = pair
            && left.policy().id() == right.policy().id()
        {
            let message = format!("`{}` is there twice", left.policy().id());
            wrong.push(
                suite.diagnostic("PB8014", message, suite.line("policies")).fix("name each policy once"),
            );
        }
    }
    if wrong.is_empty() { Ok(all) } else { Err(wrong) }
}

fn variants(suite: &Suite, policies: &[Arc<LoadedPolicy>], bench: &Bench<'_>) -> (Variants, Vec<Diagnostic>) {
    let mut loaded = Vec::new();
    let mut wrong = Vec::new();
    for (name, program) in &suite.test.variants {
        let [policy] = policies else {
            let message = "variants need a suite with one policy";
            let diagnostic = suite.diagnostic("PB8010", message, suite.line("variants"));
            wrong.push(diagnostic.fix("write a suite for that policy alone"));
            break;
        };
        match variant::load(suite, name, program, policy, bench.engine) {
            Ok(policy) => loaded.push((name.clone(), policy)),
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    (loaded, wrong)
}

/// Does jobs 0..count; results in their order.
fn in_parallel<R: Send>(threads: usize, count: usize, job: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, 64).min(count) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    let result = job(at);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// One case with all its programs.
struct Job<'j> {
    suite: &'j Suite,
    leaf: &'j Leaf,
    bench: &'j Bench<'j>,
    policies: &'j [Arc<LoadedPolicy>],
    variants: &'j Variants,
    plans: &'j [Plans],
}

impl Job<'_> {
    fn run(&self) -> (Vec<Test>, Option<Edit>) {
        let blank = Test { name: self.leaf.name.clone(), line: self.leaf.line, ..Test::default() };
        let errored = |diagnostics| Test { result: Ended::Errored, diagnostics, ..blank.clone() };
        let own = match self.own() {
            Ok(own) => own,
            Err(diagnostics) => return (vec![errored(diagnostics)], None),
        };
        let (actual, differences) = own;
        let edit = (!differences.is_empty()).then(|| Edit::of(self.suite, self.leaf, &differences));
        let mut tests = vec![judged(&blank, differences, &actual)];
        for (at, (name, policy)) in self.variants.iter().enumerate() {
            let blank = Test { variant: Some(name.clone()), ..blank.clone() };
            tests.push(match self.ask(&[policy], at + 1) {
                Ok(other) => judged(&blank, expect::apart(&actual, &other, &policy.policy().id()), &other),
                Err(diagnostics) => Test { result: Ended::Errored, diagnostics, ..blank },
            });
        }
        (tests, edit)
    }

    /// What the suite's own policies come to, and what of it was not expected.
    fn own(&self) -> Result<(Actual, Vec<expect::Difference>), Vec<Diagnostic>> {
        let (suite, leaf) = (self.suite, self.leaf);
        let Some(expect) = leaf.expect.as_ref().filter(|expect| expect::says_something(expect)) else {
            let message = format!("`{}` expects nothing", leaf.name);
            let fix = "write expect: {action: Retain}; --update then fills in the rest";
            return Err(vec![suite.diagnostic("PB8003", message, leaf.line).fix(fix)]);
        };
        let policies: Vec<&LoadedPolicy> = self.policies.iter().map(|policy| &**policy).collect();
        let actual = self.ask(&policies, 0)?;
        let verdict = expect::meant(suite, leaf, expect, &actual)?;
        let differences = expect::differences(suite, leaf, expect, &actual, verdict)?;
        Ok((actual, differences))
    }

    fn ask(&self, policies: &[&LoadedPolicy], variant: usize) -> Result<Actual, Vec<Diagnostic>> {
        let (suite, leaf) = (self.suite, self.leaf);
        let seats: Vec<Seat> = policies
            .iter()
            .map(|policy| {
                let parameters = own_parameters(policy, &leaf.parameters, policies.len() == 1);
                self.bench.seat(policy, &parameters, variant == 0)
            })
            .collect();
        match (&leaf.input, self.plans.get(variant)) {
            (Some(document), _) => input::ask(suite, leaf, document, self.alone(&seats)?),
            (None, Some(plans)) => ask::decide(suite, leaf, &seats, plans, self.bench),
            (None, None) => Ok(Actual::default()),
        }
    }

    /// The policy that a case of `input` asks.
    fn alone<'s>(&self, seats: &'s [Seat]) -> Result<&'s Seat, Vec<Diagnostic>> {
        if let [seat] = seats {
            return Ok(seat);
        }
        let ids: Vec<String> = seats.iter().map(|seat| seat.policy.id()).collect();
        let name = self.leaf.expect.as_ref().and_then(|expect| expect.policy.as_deref());
        let named = |policy: &Policy| {
            name.is_some_and(|name| policy.id() == name || policy.manifest.metadata.name == name)
        };
        seats.iter().find(|seat| named(&seat.policy)).ok_or_else(|| {
            let message = "a case of input asks one policy, and does not say which";
            let fix = format!("write policy: with one of {}", ids.join(", "));
            vec![self.suite.diagnostic("PB8006", message, self.leaf.line).fix(fix)]
        })
    }
}

fn judged(blank: &Test, differences: Vec<expect::Difference>, actual: &Actual) -> Test {
    let passed = differences.is_empty();
    Test {
        result: if passed { Ended::Passed } else { Ended::Failed },
        differences,
        actual: (!passed).then(|| actual.clone()),
        ..blank.clone()
    }
}
