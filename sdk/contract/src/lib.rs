//! The documents that users, policies and other programs see: evidence, verdict, manifest, settings, plan, record, decision
//! log, dump statement, test suite and diagnostic. Plain data with serde and schemars; the JSON Schemas under `sdk/schema` are
//! generated from here, and Rego and Wasm policies read the very same shapes. Nothing here depends on the host.

pub mod cause;
pub mod common;
pub mod diagnostic;
pub mod dump;
pub mod evidence;
pub mod examples;
pub mod fact;
pub mod log;
pub mod manifest;
pub mod plan;
pub mod record;
pub mod rego;
pub mod schema;
pub mod settings;
pub mod shape;
pub mod suite;
mod surroundings;
pub mod verdict;

pub use cause::Cause;
pub use diagnostic::{Diagnostic, Severity};
pub use evidence::Evidence;
pub use fact::Fact;
pub use verdict::{Action, Verdict};

/// The `apiVersion` of every document here.
pub const API_VERSION: &str = "probate.dev/v1alpha1";
