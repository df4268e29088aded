//! The Rust twin of `policy.rego`: same answers, same rules, same reasons.

use probate_sdk::parts::{CounterpartRelation, GuestClusterType};
use probate_sdk::prelude::*;

/// Lets the volumes of virtual clusters inherit the host's reclaim policy, and what a deleted one left behind go after a while.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VclusterVolumes {
    #[serde(default = "two_weeks")]
    #[schemars(range(min = 1))]
    grace_days: u64,
}

fn two_weeks() -> u64 {
    14
}

/// The virtual cluster whose control plane stores its state here, by the labels that its chart gives the claim.
fn store(subject: &Subject) -> Option<&str> {
    subject.label("app").filter(|app| ["vcluster", "vcluster-etcd"].contains(app))?;
    subject.label("release")
}

/// What the tenant still has; the syncer, not the host, deletes below it.
fn tenant(other: &&Counterpart) -> bool {
    other.relation == CounterpartRelation::Virtual && other.state == CounterpartState::Present
}

impl VclusterVolumes {
    /// The answer for what serves this virtual cluster, before its note.
    fn of_cluster(
        &self,
        evidence: &Evidence,
        cluster: &GuestCluster,
        effective: EffectivePolicy,
    ) -> Result<Verdict> {
        let name = &cluster.name;
        if evidence.subject()?.annotation("vcluster.loft.sh/object-imported") == Some("true") {
            return Ok(Verdict::retain(format!("virtual cluster {name} imported it")).rule("imported"));
        }
        if cluster.state != LifeState::Gone {
            return Ok(Verdict::retain(format!("virtual cluster {name} is there")).rule("lives"));
        }
        let tenants = evidence.counterparts()?.iter().filter(tenant);
        if let Some(tenant) = tenants.map(|other| format!("{} {}", other.kind, other.name)).min() {
            return Ok(Verdict::retain(format!("{tenant} of the tenant is there")).rule("wanted"));
        }
        if effective == EffectivePolicy::Retain {
            return Ok(Verdict::retain("the host's reclaim policy is Retain").rule("inherited"));
        }
        let limit = days(self.grace_days);
        let gone = cluster.gone_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let long_gone = gone.is_some_and(|seconds| seconds >= limit);
        let long_unused = evidence.unused()?.is_some_and(|unused| unused.seconds >= limit);
        Ok(match &cluster.gone_since {
            Some(since) if long_gone && long_unused => {
                Verdict::delete(format!("virtual cluster {name} is gone since {since}")).rule("orphan")
            }
            _ => Verdict::abstain(),
        })
    }
}

impl Policy for VclusterVolumes {
    const NAME: &'static str = "vcluster-volumes";
    const READS: &'static [Fact] = &[
        Fact::Subject,
        Fact::GuestCluster,
        Fact::Counterparts,
        Fact::RetentionEffective,
        Fact::UsageUnusedSince,
    ];

    fn evaluate(&self, evidence: &Evidence) -> Result<Verdict> {
        if let Some(cluster) = store(evidence.subject()?) {
            let reason = format!("the control plane's store of virtual cluster {cluster}");
            return Ok(Verdict::retain(reason).rule("store"));
        }
        let guest = evidence.guest_cluster()?;
        let Some(cluster) = guest.filter(|guest| guest.r#type == GuestClusterType::VCluster) else {
            return Ok(Verdict::abstain());
        };
        let effective = evidence.effective_retention()?;
        let word = match effective {
            EffectivePolicy::Retain => "Retain",
            EffectivePolicy::Delete => "Delete",
        };
        let verdict = self.of_cluster(evidence, cluster, effective)?;
        Ok(verdict.annotate("probate.dev/note.effective-reclaim-policy", word))
    }
}

export_policy!(VclusterVolumes);
