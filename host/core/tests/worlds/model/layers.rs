//! The same volume on other layers: guest clusters on Harvester, virtual clusters, volumes with one handle in two clusters.

use super::json::{annotation, group, kind, label, list, name, namespace, text, uid};
use super::{By, Case, Found, by};
use crate::world::Cluster;
use serde_json::Value;

const GUEST_DRIVER: &str = "driver.harvesterhci.io";

pub(super) fn ask(case: &Case<'_>, found: &mut Found) {
    for (cluster, object) in elsewhere(case) {
        if kind(object) == "PersistentVolume" && group(object).is_empty() {
            super::storage::twin(case, cluster, object, found);
        }
    }
    recorded(case, found);
    spared(case, found);
    if case.world.clusters[case.cluster].name.starts_with("vcluster:") {
        // On its host the asset is another claim's.
        found.add("host of a virtual cluster", By::Untold, None, false);
    }
    let Some(claim) = case.claim else { return };
    guest(case, found);
    if virtual_marks(claim) {
        virtual_(case, claim, found);
    }
}

/// The objects of the other clusters.
fn elsewhere<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Value)> {
    let own = case.cluster;
    case.world
        .clusters
        .iter()
        .enumerate()
        .filter(move |(at, _)| *at != own)
        .flat_map(|(at, cluster)| cluster.objects.iter().map(move |object| (at, object)))
}

fn harvester(cluster: &Cluster) -> bool {
    cluster.objects.iter().any(|object| group(object) == "harvesterhci.io")
}

/// `pvc-` and a uid: the name that the guest's provisioner gives.
fn provisioned(name: &str) -> bool {
    let Some(uid) = name.strip_prefix("pvc-") else { return false };
    let parts: Vec<&str> = uid.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && uid.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// A guest's volume: guest PV name = its handle = host claim name. Without the guest's word its fate is unknown.
fn guest(case: &Case<'_>, found: &mut Found) {
    if !harvester(&case.world.clusters[case.cluster]) || !provisioned(case.name) {
        return;
    }
    let mut there = false;
    for (cluster, volume) in elsewhere(case) {
        let serves = kind(volume) == "PersistentVolume"
            && text(volume, "spec.csi.driver") == GUEST_DRIVER
            && text(volume, "spec.csi.volumeHandle") == case.name;
        if serves {
            there = true;
            found.add("guest volume", by(cluster, volume), None, true);
            if text(volume, "spec.persistentVolumeReclaimPolicy") == "Retain" {
                found.add("guest volume retained", by(cluster, volume), Some(super::Lift::Retained), true);
            }
        }
    }
    let remembered = super::time::records(case).any(|(_, record)| {
        list(record, "counterparts").iter().any(|other| text(other, "relation") == "Guest")
    });
    if !there && !remembered {
        found.add("guest unknown", By::Untold, None, !gone(case));
    }
}

/// Rancher is told to leave the cluster's volumes alone (rancher, harvestercleanup/controller.go).
fn spared(case: &Case<'_>, found: &mut Found) {
    for (place, record) in super::time::records(case) {
        for (cluster, object) in elsewhere(case) {
            let same = kind(object) == "Cluster"
                && !uid(object).is_empty()
                && uid(object) == text(record, "guestCluster.uid");
            if same
                && annotation(object, "harvesterhci.io/skipHarvesterMachineProvisionCleanup") == Some("true")
            {
                // Both say so: the object, and the record that leads to it.
                found.add("cleanup skipped", by(cluster, object), None, true);
                found.add("cleanup skipped", By::Record(place), None, true);
            }
        }
    }
}

/// True where a record says that the guest cluster is gone, or tells the uid of a virtual cluster whose Service is.
fn gone(case: &Case<'_>) -> bool {
    super::time::records(case).any(|(_, record)| {
        let guest = text(record, "guestCluster.name");
        let service = |object: &Value| {
            kind(object) == "Service" && namespace(object) == case.namespace && name(object) == guest
        };
        let virtual_ = text(record, "guestCluster.type") == "VCluster"
            && !text(record, "guestCluster.uid").is_empty()
            && super::gaps::whole(case, "Service", case.namespace)
            && !case.objects().any(service);
        text(record, "guestCluster.state") == "Gone" || virtual_
    })
}

/// What records remember of other layers: gone only if they say so, or the other cluster's whole list lacks it.
fn recorded(case: &Case<'_>, found: &mut Found) {
    for (place, record) in super::time::records(case) {
        for other in list(record, "counterparts") {
            if text(other, "relation") == "Host" {
                continue;
            }
            let at_ = case.world.clusters.iter().position(|cluster| cluster.name == text(other, "cluster"));
            let told = text(other, "state") == "Gone";
            let Some(at_) = at_ else {
                if !told {
                    found.add("layer missing", By::Record(place), None, !gone(case));
                }
                continue;
            };
            let cluster = &case.world.clusters[at_];
            let same =
                |object: &&Value| kind(object) == text(other, "kind") && uid(object) == text(other, "uid");
            let space = match text(other, "namespace") {
                "" => "*",
                space => space,
            };
            if let Some(object) = cluster.objects.iter().find(same) {
                found.add("counterpart of a record", by(at_, object), None, true);
            } else if !super::gaps::stated(cluster, text(other, "kind"), space) {
                found.add("layer unknown", By::Untold, None, !told && !gone(case));
            }
        }
    }
}

const MARKS: [&str; 6] = ["kind", "name", "namespace", "uid", "host-name", "host-namespace"];

fn mark<'a>(claim: &'a Value, which: &str) -> Option<&'a str> {
    annotation(claim, &format!("vcluster.loft.sh/object-{which}"))
}

