//! Policies of the command line: found, read, checked, loaded into the sandbox, and made a set for the core.

pub mod digest;
pub mod find;
pub mod manifest;
pub mod program;

use crate::exit::Stop;
use find::Found;
use probate_contract::manifest::{Allowed, Policy as Manifest};
use probate_contract::{Cause, Diagnostic, Fact};
use probate_core::parameters::Schema;
use probate_core::policy::{Policy, PolicySet, Program};
use probate_core::port::Failure;
use probate_sandbox::{Description, Engine, LoadError, Loaded, Programs};
use program::Sources;
use serde_json::Value;
use std::path::PathBuf;

/// A policy with its program, loaded or not.
pub struct LoadedPolicy {
    /// Where it was found.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its program's files.
    pub sources: Option<Sources>,
    /// Digest of them.
    pub digest: String,
    /// What the program says of itself.
    pub description: Option<Description>,
    /// The program before it has its parameters.
    pub loaded: Option<Loaded>,
    /// Its parameters with defaults.
    pub parameters: probate_contract::evidence::Open,
    /// The configured program, or why it cannot answer.
    pub program: Result<probate_sandbox::Program, Failure>,
    /// What is to be said of it.
    pub diagnostics: Vec<Diagnostic>,
}

impl LoadedPolicy {
    /// As the core sees it.
    pub fn policy(&self) -> Policy {
        let program = match (&self.program, &self.description) {
            (Ok(_), Some(description)) => Ok(Program {
                reads: description.reads.clone(),
                paths: description.paths.as_slice().into(),
                parameters: self.parameters.clone(),
            }),
            (Err(failure), _) => Err(failure.clone()),
            (Ok(_), None) => {
                Err(Failure { cause: Cause::SandboxFailed, message: "the program has no description".into() })
            }
        };
        Policy { manifest: self.manifest.clone(), program_digest: self.digest.clone(), program }
    }

    /// The policy and its program with other parameters laid over the manifest's: a merge patch.
    pub fn with_parameters(
        &self,
        changes: &probate_contract::evidence::Open,
    ) -> (Policy, Result<probate_sandbox::Program, Failure>) {
        let mut policy = self.policy();
        let (Some(loaded), false) = (&self.loaded, changes.is_empty()) else {
            return (policy, self.program.clone());
        };
        let mut parameters = self.manifest.spec.parameters.clone();
        crate::suite::merge::onto(&mut parameters, changes);
        match configured(loaded, &parameters) {
            Ok((parameters, configured)) => {
                if let Ok(program) = &mut policy.program {
                    program.parameters = parameters;
                }
                (policy, Ok(configured))
            }
            Err(LoadError { cause, message, .. }) => {
                let failure = Failure { cause, message };
                policy.program = Err(failure.clone());
                (policy, Err(failure))
            }
        }
    }
}

/// All policies of a command, sorted by id.
pub struct Policies {
    /// The policies.
    pub items: Vec<LoadedPolicy>,
}

impl Policies {
    /// Finds, reads and loads policies. A program that does not load is a retain vote and keeps its diagnostics.
    ///
    /// # Errors
    /// Bad manifests, missing files, two policies of one name.
    pub fn load(paths: &[PathBuf], engine: &Engine) -> Result<Self, Stop> {
        let found = find::find(paths).map_err(Stop::invalid)?;
        let mut items: Vec<LoadedPolicy> = found.into_iter().map(|found| load(found, engine)).collect();
        items.sort_by_cached_key(|item| item.policy().id());
        let twice: Vec<Diagnostic> = items
            .windows(2)
            .filter_map(|pair| match pair {
                [left, right] if left.policy().id() == right.policy().id() => Some(
                    Diagnostic::error("PB2006", format!("`{}` is there twice", left.policy().id()))
                        .file(right.path.display().to_string())
                        .consequence(format!("the other one is in {}", left.path.display()))
                        .fix("give each policy a name of its own, or name the files you mean"),
                ),
                _ => None,
            })
            .collect();
        if twice.is_empty() { Ok(Self { items }) } else { Err(Stop::invalid(twice)) }
    }

    /// The set and its programs, in the same order.
    pub fn split(&self, threads: usize) -> (PolicySet, Programs) {
        let set = PolicySet::new(self.items.iter().map(LoadedPolicy::policy).collect());
        let programs = self.items.iter().map(|item| item.program.clone()).collect();
        (set, Programs::new(programs).threads(threads))
    }

    /// The same with every clock at that time.
    pub fn split_at(&self, now: i64, threads: usize) -> (PolicySet, Programs) {
        let now = u64::try_from(now).unwrap_or(0);
        let at = |item: &LoadedPolicy| item.program.clone().map(|program| program.at(now));
        let (set, _) = self.split(threads);
        (set, Programs::new(self.items.iter().map(at).collect()).threads(threads))
    }

    /// All diagnostics.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter().flat_map(|item| &item.diagnostics)
    }

    /// True where a program does not load.
    pub fn any_failed(&self) -> bool {
        self.items.iter().any(|item| item.program.is_err())
    }
}

/// Loads one policy.
pub fn load(found: Found, engine: &Engine) -> LoadedPolicy {
    let Found { path, manifest, .. } = found;
    let sources = program::read(&path, &manifest);
    load_with(path, manifest, sources, engine)
}

