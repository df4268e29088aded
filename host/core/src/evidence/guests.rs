//! The guest cluster that a volume serves: a virtual cluster by its Service, one of Rancher by the uid that a record keeps or by
//! the machine that uses the volume.

use super::{View, layers};
use crate::facts::{Gap, Known};
use crate::intake::GroupKind;
use crate::inventory::links::{HARVESTER_DRIVER, VIRTUAL_PREFIX, guest_shaped, virtual_shaped};
use crate::inventory::{Member, Object};
use crate::kinds::vcluster::Marks;
use crate::time;
use probate_contract::dump::Reason;
use probate_contract::evidence::{GuestCluster, GuestClusterType, LifeState};
use probate_contract::record::RecordGuestCluster;

/// Kinds that are the control plane of a virtual cluster; while one of the name is there it can come back.
const CONTROL_PLANE: [(&str, &str); 3] = [("", "Service"), ("apps", "StatefulSet"), ("apps", "Deployment")];

/// The guest cluster.
pub(crate) fn of(view: &View<'_>) -> Known<GuestCluster> {
    let recorded = view.record.and_then(|record| record.status.guest_cluster.as_ref());
    let marks = layers::marks(view);
    if let Some(Ok(marks)) = marks.filter(|marks| !marks.is_ok_and(|marks| marks.imported)) {
        return virtual_cluster(view, &marks, recorded);
    }
    if let Some(recorded) = recorded {
        return of_record(view, recorded);
    }
    if let Some(found) = of_machines(view) {
        return found.map_or_else(|gap| Known::Unknown(vec![gap]), |member| Known::Present(cluster(member)));
    }
    let gaps = unread(view, marks.is_some_and(|marks| marks.is_err()));
    Known::unless(gaps, None)
}

/// The cluster that a VM which uses the claim is a node of.
fn of_machines(view: &View<'_>) -> Option<Result<Member, Gap>> {
    let fleet = Some(&view.inventory.fleet).filter(|fleet| !fleet.is_empty())?;
    let (namespace, name) = layers::claim_name(view)?;
    let users = view.cluster.references_to_claim(namespace, name);
    let mut found = users.iter().filter_map(|user| {
        view.cluster
            .kind_of(user.object)
            .filter(|kind| kind.group == "kubevirt.io" && kind.kind == "VirtualMachine")?;
        let head = &view.cluster.object(user.object)?.head;
        fleet.of_machine(&view.inventory.clusters, (&head.namespace, &head.name, &head.uid))
    });
    let first = found.next()?;
    // A disk that two clusters share belongs to neither.
    let other = found.any(|other| other != first);
    let ambiguous = || Gap { reason: Reason::Ambiguous, source: view.source("VirtualMachine.kubevirt.io") };
    Some(first.and_then(|member| if other { Err(ambiguous()) } else { Ok(member) }))
}

/// The mark by which a cluster's owner keeps its volumes (rancher, harvestercleanup/controller.go). It goes with the cluster's
/// objects, one after the other: once one of them is gone or all
/// are going, what a record saw holds.
pub(crate) fn kept(view: &View<'_>) -> Option<String> {
    let recorded = view.record.and_then(|record| record.status.guest_cluster.as_ref());
    let by_record = recorded.and_then(|recorded| {
        let read = view.inventory.fleet.recorded(&view.inventory.clusters, recorded);
        let said = read.ok().flatten().and_then(|(_, said)| said);
        said.unwrap_or(recorded.keep_volumes).then(|| recorded.name.clone())
    });
    let by_machine =
        || of_machines(view)?.ok().filter(|member| member.keep_volumes).map(|member| member.name);
    let name = by_record.or_else(by_machine)?;
    Some(format!("harvesterhci.io/skipHarvesterMachineProvisionCleanup on cluster {name}"))
}

fn cluster(member: Member) -> GuestCluster {
    GuestCluster {
        r#type: member.r#type,
        name: member.name,
        uid: Some(member.uid),
        state: member.state,
        gone_since: None,
        gone_seconds: None,
    }
}

