//! The part of the corpus' scenarios that no dump shows: what the controller does about them, on a real control plane and with the
//! corpus' own objects. `carriedOut` of a scenario names its test here.

mod kept;
mod learned;
mod persons;
mod released;
mod steps;
mod tenants;
mod world;

use crate::closure::{Mind, Mouth, Twin};
use probate_contract::{Fact, Verdict};
use serde_json::Value;

/// A policy that reads these facts, and answers about each subject by its evidence, as its twin does.
const fn asking(reads: &'static [Fact], says: fn(&Value) -> Verdict, twin: &'static Twin) -> Mind {
    Mind { reads, says: Mouth::Of(says), twin: Some(twin) }
}
