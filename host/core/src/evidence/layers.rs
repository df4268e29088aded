//! The other layers: guest cluster and counterparts. Links come by volume handle, by vCluster's two-way marks, or by record. In
//! a cluster that hosts no layers, and for a name that none of them makes, they are proven absent.

use super::{View, guests};
use crate::facts::{Gap, Known};
use crate::inventory::ClusterData;
use crate::inventory::links::{
    HARVESTER_DRIVER, Place, VIRTUAL_PREFIX, Virtual, guest_shaped, hosts_guests, virtual_shaped,
};
use crate::kinds::vcluster::{self, Marks};
use crate::time;
use probate_contract::dump::Reason;
use probate_contract::evidence::{
    Counterpart, CounterpartRelation, CounterpartState, GuestCluster, LifeState, LinkedBy,
};
use probate_contract::record::RecordCounterpart;

/// On a volume inside a virtual cluster: whose copy it is.
const HOST_VOLUME: &str = "vcluster.loft.sh/host-pv";

/// The facts of the other layers.
pub(crate) struct Layers {
    pub(crate) guest_cluster: Known<GuestCluster>,
    pub(crate) counterparts: Known<Vec<Counterpart>>,
}

/// What was found on the way to the counterparts.
#[derive(Default)]
struct Search {
    found: Vec<Counterpart>,
    /// Layers that nobody read; a record tells in their place.
    unread: Vec<Gap>,
    /// What no record settles.
    doubtful: Vec<Gap>,
}

/// vCluster's marks of the claim; for a volume those of its claim.
pub(super) fn marks<'a>(view: &View<'a>) -> Option<Result<Marks<'a>, ()>> {
    let (id, claim) = view.claim.get()?;
    vcluster::marks(&view.cluster.object(*id)?.head, &claim.subject)
}

/// Namespace and name of the claim, also of one that is gone.
pub(super) fn claim_name<'a>(view: &View<'a>) -> Option<(&'a str, &'a str)> {
    match view.claim.get() {
        Some((id, _)) => {
            let head = &view.cluster.object(*id)?.head;
            Some((&head.namespace, &head.name))
        }
        None => {
            let claim = view.volume.get()?.1.claim.as_ref()?;
            Some((&claim.namespace, &claim.name))
        }
    }
}

/// Both facts.
pub(crate) fn of(view: &View<'_>) -> Layers {
    let guest_cluster = guests::of(view);
    let mut search = Search { unread: view.gaps.layers().to_vec(), ..Search::default() };
    harvester_host(view, &mut search);
    harvester_guest(view, &mut search);
    virtual_host(view, &guest_cluster, &mut search);
    virtual_guest(view, &mut search);
    virtual_copy(view, &mut search);
    let status = view.record.map(|record| &record.status);
    // That a live cluster uses the volume does not tell as what; of one that is gone nothing is left.
    let going = guest_cluster.get().is_some_and(|guest| guest.state != LifeState::Alive);
    let told = status.is_some_and(|status| !status.counterparts.is_empty()) || going;
    for recorded in status.into_iter().flat_map(|status| &status.counterparts) {
        of_record(view, recorded, &guest_cluster, &mut search);
    }
    let served =
        status.and_then(|status| status.guest_cluster.as_ref()).filter(|_| !told && search.found.is_empty());
    if let Some(guest) = served {
        // It serves a cluster that lives, and nobody knows as what.
        search.doubtful.push(gap(Reason::NotCollected, format!("what {} has of it", guest.name)));
    }
    let Search { mut found, unread, mut doubtful } = search;
    if !told {
        doubtful.extend(unread);
    }
    found.sort_by(|left, right| {
        let key = |of: &Counterpart| {
            (of.cluster.clone(), of.kind.clone(), of.namespace.clone(), of.name.clone(), of.uid.clone())
        };
        key(left).cmp(&key(right))
    });
    found.dedup();
    Layers { guest_cluster, counterparts: Known::unless(super::merged(doubtful), Some(found)) }
}

