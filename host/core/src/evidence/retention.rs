//! Retention: what the reclaim policies of all layers come to. One Retain wins.

use super::View;
use crate::facts::{Gap, Known};
use probate_contract::evidence::{EffectivePolicy, RetentionFrom, RetentionSource};

/// Both facts.
pub(crate) struct Retention {
    pub(crate) effective: Known<(EffectivePolicy, Option<RetentionFrom>)>,
    pub(crate) sources: Known<Vec<RetentionSource>>,
}

/// Volume, class of what is not bound yet, and the other layers that a record tells of.
pub(crate) fn of(view: &View<'_>) -> Retention {
    let mut sources = Vec::new();
    let mut gaps: Vec<Gap> = Vec::new();
    let cluster = || view.cluster.name.to_string();
    match (view.volume.get(), view.volume.gaps()) {
        (Some((id, volume)), _) => {
            if let Some(object) = view.cluster.object(*id) {
                sources.push(RetentionSource {
                    cluster: cluster(),
                    group: None,
                    kind: "PersistentVolume".into(),
                    namespace: None,
                    name: object.head.name.to_string(),
                    uid: Some(object.head.uid.to_string()),
                    policy: word(&volume.policy),
                });
            }
        }
        (None, Some(unknown)) => gaps.extend_from_slice(unknown),
        (None, None) => sources.extend(of_class(view)),
    }
    for recorded in view.record.into_iter().flat_map(|record| &record.status.counterparts) {
        let Some(policy) = recorded.reclaim_policy.as_deref() else { continue };
        sources.push(RetentionSource {
            cluster: recorded.cluster.clone(),
            group: None,
            kind: recorded.kind.clone(),
            namespace: recorded.namespace.clone(),
            name: recorded.name.clone(),
            uid: recorded.uid.clone(),
            policy: word(policy),
        });
    }
    sources.sort_by(|left, right| {
        (&left.cluster, &left.kind, &left.name).cmp(&(&right.cluster, &right.kind, &right.name))
    });
    let settles = sources.iter().find(|source| source.policy == EffectivePolicy::Retain);
    let effective = match (settles, gaps.is_empty()) {
        (Some(source), _) => Known::Present((EffectivePolicy::Retain, Some(from(source)))),
        (None, false) => Known::Unknown(gaps.clone()),
        (None, true) => {
            let first = sources.first();
            let policy = if first.is_some() { EffectivePolicy::Delete } else { EffectivePolicy::Retain };
            Known::Present((policy, first.map(from)))
        }
    };
    Retention { effective, sources: Known::unless(gaps, Some(sources)) }
}

fn of_class(view: &View<'_>) -> Option<RetentionSource> {
    let name = view.claim.get()?.1.class.as_deref()?;
    let class = view.cluster.classes.get(name)?;
    Some(RetentionSource {
        cluster: view.cluster.name.to_string(),
        group: Some("storage.k8s.io".into()),
        kind: "StorageClass".into(),
        namespace: None,
        name: name.to_owned(),
        uid: view.cluster.object(class.object).map(|object| object.head.uid.to_string()),
        policy: word(&class.data.policy),
    })
}

/// Anything but Delete and Recycle keeps the data.
fn word(policy: &str) -> EffectivePolicy {
    if matches!(policy, "Delete" | "Recycle") { EffectivePolicy::Delete } else { EffectivePolicy::Retain }
}

fn from(source: &RetentionSource) -> RetentionFrom {
    let RetentionSource { cluster, group, kind, namespace, name, uid, .. } = source.clone();
    RetentionFrom { cluster, group, kind, namespace, name, uid }
}
