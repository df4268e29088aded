//! The controller against a real control plane, under its own account and the shipped manifests. Without Go these tests say that
//! they are skipped.

mod stand;
mod walk;
