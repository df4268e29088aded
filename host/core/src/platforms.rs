//! Which system's rule applies to a volume, in that system's words. Told from the facts alone; nothing is decided here.

use crate::facts::Facts;
use probate_contract::evidence::{
    Counterpart, CounterpartRelation, CounterpartState, GuestCluster, GuestClusterType, LifeState, Owner,
    PlatformIntent,
};

const REMOVED: &str = "harvesterhci.io/removedPersistentVolumeClaims";

/// One sentence for each rule of a platform that applies.
pub(crate) fn words(facts: &Facts) -> Vec<String> {
    let owners = facts.owners.get().map(Vec::as_slice).unwrap_or_default();
    let layers = facts.counterparts.get().map(Vec::as_slice).unwrap_or_default();
    let guest = facts.guest_cluster.get();
    let mut words: Vec<String> = owners.iter().filter_map(machine).collect();
    words.extend(guest.and_then(|guest| cluster(guest, owners)));
    words.extend(layers.iter().filter_map(|layer| other_layer(layer, guest)));
    if let Some(volume) = facts.volume.get().filter(|volume| !volume.governing) {
        words.push(format!(
            "vCluster: volume {} stands for the host's; its reclaim policy says nothing, the host's volume governs",
            volume.name
        ));
    }
    words
}

/// Harvester's VM controller deletes what the list on the VM names when the VM goes; a DataVolume leaves its claim where it is told.
fn machine(owner: &Owner) -> Option<String> {
    let name = format!("{}/{}", owner.namespace.as_deref().unwrap_or_default(), owner.name);
    if owner.kind == "DataVolume" {
        let kept = owner.platform_intent == Some(PlatformIntent::Keep);
        return kept.then(|| {
            format!(
                "Kubernetes: the DataVolume {name} was deleted with cascade orphan, which leaves its claim"
            )
        });
    }
    let (take, leave) = match owner.state {
        LifeState::Gone => ("would have taken", "would have left"),
        LifeState::Alive | LifeState::Deleting => ("takes", "leaves"),
    };
    Some(match owner.platform_intent? {
        PlatformIntent::Delete => {
            format!("Harvester: the VM {name} {take} this disk with it: {REMOVED} names it")
        }
        PlatformIntent::Keep => {
            format!("Harvester: the VM {name} {leave} this disk: {REMOVED} does not name it")
        }
    })
}

fn cluster(guest: &GuestCluster, owners: &[Owner]) -> Option<String> {
    let name = &guest.name;
    let replaced =
        owners.iter().any(|owner| owner.kind == "VirtualMachine" && owner.state != LifeState::Alive);
    Some(match (guest.r#type, guest.state) {
        (GuestClusterType::VCluster, LifeState::Alive) => return None,
        (GuestClusterType::VCluster, _) => {
            format!("vCluster: {name} is gone; what its Service owned is collected, the rest stays behind")
        }
        (_, LifeState::Alive) if replaced => format!(
            "Rancher: a machine of {name} goes, the cluster is not being deleted, so the guest volumes stay and are attached again"
        ),
        (_, LifeState::Alive) => {
            format!("Rancher: cluster {name} is not being deleted, so its volumes stay, attached or not")
        }
        (_, LifeState::Deleting) => format!(
            "Rancher: cluster {name} is being deleted for good; its own clean-up reaches only what is attached to a VM now"
        ),
        (_, LifeState::Gone) => {
            format!("Rancher: cluster {name} is gone; its own clean-up left what was not attached to a VM")
        }
    })
}

fn other_layer(layer: &Counterpart, guest: Option<&GuestCluster>) -> Option<String> {
    let Counterpart { cluster, name, .. } = layer;
    let namespace = layer.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let there = layer.state == CounterpartState::Present;
    Some(match layer.relation {
        CounterpartRelation::Guest if there => format!(
            "Harvester CSI: this is volume {name} of {cluster}; delete the guest's claim, else its volume stays behind for ever"
        ),
        CounterpartRelation::Virtual if there => {
            format!("vCluster: a delete here deletes {namespace}{name} of {cluster} under its tenant")
        }
        CounterpartRelation::Virtual if guest.is_some_and(|guest| guest.state == LifeState::Alive) => {
            format!("vCluster: {namespace}{name} of {cluster} is gone, the syncer deletes its copy by itself")
        }
        CounterpartRelation::Host => {
            format!("The asset is that of {namespace}{name} in {cluster}")
        }
        _ => return None,
    })
}
