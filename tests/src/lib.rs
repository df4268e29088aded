//! What the tests of the whole share: nothing that ships depends on this package.

pub mod differential;
pub mod generator;
