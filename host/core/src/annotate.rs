//! Annotate: what comes of the annotations of all verdicts together. An annotation must not become a delete by other means, so
//! policies may set notes and what the admin lists, and never what a platform acts on.

use probate_contract::evidence::Map;
use probate_contract::manifest::Mode;
use probate_contract::plan::{Annotations, PolicyVerdict, Vote};
use probate_contract::settings::SettingsSpec;
use probate_contract::verdict::{MAX_ANNOTATION_BYTES, MAX_ANNOTATIONS, printable};
use std::collections::{BTreeMap, BTreeSet};

/// Where policies may always write.
pub const NOTE: &str = "probate.dev/note.";

/// Domains that a platform acts on; no admin can list them, subdomains included.
const PLATFORMS: [&str; 12] = [
    "kubernetes.io",
    "k8s.io",
    "harvesterhci.io",
    "kubevirt.io",
    "vcluster.loft.sh",
    "cattle.io",
    "longhorn.io",
    "velero.io",
    "helm.sh",
    "argoproj.io",
    "fluxcd.io",
    "probate.dev",
];

/// True where policies may set the key.
pub fn allowed(key: &str, settings: &SettingsSpec) -> bool {
    let name = |name: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let bytes = name.as_bytes();
        let ends =
            [bytes.first(), bytes.last()].iter().all(|byte| byte.is_some_and(u8::is_ascii_alphanumeric));
        name.len() <= 63 && ends && bytes.iter().all(|byte| inner(*byte))
    };
    let Some((domain, rest)) = key.split_once('/') else { return false };
    if let Some(note) = key.strip_prefix(NOTE) {
        return !note.is_empty() && name(rest);
    }
    let platform = PLATFORMS.iter().any(|platform| {
        domain == *platform || domain.strip_suffix(platform).is_some_and(|sub| sub.ends_with('.'))
    });
    let listed = settings
        .annotation_prefixes
        .iter()
        .any(|prefix| !prefix.is_empty() && key.starts_with(prefix.as_str()));
    !platform && listed && name(rest) && !domain.is_empty() && domain.len() <= 253
}

/// Why the annotation at that place of a verdict cannot be written, whatever its key.
pub fn misfit(at: usize, value: &str) -> Option<String> {
    if at >= MAX_ANNOTATIONS {
        return Some(format!("a verdict sets at most {MAX_ANNOTATIONS} annotations"));
    }
    if value.len() > MAX_ANNOTATION_BYTES {
        return Some(format!("its value is longer than {MAX_ANNOTATION_BYTES} bytes"));
    }
    (!printable(value)).then(|| "its value is not one printable line".to_owned())
}

/// A key as it is shown where it is refused.
pub fn cleaned(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(316).collect()
}

/// One verdict with its policy's mode.
pub(crate) struct Asked<'a> {
    pub(crate) verdict: &'a PolicyVerdict,
    pub(crate) mode: Mode,
    pub(crate) may_annotate: bool,
}

/// Merges what the verdicts ask for with what the subject already has.
pub(crate) fn merge(asked: &[Asked<'_>], current: &Map, settings: &SettingsSpec) -> Annotations {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut writers: BTreeMap<&str, bool> = BTreeMap::new();
    let mut refused = BTreeSet::new();
    for Asked { verdict, mode, may_annotate } in asked {
        for (at, (key, value)) in verdict.annotations.iter().enumerate() {
            if *may_annotate && misfit(at, value).is_none() && allowed(key, settings) {
                wanted.entry(key).or_default().insert(value);
                *writers.entry(key).or_default() |= *mode != Mode::Audit;
            } else {
                refused.insert(cleaned(key));
            }
        }
    }
    let mut merged = Annotations { refused: refused.into_iter().collect(), ..Annotations::default() };
    for (key, values) in &wanted {
        match (values.len(), values.first()) {
            (1, Some(value)) if current.get(*key).map(String::as_str) != Some(*value) => {
                merged.set.insert((*key).to_owned(), (*value).to_owned());
            }
            (1, _) => {}
            _ => merged.conflicts.push((*key).to_owned()),
        }
    }
    let annotators = || asked.iter().filter(|asked| asked.may_annotate);
    let answered = annotators().count() > 0 && annotators().all(|asked| asked.verdict.action != Vote::Failed);
    if answered {
        merged.remove = current
            .keys()
            .filter(|key| key.starts_with(NOTE) && !wanted.contains_key(key.as_str()))
            .cloned()
            .collect();
    }
    let acting = merged.set.keys().any(|key| writers.get(key.as_str()) == Some(&true))
        || (!merged.remove.is_empty() && annotators().any(|asked| asked.mode != Mode::Audit));
    if !acting && (!merged.set.is_empty() || !merged.remove.is_empty()) {
        merged.written = Some(false);
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::allowed;
    use probate_contract::settings::SettingsSpec;

    #[test]
    fn policies_write_notes_and_what_the_admin_lists() {
        let listed = ["team.example/", "k8s.io/", "longhorn.io/", "sub.kubevirt.io/", "probate.dev/"]
            .map(String::from)
            .to_vec();
        let settings = SettingsSpec { annotation_prefixes: listed, ..SettingsSpec::default() };
        for key in ["probate.dev/note.unused-since", "team.example/owner", "team.example/a_b.c"] {
            assert!(allowed(key, &settings), "{key}");
        }
        for key in [
            "probate.dev/hold",
            "probate.dev/note.",
            "probate.dev/note.a b",
            "probate.dev/notes",
            "k8s.io/x",
            "app.k8s.io/x",
            "longhorn.io/x",
            "sub.kubevirt.io/x",
            "harvesterhci.io/removedPersistentVolumeClaims",
            "other.example/x",
            "plain",
            "team.example/",
            "team.example/-x",
        ] {
            assert!(!allowed(key, &settings), "{key}");
        }
    }
}
