//! The decision log: what decided becomes lines, lines are chained, a chain is verified, and a line is decided again.
//!
//! A loop asks `Journal::changed` of each entry, takes `pipeline::logged` of those that are, puts into `held` what held them back
//! after the decision, writes the lines of `Journal::decisions` before it acts and of `Journal::effect` after each write, and
//! keeps `Journal::head` elsewhere as an anchor.
//!
//! What `replay` re-decides, from the line and the programs alone: which policies select the subject, what each answers, the
//! repeated question of a delete that would stand, how answers combine, every guard, annotations, next step and decision id.
//! What it takes from the line: the facts and rails as they were seen, the settings that a decision reads, and answers that the
//! run and not the evidence made (the sandbox's own failure, a policy that was not pure, one that was not asked any more).

mod chain;
mod recall;
mod record;
mod replay;
mod verify;

pub use chain::{Chain, Head, Journal, NONE_BEFORE};
pub use replay::{Difference, Replayed, Unfit, replay};
pub use verify::{Anchors, ChainEnd, Fault, Finding, Verified, Verifier, checked, verify};

pub(crate) use record::record;
