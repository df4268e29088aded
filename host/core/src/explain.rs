//! Explain: everything about one subject, and which single change would turn the decision.

use crate::decide::Case;
use crate::evaluate::{self, Vote};
use crate::evidence::{Rails, SubjectId, View, observed};
use crate::facts::{FactSet, Facts};
use crate::flip::{self, Edit, wait};
use crate::inventory::Inventory;
use crate::pipeline::{self, Options};
use crate::platforms;
use crate::policy::PolicySet;
use crate::port::Sandbox;
use crate::time;
use probate_contract::Evidence;
use probate_contract::common::Identity;
use probate_contract::evidence::{Open, Reference};
use probate_contract::plan::{DecisionAction, Entry, Missing, PlanReport};
use probate_contract::shape;

/// One subject, explained.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Its entry of the plan.
    pub entry: Entry,
    /// The whole evidence, as far as it is known; parameters are the first policy's.
    pub evidence: Evidence,
    /// Everything that is unknown.
    pub unknown: Vec<Missing>,
    /// The platforms' own rules, in their words.
    pub platform: Vec<String>,
    /// References that are proven, also where the list is not whole.
    pub references: Vec<Reference>,
    /// The document that each policy was asked about, by its index in the set.
    pub asked: Vec<(usize, String)>,
    /// Single changes that turn the decision.
    pub flips: Vec<Flip>,
    /// How many changes were tried.
    pub tried: usize,
}

/// A single change that turns the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The change.
    pub change: String,
    /// What is decided then.
    pub action: DecisionAction,
}

/// Names a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Cluster, where there are several.
    pub cluster: Option<String>,
    /// Namespace of a claim; a volume has none.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

/// `CLUSTER:` before the path of an object. A cluster may have a colon in its name, as `vcluster:NAME` has, and so may an object;
/// what stands between the cluster and the object is a kind and a slash.
pub fn split_cluster(text: &str) -> (Option<&str>, &str) {
    match text.rsplit_once(':').filter(|(_, path)| path.contains('/')) {
        Some((cluster, path)) => (Some(cluster), path),
        None => (None, text),
    }
}

impl Named {
    /// Reads `[CLUSTER:]pvc/NAMESPACE/NAME` or `[CLUSTER:]pv/NAME`.
    pub fn parse(text: &str) -> Option<Self> {
        let (cluster, path) = split_cluster(text);
        let cluster = cluster.map(str::to_owned);
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["pvc" | "persistentvolumeclaim" | "PersistentVolumeClaim", namespace, name]
                if !namespace.is_empty() && !name.is_empty() =>
            {
                Some(Self { cluster, namespace: Some((*namespace).into()), name: (*name).into() })
            }
            ["pv" | "persistentvolume" | "PersistentVolume", name] if !name.is_empty() => {
                Some(Self { cluster, namespace: None, name: (*name).into() })
            }
            _ => None,
        }
    }
}

/// The subjects of that name.
pub(crate) fn hits(inventory: &Inventory, named: &Named) -> Vec<SubjectId> {
    let mut hits = Vec::new();
    for (at, cluster) in inventory.clusters.iter().enumerate() {
        if named.cluster.as_deref().is_some_and(|named| named != &*cluster.name) {
            continue;
        }
        hits.extend(match &named.namespace {
            Some(namespace) => cluster.claim(namespace, &named.name).map(|claim| SubjectId::Claim(at, claim)),
            None => cluster.volume(&named.name).map(|volume| SubjectId::Volume(at, volume)),
        });
    }
    hits
}

/// The claim or volume whose name is nearest to one that is not there: of the same kind, or the same name in another place.
pub fn nearest(inventory: &Inventory, named: &Named) -> Option<String> {
    let several = inventory.clusters.len() > 1;
    let mut names: Vec<(String, String)> = Vec::new();
    for cluster in &inventory.clusters {
        let before = if several { format!("{}:", cluster.name) } else { String::new() };
        let claims = cluster.claims.iter().map(|claim| claim.object);
        let volumes = cluster.volumes.iter().map(|volume| volume.object);
        names.extend(claims.chain(volumes).filter_map(|id| cluster.object(id)).map(|object| {
            let head = &object.head;
            let path = match &*head.namespace {
                "" => format!("pv/{}", head.name),
                namespace => format!("pvc/{namespace}/{}", head.name),
            };
            (head.name.to_string(), format!("{before}{path}"))
        }));
    }
    let asked = match (&named.cluster, &named.namespace) {
        (Some(cluster), Some(namespace)) if several => format!("{cluster}:pvc/{namespace}/{}", named.name),
        (Some(cluster), None) if several => format!("{cluster}:pv/{}", named.name),
        (_, Some(namespace)) => format!("pvc/{namespace}/{}", named.name),
        (_, None) => format!("pv/{}", named.name),
    };
    let elsewhere = names.iter().find(|(name, _)| *name == named.name).map(|(_, path)| path.clone());
    elsewhere.or_else(|| shape::nearest(&asked, names.iter().map(|(_, path)| path)))
}

