//! The reference graph around one subject: everything that can still want its volume.

use super::{SubjectId, View, merged};
use crate::facts::{Gap, Known};
use crate::intake::GroupKind;
use crate::inventory::links::VIRTUAL_PREFIX;
use crate::inventory::{ObjectId, Of, Ordinal, Reference as Found};
use crate::kinds::storage;
use crate::time;
use probate_contract::dump::Reason;
use probate_contract::evidence::{Reference, ReferenceState};
use std::collections::BTreeSet;
use std::sync::Arc;

/// More references than this make the list too large for a policy.
const MAX_LIST: usize = 256;

/// What refers to a subject.
pub(crate) struct References {
    /// All of them, or unknown.
    pub(crate) list: Known<Arc<Vec<Reference>>>,
    /// Those that are proven, whatever else is unknown.
    pub(crate) proven: Arc<Vec<Reference>>,
    /// What keeps the list from being whole.
    pub(crate) gaps: Vec<Gap>,
    /// Objects that refer, for owners.
    pub(crate) objects: Vec<ObjectId>,
    /// A restore, clone, import or snapshot is under way.
    pub(crate) operation: bool,
    /// A StatefulSet that is scaled down would come back for the claim.
    pub(crate) ordinal: Option<Ordinal>,
    /// Volumes with the same driver and handle, `CLUSTER/NAME`.
    pub(crate) twins: Vec<String>,
}

/// Collects all references to the subject and to the volume behind it.
pub(crate) fn of(view: &View<'_>) -> References {
    let mut found: Vec<Found<'_>> = Vec::new();
    let mut extra: Vec<Reference> = Vec::new();
    match view.id {
        SubjectId::Claim(..) => around_claim(view, &mut found, &mut extra),
        SubjectId::Volume(..) => around_volume(view, &mut found, &mut extra),
    }
    attachments(view, &mut found);
    let twins = twins(view, &mut extra);
    let operation = found.iter().any(|reference| reference.operation);
    let ordinal = found.iter().filter_map(|reference| reference.ordinal).find(|ordinal| !ordinal.wanted);
    let mut objects: Vec<ObjectId> = found.iter().map(|reference| reference.object).collect();
    if let (SubjectId::Volume(..), Some((namespace, name))) = (view.id, super::layers::claim_name(view)) {
        objects.extend(view.cluster.references_to_claim(namespace, name).iter().map(|found| found.object));
    }
    let itself = view.object;
    let mut proven: Vec<Reference> = found
        .iter()
        .filter(|reference| reference.object != itself)
        .filter_map(|reference| typed(view, reference))
        .chain(extra)
        .collect();
    proven.sort_by(|left, right| key(left).cmp(&key(right)));
    proven.dedup();
    let proven = Arc::new(proven);
    let scalers = ordinal.and_then(|_| unread_scalers(view));
    let within = view.gaps.references(view.namespace()).iter().cloned();
    let mut gaps = merged(within.chain(unknown_sides(view)).chain(scalers).chain(inline(view)));
    let list = if !gaps.is_empty() {
        Known::Unknown(gaps.clone())
    } else if proven.len() > MAX_LIST {
        gaps.clear();
        Known::Unknown(vec![Gap { reason: Reason::TooLarge, source: view.source("references") }])
    } else {
        Known::Present(proven.clone())
    };
    References { list, proven, gaps, objects, operation, ordinal, twins }
}

fn key(reference: &Reference) -> impl Ord + '_ {
    (
        &reference.cluster,
        reference.group.as_deref(),
        &reference.kind,
        reference.namespace.as_deref(),
        &reference.name,
        reference.uid.as_deref(),
        reference.path.as_deref(),
        reference.state,
    )
}

/// Whether nothing wants an ordinal that its set is scaled down from is known only where all scalers are.
fn unread_scalers(view: &View<'_>) -> Option<Gap> {
    const SCALER: &str = "HorizontalPodAutoscaler.autoscaling";
    let reason = view.cluster.coverage.list(&GroupKind::parse(SCALER), view.namespace()).err()?;
    Some(Gap { reason, source: view.source(SCALER) })
}

