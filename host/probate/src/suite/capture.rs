//! Dumps and files of objects as the loader hands them over, kept so that cases can change them.

use crate::load::{self, DumpArg, DumpSource, Intake, LoadOptions, Sink};
use probate_contract::dump::Reason;
use probate_contract::{Diagnostic, Severity};
use probate_core::intake::{Batch, Builder, ClusterId, GroupKind, Interest};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// An object and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) file: Arc<str>,
    pub(crate) document: u64,
    pub(crate) line: u64,
    pub(crate) value: Arc<Value>,
}

#[derive(Clone, Debug)]
enum Statement {
    TakenAt(String),
    Uid(String),
    Complete(String, String),
    Incomplete(String, String, Reason),
    Lift(String, String),
    Absent(String),
    Discovered(Vec<GroupKind>),
    Unreadable(Box<Diagnostic>, Option<GroupKind>),
}

/// What a dump states and holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dump {
    /// Clusters, in order.
    pub(crate) clusters: Vec<String>,
    /// By index of the cluster.
    pub(crate) objects: Vec<(usize, Placed)>,
    statements: Vec<(usize, Statement)>,
    /// What the loader said.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The latest time it states.
    pub(crate) taken_at: Option<String>,
}

impl Dump {
    /// Reads it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn read(path: &Path, cluster: Option<&str>) -> Result<Self, Vec<Diagnostic>> {
        let mut dump = Self::default();
        let arg = DumpArg { name: cluster.map(str::to_owned), source: DumpSource::Path(path.to_owned()) };
        let loaded = load::dumps(&[arg], &LoadOptions::default(), &mut dump);
        dump.taken_at = loaded.taken_at;
        if loaded.diagnostics.is_empty() { Ok(dump) } else { Err(loaded.diagnostics) }
    }

    /// What could not be read.
    pub(crate) fn errors(&self) -> Vec<Diagnostic> {
        let unreadable = self.statements.iter().filter_map(|(_, statement)| match statement {
            Statement::Unreadable(diagnostic, _) => Some(&**diagnostic),
            _ => None,
        });
        let said = self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        unreadable.chain(said).cloned().collect()
    }

    /// States again what the dump states of one of its clusters.
    pub(crate) fn state(&self, at: usize, builder: &mut Builder, cluster: ClusterId) {
        for (_, statement) in self.statements.iter().filter(|(of, _)| *of == at) {
            match statement {
                Statement::TakenAt(time) => {
                    // The loader has checked it.
                    let _ = builder.taken_at(cluster, time);
                }
                Statement::Uid(uid) => builder.uid(cluster, uid),
                Statement::Complete(kind, namespace) => builder.complete(cluster, kind, namespace),
                Statement::Incomplete(kind, namespace, reason) => {
                    builder.incomplete(cluster, kind, namespace, *reason);
                }
                Statement::Lift(kind, namespace) => builder.lift(cluster, kind, namespace),
                Statement::Absent(kind) => builder.absent(cluster, kind),
                Statement::Discovered(kinds) => builder.discovered(cluster, kinds),
                Statement::Unreadable(diagnostic, kind) => {
                    let mut batch = Batch::default();
                    batch.unreadable((**diagnostic).clone(), kind.clone());
                    builder.add(cluster, batch);
                }
            }
        }
    }
}

/// A part of a file.
#[derive(Debug)]
pub(crate) struct Part {
    file: Arc<str>,
    objects: Vec<Placed>,
    statements: Vec<Statement>,
    diagnostics: Vec<Diagnostic>,
}

impl Intake for Part {
    fn of(file: Arc<str>) -> Self {
        Self { file, objects: Vec::new(), statements: Vec::new(), diagnostics: Vec::new() }
    }

    fn interest(api_version: &str, kind: &str) -> Interest {
        probate_core::intake::interest(api_version, kind)
    }

    fn object(&mut self, json: &[u8], document: u64, line: u64) {
        match serde_json::from_slice::<Value>(json) {
            Ok(value) => {
                let (file, value) = (self.file.clone(), Arc::new(value));
                self.objects.push(Placed { file, document, line, value });
            }
            Err(error) => {
                let diagnostic = Diagnostic::error("PB1001", error.to_string())
                    .file(&*self.file)
                    .document(document)
                    .at(line, 1);
                self.unreadable(diagnostic, None);
            }
        }
    }

    fn unreadable(&mut self, diagnostic: Diagnostic, kind: Option<GroupKind>) {
        self.statements.push(Statement::Unreadable(Box::new(diagnostic), kind));
    }

    fn diagnostic(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

impl Dump {
    fn push(&mut self, cluster: usize, statement: Statement) {
        self.statements.push((cluster, statement));
    }
}

impl Sink for Dump {
    type Intake = Part;
    type Cluster = usize;

    fn cluster(&mut self, name: &str) -> usize {
        self.clusters.iter().position(|known| known == name).unwrap_or_else(|| {
            self.clusters.push(name.into());
            self.clusters.len() - 1
        })
    }

    fn add(&mut self, cluster: usize, part: Part) {
        self.objects.extend(part.objects.into_iter().map(|object| (cluster, object)));
        self.statements.extend(part.statements.into_iter().map(|statement| (cluster, statement)));
        self.diagnostics.extend(part.diagnostics);
    }

    fn taken_at(&mut self, cluster: usize, time: &str) -> Result<(), String> {
        probate_core::time::parse(time).ok_or_else(|| format!("`{time}` is no RFC 3339 time"))?;
        self.push(cluster, Statement::TakenAt(time.into()));
        Ok(())
    }

    fn uid(&mut self, cluster: usize, uid: &str) {
        self.push(cluster, Statement::Uid(uid.into()));
    }

    fn complete(&mut self, cluster: usize, kind: &str, namespace: &str) {
        self.push(cluster, Statement::Complete(kind.into(), namespace.into()));
    }

    fn incomplete(&mut self, cluster: usize, kind: &str, namespace: &str, reason: Reason) {
        self.push(cluster, Statement::Incomplete(kind.into(), namespace.into(), reason));
    }

    fn lift(&mut self, cluster: usize, kind: &str, namespace: &str) {
        self.push(cluster, Statement::Lift(kind.into(), namespace.into()));
    }

    fn absent(&mut self, cluster: usize, kind: &str) {
        self.push(cluster, Statement::Absent(kind.into()));
    }

    fn discovered(&mut self, cluster: usize, kinds: &[GroupKind]) {
        self.push(cluster, Statement::Discovered(kinds.to_vec()));
    }
}