/// The subject's identity.
pub(crate) fn identity(facts: &Facts) -> Identity {
    Identity {
        cluster: Some(facts.cluster_name.clone()),
        group: None,
        kind: facts.subject.kind.clone(),
        namespace: facts.subject.namespace.clone(),
        name: facts.subject.name.clone(),
        uid: Some(facts.subject.uid.clone()),
    }
}

/// Explains every subject of that name; several clusters may have one each.
pub fn explain(
    inventory: &Inventory,
    policies: &PolicySet,
    sandbox: &dyn Sandbox,
    options: &Options,
    named: &Named,
) -> Vec<Explanation> {
    let report = pipeline::decide(inventory, policies, sandbox, options);
    hits(inventory, named)
        .into_iter()
        .filter_map(|id| one(inventory, policies, sandbox, options, &report, id))
        .collect()
}

fn one(
    inventory: &Inventory,
    policies: &PolicySet,
    sandbox: &dyn Sandbox,
    options: &Options,
    report: &PlanReport,
    id: SubjectId,
) -> Option<Explanation> {
    let statements = options.statements();
    let view = View::new(inventory, &statements, id)?;
    let (facts, rails) = view.facts();
    let subject = identity(&facts);
    let entry = report.entries.iter().find(|entry| entry.subject.identity == subject)?.clone();
    let scene = Scene { view: &view, policies, sandbox, options };
    let (flips, tried) =
        if policies.is_empty() { (Vec::new(), 0) } else { scene.flips(&facts, &rails, &entry) };
    let asked = evaluate::asked(policies, &view, &facts);
    let parameters = policies
        .iter()
        .find_map(|policy| policy.program.as_ref().ok())
        .map(|program| program.parameters.clone());
    Some(Explanation {
        evidence: facts.evidence(&parameters.unwrap_or_else(Open::new)),
        unknown: facts.missing(FactSet::all()),
        references: rails.proven.to_vec(),
        platform: platforms::words(&facts),
        tried,
        asked,
        flips,
        entry,
    })
}

/// Decides about edited facts.
struct Scene<'a> {
    view: &'a View<'a>,
    policies: &'a PolicySet,
    sandbox: &'a dyn Sandbox,
    options: &'a Options,
}

impl Scene<'_> {
    /// What turns the decision, time alone first, and how many changes were tried.
    fn flips(&self, facts: &Facts, rails: &Rails, entry: &Entry) -> (Vec<Flip>, usize) {
        let before = entry.decision.action;
        let later = |seconds: &i64| wait::later(facts, rails, *seconds);
        let turn = wait::turn(before, |times| self.decided(&times.iter().map(later).collect::<Vec<_>>()));
        let waited = turn.map(|(seconds, action)| Flip { change: later(&seconds).change, action });
        let edits = flip::edits(facts, rails, &observed(self.view), entry, self.policies);
        let turned = edits.iter().zip(self.decided(&edits)).filter(|(_, action)| *action != before);
        let turned = turned.map(|(edit, action)| Flip { change: edit.change.clone(), action });
        (waited.into_iter().chain(turned).collect(), edits.len() + 1)
    }

    /// What the pipeline decides on each edit.
    fn decided(&self, edits: &[Edit]) -> Vec<DecisionAction> {
        let facts = edits.iter().map(|edit| &edit.facts);
        let votes = evaluate::ask_about(self.view, self.policies, self.sandbox, facts);
        let decided = |(edit, mut votes): (&Edit, Vec<Vote>)| {
            votes.retain(|vote| Some(vote.policy) != edit.without);
            let case = Case {
                policies: self.policies,
                settings: &self.options.settings,
                now: time::parse(&edit.facts.now).unwrap_or_else(|| self.view.now()),
                facts: &edit.facts,
                rails: &edit.rails,
                votes: &votes,
                cleared: edit.cleared,
                resource_version: None,
                preconditions: Vec::new(),
            };
            case.entry().decision.action
        };
        edits.iter().zip(votes).map(decided).collect()
    }
}
