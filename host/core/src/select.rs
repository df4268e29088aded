//! Select: which policies are asked about which subject.

use crate::evidence::{SubjectId, View};
use crate::facts::{Gap, Known};
use crate::glob;
use crate::policy::Policy;
use probate_contract::manifest::{Expression, Operator, Selector, SubjectKind};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Whether a policy is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    No,
    Yes,
    /// It may be meant, but the namespace's labels are unknown: a retain vote.
    Unknown(Vec<Gap>),
}

/// Whether the policy is asked about the subject.
pub(crate) fn selects(
    policy: &Policy,
    view: &View<'_>,
    namespace: &Known<probate_contract::evidence::Namespace>,
) -> Selected {
    let spec = policy.spec();
    let parts = &spec.r#match;
    let (kind, labels, class) = match view.id {
        SubjectId::Claim(..) => {
            let claim = view.claim.get().map(|(_, claim)| *claim);
            (
                SubjectKind::PersistentVolumeClaim,
                claim.map(|claim| &claim.subject.labels),
                claim.and_then(|claim| claim.class.as_deref()),
            )
        }
        SubjectId::Volume(..) => {
            let volume = view.volume.get().map(|(_, volume)| *volume);
            (
                SubjectKind::PersistentVolume,
                volume.map(|volume| &volume.subject.labels),
                volume.and_then(|volume| volume.class.as_deref()),
            )
        }
    };
    let kept = kept_claim(view);
    // Who asked for claims is asked about the volume that was kept of one.
    let as_claim = kept.is_some() && spec.subjects.contains(&SubjectKind::PersistentVolumeClaim);
    let kind = if as_claim { SubjectKind::PersistentVolumeClaim } else { kind };
    let labels = if as_claim { kept.as_ref() } else { labels };
    let listed = |patterns: &[String], text: Option<&str>| {
        patterns.is_empty() || text.is_some_and(|text| glob::any(patterns, text))
    };
    let own = policy.manifest.metadata.namespace.as_deref();
    let reached =
        !policy.namespaced() || (kind == SubjectKind::PersistentVolumeClaim && view.namespace() == own);
    let excluded = view.namespace().is_some_and(|name| glob::any(&parts.excluded_namespaces, name));
    let fits = reached
        && spec.subjects.contains(&kind)
        && listed(&parts.clusters, Some(&view.cluster.name))
        && listed(&parts.namespaces, view.namespace())
        && !excluded
        && listed(&parts.storage_classes, class)
        && parts
            .label_selector
            .as_ref()
            .is_none_or(|selector| labels.is_some_and(|labels| holds(selector, labels)));
    if !fits {
        return Selected::No;
    }
    match (&parts.namespace_selector, namespace) {
        (None, _) => Selected::Yes,
        (Some(selector), Known::Present(namespace)) if holds(selector, &namespace.labels) => Selected::Yes,
        (Some(_), Known::Present(_) | Known::Absent) => Selected::No,
        (Some(_), Known::Unknown(gaps)) => Selected::Unknown(gaps.clone()),
    }
}

/// Labels of the claim that a quarantined volume was kept of.
fn kept_claim(view: &View<'_>) -> Option<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Claim {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(default)]
        labels: BTreeMap<String, String>,
    }
    let gone = matches!((view.id, &view.claim), (SubjectId::Volume(..), Known::Absent));
    let quarantine = view.record.filter(|_| gone)?.status.quarantine.as_ref()?;
    let claim: Claim = serde_json::from_str(&quarantine.manifests.claim).ok()?;
    Some(claim.metadata.labels)
}

/// Kubernetes' label selector.
pub(crate) fn holds(selector: &Selector, labels: &BTreeMap<String, String>) -> bool {
    let expression = |Expression { key, operator, values }: &Expression| match (operator, labels.get(key)) {
        (Operator::In, Some(value)) => values.contains(value),
        (Operator::In, None) => false,
        (Operator::NotIn, value) => value.is_none_or(|value| !values.contains(value)),
        (Operator::Exists, value) => value.is_some(),
        (Operator::DoesNotExist, value) => value.is_none(),
    };
    selector.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
        && selector.match_expressions.iter().all(expression)
}
