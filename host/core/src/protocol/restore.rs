//! Restore: the same volume and the same data under a new claim, until the purge. It needs the record or the volume alone: the
//! volume carries the claim's manifest. The volume stays Retain until both sides have been bound for a while.

use super::Next;
use super::case::{self, SOON};
use super::live::{Live, Seen};
use super::patch::{self, Patch};
use super::request::{Answer, Intended, Outcome, Request, Step, Target, Write};
use crate::guard::Ticket;
use crate::time::{self, Seconds};
use probate_contract::Cause;
use probate_contract::record::{Intent, RecordStatus, VolumeRecord};
use serde_json::{Map, Value, json};

/// How long both sides are bound before it counts.
const SETTLED_SECONDS: i64 = 60;
/// How long a restored claim is held.
const HOLD_SECONDS: i64 = 30 * 86_400;

const RESTORED_FROM: &str = "probate.dev/restored-from";
const HOLD: &str = "probate.dev/hold";
const HOLD_UNTIL: &str = "probate.dev/hold-until";
/// Annotations by which the volume controllers tell of a binding; a new claim is bound anew.
const BINDING: [&str; 4] =
    ["pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.kubernetes.io/", "kubectl.kubernetes.io/"];

/// What can be restored, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct Restorable {
    /// Namespace that the claim had.
    pub namespace: String,
    /// Name that it had.
    pub name: String,
    /// The volume; `None` for a claim that was never bound.
    pub volume: Option<String>,
    /// The decision that is undone.
    pub decision: String,
    manifest: Value,
}

/// What a record, or a volume without one, has to restore; `None` where there is nothing.
pub fn restorable(record: Option<&VolumeRecord>, volume: Option<&Value>) -> Option<Restorable> {
    let quarantine = record.and_then(|record| record.status.quarantine.as_ref());
    let live = volume.map(Live);
    let recorded = quarantine.and_then(|known| serde_json::from_str(&known.manifests.claim).ok());
    let carried = || patch::unpacked(live?.annotation(patch::MANIFEST)?).map(Value::Object);
    let manifest: Value = recorded.or_else(carried)?;
    let claim = Live(&manifest);
    let carried = live.and_then(|live| live.annotation(patch::DECISION)).map(str::to_owned);
    let recorded = record.and_then(|record| Some(record.spec.volume.as_ref()?.name.clone()));
    let never = quarantine.is_some_and(|known| known.manifests.volume.is_empty());
    let name = live.map(|live| live.name().to_owned()).or(recorded);
    Some(Restorable {
        namespace: claim.namespace().to_owned(),
        name: claim.name().to_owned(),
        volume: name.filter(|_| !never),
        decision: quarantine.map(|known| known.decision.clone()).or(carried).unwrap_or_default(),
        manifest,
    })
}

/// Everything that one step of a restore looks at.
#[derive(Clone, Debug)]
pub struct Restoring<'a> {
    /// The time.
    pub now: Seconds,
    /// The record, where there is one.
    pub record: Option<&'a VolumeRecord>,
    /// The volume of `restorable`.
    pub volume: &'a Seen,
    /// The claim at the place it is restored to.
    pub claim: &'a Seen,
    /// The Namespace of that place.
    pub namespace: &'a Seen,
    /// Another place than it had: namespace and name.
    pub to: Option<(&'a str, &'a str)>,
    /// Since when this process has seen both sides bound.
    pub bound_since: Option<Seconds>,
    /// Give the volume its reclaim policy back too: only because a person asked.
    pub return_policy: bool,
    /// What the API server said to the write before.
    pub answer: Option<&'a Answer>,
}

/// The next step of a restore. It is done at `Forget` (the record of the old claim goes; the new one gets its own) or, where there is
/// no record, at `Rest` without a time.
pub fn restore(restoring: &Restoring<'_>) -> Next {
    for seen in [restoring.volume, restoring.claim, restoring.namespace] {
        if let Seen::Unknown(why) = seen {
            let until = Some(restoring.now.saturating_add(SOON));
            return Next::Held { cause: Cause::IncompleteEvidence, detail: why.clone(), until };
        }
    }
    let volume = match restoring.volume {
        Seen::Present(volume) => Some(volume),
        Seen::Absent | Seen::Unknown(_) => None,
    };
    let Some(known) = restorable(restoring.record, volume) else {
        return held(Cause::LeftRetain, "neither record nor volume holds the claim's manifest");
    };
    let place = restoring.to.unwrap_or((&known.namespace, &known.name));
    let work = Work { restoring, known: &known, place };
    if known.volume.is_none() {
        return work.without_volume();
    }
    match volume {
        Some(volume) => work.with_volume(Live(volume)),
        None => held(
            Cause::ForeignWrite,
            "the volume's object is gone; what its driver still has is in the record",
        ),
    }
}