fn gap(reason: Reason, source: String) -> Gap {
    Gap { reason, source }
}

fn bare(
    cluster: &ClusterData,
    relation: CounterpartRelation,
    kind: &str,
    linked_by: LinkedBy,
) -> Counterpart {
    Counterpart {
        cluster: cluster.name.to_string(),
        group: None,
        kind: kind.to_owned(),
        namespace: None,
        name: String::new(),
        uid: None,
        relation,
        state: CounterpartState::Present,
        gone_since: None,
        gone_seconds: None,
        phase: None,
        reclaim_policy: None,
        linked_by,
    }
}

/// A claim of another cluster, with the policy of the volume it is bound to where that volume governs the asset.
fn claim_at(
    view: &View<'_>,
    place: Place,
    relation: CounterpartRelation,
    linked_by: LinkedBy,
) -> Option<Counterpart> {
    let cluster = view.inventory.clusters.get(place.0)?;
    let claim = cluster.claims.get(place.1)?;
    let head = &cluster.object(claim.object)?.head;
    let volume = claim.data.volume.as_deref().and_then(|name| cluster.volumes.get(cluster.volume(name)?));
    let bound = volume.filter(|volume| {
        volume.data.governing && volume.data.claim.as_ref().is_some_and(|claim| claim.uid == head.uid)
    });
    Some(Counterpart {
        namespace: Some(head.namespace.to_string()),
        name: head.name.to_string(),
        uid: Some(head.uid.to_string()),
        phase: Some(claim.data.phase.to_string()),
        reclaim_policy: bound.map(|volume| volume.data.policy.to_string()),
        ..bare(cluster, relation, "PersistentVolumeClaim", linked_by)
    })
}

fn volume_at(view: &View<'_>, place: Place) -> Option<Counterpart> {
    let cluster = view.inventory.clusters.get(place.0)?;
    let volume = cluster.volumes.get(place.1)?;
    let head = &cluster.object(volume.object)?.head;
    Some(Counterpart {
        name: head.name.to_string(),
        uid: Some(head.uid.to_string()),
        phase: Some(volume.data.phase.to_string()),
        reclaim_policy: Some(volume.data.policy.to_string()),
        ..bare(cluster, CounterpartRelation::Guest, "PersistentVolume", LinkedBy::VolumeHandle)
    })
}

/// A claim of a Harvester cluster: the guest volumes whose handle is its name.
fn harvester_host(view: &View<'_>, search: &mut Search) {
    let Some((_, name)) = claim_name(view) else { return };
    if !hosts_guests(&view.inventory.clusters, view.cluster) {
        return;
    }
    let guests = view.inventory.links.guests(name);
    let elsewhere = |(cluster, _): &&Place| {
        view.inventory.clusters.get(*cluster).is_some_and(|cluster| !std::ptr::eq(cluster, view.cluster))
    };
    for guest in guests.iter().filter(elsewhere) {
        if view.inventory.links.hosts(*guest).is_some_and(|hosts| hosts.len() > 1) {
            search.doubtful.push(gap(Reason::Ambiguous, format!("host claims named {name}")));
        }
        search.found.extend(volume_at(view, *guest));
    }
    // A name that was given by hand shows no guest.
    if search.found.is_empty() && view.cluster.index.harvester && guest_shaped(name) {
        search.unread.push(gap(Reason::NotCollected, format!("guest clusters of {}", view.cluster.name)));
    }
}

/// A volume of a guest cluster: the host claim that its handle names.
fn harvester_guest(view: &View<'_>, search: &mut Search) {
    let Some((id, volume)) = view.volume.get() else { return };
    if volume.driver.as_deref() != Some(HARVESTER_DRIVER) {
        return;
    }
    let source = || format!("host of {}", view.cluster.name);
    match view.volume_place(*id).and_then(|place| view.inventory.links.hosts(place)) {
        Some([host]) => {
            let found = claim_at(view, *host, CounterpartRelation::Host, LinkedBy::VolumeHandle);
            search.found.extend(found);
        }
        Some([]) | None => search.unread.push(gap(Reason::NotCollected, source())),
        Some(_) => search.doubtful.push(gap(Reason::Ambiguous, source())),
    }
}

