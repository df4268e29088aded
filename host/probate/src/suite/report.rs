//! What a run of tests comes to.

pub use super::ask::Actual;
pub use super::expect::Difference;
use probate_contract::{Diagnostic, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a test ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Result {
    /// Everything expected holds.
    #[default]
    Passed,
    /// Something does not.
    Failed,
    /// It is no test, or could not be run.
    Errored,
}

/// One case, one row of a table, one native test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Test {
    /// `CASE`, `CASE / ROW`, or the rule's name.
    pub name: String,
    /// The other program it was run with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// How it ended.
    pub result: Result,
    /// What does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// What came out, where the test did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Actual>,
    /// Why it could not be run, or what a native test says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
    /// What a failed native test printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prints: Vec<String>,
}

impl Test {
    /// Its name with the variant's.
    pub fn title(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{} [{variant}]", self.name),
            None => self.name.clone(),
        }
    }
}

/// The tests of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// As the user would name it.
    pub file: String,
    /// Its tests, in order.
    pub tests: Vec<Test>,
    /// Why it could not be run as a whole, and what is suspicious about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
}

impl File {
    /// True where it could not be run as a whole.
    pub fn broken(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many tests passed, and how many did not; a file that could not be run counts as one that did not.
    pub fn counts(&self) -> (u64, u64) {
        let passed = self.tests.iter().filter(|test| test.result == Result::Passed).count();
        let not = self.tests.len() - passed + usize::from(self.broken());
        (u64::try_from(passed).unwrap_or(u64::MAX), u64::try_from(not).unwrap_or(u64::MAX))
    }
}

/// Lines of one file of Rego.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileLines {
    /// As the user would name it.
    pub file: String,
    /// Lines with something to evaluate.
    pub lines: u64,
    /// Those that were reached.
    pub covered: u64,
    /// The others.
    pub missed: Vec<u64>,
}

/// Lines of all files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lines {
    /// Lines with something to evaluate.
    pub lines: u64,
    /// Those that were reached.
    pub covered: u64,
    /// Their share, rounded down.
    pub percent: u64,
    /// By file.
    pub files: Vec<FileLines>,
}

/// Totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that did not, or could not be run.
    pub failed: u64,
}

/// `kind: TestReport`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `TestReport`.
    pub kind: String,
    /// Totals.
    pub summary: Totals,
    /// By file.
    pub files: Vec<File>,
    /// With `--coverage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Lines>,
    /// What belongs to no file of tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
}

impl TestReport {
    /// The report of these files.
    pub fn of(files: Vec<File>, coverage: Option<Lines>, diagnostics: Vec<Diagnostic>) -> Self {
        let mut summary = Totals::default();
        for (passed, failed) in files.iter().map(File::counts) {
            summary.passed += passed;
            summary.failed += failed;
        }
        summary.failed += u64::try_from(diagnostics.len()).unwrap_or(u64::MAX);
        Self {
            api_version: probate_contract::API_VERSION.into(),
            kind: "TestReport".into(),
            summary,
            files,
            coverage,
            diagnostics,
        }
    }

    /// All tests.
    pub fn tests(&self) -> impl Iterator<Item = &Test> {
        self.files.iter().flat_map(|file| &file.tests)
    }

    /// True where something is no test, or could not be run.
    pub fn errored(&self) -> bool {
        !self.diagnostics.is_empty()
            || self.files.iter().any(File::broken)
            || self.tests().any(|test| test.result == Result::Errored)
    }

    /// True where a test failed.
    pub fn failed(&self) -> bool {
        self.tests().any(|test| test.result == Result::Failed)
    }
}
