//! One file a command.

pub mod plan;
