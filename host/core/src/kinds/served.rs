//! What Kubernetes itself serves: its groups, and the kinds of them that can name no claim.

use crate::intake::GroupKind;

/// Groups that Kubernetes itself serves. By name: a group that merely ends in `k8s.io` may hold workloads of anyone
/// (SparkApplication.sparkoperator.k8s.io mounts claims).
pub(crate) fn builtin_group(group: &str) -> bool {
    WITH_WORKLOADS.iter().any(|(known, _)| *known == group)
        || group.strip_suffix(".k8s.io").is_some_and(|own| WITHOUT_WORKLOADS.contains(&own))
}

/// Groups of `k8s.io` of which no kind, present or to come, can name a claim or volume.
const WITHOUT_WORKLOADS: [&str; 20] = [
    "admissionregistration",
    "apiextensions",
    "apiregistration",
    "authentication",
    "authorization",
    "rbac.authorization",
    "certificates",
    "coordination",
    "discovery",
    "events",
    "flowcontrol.apiserver",
    "internal.apiserver",
    "networking",
    "node",
    "resource",
    "scheduling",
    "storagemigration",
    "metrics",
    "custom.metrics",
    "external.metrics",
];

/// Groups that hold workloads or storage, and those of their kinds that name no claim and no volume (kubernetes v1.33,
/// staging/src/k8s.io/api). What is in neither this list nor the table, old or still to come, is read like a custom kind.
const WITH_WORKLOADS: [(&str, &[&str]); 7] = [
    (
        "",
        &[
            "Binding",
            "ComponentStatus",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    ("apps", &["ControllerRevision"]),
    ("batch", &[]),
    ("autoscaling", &["Scale"]),
    ("policy", &["Eviction", "PodDisruptionBudget", "PodSecurityPolicy"]),
    ("extensions", &["Ingress", "NetworkPolicy", "PodSecurityPolicy"]),
    ("storage.k8s.io", &["CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttributesClass"]),
];

/// Kinds of Kubernetes, by group, that name no claim and no volume though others of their group do.
pub fn harmless() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    WITH_WORKLOADS.into_iter().filter(|(_, kinds)| !kinds.is_empty())
}

/// True for kinds of Kubernetes that are understood or can name no claim. A kind without group may be of any of its groups, as
/// people write it.
pub(super) fn served(kind: &GroupKind) -> bool {
    let of = |group: &str, harmless: &[&str]| {
        harmless.contains(&kind.kind.as_str()) || super::table::reader(group, &kind.kind).is_some()
    };
    if !WITH_WORKLOADS.iter().any(|(group, _)| *group == kind.group) {
        return builtin_group(&kind.group);
    }
    WITH_WORKLOADS
        .iter()
        .filter(|(group, _)| kind.group.is_empty() || *group == kind.group)
        .any(|(group, harmless)| of(group, harmless))
}

#[cfg(test)]
mod tests {
    use super::{builtin_group, served};
    use crate::intake::GroupKind;

    #[test]
    fn what_kubernetes_may_add_is_not_taken_for_harmless() {
        let known = |kind| served(&GroupKind::parse(kind));
        for kind in [
            "Pod",
            "Deployment",
            "Deployment.apps",
            "Service",
            "CSINode.storage.k8s.io",
            "Lease.coordination.k8s.io",
        ] {
            assert!(known(kind), "{kind}");
        }
        for kind in [
            "Widget",
            "PodGroup.apps",
            "Deployment.extensions",
            "Tape.storage.k8s.io",
            "SparkApplication.sparkoperator.k8s.io",
        ] {
            assert!(!known(kind), "{kind}");
        }
        assert!(
            builtin_group("extensions") && builtin_group("storage.k8s.io") && !builtin_group("argoproj.io")
        );
    }
}
