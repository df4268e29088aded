//! Which races there are: where the controller is held, what somebody does meanwhile, and how that must end.

/// Where the controller is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// The API server would let the claim go, and nothing is written yet.
    DryRun,
    /// Before the volume is kept.
    Flip,
    /// Before the claim goes.
    Delete,
    /// While it looks once more before the purge.
    Look,
    /// Before the volume is handed to its driver.
    HandOver,
}

impl Window {
    /// True where the claim is still there.
    pub(crate) fn of_claim(self) -> bool {
        matches!(self, Self::DryRun | Self::Flip | Self::Delete)
    }
}

/// What somebody does meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// The claim is deleted, if it is there, and one of the same name made.
    Renewed,
    /// A Pod names it.
    Pod,
    /// A stopped VM does.
    Machine,
    /// A snapshot of it is there.
    Snapshot,
    /// It is to be held.
    Held,
    /// Somebody else deletes the claim.
    Removed,
    /// Somebody makes the reclaim policy Delete again.
    FlippedBack,
    /// Somebody deletes the volume's object.
    VolumeDeleted,
    /// Somebody has it back.
    Restored,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// The claim lives, as if nothing had been.
    Stays,
    /// The claim is gone, its data is there, and a restore gives it back.
    Kept,
    /// Who acted let the data go, and we did nothing.
    Theirs,
    /// Nothing was in the way of the purge.
    Purged,
}

/// Every race. What is missing cannot be: before the flip nothing can be flipped back or restored, and a claim that is gone cannot be
/// deleted. Whoever comes while the hand-over is on its way stops it only by a write on the volume: a Pod that then names the claim
/// that is gone is seen by nobody, as one that comes a moment later.
pub(crate) const CELLS: [(Window, Deed, End); 31] = [
    (Window::DryRun, Deed::Renewed, End::Theirs),
    (Window::DryRun, Deed::Pod, End::Stays),
    (Window::DryRun, Deed::Machine, End::Stays),
    (Window::DryRun, Deed::Snapshot, End::Stays),
    (Window::DryRun, Deed::Held, End::Stays),
    (Window::DryRun, Deed::Removed, End::Theirs),
    (Window::DryRun, Deed::VolumeDeleted, End::Stays),
    (Window::Flip, Deed::Renewed, End::Theirs),
    (Window::Flip, Deed::Pod, End::Stays),
    (Window::Flip, Deed::Machine, End::Stays),
    (Window::Flip, Deed::Snapshot, End::Stays),
    (Window::Flip, Deed::Held, End::Stays),
    (Window::Flip, Deed::Removed, End::Theirs),
    (Window::Flip, Deed::VolumeDeleted, End::Stays),
    (Window::Delete, Deed::Renewed, End::Kept),
    (Window::Delete, Deed::Pod, End::Kept),
    (Window::Delete, Deed::Machine, End::Kept),
    (Window::Delete, Deed::Snapshot, End::Kept),
    (Window::Delete, Deed::Held, End::Stays),
    (Window::Delete, Deed::Removed, End::Kept),
    (Window::Delete, Deed::FlippedBack, End::Kept),
    (Window::Delete, Deed::VolumeDeleted, End::Kept),
    (Window::Look, Deed::Renewed, End::Kept),
    (Window::Look, Deed::Pod, End::Kept),
    (Window::Look, Deed::Machine, End::Kept),
    (Window::Look, Deed::Snapshot, End::Kept),
    (Window::Look, Deed::Held, End::Kept),
    (Window::Look, Deed::Restored, End::Kept),
    (Window::HandOver, Deed::Renewed, End::Purged),
    (Window::HandOver, Deed::Held, End::Kept),
    (Window::HandOver, Deed::Restored, End::Kept),
];
