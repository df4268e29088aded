//! Large disks deserve a second look: what is unused and small goes, what is large only with a backup.

use probate_sdk::prelude::*;

/// The parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BigDisks {
    /// From this size on a backup is asked for.
    #[serde(default = "hundred_gib")]
    large: String,
    #[serde(default = "month")]
    unused_days: u64,
}

fn hundred_gib() -> String {
    "100Gi".into()
}

fn month() -> u64 {
    30
}

impl Policy for BigDisks {
    const NAME: &'static str = "big-disks";
    const READS: &'static [Fact] = &[Fact::Subject, Fact::UsageUnusedSince, Fact::Snapshots];

    fn evaluate(&self, evidence: &Evidence) -> Result<Verdict> {
        let Some(unused) = evidence.unused()?.filter(|unused| unused.seconds >= days(self.unused_days)) else {
            return Ok(Verdict::abstain());
        };
        let large = u64::try_from(evidence.subject()?.bytes)? >= bytes(&self.large)?;
        if large && !evidence.snapshot_within(days(7))? {
            return Ok(Verdict::retain("large, and without a backup of this week").rule("no-backup").recheck(days(1)));
        }
        Ok(Verdict::delete(format!("unused since {}", unused.since)).rule("unused"))
    }
}

export_policy!(BigDisks);

#[cfg(test)]
mod tests {
    use super::*;
    use probate_sdk::json;

    #[test]
    fn small_and_unused_goes() {
        let verdict = ask::<BigDisks>("{}", &Evidence::example_claim().unused_for(days(31))).unwrap();
        assert_eq!((verdict.action, verdict.rule.as_deref()), (Action::Delete, Some("unused")));
    }

    #[test]
    fn large_stays_without_a_backup() {
        let large = Evidence::example_claim().unused_for(days(31)).with("subject.bytes", json!(200_u64 << 30));
        assert_eq!(ask::<BigDisks>("{}", &large).unwrap().rule.as_deref(), Some("no-backup"));
        assert_eq!(ask::<BigDisks>(r#"{"large": "1Ti"}"#, &large).unwrap().action, Action::Delete);
    }

    #[test]
    fn what_is_used_is_no_business_of_ours() {
        assert_eq!(ask::<BigDisks>("{}", &Evidence::example_claim()).unwrap().action, Action::Abstain);
    }
}
