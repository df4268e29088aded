//! A program's files: read from beside the manifest, never from outside its folder.

use probate_cluster::controller::policies::Files;
use probate_contract::manifest::Policy as Manifest;
use probate_contract::rego::SourceFile;
use probate_contract::{Cause, Diagnostic};
use probate_core::digest;
use probate_sandbox::{LoadError, RegoSource, Source};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Largest program file.
const MAX_BYTES: u64 = 64 << 20;

/// Names and bytes of a program's files.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Relative to the policy's folder.
    pub files: Files,
    /// Of a Rego program.
    pub rego: Option<RegoSource>,
}

impl Sources {
    /// Digest over names and bytes.
    pub fn digest(&self) -> String {
        digest::of_files(self.files.iter().map(|(name, bytes)| (name.as_str(), &**bytes)))
    }

    /// As the sandbox takes it.
    pub fn source(&self) -> Source {
        match (&self.rego, self.files.first()) {
            (Some(rego), _) => Source::Rego(rego.clone()),
            (None, Some((_, bytes))) => Source::Wasm(bytes.clone()),
            (None, None) => Source::Wasm(Arc::from([].as_slice())),
        }
    }
}

fn refuse(message: String, file: Option<String>, fix: &str) -> LoadError {
    let diagnostic = Diagnostic::error("PB3001", message.clone()).fix(fix);
    let diagnostic = match file {
        Some(file) => diagnostic.file(file),
        None => diagnostic,
    };
    LoadError { cause: Cause::LoadFailed, message, diagnostics: vec![diagnostic] }
}

/// The program of a manifest from names and bytes that are at hand.
///
/// # Errors
/// There are none, or a Rego file is not UTF-8.
pub fn of_bytes(manifest: &Manifest, files: Result<Files, String>) -> Result<Sources, LoadError> {
    let files = files.map_err(|message| {
        refuse(message, None, "give the program inline, by configMapRef, or in the controller's folder")
    })?;
    let Some(rego) = &manifest.spec.program.rego else { return Ok(Sources { files, rego: None }) };
    let text = |(name, bytes): &(String, Arc<[u8]>)| match std::str::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile { name: name.clone(), text: text.to_owned() }),
        Err(_) => Err(refuse("the file is not UTF-8".into(), Some(name.clone()), "save it as UTF-8")),
    };
    let texts: Vec<SourceFile> = files.iter().map(text).collect::<Result<_, _>>()?;
    Ok(Sources { rego: Some(RegoSource { package: rego.package.clone(), files: texts }), files })
}

/// Reads the program of a manifest.
///
/// # Errors
/// A path that leaves the folder, a file that cannot be read, a source that offline has none of.
pub fn read(path: &Path, manifest: &Manifest) -> Result<Sources, LoadError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let program = &manifest.spec.program;
    let offline = || {
        refuse(
            "the program is not in a file".into(),
            None,
            "offline, configMapRef and oci are not read: give files beside the manifest",
        )
    };
    if let Some(rego) = &program.rego {
        let texts: Vec<SourceFile> = match &rego.inline {
            Some(text) => vec![SourceFile { name: "inline.rego".into(), text: text.clone() }],
            None if rego.files.is_empty() => return Err(offline()),
            None => rego.files.iter().map(|name| text(folder, name)).collect::<Result<_, _>>()?,
        };
        let files = texts.iter().map(|file| (file.name.clone(), Arc::from(file.text.as_bytes()))).collect();
        return Ok(Sources { files, rego: Some(RegoSource { package: rego.package.clone(), files: texts }) });
    }
    let name = program.wasm.as_ref().and_then(|wasm| wasm.file.as_deref()).ok_or_else(offline)?;
    let bytes = bytes(folder, name)?;
    Ok(Sources { files: vec![(name.to_owned(), bytes.into())], rego: None })
}

fn text(folder: &Path, name: &str) -> Result<SourceFile, LoadError> {
    let bytes = bytes(folder, name)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        refuse(
            "the file is not UTF-8".into(),
            Some(folder.join(name).display().to_string()),
            "save it as UTF-8",
        )
    })?;
    Ok(SourceFile { name: name.to_owned(), text })
}

fn bytes(folder: &Path, name: &str) -> Result<Vec<u8>, LoadError> {
    let inside =
        |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let path = folder.join(name);
    let shown = || Some(path.display().to_string());
    if !inside(Path::new(name)) {
        return Err(refuse(
            format!("`{name}` leaves the policy's folder"),
            shown(),
            "name files beside the manifest",
        ));
    }
    let resolved = |path: &Path| -> Result<PathBuf, LoadError> {
        std::fs::canonicalize(path).map_err(|error| {
            refuse(
                format!("cannot read the program: {error}"),
                shown(),
                "put the file there, or mend the manifest",
            )
        })
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if !resolved(&path)?.starts_with(resolved(folder)?) {
        return Err(refuse(
            format!("`{name}` links out of the policy's folder"),
            shown(),
            "name files beside the manifest",
        ));
    }
    let size = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
    if size > MAX_BYTES {
        return Err(refuse(
            format!("the program has {size} bytes, at most {MAX_BYTES} are read"),
            shown(),
            "make it smaller",
        ));
    }
    std::fs::read(&path).map_err(|error| {
        refuse(
            format!("cannot read the program: {error}"),
            shown(),
            "put the file there, or mend the manifest",
        )
    })
}
