//! Native tests: `test_` rules in `*_test.rego` beside a policy, run in the sandbox that the policy runs in.

use super::bench::Bench;
use super::report::{File, Result as Ended, Test};
use super::run::Options;
use crate::document;
use crate::policies::find as policies;
use crate::policies::find::is_test;
use probate_contract::Diagnostic;
use probate_contract::manifest::Limits;
use probate_contract::rego::{Coverage, SourceFile, TestOutcome, TestReply};
use probate_sandbox::{RegoSource, RegoTests};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A policy's files with tests beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    folder: PathBuf,
    package: Option<String>,
    /// Relative to the folder.
    files: Vec<String>,
    tests: Vec<String>,
    limits: Limits,
}

/// Runs all of them.
pub(crate) fn run(
    natives: &BTreeSet<PathBuf>,
    bench: &Bench<'_>,
    options: Options<'_>,
) -> (Vec<File>, Vec<(PathBuf, Coverage)>) {
    let mut folders: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for path in natives {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default().to_owned();
        folders.entry(folder).or_default().push(name);
    }
    let mut files = Vec::new();
    let mut covered = Vec::new();
    for (folder, tests) in folders {
        match groups(&folder, &tests) {
            Ok(groups) => {
                for group in groups {
                    let (of, coverage) = run_group(&group, bench, options);
                    files.extend(of);
                    covered.extend(coverage.map(|coverage| (group.folder.clone(), coverage)));
                }
            }
            Err(diagnostics) => {
                let file = folder.join(tests.first().map(String::as_str).unwrap_or_default());
                files.push(File { file: file.display().to_string(), tests: Vec::new(), diagnostics });
            }
        }
    }
    (files, covered)
}

/// Which tests belong to which policy of the folder: those that name its package or its file; all of them where it is alone.
fn groups(folder: &Path, tests: &[String]) -> Result<Vec<Group>, Vec<Diagnostic>> {
    let mut groups = of_manifests(folder)?;
    if groups.is_empty() {
        groups = of_bare(folder);
    }
    if groups.is_empty() {
        let message = "no policy stands beside the tests";
        let file = folder.join(tests.first().map(String::as_str).unwrap_or_default());
        return Err(vec![
            Diagnostic::error("PB8013", message)
                .file(file.display().to_string())
                .fix("put them into the folder of the policy's manifest or of its .rego file"),
        ]);
    }
    let alone = groups.len() == 1;
    for name in tests {
        let text = document::text(&folder.join(name), "PB8013").map_err(|diagnostic| vec![diagnostic])?;
        let mut taken = false;
        for group in &mut groups {
            let package = group.package.as_deref().is_some_and(|package| {
                text.contains(&format!("data.{package}")) || text.contains(&format!("package {package}"))
            });
            let stem = name.strip_suffix("_test.rego").unwrap_or_default();
            let own = group.files.iter().any(|file| file.strip_suffix(".rego") == Some(stem));
            if alone || package || own {
                group.tests.push(name.clone());
                taken = true;
            }
        }
        if let (false, Some(first)) = (taken, groups.first_mut()) {
            first.tests.push(name.clone());
        }
    }
    groups.retain(|group| !group.tests.is_empty());
    Ok(groups)
}

fn of_manifests(folder: &Path) -> Result<Vec<Group>, Vec<Diagnostic>> {
    let mut groups = Vec::new();
    for path in listed(folder, &["yaml", "yml", "json"]) {
        for found in policies::find(std::slice::from_ref(&path)).unwrap_or_default() {
            let spec = found.manifest.spec;
            if let Some(rego) = spec.program.rego.filter(|rego| !rego.files.is_empty()) {
                groups.push(Group {
                    folder: folder.to_owned(),
                    package: rego.package.or_else(|| package(folder, &rego.files)),
                    files: rego.files,
                    tests: Vec::new(),
                    limits: spec.limits,
                });
            }
        }
    }
    Ok(groups)
}

