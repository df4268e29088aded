//! Where policies are: manifests, folders of them, bare programs.

use super::manifest;
use crate::document;
use probate_contract::manifest::{Policy as Manifest, PolicyMetadata, Program, Rego, Spec, Wasm};
use probate_contract::shape::nearest;
use probate_contract::{API_VERSION, Diagnostic};
use serde_json::Value;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// A manifest and where it stands; a bare program has one with every default.
#[derive(Clone, Debug)]
pub struct Found {
    /// The manifest's file, or the bare program.
    pub path: PathBuf,
    /// Which document of the manifest's file, from 0; none for a bare program.
    pub document: Option<usize>,
    /// The manifest.
    pub manifest: Manifest,
}

/// Whether a manifest beyond Audit must have its program's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digests {
    /// It must.
    Needed,
    /// It is about to be written.
    ToBeWritten,
}

/// What is said of a path without policies.
pub const NONE_HERE: &str = "PB2007";

/// Finds all policies.
///
/// # Errors
/// Every manifest that is wrong, every path that holds none.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Found>, Vec<Diagnostic>> {
    search(paths, Digests::Needed)
}

/// Finds all policies, also such as still lack their digest.
///
/// # Errors
/// As `find`.
pub fn search(paths: &[PathBuf], digests: Digests) -> Result<Vec<Found>, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for path in paths {
        let result = if path.is_dir() { in_folder(path, digests) } else { in_file(path, digests) };
        match result {
            Ok(policies) if policies.is_empty() => wrong.push(
                Diagnostic::error(NONE_HERE, "no policy is here")
                    .file(path.display().to_string())
                    .fix("give a manifest (kind: ClusterRetentionPolicy), a folder of them, a .rego or a .wasm file"),
            ),
            Ok(policies) => found.extend(policies),
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found.dedup_by(|left, right| left.path == right.path && left.manifest == right.manifest);
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(std::ffi::OsStr::to_str).unwrap_or_default()
}

fn in_file(path: &Path, digests: Digests) -> Result<Vec<Found>, Vec<Diagnostic>> {
    match extension(path) {
        "rego" | "wasm" if path.is_file() => Ok(vec![bare(path)]),
        _ => manifests(path, digests),
    }
}

/// Manifests of a file; documents of other kinds are none.
fn manifests(path: &Path, digests: Digests) -> Result<Vec<Found>, Vec<Diagnostic>> {
    let text = document::text(path, "PB2000").map_err(|diagnostic| vec![diagnostic])?;
    let name = path.display().to_string();
    if !text.contains("probate.dev/") && !text.contains("RetentionPolicy") {
        return Ok(Vec::new());
    }
    let documents: Vec<Value> =
        document::parse(&text, &name, "PB2001").map_err(|diagnostic| vec![diagnostic])?;
    // A manifest that is not taken for one would leave its program with every default.
    let strange: Vec<Diagnostic> =
        documents.iter().filter_map(|document| unknown_kind(document, &name)).collect();
    if !strange.is_empty() {
        return Err(strange);
    }
    let ours = |document: &Value| {
        matches!(
            document.get("kind").and_then(Value::as_str),
            Some("ClusterRetentionPolicy" | "RetentionPolicy")
        )
    };
    if !documents.iter().any(ours) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for (at, value) in documents.into_iter().enumerate().filter(|(_, value)| ours(value)) {
        match manifest::typed(value, &text, &name, at) {
            Ok(manifest) => {
                wrong.extend(manifest::check(&manifest, path, digests));
                found.push(Found { path: path.to_owned(), document: Some(at), manifest });
            }
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// Kinds of documents that may stand beside a manifest.
const KINDS: [&str; 6] =
    ["ClusterRetentionPolicy", "RetentionPolicy", "PolicyTest", "VolumeRecord", "Settings", "Plan"];

/// A document of ours of a kind that is none.
pub(crate) fn unknown_kind(document: &Value, file: &str) -> Option<Diagnostic> {
    let text = |key: &str| document.get(key).and_then(Value::as_str);
    let ours = text("apiVersion").is_some_and(|version| version.starts_with("probate.dev/"));
    let kind = text("kind").unwrap_or_default();
    if !ours || KINDS.contains(&kind) {
        return None;
    }
    let near = nearest(kind, KINDS.map(str::to_owned).iter())
        .map(|near| format!(", did you mean {near}?"))
        .unwrap_or_default();
    let diagnostic = Diagnostic::error("PB2001", format!("`{kind}` is no kind of probate.dev{near}"));
    Some(diagnostic.file(file).fix("write kind: ClusterRetentionPolicy, RetentionPolicy or PolicyTest"))
}

/// Manifests count; bare files only where neither their folder nor a parent up to the argument holds one.
fn in_folder(root: &Path, digests: Digests) -> Result<Vec<Found>, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    let mut programs = Vec::new();
    let hidden = |name: &std::ffi::OsStr| {
        name.to_str().is_some_and(|name| name.starts_with('.') || name == "target" || name == "node_modules")
    };
    let walk = WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !hidden(entry.file_name()));
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                wrong.push(Diagnostic::error("PB2000", error.to_string()));
                continue;
            }
        };
        let path = entry.path();
        match extension(path) {
            "yaml" | "yml" | "json" if entry.file_type().is_file() => match manifests(path, digests) {
                Ok(policies) => found.extend(policies),
                Err(diagnostics) => wrong.extend(diagnostics),
            },
            "rego" | "wasm" if entry.file_type().is_file() && !is_test(path) => {
                programs.push(path.to_owned())
            }
            _ => {}
        }
    }
    let folders: Vec<PathBuf> =
        found.iter().filter_map(|found: &Found| found.path.parent().map(Path::to_owned)).collect();
    let free = |path: &&PathBuf| {
        !path
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(root))
            .any(|folder| folders.iter().any(|with| with == folder))
    };
    let bare_ones: Vec<Found> = programs.iter().filter(free).map(|path| bare(path)).collect();
    found.extend(bare_ones);
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// True for native tests.
pub fn is_test(path: &Path) -> bool {
    path.file_name().and_then(std::ffi::OsStr::to_str).is_some_and(|name| name.ends_with("_test.rego"))
}

/// A bare program is a ClusterRetentionPolicy of its file stem with every default.
fn bare(path: &Path) -> Found {
    let stem = path.file_stem().and_then(std::ffi::OsStr::to_str).unwrap_or("policy").to_owned();
    let file = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default().to_owned();
    let program = match extension(path) {
        "wasm" => Program { wasm: Some(Wasm { file: Some(file), ..Wasm::default() }), ..Program::default() },
        _ => Program { rego: Some(Rego { files: vec![file], ..Rego::default() }), ..Program::default() },
    };
    let manifest = Manifest {
        api_version: API_VERSION.into(),
        kind: "ClusterRetentionPolicy".into(),
        metadata: PolicyMetadata { name: stem, namespace: None },
        spec: Spec { program, ..Spec::default() },
        status: None,
    };
    Found { path: path.to_owned(), document: None, manifest }
}
