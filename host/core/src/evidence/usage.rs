//! Usage: whether anything can still want the volume, how strongly, and since when nothing has.

use super::View;
use super::references::References;
use crate::facts::{Gap, Known};
use crate::inventory::ObjectId;
use crate::time::{self, Seconds};
use probate_contract::dump::Reason;
use probate_contract::evidence::{Continuity, ReferenceState, Unused, UsageState};
use probate_contract::record::VolumeRecord;

/// The three facts of usage.
pub(crate) struct Usage {
    pub(crate) referenced: Known<bool>,
    pub(crate) state: Known<UsageState>,
    pub(crate) unused: Known<Unused>,
}

/// Rolls the references up. One proven reference settles `referenced`, one active settles `state`, whatever else is unknown.
pub(crate) fn of(view: &View<'_>, references: &References) -> Usage {
    let referenced = if references.proven.iter().any(|reference| wants(reference.state)) {
        Known::Present(true)
    } else {
        Known::unless(references.gaps.clone(), Some(false))
    };
    let strongest = references
        .proven
        .iter()
        .filter_map(|reference| strength(reference.state))
        .min()
        .unwrap_or(UsageState::None);
    let state = if strongest == UsageState::Active {
        Known::Present(strongest)
    } else {
        Known::unless(references.gaps.clone(), Some(strongest))
    };
    let unused = match &referenced {
        Known::Present(true) => Known::Absent,
        Known::Present(false) => observed(view),
        Known::Absent => Known::Absent,
        Known::Unknown(gaps) => Known::Unknown(gaps.clone()),
    };
    Usage { referenced, state, unused }
}

/// Whether a reference in that state counts as wanting.
pub(crate) fn wants(state: ReferenceState) -> bool {
    !matches!(state, ReferenceState::Finished | ReferenceState::Reserved)
}

/// How strongly it wants.
pub(crate) fn strength(state: ReferenceState) -> Option<UsageState> {
    Some(match state {
        ReferenceState::Active => UsageState::Active,
        ReferenceState::Pending => UsageState::Pending,
        ReferenceState::Stopped => UsageState::Stopped,
        ReferenceState::Template => UsageState::Template,
        ReferenceState::Reserved => UsageState::Reserved,
        ReferenceState::Possible => UsageState::Possible,
        ReferenceState::Finished => return None,
    })
}

fn gap(view: &View<'_>, reason: Reason) -> Known<Unused> {
    Known::Unknown(vec![Gap { reason, source: view.source("VolumeRecord") }])
}

/// Since when nothing wants it, if nothing does: the latest of record, `Unused` condition and release, with the record's continuity
/// if there is one.
pub(crate) fn observed(view: &View<'_>) -> Known<Unused> {
    if view.claim.get().is_some_and(|(_, claim)| claim.used) {
        // Kubernetes saw a Pod that no list has.
        return Known::Unknown(vec![Gap { reason: Reason::Ambiguous, source: view.source("Pod") }]);
    }
    let recorded = view.record.filter(|record| about(view, record)).and_then(|record| {
        let since = time::parse(record.status.unused_since.as_deref()?)?;
        // Before it was first looked at nobody saw that nothing wanted it.
        let observation = record.status.observation.as_ref();
        let first = observation.and_then(|seen| time::parse(seen.first_at.as_deref()?));
        Some((record, first.map_or(since, |first| since.max(first))))
    });
    let condition = view.claim.get().and_then(|(_, claim)| claim.unused);
    let released = view
        .volume
        .get()
        .filter(|(_, volume)| &*volume.phase == "Released")
        .and_then(|(_, volume)| volume.released);
    let observed = [recorded.map(|(_, since)| since), condition, released].into_iter().flatten().max();
    let stated = view.statements.unused_since.filter(|_| view.record.is_none());
    let (since, continuity, gap_seconds) = match (observed, recorded, stated) {
        (Some(since), Some((record, _)), _) => {
            let (continuity, gap) = watched(view, record);
            (since, continuity, gap)
        }
        (Some(since), None, _) => (since, Continuity::Condition, None),
        (None, _, Some(since)) => (since, Continuity::Assumed, None),
        (None, _, None) => return gap(view, Reason::NoRecord),
    };
    if since > view.now() || view.inventory.skewed.contains(&view.at()) {
        return gap(view, Reason::ClockSkew);
    }
    Known::Present(Unused {
        unused_since: time::format(since),
        unused_seconds: view.since(since),
        continuity,
        largest_gap_seconds: gap_seconds,
    })
}

/// False where the record is of another claim or volume: what it saw was another disuse.
fn about(view: &View<'_>, record: &VolumeRecord) -> bool {
    let head = |id: ObjectId| view.cluster.object(id).map(|object| &*object.head.uid);
    let volume = view.volume.get();
    let claim = match view.claim.get() {
        Some((id, _)) => head(*id),
        None => volume.and_then(|(_, volume)| volume.claim.as_ref()).map(|claim| &*claim.uid),
    };
    let other = |recorded: Option<&str>, own: Option<&str>| {
        let known = |uid: &&str| !uid.is_empty();
        recorded.filter(known).zip(own.filter(known)).is_some_and(|(recorded, own)| recorded != own)
    };
    let spec = &record.spec;
    !other(spec.claim.as_ref().and_then(|claim| claim.uid.as_deref()), claim)
        && !other(spec.volume.as_ref().map(|volume| &*volume.uid), volume.and_then(|(id, _)| head(*id)))
}

/// A record that ended too long ago, or that looked away for too long, was sampled. A gap of nothing is told too: whether there is one
/// must not depend on the second in which is asked, as a decision is known by what it was told.
fn watched(view: &View<'_>, record: &VolumeRecord) -> (Continuity, Option<i64>) {
    let allowed = view.statements.maximum_gap_seconds;
    let observation = record.status.observation.clone().unwrap_or_default();
    let last: Option<Seconds> = observation.last_at.as_deref().map_or(Some(view.now()), time::parse);
    let tail = last.map_or(i64::MAX, |last| view.since(last));
    let gap = observation.largest_gap_seconds.unwrap_or(0).max(tail.max(0));
    let continuity = match observation.continuity {
        Continuity::Watched if gap > allowed || tail < 0 => Continuity::Sampled,
        stated => stated,
    };
    (continuity, Some(gap))
}
