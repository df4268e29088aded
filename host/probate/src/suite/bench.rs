//! What cases share: each policy loaded once, each set of parameters configured once, each dump read once.

use super::capture::Dump;
use crate::policies::{self, LoadedPolicy, Policies};
use probate_contract::evidence::Open;
use probate_contract::rego::Coverage;
use probate_contract::{Diagnostic, Severity};
use probate_core::policy::Policy;
use probate_core::port::Failure;
use probate_sandbox::{Engine, Program};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Shared<K, T> = Mutex<BTreeMap<K, Result<Arc<T>, Vec<Diagnostic>>>>;

/// A policy with parameters, ready to be asked.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) policy: Policy,
    pub(crate) program: Result<Program, Failure>,
}

/// What cases share.
pub(crate) struct Bench<'e> {
    pub(crate) engine: &'e Engine,
    coverage: bool,
    pub(crate) replay: bool,
    policies: Shared<PathBuf, Vec<Arc<LoadedPolicy>>>,
    dumps: Shared<(PathBuf, Option<String>), Dump>,
    seats: Mutex<BTreeMap<String, Seat>>,
    covered: Mutex<Vec<(PathBuf, Program)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'e> Bench<'e> {
    pub(crate) fn new(engine: &'e Engine, coverage: bool, replay: bool) -> Self {
        Self {
            engine,
            coverage,
            replay,
            policies: Mutex::default(),
            dumps: Mutex::default(),
            seats: Mutex::default(),
            covered: Mutex::default(),
        }
    }

    /// The policies of a path; all of them load.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn policies(&self, path: &Path) -> Result<Arc<Vec<Arc<LoadedPolicy>>>, Vec<Diagnostic>> {
        let mut known = locked(&self.policies);
        known.entry(path.to_owned()).or_insert_with(|| load(path, self.engine).map(Arc::new)).clone()
    }

    /// A dump, or a file of objects.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn dump(&self, path: &Path, cluster: Option<&str>) -> Result<Arc<Dump>, Vec<Diagnostic>> {
        let mut known = locked(&self.dumps);
        let key = (path.to_owned(), cluster.map(str::to_owned));
        known.entry(key).or_insert_with(|| Dump::read(path, cluster).map(Arc::new)).clone()
    }

    /// A policy with these parameters laid over its own; with coverage where it is asked for and `watched`.
    pub(crate) fn seat(&self, loaded: &LoadedPolicy, parameters: &Open, watched: bool) -> Seat {
        let name = loaded.manifest.metadata.name.as_str();
        let parameters = Value::Object(parameters.clone()).to_string();
        let path = loaded.path.display().to_string();
        let key = [&*path, &*loaded.digest, name, &*parameters].join("\n");
        if let Some(seat) = locked(&self.seats).get(&key) {
            return seat.clone();
        }
        let open: Open = serde_json::from_str(&parameters).unwrap_or_default();
        let (policy, program) = loaded.with_parameters(&open);
        let program =
            program.map(|program| if self.coverage && watched { program.covered() } else { program });
        if let (true, true, Ok(program)) = (self.coverage, watched, &program) {
            let folder = loaded.path.parent().unwrap_or(Path::new("")).to_owned();
            locked(&self.covered).push((folder, program.clone()));
        }
        let seat = Seat { policy, program };
        locked(&self.seats).insert(key, seat.clone());
        seat
    }

    /// Lines that were reached so far, with the folders that the files' names belong to.
    pub(crate) fn coverage(&self) -> Vec<(PathBuf, Coverage)> {
        let covered = locked(&self.covered);
        covered.iter().map(|(folder, program)| (folder.clone(), program.coverage())).collect()
    }
}

fn load(path: &Path, engine: &Engine) -> Result<Vec<Arc<LoadedPolicy>>, Vec<Diagnostic>> {
    let policies = Policies::load(&[path.to_owned()], engine).map_err(|stop| stop.diagnostics)?;
    if policies.any_failed() {
        let errors = policies.diagnostics().filter(|diagnostic| diagnostic.severity == Severity::Error);
        return Err(errors.cloned().collect());
    }
    Ok(policies.items.into_iter().map(Arc::new).collect())
}

/// Which of these parameters a policy takes: all of them where it is alone.
pub(crate) fn own_parameters(loaded: &LoadedPolicy, parameters: &Open, alone: bool) -> Open {
    let properties =
        loaded.description.as_ref().and_then(|description| description.parameters_schema.get("properties"));
    let takes = |key: &str| properties.is_some_and(|properties| properties.get(key).is_some());
    parameters
        .iter()
        .filter(|(key, _)| alone || takes(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Loads a program in place of a policy's own.
pub(crate) fn load_as(
    found: policies::find::Found,
    engine: &Engine,
) -> Result<LoadedPolicy, Vec<Diagnostic>> {
    let loaded = policies::load(found, engine);
    if loaded.program.is_ok() {
        return Ok(loaded);
    }
    Err(loaded.diagnostics.into_iter().filter(|d| d.severity == Severity::Error).collect())
}
