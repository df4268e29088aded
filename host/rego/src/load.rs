//! Loading: parse, index, refuse, and say what is known of the policy.

use crate::analysis::delete::Deletes;
use crate::analysis::index::{File, Index, Role, place, static_path};
use crate::analysis::program::Program;
use crate::analysis::reads::{Scan, scan};
use crate::analysis::{at, display, graph, parameters, verdict};
use crate::diagnose::Message;
use crate::helper;
use crate::source::{self, TEST_SUFFIX};
use probate_contract::rego::{LoadRequest, Loaded, Purpose, SourceFile, TestRule};
use probate_contract::shape::{Shape, nearest};
use probate_contract::{Diagnostic, Fact, Severity};
use regorus::Engine;
use regorus::unstable::{Expr, Rule, RuleHead};
use std::collections::{BTreeMap, BTreeSet};

/// The file name of `data.probate`.
pub(crate) const HELPER_FILE: &str = "<data.probate>";
pub(crate) const HELPER: &str = include_str!("probate.rego");

/// A program that passed every check.
pub(crate) struct Checked {
    pub(crate) loaded: Loaded,
    /// `data.PACKAGE.verdict`.
    pub(crate) entry: String,
    /// Files and rules.
    pub(crate) index: Index,
    /// Nodes that the entry point can evaluate.
    pub(crate) reachable: BTreeSet<usize>,
    /// Parameters that rules reachable from `verdict` read, with the message for one that is not declared.
    pub(crate) parameters: Vec<(String, Diagnostic)>,
    /// Functions of `data.probate` that the policy calls, and the lines.
    pub(crate) helpers: BTreeMap<String, Vec<String>>,
}

/// A parsed program, unchecked.
pub(crate) struct Parsed {
    pub(crate) engine: Engine,
    files: Vec<File>,
}

/// A fresh engine as every policy gets it.
pub(crate) fn engine() -> Engine {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    engine
}

