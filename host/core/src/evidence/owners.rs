//! Owners: ownerReferences and the VMs that use the claim, by uid; a record tells of those that are gone.

use super::references::References;
use super::{View, merged};
use crate::facts::{Gap, Known};
use crate::intake::GroupKind;
use crate::inventory::ObjectId;
use crate::kinds::group_of;
use crate::kinds::meta::OwnerRef;
use crate::time;
use probate_contract::dump::Reason;
use probate_contract::evidence::{LifeState, Owner, PlatformIntent, Relation};
use probate_contract::record::RecordOwner;

/// All owners, sorted.
pub(crate) fn of(view: &View<'_>, references: &References) -> Known<Vec<Owner>> {
    let mut owners = Vec::new();
    let mut gaps: Vec<Gap> = Vec::new();
    let claim = view.claim.get().map(|(id, _)| *id);
    let subjects: Vec<ObjectId> = [Some(view.object), claim].into_iter().flatten().collect();
    for (at, subject) in subjects.iter().enumerate() {
        let Some(object) = view
            .cluster
            .object(*subject)
            .filter(|_| !subjects.iter().take(at).any(|earlier| earlier == subject))
        else {
            continue;
        };
        for reference in &object.head.owners {
            match owner(view, reference, &object.head.namespace) {
                Ok(owner) => owners.push(owner),
                Err(gap) => gaps.push(gap),
            }
        }
    }
    if let Some(found) = view.claim.gaps() {
        gaps.extend_from_slice(found);
    }
    gaps.extend_from_slice(view.gaps.machines(view.namespace()));
    for id in &references.objects {
        owners.extend(machine(view, *id).or_else(|| orphaning(view, *id)));
    }
    for recorded in view.record.into_iter().flat_map(|record| &record.status.owners) {
        match of_record(view, recorded) {
            Ok(owner) if owners.iter().any(|known: &Owner| known.uid == owner.uid && known.uid.is_some()) => {
                let known = owners.iter_mut().find(|known| known.uid == owner.uid);
                if let Some(known) = known {
                    known.gone_since = known
                        .gone_since
                        .take()
                        .or(owner.gone_since)
                        .filter(|_| known.state == LifeState::Gone);
                    known.gone_seconds =
                        known.gone_since.as_deref().and_then(time::parse).map(|at| view.since(at));
                    known.platform_intent = known.platform_intent.or(owner.platform_intent);
                }
            }
            Ok(owner) => owners.push(owner),
            Err(gap) => gaps.push(gap),
        }
    }
    owners.sort_by(|left, right| key(left).cmp(&key(right)));
    owners.dedup();
    Known::unless(merged(gaps), Some(owners))
}

fn key(owner: &Owner) -> (&str, Option<&str>, &str, Option<&str>, &str, Option<&str>, Relation) {
    let Owner { cluster, group, kind, namespace, name, uid, relation, .. } = owner;
    (cluster, group.as_deref(), kind, namespace.as_deref(), name, uid.as_deref(), *relation)
}

fn named(
    view: &View<'_>,
    kind: &GroupKind,
    namespace: &str,
    name: &str,
    uid: &str,
    relation: Relation,
    state: LifeState,
) -> Owner {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Owner {
        cluster: view.cluster.name.to_string(),
        group: text(&kind.group),
        kind: kind.kind.clone(),
        namespace: text(namespace),
        name: name.to_owned(),
        uid: text(uid),
        relation,
        state,
        gone_since: None,
        gone_seconds: None,
        successor_uid: None,
        platform_intent: None,
    }
}

/// The object of that uid and kind, or who has its name now.
fn life(
    view: &View<'_>,
    kind: &GroupKind,
    namespace: &str,
    name: &str,
    uid: &str,
) -> Result<(LifeState, Option<String>), Gap> {
    if let Some(id) = view.cluster.by_uid(uid) {
        if view
            .cluster
            .kind_of(id)
            .is_some_and(|found| (&found.group, &found.kind) != (&kind.group, &kind.kind))
        {
            // The garbage collector takes such an owner for gone, whoever wrote it meant somebody.
            return Err(Gap { reason: Reason::Ambiguous, source: view.source(&kind.to_string()) });
        }
        let deleting = view.cluster.object(id).is_some_and(|object| object.head.deleting.is_some());
        return Ok((if deleting { LifeState::Deleting } else { LifeState::Alive }, None));
    }
    let successor = view.cluster.named(kind, namespace, name).filter(|object| &*object.head.uid != uid);
    match (
        successor,
        view.cluster.coverage.list(kind, Some(namespace).filter(|namespace| !namespace.is_empty())),
    ) {
        // Two objects cannot have one name at a time: who has it now proves that the owner is gone.
        (Some(successor), _) => Ok((LifeState::Gone, Some(successor.head.uid.to_string()))),
        (None, Ok(())) => Ok((LifeState::Gone, None)),
        (None, Err(reason)) => Err(Gap { reason, source: view.source(&kind.to_string()) }),
    }
}

