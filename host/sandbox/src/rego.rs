//! The embedded Rego guest: one component of ours that takes a Rego policy as data.

use crate::engine::Engine;
use crate::failure::failure;
use crate::limits::Budget;
use crate::program::{LoadError, RegoSource, image};
use crate::session::{Image, Session, Start};
use crate::threads;
use probate_contract::Cause;
use probate_contract::manifest::Limits;
use probate_contract::rego::{Coverage, FileCoverage, LoadReply, Loaded, Purpose, TestReply, TestRule};
use probate_core::port::Failure;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The guest's private interface.
pub(crate) const LOADER: &str = "probate:rego/loader@0.1.0";
/// The guest itself, built by `build.rs`.
pub(crate) const GUEST: &[u8] = include_bytes!(env!("PROBATE_REGO_GUEST"));

/// Version and source digest of the embedded Rego guest, as records name it.
pub const fn rego_guest() -> (&'static str, &'static str) {
    (env!("CARGO_PKG_VERSION"), env!("PROBATE_REGO_SOURCES"))
}

/// The guest says in front of its message which of two causes it is.
pub(crate) fn named(message: &str) -> Failure {
    if let Some(message) = message.strip_prefix("BadVerdict: ") {
        return failure(Cause::BadVerdict, message);
    }
    failure(Cause::PolicyError, message.strip_prefix("PolicyError: ").unwrap_or(message))
}

/// A Rego guest without a program.
pub(crate) fn guest(engine: &Engine) -> Result<Image, Failure> {
    let component = engine
        .rego(GUEST)
        .map_err(|error| failure(Cause::SandboxFailed, format!("the Rego guest: {error:#}")))?;
    let image = image(engine, &component, true)
        .map_err(|error| failure(Cause::SandboxFailed, format!("the Rego guest: {error:#}")))?;
    Ok(image)
}

/// A guest with a program in it, and what it says of the program.
pub(crate) fn loaded(
    start: Start<'_>,
    source: &RegoSource,
    purpose: Purpose,
    coverage: bool,
) -> Result<(Session, Loaded), LoadError> {
    let mut session = Session::open(start)?;
    match session.load(source, purpose, coverage)? {
        LoadReply::Loaded(loaded) => Ok((session, *loaded)),
        LoadReply::Refused(diagnostics) => {
            let message = diagnostics
                .first()
                .map_or_else(|| "the program is refused".to_owned(), |d| d.message.clone());
            Err(LoadError { cause: Cause::LoadFailed, message, diagnostics })
        }
    }
}

/// The native tests of a Rego policy: each runs in a session of its own.
pub struct RegoTests {
    image: Image,
    source: RegoSource,
    budget: Budget,
    now_seconds: u64,
    tests: Vec<TestRule>,
    coverage: Option<Covered>,
}

impl RegoTests {
    pub(crate) fn load(
        engine: &Engine,
        source: RegoSource,
        limits: &Limits,
        coverage: bool,
    ) -> Result<Self, LoadError> {
        threads::run_one(|| {
            let image = guest(engine)?;
            let (budget, now_seconds) = (Budget::new(limits), engine.now_seconds());
            let start = Start { image: &image, budget, now_seconds };
            let (_, described) = loaded(start, &source, Purpose::Test, coverage)?;
            let coverage = coverage.then(Covered::default);
            Ok(Self { image, source: source.clone(), budget, now_seconds, tests: described.tests, coverage })
        })
        .unwrap_or_else(|lost| Err(Failure::from(lost).into()))
    }

    /// The tests, in the order of their files.
    pub fn list(&self) -> &[TestRule] {
        &self.tests
    }

    /// Runs one of them.
    ///
    /// # Errors
    /// Where the test does not end by itself: a trap or a limit.
    pub fn run(&self, name: &str) -> Result<TestReply, Failure> {
        threads::run_one(|| {
            let start = Start { image: &self.image, budget: self.budget, now_seconds: self.now_seconds };
            let (mut session, _) = loaded(start, &self.source, Purpose::Test, self.coverage.is_some())
                .map_err(|error| failure(error.cause, error.message))?;
            let reply = session.test(name)?;
            if let Some(covered) = &self.coverage {
                covered.add(session.coverage()?);
            }
            Ok(reply)
        })
        .unwrap_or_else(|lost| Err(lost.into()))
    }

    /// Lines that the tests reached so far, where coverage was asked for.
    pub fn coverage(&self) -> Coverage {
        self.coverage.as_ref().map(Covered::get).unwrap_or_default()
    }
}

/// The union of many sessions' coverage.
#[derive(Debug, Default)]
pub(crate) struct Covered(Mutex<BTreeMap<String, BTreeMap<u64, bool>>>);

impl Covered {
    pub(crate) fn add(&self, coverage: Coverage) {
        let mut files = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for FileCoverage { file, covered, missed } in coverage.files {
            let lines = files.entry(file).or_default();
            for line in missed {
                lines.entry(line).or_insert(false);
            }
            for line in covered {
                lines.insert(line, true);
            }
        }
    }

    pub(crate) fn get(&self) -> Coverage {
        let files = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let lines = |lines: &BTreeMap<u64, bool>, reached: bool| {
            lines.iter().filter(|(_, covered)| **covered == reached).map(|(line, _)| *line).collect()
        };
        let files = files.iter().map(|(file, all)| FileCoverage {
            file: file.clone(),
            covered: lines(all, true),
            missed: lines(all, false),
        });
        Coverage { files: files.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_names_its_causes() {
        assert_eq!(named("BadVerdict: no reason").cause, Cause::BadVerdict);
        assert_eq!(named("PolicyError: two values"), failure(Cause::PolicyError, "two values"));
        assert_eq!(named("something").cause, Cause::PolicyError);
    }

    #[test]
    fn a_line_that_any_session_reached_is_covered() {
        let covered = Covered::default();
        let file = |covered: &[u64], missed: &[u64]| Coverage {
            files: vec![FileCoverage {
                file: "a.rego".into(),
                covered: covered.into(),
                missed: missed.into(),
            }],
        };
        covered.add(file(&[3], &[1, 2]));
        covered.add(file(&[1], &[2, 3]));
        assert_eq!(covered.get(), file(&[1, 3], &[2]));
    }
}
