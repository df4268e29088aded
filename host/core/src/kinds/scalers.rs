//! Scalers: how far a StatefulSet may be scaled, hence which of its ordinals somebody can want at any moment (Kubernetes
//! autoscaling/v2, KEDA keda.sh/v1alpha1); and KEDA's template of Jobs.

use super::meta::{Meta, nullable};
use super::table::Known;
use super::workloads::Template;
use super::{Parsed, Payload, Read, Unreadable, group_of};
use crate::intake::GroupKind;
use probate_contract::evidence::ReferenceState;
use serde::Deserialize;
use std::sync::Arc;

pub(super) const KINDS: &[Known] = &[
    Known {
        group: "autoscaling",
        kind: "HorizontalPodAutoscaler",
        says: "A StatefulSet that it scales may want the claims of every ordinal below maxReplicas.",
        fields: &["spec.scaleTargetRef", "spec.maxReplicas"],
        source: "kubernetes v1.33, staging/src/k8s.io/api/autoscaling/v2/types.go",
        read: horizontal,
    },
    Known {
        group: "keda.sh",
        kind: "ScaledObject",
        says: "A StatefulSet that it scales may want the claims of every ordinal below maxReplicaCount (100 where none is said).",
        fields: &[
            "metadata.annotations[autoscaling.keda.sh/paused-replicas]",
            "spec.scaleTargetRef",
            "spec.maxReplicaCount",
        ],
        source: "keda v2.17, apis/keda/v1alpha1/scaledobject_types.go",
        read: scaled_object,
    },
    Known {
        group: "keda.sh",
        kind: "ScaledJob",
        says: "Its Job template can make a Pod that mounts the claims it names.",
        fields: &["spec.jobTargetRef.template.spec.volumes"],
        source: "keda v2.17, apis/keda/v1alpha1/scaledjob_types.go",
        read: scaled_job,
    },
];

/// How far a workload may be scaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scaler {
    pub(crate) target: GroupKind,
    pub(crate) name: Box<str>,
    pub(crate) maximum: i64,
    pub(crate) path: &'static str,
}

/// KEDA's default (keda, apis/keda/v1alpha1/scaledobject_types.go defaultHPAMaxReplicas).
const KEDA_MAXIMUM: i64 = 100;

const PAUSED: &str = "autoscaling.keda.sh/paused-replicas";

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Meta<'a>,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    scale_target_ref: Option<TargetRef>,
    max_replicas: Option<i64>,
    max_replica_count: Option<i64>,
    job_target_ref: Option<JobTarget>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetRef {
    #[serde(default)]
    api_version: Option<Box<str>>,
    #[serde(default)]
    kind: Option<Box<str>>,
    name: Box<str>,
}

#[derive(Deserialize)]
struct JobTarget {
    #[serde(default, deserialize_with = "nullable")]
    template: Template,
}

fn object<'a>(kind: &GroupKind, json: &'a [u8]) -> Result<Object<'a>, Unreadable> {
    serde_json::from_slice(json).map_err(|error| Unreadable::shape(kind, &error))
}

fn scaler(kind: &GroupKind, meta: Meta<'_>, scaler: Option<Scaler>) -> Read {
    let payload = scaler.map_or(Payload::Nothing, |scaler| Payload::Scaler(Arc::new(scaler)));
    Ok(Parsed { payload, ..Parsed::new(kind, meta.head(kind)?) })
}

impl TargetRef {
    fn scaler(self, maximum: i64, path: &'static str) -> Scaler {
        let target = GroupKind {
            group: group_of(self.api_version.as_deref().unwrap_or("apps/v1")).to_owned(),
            kind: self.kind.map_or_else(|| "Deployment".to_owned(), String::from),
        };
        Scaler { target, name: self.name, maximum, path }
    }
}

/// HorizontalPodAutoscaler.
fn horizontal(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec } = object(kind, json)?;
    let target = spec
        .scale_target_ref
        .zip(spec.max_replicas)
        .map(|(target, maximum)| target.scaler(maximum, "spec.maxReplicas"));
    scaler(kind, metadata, target)
}

/// ScaledObject.
fn scaled_object(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec } = object(kind, json)?;
    // Paused, the set is held at a number that may be beyond it (keda, pkg/scaling/executor).
    let paused = metadata.annotations(kind)?.get(PAUSED).and_then(|number| number.parse().ok());
    let maximum = spec.max_replica_count.unwrap_or(KEDA_MAXIMUM).max(paused.unwrap_or(0));
    let target = spec.scale_target_ref.map(|target| target.scaler(maximum, "spec.maxReplicaCount"));
    scaler(kind, metadata, target)
}

/// ScaledJob.
fn scaled_job(kind: &GroupKind, json: &[u8]) -> Read {
    let Object { metadata, spec } = object(kind, json)?;
    let edges = spec
        .job_target_ref
        .map(|target| target.template.edges(ReferenceState::Template, "spec.jobTargetRef.template"))
        .unwrap_or_default();
    Ok(Parsed { edges, ..Parsed::new(kind, metadata.head(kind)?) })
}