/// A host claim that vCluster made: the claim in the virtual cluster.
fn virtual_host(view: &View<'_>, guest: &Known<GuestCluster>, search: &mut Search) {
    let gone = guest.get().filter(|guest| guest.state == LifeState::Gone);
    let Some((namespace, name)) = claim_name(view) else { return };
    let clusters = &view.inventory.clusters;
    let (side, marks) = match marks(view) {
        Some(Ok(marks)) => {
            let side = view.inventory.links.virtual_side(clusters, (view.at(), namespace), &marks);
            (side, Some(marks))
        }
        Some(Err(())) => {
            let source = format!("vCluster marks of {namespace}/{name}");
            return search.doubtful.push(gap(Reason::Ambiguous, source));
        }
        None if !virtual_shaped(name) || view.cluster.name.starts_with(VIRTUAL_PREFIX) => return,
        None if view.claim.get().is_some() => {
            let source = format!("vCluster marks of {namespace}/{name}");
            return search.unread.push(gap(Reason::Ambiguous, source));
        }
        None => (view.inventory.links.virtual_of_gone(clusters, namespace, name), None),
    };
    match side {
        Virtual::Present(place) => {
            search.found.extend(claim_at(view, place, CounterpartRelation::Virtual, LinkedBy::ObjectMarks));
        }
        Virtual::Gone(at) => {
            let cluster = clusters.get(at);
            search.found.extend(
                marks.zip(cluster).map(|(marks, cluster)| absent(cluster.name.to_string(), &marks, None)),
            );
        }
        // Without its control plane there is no virtual claim.
        Virtual::Unknown(..) if gone.is_some() && marks.is_some() => {
            let since = gone.and_then(|guest| Some((guest.gone_since.clone()?, guest.gone_seconds?)));
            let named =
                |marks: Marks<'_>| absent(format!("{VIRTUAL_PREFIX}{}", marks.cluster), &marks, since);
            search.found.extend(marks.map(named));
        }
        Virtual::Unknown(reason, source) => search.unread.push(gap(reason, source)),
    }
}

fn absent(cluster: String, marks: &Marks<'_>, since: Option<(String, i64)>) -> Counterpart {
    let (gone_since, gone_seconds) = since.unzip();
    Counterpart {
        cluster,
        group: None,
        kind: "PersistentVolumeClaim".into(),
        namespace: Some(marks.namespace.to_owned()),
        name: marks.name.to_owned(),
        uid: Some(marks.uid.to_owned()).filter(|uid| !uid.is_empty()),
        relation: CounterpartRelation::Virtual,
        state: CounterpartState::Gone,
        gone_since,
        gone_seconds,
        phase: None,
        reclaim_policy: None,
        linked_by: LinkedBy::ObjectMarks,
    }
}

/// A host volume that vCluster shows inside (vcluster, persistentvolumes/syncer.go): the copy names it and has its handle. While
/// the copy is there the tenant has the volume, whatever became of the claim.
fn virtual_copy(view: &View<'_>, search: &mut Search) {
    let Some((id, volume)) = view.volume.get().filter(|(_, volume)| volume.governing) else { return };
    let (Some(driver), Some(handle)) = (volume.driver.as_deref(), volume.handle.as_deref()) else { return };
    let own = view.cluster.object(*id).map(|object| &*object.head.name);
    for cluster in view.inventory.clusters.iter().filter(|cluster| cluster.name.starts_with(VIRTUAL_PREFIX)) {
        for copy in cluster.with_handle(driver, handle).filter_map(|at| cluster.volumes.get(at)) {
            let named = copy.data.subject.annotations.get(HOST_VOLUME);
            let Some(object) = cluster.object(copy.object).filter(|_| named.is_some() && named == own) else {
                continue;
            };
            search.found.push(Counterpart {
                name: object.head.name.to_string(),
                uid: Some(object.head.uid.to_string()),
                phase: Some(copy.data.phase.to_string()),
                reclaim_policy: Some(copy.data.policy.to_string()),
                ..bare(cluster, CounterpartRelation::Virtual, "PersistentVolume", LinkedBy::VolumeHandle)
            });
        }
    }
}

