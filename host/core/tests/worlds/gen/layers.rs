//! The same volume on several layers: guests of Harvester, virtual clusters.

use super::base::pair;
use super::edges::Shape::{Guest, Synced};
use super::edges::{Edge, gap, rail, want};
use super::plant::{Plot, Target};
use crate::world::Says;
use probate_contract::dump::Reason;
use serde_json::{Value, json};

const GUEST_DRIVER: &str = "driver.harvesterhci.io";
const LONGHORN: &str = "driver.longhorn.io";

/// A volume that a guest uses: guest PV name = its handle = name of the host's claim.
pub(super) fn live_guest(plot: &mut Plot) {
    let guest = pair(plot, 2, ("shop", "data-g-1"), true, GUEST_DRIVER);
    plot.volume(&guest, &json!({"spec": {"csi": {"volumeHandle": guest.volume}}}));
    pair(plot, 0, ("shop", &guest.volume), true, LONGHORN);
}

/// The host's claim of a guest's volume that is gone, as a record tells.
pub(super) fn guest_volume(plot: &mut Plot) -> Target {
    let name = format!("pvc-{}", plot.uid());
    let target = pair(plot, 0, ("shop", &name), true, LONGHORN);
    let mut guest = guest_of(&target, "gc1");
    if plot.random.percent(50) {
        guest["state"] = json!("Gone");
        guest["goneSince"] = json!("2026-03-01T00:00:00Z");
    }
    plot.record(&target, &json!({"counterparts": [guest], "guestCluster": {"type": "Rancher", "name": "gc1", "uid": "uid-gc1"}}));
    target
}

fn guest_of(target: &Target, cluster: &str) -> Value {
    json!({"relation": "Guest", "cluster": cluster, "kind": "PersistentVolume", "name": target.name,
        "uid": format!("guest-{}", target.uid), "reclaimPolicy": "Delete"})
}

/// A claim that a virtual cluster uses, with its stand-in volume there.
pub(super) fn live_virtual(plot: &mut Plot) {
    plot.add(0, ("v1", "Service"), ("shop", "vc1"), &json!({"spec": {"clusterIP": "10.0.0.1"}}));
    let virtual_ = pair(plot, 1, ("shop", "data-v-1"), true, "");
    let host = pair(plot, 0, ("shop", "data-v-1-x-shop-x-vc1"), true, LONGHORN);
    plot.claim(&host, &marks(&host, "data-v-1", &virtual_.uid, "vc1"));
    plot.claim(&virtual_, &json!({"spec": {"volumeName": host.volume}}));
    let fake = json!({"metadata": {"name": host.volume, "labels": {"vcluster.loft.sh/fake-pv": "true"}},
        "spec": {"awsElasticBlockStore": null, "flexVolume": {"driver": "fake"}}});
    plot.volume(&virtual_, &fake);
}

fn marks(host: &Target, name: &str, uid: &str, manager: &str) -> Value {
    json!({"metadata": {
        "labels": {"vcluster.loft.sh/managed-by": manager, "vcluster.loft.sh/namespace": "shop"},
        "annotations": {
            "vcluster.loft.sh/object-name": name, "vcluster.loft.sh/object-namespace": "shop",
            "vcluster.loft.sh/object-uid": uid, "vcluster.loft.sh/object-kind": "/v1, Kind=PersistentVolumeClaim",
            "vcluster.loft.sh/object-host-name": host.name, "vcluster.loft.sh/object-host-namespace": host.namespace,
        },
    }})
}

/// What a virtual cluster left when it was deleted: its Service is gone, its dump lacks the claim.
pub(super) fn synced_volume(plot: &mut Plot) -> Target {
    let target = pair(plot, 0, ("shop", "data-w-1-x-shop-x-vc2"), true, LONGHORN);
    plot.claim(&target, &marks(&target, "data-w-1", &format!("virtual-{}", target.uid), "vc2"));
    let mut record = json!({"guestCluster": {"type": "VCluster", "name": "vc2", "uid": "uid-vc2"}});
    if plot.random.percent(50) {
        record["counterparts"] = json!([virtual_of(&target, "vcluster:vc2", Some("Gone"))]);
    }
    plot.record(&target, &record);
    target
}

fn virtual_of(target: &Target, cluster: &str, state: Option<&str>) -> Value {
    let mut other = json!({"relation": "Virtual", "cluster": cluster, "kind": "PersistentVolumeClaim", "namespace": "shop",
        "name": "data-w-1", "uid": format!("virtual-{}", target.uid)});
    if let Some(state) = state {
        other["state"] = json!(state);
        other["goneSince"] = json!("2026-03-01T00:00:00Z");
    }
    other
}

