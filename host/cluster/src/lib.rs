//! The only crate that talks to an API server: observe, records, apply, publish. What is decided, is decided in the core; here it
//! is read live, written with preconditions, and read again.

pub mod admission;
pub mod apply;
pub mod connect;
pub mod controller;
pub mod crds;
pub mod deploy;
mod error;
pub mod ledger;
pub mod observe;
pub mod own;
pub mod plans;
pub mod publish;
pub mod records;

pub use error::ClusterError;
