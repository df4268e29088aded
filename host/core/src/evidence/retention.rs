//! Retention: what the reclaim policies of all layers come to. One Retain wins.

use super::View;
use crate::facts::{Gap, Known};
use probate_contract::evidence::{
    Counterpart, CounterpartRelation, EffectivePolicy, RetentionFrom, RetentionSource,
};
use probate_contract::record::VolumeRecord;

/// Both facts.
pub(crate) struct Retention {
    pub(crate) effective: Known<(EffectivePolicy, Option<RetentionFrom>)>,
    pub(crate) sources: Known<Vec<RetentionSource>>,
}

/// The volume, or the class where no volume of this layer governs the asset, and what the other layers say.
pub(crate) fn of(view: &View<'_>, counterparts: &Known<Vec<Counterpart>>) -> Retention {
    let mut sources = Vec::new();
    let mut gaps: Vec<Gap> = Vec::new();
    let cluster = || view.cluster.name.to_string();
    match (view.volume.get(), view.volume.gaps()) {
        // A stand-in of another layer's volume says nothing true (vcluster, persistentvolumes/fake_syncer.go).
        (Some((_, volume)), _) if !volume.governing => sources.extend(of_class(view)),
        // Probate made it Retain for a quarantine; what it said before stands in the record.
        (Some((_, volume)), _) if &*volume.policy == "Retain" && kept(view) => {}
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
    sources.extend(view.record.and_then(|record| of_record(view, record)));
    match counterparts {
        Known::Present(list) => sources.extend(list.iter().filter_map(of_counterpart)),
        Known::Absent => {}
        // A layer that nobody read may say Retain.
        Known::Unknown(unread) => gaps.extend_from_slice(unread),
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

/// True while a record keeps in quarantine a volume that said Delete before.
fn kept(view: &View<'_>) -> bool {
    view.record.is_some_and(|record| {
        record.status.quarantine.is_some()
            && record.status.original_reclaim_policy == Some(EffectivePolicy::Delete)
    })
}

/// What the volume said before anybody flipped it.
fn of_record(view: &View<'_>, record: &VolumeRecord) -> Option<RetentionSource> {
    let policy = record.status.original_reclaim_policy?;
    Some(RetentionSource {
        cluster: view.cluster.name.to_string(),
        group: Some("probate.dev".into()),
        kind: "VolumeRecord".into(),
        namespace: Some(record.metadata.namespace.clone()).filter(|namespace| !namespace.is_empty()),
        name: record.metadata.name.clone(),
        uid: None,
        policy,
    })
}

/// A virtual claim's own layer says nothing: what it is bound to is a stand-in.
fn of_counterpart(of: &Counterpart) -> Option<RetentionSource> {
    let policy = of.reclaim_policy.as_deref().filter(|_| of.relation != CounterpartRelation::Virtual)?;
    Some(RetentionSource {
        cluster: of.cluster.clone(),
        group: of.group.clone(),
        kind: of.kind.clone(),
        namespace: of.namespace.clone(),
        name: of.name.clone(),
        uid: of.uid.clone(),
        policy: word(policy),
    })
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
