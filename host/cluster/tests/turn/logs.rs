//! Decision logs of tests, with the policies that decided: `PROBATE_LOGS` names the folder, and `cargo xtask logs` decides them again.

use probate_cluster::apply::Effect;
use probate_cluster::controller::Journal as _;
use probate_cluster::controller::journal::Writer;
use probate_cluster::controller::policies::Bench;
use probate_contract::log::LogEngine;
use probate_contract::plan::PlanReport;
use probate_core::inventory::Inventory;
use probate_core::pipeline;
use probate_core::policy::PolicySet;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

static FOLDERS: AtomicU64 = AtomicU64::new(0);

/// The log of one loop: a folder for as long as no policy is changed.
pub(crate) struct Kept {
    root: PathBuf,
    current: Mutex<Option<Part>>,
}

struct Part {
    folder: PathBuf,
    policies: BTreeMap<String, String>,
    writer: Writer,
}

impl Part {
    fn begin(root: &Path) -> Self {
        let nth = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = root.join(format!("{}-{nth:04}", std::process::id()));
        fs::create_dir_all(folder.join("policies")).unwrap();
        let log = fs::File::create(folder.join("log.jsonl")).unwrap();
        let engine = LogEngine { probate: env!("CARGO_PKG_VERSION").into(), rego_guest: "a closure".into() };
        let writer = Writer::start("rig", engine, vec![("PROBATE_LOGS", Box::new(log))]);
        Self { folder, policies: BTreeMap::new(), writer }
    }

    fn knows_otherwise(&self, policies: &BTreeMap<String, String>) -> bool {
        policies.iter().any(|(id, text)| self.policies.get(id).is_some_and(|known| known != text))
    }

    fn learn(&mut self, policies: BTreeMap<String, String>) {
        for (id, text) in policies {
            if self.policies.get(&id) != Some(&text) {
                let name = id.replace('/', "-");
                fs::write(self.folder.join("policies").join(format!("{name}.yaml")), &text).unwrap();
                self.policies.insert(id, text);
            }
        }
    }
}

impl Kept {
    /// Where `PROBATE_LOGS` says so.
    pub(crate) fn wanted() -> Option<Self> {
        let root = PathBuf::from(std::env::var_os("PROBATE_LOGS")?);
        Some(Self { root, current: Mutex::default() })
    }

    pub(crate) fn decided(
        &self,
        inventory: &Inventory,
        bench: &dyn Bench,
        options: &pipeline::Options,
        report: &PlanReport,
    ) {
        let Some(policies) = manifests(bench.set()) else { return };
        let mut current = self.current.lock().unwrap();
        if current.as_ref().is_none_or(|part| part.knows_otherwise(&policies)) {
            *current = Some(Part::begin(&self.root));
        }
        if let Some(part) = current.as_mut() {
            part.learn(policies);
            part.writer.decided(inventory, bench, options, report);
        }
    }

    pub(crate) fn effect(&self, effect: &Effect) {
        if let Some(part) = self.current.lock().unwrap().as_ref() {
            part.writer.effect(effect);
        }
    }
}

/// Manifests by id; none where a program could not be had, which no manifest tells.
fn manifests(set: &PolicySet) -> Option<BTreeMap<String, String>> {
    let all = set.iter().map(|policy| {
        policy.program.as_ref().ok()?;
        let manifest = probate_contract::manifest::Policy { status: None, ..policy.manifest.clone() };
        Some((policy.id(), serde_json::to_string_pretty(&manifest).unwrap()))
    });
    all.collect()
}