/// Bare policies: each file of its own where it has a verdict.
fn of_bare(folder: &Path) -> Vec<Group> {
    let names: Vec<String> = listed(folder, &["rego"])
        .iter()
        .filter(|path| !is_test(path))
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    let group = |files: Vec<String>| Group {
        folder: folder.to_owned(),
        package: package(folder, &files),
        files,
        ..Group::default()
    };
    names.into_iter().map(|name| group(vec![name])).collect()
}

/// The package of the first file.
fn package(folder: &Path, files: &[String]) -> Option<String> {
    let text = document::text(&folder.join(files.first()?), "PB8013").ok()?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("package "))?;
    line.split_whitespace().next().map(str::to_owned)
}

fn listed(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let fits = |path: &PathBuf| {
        let extension = path.extension().and_then(std::ffi::OsStr::to_str);
        path.is_file() && extension.is_some_and(|extension| extensions.contains(&extension))
    };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| super::find::tidy(&entry.path())).filter(fits).collect();
    paths.sort();
    paths
}

fn run_group(group: &Group, bench: &Bench<'_>, options: Options<'_>) -> (Vec<File>, Option<Coverage>) {
    let first = group.tests.first().map(String::as_str).unwrap_or_default();
    let name = |file: &str| super::find::tidy(&group.folder.join(file)).display().to_string();
    let stopped = |diagnostics: Vec<Diagnostic>| {
        let file = File { file: name(first), tests: Vec::new(), diagnostics };
        (vec![file], None)
    };
    let mut files = Vec::new();
    for file in group.files.iter().chain(&group.tests) {
        match document::text(&group.folder.join(file), "PB8013") {
            Ok(text) => files.push(SourceFile { name: file.clone(), text }),
            Err(diagnostic) => return stopped(vec![diagnostic]),
        }
    }
    let source = RegoSource { package: group.package.clone(), files };
    let tests = match bench.engine.rego_tests(source, &group.limits, options.coverage) {
        Ok(tests) => tests,
        Err(error) => {
            let placed = |diagnostic: Diagnostic| match &diagnostic.file {
                Some(file) => {
                    let file = name(file);
                    diagnostic.file(file)
                }
                None => diagnostic.file(name(first)),
            };
            return stopped(error.diagnostics.into_iter().map(placed).collect());
        }
    };
    let mut by_file: BTreeMap<String, Vec<Test>> = BTreeMap::new();
    for rule in tests.list() {
        if options.only.is_some_and(|only| !only.is_match(&rule.name)) {
            continue;
        }
        let file = name(&rule.file);
        let test = one(&tests, &rule.name, &file, rule.line);
        by_file.entry(file).or_default().push(test);
    }
    let files = by_file.into_iter().map(|(file, tests)| File { file, tests, diagnostics: Vec::new() });
    (files.collect(), options.coverage.then(|| tests.coverage()))
}

fn one(tests: &RegoTests, name: &str, file: &str, line: u64) -> Test {
    let blank = Test { name: name.to_owned(), line: Some(line), ..Test::default() };
    let said = |message: String| vec![Diagnostic::error("PB8020", message).file(file).at(line, 1)];
    match tests.run(name) {
        Ok(TestReply { outcome: TestOutcome::Passed, .. }) => blank,
        Ok(TestReply { outcome: TestOutcome::Failed, message, prints }) => {
            let diagnostics = if message.is_empty() { Vec::new() } else { said(message) };
            Test { result: Ended::Failed, diagnostics, prints, ..blank }
        }
        Ok(TestReply { outcome: TestOutcome::Errored, message, prints }) => {
            Test { result: Ended::Failed, diagnostics: said(message), prints, ..blank }
        }
        Err(failure) => {
            let message = format!("{}: {}", failure.cause, failure.message);
            Test { result: Ended::Failed, diagnostics: said(message), ..blank }
        }
    }
}
