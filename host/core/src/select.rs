//! Select: which policies are asked about which subject.

use crate::evidence::{Rails, SubjectId, View};
use crate::facts::{Facts, Gap, Known};
use crate::glob;
use crate::kinds::map::Labels;
use crate::policy::Policy;
use probate_contract::manifest::{Expression, Operator, Selector, SubjectKind};
use probate_contract::record::Quarantine;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether a policy is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    No,
    Yes,
    /// It may be meant, but the namespace's labels are unknown: a retain vote.
    Unknown(Vec<Gap>),
}

/// What selection looks at, the namespace's labels apart.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) kind: SubjectKind,
    pub(crate) labels: Option<&'a dyn Labels>,
    pub(crate) class: Option<&'a str>,
    pub(crate) cluster: &'a str,
    /// Namespace of the claim, for a volume of its claimRef.
    pub(crate) namespace: Option<&'a str>,
    /// Labels of the claim that a quarantined volume was kept of.
    pub(crate) kept: Option<BTreeMap<String, String>>,
}

impl<'a> Scope<'a> {
    /// Of a subject of the inventory.
    pub(crate) fn of(view: &'a View<'_>) -> Self {
        let (kind, labels, class) = match view.id {
            SubjectId::Claim(..) => {
                let claim = view.claim.get().map(|(_, claim)| *claim);
                (
                    SubjectKind::PersistentVolumeClaim,
                    claim.map(|claim| &claim.subject.labels as &dyn Labels),
                    claim.and_then(|claim| claim.class.as_deref()),
                )
            }
            SubjectId::Volume(..) => {
                let volume = view.volume.get().map(|(_, volume)| *volume);
                (
                    SubjectKind::PersistentVolume,
                    volume.map(|volume| &volume.subject.labels as &dyn Labels),
                    volume.and_then(|volume| volume.class.as_deref()),
                )
            }
        };
        let gone = matches!((view.id, &view.claim), (SubjectId::Volume(..), Known::Absent));
        let quarantine = view.record.filter(|_| gone).and_then(|record| record.status.quarantine.as_ref());
        let kept = quarantine.and_then(kept_labels);
        Self { kind, labels, class, cluster: &view.cluster.name, namespace: view.namespace(), kept }
    }

    /// Of a subject of which only facts and rails are at hand; the same as of the inventory that they were taken from.
    pub(crate) fn of_facts(facts: &'a Facts, rails: &Rails) -> Self {
        let claim = facts.subject.kind == "PersistentVolumeClaim";
        let volume = facts.volume.get();
        let (kind, class, namespace) = if claim {
            let class = facts.claim.get().and_then(|claim| claim.storage_class_name.as_deref());
            (SubjectKind::PersistentVolumeClaim, class, facts.subject.namespace.as_deref())
        } else {
            let named = volume.and_then(|volume| volume.claim_ref.as_ref());
            (
                SubjectKind::PersistentVolume,
                volume.and_then(|volume| volume.storage_class_name.as_deref()),
                named.map(|claim| claim.namespace.as_str()),
            )
        };
        let gone = !claim && matches!(facts.claim, Known::Absent);
        let kept = rails.quarantine.as_ref().filter(|_| gone).and_then(kept_labels);
        let labels = Some(&facts.subject.labels as &dyn Labels);
        Self { kind, labels, class, cluster: &facts.cluster_name, namespace, kept }
    }
}

/// Whether the policy is asked about the subject.
pub(crate) fn selects(
    policy: &Policy,
    scope: &Scope<'_>,
    namespace: &Known<Arc<probate_contract::evidence::Namespace>>,
) -> Selected {
    let spec = policy.spec();
    let parts = &spec.r#match;
    let Scope { kind, labels, class, .. } = *scope;
    // Who asked for claims is asked about the volume that was kept of one.
    let kept = scope.kept.as_ref().filter(|_| spec.subjects.contains(&SubjectKind::PersistentVolumeClaim));
    let kind = if kept.is_some() { SubjectKind::PersistentVolumeClaim } else { kind };
    let labels = kept.map(|labels| labels as &dyn Labels).or(labels);
    let listed = |patterns: &[String], text: Option<&str>| {
        patterns.is_empty() || text.is_some_and(|text| glob::any(patterns, text))
    };
    let own = policy.manifest.metadata.namespace.as_deref();
    let reached =
        !policy.namespaced() || (kind == SubjectKind::PersistentVolumeClaim && scope.namespace == own);
    let excluded = scope.namespace.is_some_and(|name| glob::any(&parts.excluded_namespaces, name));
    let fits = reached
        && spec.subjects.contains(&kind)
        && listed(&parts.clusters, Some(scope.cluster))
        && listed(&parts.namespaces, scope.namespace)
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

/// Labels of the claim that a quarantine keeps the manifest of.
pub(crate) fn kept_labels(quarantine: &Quarantine) -> Option<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Claim {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(default)]
        labels: BTreeMap<String, String>,
    }
    let claim: Claim = serde_json::from_str(&quarantine.manifests.claim).ok()?;
    Some(claim.metadata.labels)
}

/// Kubernetes' label selector.
pub(crate) fn holds(selector: &Selector, labels: &dyn Labels) -> bool {
    let expression = |Expression { key, operator, values }: &Expression| match (operator, labels.value(key)) {
        (Operator::In, Some(value)) => values.iter().any(|own| own == value),
        (Operator::In, None) => false,
        (Operator::NotIn, value) => value.is_none_or(|value| !values.iter().any(|own| own == value)),
        (Operator::Exists, value) => value.is_some(),
        (Operator::DoesNotExist, value) => value.is_none(),
    };
    selector.match_labels.iter().all(|(key, value)| labels.value(key) == Some(value))
        && selector.match_expressions.iter().all(expression)
}
