//! Guards: rails that can only turn a delete into a retain. A table, one small function a rail; the first group is lifted by
//! nothing, the second by the consents of the policies that would carry the delete out.

mod ticket;

pub use ticket::Ticket;

use crate::evidence::Rails;
use crate::facts::{FactSet, Facts, Known};
use crate::glob;
use crate::policy::Policy;
use crate::time;
use probate_contract::evidence::{
    Continuity, Counterpart, CounterpartRelation, CounterpartState, EffectivePolicy, LifeState, LinkedBy,
    Owner, Reference, ReferenceState, Relation,
};
use probate_contract::manifest::{Consent, Mode, RetainedVolumes};
use probate_contract::plan::{GuardEntry, Missing};
use probate_contract::settings::SettingsSpec;
use probate_contract::{Cause, Fact};

/// What a rail says: by what it holds, and until when where time lifts it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    detail: String,
    until: Option<i64>,
}

/// What the guards look at.
pub(crate) struct Scene<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) rails: &'a Rails,
    pub(crate) settings: &'a SettingsSpec,
    /// The policies that voted Delete.
    pub(crate) deleting: &'a [&'a Policy],
    /// A guard that is taken not to hold.
    pub(crate) cleared: Option<Cause>,
}

/// What holds a delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guarded {
    pub(crate) guards: Vec<GuardEntry>,
    pub(crate) missing: Vec<Missing>,
}

type Rail = fn(&Scene<'_>) -> Option<Held>;

/// Rails that nothing lifts.
const ABSOLUTE: [(Cause, Rail); 22] = [
    (Cause::IdentityUnproven, identity_unproven),
    (Cause::NotWatched, not_watched),
    (Cause::Hold, hold),
    (Cause::Protected, protected),
    (Cause::Terminating, terminating),
    (Cause::InUse, in_use),
    (Cause::Referenced, referenced),
    (Cause::Reserved, reserved),
    (Cause::PossiblyReferenced, possibly_referenced),
    (Cause::HeldByFinishedPod, held_by_finished_pod),
    (Cause::OperationInProgress, operation_in_progress),
    (Cause::CounterpartPresent, counterpart_present),
    (Cause::NotGoverningVolume, not_governing_volume),
    (Cause::SharedVolume, shared_volume),
    (Cause::BoundVolume, bound_volume),
    (Cause::ForeignController, foreign_controller),
    (Cause::ForeignFinalizer, foreign_finalizer),
    (Cause::NotOptedIn, not_opted_in),
    (Cause::TooYoung, too_young),
    (Cause::UnusedTooShort, unused_too_short),
    (Cause::SnapshotMissing, snapshot_missing),
    (Cause::EffectiveRetain, effective_retain),
];

/// Rails that every policy which would carry the delete out can consent to.
const CONSENTABLE: [(Cause, Consent, Rail); 4] = [
    (Cause::ScaledDownOrdinal, Consent::ScaledDownOrdinal, scaled_down_ordinal),
    (Cause::DependentSnapshots, Consent::DependentSnapshots, dependent_snapshots),
    (Cause::GitOpsTracked, Consent::GitOpsTracked, git_ops_tracked),
    (Cause::NamespaceGone, Consent::NamespaceGone, namespace_gone),
];

/// The facts that the guards read: without them no delete stands, whatever a policy reads.
pub fn reads() -> FactSet {
    Fact::MANDATORY.into_iter().chain([Fact::Subject, Fact::Claim, Fact::Volume, Fact::Namespace]).collect()
}

/// What they look at besides where it is known: a class that is opened, a guest cluster that is going.
pub(crate) fn looks() -> FactSet {
    reads().with([Fact::StorageClass, Fact::GuestCluster].into_iter().collect())
}

/// Every rail that holds a delete, also one behind another.
pub(crate) fn hold_back(scene: &Scene<'_>) -> Guarded {
    let missing = scene.facts.missing(reads());
    let mut guards = Vec::new();
    if !missing.is_empty() {
        let facts: std::collections::BTreeSet<&str> =
            missing.iter().map(|missing| missing.fact.name()).collect();
        let detail = format!("not known: {}", facts.into_iter().collect::<Vec<_>>().join(", "));
        guards.push(GuardEntry { cause: Cause::IncompleteEvidence, detail, until: None });
    }
    let entry = |cause: Cause, held: Held| GuardEntry {
        cause,
        detail: held.detail,
        until: held.until.map(time::format),
    };
    guards.extend(ABSOLUTE.iter().filter_map(|(cause, rail)| rail(scene).map(|held| entry(*cause, held))));
    let consents = |consent: Consent| {
        !scene.acting().is_empty()
            && scene
                .acting()
                .iter()
                .all(|policy| !policy.namespaced() && policy.spec().consents.contains(&consent))
    };
    guards.extend(
        CONSENTABLE
            .iter()
            .filter(|(_, consent, _)| !consents(*consent))
            .filter_map(|(cause, _, rail)| rail(scene).map(|held| entry(*cause, held))),
    );
    guards.retain(|guard| Some(guard.cause) != scene.cleared);
    Guarded { guards, missing }
}

impl<'a> Scene<'a> {
    /// Those that would carry the delete out: the enforcing ones, else in a preview all that voted for it.
    fn acting(&self) -> Vec<&'a Policy> {
        let enforcing: Vec<&Policy> =
            self.deleting.iter().copied().filter(|policy| policy.spec().mode == Mode::Enforce).collect();
        if enforcing.is_empty() { self.deleting.to_vec() } else { enforcing }
    }

    fn referrers(&self, wanted: impl Fn(&Reference) -> bool) -> Option<Held> {
        let names: Vec<String> =
            self.rails.proven.iter().filter(|reference| wanted(reference)).map(name).collect();
        (!names.is_empty()).then(|| said(shortened(&names)))
    }
}

