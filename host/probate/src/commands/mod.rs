//! One file a command.

pub mod check;
pub mod codes;
pub mod completion;
pub mod diff;
pub mod explain;
pub mod graph;
pub mod init;
pub mod plan;
pub mod schema;
pub mod test;
pub mod version;