/// A Pod of any namespace may mount an asset of that driver by its name.
fn inline<'a>(view: &View<'a>) -> impl Iterator<Item = Gap> + 'a {
    let mounted = view.volume.get().is_some_and(|(_, volume)| volume.mounted_inline());
    mounted.then(|| view.gaps.inline()).into_iter().flatten().cloned()
}

/// Without the other half of a bound pair, what names that half is not known.
fn unknown_sides(view: &View<'_>) -> Vec<Gap> {
    match view.id {
        SubjectId::Claim(..) => view.volume.gaps().unwrap_or_default().to_vec(),
        SubjectId::Volume(..) => view.claim.gaps().unwrap_or_default().to_vec(),
    }
}

fn around_claim<'a>(view: &View<'a>, found: &mut Vec<Found<'a>>, extra: &mut Vec<Reference>) {
    let Some(object) = view.cluster.object(view.object) else { return };
    let (namespace, name) = (&*object.head.namespace, &*object.head.name);
    found.extend(view.cluster.references_to_claim(namespace, name));
    let counterpart = view.volume.get().map(|(id, _)| *id);
    extra.extend(asked(view));
    // The volume goes with its claim, so whoever else asks for it wants the claim to stay.
    if let Some(volume) = counterpart.and_then(|id| view.cluster.object(id)) {
        asking(view, &volume.head.name, Some(view.object), extra);
    }
    for volume in view.cluster.naming_claim(namespace, name).filter_map(|at| view.cluster.volumes.get(at)) {
        let reserved = volume
            .data
            .claim
            .as_ref()
            .is_some_and(|claim| claim.uid.is_empty() || claim.uid == object.head.uid);
        if reserved && Some(volume.object) != counterpart {
            extra.extend(plain(view, volume.object, ReferenceState::Reserved, "spec.claimRef"));
        }
    }
}

/// The volume that a claim asks for and is not bound to yet, there or still to come: a claim made to take a volume over.
fn asked(view: &View<'_>) -> Option<Reference> {
    let (_, claim) = view.claim.get().filter(|(_, claim)| &*claim.phase == "Pending")?;
    let name = claim.volume.as_deref()?;
    let volume = view.cluster.volume(name).and_then(|at| view.cluster.volumes.get(at));
    let uid = volume.and_then(|volume| view.cluster.object(volume.object)).map(|object| &object.head.uid);
    Some(Reference {
        cluster: view.cluster.name.to_string(),
        group: None,
        kind: "PersistentVolume".into(),
        namespace: None,
        name: name.to_owned(),
        uid: uid.map(ToString::to_string),
        state: ReferenceState::Reserved,
        state_since: None,
        state_seconds: None,
        path: None,
    })
}

/// Other claims that ask for the volume by its name.
fn asking(view: &View<'_>, volume: &str, bound: Option<ObjectId>, extra: &mut Vec<Reference>) {
    for claim in view.cluster.naming_volume(volume).filter_map(|at| view.cluster.claims.get(at)) {
        if Some(claim.object) != bound {
            let pending = &*claim.data.phase == "Pending";
            let state = if pending { ReferenceState::Pending } else { ReferenceState::Active };
            extra.extend(plain(view, claim.object, state, "spec.volumeName"));
        }
    }
}

fn around_volume<'a>(view: &View<'a>, found: &mut Vec<Found<'a>>, extra: &mut Vec<Reference>) {
    let Some(object) = view.cluster.object(view.object) else { return };
    let counterpart = view.claim.get().map(|(id, _)| *id);
    if let Some(id) = counterpart {
        extra.extend(plain(view, id, ReferenceState::Active, "spec.volumeName"));
    }
    asking(view, &object.head.name, counterpart, extra);
    let kept = view.record.is_some_and(|record| record.status.quarantine.is_some());
    let Some((_, volume)) = view.volume.get() else { return };
    let Some(reference) = volume.claim.as_ref() else {
        return extra.extend(fitting(view, volume));
    };
    if reference.uid.is_empty() {
        extra.push(Reference {
            cluster: view.cluster.name.to_string(),
            group: None,
            kind: "PersistentVolumeClaim".into(),
            namespace: Some(reference.namespace.to_string()),
            name: reference.name.to_string(),
            uid: None,
            state: ReferenceState::Reserved,
            state_since: None,
            state_seconds: None,
            path: Some("spec.claimRef".into()),
        });
    }
    // Whoever names a claim that is gone wants its data back; once another claim has the name, they mean that one.
    match view.cluster.claim(&reference.namespace, &reference.name).and_then(|at| view.cluster.claims.get(at))
    {
        None => found.extend(view.cluster.references_to_claim(&reference.namespace, &reference.name)),
        // It came back, and waits for a volume: people mean this one. Of what we keep ourselves the protocol asks a person.
        Some(claim) if claim.data.volume.is_none() && Some(claim.object) != counterpart && !kept => {
            extra.extend(plain(view, claim.object, ReferenceState::Pending, "metadata.name"));
        }
        Some(_) => {}
    }
}

