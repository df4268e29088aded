//! Publish: what people and monitoring see of the loop.

pub mod metrics;
pub mod serve;
