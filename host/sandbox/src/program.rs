//! Programs: loading, describing and configuring one; asking and explaining.

use crate::chunk;
use crate::engine::Engine;
use crate::failure::{code, failure};
use crate::limits::Budget;
use crate::rego::{self, Covered, RegoTests};
use crate::scan::{Refusal, scan};
use crate::session::{Image, Session, Start};
use crate::since_v0_1_0 as adapter;
use crate::threads;
use crate::world;
use probate_contract::manifest::Limits;
use probate_contract::rego::{Coverage, Explained, Loaded as RegoLoaded, Purpose, SourceFile};
use probate_contract::{Cause, Diagnostic, Fact};
use probate_core::port::{Answer, Chunk, Failure, Sandbox};
use serde_json::Value;
use std::sync::Arc;
use wasmtime::component::{Component, Linker};

/// A program as its author wrote it.
#[derive(Clone, Debug)]
pub enum Source {
    /// A Wasm component.
    Wasm(Arc<[u8]>),
    /// A Rego policy.
    Rego(RegoSource),
}

/// A Rego policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegoSource {
    /// The package with `verdict`; found if only one has it.
    pub package: Option<String>,
    /// All its files.
    pub files: Vec<SourceFile>,
}

/// What a program says of itself, and what its file shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Name; for Rego the package.
    pub name: String,
    /// Version.
    pub version: String,
    /// Title.
    pub title: String,
    /// What it does.
    pub description: String,
    /// The facts it reads.
    pub reads: Vec<Fact>,
    /// The paths it reads, below `input`; for Wasm the names of the facts.
    pub paths: Vec<String>,
    /// JSON Schema of its parameters.
    pub parameters_schema: Value,
    /// False where it is known that it never answers Delete.
    pub can_delete: bool,
    /// What the component imports; empty for Rego.
    pub imports: Vec<String>,
    /// Size of the component, or of the Rego files.
    pub size_bytes: usize,
    /// Warnings and notes of the load.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why a program cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}: {message}")]
pub struct LoadError {
    /// One of the causes of group Error.
    pub cause: Cause,
    /// One printable line.
    pub message: String,
    /// The same with places and fixes; at least one.
    pub diagnostics: Vec<Diagnostic>,
}

impl From<Failure> for LoadError {
    fn from(failure: Failure) -> Self {
        let diagnostics = vec![Diagnostic::error(code(failure.cause), failure.message.clone())];
        Self { cause: failure.cause, message: failure.message, diagnostics }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self { cause: error.cause, message: error.message }
    }
}

impl From<Refusal> for LoadError {
    fn from(refusal: Refusal) -> Self {
        let diagnostic = Diagnostic::error(refusal.code, refusal.message.clone()).fix(refusal.fix);
        Self { cause: refusal.cause, message: refusal.message, diagnostics: vec![diagnostic] }
    }
}

/// A program that is loaded and described, and waits for its parameters.
#[derive(Clone)]
pub struct Loaded {
    engine: Engine,
    image: Arc<Image>,
    rego: Option<Arc<RegoSource>>,
    description: Arc<Description>,
    budget: Budget,
}

/// A configured program. Cheap to clone.
#[derive(Clone)]
pub struct Program {
    loaded: Loaded,
    parameters: Arc<str>,
    now_seconds: u64,
    coverage: Option<Arc<Covered>>,
}

impl Engine {
    /// Loads a program and asks it what it is.
    ///
    /// # Errors
    /// With the cause and the diagnostics of what keeps it from being used.
    pub fn load(&self, source: &Source, limits: &Limits) -> Result<Loaded, LoadError> {
        let budget = Budget::new(limits);
        threads::run_one(|| match source {
            Source::Wasm(bytes) => self.load_wasm(bytes, budget),
            Source::Rego(source) => self.load_rego(source, budget),
        })
        .unwrap_or_else(|lost| Err(Failure::from(lost).into()))
    }

