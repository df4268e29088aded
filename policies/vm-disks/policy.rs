//! The Rust twin of `policy.rego`: same answers, same rules, same reasons.

use probate_sdk::prelude::*;

/// Keeps the disks of virtual machines, and lets go what machines that are gone have left behind.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VmDisks {
    #[serde(default = "two_weeks")]
    #[schemars(range(min = 1))]
    gone_days: u64,
}

fn two_weeks() -> u64 {
    14
}

/// True for those that can start again and want the disk then.
fn is_machine(other: &&Reference) -> bool {
    other.group.as_deref() == Some("kubevirt.io")
        && matches!(other.kind.as_str(), "VirtualMachine" | "VirtualMachineInstance")
        && matches!(
            other.state,
            ReferenceState::Active
                | ReferenceState::Pending
                | ReferenceState::Stopped
                | ReferenceState::Template
        )
}

impl Policy for VmDisks {
    const NAME: &'static str = "vm-disks";
    const READS: &'static [Fact] = &[Fact::References, Fact::Owners, Fact::UsageUnusedSince];

    fn evaluate(&self, evidence: &Evidence) -> Result<Verdict> {
        let machines = evidence.references()?.iter().filter(is_machine);
        let named = machines.map(|other| format!("{} {} ({:?})", other.kind, other.name, other.state)).min();
        if let Some(machine) = named {
            return Ok(Verdict::retain(format!("a disk of {machine}")).rule("named"));
        }
        let owners = evidence.owners()?.iter().filter(|owner| owner.kind == "VirtualMachine");
        let back =
            owners.clone().filter(|owner| owner.successor_uid.is_some()).map(|owner| &owner.name).min();
        if let Some(name) = back {
            return Ok(Verdict::retain(format!("VirtualMachine {name} is back")).rule("back"));
        }
        let limit = days(self.gone_days);
        let gone_long = evidence.gone_seconds("VirtualMachine")?.is_some_and(|seconds| seconds >= limit);
        if !gone_long || evidence.unused()?.is_none_or(|unused| unused.seconds < limit) {
            return Ok(Verdict::abstain());
        }
        let gone = owners.filter(|owner| owner.state == LifeState::Gone);
        let mut left_by: Vec<String> = gone
            .filter_map(|owner| Some((&owner.name, owner.gone_since.as_ref()?)))
            .map(|(name, since)| format!("VirtualMachine {name}, gone since {since}"))
            .collect();
        left_by.sort();
        left_by.dedup();
        Ok(Verdict::delete(format!("left by {}", left_by.join(", "))).rule("left-over"))
    }
}

export_policy!(VmDisks);