/// The record without a restore that was given up; what it reserved stays kept.
pub fn abandon(record: &VolumeRecord) -> Option<RecordStatus> {
    let intent = record.status.intent.as_ref()?;
    let status = RecordStatus { intent: None, ..record.status.clone() };
    (intent.step == Step::Restore.name()).then_some(status)
}

fn held(cause: Cause, detail: impl Into<String>) -> Next {
    Next::Held { cause, detail: detail.into(), until: None }
}

struct Work<'a> {
    restoring: &'a Restoring<'a>,
    known: &'a Restorable,
    place: (&'a str, &'a str),
}

impl<'a> Work<'a> {
    fn soon(&self) -> Next {
        Next::Rest { until: Some(self.restoring.now.saturating_add(SOON)) }
    }

    fn done(&self) -> Next {
        if self.restoring.record.is_some() { Next::Forget } else { Next::Rest { until: None } }
    }

    /// The claim at the place, and whether it is the one that this restore made.
    fn claim(&self) -> Option<(Live<'a>, bool)> {
        let Seen::Present(claim) = self.restoring.claim else { return None };
        let claim = Live(claim);
        let same = self.known.volume.as_deref().is_none_or(|volume| volume == claim.volume_name());
        let ours = same && claim.annotation(RESTORED_FROM) == Some(self.known.decision.as_str());
        Some((claim, ours))
    }

    /// What forbids it before anything is written.
    fn refused(&self) -> Option<Next> {
        let (namespace, name) = self.place;
        if Live(&self.known.manifest).synced() && self.restoring.to.is_none() {
            let detail = "a virtual cluster made the claim: restore it there, or give another place";
            return Some(held(Cause::CounterpartPresent, detail));
        }
        let home = match self.restoring.namespace {
            Seen::Present(home) => Some(Live(home)),
            Seen::Absent | Seen::Unknown(_) => None,
        };
        let Some(home) = home else {
            return Some(held(
                Cause::NamespaceGone,
                format!("namespace {namespace} is gone: give another place"),
            ));
        };
        if home.deleting() {
            return Some(held(Cause::Terminating, format!("namespace {namespace} is being deleted")));
        }
        match self.claim() {
            Some((_, false)) => {
                Some(held(Cause::NameReused, format!("{namespace}/{name} is there: give another place")))
            }
            _ => None,
        }
    }

    /// The write, once the record says that it is about to happen.
    fn write(&self, intended: Intended, target: Target, request: Request) -> Next {
        if let Some(answer) = self
            .restoring
            .answer
            .filter(|answer| answer.intended == intended && answer.outcome == Outcome::Denied)
        {
            return held(Cause::Blocked, answer.message.clone());
        }
        let recorded = |record: &VolumeRecord| {
            record.status.intent.as_ref().is_some_and(|intent| intent.write == intended.name())
        };
        if let Some(record) = self.restoring.record.filter(|record| !recorded(record)) {
            let mut status = record.status.clone();
            status.intent = Some(Intent {
                step: Step::Restore.name().into(),
                write: intended.name().into(),
                at: time::format(self.restoring.now),
            });
            return Next::Record(Box::new(status));
        }
        Next::Write(Box::new(Write { step: Step::Restore, intended, target, request }))
    }

    fn create(&self, intended: Intended, dry_run: bool) -> Next {
        let (namespace, name) = self.place;
        let target = Target::Claim { namespace: namespace.into(), name: name.into() };
        let body = body(self.known, self.place, self.restoring.now);
        self.write(intended, target, Request::Create { body, dry_run })
    }

    /// True where the API server would let the claim be made, said in this very turn.
    fn tried(&self, intended: Intended) -> bool {
        self.restoring.answer.is_some_and(|answer| {
            answer.intended == intended && answer.dry_run && answer.outcome == Outcome::Applied
        })
    }