fn said(detail: impl Into<String>) -> Held {
    Held { detail: detail.into(), until: None }
}

fn name(reference: &Reference) -> String {
    let namespace =
        reference.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let path = reference.path.as_deref().map(|path| format!(" ({path})")).unwrap_or_default();
    format!("{} {namespace}{}{path}", reference.kind, reference.name)
}

fn shortened(names: &[String]) -> String {
    let mut shown: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    let rest = format!("{more} more");
    if more > 0 {
        shown.push(&rest);
    }
    shown.join(", ")
}

fn listed(list: &[String]) -> Option<Held> {
    (!list.is_empty()).then(|| said(shortened(list)))
}

fn identity_unproven(scene: &Scene<'_>) -> Option<Held> {
    scene
        .rails
        .unproven
        .then(|| said("claim and volume name each other, but claimRef does not hold the claim's uid"))
}

fn not_watched(scene: &Scene<'_>) -> Option<Held> {
    let unused = scene.facts.unused.get()?;
    let how = match unused.continuity {
        Continuity::Watched => return None,
        Continuity::Condition => "told by the object's own status alone",
        Continuity::Sampled => "sampled with gaps, or seen last too long ago",
        Continuity::Assumed => "stated by the user",
    };
    Some(said(format!("disuse is {how}")))
}

fn hold(scene: &Scene<'_>) -> Option<Held> {
    let (place, until) = scene.rails.holds.first()?;
    // Several holds: time lifts them only when it lifts each.
    let lifted = scene
        .rails
        .holds
        .iter()
        .map(|(_, until)| *until)
        .collect::<Option<Vec<i64>>>()
        .and_then(|times| times.into_iter().max());
    Some(Held { detail: place.clone(), until: until.and(lifted) })
}

fn protected(scene: &Scene<'_>) -> Option<Held> {
    let protected = &scene.settings.protected;
    let facts = scene.facts;
    let namespace = match (facts.subject.namespace.as_deref(), facts.volume.get()) {
        (Some(namespace), _) => Some(namespace),
        (None, Some(volume)) => volume.claim_ref.as_ref().map(|claim| claim.namespace.as_str()),
        (None, None) => None,
    };
    if let Some(namespace) = namespace.filter(|namespace| glob::any(&protected.namespaces, namespace)) {
        return Some(said(format!("namespace {namespace} is protected")));
    }
    let claim = facts.claim.get().and_then(|claim| claim.storage_class_name.as_deref());
    let class = claim.or_else(|| facts.volume.get().and_then(|volume| volume.storage_class_name.as_deref()));
    if let Some(class) = class.filter(|class| glob::any(&protected.storage_classes, class)) {
        return Some(said(format!("storage class {class} is protected")));
    }
    listed(&scene.rails.kept)
}

fn terminating(scene: &Scene<'_>) -> Option<Held> {
    let namespace = scene.facts.namespace.get().is_some_and(|namespace| namespace.phase == "Terminating");
    let subject = scene.rails.deleting || scene.facts.subject.deleting_since.is_some();
    match (subject, namespace) {
        (true, _) => Some(said("it is being deleted")),
        (false, true) => Some(said("its namespace is being deleted")),
        (false, false) => None,
    }
}

fn in_use(scene: &Scene<'_>) -> Option<Held> {
    scene.referrers(|reference| reference.state == ReferenceState::Active)
}