    /// Loads the native tests of a Rego policy: `*_test.rego` belongs to its files here.
    ///
    /// # Errors
    /// With the diagnostics of what does not load.
    pub fn rego_tests(
        &self,
        source: RegoSource,
        limits: &Limits,
        coverage: bool,
    ) -> Result<RegoTests, LoadError> {
        RegoTests::load(self, source, limits, coverage)
    }

    fn load_wasm(&self, bytes: &[u8], budget: Budget) -> Result<Loaded, LoadError> {
        let scan = scan(bytes)?;
        let component = self.compile(bytes).map_err(|error| {
            failure(Cause::NotAComponent, format!("the file is no valid component: {}", error.root_cause()))
        })?;
        let image = image(self, &component, false).map_err(|error| {
            failure(Cause::LoadFailed, format!("the component does not fit its interface: {error:#}"))
        })?;
        let described =
            Session::open(Start { image: &image, budget, now_seconds: self.now_seconds() })?.describe();
        let described = described.map_err(as_load_failure)?;
        let description =
            adapter::description(described, &scan).map_err(|message| failure(Cause::LoadFailed, message))?;
        let (image, description) = (Arc::new(image), Arc::new(description));
        Ok(Loaded { engine: self.clone(), image, rego: None, description, budget })
    }

    fn load_rego(&self, source: &RegoSource, budget: Budget) -> Result<Loaded, LoadError> {
        let image = rego::guest(self)?;
        let start = Start { image: &image, budget, now_seconds: self.now_seconds() };
        let (_, loaded) = rego::loaded(start, source, Purpose::Evaluate, false)?;
        let size_bytes = source.files.iter().map(|file| file.text.len()).sum();
        let (image, description) = (Arc::new(image), Arc::new(described(loaded, size_bytes)));
        Ok(Loaded { engine: self.clone(), image, rego: Some(Arc::new(source.clone())), description, budget })
    }
}

impl Loaded {
    /// What the program says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Gives the program its parameters, defaults filled in.
    ///
    /// # Errors
    /// `ConfigureFailed` where the program refuses them; the cause of its own failure otherwise.
    pub fn configure(&self, parameters: &Value) -> Result<Program, LoadError> {
        let now_seconds = self.engine.now_seconds();
        let parameters = Arc::from(parameters.to_string());
        let program = Program { loaded: self.clone(), parameters, now_seconds, coverage: None };
        threads::run_one(|| program.session(Purpose::Evaluate).map(drop))
            .unwrap_or_else(|lost| Err(lost.into()))
            .map_err(LoadError::from)?;
        Ok(program)
    }
}

impl Program {
    /// What the program says of itself.
    pub fn description(&self) -> &Description {
        &self.loaded.description
    }

    /// The same program at another time.
    #[must_use]
    pub fn at(&self, now_seconds: u64) -> Self {
        Self { now_seconds, ..self.clone() }
    }

    /// The same program, collecting coverage; Wasm programs have none.
    #[must_use]
    pub fn covered(&self) -> Self {
        let coverage = self.loaded.rego.is_some().then(Arc::default);
        Self { coverage, ..self.clone() }
    }

    /// Lines that all sessions of this program (made by `covered`) reached so far.
    pub fn coverage(&self) -> Coverage {
        self.coverage.as_deref().map(Covered::get).unwrap_or_default()
    }

    /// Asks about each input in one chunk, in order.
    pub fn ask(&self, inputs: &[Arc<str>]) -> Vec<Answer> {
        threads::run_one(|| chunk::ask(self, inputs))
            .unwrap_or_else(|lost| inputs.iter().map(|_| Err(lost.clone().into())).collect())
    }

