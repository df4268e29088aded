//! What a policy is, and how the host asks it.

use crate::{Error, Evidence, Fact, Result, Verdict};
use probate_contract::verdict::Verdict as Document;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// A policy. The struct itself is the parameters: its fields, defaults and schema are theirs.
pub trait Policy: DeserializeOwned + JsonSchema {
    /// The policy's name.
    const NAME: &'static str;
    /// The facts that `evaluate` may read; reading any other is an error, and so a retain vote.
    const READS: &'static [Fact];

    /// The answer about one subject. It may depend on the parameters and this evidence, on nothing else.
    ///
    /// # Errors
    /// When it cannot decide: a retain vote.
    fn evaluate(&self, evidence: &Evidence) -> Result<Verdict>;
}

/// Asks a policy as the host would: with parameters from JSON, and with the facts it declares and no others.
///
/// # Errors
/// Parameters that do not fit, a read that `READS` lacks, a verdict that the host would refuse, or the policy's own error.
pub fn ask<P: Policy>(parameters: &str, evidence: &Evidence) -> Result<Document> {
    let verdict = answer(&configure::<P>(parameters)?, &evidence.reading(P::READS)?)?;
    verdict.check().map_err(Error::new)?;
    Ok(verdict)
}

/// The policy with these parameters.
pub(crate) fn configure<P: Policy>(parameters: &str) -> Result<P> {
    serde_json::from_str(parameters)
        .map_err(|error| Error::new(format!("parameters of {}: {error}", P::NAME)))
}

/// The policy's answer, resting on the facts it read unless it says on what.
pub(crate) fn answer<P: Policy>(policy: &P, evidence: &Evidence) -> Result<Document> {
    let mut verdict = policy.evaluate(evidence)?.into_document();
    if verdict.basis.is_empty() {
        verdict.basis = evidence.facts_read().map(|fact| fact.name().to_owned()).collect();
    }
    Ok(verdict)
}
