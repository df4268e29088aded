//! The pure pipeline: inventory, evidence, select, evaluate, combine, guard, plan, explain, diff, log. Top to bottom one file a stage,
//! each stage's output the next one's only input; `pipeline::decide` calls them in order. Nothing here knows a clock, the
//! environment, a file, the network, an API server, Rego or Wasm: the sandbox stands behind the one trait in `port`.

pub mod annotate;
pub mod combine;
mod decide;
pub mod diff;
pub mod digest;
mod evaluate;
pub mod evidence;
pub mod explain;
pub mod facts;
mod flip;
pub mod glob;
pub mod graph;
pub mod guard;
pub mod history;
pub mod intake;
pub mod inventory;
pub mod kinds;
pub mod ledger;
pub mod left;
pub mod log;
pub mod observe;
mod pacing;
pub mod parameters;
pub mod pipeline;
pub mod plan;
mod platforms;
pub mod policy;
pub mod port;
pub mod protocol;
pub mod quantity;
mod select;
pub mod selector;
pub mod stock;
pub mod time;
mod timeless;

pub use kinds::{Ignored, Known, ignore_list, understood};
