//! The sandbox: every policy, Rego included, is a WebAssembly component that runs here with limits on fuel, memory, stack and
//! output, in a world without network, files, environment, randomness or a clock of its own. `Engine` loads programs, `Programs`
//! is the core's one port. Read in this order: engine (how wasmtime is set up), scan (what may be loaded), world (what a program
//! sees), limits, session (one instance), chunk (how answers stay free of history), cache (compiled code).

#[cfg(test)]
extern crate self as probate_sandbox;

mod cache;
mod chunk;
mod engine;
mod failure;
pub mod limits;
mod off;
mod program;
mod rego;
mod scan;
mod session;
mod since_v0_1_0;
mod threads;
mod world;

pub use engine::{Engine, EngineError, EngineOptions};
pub use failure::code;
pub use program::{Description, LoadError, Loaded, Program, Programs, RegoSource, Source};
pub use rego::{RegoTests, rego_guest};
pub use scan::INTERFACE;