fn owner(view: &View<'_>, reference: &OwnerRef, namespace: &str) -> Result<Owner, Gap> {
    let kind = GroupKind { group: group_of(&reference.api_version).into(), kind: reference.kind.to_string() };
    if reference.uid.is_empty() {
        return Err(Gap { reason: Reason::Ambiguous, source: view.source(&kind.to_string()) });
    }
    let relation =
        if reference.controller == Some(true) { Relation::Controller } else { Relation::OwnerReference };
    let (state, successor_uid) = life(view, &kind, namespace, &reference.name, &reference.uid)?;
    let found = view.cluster.by_uid(&reference.uid).and_then(|id| view.cluster.object(id));
    let namespace = found.map_or(namespace, |object| &object.head.namespace);
    Ok(Owner {
        successor_uid,
        ..named(view, &kind, namespace, &reference.name, &reference.uid, relation, state)
    })
}

/// A VM that names the claim uses it.
fn machine(view: &View<'_>, id: ObjectId) -> Option<Owner> {
    let kind = view
        .cluster
        .kind_of(id)
        .filter(|kind| kind.group == "kubevirt.io" && kind.kind == "VirtualMachine")?;
    let head = &view.cluster.object(id)?.head;
    let state = if head.deleting.is_some() { LifeState::Deleting } else { LifeState::Alive };
    let owner = named(view, kind, &head.namespace, &head.name, &head.uid, Relation::Used, state);
    Some(Owner { platform_intent: intent(view, id, state), ..owner })
}

/// A DataVolume that is deleted without its claim: whoever did that chose to keep it. The claim loses its ownerReference first.
fn orphaning(view: &View<'_>, id: ObjectId) -> Option<Owner> {
    let kind = view
        .cluster
        .kind_of(id)
        .filter(|kind| kind.group == "cdi.kubevirt.io" && kind.kind == "DataVolume")?;
    view.cluster.intent_of(id).filter(|said| said.orphaned)?;
    let head = &view.cluster.object(id)?.head;
    // What it was filled from is not its own.
    super::layers::claim_name(view).filter(|claim| *claim == (&*head.namespace, &*head.name))?;
    let made =
        named(view, kind, &head.namespace, &head.name, &head.uid, Relation::CreatedFor, LifeState::Deleting);
    Some(Owner { platform_intent: Some(PlatformIntent::Keep), ..made })
}

/// What Harvester does with the claim when the VM goes: it deletes what its list names, and nothing else (harvester,
/// vm_controller.go cleanupPVCAndSnapshot).
fn intent(view: &View<'_>, machine: ObjectId, state: LifeState) -> Option<PlatformIntent> {
    let (_, name) = super::layers::claim_name(view)?;
    let said = view.cluster.intent_of(machine);
    if said.is_some_and(|said| said.removed.iter().any(|removed| &**removed == name)) {
        return Some(PlatformIntent::Delete);
    }
    (view.cluster.index.harvester && state == LifeState::Deleting).then_some(PlatformIntent::Keep)
}

fn of_record(view: &View<'_>, recorded: &RecordOwner) -> Result<Owner, Gap> {
    let kind = GroupKind { group: recorded.group.clone().unwrap_or_default(), kind: recorded.kind.clone() };
    let namespace = recorded.namespace.as_deref().unwrap_or_default();
    let uid = recorded.uid.as_deref().unwrap_or_default();
    let elsewhere = recorded.cluster.as_deref().is_some_and(|cluster| cluster != &*view.cluster.name);
    let gone = recorded.state == LifeState::Gone;
    let (state, successor_uid) = if uid.is_empty() || elsewhere {
        (recorded.state, None)
    } else {
        match life(view, &kind, namespace, &recorded.name, uid) {
            // The record saw it go; a list that is not whole does not make that unknown again.
            Err(_) if gone => (LifeState::Gone, None),
            other => other?,
        }
    };
    let gone_at = recorded.gone_since.as_deref().and_then(time::parse).filter(|_| state == LifeState::Gone);
    Ok(Owner {
        cluster: recorded.cluster.clone().unwrap_or_else(|| view.cluster.name.to_string()),
        gone_since: gone_at.map(time::format),
        gone_seconds: gone_at.map(|at| view.since(at)),
        successor_uid,
        platform_intent: recorded.platform_intent,
        ..named(view, &kind, namespace, &recorded.name, uid, recorded.relation, state)
    })
}
