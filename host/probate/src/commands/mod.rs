//! One file a command.

pub mod check;
pub mod codes;
pub mod completion;
pub mod diff;
pub mod explain;
pub mod graph;
pub mod init;
pub mod log;
pub mod plan;
pub mod replay;
pub mod schema;
pub mod test;
pub mod verify;
pub mod version;
