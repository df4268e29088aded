//! `probate check`: loads policies and says what they are; `--update` writes their digests.

use crate::cli::CheckArgs;
use crate::document;
use crate::exit::{Exit, Outcome, Stop};
use crate::policies::find::{self, Digests, Found};
use crate::policies::{LoadedPolicy, Policies, digest, program};
use crate::{print, session};
use probate_contract::evidence::Open;
use probate_contract::manifest::{Allowed, Mode, SubjectKind};
use probate_contract::{API_VERSION, Cause, Diagnostic, Fact, Severity};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::num::NonZeroUsize;

/// In which language a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Language {
    /// Rego.
    Rego,
    /// A Wasm component.
    Wasm,
}

/// What came of loading a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Why it cannot answer.
    pub cause: Cause,
    /// One line.
    pub message: String,
}

/// One policy.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// `ClusterRetentionPolicy/NAME` or `RetentionPolicy/NAMESPACE/NAME`.
    pub policy: String,
    /// The manifest's file, or the bare program.
    pub file: String,
    /// How far it may go.
    pub mode: Mode,
    /// What it may answer.
    pub actions: Vec<Allowed>,
    /// What it decides about.
    pub subjects: Vec<SubjectKind>,
    /// Its program's language.
    pub language: Language,
    /// Missing where it loads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// What the program says it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Its version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Digest of its program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// The facts it reads.
    pub reads: Vec<Fact>,
    /// The paths it reads.
    pub paths: Vec<String>,
    /// What its component imports.
    pub imports: Vec<String>,
    /// False where its actions lack Delete, or it is known that it never answers so.
    pub can_delete: bool,
    /// Its parameters with defaults.
    pub parameters: Open,
    /// JSON Schema of its parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_schema: Option<Value>,
    /// Size of the component, or of the Rego files.
    pub size_bytes: usize,
    /// What is to be said of it.
    pub diagnostics: Vec<Diagnostic>,
}

/// `kind: CheckReport`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// `probate.dev/v1alpha1`.
    pub api_version: &'static str,
    /// `CheckReport`.
    pub kind: &'static str,
    /// The policies, sorted.
    pub policies: Vec<Checked>,
}

/// Runs the command.
///
/// # Errors
/// Bad manifests, or none.
pub fn run(args: &CheckArgs, threads: Option<NonZeroUsize>) -> Outcome {
    if args.update {
        update(args)?;
    }
    let engine = session::engine(0, threads)?;
    let policies = match Policies::load(&args.paths, &engine) {
        Err(stop) if nothing(&stop.diagnostics) => return empty(args, stop.diagnostics),
        loaded => loaded?,
    };
    let report = CheckReport {
        api_version: API_VERSION,
        kind: "CheckReport",
        policies: policies.items.iter().map(checked).collect(),
    };
    print::diagnostics(&policies.diagnostics().cloned().collect::<Vec<_>>());
    print::check::check(&report, args.output)?;
    Ok(if policies.any_failed() { Exit::Invalid } else { Exit::Done })
}

/// True where the only thing wrong is that there is no policy.
fn nothing(diagnostics: &[Diagnostic]) -> bool {
    !diagnostics.is_empty() && diagnostics.iter().all(|diagnostic| diagnostic.code == find::NONE_HERE)
}

fn empty(args: &CheckArgs, diagnostics: Vec<Diagnostic>) -> Outcome {
    if args.allow_empty {
        let quiet = diagnostics.into_iter().map(|said| Diagnostic { severity: Severity::Note, ..said });
        print::diagnostics(&quiet.collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    Err(Stop { exit: Exit::Empty, diagnostics })
}

fn checked(policy: &LoadedPolicy) -> Checked {
    let description = policy.description.clone();
    let language = if policy.manifest.spec.program.wasm.is_some() { Language::Wasm } else { Language::Rego };
    let size =
        policy.sources.as_ref().map_or(0, |sources| sources.files.iter().map(|(_, bytes)| bytes.len()).sum());
    let failed = policy.program.as_ref().err();
    let failed = failed.map(|failure| Failed { cause: failure.cause, message: failure.message.clone() });
    let known = description.as_ref();
    Checked {
        policy: policy.policy().id(),
        file: policy.path.display().to_string(),
        mode: policy.manifest.spec.mode,
        actions: policy.manifest.spec.actions.clone(),
        subjects: policy.manifest.spec.subjects.clone(),
        language,
        failed,
        title: known.map(|known| known.title.clone()).unwrap_or_default(),
        version: known.map(|known| known.version.clone()).unwrap_or_default(),
        digest: policy.digest.clone(),
        reads: known.map(|known| known.reads.clone()).unwrap_or_default(),
        paths: known.map(|known| known.paths.clone()).unwrap_or_default(),
        imports: known.map(|known| known.imports.clone()).unwrap_or_default(),
        can_delete: policy.manifest.spec.actions.contains(&Allowed::Delete)
            && known.is_none_or(|known| known.can_delete),
        parameters: policy.parameters.clone(),
        parameters_schema: description.map(|known| known.parameters_schema),
        size_bytes: size,
        diagnostics: policy.diagnostics.clone(),
    }
}

/// Writes the digest of each manifest's program where it differs.
fn update(args: &CheckArgs) -> Result<(), Stop> {
    let found = match find::search(&args.paths, Digests::ToBeWritten) {
        // What follows says so.
        Err(diagnostics) if nothing(&diagnostics) => return Ok(()),
        found => found.map_err(Stop::invalid)?,
    };
    for Found { path, document, manifest } in found {
        let Some(document) = document else { continue };
        // A program that cannot be read is reported by the load that follows.
        let Ok(sources) = program::read(&path, &manifest) else { continue };
        let actual = sources.digest();
        if manifest.spec.program.digest.as_ref() == Some(&actual) {
            continue;
        }
        let name = path.display().to_string();
        let text = document::text(&path, "PB2000").map_err(|said| Stop::invalid(vec![said]))?;
        let refused = |message: String| {
            let fix = format!("write it yourself: digest: {actual}");
            Stop::invalid(vec![Diagnostic::error("PB2008", message).file(&*name).fix(fix)])
        };
        let written = digest::write(&text, document, &actual)
            .ok_or_else(|| refused("the digest's place is not found in the manifest".into()))?;
        replace(&path, &written)
            .map_err(|error| refused(format!("the manifest cannot be written: {error}")))?;
        print::aside(&format!("{name}: digest {actual}"));
    }
    Ok(())
}

/// Writes a file whole or not at all.
fn replace(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    let target = std::fs::canonicalize(path)?;
    let mut temporary = target.clone().into_os_string();
    temporary.push(".new");
    std::fs::write(&temporary, text)?;
    std::fs::set_permissions(&temporary, std::fs::metadata(&target)?.permissions())?;
    std::fs::rename(&temporary, &target)
}