/// The first claim without a volume that may be bound to this one, which is free (kubernetes v1.33, pkg/controller/volume/
/// persistentvolume/index.go); what its selector says is not looked at.
fn fitting(view: &View<'_>, volume: &storage::Volume) -> Option<Reference> {
    let fits = |claim: &&Of<storage::Claim>| {
        let claim = &claim.data;
        claim.class == volume.class
            && claim.mode == volume.mode
            && claim.requested <= volume.capacity
            && claim.access_modes.iter().all(|mode| volume.access_modes.contains(mode))
    };
    let claim = view.cluster.waiting().find(fits)?;
    plain(view, claim.object, ReferenceState::Pending, "spec")
}

fn attachments<'a>(view: &View<'a>, found: &mut Vec<Found<'a>>) {
    let Some((id, volume)) = view.volume.get() else { return };
    let Some(object) = view.cluster.object(*id) else { return };
    found.extend(view.cluster.references_to_volume(&object.head.name, volume));
}

/// Other volumes, in any cluster, that stand for the same asset.
fn twins(view: &View<'_>, extra: &mut Vec<Reference>) -> Vec<String> {
    let Some((id, volume)) = view.volume.get() else { return Vec::new() };
    let (Some(driver), Some(handle)) = (volume.driver.as_deref(), volume.handle.as_deref()) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for cluster in &view.inventory.clusters {
        let shares = volume.share.iter().flat_map(|share| cluster.with_share(share));
        let places: BTreeSet<usize> = cluster.with_handle(driver, handle).chain(shares).collect();
        for twin in places.into_iter().filter_map(|at| cluster.volumes.get(at)) {
            let itself = std::ptr::eq(cluster, view.cluster) && twin.object == *id;
            // vCluster shows the host's volume under its own name: one asset, one volume.
            let shown = cluster.name.starts_with(VIRTUAL_PREFIX) && !twin.data.governing;
            let Some(object) = cluster.object(twin.object).filter(|_| !itself && !shown) else { continue };
            let state =
                if &*twin.data.phase == "Bound" { ReferenceState::Active } else { ReferenceState::Reserved };
            names.push(format!("{}/{}", cluster.name, object.head.name));
            extra.push(Reference {
                cluster: cluster.name.to_string(),
                group: None,
                kind: "PersistentVolume".into(),
                namespace: None,
                name: object.head.name.to_string(),
                uid: Some(object.head.uid.to_string()),
                state,
                state_since: None,
                state_seconds: None,
                path: Some(source(&twin.data).into()),
            });
        }
    }
    names.sort_unstable();
    names
}

/// Where a volume names its asset; what is not CSI names it in several fields.
fn source(volume: &storage::Volume) -> &'static str {
    let csi = volume.driver.as_deref().is_some_and(|driver| !driver.contains('/'));
    if csi { "spec.csi.volumeHandle" } else { "spec" }
}

fn plain(view: &View<'_>, object: ObjectId, state: ReferenceState, path: &str) -> Option<Reference> {
    typed(view, &Found { object, state, since: None, path: Some(path), operation: false, ordinal: None })
}

fn typed(view: &View<'_>, found: &Found<'_>) -> Option<Reference> {
    let kind = view.cluster.kind_of(found.object)?;
    let head = &view.cluster.object(found.object)?.head;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(Reference {
        cluster: view.cluster.name.to_string(),
        group: text(&kind.group),
        kind: kind.kind.clone(),
        namespace: text(&head.namespace),
        name: head.name.to_string(),
        uid: text(&head.uid),
        state: found.state,
        state_since: found.since.map(time::format),
        state_seconds: found.since.map(|since| view.since(since)),
        path: found.path.map(str::to_owned),
    })
}
