//! The controller's decision log: lines on standard output, and in a file where one is named.

use crate::session;
use probate_cluster::apply::Effect;
use probate_cluster::controller::Journal;
use probate_cluster::controller::policies::Bench;
use probate_cluster::observe::watch::now;
use probate_contract::API_VERSION;
use probate_contract::common::Identity;
use probate_contract::log::{EffectRecord, LogEngine, LoggedRequest, LoggedStatus};
use probate_contract::plan::{Entry, PlanReport, Revision};
use probate_core::inventory::Inventory;
use probate_core::log::{Chain, Head, Journal as Lines};
use probate_core::protocol::{Request, Target};
use probate_core::{digest, pipeline, time};
use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// One chain, from the start of the process.
pub struct Writer {
    name: String,
    inner: Mutex<Inner>,
}

struct Inner {
    lines: Lines,
    file: Option<File>,
}

impl Writer {
    /// Begins a chain.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn start(cluster: &str, file: Option<&Path>) -> std::io::Result<Self> {
        let began = format!("{cluster}/{}/{}", std::process::id(), now());
        let chain = format!("c-{}", digest::short(&[&began]));
        let file = file.map(|path| File::options().create(true).append(true).open(path)).transpose()?;
        let lines = Lines::new(Chain::start(chain, session::log_engine(), None));
        Ok(Self { name: cluster.to_owned(), inner: Mutex::new(Inner { lines, file }) })
    }
}

impl Inner {
    fn put(&mut self, lines: &[String]) {
        let mut out = std::io::stdout().lock();
        for line in lines {
            // A log that cannot be written is told on standard error, and nothing is held up for it.
            if let Err(error) = writeln!(out, "{line}") {
                tracing::error!(%error, "the decision log cannot be written");
            }
            if let Some(file) = &mut self.file
                && let Err(error) = writeln!(file, "{line}")
            {
                tracing::error!(%error, "the decision log's file cannot be written");
            }
        }
    }
}

impl Journal for Writer {
    fn decided(
        &self,
        inventory: &Inventory,
        bench: &dyn Bench,
        options: &pipeline::Options,
        report: &PlanReport,
    ) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let changed: Vec<&Entry> =
            report.entries.iter().filter(|entry| inner.lines.changed(entry, &[])).collect();
        let records = pipeline::logged(inventory, bench.set(), options, &changed);
        let lines = inner.lines.decisions(&records);
        inner.put(&lines);
        let there: HashSet<&str> =
            report.entries.iter().filter_map(|entry| entry.subject.identity.uid.as_deref()).collect();
        let asked = |uid: &str| options.only.as_ref().is_none_or(|only| only.contains(uid));
        inner.lines.keep(|_, _, uid| !asked(uid) || there.contains(uid));
    }

    fn effect(&self, effect: &Effect) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let line = inner.lines.effect(&self.record(effect));
        inner.put(&[line]);
    }

    fn begin(&self, after: Option<&Head>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = inner.lines.head().chain.clone();
        inner.lines = Lines::new(Chain::start(chain, session::log_engine(), after));
    }

    fn head(&self) -> Option<Head> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        Some(inner.lines.head().clone()).filter(|head| head.sequence > 0)
    }
}

impl Writer {
    fn record(&self, effect: &Effect) -> EffectRecord {
        let (kind, namespace, name) = match &effect.write.target {
            Target::Claim { namespace, name } => {
                ("PersistentVolumeClaim", Some(namespace.clone()), name.clone())
            }
            Target::Volume { name } => ("PersistentVolume", None, name.clone()),
        };
        let identity = Identity {
            cluster: Some(self.name.clone()),
            group: None,
            kind: kind.into(),
            namespace,
            name,
            uid: Some(effect.answer.uid.clone()).filter(|uid| !uid.is_empty()),
        };
        let target = Revision { identity: identity.clone(), resource_version: None };
        let (verb, version) = match &effect.write.request {
            Request::Patch { .. } | Request::ReclaimDelete { .. } => ("Patch", None),
            Request::Delete { resource_version, .. } => ("Delete", Some(resource_version.clone())),
            Request::Create { .. } => ("Create", None),
        };
        let precondition = version.map(|version| Revision { identity, resource_version: Some(version) });
        EffectRecord {
            api_version: API_VERSION.into(),
            kind: "EffectRecord".into(),
            chain: String::new(),
            sequence: 0,
            at: time::format(now()),
            subject: target.clone(),
            decision: effect.decision.clone(),
            step: effect.write.step.name().into(),
            request: LoggedRequest {
                verb: verb.into(),
                target: Some(target),
                preconditions: precondition.into_iter().collect(),
                dry_run: effect.write.dry_run(),
            },
            outcome: effect.answer.outcome,
            status: LoggedStatus {
                code: (effect.status > 0).then_some(effect.status),
                reason: effect.write.intended.name().into(),
                message: effect.answer.message.clone(),
            },
            engine: LogEngine::default(),
            previous: String::new(),
            hash: String::new(),
        }
    }
}
