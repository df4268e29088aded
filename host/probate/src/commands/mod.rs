//! One file a command.

pub mod apply;
pub mod breaker;
pub mod check;
pub mod codes;
pub mod collect;
pub mod completion;
pub mod controller;
pub mod diff;
pub mod explain;
pub mod graph;
pub mod init;
pub mod log;
pub mod object;
pub mod plan;
pub mod rbac;
pub mod replay;
pub mod restore;
pub mod schema;
pub mod status;
pub mod test;
pub mod verify;
pub mod version;
