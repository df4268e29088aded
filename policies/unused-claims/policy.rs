//! The Rust twin of `policy.rego`: same answers, same rules, same reasons.

use probate_sdk::prelude::*;

/// Deletes claims that nothing has wanted for a while, except in production.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UnusedClaims {
    #[serde(default = "thirty")]
    #[schemars(range(min = 1))]
    unused_days: u64,
}

fn thirty() -> u64 {
    30
}

impl Policy for UnusedClaims {
    const NAME: &'static str = "unused-claims";
    const READS: &'static [Fact] = &[Fact::Namespace, Fact::UsageUnusedSince];

    fn evaluate(&self, evidence: &Evidence) -> Result<Verdict> {
        if evidence.namespace()?.is_some_and(|namespace| namespace.label("env") == Some("prod")) {
            return Ok(Verdict::retain("production stays").rule("production"));
        }
        Ok(match evidence.unused()? {
            Some(unused) if unused.seconds >= days(self.unused_days) => {
                Verdict::delete(format!("unused since {}", unused.since)).rule("unused")
            }
            _ => Verdict::abstain(),
        })
    }
}

export_policy!(UnusedClaims);
