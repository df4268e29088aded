//! The controller's decision log: lines to wherever they are wanted.

use super::Journal;
use super::policies::Bench;
use crate::apply::Effect;
use crate::observe::watch::now;
use probate_contract::API_VERSION;
use probate_contract::common::Identity;
use probate_contract::log::{EffectRecord, LogEngine, LoggedRequest, LoggedStatus};
use probate_contract::plan::{Entry, PlanReport, Revision};
use probate_core::inventory::Inventory;
use probate_core::log::{Chain, Head, Journal as Lines};
use probate_core::protocol::{Request, Target};
use probate_core::{digest, pipeline, time};
use std::collections::HashSet;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Chains that this process began.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// Where lines go; what it is, for whoever reads that it cannot be written.
pub type Out = (&'static str, Box<dyn Write + Send>);

/// One chain, from the start of the process.
pub struct Writer {
    name: String,
    engine: LogEngine,
    inner: Mutex<Inner>,
}

struct Inner {
    lines: Lines,
    outs: Vec<Out>,
}

impl Writer {
    /// Begins a chain of this cluster's decisions, which `engine` makes.
    pub fn start(cluster: &str, engine: LogEngine, outs: Vec<Out>) -> Self {
        let nth = BEGUN.fetch_add(1, Ordering::Relaxed);
        let began = format!("{cluster}/{}/{}/{nth}", std::process::id(), now());
        let chain = format!("c-{}", digest::short(&[&began]));
        let lines = Lines::new(Chain::start(chain, engine.clone(), None));
        Self { name: cluster.to_owned(), engine, inner: Mutex::new(Inner { lines, outs }) }
    }
}

impl Inner {
    fn put(&mut self, lines: &[String]) {
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        for (what, out) in &mut self.outs {
            // A log that cannot be written is told on standard error, and nothing is held up for it.
            if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                tracing::error!(%error, out = *what, "the decision log cannot be written");
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
        inner.lines = Lines::new(Chain::start(chain, self.engine.clone(), after));
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
