//! The causes of a decision: a closed list, in the order in which they are listed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The groups of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Group {
    /// What policies said.
    Policy,
    /// What is not known.
    Evidence,
    /// Rails that nothing lifts.
    Guard,
    /// Rails that a policy can consent to.
    Consent,
    /// Pace.
    Rate,
    /// A policy failed.
    Error,
    /// The deletion protocol.
    Protocol,
}

/// Why a decision is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Cause {
    /// One voted so, nothing against it.
    PolicyDelete,
    /// One voted so.
    PolicyRetain,
    /// None selects it.
    NoPolicyMatched,
    /// All abstained.
    NoPolicyDecided,
    /// The delete stands, no one that wants it acts.
    AuditMode,
    /// Waits for an approved Plan.
    AwaitingApproval,
    /// Two values for one key, neither is written.
    AnnotationConflict,
    /// A key or value that policies may not set.
    AnnotationRefused,
    /// A policy or the guard needs a fact that is unknown.
    IncompleteEvidence,
    /// Owner or layer known by name or a forgeable mark only.
    IdentityUnproven,
    /// Unused by samples or by the condition alone: a candidate, no more.
    NotWatched,
    /// Vetoed by a hold annotation.
    Hold,
    /// On the list of Settings, or marked to be kept by its platform.
    Protected,
    /// It or its namespace is going.
    Terminating,
    /// Active reference.
    InUse,
    /// Pending, stopped or template reference.
    Referenced,
    /// A claimRef without uid, or a restore.
    Reserved,
    /// An unknown resource names it.
    PossiblyReferenced,
    /// Would hang until that Pod is removed.
    HeldByFinishedPod,
    /// Restore, migration, clone, snapshot, resize or export.
    OperationInProgress,
    /// Delete it on the other layer.
    CounterpartPresent,
    /// The asset is another layer's.
    NotGoverningVolume,
    /// Two volumes, one handle.
    SharedVolume,
    /// Delete its claim instead.
    BoundVolume,
    /// A live controller that re-creates or deletes it.
    ForeignController,
    /// A finalizer nobody here knows.
    ForeignFinalizer,
    /// Namespace or class not opened.
    NotOptedIn,
    /// Younger than the settings ask.
    TooYoung,
    /// Unused for less than the settings ask.
    UnusedTooShort,
    /// The snapshot gate is not met.
    SnapshotMissing,
    /// A layer says Retain, the policy keeps those.
    EffectiveRetain,
    /// A scaled-down StatefulSet would come back for it.
    ScaledDownOrdinal,
    /// Snapshots would die with it.
    DependentSnapshots,
    /// Would be re-created.
    GitOpsTracked,
    /// Its namespace is gone.
    NamespaceGone,
    /// Waits its turn.
    RateLimited,
    /// A person must reset.
    BreakerOpen,
    /// The program does not load.
    LoadFailed,
    /// The program imports what it may not.
    ImportRefused,
    /// The file is no component.
    NotAComponent,
    /// The program is too large.
    ModuleTooLarge,
    /// The program speaks another version.
    UnsupportedVersion,
    /// The program is not the one of the digest.
    DigestMismatch,
    /// The parameters do not fit the schema.
    ParametersInvalid,
    /// The program refused its parameters.
    ConfigureFailed,
    /// The policy answered an error.
    PolicyError,
    /// The policy trapped.
    PolicyTrapped,
    /// The policy ran out of fuel.
    FuelExhausted,
    /// The policy wanted more memory than it may have.
    MemoryExhausted,
    /// The policy recursed too deep.
    StackExhausted,
    /// The answer is too large.
    OutputTooLarge,
    /// The answer is no verdict.
    BadVerdict,
    /// Asked again, the policy answered otherwise.
    PolicyNotPure,
    /// On full evidence the policy answered otherwise.
    ProjectionDisagrees,
    /// Our fault.
    SandboxFailed,
    /// 403 or 422.
    Blocked,
    /// The admission policy is not in force.
    AdmissionPolicyMissing,
    /// Another object has the name.
    NameReused,
    /// Its policy is gone or changed.
    Parked,
    /// A flip could not be taken back.
    LeftRetain,
    /// Somebody else wrote.
    ForeignWrite,
}

