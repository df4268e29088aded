//! The pipeline: the only function that calls the stages, in order.

use crate::decide::Case;
use crate::evaluate::{self, Confirm, Vote};
use crate::evidence::{Statements, SubjectId, View};
use crate::inventory::{ClusterData, Inventory, ObjectId};
use crate::log;
use crate::plan::{self, Decided};
use crate::policy::PolicySet;
use crate::port::Sandbox;
use probate_contract::common::Identity;
use probate_contract::evidence::Trigger;
use probate_contract::log::DecisionRecord;
use probate_contract::plan::{AsOfSource, DecisionAction, Entry, PlanReport, Revision, Vote as Voted};
use probate_contract::settings::SettingsSpec;

/// Which subjects are shown and summed; never which evidence counts.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Namespaces of claims, for volumes of their claimRef; empty for all.
    pub namespaces: Vec<String>,
    /// Labels of the subject.
    pub labels: Option<probate_contract::manifest::Selector>,
}

/// How to decide.
#[derive(Clone, Debug)]
pub struct Options {
    /// Settings of the installation.
    pub settings: SettingsSpec,
    /// `--unused-since`, in seconds since 1970.
    pub unused_since: Option<i64>,
    /// Why subjects are looked at; `Scan` unless said.
    pub trigger: Option<Trigger>,
    /// What is shown.
    pub shown: Shown,
    /// Where the inventory's time comes from.
    pub as_of_source: AsOfSource,
    /// Threads for evidence and plan.
    pub threads: usize,
    /// Without the report's digest, which `plan::digest_of` gives whoever needs it.
    pub undigested: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settings: SettingsSpec::default(),
            unused_since: None,
            trigger: None,
            shown: Shown::default(),
            as_of_source: AsOfSource::Inventory,
            threads: 1,
            undigested: false,
        }
    }
}

impl Options {
    pub(crate) fn statements(&self) -> Statements {
        Statements {
            unused_since: self.unused_since,
            maximum_gap_seconds: self.settings.maximum_gap_seconds,
            trigger: self.trigger.clone(),
        }
    }
}

/// Decides about every claim and volume of the inventory.
pub fn decide(
    inventory: &Inventory,
    policies: &PolicySet,
    sandbox: &dyn Sandbox,
    options: &Options,
) -> PlanReport {
    let statements = options.statements();
    let subjects: Vec<SubjectId> =
        inventory.subjects().into_iter().filter(|id| shown(inventory, *id, &options.shown)).collect();
    let mut votes = evaluate::evaluate(inventory, policies, sandbox, &statements, &subjects, options.threads);
    let stage = Stage { inventory, policies, options, statements: &statements };
    let first = stage.entries(&subjects, &votes);
    let refuted = stage.refuted(sandbox, &subjects, &votes, &first);
    let entries = if refuted.is_empty() {
        first
    } else {
        for (subject, policy, cause) in refuted {
            let vote =
                votes.get_mut(subject).and_then(|votes| votes.iter_mut().find(|vote| vote.policy == policy));
            if let Some(vote) = vote {
                evaluate::refuted(vote, cause);
            }
        }
        stage.entries(&subjects, &votes)
    };
    plan::report(inventory, policies, options, entries)
}

/// The records of these entries, which were decided from this inventory: each with the facts, rails and settings that it was made
/// of. They have no place in a chain yet; entries of what is not in the inventory have none.
pub fn logged(
    inventory: &Inventory,
    policies: &PolicySet,
    options: &Options,
    entries: &[&Entry],
) -> Vec<DecisionRecord> {
    let statements = options.statements();
    let one = |entry: &&Entry| {
        let view = View::new(inventory, &statements, subject(inventory, entry)?)?;
        let (facts, rails) = view.facts();
        Some(log::record(policies, &options.settings, entry, &facts, &rails))
    };
    evaluate::in_parallel(entries, options.threads, one).into_iter().flatten().collect()
}

/// Where an entry's subject stands in the inventory.
fn subject(inventory: &Inventory, entry: &Entry) -> Option<SubjectId> {
    let identity = &entry.subject.identity;
    let named = |cluster: &ClusterData| identity.cluster.as_deref() == Some(&*cluster.name);
    let clusters = inventory.clusters.iter().enumerate().filter(|(_, cluster)| named(cluster));
    let mut found = clusters.filter_map(|(at, cluster)| {
        let (id, object) = match identity.kind.as_str() {
            "PersistentVolumeClaim" => {
                let claim = cluster.claim(identity.namespace.as_deref()?, &identity.name)?;
                (SubjectId::Claim(at, claim), cluster.claims.get(claim)?.object)
            }
            _ => {
                let volume = cluster.volume(&identity.name)?;
                (SubjectId::Volume(at, volume), cluster.volumes.get(volume)?.object)
            }
        };
        let uid = &cluster.object(object)?.head.uid;
        (identity.uid.as_deref() == Some(&**uid)).then_some(id)
    });
    found.next()
}

struct Stage<'a> {
    inventory: &'a Inventory,
    policies: &'a PolicySet,
    options: &'a Options,
    statements: &'a Statements,
}

