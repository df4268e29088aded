//! The manifest: typed, and checked for what types cannot say.

use super::find::Digests;
use probate_contract::manifest::{Mode, Policy as Manifest, Spec};
use probate_contract::{API_VERSION, Diagnostic};
use probate_core::quantity;
use probate_sandbox::Description;
use serde_json::Value;
use std::path::Path;

/// A document as a manifest.
///
/// # Errors
/// Where and why it is none.
pub fn typed(value: Value, text: &str, file: &str, at: usize) -> Result<Manifest, Diagnostic> {
    // Parsed from the text again so that what is wrong has a line; a file of several documents is parsed from the values.
    match serde_saphyr::from_str::<Manifest>(text) {
        Err(error) if at == 0 && !text.contains("\n---") => {
            Err(crate::document::told(&error, file, "PB2001", "see `probate schema policy`"))
        }
        Ok(manifest) if at == 0 => Ok(manifest),
        _ => serde_json::from_value(value).map_err(|error| {
            let document = u64::try_from(at).unwrap_or(0) + 1;
            Diagnostic::error("PB2001", error.to_string())
                .file(file)
                .document(document)
                .fix("see `probate schema policy`")
        }),
    }
}

/// What is wrong, each with its fix.
#[derive(Default)]
struct Wrong(Vec<(String, String)>);

impl Wrong {
    fn push(&mut self, message: impl Into<String>, fix: impl Into<String>) {
        self.0.push((message.into(), fix.into()));
    }
}

/// Everything wrong with a manifest.
pub fn check(manifest: &Manifest, path: &Path, digests: Digests) -> Vec<Diagnostic> {
    let mut wrong = Wrong::default();
    let spec = &manifest.spec;
    if manifest.api_version != API_VERSION {
        wrong.push(
            format!("apiVersion is `{}`", manifest.api_version),
            "write apiVersion: probate.dev/v1alpha1",
        );
    }
    let named = |name: &str| {
        !name.is_empty()
            && name.len() <= 253
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
    };
    if !named(&manifest.metadata.name) {
        wrong.push(
            format!("`{}` is no name", manifest.metadata.name),
            "use lower-case letters, digits, `-` and `.`",
        );
    }
    let file = path.display().to_string();
    sources(spec, digests, &file, &mut wrong);
    numbers(spec, &mut wrong);
    reach(manifest, &mut wrong);
    wrong
        .0
        .into_iter()
        .map(|(message, fix)| Diagnostic::error("PB2002", message).file(&*file).fix(fix))
        .collect()
}

/// One program, one source; a digest beyond Audit.
fn sources(spec: &Spec, digests: Digests, file: &str, wrong: &mut Wrong) {
    let program = &spec.program;
    let rego = program.rego.as_ref().map(|rego| {
        [rego.inline.is_some(), !rego.files.is_empty(), rego.config_map_ref.is_some(), rego.oci.is_some()]
    });
    let wasm = program
        .wasm
        .as_ref()
        .map(|wasm| [false, wasm.file.is_some(), wasm.config_map_ref.is_some(), wasm.oci.is_some()]);
    let (chosen, inline) = match (rego, wasm) {
        (Some(rego), None) => (rego, rego.first() == Some(&true)),
        (None, Some(wasm)) => (wasm, false),
        _ => {
            return wrong.push(
                "the program is not one of rego and wasm",
                "write program: {rego: {files: [policy.rego]}}",
            );
        }
    };
    if chosen.iter().filter(|given| **given).count() != 1 {
        wrong.push(
            "the program has not exactly one source",
            "give one of inline, files (wasm: file), configMapRef, oci",
        );
    }
    let needed = digests == Digests::Needed && program.digest.is_none();
    if spec.mode != Mode::Audit && !inline && needed {
        wrong.push(
            format!("mode {:?} needs the program's digest", spec.mode),
            format!("run: probate check --update {}", crate::print::quoted(file)),
        );
    }
    let oci = chosen.last() == Some(&true);
    if oci && program.digest.is_none() {
        wrong.push("an oci program needs a digest", "write program.digest");
    }
}

