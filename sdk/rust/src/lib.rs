//! Writes probate policies in Rust. A policy is a struct, its parameters, and one function from evidence to verdict; the
//! macro makes a Wasm component of it that runs in probate's sandbox like any Rego policy.
//!
//! ```
//! use probate_sdk::prelude::*;
//!
//! /// Deletes claims that nothing has wanted for a while. The struct is the parameters.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(rename_all = "camelCase", deny_unknown_fields)]
//! struct UnusedClaims {
//!     #[serde(default = "thirty")]
//!     unused_days: u64,
//! }
//! fn thirty() -> u64 { 30 }
//!
//! impl Policy for UnusedClaims {
//!     const NAME: &'static str = "unused-claims";
//!     const READS: &'static [Fact] = &[Fact::Namespace, Fact::UsageUnusedSince];
//!
//!     fn evaluate(&self, evidence: &Evidence) -> Result<Verdict> {
//!         if evidence.namespace()?.is_some_and(|namespace| namespace.label("env") == Some("prod")) {
//!             return Ok(Verdict::retain("production stays").rule("production"));
//!         }
//!         Ok(match evidence.unused()? {
//!             Some(unused) if unused.seconds >= days(self.unused_days) =>
//!                 Verdict::delete(format!("unused since {}", unused.since)).rule("unused"),
//!             _ => Verdict::abstain(),
//!         })
//!     }
//! }
//!
//! export_policy!(UnusedClaims);
//!
//! // A native test asks the policy what the host would ask it.
//! # fn main() -> Result<()> {
//! let evidence = Evidence::example_claim().unused_for(days(52));
//! assert_eq!(ask::<UnusedClaims>("{}", &evidence)?.action, Action::Delete);
//! # Ok(())
//! # }
//! ```
//!
//! `cargo build --release --target wasm32-wasip2` builds the component; the crate needs `crate-type = ["cdylib"]` and the
//! dependencies `probate-sdk`, `serde` and `schemars`.

mod error;
mod evidence;
mod example;
mod export;
mod facts;
mod functions;
mod policy;
mod schema;
mod verdict;

#[cfg(test)]
mod tests;

pub use error::{Error, Result};
pub use evidence::{Evidence, Labelled, Released, Unused};
pub use functions::{bytes, days, duration, hours};
pub use policy::{Policy, ask};
pub use probate_contract as contract;
pub use probate_contract::Fact;
pub use probate_contract::evidence as parts;
pub use probate_contract::verdict::{Action, Ensure};
pub use serde_json::json;
pub use verdict::Verdict;

/// What a policy's file imports.
pub mod prelude {
    pub use crate::parts::{
        Claim, Continuity, Counterpart, CounterpartState, EffectivePolicy, GuestCluster, LifeState,
        Namespace, Owner, Reference, ReferenceState, Relation, Snapshot, StorageClass, Subject, UsageState,
        Volume,
    };
    pub use crate::{
        Action, Ensure, Error, Evidence, Fact, Labelled as _, Policy, Released, Result, Unused, Verdict, ask,
        bytes, days, duration, export_policy, hours,
    };
    pub use schemars::JsonSchema;
    pub use serde::Deserialize;
}

/// What [`export_policy!`] expands to; not for policies themselves.
#[doc(hidden)]
pub mod __private {
    pub use crate::export::*;
}