/// Loads one policy whose program is at hand.
pub fn load_with(
    path: PathBuf,
    manifest: Manifest,
    sources: Result<Sources, LoadError>,
    engine: &Engine,
) -> LoadedPolicy {
    let mut policy = LoadedPolicy {
        digest: String::new(),
        sources: None,
        description: None,
        loaded: None,
        parameters: manifest.spec.parameters.clone(),
        program: Err(Failure { cause: Cause::LoadFailed, message: "not loaded".into() }),
        diagnostics: Vec::new(),
        path,
        manifest,
    };
    let actions = &policy.manifest.spec.actions;
    let until = if actions.iter().all(|action| *action == Allowed::Annotate) {
        "until it loads, the policy annotates nothing; it holds nothing either, since it only annotates"
    } else {
        "until it loads, the policy is a retain vote"
    };
    let loaded = sources.and_then(|sources| prepare(&mut policy, sources, engine));
    policy.program = loaded.map_err(|LoadError { cause, message, diagnostics }| {
        let file = policy.path.display().to_string();
        policy.diagnostics.extend(diagnostics.into_iter().map(|diagnostic| {
            let named = |file: &str| {
                let sources = policy.sources.iter().flat_map(|sources| &sources.files);
                sources.into_iter().any(|(name, _)| name == file)
            };
            let diagnostic = match &diagnostic.file {
                None => diagnostic.file(&*file),
                Some(source) if named(source) => placed(&policy.path, diagnostic),
                Some(_) => diagnostic,
            };
            let consequence = diagnostic.consequence.clone();
            Diagnostic { consequence: consequence.or_else(|| Some(until.into())), ..diagnostic }
        }));
        Failure { cause, message }
    });
    policy
}

fn prepare(
    policy: &mut LoadedPolicy,
    sources: Sources,
    engine: &Engine,
) -> Result<probate_sandbox::Program, LoadError> {
    policy.digest = sources.digest();
    let declared = policy.manifest.spec.program.digest.clone();
    let actual = policy.digest.clone();
    let source = sources.source();
    policy.sources = Some(sources);
    if let Some(declared) = declared.filter(|declared| *declared != actual) {
        let message = format!("the manifest says {declared}, the program is {actual}");
        let diagnostic = Diagnostic::error("PB3006", message.clone()).fix(format!(
            "if the change is meant: probate check --update {}",
            crate::print::quoted(&policy.path.display().to_string())
        ));
        return Err(LoadError { cause: Cause::DigestMismatch, message, diagnostics: vec![diagnostic] });
    }
    let loaded = engine.load(&source, &policy.manifest.spec.limits)?;
    let description = loaded.description().clone();
    policy
        .diagnostics
        .extend(description.diagnostics.iter().cloned().map(|diagnostic| placed(&policy.path, diagnostic)));
    policy.diagnostics.extend(manifest::notes(&policy.path, &policy.manifest, &description));
    let refused = namespaced_reads(&policy.manifest, &description);
    policy.description = Some(description);
    if let Some(error) = refused {
        return Err(error);
    }
    policy.loaded = Some(loaded.clone());
    let (parameters, program) = configured(&loaded, &policy.manifest.spec.parameters)?;
    policy.parameters = parameters;
    Ok(program)
}

/// A file of the program as the user would open it.
fn placed(manifest: &std::path::Path, diagnostic: Diagnostic) -> Diagnostic {
    let folder = manifest.parent().unwrap_or(manifest);
    match &diagnostic.file {
        Some(file) => {
            let file = folder.join(file).display().to_string();
            Diagnostic { file: Some(file), ..diagnostic }
        }
        None => diagnostic.file(manifest.display().to_string()),
    }
}

/// A RetentionPolicy may not read other layers.
fn namespaced_reads(manifest: &Manifest, description: &Description) -> Option<LoadError> {
    let foreign =
        description.reads.iter().find(|fact| matches!(fact, Fact::Counterparts | Fact::GuestCluster))?;
    if manifest.kind != "RetentionPolicy" {
        return None;
    }
    let message = format!("a RetentionPolicy may not read `{foreign}`");
    let diagnostic =
        Diagnostic::error("PB2005", message.clone()).fix("use a ClusterRetentionPolicy, or leave it out");
    Some(LoadError { cause: Cause::LoadFailed, message, diagnostics: vec![diagnostic] })
}

/// The program with these parameters, and the parameters with defaults.
fn configured(
    loaded: &Loaded,
    parameters: &probate_contract::evidence::Open,
) -> Result<(probate_contract::evidence::Open, probate_sandbox::Program), LoadError> {
    let description = loaded.description();
    let wrong = |cause: Cause, code: &str, message: String, fix: &str| LoadError {
        cause,
        diagnostics: vec![Diagnostic::error(code, message.clone()).fix(fix)],
        message,
    };
    let schema = Schema::new(&description.parameters_schema).map_err(|message| {
        wrong(
            Cause::LoadFailed,
            "PB2301",
            format!("parameters_schema: {message}"),
            "see `probate schema policy` and the README on parameters",
        )
    })?;
    let parameters = schema.apply(parameters).map_err(|message| {
        let none = description.parameters_schema.as_object().is_some_and(serde_json::Map::is_empty);
        let fix = if none {
            "the program declares no parameters: leave spec.parameters out, or declare them (in Rego: parameters_schema := {\"type\": \"object\", \"properties\": {…}})"
        } else {
            "set spec.parameters as the policy's schema asks; `probate check -o wide` shows it"
        };
        wrong(Cause::ParametersInvalid, "PB2302", message, fix)
    })?;
    let program = loaded.configure(&Value::Object(parameters.clone()))?;
    Ok((parameters, program))
}
