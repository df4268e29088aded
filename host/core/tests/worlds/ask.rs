//! The core, asked with a policy that wants everything gone: only what the host itself holds is held.

use probate_contract::evidence::Open;
use probate_contract::manifest::{Consent, Policy as Manifest};
use probate_contract::plan::{DecisionAction, Entry};
use probate_contract::verdict::{Action, Verdict};
use probate_core::inventory::Inventory;
use probate_core::pipeline::{self, Options};
use probate_core::policy::{Policy, PolicySet, Program};
use probate_core::port::{Answer, Chunk, Sandbox};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Every consent there is.
pub(crate) const CONSENTS: [Consent; 4] =
    [Consent::ScaledDownOrdinal, Consent::DependentSnapshots, Consent::GitOpsTracked, Consent::NamespaceGone];

/// What the policy gives away.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) consents: Vec<Consent>,
    /// Volumes that a layer retains go too.
    pub(crate) retained: bool,
}

impl Given {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self { consents: CONSENTS.to_vec(), retained: true }
    }

    /// Nothing.
    pub(crate) fn none() -> Self {
        Self { consents: Vec::new(), retained: false }
    }

    /// One consent alone.
    pub(crate) fn one(consent: Consent) -> Self {
        Self { consents: vec![consent], retained: true }
    }
}

/// Wants everything gone.
pub(crate) struct Deleting;

impl Sandbox for Deleting {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        let delete = || Ok(Verdict { action: Action::Delete, reason: "always".into(), ..Verdict::default() });
        chunks.iter().map(|chunk| chunk.inputs.iter().map(|_| delete()).collect()).collect()
    }
}

/// A policy set for each thing given, made once.
pub(crate) fn policies(given: &Given) -> Rc<PolicySet> {
    thread_local! { static MADE: RefCell<Vec<(Given, Rc<PolicySet>)>> = const { RefCell::new(Vec::new()) }; }
    MADE.with_borrow_mut(|made| {
        if let Some((_, set)) = made.iter().find(|(of, _)| of == given) {
            return Rc::clone(set);
        }
        let set = Rc::new(policies_for(given));
        made.push((given.clone(), Rc::clone(&set)));
        set
    })
}

fn policies_for(given: &Given) -> PolicySet {
    let retained = if given.retained { "DeleteObjectAndAsset" } else { "Keep" };
    let manifest = json!({
        "apiVersion": "probate.dev/v1alpha1", "kind": "ClusterRetentionPolicy", "metadata": {"name": "all"},
        "spec": {"program": {"rego": {"inline": "-"}}, "consents": given.consents, "deletion": {"retainedVolumes": retained}},
    });
    PolicySet::new(vec![policy(manifest)])
}

/// The policy of that manifest.
pub(crate) fn policy(manifest: Value) -> Policy {
    let manifest: Manifest = serde_json::from_value(manifest).unwrap();
    let program = Program { reads: Vec::new(), paths: Default::default(), parameters: Open::default() };
    Policy { manifest, program_digest: "sha256:0".into(), program: Ok(program) }
}

/// A claim or volume, as worlds name it: cluster, kind, namespace, name.
pub(crate) type Key = (String, String, String, String);

/// The plan's entries about that inventory.
pub(crate) fn entries(inventory: &Inventory, given: &Given) -> Vec<Entry> {
    pipeline::decide(inventory, &policies(given), &Deleting, &Options::default()).entries
}

/// What the core would let go.
pub(crate) fn deleted(inventory: &Inventory, given: &Given) -> BTreeSet<Key> {
    let gone = |entry: &&Entry| entry.decision.action == DecisionAction::Delete;
    entries(inventory, given).iter().filter(gone).map(key).collect()
}

/// How worlds name an entry's subject.
pub(crate) fn key(entry: &Entry) -> Key {
    let identity = &entry.subject.identity;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    (text(&identity.cluster), identity.kind.clone(), text(&identity.namespace), identity.name.clone())
}