/// Parses the files of the request that its purpose needs, and `data.probate` where one mentions it.
pub(crate) fn parse(request: &LoadRequest) -> Result<Parsed, Vec<Diagnostic>> {
    let mut engine = engine();
    let mut diagnostics = Vec::new();
    let mut roles = Vec::new();
    for file in wanted(request) {
        let role = if file.name.ends_with(TEST_SUFFIX) { Role::Test } else { Role::Policy };
        if let Some(diagnostic) = source::check_nesting(file) {
            diagnostics.push(diagnostic);
            continue;
        }
        match engine.add_policy(file.name.clone(), file.text.clone()) {
            Ok(_) => roles.push(role),
            Err(error) => diagnostics.push(
                Message::of(&error.to_string())
                    .diagnostic("PB2100", Some(&file.name))
                    .fix("policies are Rego v1, see the OPA policy reference"),
            ),
        }
    }
    if wanted(request).any(|file| file.text.contains("data.probate") || file.text.contains("data[")) {
        match engine.add_policy(HELPER_FILE.into(), HELPER.into()) {
            Ok(_) => roles.push(Role::Helper),
            Err(error) => diagnostics.push(Message::of(&error.to_string()).diagnostic("PB9001", None)),
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let file = |(module, role): (&regorus::unstable::Ref<regorus::unstable::Module>, Role)| File {
        role,
        package: std::iter::once("data".to_owned())
            .chain(static_path(&module.package.refr).unwrap_or_default())
            .collect(),
        module: module.clone(),
    };
    let files = engine.get_modules().iter().zip(roles).map(file).collect();
    Ok(Parsed { engine, files })
}

fn wanted(request: &LoadRequest) -> impl Iterator<Item = &SourceFile> {
    request.files.iter().filter(|file| request.purpose == Purpose::Test || !file.name.ends_with(TEST_SUFFIX))
}

/// Checks a parsed program. Every refusal is found, not only the first.
pub(crate) fn check(request: &LoadRequest, parsed: Parsed) -> Result<(Engine, Checked), Vec<Diagnostic>> {
    let Parsed { engine, files } = parsed;
    let (index, mut diagnostics) = Index::of(files);
    diagnostics.extend(reserved(&index));
    let package = entry_package(request, &index).map_err(|diagnostic| diagnostics.push(*diagnostic)).ok();
    let mut schema = Shape::of_evidence();
    if let Some(package) = &package {
        parameters::declare(&mut schema, &index, package);
    }
    let program = Program::of(&index, &schema);
    let scans: Vec<Scan<'_>> = (0..index.nodes.len()).map(|number| scan(&program, number)).collect();
    diagnostics.extend(scans.iter().flat_map(|scan| scan.diagnostics.iter().cloned()));
    diagnostics.extend(helper::unreadable(scans.iter().flat_map(|scan| &scan.calls)));
    diagnostics.extend(graph::cycles(&index, &scans));
    let Some(package) = package else { return Err(sorted(diagnostics)) };

    let path: Vec<String> = package.iter().cloned().chain(["verdict".to_owned()]).collect();
    let nodes: Vec<usize> = index.at(&path).map(|(number, _)| number).collect();
    let mut deletes = Deletes::new(&program);
    let deleting: Vec<usize> = nodes.iter().copied().filter(|number| deletes.node(*number)).collect();
    diagnostics.extend(default_deletes(&index, &deletes.defaults));
    let reachable = graph::reachable(&index, &scans, nodes.iter().copied());
    let can_delete = !deleting.is_empty();
    diagnostics.extend(warnings(&index, &scans, &reachable, deleting));
    diagnostics.extend(verdict::check(&program, &nodes));
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(sorted(diagnostics));
    }

    let keys = minimal(
        reachable
            .iter()
            .filter_map(|number| scans.get(*number))
            .flat_map(|scan| &scan.reads)
            .map(|read| &read.keys),
    );
    let facts: BTreeSet<Fact> = keys
        .iter()
        .flat_map(|keys| Fact::read_by(&keys.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    let name = display(package.get(1..).unwrap_or_default());
    let mut loaded = Loaded {
        title: name.clone(),
        package: name,
        description: String::new(),
        version: "0.0.0".into(),
        reads: facts.into_iter().collect(),
        paths: paths(&keys),
        parameters_schema: serde_json::json!({}),
        can_delete,
        tests: tests(&index),
        diagnostics,
    };
    describe(request, &index, &nodes, &mut loaded);
    loaded.diagnostics = sorted(loaded.diagnostics);
    let parameters = reachable
        .iter()
        .filter_map(|number| scans.get(*number))
        .flat_map(|scan| scan.reads.iter().filter_map(parameter))
        .collect();
    let mut helpers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, span) in scans.iter().flat_map(|scan| &scan.helpers) {
        helpers.entry(name.clone()).or_default().push(format!("{}:{}", span.source.file(), span.line));
    }
    let checked = Checked { loaded, entry: display(&path), reachable, parameters, helpers, index };
    Ok((engine, checked))
}

/// The parameter that a rule reads, and what is to be said if there is none of that name.
fn parameter(read: &crate::analysis::reads::Read<'_>) -> Option<(String, Diagnostic)> {
    let (first, name) = (read.keys.first()?, read.keys.get(1)?);
    let message = format!("there is no parameter `{name}`");
    (first == "parameters").then(|| (name.clone(), at(Diagnostic::error("PB2105", message), read.span)))
}

fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by(|left, right| {
        let key = |diagnostic: &Diagnostic| (diagnostic.file.clone(), diagnostic.line, diagnostic.column);
        (left.severity, key(left)).cmp(&(right.severity, key(right)))
    });
    diagnostics.dedup();
    diagnostics
}

/// Users' packages may not be `probate` or below.
fn reserved(index: &Index) -> Vec<Diagnostic> {
    let taken =
        |file: &&File| file.role != Role::Helper && file.package.get(1).is_some_and(|name| name == "probate");
    index
        .files
        .iter()
        .filter(taken)
        .map(|file| {
            let message = format!("the package `{}` is reserved", display(&file.package));
            at(Diagnostic::error("PB2100", message), &file.module.package.span)
                .fix("name the package after the policy")
        })
        .collect()
}

/// The package of the entry point: the given one, or the only one with `verdict`.
fn entry_package(request: &LoadRequest, index: &Index) -> Result<Vec<String>, Box<Diagnostic>> {
    let fix = "write `verdict := {\"action\": \"Retain\", \"reason\": \"…\"} if { … }`, or name the package in the manifest's `program.rego.package`";
    let refuse = |message: String| Box::new(Diagnostic::error("PB2101", message).fix(fix));
    let verdict = |package: &[String]| -> Vec<String> {
        package.iter().cloned().chain(["verdict".to_owned()]).collect()
    };
    let having: Vec<&Vec<String>> = index
        .packages()
        .into_iter()
        .filter(|package| {
            let path = verdict(package);
            index.at(&path).any(|(_, node)| index.file(node).is_some_and(|file| file.role == Role::Policy))
        })
        .collect();
    let name = |package: &[String]| display(package.get(1..).unwrap_or_default());
    let package = match &request.package {
        Some(wanted) => {
            let wanted = wanted.strip_prefix("data.").unwrap_or(wanted);
            having.iter().find(|package| name(package) == wanted).ok_or_else(|| {
                let names: Vec<String> = index.packages().into_iter().map(|package| name(package)).collect();
                let hint = nearest(wanted, names.iter()).map(|other| format!("; did you mean `{other}`?"));
                refuse(format!("the package `{wanted}` has no rule `verdict`{}", hint.unwrap_or_default()))
            })?
        }
        None => match having.as_slice() {
            [package] => package,
            [] => {
                let refusal = refuse("no package has a rule `verdict`".into());
                let file = request.files.iter().find(|file| !file.name.ends_with(TEST_SUFFIX));
                return Err(file.map_or(refusal.clone(), |file| Box::new(refusal.file(&file.name))));
            }
            several => {
                let names: Vec<String> = several.iter().map(|package| name(package)).collect();
                return Err(refuse(format!("several packages have a rule `verdict`: {}", names.join(", "))));
            }
        },
    };
    for (_, node) in index.at(&verdict(package)) {
        let complete = match node.rule.as_ref() {
            Rule::Default { args, .. } => args.is_empty(),
            Rule::Spec { head: RuleHead::Compr { refr, .. }, .. } => {
                matches!(refr.as_ref(), Expr::Var { .. })
            }
            Rule::Spec { .. } => false,
        };
        if !complete {
            let refusal = refuse("`verdict` is no complete rule".into());
            return Err(Box::new(at(*refusal, place(&node.rule))));
        }
    }
    Ok((*package).clone())
}

fn default_deletes(index: &Index, defaults: &[usize]) -> Vec<Diagnostic> {
    let refuse = |number: &usize| {
        let node = index.nodes.get(*number)?;
        let message = format!("the default of `{}` deletes", display(&node.path));
        let diagnostic = at(Diagnostic::error("PB2104", message), place(&node.rule));
        Some(
            diagnostic
                .consequence("whatever no rule thinks of would be deleted")
                .fix("delete under a condition, and let the default be Retain, Abstain or nothing"),
        )
    };
    defaults.iter().filter_map(refuse).collect()
}

fn warnings(
    index: &Index,
    scans: &[Scan<'_>],
    reachable: &BTreeSet<usize>,
    deleting: Vec<usize>,
) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let reads = |nodes: &BTreeSet<usize>| -> Vec<_> {
        nodes.iter().filter_map(|number| scans.get(*number)).flat_map(|scan| &scan.reads).collect()
    };
    for read in reads(reachable).into_iter().filter(|read| read.keys.is_empty()) {
        let warning = Diagnostic::warning("PB2106", "the whole `input` is read");
        warnings.push(
            at(warning, read.span)
                .consequence("one unknown fact anywhere makes the policy retain")
                .fix("name the paths that it needs"),
        );
    }
    let deleting = graph::reachable(index, scans, deleting);
    for read in
        reads(&deleting).into_iter().filter(|read| read.keys.first().is_some_and(|key| key == "trigger"))
    {
        let warning = Diagnostic::warning("PB2107", "a rule that can delete reads `input.trigger`");
        warnings.push(
            at(warning, read.span)
                .consequence("before each step the subject is asked about again with the trigger `Scan`")
                .fix("decide on the state of the volume, not on what woke the evaluation"),
        );
    }
    warnings
}

/// The paths without those that another one covers.
fn minimal<'a>(keys: impl Iterator<Item = &'a Vec<String>>) -> Vec<Vec<String>> {
    let all: BTreeSet<&Vec<String>> = keys.collect();
    let covered = |path: &Vec<String>| {
        (0..path.len()).any(|length| path.get(..length).is_some_and(|prefix| all.contains(&prefix.to_vec())))
    };
    all.iter().filter(|path| !covered(path)).map(|path| (*path).clone()).collect()
}