    /// How the program comes to its answer, in a fresh session: what it printed, and for Rego which bodies fired.
    ///
    /// # Errors
    /// Where the session does not come to an end by itself; a policy's own error is in `error`.
    pub fn explain(&self, evidence: &str) -> Result<Explained, Failure> {
        threads::run_one(|| {
            let mut session = self.session(Purpose::Explain)?;
            if self.loaded.rego.is_some() {
                return session.explain(evidence);
            }
            let asked = session.evaluate(&Arc::from(evidence));
            let prints = session.prints();
            if asked.broke && prints.is_empty() {
                return asked.answer.map(|_| Explained::default());
            }
            let (answer, error) = match asked.answer {
                Ok(verdict) => (serde_json::to_value(verdict).ok(), None),
                Err(failure) => (None, Some(format!("{}: {}", failure.cause, failure.message))),
            };
            Ok(Explained { fired: Vec::new(), prints, answer, error })
        })
        .unwrap_or_else(|lost| Err(lost.into()))
    }

    /// A configured instance.
    pub(crate) fn session(&self, purpose: Purpose) -> Result<Session, Failure> {
        let Loaded { image, rego, budget, .. } = &self.loaded;
        let start = Start { image, budget: *budget, now_seconds: self.now_seconds };
        let mut session = match rego {
            Some(source) => rego::loaded(start, source, purpose, self.coverage.is_some())?.0,
            None => {
                let mut session = Session::open(start)?;
                session.describe()?;
                session
            }
        };
        session.configure(&self.parameters)?;
        Ok(session)
    }

    /// Takes a session's coverage before the session goes.
    pub(crate) fn retire(&self, mut session: Session) {
        if let Some(covered) = &self.coverage
            && !session.dead()
            && let Ok(coverage) = session.coverage()
        {
            covered.add(coverage);
        }
    }
}

/// A set of programs behind the port of the core.
pub struct Programs {
    programs: Vec<Result<Program, Failure>>,
    threads: usize,
}

impl Programs {
    /// The policy set's programs, in its order; one that did not load fails each question with its own cause.
    pub fn new(programs: Vec<Result<Program, Failure>>) -> Self {
        let threads = programs.iter().flatten().next().map_or(1, |program| program.loaded.engine.threads());
        Self { programs, threads }
    }

    /// On so many threads.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    fn chunk(&self, chunk: &Chunk) -> Vec<Answer> {
        let all = |failure: &Failure| chunk.inputs.iter().map(|_| Err(failure.clone())).collect();
        match self.programs.get(chunk.policy) {
            Some(Ok(program)) => chunk::ask(program, &chunk.inputs),
            Some(Err(failure)) => all(failure),
            None => all(&failure(Cause::SandboxFailed, "a policy that is not in the set was asked")),
        }
    }
}

impl Sandbox for Programs {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        let job = |index: usize| chunks.get(index).map(|chunk| self.chunk(chunk)).unwrap_or_default();
        let answers = threads::run(self.threads, chunks.len(), job);
        let lost = |chunk: &Chunk, lost: threads::Lost| {
            chunk.inputs.iter().map(|_| Err(lost.clone().into())).collect()
        };
        chunks
            .iter()
            .zip(answers)
            .map(|(chunk, answers)| answers.unwrap_or_else(|why| lost(chunk, why)))
            .collect()
    }
}

/// A component with all its imports met.
pub(crate) fn image(engine: &Engine, component: &Component, rego: bool) -> wasmtime::Result<Image> {
    let mut linker = Linker::new(engine.wasmtime());
    world::link(&mut linker, component)?;
    let pre = linker.instantiate_pre(component)?;
    let indices = adapter::indices(&pre)?;
    Ok(Image { pre, indices, rego })
}

/// A description that cannot be read is no verdict: nothing was asked yet.
fn as_load_failure(failed: Failure) -> Failure {
    match failed.cause {
        Cause::BadVerdict => Failure { cause: Cause::LoadFailed, ..failed },
        _ => failed,
    }
}

fn described(loaded: RegoLoaded, size_bytes: usize) -> Description {
    let RegoLoaded {
        package,
        title,
        description,
        version,
        reads,
        paths,
        parameters_schema,
        can_delete,
        diagnostics,
        ..
    } = loaded;
    Description {
        name: package,
        version,
        title,
        description,
        reads,
        paths,
        parameters_schema,
        can_delete,
        imports: Vec::new(),
        size_bytes,
        diagnostics,
    }
}
