//! The plain facts: subject, claim, volume, class, namespace.

use super::{SubjectId, View};
use crate::facts::{Gap, Known};
use crate::kinds::storage;
use crate::time;
use probate_contract::dump::Reason;
use probate_contract::evidence::{
    Claim, ClaimRef, DataSource, Namespace, Released, StorageClass, Subject, Volume,
};
use std::sync::Arc;

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// How many bytes stand for the subject: capacity, else request.
pub(crate) fn bytes(view: &View<'_>) -> i64 {
    let of_claim = |claim: &storage::Claim| claim.capacity.unwrap_or(claim.requested);
    match view.id {
        SubjectId::Claim(..) => view.claim.get().map_or(0, |(_, claim)| of_claim(claim)),
        SubjectId::Volume(..) => view.volume.get().map_or(0, |(_, volume)| volume.capacity),
    }
}

fn own<'a>(view: &View<'a>) -> Option<&'a storage::Subject> {
    match view.id {
        SubjectId::Claim(..) => view.claim.get().map(|(_, claim)| &claim.subject),
        SubjectId::Volume(..) => view.volume.get().map(|(_, volume)| &volume.subject),
    }
}

pub(crate) fn subject(view: &View<'_>) -> Subject {
    let kind = match view.id {
        SubjectId::Claim(..) => "PersistentVolumeClaim",
        SubjectId::Volume(..) => "PersistentVolume",
    };
    let head = view.cluster.object(view.object).map(|object| &object.head);
    let created = head.and_then(|head| head.created).unwrap_or(view.now());
    let deleting = head.and_then(|head| head.deleting);
    let own = own(view);
    Subject {
        kind: kind.into(),
        namespace: head.map(|head| head.namespace.to_string()).filter(|namespace| !namespace.is_empty()),
        name: head.map(|head| head.name.to_string()).unwrap_or_default(),
        uid: head.map(|head| head.uid.to_string()).unwrap_or_default(),
        created_at: time::format(created),
        age_seconds: view.since(created),
        deleting_since: deleting.map(time::format),
        deleting_seconds: deleting.map(|at| view.since(at)),
        bytes: bytes(view),
        labels: own.map(|own| own.labels.tree()).unwrap_or_default(),
        annotations: own.map(|own| own.annotations.tree()).unwrap_or_default(),
        finalizers: own
            .map(|own| own.finalizers.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        object: None,
    }
}

pub(crate) fn object(view: &View<'_>) -> Known<Arc<str>> {
    match own(view).and_then(|own| own.object.clone()) {
        Some(object) => Known::Present(object),
        None => Known::Unknown(vec![Gap { reason: Reason::TooLarge, source: view.source("subject.object") }]),
    }
}

pub(crate) fn claim(view: &View<'_>) -> Known<Claim> {
    let typed = |(id, claim): (u32, &storage::Claim)| {
        let head = view.cluster.object(id).map(|object| &object.head);
        Claim {
            namespace: head.map(|head| head.namespace.to_string()).unwrap_or_default(),
            name: head.map(|head| head.name.to_string()).unwrap_or_default(),
            uid: head.map(|head| head.uid.to_string()).unwrap_or_default(),
            phase: claim.phase.to_string(),
            requested_bytes: claim.requested,
            capacity_bytes: claim.capacity,
            storage_class_name: text(claim.class.as_deref()),
            volume_mode: claim.mode.to_string(),
            access_modes: claim.access_modes.clone(),
            volume_name: text(claim.volume.as_deref()),
            data_source: claim.source.as_ref().map(|source| DataSource {
                group: text(source.api_group.as_deref()).filter(|group| !group.is_empty()),
                kind: source.kind.to_string(),
                namespace: text(source.namespace.as_deref()),
                name: source.name.to_string(),
            }),
        }
    };
    view.claim.clone().map(typed)
}

pub(crate) fn volume(view: &View<'_>) -> Known<Volume> {
    let typed = |(id, volume): (u32, &storage::Volume)| {
        let head = view.cluster.object(id).map(|object| &object.head);
        Volume {
            name: head.map(|head| head.name.to_string()).unwrap_or_default(),
            uid: head.map(|head| head.uid.to_string()).unwrap_or_default(),
            phase: volume.phase.to_string(),
            released_since: None,
            released_seconds: None,
            reclaim_policy: volume.policy.to_string(),
            capacity_bytes: volume.capacity,
            storage_class_name: text(volume.class.as_deref()),
            volume_mode: volume.mode.to_string(),
            access_modes: volume.access_modes.clone(),
            driver: text(volume.driver.as_deref()),
            volume_handle: text(volume.handle.as_deref()),
            claim_ref: volume.claim.as_ref().map(|claim| ClaimRef {
                namespace: claim.namespace.to_string(),
                name: claim.name.to_string(),
                uid: Some(claim.uid.to_string()).filter(|uid| !uid.is_empty()),
            }),
            governing: volume.governing,
        }
    };
    view.volume.clone().map(typed)
}

pub(crate) fn released(view: &View<'_>) -> Known<Released> {
    let volume = match &view.volume {
        Known::Present((_, volume)) => volume,
        Known::Absent => return Known::Absent,
        Known::Unknown(gaps) => return Known::Unknown(gaps.clone()),
    };
    if &*volume.phase != "Released" {
        return Known::Absent;
    }
    let recorded = || {
        view.record
            .and_then(|record| record.status.quarantine.as_ref())
            .and_then(|quarantine| time::parse(&quarantine.released_at))
    };
    match volume.released.or_else(recorded) {
        Some(at) if at > view.now() || view.inventory.skewed.contains(&view.at()) => {
            Known::Unknown(vec![Gap { reason: Reason::ClockSkew, source: view.source("PersistentVolume") }])
        }
        Some(at) => {
            Known::Present(Released { released_since: time::format(at), released_seconds: view.since(at) })
        }
        None => Known::Unknown(vec![Gap { reason: Reason::NoRecord, source: view.source("VolumeRecord") }]),
    }
}

pub(crate) fn class(view: &View<'_>) -> Known<Arc<StorageClass>> {
    let Some(name) = view.class_name() else {
        let unknown = view.volume.gaps().or(view.claim.gaps());
        return unknown.map_or(Known::Absent, |gaps| Known::Unknown(gaps.to_vec()));
    };
    match view.common.classes.get(name) {
        Some(class) => Known::Present(class.clone()),
        None => Known::unless(view.gaps.classes().to_vec(), None),
    }
}

pub(crate) fn namespace(view: &View<'_>) -> Known<Arc<Namespace>> {
    let Some(name) = view.namespace() else { return Known::Absent };
    match view.common.namespaces.get(name) {
        Some(namespace) => Known::Present(namespace.clone()),
        None => Known::unless(view.gaps.namespace_objects().to_vec(), None),
    }
}
