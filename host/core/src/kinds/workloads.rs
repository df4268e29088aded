//! Pods and every built-in template that can make one (Kubernetes v1.33, core/v1, apps/v1 and batch/v1 types).

use super::meta::{Meta, nullable};
use super::table::Known;
use super::{Edge, Parsed, Read, Target, Unreadable, asset};
use crate::intake::GroupKind;
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;

const CORE: &str = "kubernetes v1.33, staging/src/k8s.io/api/core/v1/types.go";
const APPS: &str = "kubernetes v1.33, staging/src/k8s.io/api/apps/v1/types.go";
const BATCH: &str = "kubernetes v1.33, staging/src/k8s.io/api/batch/v1/types.go";
const TEMPLATE: &[&str] = &["spec.replicas", "spec.template.spec.volumes[].persistentVolumeClaim.claimName"];
const MAKES_PODS: &str = "Its template can make a Pod at any moment; scaled to nothing it is stopped.";

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "",
        kind: "Pod",
        says: "It uses its claims from the moment it exists, scheduled or not; finished it is no use, but holds them.",
        fields: &[
            "spec.nodeName",
            "spec.volumes[].persistentVolumeClaim.claimName",
            "spec.volumes[].ephemeral",
            "spec.volumes[].awsElasticBlockStore, …: every in-tree plugin but hostPath",
            "status.phase",
        ],
        source: CORE,
        read: pod,
    },
    Known {
        group: "",
        kind: "ReplicationController",
        says: MAKES_PODS,
        fields: TEMPLATE,
        source: CORE,
        read: workload,
    },
    Known {
        group: "",
        kind: "PodTemplate",
        says: "Whoever reads it can make a Pod of it.",
        fields: &["template.spec.volumes[].persistentVolumeClaim.claimName"],
        source: CORE,
        read: pod_template,
    },
    Known {
        group: "apps",
        kind: "Deployment",
        says: MAKES_PODS,
        fields: TEMPLATE,
        source: APPS,
        read: workload,
    },
    Known {
        group: "apps",
        kind: "ReplicaSet",
        says: MAKES_PODS,
        fields: TEMPLATE,
        source: APPS,
        read: workload,
    },
    Known {
        group: "apps",
        kind: "DaemonSet",
        says: MAKES_PODS,
        fields: TEMPLATE,
        source: APPS,
        read: workload,
    },
    Known {
        group: "apps",
        kind: "StatefulSet",
        says: "It wants the claim of every ordinal that it or a scaler may reach; the others it would come back for.",
        fields: &[
            "spec.replicas",
            "spec.ordinals.start",
            "spec.template.spec.volumes[].persistentVolumeClaim.claimName",
            "spec.volumeClaimTemplates[].metadata.name",
        ],
        source: APPS,
        read: stateful_set,
    },
    Known {
        group: "batch",
        kind: "Job",
        says: "Until it completed or failed its template can make a Pod; suspended it is stopped.",
        fields: &[
            "spec.suspend",
            "spec.template.spec.volumes[].persistentVolumeClaim.claimName",
            "status.conditions",
        ],
        source: BATCH,
        read: job,
    },
    Known {
        group: "batch",
        kind: "CronJob",
        says: "Between its runs too, its template can make a Pod; suspended it is stopped.",
        fields: &[
            "spec.suspend",
            "spec.jobTemplate.spec.template.spec.volumes[].persistentVolumeClaim.claimName",
        ],
        source: BATCH,
        read: cron_job,
    },
];

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PodSpec {
    node_name: Option<Box<str>>,
    volumes: Option<Vec<PodVolume>>,
}

/// A volume of a Pod. An asset may be mounted without any PersistentVolume, by the name that in-tree plugins have for it.
#[derive(Default)]
struct PodVolume {
    name: Box<str>,
    claim: Option<Box<str>>,
    ephemeral: bool,
    inline: Option<Box<Inline>>,
}

/// The asset as a Node names it, and the field that names it.
struct Inline {
    unique: Box<str>,
    field: &'static str,
}