impl Cause {
    /// Every cause, in order.
    pub const ALL: [Self; 61] = [
        Self::PolicyDelete,
        Self::PolicyRetain,
        Self::NoPolicyMatched,
        Self::NoPolicyDecided,
        Self::AuditMode,
        Self::AwaitingApproval,
        Self::AnnotationConflict,
        Self::AnnotationRefused,
        Self::IncompleteEvidence,
        Self::IdentityUnproven,
        Self::NotWatched,
        Self::Hold,
        Self::Protected,
        Self::Terminating,
        Self::InUse,
        Self::Referenced,
        Self::Reserved,
        Self::PossiblyReferenced,
        Self::HeldByFinishedPod,
        Self::OperationInProgress,
        Self::CounterpartPresent,
        Self::NotGoverningVolume,
        Self::SharedVolume,
        Self::BoundVolume,
        Self::ForeignController,
        Self::ForeignFinalizer,
        Self::NotOptedIn,
        Self::TooYoung,
        Self::UnusedTooShort,
        Self::SnapshotMissing,
        Self::EffectiveRetain,
        Self::ScaledDownOrdinal,
        Self::DependentSnapshots,
        Self::GitOpsTracked,
        Self::NamespaceGone,
        Self::RateLimited,
        Self::BreakerOpen,
        Self::LoadFailed,
        Self::ImportRefused,
        Self::NotAComponent,
        Self::ModuleTooLarge,
        Self::UnsupportedVersion,
        Self::DigestMismatch,
        Self::ParametersInvalid,
        Self::ConfigureFailed,
        Self::PolicyError,
        Self::PolicyTrapped,
        Self::FuelExhausted,
        Self::MemoryExhausted,
        Self::StackExhausted,
        Self::OutputTooLarge,
        Self::BadVerdict,
        Self::PolicyNotPure,
        Self::ProjectionDisagrees,
        Self::SandboxFailed,
        Self::Blocked,
        Self::AdmissionPolicyMissing,
        Self::NameReused,
        Self::Parked,
        Self::LeftRetain,
        Self::ForeignWrite,
    ];

    /// The group it belongs to.
    pub const fn group(self) -> Group {
        match self {
            Self::PolicyDelete
            | Self::PolicyRetain
            | Self::NoPolicyMatched
            | Self::NoPolicyDecided
            | Self::AuditMode
            | Self::AwaitingApproval
            | Self::AnnotationConflict
            | Self::AnnotationRefused => Group::Policy,
            Self::IncompleteEvidence | Self::IdentityUnproven | Self::NotWatched => Group::Evidence,
            Self::Hold
            | Self::Protected
            | Self::Terminating
            | Self::InUse
            | Self::Referenced
            | Self::Reserved
            | Self::PossiblyReferenced
            | Self::HeldByFinishedPod
            | Self::OperationInProgress
            | Self::CounterpartPresent
            | Self::NotGoverningVolume
            | Self::SharedVolume
            | Self::BoundVolume
            | Self::ForeignController
            | Self::ForeignFinalizer
            | Self::NotOptedIn
            | Self::TooYoung
            | Self::UnusedTooShort
            | Self::SnapshotMissing
            | Self::EffectiveRetain => Group::Guard,
            Self::ScaledDownOrdinal
            | Self::DependentSnapshots
            | Self::GitOpsTracked
            | Self::NamespaceGone => Group::Consent,
            Self::RateLimited | Self::BreakerOpen => Group::Rate,
            Self::LoadFailed
            | Self::ImportRefused
            | Self::NotAComponent
            | Self::ModuleTooLarge
            | Self::UnsupportedVersion
            | Self::DigestMismatch
            | Self::ParametersInvalid
            | Self::ConfigureFailed
            | Self::PolicyError
            | Self::PolicyTrapped
            | Self::FuelExhausted
            | Self::MemoryExhausted
            | Self::StackExhausted
            | Self::OutputTooLarge
            | Self::BadVerdict
            | Self::PolicyNotPure
            | Self::ProjectionDisagrees
            | Self::SandboxFailed => Group::Error,
            Self::Blocked
            | Self::AdmissionPolicyMissing
            | Self::NameReused
            | Self::Parked
            | Self::LeftRetain
            | Self::ForeignWrite => Group::Protocol,
        }
    }