/// Why it is not known that the volume serves no guest.
fn unread(view: &View<'_>, contradictory: bool) -> Vec<Gap> {
    let mut gaps = view.gaps.layers().to_vec();
    let guest_driver =
        view.volume.get().is_some_and(|(_, volume)| volume.driver.as_deref() == Some(HARVESTER_DRIVER));
    if guest_driver || view.cluster.name.starts_with(VIRTUAL_PREFIX) {
        return gaps;
    }
    let Some((namespace, name)) = layers::claim_name(view) else { return gaps };
    if contradictory || virtual_shaped(name) {
        gaps.push(Gap { reason: Reason::Ambiguous, source: format!("vCluster marks of {namespace}/{name}") });
    }
    if view.cluster.index.harvester && guest_shaped(name) {
        gaps.push(Gap { reason: Reason::NoRecord, source: view.source("VolumeRecord") });
    }
    gaps
}

/// What there is of a virtual cluster's control plane, its Service before all, and what was not read.
pub(crate) fn control_plane<'a>(
    view: &View<'a>,
    namespace: &str,
    name: &str,
) -> (Option<&'a Object>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let mut found = None;
    for (group, kind) in CONTROL_PLANE {
        let kind = GroupKind { group: group.into(), kind: kind.into() };
        found = found.or_else(|| view.cluster.named(&kind, namespace, name));
        if let Err(reason) = view.cluster.coverage.list(&kind, Some(namespace)) {
            gaps.push(Gap { reason, source: view.source(&kind.to_string()) });
        }
    }
    (found, gaps)
}

/// Alive while any part of its control plane is there, also one that was made again under its name: what it finds it adopts.
fn virtual_cluster(
    view: &View<'_>,
    marks: &Marks<'_>,
    recorded: Option<&RecordGuestCluster>,
) -> Known<GuestCluster> {
    let namespace = view.namespace().unwrap_or_default();
    let (alive, mut gaps) = control_plane(view, namespace, marks.cluster);
    let owner = view.claim.get().and_then(|(id, _)| view.cluster.object(*id)).and_then(|object| {
        object.head.owners.iter().find(|owner| &*owner.kind == "Service" && &*owner.name == marks.cluster)
    });
    let recorded = recorded.filter(|recorded| recorded.r#type == GuestClusterType::VCluster);
    let owner = owner.map(|owner| owner.uid.to_string());
    let uid = owner.or_else(|| recorded.and_then(|recorded| recorded.uid.clone()));
    let cluster = |uid, state, gone: Option<i64>| GuestCluster {
        r#type: GuestClusterType::VCluster,
        name: marks.cluster.to_owned(),
        uid,
        state,
        gone_since: gone.map(time::format),
        gone_seconds: gone.map(|at| view.since(at)),
    };
    if let Some(object) = alive {
        let uid = Some(object.head.uid.to_string());
        let state = if object.head.deleting.is_some() { LifeState::Deleting } else { LifeState::Alive };
        return Known::Present(cluster(uid, state, None));
    }
    if gaps.is_empty() && uid.is_none() {
        gaps.push(Gap { reason: Reason::NoRecord, source: view.source("VolumeRecord") });
    }
    let gone = recorded.and_then(|recorded| time::parse(recorded.gone_since.as_deref()?));
    Known::unless(super::merged(gaps), Some(cluster(uid, LifeState::Gone, gone)))
}

/// A guest cluster that a record remembers, as it is now where its management cluster was read.
fn of_record(view: &View<'_>, recorded: &RecordGuestCluster) -> Known<GuestCluster> {
    let stated = recorded.state.unwrap_or(if recorded.gone_since.is_some() {
        LifeState::Gone
    } else {
        LifeState::Alive
    });
    let state = match view.inventory.fleet.recorded(&view.inventory.clusters, recorded) {
        Ok(read) => read.map_or(stated, |(state, _)| state),
        // What was not read of it may keep its volumes, whatever the record saw.
        Err(gap) => return Known::Unknown(vec![gap]),
    };
    let gone = recorded.gone_since.as_deref().and_then(time::parse).filter(|_| state == LifeState::Gone);
    Known::Present(GuestCluster {
        r#type: recorded.r#type,
        name: recorded.name.clone(),
        uid: recorded.uid.clone(),
        state,
        gone_since: gone.map(time::format),
        gone_seconds: gone.map(|at| view.since(at)),
    })
}
