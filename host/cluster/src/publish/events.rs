//! Events beside the claim or volume: what was done to it, for `kubectl describe`.

use crate::apply::Effect;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use probate_core::left::Left;
use probate_core::protocol::{Intended, Outcome, Target};

/// Writes events.
#[derive(Clone)]
pub struct Events {
    recorder: Recorder,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

impl Events {
    /// As that replica.
    pub fn new(client: Client, instance: String) -> Self {
        let reporter = Reporter { controller: "probate.dev/controller".into(), instance: Some(instance) };
        Self { recorder: Recorder::new(client, reporter) }
    }

    /// Tells of one write. That an event cannot be written holds nothing up.
    pub async fn tell(&self, effect: &Effect) {
        let Some((type_, reason, note)) = words(effect) else { return };
        let event = Event {
            type_,
            reason: reason.into(),
            note: Some(format!("{note} (decision {})", effect.decision)),
            action: effect.write.step.name().into(),
            secondary: None,
        };
        if let Err(error) = self.recorder.publish(&event, &reference(effect)).await {
            tracing::debug!(%error, "an event could not be written");
        }
    }

    /// Tells, where the claim was, that its volume is still there.
    pub async fn left(&self, left: &Left) {
        let tenant = left.tenant.as_ref().map(|tenant| format!("; it was {tenant}")).unwrap_or_default();
        let event = Event {
            type_: EventType::Normal,
            reason: "VolumeRetained".into(),
            note: Some(format!(
                "the claim is gone, volume {} and its data stay: it says Retain{tenant}",
                left.volume
            )),
            action: "Observe".into(),
            secondary: None,
        };
        let claim = ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("PersistentVolumeClaim".into()),
            namespace: Some(left.claim.namespace.clone()),
            name: Some(left.claim.name.clone()),
            uid: left.claim.uid.clone(),
            ..ObjectReference::default()
        };
        if let Err(error) = self.recorder.publish(&event, &claim).await {
            tracing::debug!(%error, "an event could not be written");
        }
    }
}

fn reference(effect: &Effect) -> ObjectReference {
    let (kind, namespace, name) = match &effect.write.target {
        Target::Claim { namespace, name } => ("PersistentVolumeClaim", Some(namespace.clone()), name),
        Target::Volume { name } => ("PersistentVolume", None, name),
    };
    ObjectReference {
        api_version: Some("v1".into()),
        kind: Some(kind.into()),
        namespace,
        name: Some(name.clone()),
        uid: (!effect.answer.uid.is_empty()).then(|| effect.answer.uid.clone()),
        ..ObjectReference::default()
    }
}

/// Type, reason and words of a write.
fn words(effect: &Effect) -> Option<(EventType, &'static str, String)> {
    match effect.answer.outcome {
        Outcome::Applied => {}
        Outcome::Denied => {
            let note = format!("{} was refused: {}", effect.write.intended.name(), effect.answer.message);
            return Some((EventType::Warning, "DeletionBlocked", note));
        }
        Outcome::Conflict | Outcome::Gone | Outcome::Unknown | Outcome::Failed => return None,
    }
    let (reason, note) = match effect.write.intended {
        Intended::MarkClaim | Intended::MarkVolume => {
            ("DeletionPlanned", "marked; any use, change or probate.dev/hold takes the mark away")
        }
        Intended::UnmarkClaim | Intended::UnmarkVolume => ("DeletionCancelled", "the mark was taken away"),
        Intended::EnsureRetain => ("ReclaimPolicyRetained", "a policy asks for reclaim policy Retain"),
        Intended::FlipVolume => ("VolumeKept", "kept by reclaim policy Retain; it is in quarantine"),
        Intended::DeleteClaim => ("ClaimQuarantined", "deleted; its volume is kept: probate restore"),
        Intended::DeleteUnbound => ("ClaimDeleted", "deleted; it never had a volume"),
        Intended::RollBack | Intended::ReturnPolicy => {
            ("ReclaimPolicyReturned", "the reclaim policy is as before")
        }
        Intended::KeepVolume => ("VolumeKept", "kept by Retain again after somebody changed it"),
        Intended::ReclaimDelete => ("VolumeHandedToDriver", "its driver destroys the asset now"),
        Intended::DeleteVolume => ("VolumeDeleted", "the object is deleted, the asset stays"),
        Intended::CreateClaim => ("ClaimRestored", "restored with its volume"),
        Intended::PromiseName | Intended::WithdrawName | Intended::ReserveVolume => return None,
    };
    Some((EventType::Normal, reason, note.into()))
}