impl<'de> Deserialize<'de> for PodVolume {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = PodVolume;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a volume of a Pod")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PodVolume, A::Error> {
                let mut volume = PodVolume::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match &*key {
                        "name" => volume.name = map.next_value()?,
                        "persistentVolumeClaim" => {
                            volume.claim =
                                map.next_value::<Option<ClaimSource>>()?.map(|source| source.claim_name);
                        }
                        "ephemeral" => volume.ephemeral = map.next_value::<Option<IgnoredAny>>()?.is_some(),
                        key => match asset::plugin(key) {
                            Some(field) => {
                                let unique = asset::inline(field, map.next_value()?);
                                volume.inline = unique.map(|unique| Box::new(Inline { unique, field }));
                            }
                            None => drop(map.next_value::<IgnoredAny>()?),
                        },
                    }
                }
                Ok(volume)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl PodVolume {
    /// What it names; a generic ephemeral volume's claim has the name of the Pod, where there is one.
    fn edge(self, pod: Option<&str>, state: ReferenceState, at: &str) -> Option<Edge> {
        if let Some(name) = self.claim {
            return Some(Edge::claim(name, state, format!("{at}.persistentVolumeClaim.claimName")));
        }
        if self.ephemeral {
            let name = format!("{}-{}", pod?, self.name).into();
            return Some(Edge::claim(name, state, format!("{at}.ephemeral")));
        }
        let Inline { unique, field } = *self.inline?;
        Some(Edge::new(Target::Attachment { unique }, state, format!("{at}.{field}")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimSource {
    claim_name: Box<str>,
}

#[derive(Deserialize, Default)]
struct PodStatus {
    #[serde(default)]
    phase: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Pod<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: PodSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: PodStatus,
}

/// Where nearly all Pods name their claims: not written down for each of them.
const USUAL: [&str; 4] = [
    "spec.volumes[0].persistentVolumeClaim.claimName",
    "spec.volumes[1].persistentVolumeClaim.claimName",
    "spec.volumes[2].persistentVolumeClaim.claimName",
    "spec.volumes[3].persistentVolumeClaim.claimName",
];

/// Pod: pending and ephemeral volumes too; a finished one is no use, but holds its claim.
pub(crate) fn pod(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Pod<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let state = match object.status.phase.as_deref() {
        Some("Succeeded" | "Failed") => ReferenceState::Finished,
        Some("Pending") | None if object.spec.node_name.is_none() => ReferenceState::Pending,
        _ => ReferenceState::Active,
    };
    let mut edges = Vec::new();
    for (index, volume) in object.spec.volumes.unwrap_or_default().into_iter().enumerate() {
        let edge = volume.edge(Some(&head.name), state, &format!("spec.volumes[{index}]"));
        edges.extend(edge.map(|edge| match USUAL.iter().find(|path| edge.path == **path) {
            Some(path) => Edge { path: (*path).into(), ..edge },
            None => edge,
        }));
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Template {
    #[serde(deserialize_with = "nullable")]
    spec: PodSpec,
}

impl Template {
    pub(super) fn edges(self, state: ReferenceState, at: &str) -> Vec<Edge> {
        let volumes = self.spec.volumes.unwrap_or_default().into_iter().enumerate();
        volumes
            .filter_map(|(index, volume)| volume.edge(None, state, &format!("{at}.spec.volumes[{index}]")))
            .collect()
    }
}

/// A template scaled to nothing is stopped, any other can make a user at any moment.
fn scaled(replicas: Option<i64>) -> ReferenceState {
    if replicas == Some(0) { ReferenceState::Stopped } else { ReferenceState::Template }
}

#[derive(Deserialize)]
struct Workload<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: WorkloadSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WorkloadSpec {
    replicas: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    template: Template,
    volume_claim_templates: Option<Vec<ClaimTemplate>>,
    ordinals: Option<Ordinals>,
}

#[derive(Deserialize)]
struct ClaimTemplate {
    metadata: ClaimTemplateMeta,
}

#[derive(Deserialize)]
struct ClaimTemplateMeta {
    name: Box<str>,
}

#[derive(Deserialize)]
struct Ordinals {
    #[serde(default)]
    start: i64,
}

/// Deployment, ReplicaSet, DaemonSet, ReplicationController.
pub(crate) fn workload(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Workload<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let edges = object.spec.template.edges(scaled(object.spec.replicas), "spec.template");
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct PodTemplate<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    template: Template,
}

/// PodTemplate.
fn pod_template(kind: &GroupKind, json: &[u8]) -> Read {
    let object: PodTemplate<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let edges = object.template.edges(ReferenceState::Template, "template");
    Ok(Parsed { edges, ..Parsed::new(kind, object.metadata.head(kind)?) })
}

/// StatefulSet: its template, and the claims `<template>-<set>-<ordinal>` of every ordinal.
pub(crate) fn stateful_set(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Workload<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let WorkloadSpec { replicas, template, volume_claim_templates, ordinals } = object.spec;
    let mut edges = template.edges(scaled(replicas), "spec.template");
    let start = ordinals.map_or(0, |ordinals| ordinals.start);
    let end = start.saturating_add(replicas.unwrap_or(1));
    for (index, template) in volume_claim_templates.unwrap_or_default().into_iter().enumerate() {
        let prefix: Box<str> = format!("{}-{}", template.metadata.name, head.name).into();
        edges.push(Edge {
            target: Target::Ordinals { prefix: prefix.clone(), start, end, reserves: true },
            ..Edge::claim(
                prefix,
                ReferenceState::Template,
                format!("spec.volumeClaimTemplates[{index}].metadata.name"),
            )
        });
    }
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct Job<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: JobSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: JobStatus,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JobSpec {
    #[serde(deserialize_with = "nullable")]
    template: Template,
    suspend: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JobStatus {
    conditions: Option<Vec<super::storage::Condition>>,
}

/// Job; one that completed or failed makes no more Pods.
pub(crate) fn job(kind: &GroupKind, json: &[u8]) -> Read {
    let object: Job<'_> = serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let over =
        object.status.conditions.unwrap_or_default().iter().any(|condition| {
            matches!(&*condition.r#type, "Complete" | "Failed") && &*condition.status == "True"
        });
    let state = match object.spec.suspend {
        _ if over => ReferenceState::Finished,
        Some(true) => ReferenceState::Stopped,
        _ => ReferenceState::Template,
    };
    let edges = object.spec.template.edges(state, "spec.template");
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}

#[derive(Deserialize)]
struct CronJob<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: CronJobSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CronJobSpec {
    suspend: Option<bool>,
    #[serde(deserialize_with = "nullable")]
    job_template: JobTemplate,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JobTemplate {
    #[serde(deserialize_with = "nullable")]
    spec: JobSpec,
}

/// CronJob; a suspended one is stopped.
pub(crate) fn cron_job(kind: &GroupKind, json: &[u8]) -> Read {
    let object: CronJob<'_> =
        serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))?;
    let head = object.metadata.head(kind)?;
    let state =
        if object.spec.suspend == Some(true) { ReferenceState::Stopped } else { ReferenceState::Template };
    let edges = object.spec.job_template.spec.template.edges(state, "spec.jobTemplate.spec.template");
    Ok(Parsed { edges, ..Parsed::new(kind, head) })
}
