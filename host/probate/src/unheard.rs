//! What no decision of a plan shows: policies that only annotate and did not answer, and annotations that are refused. Neither
//! holds anything, so that without a word of its own nobody would notice.

use crate::print::{counted, object};
use probate_contract::manifest::Allowed;
use probate_contract::plan::{Entry, PlanPolicy, PlanReport, Vote};
use probate_contract::{Cause, Diagnostic};
use probate_core::annotate::{cleaned, misfit};
use std::collections::BTreeMap;

/// Subjects of one kind of trouble: how many, and the first.
#[derive(Clone, Copy)]
struct Subjects<'a> {
    count: u64,
    first: &'a Entry,
    reason: &'a str,
}

/// Entries by what `about` finds in them, in the plan's order.
fn gathered<'a, K: Ord>(
    report: &'a PlanReport,
    about: impl Fn(&'a Entry) -> Vec<(K, &'a str)>,
) -> BTreeMap<K, Subjects<'a>> {
    let mut found: BTreeMap<K, Subjects<'a>> = BTreeMap::new();
    for entry in &report.entries {
        for (key, reason) in about(entry) {
            found.entry(key).or_insert(Subjects { count: 0, first: entry, reason }).count += 1;
        }
    }
    found
}

fn policy<'a>(policies: &'a [PlanPolicy], id: &str) -> Option<&'a PlanPolicy> {
    policies.iter().find(|policy| policy.policy == id)
}

/// Subjects that policies which only annotate failed on, by policy and cause.
fn failures(report: &PlanReport) -> BTreeMap<(&str, Cause), Subjects<'_>> {
    let only_annotates =
        |id: &str| policy(&report.policies, id).is_some_and(|policy| policy.actions == [Allowed::Annotate]);
    gathered(report, |entry| {
        let failed = entry.verdicts.iter().filter(|verdict| verdict.action == Vote::Failed);
        let silent = failed.filter(|verdict| only_annotates(&verdict.policy));
        silent
            .filter_map(|verdict| Some(((verdict.policy.as_str(), verdict.cause?), verdict.reason.as_str())))
            .collect()
    })
}

/// One line for each policy and cause, for the totals of a plan.
pub fn lines(report: &PlanReport) -> Vec<String> {
    let line = |((policy, cause), subjects): ((&str, Cause), Subjects<'_>)| {
        format!("{policy} annotates nothing on {}: {cause}", counted(subjects.count, "object"))
    };
    failures(report).into_iter().map(line).collect()
}

/// What is to be said aloud. What does not load was said when it was loaded, what is not known stands in the plan.
pub fn diagnostics(report: &PlanReport) -> Vec<Diagnostic> {
    let object = |entry: &Entry| object(&entry.subject.identity, report.clusters.len());
    let told = |cause: Cause| cause == Cause::IncompleteEvidence || LOADING.contains(&cause);
    let failed = failures(report).into_iter().filter(|((_, cause), _)| !told(*cause));
    let failed = failed.map(|((policy, cause), Subjects { count, first, reason })| {
        let (code, first) = (probate_sandbox::code(cause), object(first));
        let of = counted(count, "subject");
        Diagnostic::warning(code, format!("{policy} fails on {of}, first on {first}: {cause}: {reason}"))
            .consequence(
                "it only annotates, so that nothing is held: these subjects keep the annotations they have",
            )
            .fix(format!("`probate explain {first} …` shows where; `probate codes {code}` tells more"))
    });
    let undeclared = undeclared(report).into_iter().map(|(policy, Subjects { count, first, reason })| {
        let message = format!(
            "{} annotates {}, first `{reason}` on {}, and its actions lack Annotate",
            policy.policy,
            counted(count, "subject"),
            object(first)
        );
        Diagnostic::warning("PB5005", message)
            .consequence("none of its annotations is written")
            .fix(declare(policy))
    });
    failed.chain(undeclared).collect()
}

/// Causes that loading has told of already.
const LOADING: [Cause; 8] = [
    Cause::LoadFailed,
    Cause::ImportRefused,
    Cause::NotAComponent,
    Cause::ModuleTooLarge,
    Cause::UnsupportedVersion,
    Cause::DigestMismatch,
    Cause::ParametersInvalid,
    Cause::ConfigureFailed,
];

/// Policies that annotate without having declared it; the reason is the first key.
fn undeclared(report: &PlanReport) -> Vec<(&PlanPolicy, Subjects<'_>)> {
    let found = gathered(report, |entry| {
        let first = |verdict: &'_ probate_contract::plan::PolicyVerdict| {
            policy(&report.policies, &verdict.policy)
                .is_some_and(|policy| !policy.actions.contains(&Allowed::Annotate))
        };
        let refused = entry.verdicts.iter().filter(|verdict| first(verdict));
        refused
            .filter_map(|verdict| {
                Some((verdict.policy.as_str(), verdict.annotations.keys().next()?.as_str()))
            })
            .collect()
    });
    found.into_iter().filter_map(|(id, subjects)| Some((policy(&report.policies, id)?, subjects))).collect()
}

/// How a policy declares that it annotates.
fn declare(policy: &PlanPolicy) -> String {
    let actions = policy.actions.iter().copied().chain([Allowed::Annotate]);
    let words: Vec<String> = actions.map(|action| format!("{action:?}")).collect();
    format!("write spec.actions: [{}]", words.join(", "))
}

/// Why a key of the entry is refused, and what would let it pass.
pub fn refusal(key: &str, entry: &Entry, policies: &[PlanPolicy]) -> String {
    let why = entry.verdicts.iter().find_map(|verdict| {
        let asked = verdict.annotations.iter().enumerate().find(|(_, (asked, _))| cleaned(asked) == key);
        let (at, (_, value)) = asked?;
        match policy(policies, &verdict.policy) {
            Some(policy) if !policy.actions.contains(&Allowed::Annotate) => {
                Some(format!("the actions of {} lack Annotate: {}", policy.policy, declare(policy)))
            }
            _ => misfit(at, value).map(|misfit| format!("{misfit}, set by {}", verdict.policy)),
        }
    });
    let allowed =
        "policies set `probate.dev/note.…` and the prefixes that Settings list as `annotationPrefixes`";
    format!("{key} is refused: {}", why.unwrap_or_else(|| allowed.to_owned()))
}
