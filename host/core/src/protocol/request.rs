//! Requests: what one write sends, with everything that must hold for it to count.

use crate::guard::Ticket;
use crate::time::Seconds;
pub use probate_contract::log::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The protocol's steps; marks, quarantines and purges have rates of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Step {
    /// Put the mark on.
    Mark,
    /// Take the mark away.
    Unmark,
    /// Flip the volume to Retain because a policy asks for it.
    EnsureRetain,
    /// Keep the volume, let the claim go.
    Quarantine,
    /// Let volume and data go.
    Purge,
    /// Give the volume to a new claim.
    Restore,
}

impl Step {
    /// Its name, as records and logs spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mark => "Mark",
            Self::Unmark => "Unmark",
            Self::EnsureRetain => "EnsureRetain",
            Self::Quarantine => "Quarantine",
            Self::Purge => "Purge",
            Self::Restore => "Restore",
        }
    }
}

/// The writes of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Intended {
    /// Mark the claim.
    MarkClaim,
    /// Mark the volume.
    MarkVolume,
    /// Take the claim's mark away.
    UnmarkClaim,
    /// Take the volume's mark away.
    UnmarkVolume,
    /// Retain, because a policy asks for it.
    EnsureRetain,
    /// Retain and the quarantine's marks, in one write; the dry run of the claim's DELETE comes before it.
    FlipVolume,
    /// Delete the claim.
    DeleteClaim,
    /// Delete a claim that was never bound.
    DeleteUnbound,
    /// Give the volume its policy back.
    RollBack,
    /// Retain again after somebody flipped it.
    KeepVolume,
    /// Keep the claim's name for who comes back for it.
    PromiseName,
    /// Take that promise back.
    WithdrawName,
    /// Hand the volume to its driver.
    ReclaimDelete,
    /// Delete the volume's object; the asset stays.
    DeleteVolume,
    /// Put a claimRef without uid into the volume.
    ReserveVolume,
    /// Create the claim.
    CreateClaim,
    /// Give the volume the policy back that it had, because a person asked.
    ReturnPolicy,
}

impl Intended {
    /// Its name, as records and logs spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MarkClaim => "MarkClaim",
            Self::MarkVolume => "MarkVolume",
            Self::UnmarkClaim => "UnmarkClaim",
            Self::UnmarkVolume => "UnmarkVolume",
            Self::EnsureRetain => "EnsureRetain",
            Self::FlipVolume => "FlipVolume",
            Self::DeleteClaim => "DeleteClaim",
            Self::DeleteUnbound => "DeleteUnbound",
            Self::RollBack => "RollBack",
            Self::KeepVolume => "KeepVolume",
            Self::PromiseName => "PromiseName",
            Self::WithdrawName => "WithdrawName",
            Self::ReclaimDelete => "ReclaimDelete",
            Self::DeleteVolume => "DeleteVolume",
            Self::ReserveVolume => "ReserveVolume",
            Self::CreateClaim => "CreateClaim",
            Self::ReturnPolicy => "ReturnPolicy",
        }
    }
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A claim.
    Claim {
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// A volume.
    Volume {
        /// Name.
        name: String,
    },
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A JSON patch that destroys nothing; its first operations test uid and resourceVersion.
    Patch {
        /// The operations.
        json_patch: Vec<Value>,
    },
    /// A DELETE with preconditions.
    Delete {
        /// Leave to.
        ticket: Ticket,
        /// Precondition.
        uid: String,
        /// Precondition.
        resource_version: String,
        /// Only asks whether it would be let through.
        dry_run: bool,
    },
    /// A JSON patch that makes the reclaim policy Delete.
    ReclaimDelete {
        /// Leave to.
        ticket: Ticket,
        /// The operations.
        json_patch: Vec<Value>,
    },
    /// A POST.
    Create {
        /// The object.
        body: Value,
        /// Only asks whether it would be let through.
        dry_run: bool,
    },
}

/// One write: the record holds its intent already.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The step it belongs to.
    pub step: Step,
    /// Which write.
    pub intended: Intended,
    /// To what.
    pub target: Target,
    /// What is sent.
    pub request: Request,
}

impl Write {
    /// True for a request that changes nothing.
    pub fn dry_run(&self) -> bool {
        matches!(self.request, Request::Delete { dry_run: true, .. } | Request::Create { dry_run: true, .. })
    }
}

/// A place in the rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// For which step.
    pub step: Step,
    /// Of which claim or volume.
    pub uid: String,
    /// By which decision.
    pub decision: String,
    /// Since when.
    pub at: Seconds,
}

/// The reply to a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// To which write.
    pub intended: Intended,
    /// To its dry run.
    pub dry_run: bool,
    /// Uid of the object it was about; of a created one the new uid.
    pub uid: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What the API server said.
    pub message: String,
}

/// What a status code and message tell. A JSON patch whose `test` fails is answered with 422 too, and means a conflict
/// (k8s.io/apiserver, handlers/patch.go; evanphx/json-patch, `ErrTestFailed`: "testing value PATH failed").
pub fn outcome(status: u16, message: &str) -> Outcome {
    match status {
        200..=299 => Outcome::Applied,
        409 => Outcome::Conflict,
        422 if message.contains("test failed") || message.contains("testing ") => Outcome::Conflict,
        403 | 422 => Outcome::Denied,
        404 | 410 => Outcome::Gone,
        0 | 408 | 500 | 502 | 504 => Outcome::Unknown,
        _ => Outcome::Failed,
    }
}
