//! Loading a policy from text.
#![allow(dead_code, reason = "not every test file uses every helper")]

use probate_contract::Diagnostic;
use probate_contract::rego::{LoadRequest, Purpose, SourceFile};
use probate_rego::Session;

/// A request for these files.
pub(crate) fn request(files: &[(&str, &str)], purpose: Purpose) -> LoadRequest {
    let file = |(name, text): &(&str, &str)| SourceFile { name: (*name).into(), text: (*text).into() };
    LoadRequest { package: None, files: files.iter().map(file).collect(), purpose, coverage: false }
}

/// Loads one file named `p.rego`.
pub(crate) fn load(text: &str) -> Result<Session, Vec<Diagnostic>> {
    probate_rego::load(&request(&[("p.rego", text)], Purpose::Evaluate))
}

/// Loads one file that must load.
#[track_caller]
pub(crate) fn loaded(text: &str) -> Session {
    load(text).unwrap_or_else(|diagnostics| panic!("{}", show(&diagnostics)))
}

/// Diagnostics as people see them.
pub(crate) fn show(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}