fn virtual_marks(claim: &Value) -> bool {
    !label(claim, "vcluster.loft.sh/managed-by").is_empty()
        || MARKS.iter().any(|which| mark(claim, which).is_some())
}

/// As vCluster checks them: kind, name, host name and host namespace agree.
fn consistent(claim: &Value) -> bool {
    MARKS.iter().all(|which| mark(claim, which).is_some_and(|text| !text.is_empty()))
        && mark(claim, "kind") == Some("/v1, Kind=PersistentVolumeClaim")
        && mark(claim, "host-name") == Some(name(claim))
        && mark(claim, "host-namespace") == Some(namespace(claim))
        && !label(claim, "vcluster.loft.sh/managed-by").is_empty()
}

fn virtual_(case: &Case<'_>, claim: &Value, found: &mut Found) {
    if !consistent(claim) {
        found.add("inconsistent marks", by(case.cluster, claim), None, true);
        return;
    }
    let manager = label(claim, "vcluster.loft.sh/managed-by");
    let names = [format!("vcluster:{manager}"), format!("vcluster:{}/{manager}", case.namespace)];
    let at_ = case.world.clusters.iter().position(|cluster| names.contains(&cluster.name));
    let remembered = super::time::records(case).any(|(_, record)| {
        list(record, "counterparts").iter().any(|other| text(other, "relation") == "Virtual")
    });
    let Some(at_) = at_ else {
        if !remembered {
            found.add("virtual cluster unknown", By::Untold, None, !gone(case));
        }
        return lives(case, manager, found);
    };
    let cluster = &case.world.clusters[at_];
    let space = mark(claim, "namespace").unwrap_or_default();
    let same = |object: &&Value| {
        kind(object) == "PersistentVolumeClaim"
            && namespace(object) == space
            && Some(name(object)) == mark(claim, "name")
    };
    match cluster.objects.iter().find(same) {
        Some(object) => {
            found.add("virtual claim", by(at_, object), None, Some(uid(object)) == mark(claim, "uid"))
        }
        None if !super::gaps::stated(cluster, "PersistentVolumeClaim", space) => {
            found.add("virtual claim unknown", By::Untold, None, !gone(case));
        }
        None => {}
    }
    lives(case, manager, found);
}

/// While the virtual cluster lives its syncer deletes the claim, nobody else: it is there as its Service is.
fn lives(case: &Case<'_>, manager: &str, found: &mut Found) {
    let service = |object: &&Value| {
        kind(object) == "Service"
            && group(object).is_empty()
            && namespace(object) == case.namespace
            && name(object) == manager
    };
    if let Some(service) = case.objects().find(service) {
        found.want(case, "virtual cluster", service);
    } else if !super::gaps::whole(case, "Service", case.namespace) {
        found.add("virtual cluster, perhaps", By::Untold, None, false);
    }
}
