//! A message to the user: code, place, consequence and fix.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Severity {
    /// No or a lesser result.
    #[default]
    Error,
    /// The result stands; look at it.
    Warning,
    /// Good to know.
    Note,
}

/// A message with a stable code.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// `PB` and four digits; `probate codes CODE` tells more.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is the matter, in lower case and without a final period.
    pub message: String,
    /// File, as the user named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub file: Option<String>,
    /// Which document of the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub document: Option<u64>,
    /// Line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub line: Option<u64>,
    /// Column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub column: Option<u64>,
    /// What follows from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub consequence: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub fix: Option<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), ..Self::default() }
    }

    /// A warning.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// A note.
    pub fn note(code: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, message) }
    }

    /// In that file.
    #[must_use]
    pub fn file(self, file: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..self }
    }

    /// In that document of the file, from 1.
    #[must_use]
    pub fn document(self, document: u64) -> Self {
        Self { document: Some(document), ..self }
    }

    /// At that line and column, from 1.
    #[must_use]
    pub fn at(self, line: u64, column: u64) -> Self {
        Self { line: Some(line), column: Some(column), ..self }
    }

    /// What follows from it.
    #[must_use]
    pub fn consequence(self, consequence: impl Into<String>) -> Self {
        Self { consequence: Some(consequence.into()), ..self }
    }

    /// What to do.
    #[must_use]
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}")?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
                if let Some(column) = self.column {
                    write!(f, ":{column}")?;
                }
            }
            if let Some(document) = self.document.filter(|document| *document > 1) {
                write!(f, " (document {document})")?;
            }
            f.write_str(": ")?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(f, "{severity}[{}]: {}", self.code, self.message)?;
        if let Some(consequence) = &self.consequence {
            write!(f, "\n  = {consequence}")?;
        }
        if let Some(fix) = &self.fix {
            write!(f, "\n  = fix: {fix}")?;
        }
        Ok(())
    }
}
