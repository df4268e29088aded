//! The Rust twin of `policy.rego`: same answers, same rules, same reasons.

use probate_sdk::parts::{CounterpartRelation, GuestClusterType, LinkedBy};
use probate_sdk::prelude::*;

/// Lets go what a guest cluster's CSI driver has made on Harvester once the cluster is gone, and not before.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HarvesterGuestVolumes {
    #[serde(default = "a_week")]
    #[schemars(range(min = 1))]
    gone_days: u64,
    #[serde(default)]
    while_deleting: bool,
}

fn a_week() -> u64 {
    7
}

/// What the cluster itself still has goes there first: its driver cannot finish once the claim is gone. What a record remembers of
/// a cluster that is on its way out holds nothing; nobody can ask that cluster any more.
fn present(evidence: &Evidence) -> Result<Option<String>> {
    let others = evidence.counterparts()?.iter();
    let there = others.filter(|other| {
        other.relation == CounterpartRelation::Guest
            && other.state == CounterpartState::Present
            && other.linked_by != LinkedBy::Record
    });
    Ok(there.map(|other| format!("{} {}", other.kind, other.name)).min())
}

impl HarvesterGuestVolumes {
    fn answer(&self, evidence: &Evidence, cluster: &GuestCluster, guest: &str) -> Result<Verdict> {
        if cluster.state == LifeState::Alive {
            return Ok(Verdict::retain(format!("{guest} is alive")).rule("alive"));
        }
        if let Some(other) = present(evidence)? {
            return Ok(Verdict::retain(format!("{guest} still has {other}")).rule("in-guest"));
        }
        if evidence.effective_retention()? == EffectivePolicy::Retain {
            return Ok(
                Verdict::retain(format!("a reclaim policy says Retain; it served {guest}")).rule("retained")
            );
        }
        let limit = days(self.gone_days);
        let unused = evidence.unused()?.is_some_and(|unused| unused.seconds >= limit);
        let long = |seconds: i64| u64::try_from(seconds).is_ok_and(|seconds| seconds >= limit);
        Ok(match (cluster.state, cluster.gone_seconds, &cluster.gone_since) {
            (LifeState::Gone, Some(seconds), Some(since)) if unused && long(seconds) => {
                Verdict::delete(format!("{guest} is gone since {since}")).rule("gone")
            }
            (LifeState::Deleting, ..) if unused && self.while_deleting => {
                Verdict::delete(format!("{guest} is being deleted")).rule("deleting")
            }
            (state, ..) => {
                Verdict::retain(format!("{guest} ({state:?}) is not gone for {} days", self.gone_days))
                    .rule("waiting")
            }
        })
    }
}

impl Policy for HarvesterGuestVolumes {
    const NAME: &'static str = "harvester-guest-volumes";
    const READS: &'static [Fact] =
        &[Fact::GuestCluster, Fact::Counterparts, Fact::RetentionEffective, Fact::UsageUnusedSince];

    fn evaluate(&self, evidence: &Evidence) -> Result<Verdict> {
        // A vCluster's volumes are another policy's.
        let made_of_machines = |cluster: &&GuestCluster| {
            matches!(cluster.r#type, GuestClusterType::Rancher | GuestClusterType::ClusterAPI)
        };
        let Some(cluster) = evidence.guest_cluster()?.filter(made_of_machines) else {
            return Ok(Verdict::abstain());
        };
        let guest = format!("{:?} cluster {}", cluster.r#type, cluster.name);
        let verdict = self.answer(evidence, cluster, &guest)?;
        Ok(verdict.annotate("probate.dev/note.guest-cluster", &cluster.name))
    }
}

export_policy!(HarvesterGuestVolumes);