    /// What it means, in one clause.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::PolicyDelete => "one voted so, nothing against it",
            Self::PolicyRetain => "one voted so",
            Self::NoPolicyMatched => "none selects it",
            Self::NoPolicyDecided => "all abstained",
            Self::AuditMode => "the delete stands, no one that wants it acts",
            Self::AwaitingApproval => "waits for an approved Plan",
            Self::AnnotationConflict => "two values for one key, neither is written",
            Self::AnnotationRefused => {
                "a key or value that policies may not set; theirs are probate.dev/note.… and Settings' annotationPrefixes"
            }
            Self::IncompleteEvidence => "a policy or the guard needs a fact that is unknown",
            Self::IdentityUnproven => "owner or layer known by name or a forgeable mark only",
            Self::NotWatched => "unused by samples or by the condition alone: a candidate, no more",
            Self::Hold => "vetoed by a hold annotation",
            Self::Protected => "on the list of Settings, or marked to be kept by its platform",
            Self::Terminating => "it or its namespace is going",
            Self::InUse => "active reference",
            Self::Referenced => "pending, stopped or template reference",
            Self::Reserved => "a claimRef without uid, or a restore",
            Self::PossiblyReferenced => "an unknown resource names it",
            Self::HeldByFinishedPod => "would hang until that Pod is removed",
            Self::OperationInProgress => "restore, migration, clone, snapshot, resize or export",
            Self::CounterpartPresent => "delete it on the other layer",
            Self::NotGoverningVolume => "the asset is another layer's",
            Self::SharedVolume => "two volumes, one handle",
            Self::BoundVolume => "delete its claim instead",
            Self::ForeignController => "a live controller that re-creates or deletes it",
            Self::ForeignFinalizer => "a finalizer nobody here knows",
            Self::NotOptedIn => "namespace or class not opened",
            Self::TooYoung => "younger than the settings ask",
            Self::UnusedTooShort => "unused for less than the settings ask",
            Self::SnapshotMissing => "the snapshot gate is not met",
            Self::EffectiveRetain => "a layer says Retain, the policy keeps those",
            Self::ScaledDownOrdinal => "a scaled-down StatefulSet would come back for it",
            Self::DependentSnapshots => "snapshots would die with it",
            Self::GitOpsTracked => "would be re-created",
            Self::NamespaceGone => "its namespace is gone",
            Self::RateLimited => "waits its turn",
            Self::BreakerOpen => "a person must reset",
            Self::LoadFailed => "the program does not load",
            Self::ImportRefused => "the program imports what it may not",
            Self::NotAComponent => "the file is no component",
            Self::ModuleTooLarge => "the program is too large",
            Self::UnsupportedVersion => "the program speaks another version",
            Self::DigestMismatch => "the program is not the one of the digest",
            Self::ParametersInvalid => "the parameters do not fit the schema",
            Self::ConfigureFailed => "the program refused its parameters",
            Self::PolicyError => "the policy answered an error",
            Self::PolicyTrapped => "the policy trapped",
            Self::FuelExhausted => "the policy ran out of fuel",
            Self::MemoryExhausted => "the policy wanted more memory than it may have",
            Self::StackExhausted => "the policy recursed too deep",
            Self::OutputTooLarge => "the answer is too large",
            Self::BadVerdict => "the answer is no verdict",
            Self::PolicyNotPure => "asked again, the policy answered otherwise",
            Self::ProjectionDisagrees => "on full evidence the policy answered otherwise",
            Self::SandboxFailed => "our fault",
            Self::Blocked => "403 or 422",
            Self::AdmissionPolicyMissing => "the admission policy is not in force",
            Self::NameReused => "another object has the name",
            Self::Parked => "its policy is gone or changed",
            Self::LeftRetain => "a flip could not be taken back",
            Self::ForeignWrite => "somebody else wrote",
        }
    }

    /// True for the failures of a policy: retain votes of their own.
    pub const fn is_failure(self) -> bool {
        matches!(self.group(), Group::Error)
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}