fn referenced(scene: &Scene<'_>) -> Option<Held> {
    scene.referrers(|reference| {
        matches!(
            reference.state,
            ReferenceState::Pending | ReferenceState::Stopped | ReferenceState::Template
        )
    })
}

fn reserved(scene: &Scene<'_>) -> Option<Held> {
    // A name that probate itself keeps for the claim it let go.
    let promised = scene.rails.quarantine.as_ref().is_some_and(|known| known.promised_in.is_some());
    let own = |reference: &Reference| {
        promised
            && reference.kind == "PersistentVolumeClaim"
            && reference.path.as_deref() == Some("spec.claimRef")
    };
    scene.referrers(|reference| {
        reference.state == ReferenceState::Reserved && reference.kind != "StatefulSet" && !own(reference)
    })
}

fn possibly_referenced(scene: &Scene<'_>) -> Option<Held> {
    scene.referrers(|reference| reference.state == ReferenceState::Possible)
}

fn held_by_finished_pod(scene: &Scene<'_>) -> Option<Held> {
    scene.referrers(|reference| reference.state == ReferenceState::Finished && reference.kind == "Pod")
}

fn operation_in_progress(scene: &Scene<'_>) -> Option<Held> {
    listed(&scene.rails.operations)
}

/// A layer above still has it. Of a cluster that is going for good nobody asks; what was read there still counts.
fn counterpart_present(scene: &Scene<'_>) -> Option<Held> {
    let going = scene.facts.guest_cluster.get().is_some_and(|guest| guest.state != LifeState::Alive);
    let above = |counterpart: &&Counterpart| {
        counterpart.state == CounterpartState::Present
            && counterpart.relation != CounterpartRelation::Host
            && !(going && counterpart.linked_by == LinkedBy::Record)
    };
    let present = scene.facts.counterparts.get()?.iter().find(above)?;
    Some(said(format!("{} {} in {}", present.kind, present.name, present.cluster)))
}

fn not_governing_volume(scene: &Scene<'_>) -> Option<Held> {
    let volume = scene.facts.volume.get()?;
    (!volume.governing).then(|| said(format!("volume {} stands for another layer's", volume.name)))
}

fn shared_volume(scene: &Scene<'_>) -> Option<Held> {
    listed(&scene.rails.twins)
}

fn bound_volume(scene: &Scene<'_>) -> Option<Held> {
    let volume = scene.facts.volume.get()?;
    let bound = scene.facts.subject.kind == "PersistentVolume" && volume.phase == "Bound";
    bound.then(|| said("it is bound; its claim decides"))
}

/// A workload or VM that names the claim too is a reference, which says more. A live vCluster deletes the copy of what is gone there by itself.
fn foreign_controller(scene: &Scene<'_>) -> Option<Held> {
    let guest = scene.facts.guest_cluster.get();
    let alive = guest.is_some_and(|guest| guest.state != LifeState::Gone);
    // Once the host's claim is gone the syncer is done with its volume.
    let copied = scene.facts.claim.get().is_some();
    let synced = |counterpart: &&Counterpart| {
        copied
            && counterpart.relation == CounterpartRelation::Virtual
            && counterpart.state == CounterpartState::Gone
            && (alive || guest.is_none() && counterpart.linked_by == LinkedBy::ObjectMarks)
    };
    if let Some(gone) = scene.facts.counterparts.get().into_iter().flatten().find(synced) {
        return Some(said(format!("the syncer of {} settles what became of {}", gone.cluster, gone.name)));
    }
    let linked = |owner: &Owner| match owner.group.as_deref() {
        None => matches!(owner.kind.as_str(), "Pod" | "ReplicationController"),
        Some("apps" | "batch") => true,
        Some("kubevirt.io") => matches!(owner.kind.as_str(), "VirtualMachine" | "VirtualMachineInstance"),
        Some(_) => false,
    };
    let named = |owner: &Owner| {
        let by_uid = |reference: &Reference| reference.uid.is_some() && reference.uid == owner.uid;
        linked(owner) && scene.rails.proven.iter().any(by_uid)
    };
    let owner = scene.facts.owners.get()?.iter().find(|owner| {
        owner.relation == Relation::Controller && owner.state != LifeState::Gone && !named(owner)
    })?;
    Some(said(format!("{} {}", owner.kind, owner.name)))
}

fn foreign_finalizer(scene: &Scene<'_>) -> Option<Held> {
    listed(&scene.rails.finalizers)
}