fn numbers(spec: &Spec, wrong: &mut Wrong) {
    let deletion = &spec.deletion;
    let gate = deletion.snapshot_gate.as_ref().map_or(0, |gate| gate.max_age_seconds);
    if deletion.grace_seconds < 0 || deletion.quarantine_seconds < 0 || gate < 0 {
        wrong.push("a negative time in deletion", "write seconds, 0 or more");
    }
    for rate in &spec.rates {
        let bytes = rate.max_bytes.as_deref();
        if rate.max_count.is_none() && bytes.is_none() {
            wrong.push("a rate without a maximum", "give maxCount or maxBytes");
        }
        if bytes.is_some_and(|bytes| quantity::parse(bytes).is_none()) {
            wrong
                .push(format!("`{}` is no quantity", bytes.unwrap_or_default()), "write quantities as 500Gi");
        }
    }
    if !(1..=100).contains(&spec.breaker.max_percent) {
        wrong.push(format!("breaker.maxPercent is {}", spec.breaker.max_percent), "write 1..100");
    }
    if spec.actions.is_empty() || spec.subjects.is_empty() {
        wrong.push("an empty list of actions or subjects", "leave the key out for the default");
    }
}

/// What a RetentionPolicy's schema lacks, and naming beyond Audit.
fn reach(manifest: &Manifest, wrong: &mut Wrong) {
    let spec = &manifest.spec;
    let parts = &spec.r#match;
    if manifest.kind == "RetentionPolicy" {
        if manifest.metadata.namespace.is_none() {
            wrong.push("a RetentionPolicy has a namespace", "write metadata.namespace");
        }
        let namespaces = !parts.clusters.is_empty()
            || !parts.namespaces.is_empty()
            || !parts.excluded_namespaces.is_empty()
            || parts.namespace_selector.is_some();
        if namespaces || !spec.consents.is_empty() || spec.deletion.retained_volumes != Default::default() {
            wrong.push(
                "a RetentionPolicy reaches its own namespace only and cannot consent",
                "leave out clusters, namespaces, namespaceSelector, consents and retainedVolumes, or use a ClusterRetentionPolicy",
            );
        }
    } else if manifest.metadata.namespace.is_some() {
        wrong.push("a ClusterRetentionPolicy has no namespace", "leave metadata.namespace out");
    } else if spec.mode != Mode::Audit && may_delete(spec) && !names(spec) {
        let fix = "name namespaces, a namespaceSelector or storageClasses; with `*` alone each namespace needs the label probate.dev/deletion: allow";
        let opted = !parts.namespaces.is_empty() || !parts.storage_classes.is_empty();
        if !opted {
            wrong.push(format!("mode {:?} without selection", spec.mode), fix);
        }
    }
}

fn may_delete(spec: &Spec) -> bool {
    spec.actions.contains(&probate_contract::manifest::Allowed::Delete)
}

fn names(spec: &Spec) -> bool {
    let named = |patterns: &[String]| {
        !patterns.is_empty() && patterns.iter().all(|pattern| pattern.chars().any(|c| c != '*'))
    };
    let parts = &spec.r#match;
    named(&parts.namespaces) || named(&parts.storage_classes) || parts.namespace_selector.is_some()
}

/// What going beyond Audit will need.
pub fn notes(path: &Path, manifest: &Manifest, description: &Description) -> Vec<Diagnostic> {
    let spec = &manifest.spec;
    let silent = spec.mode != Mode::Audit
        || !may_delete(spec)
        || !description.can_delete
        || names(spec)
        || manifest.kind == "RetentionPolicy";
    if silent {
        return Vec::new();
    }
    vec![
        Diagnostic::note("PB2003", "Propose and Enforce will need a selection")
            .file(path.display().to_string())
            .fix("name match.namespaces, match.namespaceSelector or match.storageClasses"),
    ]
}
