//! `data.probate.example`: two evidence documents for tests, those of the contract's page on evidence.

use regorus::Value;

const CLAIM: &str = include_str!("example/claim.json");
const VOLUME: &str = include_str!("example/volume.json");

/// The data document that holds both.
pub(crate) fn document() -> Result<Value, String> {
    let text = format!("{{\"probate\": {{\"example\": {{\"claim\": {CLAIM}, \"volume\": {VOLUME}}}}}}}");
    Value::from_json_str(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use probate_contract::Evidence;

    #[test]
    fn the_examples_are_evidence() {
        for text in [super::CLAIM, super::VOLUME] {
            let evidence: Evidence = serde_json::from_str(text).unwrap();
            assert_eq!(
                serde_json::to_value(&evidence).unwrap(),
                serde_json::from_str::<serde_json::Value>(text).unwrap()
            );
        }
        assert!(super::document().is_ok());
    }
}