fn not_opted_in(scene: &Scene<'_>) -> Option<Held> {
    const LABEL: &str = "probate.dev/deletion";
    let allows = |labels: Option<&probate_contract::evidence::Map>| {
        labels.and_then(|labels| labels.get(LABEL)).is_some_and(|value| value == "allow")
    };
    let namespace = scene.facts.namespace.get();
    let labelled = allows(namespace.map(|namespace| &namespace.labels))
        || allows(scene.facts.storage_class.get().map(|class| &class.labels));
    let closed = scene
        .deleting
        .iter()
        .find(|policy| policy.spec().mode != Mode::Audit && !labelled && !names_its_subjects(policy))?;
    Some(said(format!(
        "{} names no namespaces or classes, and the label {LABEL}: allow is missing",
        closed.id()
    )))
}

/// True where naming is the opt-in; a bare `*` is not naming, and for a RetentionPolicy the label alone counts.
pub fn names_its_subjects(policy: &Policy) -> bool {
    let parts = &policy.spec().r#match;
    let named = |patterns: &[String]| {
        !patterns.is_empty() && patterns.iter().all(|pattern| pattern.chars().any(|c| c != '*'))
    };
    !policy.namespaced()
        && (named(&parts.namespaces) || named(&parts.storage_classes) || parts.namespace_selector.is_some())
}

fn too_young(scene: &Scene<'_>) -> Option<Held> {
    let subject = &scene.facts.subject;
    let minimum = scene.settings.minimum_age_seconds;
    (subject.age_seconds < minimum).then(|| Held {
        detail: format!("made {}", subject.created_at),
        until: time::parse(&subject.created_at).map(|created| created.saturating_add(minimum)),
    })
}

fn unused_too_short(scene: &Scene<'_>) -> Option<Held> {
    let unused = scene.facts.unused.get()?;
    let minimum = scene.settings.minimum_unused_seconds;
    (unused.unused_seconds < minimum).then(|| Held {
        detail: format!("unused since {}", unused.unused_since),
        until: time::parse(&unused.unused_since).map(|since| since.saturating_add(minimum)),
    })
}

fn snapshot_missing(scene: &Scene<'_>) -> Option<Held> {
    let newest = scene
        .acting()
        .iter()
        .filter_map(|policy| policy.spec().deletion.snapshot_gate.as_ref())
        .map(|gate| gate.max_age_seconds)
        .min()?;
    // In quarantine nothing new can be made of it: what was young enough when it began must still be there.
    let now = time::parse(&scene.facts.now);
    let since = scene.rails.quarantine.as_ref().and_then(|known| time::parse(&known.released_at));
    let kept = since.zip(now).map_or(0, |(since, now)| now.saturating_sub(since).max(0));
    let oldest = newest.saturating_add(kept);
    let snapshots = scene.facts.snapshots.get().map(Vec::as_slice).unwrap_or_default();
    // What is older than the subject is of another one that had its name.
    let oldest = oldest.min(scene.facts.subject.age_seconds);
    let met = snapshots
        .iter()
        .any(|snapshot| snapshot.ready && snapshot.independent && snapshot.age_seconds <= oldest);
    (!met).then(|| said(format!("no ready, independent snapshot or backup of the last {newest} s")))
}

/// A layer that says Retain; where no layer says anything there is nothing to keep.
fn effective_retain(scene: &Scene<'_>) -> Option<Held> {
    let (effective, from) = scene.facts.effective.get()?;
    let keep =
        scene.acting().iter().any(|policy| policy.spec().deletion.retained_volumes == RetainedVolumes::Keep);
    let from = from.as_ref().filter(|_| *effective == EffectivePolicy::Retain && keep)?;
    Some(said(format!("{} {} says Retain", from.kind, from.name)))
}

fn scaled_down_ordinal(scene: &Scene<'_>) -> Option<Held> {
    scene.rails.ordinal.clone().map(said)
}

fn dependent_snapshots(scene: &Scene<'_>) -> Option<Held> {
    let dependent: Vec<String> = scene
        .facts
        .snapshots
        .get()?
        .iter()
        .filter(|snapshot| !snapshot.independent)
        .map(|snapshot| format!("{} {}", snapshot.kind, snapshot.name))
        .collect();
    listed(&dependent)
}

fn git_ops_tracked(scene: &Scene<'_>) -> Option<Held> {
    listed(&scene.rails.tracked)
}

fn namespace_gone(scene: &Scene<'_>) -> Option<Held> {
    let named = scene.facts.volume.get().and_then(|volume| volume.claim_ref.as_ref());
    let claim = named.map(|claim| claim.namespace.as_str()).or(scene.facts.subject.namespace.as_deref())?;
    matches!(scene.facts.namespace, Known::Absent).then(|| said(format!("namespace {claim} is gone")))
}