    /// A claim that never had a volume comes back as it was.
    fn without_volume(&self) -> Next {
        match (self.claim(), self.refused()) {
            (Some((_, true)), _) => self.done(),
            (_, Some(next)) => next,
            (_, None) => self.create(Intended::CreateClaim, !self.tried(Intended::CreateClaim)),
        }
    }

    fn with_volume(&self, volume: Live<'_>) -> Next {
        let (namespace, name) = self.place;
        let (held_by, named, uid) = volume.claim_ref().unwrap_or_default();
        let reserved = (held_by, named) == self.place && uid.is_empty();
        if let Some((claim, true)) = self.claim() {
            return self.settle(claim, volume);
        }
        if volume.deleting() || !volume.retains() {
            return held(Cause::Terminating, "the volume was handed to its driver: its data is going");
        }
        if volume.phase() == "Bound" {
            return held(Cause::InUse, format!("the volume is bound to {held_by}/{named}"));
        }
        if let Some(next) = self.refused() {
            return next;
        }
        if reserved {
            return self.create(Intended::CreateClaim, false);
        }
        if !self.tried(Intended::ReserveVolume) {
            return self.create(Intended::ReserveVolume, true);
        }
        let patch = Patch::on(volume).claim_ref(namespace, name, None);
        let request = Request::Patch { json_patch: patch.operations() };
        self.write(Intended::ReserveVolume, case::volume(volume), request)
    }

    /// The claim is there: once both sides have been bound for a while the marks go, and with them the record.
    fn settle(&self, claim: Live<'_>, volume: Live<'_>) -> Next {
        let bound = claim.phase() == "Bound"
            && volume.phase() == "Bound"
            && volume.claim_ref().is_some_and(|(_, _, uid)| uid == claim.uid());
        let Some(since) = self.restoring.bound_since.filter(|_| bound) else { return self.soon() };
        let settled = since.saturating_add(SETTLED_SECONDS);
        if settled > self.restoring.now {
            return Next::Rest { until: Some(settled) };
        }
        let original = volume.annotation(patch::ORIGINAL);
        let returns = self.restoring.return_policy && volume.retains() && original == Some("Delete");
        if returns {
            let Some(ticket) = Ticket::to_give_back(&claim, &self.known.decision) else { return self.soon() };
            let json_patch = Patch::on(volume).without_marks().policy("Delete").operations();
            let request = Request::ReclaimDelete { ticket, json_patch };
            return self.write(Intended::ReturnPolicy, case::volume(volume), request);
        }
        if !patch::shows(volume) {
            return self.done();
        }
        let json_patch = Patch::on(volume).without_marks().operations();
        let request = Request::Patch { json_patch };
        self.write(Intended::UnmarkVolume, case::volume(volume), request)
    }
}

/// The claim as it was, without what tied it to who is gone: ownerReferences, finalizers, data sources, binding, probate's marks
/// (measured: a dead ownerReference has the garbage collector delete the restored claim within seconds).
fn body(known: &Restorable, (namespace, name): (&str, &str), now: Seconds) -> Value {
    let strings = |part: &str| -> Map<String, Value> {
        let map = known.manifest.pointer(&format!("/metadata/{part}")).and_then(Value::as_object);
        let kept = |key: &str| {
            !key.starts_with("probate.dev/") && !BINDING.iter().any(|prefix| key.starts_with(prefix))
        };
        map.into_iter().flatten().filter(|(key, _)| kept(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    let mut annotations = strings("annotations");
    annotations.insert(RESTORED_FROM.into(), json!(known.decision));
    annotations.insert(HOLD.into(), json!("restored"));
    annotations.insert(HOLD_UNTIL.into(), json!(time::format(now.saturating_add(HOLD_SECONDS))));
    let mut spec = known.manifest.get("spec").and_then(Value::as_object).cloned().unwrap_or_default();
    spec.remove("dataSource");
    spec.remove("dataSourceRef");
    spec.remove("volumeName");
    if let Some(volume) = &known.volume {
        spec.insert("volumeName".into(), json!(volume));
    }
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": namespace, "name": name, "labels": strings("labels"), "annotations": annotations},
        "spec": spec,
    })
}