impl Stage<'_> {
    fn entries(&self, subjects: &[SubjectId], votes: &[Vec<Vote>]) -> Vec<Decided> {
        let items: Vec<(&SubjectId, &Vec<Vote>)> = subjects.iter().zip(votes).collect();
        let decided =
            evaluate::in_parallel(&items, self.options.threads, |(id, votes)| self.entry(**id, votes));
        decided.into_iter().flatten().collect()
    }

    fn entry(&self, id: SubjectId, votes: &[Vote]) -> Option<Decided> {
        let view = View::new(self.inventory, self.statements, id)?;
        let (facts, rails) = view.facts();
        let head = view.cluster.object(view.object).map(|object| &object.head);
        let counterpart = match id {
            SubjectId::Claim(..) => view.volume.get().map(|(id, _)| (*id, "PersistentVolume")),
            SubjectId::Volume(..) => view.claim.get().map(|(id, _)| (*id, "PersistentVolumeClaim")),
        };
        let case = Case {
            policies: self.policies,
            settings: &self.options.settings,
            now: self.inventory.now,
            facts: &facts,
            rails: &rails,
            votes,
            cleared: None,
            resource_version: head
                .map(|head| head.resource_version.to_string())
                .filter(|version| !version.is_empty()),
            preconditions: counterpart
                .and_then(|(id, kind)| revision(view.cluster, id, kind))
                .into_iter()
                .collect(),
        };
        let claim = match id {
            SubjectId::Claim(..) => None,
            SubjectId::Volume(..) => counterpart
                .and_then(|(id, kind)| revision(view.cluster, id, kind))
                .map(|claim| Identity { cluster: Some(view.cluster.name.to_string()), ..claim.identity }),
        };
        let mut entry = case.entry();
        let gaps = plan::gaps_of(&facts, &entry.missing);
        let class = view.class_name().map(str::to_owned);
        let namespace = view.namespace().map(str::to_owned);
        entry.storage_class = class.clone();
        if matches!(id, SubjectId::Volume(..)) {
            entry.claim_namespace = namespace.clone();
        }
        Some(Decided { entry, claim, gaps, class, namespace })
    }

    /// Asks every delete that would stand again; gives those that do not hold.
    fn refuted(
        &self,
        sandbox: &dyn Sandbox,
        subjects: &[SubjectId],
        votes: &[Vec<Vote>],
        decided: &[Decided],
    ) -> Vec<(usize, usize, probate_contract::Cause)> {
        let stands = |decided: &Decided| {
            decided.entry.decision.action == DecisionAction::Delete || decided.entry.candidate
        };
        let standing =
            subjects.iter().zip(votes).zip(decided).enumerate().filter(|(_, (_, decided))| stands(decided));
        let deletes: Vec<(usize, SubjectId, usize)> = standing
            .flat_map(|(at, ((id, votes), _))| {
                let deleting = votes.iter().filter(|vote| vote.verdict.action == Voted::Delete);
                deleting.map(move |vote| (at, *id, vote.policy))
            })
            .collect();
        let expected = |delete: &Confirm| {
            let vote = votes.get(delete.subject)?.iter().find(|vote| vote.policy == delete.policy)?;
            Some(vote.verdict.clone())
        };
        // Whole documents are large: so many at a time.
        let batch = |deletes: &[(usize, SubjectId, usize)]| {
            let documents = evaluate::in_parallel(deletes, self.options.threads, |(at, id, policy)| {
                let (facts, _) = evaluate::look(self.inventory, self.statements, *id)?;
                evaluate::confirmation(self.policies, &facts, *at, *policy)
            });
            let documents: Vec<Confirm> = documents.into_iter().flatten().collect();
            evaluate::confirm(sandbox, self.policies, &documents, expected)
        };
        deletes.chunks(CONFIRMED_AT_ONCE).flat_map(batch).collect()
    }
}

/// A multiple of the chunk, so that sessions are cut at the same places whatever the machine.
const CONFIRMED_AT_ONCE: usize = 16 * evaluate::CHUNK;

fn revision(cluster: &ClusterData, id: ObjectId, kind: &str) -> Option<Revision> {
    let head = &cluster.object(id)?.head;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(Revision {
        identity: Identity {
            cluster: None,
            group: None,
            kind: kind.into(),
            namespace: text(&head.namespace),
            name: head.name.to_string(),
            uid: text(&head.uid),
        },
        resource_version: text(&head.resource_version),
    })
}

fn shown(inventory: &Inventory, id: SubjectId, shown: &Shown) -> bool {
    let (SubjectId::Claim(cluster, at) | SubjectId::Volume(cluster, at)) = id;
    let Some(data) = inventory.clusters.get(cluster) else { return false };
    let (namespace, labels) = match id {
        SubjectId::Claim(..) => {
            let claim = data.claims.get(at);
            let object = claim.and_then(|claim| data.object(claim.object));
            (object.map(|object| &*object.head.namespace), claim.map(|claim| &claim.data.subject.labels))
        }
        SubjectId::Volume(..) => {
            let volume = data.volumes.get(at);
            let claim = volume.and_then(|volume| volume.data.claim.as_ref());
            (claim.map(|claim| &*claim.namespace), volume.map(|volume| &volume.data.subject.labels))
        }
    };
    let named = shown.namespaces.is_empty()
        || namespace.is_some_and(|namespace| shown.namespaces.iter().any(|shown| shown == namespace));
    named
        && shown
            .labels
            .as_ref()
            .is_none_or(|selector| labels.is_some_and(|labels| crate::select::holds(selector, labels)))
}

/// The entries of a plan by cluster, kind, namespace and name.
pub fn find<'a>(
    plan: &'a PlanReport,
    cluster: Option<&str>,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
) -> Vec<&'a Entry> {
    let hit = |entry: &&Entry| {
        let identity = &entry.subject.identity;
        cluster.is_none_or(|cluster| identity.cluster.as_deref() == Some(cluster))
            && identity.kind == kind
            && identity.namespace.as_deref() == namespace
            && identity.name == name
    };
    plan.entries.iter().filter(hit).collect()
}
