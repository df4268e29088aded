//! Guest cluster and counterparts. Without another layer in sight they are proven absent; a record tells of those that were seen.

use super::View;
use crate::facts::{Gap, Known};
use crate::time;
use probate_contract::dump::Reason;
use probate_contract::evidence::{Counterpart, CounterpartState, GuestCluster, LifeState, LinkedBy};
use probate_contract::record::RecordGuestCluster;

/// Driver of Harvester's guest volumes.
const HARVESTER_DRIVER: &str = "driver.harvesterhci.io";
const LAYER_MARKS: [&str; 2] = ["vcluster.loft.sh/", "harvesterhci.io/"];

/// Both facts.
pub(crate) fn of(view: &View<'_>) -> (Known<GuestCluster>, Known<Vec<Counterpart>>) {
    let recorded = view.record.map(|record| &record.status);
    let guest = recorded
        .and_then(|status| status.guest_cluster.as_ref())
        .map(|guest| Known::Present(guest_cluster(view, guest)));
    let known = recorded.filter(|status| !status.counterparts.is_empty() || status.guest_cluster.is_some());
    let counterparts = known.map(|status| {
        let mut list: Vec<Counterpart> =
            status.counterparts.iter().map(|recorded| counterpart(view, recorded)).collect();
        list.sort_by(|left, right| {
            (&left.cluster, &left.kind, &left.namespace, &left.name).cmp(&(
                &right.cluster,
                &right.kind,
                &right.namespace,
                &right.name,
            ))
        });
        Known::Present(list)
    });
    let gaps = layered(view);
    (
        guest.unwrap_or_else(|| Known::unless(gaps.clone(), None)),
        counterparts.unwrap_or_else(|| Known::unless(gaps, Some(Vec::new()))),
    )
}

/// What keeps it unknown whether the volume lives on another layer too.
fn layered(view: &View<'_>) -> Vec<Gap> {
    let mut gaps = view.gaps.layers().to_vec();
    let subjects = [
        view.claim.get().map(|(_, claim)| &claim.subject),
        view.volume.get().map(|(_, volume)| &volume.subject),
    ];
    let marked = subjects.into_iter().flatten().any(|subject| {
        subject
            .labels
            .keys()
            .chain(subject.annotations.keys())
            .any(|key| LAYER_MARKS.iter().any(|mark| key.starts_with(mark)))
    });
    let driver =
        view.volume.get().is_some_and(|(_, volume)| volume.driver.as_deref() == Some(HARVESTER_DRIVER));
    if marked || driver || view.cluster.index.harvester {
        gaps.push(Gap { reason: Reason::NotCollected, source: format!("layers of {}", view.cluster.name) });
    }
    gaps
}

fn guest_cluster(view: &View<'_>, recorded: &RecordGuestCluster) -> GuestCluster {
    let state = recorded.state.unwrap_or(if recorded.gone_since.is_some() {
        LifeState::Gone
    } else {
        LifeState::Alive
    });
    let gone = recorded.gone_since.as_deref().and_then(time::parse).filter(|_| state == LifeState::Gone);
    GuestCluster {
        r#type: recorded.r#type,
        name: recorded.name.clone(),
        uid: recorded.uid.clone(),
        state,
        gone_since: gone.map(time::format),
        gone_seconds: gone.map(|at| view.since(at)),
    }
}

fn counterpart(view: &View<'_>, recorded: &probate_contract::record::RecordCounterpart) -> Counterpart {
    let state = recorded.state.unwrap_or(if recorded.gone_since.is_some() {
        CounterpartState::Gone
    } else {
        CounterpartState::Present
    });
    let gone =
        recorded.gone_since.as_deref().and_then(time::parse).filter(|_| state == CounterpartState::Gone);
    Counterpart {
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
    }
}
