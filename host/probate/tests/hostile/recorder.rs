//! A sink that writes down what it is told.

use probate_cli::load::{Intake, Sink, kind_name};
use probate_contract::Diagnostic;
use probate_contract::dump::Reason;
use probate_core::intake::{GroupKind, Interest};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Objects and messages of a part of a file.
#[derive(Debug, Default)]
pub(crate) struct Part {
    file: Arc<str>,
    objects: Vec<Object>,
    unreadable: Vec<(Diagnostic, Option<GroupKind>)>,
    diagnostics: Vec<Diagnostic>,
}

/// One object as it was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) json: String,
    pub(crate) file: String,
    pub(crate) document: u64,
    pub(crate) line: u64,
}

impl Intake for Part {
    fn of(file: Arc<str>) -> Self {
        Self { file, ..Self::default() }
    }

    fn interest(api_version: &str, kind: &str) -> Interest {
        probate_core::intake::interest(api_version, kind)
    }

    fn object(&mut self, json: &[u8], document: u64, line: u64) {
        let value: serde_json::Value = serde_json::from_slice(json).unwrap();
        let text = |path: &str| value.pointer(path).and_then(|v| v.as_str()).unwrap_or("-").to_string();
        let id = format!("{}/{}/{}", text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
        let json = String::from_utf8(json.to_vec()).unwrap();
        self.objects.push(Object { id, json, file: self.file.to_string(), document, line });
    }

    fn unreadable(&mut self, diagnostic: Diagnostic, kind: Option<GroupKind>) {
        self.unreadable.push((diagnostic, kind));
    }

    fn diagnostic(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// All that was told, in order.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    clusters: Vec<String>,
    pub(crate) objects: Vec<Object>,
    /// `CLUSTER`, diagnostic, kind or `*`.
    pub(crate) unreadable: Vec<(String, Diagnostic, String)>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// `complete KIND/NS@CLUSTER` and the like.
    pub(crate) statements: BTreeSet<String>,
}

impl Recorder {
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.objects.iter().map(|object| object.id.as_str()).collect()
    }

    pub(crate) fn codes(&self) -> Vec<&str> {
        let unreadable = self.unreadable.iter().map(|(_, diagnostic, _)| diagnostic.code.as_str());
        unreadable.chain(self.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str())).collect()
    }

    fn state(&mut self, cluster: usize, statement: String) {
        let name = self.clusters[cluster].clone();
        self.statements.insert(format!("{statement}@{name}"));
    }
}

impl Sink for Recorder {
    type Intake = Part;
    type Cluster = usize;

    fn cluster(&mut self, name: &str) -> usize {
        if let Some(at) = self.clusters.iter().position(|known| known == name) {
            return at;
        }
        self.clusters.push(name.into());
        self.clusters.len() - 1
    }

    fn add(&mut self, cluster: usize, part: Part) {
        self.objects.extend(part.objects);
        self.diagnostics.extend(part.diagnostics);
        let name = self.clusters[cluster].clone();
        for (diagnostic, kind) in part.unreadable {
            let kind = kind.map_or("*".into(), |kind| kind_name(&kind));
            self.unreadable.push((name.clone(), diagnostic, kind));
        }
    }

    fn taken_at(&mut self, cluster: usize, time: &str) -> Result<(), String> {
        self.state(cluster, format!("taken {time}"));
        Ok(())
    }

    fn uid(&mut self, cluster: usize, uid: &str) {
        self.state(cluster, format!("uid {uid}"));
    }

    fn complete(&mut self, cluster: usize, kind: &str, namespace: &str) {
        self.state(cluster, format!("complete {kind}/{namespace}"));
    }

    fn incomplete(&mut self, cluster: usize, kind: &str, namespace: &str, reason: Reason) {
        self.state(cluster, format!("incomplete {kind}/{namespace} {reason:?}"));
    }

    fn lift(&mut self, cluster: usize, kind: &str, namespace: &str) {
        self.state(cluster, format!("lift {kind}/{namespace}"));
    }

    fn absent(&mut self, cluster: usize, kind: &str) {
        self.state(cluster, format!("absent {kind}"));
    }

    fn discovered(&mut self, cluster: usize, kinds: &[GroupKind]) {
        self.state(cluster, format!("discovered {}", kinds.len()));
    }
}
