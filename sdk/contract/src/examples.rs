//! The two evidence documents of the contract, for guests, SDKs and tests.

/// The disk of a stopped VM: the subject is a claim.
pub const CLAIM: &str = include_str!("examples/claim.json");

/// A Released host volume that served a guest cluster which is gone: the subject is a volume.
pub const VOLUME: &str = include_str!("examples/volume.json");

#[cfg(test)]
mod tests {
    use super::{CLAIM, VOLUME};
    use crate::evidence::Evidence;

    #[test]
    fn examples_survive_the_types_unchanged() {
        for text in [CLAIM, VOLUME] {
            let document: serde_json::Value = serde_json::from_str(text).unwrap();
            let evidence: Evidence = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_value(evidence).unwrap(), document);
        }
    }
}
