//! Publish: what people and monitoring see of the loop.

pub mod events;
pub mod metrics;
pub mod serve;
