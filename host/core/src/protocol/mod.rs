//! The deletion protocol: one pure function, `next`, from what one live read said to the next request, if any.
//!
//! ```text
//! eligible -> marked --grace--> quarantined --window--> purged
//!               any change, veto: unmarked    restore: same volume, same data, new claim
//! ```
//!
//! Nothing is remembered but the record, and every state is found again from the record and a fresh read: after a crash, a lost
//! reply or another replica's step, `next` goes on rightly. Authority is the record, keyed by uid; labels and annotations only
//! show it. Before each write the record says which one (`intent`), and an outcome is read, never assumed.

mod begin;
mod case;
mod live;
mod marked;
mod patch;
mod purge;
mod quarantine;
mod request;
mod restore;
mod terms;
mod window;

pub use live::{Live, Seen};
pub use request::{Answer, Intended, Outcome, Request, Reservation, Step, Target, Write, outcome};
pub use restore::{Restorable, Restoring, abandon, restorable, restore};
pub use terms::Terms;

pub use case::MARK;
pub(crate) use case::OF_DISUSE;
pub(crate) use patch::{own, state};

use crate::time::Seconds;
use case::{Case, Phase};
use probate_contract::Cause;
use probate_contract::plan::Entry;
use probate_contract::record::{RecordStatus, VolumeRecord};

/// Everything one step looks at.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The time, not before the API server's.
    pub now: Seconds,
    /// The claim that `record.spec.claim` names, else the entry's, as a GET by name gave it.
    pub claim: &'a Seen,
    /// The volume that `record.spec.volume` names, else the one the claim is bound to.
    pub volume: &'a Seen,
    /// The claim's Namespace; `Absent` where it was not needed (only `promised_in` of a quarantine needs it).
    pub namespace: &'a Seen,
    /// The record of the claim's uid, or of the volume's if it never had a claim, as `observe::advance` has just brought it up to
    /// date. The inventory that `entry` was decided on holds this very record: a quarantine changes what the guards ask.
    pub record: Option<&'a VolumeRecord>,
    /// The decision on live evidence of this very moment: about the claim while it lives, about the volume once it is released.
    pub entry: Option<&'a Entry>,
    /// What the policies that voted Delete ask together.
    pub terms: Option<&'a Terms>,
    /// The shipped admission policy is in force, or why not.
    pub admission: Result<(), String>,
    /// What the open breaker says that holds what these policies want; none where a Plan is approved.
    pub halted: Option<&'a str>,
    /// Every place in the rates that the ledger holds for the entry's uid.
    pub reserved: &'a [Reservation],
    /// When the youngest approved Plan was made that names this uid and decision.
    pub approved: Option<Seconds>,
    /// Who else wrote the record since probate did, as managedFields tell. Writes on the volume are found by their content.
    pub foreign: Option<String>,
    /// What the API server said to this record's last write, if this process sent it since the last look. Nothing is lost without
    /// it but a dry run or a denial: both are asked again.
    pub answer: Option<&'a Answer>,
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Nothing; look again at that time, or when something changes.
    Rest {
        /// When time alone moves it on.
        until: Option<Seconds>,
    },
    /// Something holds it; reported, and looked at again.
    Held {
        /// What.
        cause: Cause,
        /// By what, in words.
        detail: String,
        /// When time alone lifts it.
        until: Option<Seconds>,
    },
    /// Store the record if it `observe::matters`, ask the ledger for a place for this step, then come again.
    Reserve(Step),
    /// Write the record's status by compare-and-swap, then come again.
    Record(Box<RecordStatus>),
    /// Send one request, read claim and volume again, then come again.
    Write(Box<Write>),
    /// The record of something long gone may go.
    Forget,
}

/// The next step of one claim or volume.
pub fn next(situation: &Situation<'_>) -> Next {
    for seen in [situation.claim, situation.volume] {
        if let Seen::Unknown(why) = seen {
            return Next::Held {
                cause: Cause::IncompleteEvidence,
                detail: why.clone(),
                until: Some(situation.now.saturating_add(case::SOON)),
            };
        }
    }
    let case = Case::of(situation);
    match case.phase() {
        Phase::Restoring => {
            case.held(Cause::OperationInProgress, "a restore is under way; run it again if it stopped")
        }
        Phase::Done => case.done(),
        Phase::Idle => begin::next(&case),
        Phase::Marked => marked::next(&case),
        Phase::Quarantining => quarantine::next(&case),
        Phase::Quarantined => window::next(&case),
        Phase::Purging => purge::next(&case),
    }
}
