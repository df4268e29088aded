//! What can be wrong with a dump: one code for each class, with consequence and fix.

use probate_contract::Diagnostic;
use probate_core::intake::GroupKind;

/// Codes of this stage and what they mean, for `probate codes`. PB1010 to PB1029 are the core's.
pub const CODES: &[(&str, &str)] = &[
    (
        SYNTAX,
        "Not YAML or JSON. What could not be read makes its kind incomplete, or every kind of the dump.",
    ),
    (UNREADABLE, "A file or stream that could not be opened or read to its end."),
    (
        NOT_AN_OBJECT,
        "A document that is no Kubernetes object: no mapping, no apiVersion or kind, no usable name.",
    ),
    (
        DUPLICATE_KEY,
        "A key occurs twice in a mapping. Which of the two counts is up to the reader, so neither does.",
    ),
    (TOO_DEEP, "Nested deeper than any Kubernetes object."),
    (TRUNCATED, "The file ends in the middle of a document."),
    (TOO_LARGE, "One object larger than the API server stores."),
    (YAML_FEATURE, "Anchors, aliases, merge keys, tags and directives: kubectl never writes them."),
    (AMBIGUOUS, "A plain scalar that YAML 1.1 (kubectl) and YAML 1.2 read differently."),
    (ENCODING, "Not UTF-8."),
    (LIST_PART, "A list that is not whole: cut into pages, or without items."),
    (MANIFEST, "A probate.yaml (kind: Dump) that cannot be used."),
    (NO_OBJECT, "Documents or files of a bundle that hold no Kubernetes object. They are ignored."),
    (LINK, "A link, device or other special file. It is never followed or opened."),
    (UNSAFE_PATH, "An archive member with an absolute path or with `..`."),
    (CHANGED, "A file that changed while it was read."),
    (BOMB, "Unpacks to absurdly more than its size, or archives within archives."),
    (DISCOVERY, "A list of API resources that is not whole."),
    (API_STATUS, "An error answer of the API server in place of objects."),
];

pub(crate) const SYNTAX: &str = "PB1001";
pub(crate) const UNREADABLE: &str = "PB1002";
pub(crate) const NOT_AN_OBJECT: &str = "PB1003";
pub(crate) const DUPLICATE_KEY: &str = "PB1004";
pub(crate) const TOO_DEEP: &str = "PB1005";
pub(crate) const TRUNCATED: &str = "PB1006";
pub(crate) const TOO_LARGE: &str = "PB1007";
pub(crate) const YAML_FEATURE: &str = "PB1008";
pub(crate) const AMBIGUOUS: &str = "PB1009";
pub(crate) const ENCODING: &str = "PB1030";
pub(crate) const LIST_PART: &str = "PB1031";
pub(crate) const MANIFEST: &str = "PB1032";
pub(crate) const NO_OBJECT: &str = "PB1033";
pub(crate) const LINK: &str = "PB1034";
pub(crate) const UNSAFE_PATH: &str = "PB1035";
pub(crate) const CHANGED: &str = "PB1036";
pub(crate) const BOMB: &str = "PB1037";
pub(crate) const DISCOVERY: &str = "PB1038";
pub(crate) const API_STATUS: &str = "PB1039";

/// What is wrong, relative to the piece that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Line and column from 1, relative to the piece; 0 where there is none.
    pub(crate) line: u64,
    pub(crate) column: u64,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: printable(&message.into()), line: 0, column: 0 }
    }

    pub(crate) fn at(self, line: u64, column: u64) -> Self {
        Self { line, column, ..self }
    }

    /// The diagnostic; `line` is that of the piece's first line.
    pub(crate) fn diagnostic(
        self,
        file: &str,
        document: u64,
        line: u64,
        kind: Option<&GroupKind>,
    ) -> Diagnostic {
        let line = line.saturating_add(self.line.saturating_sub(1));
        let column = self.column.max(1);
        Diagnostic::error(self.code, self.message)
            .file(file)
            .document(document.max(1))
            .at(line.max(1), column)
            .consequence(consequence(kind))
            .fix(fix(self.code))
    }
}

/// Says what an unreadable part leaves unknown.
pub(crate) fn consequence(kind: Option<&GroupKind>) -> String {
    match kind {
        Some(kind) => format!("{} of this cluster counts as incomplete", kind_name(kind)),
        None => "every kind of this cluster counts as incomplete: nothing of it can be deleted".into(),
    }
}

/// `KIND.GROUP`, core kinds without group.
pub fn kind_name(kind: &GroupKind) -> String {
    if kind.group.is_empty() { kind.kind.clone() } else { format!("{}.{}", kind.kind, kind.group) }
}

/// The other way round.
pub fn parse_kind(text: &str) -> GroupKind {
    match text.split_once('.') {
        Some((kind, group)) => GroupKind { group: group.into(), kind: kind.into() },
        None => GroupKind { group: String::new(), kind: text.into() },
    }
}

/// The kind of an object's apiVersion and kind.
pub(crate) fn group_kind(api_version: &str, kind: &str) -> GroupKind {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    GroupKind { group: group.into(), kind: kind.into() }
}

/// What to do about a code.
pub(crate) fn fix(code: &str) -> &'static str {
    match code {
        UNREADABLE => "make the file readable, or collect it again",
        NOT_AN_OBJECT => {
            "give objects with apiVersion, kind and metadata.name, as `kubectl get -o json` writes them"
        }
        DUPLICATE_KEY => "remove one of the two keys, or collect the object again",
        TRUNCATED => "collect it again; the disk may have been full, or kubectl interrupted",
        TOO_DEEP | TOO_LARGE => {
            "leave the object out and state its kind with --complete once you looked at it"
        }
        YAML_FEATURE => "write the value out, or collect with `kubectl get -o json`",
        AMBIGUOUS => "put the value in quotes if it is text, or write true, false or a plain decimal number",
        ENCODING => "save it as UTF-8; in PowerShell: `kubectl get … -o json | Out-File -Encoding utf8 FILE`",
        LIST_PART => "collect the whole list: `kubectl get KIND -A -o json` without --limit",
        MANIFEST => "see `probate schema dump` for its fields",
        LINK | UNSAFE_PATH => "put the file itself into the dump",
        CHANGED => "run again when nothing writes to it",
        BOMB => "unpack it yourself and give the folder",
        DISCOVERY => "collect it with `kubectl api-resources --no-headers -o wide`",
        API_STATUS => "collect it again with an account that may list the kind",
        _ => "collect it again with `kubectl get … -o json`",
    }
}

/// Control and text-direction characters become visible, and long messages end in `…`.
pub(crate) fn printable(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(300)
        .map(|c| if c.is_control() || is_invisible(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(300).is_some() {
        out.push('…');
    }
    out
}

/// Characters that make a name look like another one.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}' | '\u{61c}')
}
