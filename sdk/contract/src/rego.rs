//! What the sandbox and its Rego guest say to each other. Private: no policy author meets these shapes.

use crate::diagnostic::Diagnostic;
use crate::fact::Fact;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A source file as its author named it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceFile {
    /// Path, relative to the policy's folder.
    pub name: String,
    /// Text.
    pub text: String,
}

/// What the instance is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Answering.
    Evaluate,
    /// Answering with prints and the rule body that fired.
    Explain,
    /// Native tests: `*_test.rego` is loaded too and `with` is allowed there.
    Test,
}

/// The first call of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadRequest {
    /// The package with `verdict`; found if only one has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// All files of the policy.
    pub files: Vec<SourceFile>,
    /// What for.
    pub purpose: Purpose,
    /// Collect coverage.
    #[serde(default)]
    pub coverage: bool,
}

/// What came of a load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadReply {
    /// It is ready.
    Loaded(Box<Loaded>),
    /// It is refused; at least one error.
    Refused(Vec<Diagnostic>),
}

/// What is known of a loaded program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loaded {
    /// Package of the entry point.
    pub package: String,
    /// From METADATA, else the package.
    pub title: String,
    /// From METADATA.
    #[serde(default)]
    pub description: String,
    /// From METADATA `custom.version`, else `0.0.0`.
    pub version: String,
    /// The facts that rules reachable from `verdict` read.
    pub reads: Vec<Fact>,
    /// The paths they read, below `input`; a verdict's default basis.
    pub paths: Vec<String>,
    /// The constant rule `parameters_schema`, else `{}`.
    pub parameters_schema: Value,
    /// True where some body of `verdict` can answer Delete.
    pub can_delete: bool,
    /// Native tests, with purpose Test.
    #[serde(default)]
    pub tests: Vec<TestRule>,
    /// Warnings and notes.
    #[serde(default)]
    pub diagnostics: Vec<Diagnostic>,
}

/// A native test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestRule {
    /// `data.PACKAGE.test_NAME`.
    pub name: String,
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
}

/// A rule body that fired.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fired {
    /// Rule, `data.PACKAGE.NAME`.
    pub rule: String,
    /// File.
    pub file: String,
    /// Line of the body's head, from 1.
    pub line: u64,
}

/// How an answer came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// Bodies that fired, the entry point's first.
    pub fired: Vec<Fired>,
    /// What `print` said.
    pub prints: Vec<String>,
    /// The answer's JSON, or nothing where it is undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// An error instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a native test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestOutcome {
    /// True.
    Passed,
    /// Undefined or not true.
    Failed,
    /// An error.
    Errored,
}

/// One native test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestReply {
    /// How it ended.
    pub outcome: TestOutcome,
    /// What went wrong.
    #[serde(default)]
    pub message: String,
    /// What `print` said.
    #[serde(default)]
    pub prints: Vec<String>,
}

/// Lines of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileCoverage {
    /// File.
    pub file: String,
    /// Lines that were reached.
    pub covered: Vec<u64>,
    /// Lines that were not.
    pub missed: Vec<u64>,
}

/// Coverage of a policy's own files, tests and helpers left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// By file.
    pub files: Vec<FileCoverage>,
}