fn mark(plot: &mut Plot, target: &Target, which: &str, value: &str) -> bool {
    plot.claim(
        target,
        &json!({"metadata": {"annotations": {format!("vcluster.loft.sh/object-{which}"): value}}}),
    )
}

fn hide(plot: &mut Plot, cluster: usize, kind: &str) -> bool {
    plot.world.clusters[cluster].says.push(Says::Incomplete(kind.into(), "*".into(), Reason::Forbidden));
    true
}

/// What other layers say, or fail to say.
pub(super) const EDGES: &[Edge] = &[
    want("guest volume", |p, t| {
        let rest = json!({"spec": {"capacity": {"storage": "1Gi"}, "persistentVolumeReclaimPolicy": "Delete",
            "csi": {"driver": GUEST_DRIVER, "volumeHandle": t.name}}, "status": {"phase": "Released"}});
        t.real && {
            p.add(2, ("v1", "PersistentVolume"), ("", &t.name), &rest);
            true
        }
    })
    .of(Guest),
    want("guest volume of the record, by uid", |p, t| {
        let rest = json!({"metadata": {"uid": format!("guest-{}", t.uid)}, "spec": {"capacity": {"storage": "1Gi"},
            "persistentVolumeReclaimPolicy": "Delete", "csi": {"driver": GUEST_DRIVER, "volumeHandle": t.name}}});
        t.real && {
            p.add(2, ("v1", "PersistentVolume"), ("", &t.name), &rest);
            true
        }
    })
    .of(Guest),
    gap("guest unknown", |p, t| p.record(t, &json!({"counterparts": []}))).of(Guest),
    gap("guest's dump missing", |p, t| p.record(t, &json!({"counterparts": [guest_of(t, "gc9")]}))).of(Guest),
    gap("guest's volumes forbidden", |p, t| {
        p.record(t, &json!({"counterparts": [guest_of(t, "gc1")]})) && hide(p, 2, "PersistentVolume")
    })
    .of(Guest),
    rail("guest retained", |p, t| {
        let mut guest = guest_of(t, "gc1");
        guest["reclaimPolicy"] = json!("Retain");
        guest["state"] = json!("Gone");
        p.record(t, &json!({"counterparts": [guest]}))
    })
    .of(Guest),
    rail("cleanup skipped", |p, t| {
        let rest = json!({"metadata": {"uid": "uid-gc1", "annotations":
            {"harvesterhci.io/skipHarvesterMachineProvisionCleanup": "true"}}, "spec": {}, "status": {"clusterName": "c-m-1"}});
        t.real && {
            p.add(1, ("provisioning.cattle.io/v1", "Cluster"), ("fleet-default", "gc1"), &rest);
            true
        }
    })
    .of(Guest),
    want("virtual claim", |p, t| {
        let rest = json!({"metadata": {"uid": format!("virtual-{}", t.uid)}, "spec": {"storageClassName": "fast",
            "resources": {"requests": {"storage": "1Gi"}}}, "status": {"phase": "Pending"}});
        t.real && {
            p.add(2, ("v1", "PersistentVolumeClaim"), ("shop", "data-w-1"), &rest);
            true
        }
    })
    .of(Synced),
    want("virtual cluster lives", |p, t| {
        t.real && {
            p.add(0, ("v1", "Service"), (&t.namespace, "vc2"), &json!({"spec": {"clusterIP": "10.0.0.2"}}));
            true
        }
    })
    .of(Synced),
    rail("marks of another host name", |p, t| mark(p, t, "host-name", "another")).of(Synced),
    rail("marks of another host namespace", |p, t| mark(p, t, "host-namespace", "another")).of(Synced),
    rail("marks of another kind", |p, t| mark(p, t, "kind", "/v1, Kind=ConfigMap")).of(Synced),
    gap("virtual claims forbidden", |p, t| {
        p.forget(t, "counterparts");
        p.forget(t, "guestCluster") && hide(p, 2, "PersistentVolumeClaim")
    })
    .of(Synced),
    gap("virtual cluster's dump missing", |p, t| {
        let known = p.record(t, &json!({"counterparts": [virtual_of(t, "vcluster:vc9", None)]}));
        known && p.forget(t, "guestCluster") && {
            p.world.records.retain(|(at, _)| *at != 2);
            let gone = p.world.clusters.remove(2);
            gone.name == "vcluster:vc2"
        }
    })
    .of(Synced),
];
