//! Evaluate: questions to answers. What a policy reads decides what is written down for it; equal documents are asked once.

use crate::evidence::{Rails, View};
use crate::facts::{Facts, Gap};
use crate::policy::{Policy, PolicySet, Program};
use crate::port::{Answer, Chunk, Failure, Sandbox};
use crate::select::{Scope, Selected, selects};
use hashbrown::HashMap;
use probate_contract::plan::{Missing, PolicyVerdict};
use probate_contract::{Action, Cause, Fact, Verdict};
use std::sync::Arc;

/// Distinct inputs of one session.
pub(crate) const CHUNK: usize = 256;

/// What one policy is to say of one subject.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// The program answers this document.
    Ask(Arc<str>),
    /// It cannot be asked.
    Known(Failure),
    /// It may not be asked: something it reads is unknown.
    Missing(Vec<Missing>),
}

/// One policy's vote on one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    pub(crate) policy: usize,
    pub(crate) verdict: PolicyVerdict,
    pub(crate) missing: Vec<Missing>,
}

/// Runs `work` over the items on so many threads; the results are in order whatever their number.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.clamp(1, 64);
    if threads == 1 || items.len() < 64 {
        return items.iter().map(work).collect();
    }
    let share = items.len().div_ceil(threads * 4);
    let shares: Vec<&[T]> = items.chunks(share).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut done: Vec<(usize, Vec<R>)> = std::thread::scope(|scope| {
        let worker = || {
            let mut mine = Vec::new();
            loop {
                let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some(share) = shares.get(at) else { return mine };
                mine.push((at, share.iter().map(&work).collect::<Vec<R>>()));
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        // A result that is lost would shift all others; a panic goes on where it was not caught.
        let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<(usize, Vec<R>)>>| match worker.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        workers.into_iter().flat_map(join).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

/// Which policies are asked about a subject, and what.
pub(crate) fn questions(policies: &PolicySet, scope: &Scope<'_>, facts: &Facts) -> Vec<(usize, Question)> {
    let ask = |(at, policy): (usize, &Policy)| {
        let question = match selects(policy, scope, &facts.namespace) {
            Selected::No => return None,
            Selected::Unknown(gaps) => Question::Missing(gaps.into_iter().map(namespace_missing).collect()),
            Selected::Yes => question(policy, facts),
        };
        Some((at, question))
    };
    policies.iter().enumerate().filter_map(ask).collect()
}

/// The document that each selected policy is asked about.
pub(crate) fn asked(policies: &PolicySet, view: &View<'_>, facts: &Facts) -> Vec<(usize, String)> {
    let document = |(at, question)| match question {
        Question::Ask(document) => Some((at, document.to_string())),
        Question::Known(_) | Question::Missing(_) => None,
    };
    questions(policies, &Scope::of(view), facts).into_iter().filter_map(document).collect()
}

/// Every policy's vote on each of these accounts of one subject.
pub(crate) fn ask_about<'f>(
    view: &View<'_>,
    policies: &PolicySet,
    sandbox: &dyn Sandbox,
    facts: impl Iterator<Item = &'f Facts>,
) -> Vec<Vec<Vote>> {
    let scope = Scope::of(view);
    let asked = facts.map(|facts| questions(policies, &scope, facts)).collect();
    Asked::new(policies, sandbox).votes(asked)
}

/// Every policy's vote on one subject of which only facts and rails are at hand.
pub(crate) fn ask_of(policies: &PolicySet, sandbox: &dyn Sandbox, facts: &Facts, rails: &Rails) -> Vec<Vote> {
    let asked = questions(policies, &Scope::of_facts(facts, rails), facts);
    Asked::new(policies, sandbox).votes(vec![asked]).into_iter().flatten().collect()
}

fn namespace_missing(Gap { reason, source }: Gap) -> Missing {
    Missing { fact: Fact::Namespace, reason, source }
}

fn question(policy: &Policy, facts: &Facts) -> Question {
    match &policy.program {
        Err(failure) => Question::Known(failure.clone()),
        Ok(program) => {
            let reads = policy.reads();
            if facts.any_unknown(reads) {
                return Question::Missing(facts.missing(reads));
            }
            let own = policy.manifest.metadata.namespace.as_deref();
            Question::Ask(document(facts, reads, &program.parameters, own).into())
        }
    }
}

/// The document; for a RetentionPolicy, what lies in other namespaces keeps kind and state only.
fn document(
    facts: &Facts,
    reads: crate::facts::FactSet,
    parameters: &probate_contract::evidence::Open,
    own: Option<&str>,
) -> String {
    let Some(own) = own else { return facts.document(reads, parameters) };
    let mut facts = facts.clone();
    let foreign = |namespace: &Option<String>| namespace.as_deref() != Some(own);
    if let crate::facts::Known::Present(references) = &mut facts.references {
        for reference in
            Arc::make_mut(references).iter_mut().filter(|reference| foreign(&reference.namespace))
        {
            (reference.name, reference.namespace, reference.uid, reference.path) =
                (String::new(), None, None, None);
        }
    }
    if let crate::facts::Known::Present(owners) = &mut facts.owners {
        for owner in owners.iter_mut().filter(|owner| foreign(&owner.namespace)) {
            (owner.name, owner.namespace, owner.uid, owner.successor_uid) = (String::new(), None, None, None);
        }
    }
    facts.document(reads, parameters)
}

/// Answers that were given: equal documents of a policy are asked once, as long as there are not too many others between them.
pub(crate) struct Asked<'a> {
    policies: &'a PolicySet,
    sandbox: &'a dyn Sandbox,
    answers: Vec<Answers>,
}

/// What one policy answered.
#[derive(Clone, Default)]
struct Answers {
    given: HashMap<Arc<str>, Answer>,
    /// Length of those documents.
    bytes: usize,
}

/// Documents that are remembered of a policy. Who reads a name or a uid is hardly asked twice.
const REMEMBERED_BYTES: usize = 16 << 20;

impl<'a> Asked<'a> {
    pub(crate) fn new(policies: &'a PolicySet, sandbox: &'a dyn Sandbox) -> Self {
        Self { policies, sandbox, answers: vec![Answers::default(); policies.len()] }
    }

    /// Every policy's vote on each of these subjects.
    pub(crate) fn votes(&mut self, asked: Vec<Vec<(usize, Question)>>) -> Vec<Vec<Vote>> {
        self.ask(&asked);
        let vote = |(policy, question): (usize, Question)| {
            let id = self.policies.id(policy);
            let (verdict, missing) = match question {
                Question::Known(failure) => {
                    (PolicyVerdict::failed(id, failure.cause, failure.message), Vec::new())
                }
                Question::Missing(missing) => {
                    (PolicyVerdict::failed(id, Cause::IncompleteEvidence, String::new()), missing)
                }
                Question::Ask(document) => {
                    let answer = self.answers.get(policy).and_then(|answers| answers.given.get(&document));
                    let answer = answer.cloned().unwrap_or_else(|| Err(lost()));
                    (verdict(self.policies.get(policy), id, answer), Vec::new())
                }
            };
            Vote { policy, verdict, missing }
        };
        asked.into_iter().map(|questions| questions.into_iter().map(vote).collect()).collect()
    }

    /// Asks what was not asked yet.
    fn ask(&mut self, asked: &[Vec<(usize, Question)>]) {
        for answers in self.answers.iter_mut().filter(|answers| answers.bytes > REMEMBERED_BYTES) {
            *answers = Answers::default();
        }
        let mut inputs: Vec<Vec<Arc<str>>> = vec![Vec::new(); self.policies.len()];
        for (policy, question) in asked.iter().flatten() {
            if let (Question::Ask(document), Some(answers), Some(inputs)) =
                (question, self.answers.get_mut(*policy), inputs.get_mut(*policy))
            {
                answers.given.entry(document.clone()).or_insert_with(|| {
                    answers.bytes += document.len();
                    inputs.push(document.clone());
                    Err(lost())
                });
            }
        }
        let replies = ask(self.sandbox, &inputs);
        for ((answers, inputs), replies) in self.answers.iter_mut().zip(inputs).zip(replies) {
            answers.given.extend(inputs.into_iter().zip(replies));
        }
    }
}

/// Asks distinct inputs of each policy in chunks, one session each.
fn ask(sandbox: &dyn Sandbox, inputs: &[Vec<Arc<str>>]) -> Vec<Vec<Answer>> {
    let chunks: Vec<Chunk> = inputs
        .iter()
        .enumerate()
        .flat_map(|(policy, inputs)| {
            inputs.chunks(CHUNK).map(move |inputs| Chunk { policy, inputs: inputs.to_vec() })
        })
        .collect();
    let mut answers: Vec<Vec<Answer>> = vec![Vec::new(); inputs.len()];
    let mut replies = sandbox.ask(&chunks).into_iter();
    for chunk in &chunks {
        let mut reply = replies.next().unwrap_or_default();
        reply.resize(chunk.inputs.len(), Err(lost()));
        if let Some(answers) = answers.get_mut(chunk.policy) {
            answers.append(&mut reply);
        }
    }
    answers
}

fn lost() -> Failure {
    Failure { cause: Cause::SandboxFailed, message: "the sandbox gave no answer".into() }
}

/// An answer as a vote: only what the manifest declares, and the default basis.
fn verdict(policy: Option<&Policy>, id: String, answer: Answer) -> PolicyVerdict {
    use probate_contract::manifest::Allowed;
    let verdict = match answer
        .and_then(|verdict| checked(verdict).map_err(|message| Failure { cause: Cause::BadVerdict, message }))
    {
        Ok(verdict) => verdict,
        Err(failure) => return PolicyVerdict::failed(id, failure.cause, failure.message),
    };
    let declared = |action: Allowed| policy.is_some_and(|policy| policy.spec().actions.contains(&action));
    let fits = match verdict.action {
        Action::Abstain => true,
        Action::Retain => declared(Allowed::Retain),
        Action::Delete => declared(Allowed::Delete),
    };
    if !fits {
        let message =
            format!("it answered {:?}, which the manifest's actions do not declare", verdict.action);
        return PolicyVerdict::failed(id, Cause::BadVerdict, message);
    }
    let mut vote = PolicyVerdict::of(id, verdict);
    if let Some(Ok(Program { paths, .. })) = policy.map(|policy| &policy.program)
        && (vote.basis.is_empty() || vote.basis == *paths)
    {
        vote.basis = paths.clone();
    }
    vote
}

fn checked(verdict: Verdict) -> Result<Verdict, String> {
    verdict.check().map(|()| verdict)
}

/// A delete that did not hold when it was asked again.
pub(crate) fn refuted(vote: &mut Vote, cause: Cause) {
    let message = format!("{} when asked again", cause.meaning());
    vote.verdict = PolicyVerdict::failed(vote.verdict.policy.clone(), cause, message);
}

/// A delete to be confirmed: whose, by which policy, its answer so far, and the documents to ask it again with.
#[derive(Clone, Debug)]
pub(crate) struct Confirm {
    /// What the caller knows the subject by.
    pub(crate) subject: usize,
    pub(crate) policy: usize,
    expected: PolicyVerdict,
    projected: Arc<str>,
    full: Arc<str>,
}

/// What confirms this vote; nothing where its policy has no program.
pub(crate) fn confirmation(
    policies: &PolicySet,
    facts: &Facts,
    subject: usize,
    vote: &Vote,
) -> Option<Confirm> {
    let policy = policies.get(vote.policy)?;
    let program = policy.program.as_ref().ok()?;
    let own = policy.manifest.metadata.namespace.as_deref();
    let document = |reads| document(facts, reads, &program.parameters, own).into();
    Some(Confirm {
        subject,
        policy: vote.policy,
        expected: vote.verdict.clone(),
        projected: document(policy.reads()),
        full: document(crate::facts::FactSet::all()),
    })
}

/// Asks every delete again, on the full evidence, in fresh sessions. Gives subject, policy and cause of those that did not hold.
pub(crate) fn confirm(
    sandbox: &dyn Sandbox,
    policies: &PolicySet,
    deletes: &[Confirm],
) -> Vec<(usize, usize, Cause)> {
    let again = |document: fn(&Confirm) -> &Arc<str>, which: &[&Confirm]| -> Vec<Option<PolicyVerdict>> {
        let mut inputs: Vec<Vec<Arc<str>>> = vec![Vec::new(); policies.len()];
        for delete in which {
            if let Some(inputs) = inputs.get_mut(delete.policy) {
                inputs.push(document(delete).clone());
            }
        }
        let mut answers: Vec<_> = ask(sandbox, &inputs).into_iter().map(Vec::into_iter).collect();
        let typed = |delete: &&Confirm| {
            let answer = answers.get_mut(delete.policy)?.next()?;
            let policy = policies.get(delete.policy);
            Some(verdict(policy, policies.id(delete.policy), answer))
        };
        which.iter().map(typed).collect()
    };
    let holds = |delete: &Confirm, answer: &Option<PolicyVerdict>| answer.as_ref() == Some(&delete.expected);
    let all: Vec<&Confirm> = deletes.iter().collect();
    let full = again(|delete| &delete.full, &all);
    let differ = all.into_iter().zip(full).filter(|(delete, answer)| !holds(delete, answer));
    let differ: Vec<&Confirm> = differ.map(|(delete, _)| delete).collect();
    let projected = again(|delete| &delete.projected, &differ);
    let cause = |(delete, answer): (&Confirm, Option<PolicyVerdict>)| {
        let cause = if holds(delete, &answer) { Cause::ProjectionDisagrees } else { Cause::PolicyNotPure };
        (delete.subject, delete.policy, cause)
    };
    differ.into_iter().zip(projected).map(cause).collect()
}