/// A claim or volume of a virtual cluster: the host claim that is its copy.
fn virtual_guest(view: &View<'_>, search: &mut Search) {
    let stand_in = view.volume.get().is_some_and(|(_, volume)| !volume.governing);
    if !stand_in && !view.cluster.name.starts_with(VIRTUAL_PREFIX) {
        return;
    }
    let hosts = view.claim.get().and_then(|(id, _)| view.claim_place(*id));
    let hosts = hosts.map_or(&[][..], |place| view.inventory.links.copies_of(place));
    let found = hosts
        .iter()
        .filter_map(|host| claim_at(view, *host, CounterpartRelation::Host, LinkedBy::ObjectMarks));
    search.found.extend(found);
    if hosts.is_empty() {
        search.unread.push(gap(Reason::NotCollected, format!("host of {}", view.cluster.name)));
    }
}

/// A counterpart that a record remembers; where its cluster was read, as it is there now.
fn of_record(
    view: &View<'_>,
    recorded: &RecordCounterpart,
    guest: &Known<GuestCluster>,
    search: &mut Search,
) {
    let same = |known: &Counterpart| {
        known.cluster == recorded.cluster && known.kind == recorded.kind && known.name == recorded.name
            || known.uid.is_some() && known.uid == recorded.uid
    };
    if search.found.iter().any(same) {
        return;
    }
    let stated = recorded.state.unwrap_or(if recorded.gone_since.is_some() {
        CounterpartState::Gone
    } else {
        CounterpartState::Present
    });
    let read = view.inventory.clusters.iter().find(|cluster| *cluster.name == *recorded.cluster);
    let state = match (read, recorded.uid.as_deref()) {
        (Some(cluster), Some(uid)) if cluster.by_uid(uid).is_some() => CounterpartState::Present,
        (Some(cluster), Some(_)) if stated == CounterpartState::Present => match whole(cluster, recorded) {
            Ok(()) => CounterpartState::Gone,
            Err(reason) => {
                let source = format!("{}@{}", recorded.kind, cluster.name);
                return search.doubtful.push(gap(reason, source));
            }
        },
        // A layer goes with its cluster.
        (None, _) if guest.get().is_some_and(|guest| guest.state == LifeState::Gone) => {
            CounterpartState::Gone
        }
        _ => stated,
    };
    let since = recorded.gone_since.clone().or_else(|| guest.get()?.gone_since.clone());
    let gone = since.as_deref().and_then(time::parse).filter(|_| state == CounterpartState::Gone);
    search.found.push(Counterpart {
        cluster: recorded.cluster.clone(),
        group: None,
        kind: recorded.kind.clone(),
        namespace: recorded.namespace.clone(),
        name: recorded.name.clone(),
        uid: recorded.uid.clone(),
        relation: recorded.relation,
        state,
        gone_since: gone.map(time::format),
        gone_seconds: gone.map(|at| view.since(at)),
        phase: None,
        reclaim_policy: recorded.reclaim_policy.clone(),
        linked_by: LinkedBy::Record,
    });
}

fn whole(cluster: &ClusterData, recorded: &RecordCounterpart) -> Result<(), Reason> {
    let kind = crate::intake::GroupKind { group: String::new(), kind: recorded.kind.clone() };
    cluster.coverage.list(&kind, recorded.namespace.as_deref())
}
