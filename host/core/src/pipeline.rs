//! The pipeline: the only function that calls the stages, in order.

use crate::decide::Case;
use crate::evaluate::{self, Asked, Confirm, Vote};
use crate::evidence::{Rails, Statements, SubjectId, View};
use crate::facts::Facts;
use crate::inventory::{ClusterData, Inventory, ObjectId};
use crate::log;
use crate::plan::{self, Decided};
use crate::policy::PolicySet;
use crate::port::Sandbox;
use crate::select::Scope;
use probate_contract::common::Identity;
use probate_contract::evidence::Trigger;
use probate_contract::log::DecisionRecord;
use probate_contract::plan::{AsOfSource, DecisionAction, Entry, PlanReport, Revision, Vote as Voted};
use probate_contract::settings::SettingsSpec;
use std::collections::BTreeSet;
use std::sync::Arc;

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
    /// Uids of the claims and volumes to decide about; all of them unless said. The report is then theirs alone.
    pub only: Option<Arc<BTreeSet<Box<str>>>>,
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
            only: None,
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
    let mut subjects = inventory.subjects();
    if let Some(only) = &options.only {
        subjects.retain(|id| inventory.uid_of(*id).is_some_and(|uid| only.contains(uid)));
    }
    let stage = Stage { inventory, policies, options, statements: &statements };
    let mut asked = Asked::new(policies, sandbox);
    let (mut decided, mut standing) = (Vec::with_capacity(subjects.len()), Vec::new());
    for block in subjects.chunks(AT_ONCE) {
        stage.decide(block, &mut asked, &mut decided, &mut standing);
        if standing.len() >= AT_ONCE {
            stage.confirm(sandbox, std::mem::take(&mut standing), &mut decided);
        }
    }
    stage.confirm(sandbox, standing, &mut decided);
    plan::report(inventory, policies, options, decided)
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

/// A subject with all that is decided from.
struct Looked<'a> {
    view: View<'a>,
    /// Kilobytes, which are handed on several times.
    facts: Box<Facts>,
    rails: Box<Rails>,
}

/// A delete that stands, until it was confirmed.
struct Standing {
    /// Where its entry is.
    at: usize,
    id: SubjectId,
    votes: Vec<Vote>,
    documents: Vec<Confirm>,
}

impl<'a> Stage<'a> {
    /// Decides about some of the subjects: all that is known of one is looked up once.
    fn decide(
        &self,
        subjects: &[SubjectId],
        asked: &mut Asked<'_>,
        decided: &mut Vec<Decided>,
        standing: &mut Vec<Standing>,
    ) {
        let threads = self.options.threads;
        let look = |id: &SubjectId| {
            let looked = self.look(*id)?;
            let questions = evaluate::questions(self.policies, &Scope::of(&looked.view), &looked.facts);
            Some((looked, questions))
        };
        let (looked, questions): (Vec<_>, Vec<_>) =
            evaluate::in_parallel(subjects, threads, look).into_iter().flatten().unzip();
        let votes = asked.votes(questions);
        let first = decided.len();
        let items: Vec<(usize, (Looked<'_>, Vec<Vote>))> =
            (first..).zip(looked.into_iter().zip(votes)).collect();
        let entries = evaluate::in_parallel(&items, threads, |(at, (looked, votes))| {
            let decided = self.entry(looked, votes);
            let standing = self.standing(&decided, *at, looked, votes);
            (decided, standing)
        });
        for (entry, stands) in entries {
            decided.push(entry);
            standing.extend(stands);
        }
    }

    fn look(&self, id: SubjectId) -> Option<Looked<'a>> {
        let view = View::new(self.inventory, self.statements, id)?;
        let (facts, rails) = view.facts();
        Some(Looked { view, facts: Box::new(facts), rails: Box::new(rails) })
    }

    fn standing(
        &self,
        decided: &Decided,
        at: usize,
        looked: &Looked<'_>,
        votes: &[Vote],
    ) -> Option<Standing> {
        let stands = decided.entry.decision.action == DecisionAction::Delete || decided.entry.candidate;
        stands.then(|| {
            let deleting = votes.iter().filter(|vote| vote.verdict.action == Voted::Delete);
            let document = |vote| evaluate::confirmation(self.policies, &looked.facts, at, vote);
            Standing {
                at,
                id: looked.view.id,
                votes: votes.to_vec(),
                documents: deleting.filter_map(document).collect(),
            }
        })
    }

    /// Asks every delete that would stand again; what does not hold is decided anew.
    fn confirm(&self, sandbox: &dyn Sandbox, mut standing: Vec<Standing>, decided: &mut [Decided]) {
        let documents: Vec<Confirm> =
            standing.iter_mut().flat_map(|stands| std::mem::take(&mut stands.documents)).collect();
        let refuted = evaluate::confirm(sandbox, self.policies, &documents);
        for stands in &mut standing {
            let own: Vec<_> = refuted.iter().filter(|(at, ..)| *at == stands.at).collect();
            if own.is_empty() {
                continue;
            }
            for vote in &mut stands.votes {
                if let Some((_, _, cause)) = own.iter().find(|(_, policy, _)| *policy == vote.policy) {
                    evaluate::refuted(vote, *cause);
                }
            }
            if let Some((looked, entry)) = self.look(stands.id).zip(decided.get_mut(stands.at)) {
                *entry = self.entry(&looked, &stands.votes);
            }
        }
    }

    fn entry(&self, looked: &Looked<'_>, votes: &[Vote]) -> Decided {
        let Looked { view, facts, rails } = looked;
        let id = view.id;
        let head = view.cluster.object(view.object).map(|object| &object.head);
        let counterpart = match id {
            SubjectId::Claim(..) => view.volume.get().map(|(id, _)| (*id, "PersistentVolume")),
            SubjectId::Volume(..) => view.claim.get().map(|(id, _)| (*id, "PersistentVolumeClaim")),
        };
        let case = Case {
            policies: self.policies,
            settings: &self.options.settings,
            now: self.inventory.now,
            facts,
            rails,
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
        let gaps = plan::gaps_of(facts, &entry.missing);
        entry.storage_class = view.class_name().map(str::to_owned);
        if matches!(id, SubjectId::Volume(..)) {
            entry.claim_namespace = view.namespace().map(str::to_owned);
        }
        let shown = shown(self.inventory, id, &self.options.shown);
        Decided { entry, claim: claim.map(Box::new), gaps, shown }
    }
}

/// Subjects of which all is held at once, and deletes: a multiple of the chunk, so that sessions are cut at the same places whatever
/// the machine.
const AT_ONCE: usize = 16 * evaluate::CHUNK;

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
