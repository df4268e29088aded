//! The Rego guest: regorus behind the policy contract. It loads a policy's files, refuses what could change its meaning
//! between engines or fail open, finds out what the policy reads, and answers one subject a call. Compiled to a Wasm
//! component it is what the sandbox runs; compiled natively it is what its own tests run.

mod analysis;
mod coverage;
mod diagnose;
mod example;
#[cfg(target_arch = "wasm32")]
mod guest;
mod helper;
mod load;
mod markers;
mod session;
mod source;
mod verdict;

pub use session::{Session, load};
pub use verdict::Failure;