/// As a verdict's basis: at most 256 paths of at most 256 bytes.
fn paths(keys: &[Vec<String>]) -> Vec<String> {
    let names = |keys: &Vec<String>| -> Vec<String> {
        if keys.is_empty() {
            return Fact::ALL.iter().map(|fact| fact.name().to_owned()).collect();
        }
        let fits = |length: &usize| {
            keys.get(..*length)
                .map(display)
                .filter(|text| text.len() <= 256 && probate_contract::verdict::printable(text))
        };
        (1..=keys.len()).rev().find_map(|length| fits(&length)).into_iter().collect()
    };
    let all: BTreeSet<String> = keys.iter().flat_map(names).collect();
    all.into_iter().take(256).collect()
}

fn tests(index: &Index) -> Vec<TestRule> {
    let mut seen = BTreeSet::new();
    let test = |node: &crate::analysis::index::Node| {
        let file = index.file(node).filter(|file| file.role == Role::Test)?;
        let name = node.path.last().filter(|_| node.path.len() == file.package.len() + 1)?;
        let Rule::Spec { head: RuleHead::Compr { .. }, .. } = node.rule.as_ref() else { return None };
        let span = place(&node.rule);
        let new = name.starts_with("test_") && seen.insert(node.path.clone());
        new.then(|| TestRule {
            name: display(&node.path),
            file: span.source.file().clone(),
            line: span.line.into(),
        })
    };
    index.nodes.iter().filter_map(test).collect()
}

/// Title, description and version from the METADATA of the file with the entry point.
fn describe(request: &LoadRequest, index: &Index, nodes: &[usize], loaded: &mut Loaded) {
    let names: BTreeSet<&String> = nodes
        .iter()
        .filter_map(|number| index.nodes.get(*number))
        .map(|node| place(&node.rule).source.file())
        .collect();
    for file in request.files.iter().filter(|file| names.contains(&file.name)) {
        match source::metadata(file) {
            Ok(metadata) => {
                if let Some(version) = metadata.version {
                    loaded.version = version;
                }
                loaded.title = metadata.title.unwrap_or_else(|| loaded.title.clone());
                loaded.description = metadata.description.unwrap_or_else(|| loaded.description.clone());
            }
            Err(diagnostic) => loaded.diagnostics.push(*diagnostic),
        }
    }
}
