//! Variants: other programs that must answer as the policy does.

use super::bench::load_as;
use super::find::{Suite, tidy};
use crate::policies::LoadedPolicy;
use crate::policies::find::Found;
use probate_contract::Diagnostic;
use probate_contract::manifest::{Program, Rego, Wasm};
use probate_sandbox::Engine;
use std::path::{Path, PathBuf};

/// The policy with a variant's program.
///
/// # Errors
/// The program is missing or does not load.
pub(crate) fn load(
    suite: &Suite,
    name: &str,
    program: &Program,
    policy: &LoadedPolicy,
    engine: &Engine,
) -> Result<LoadedPolicy, Vec<Diagnostic>> {
    let line = suite.line("variants");
    let wrong = |message: String, fix: &str| vec![suite.diagnostic("PB8010", message, line).fix(fix)];
    let files = files(program).ok_or_else(|| {
        wrong(format!("variant `{name}` has no file"), "write {wasm: {file: ../policy.wasm}}")
    })?;
    let paths: Vec<PathBuf> = files.iter().map(|file| suite.beside(file)).collect();
    if let Some(missing) = paths.iter().find(|path| !path.is_file()) {
        let message = format!("the program of variant `{name}` is missing: {}", missing.display());
        return Err(wrong(message, "run: cargo xtask twins"));
    }
    let folder = common(&paths);
    let names: Vec<String> = paths
        .iter()
        .filter_map(|path| Some(path.strip_prefix(&folder).ok()?.display().to_string()))
        .collect();
    let mut manifest = policy.manifest.clone();
    manifest.spec.program = match (&program.rego, names.first()) {
        (Some(rego), _) => {
            let rego = Rego { package: rego.package.clone(), files: names, ..Rego::default() };
            Program { rego: Some(rego), ..Program::default() }
        }
        (None, file) => {
            let wasm = Wasm { file: file.cloned(), ..Wasm::default() };
            Program { wasm: Some(wasm), ..Program::default() }
        }
    };
    let path = folder.join(policy.path.file_name().unwrap_or_default());
    load_as(Found { path, document: None, manifest }, engine).map_err(|diagnostics| {
        let mut all = wrong(format!("the program of variant `{name}` does not load"), "see below");
        all.extend(diagnostics);
        all
    })
}

fn files(program: &Program) -> Option<Vec<String>> {
    let wasm = program.wasm.as_ref().and_then(|wasm| wasm.file.clone()).map(|file| vec![file]);
    let rego = program.rego.as_ref().map(|rego| rego.files.clone());
    wasm.or(rego).filter(|files| !files.is_empty())
}

/// The folder that holds all of them.
fn common(paths: &[PathBuf]) -> PathBuf {
    let mut folder = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new("")).to_owned();
    while !paths.iter().all(|path| path.starts_with(&folder)) {
        if !folder.pop() {
            break;
        }
    }
    tidy(&folder)
}
