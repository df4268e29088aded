//! The Rust twin of `policy.rego`: same answers, same rules, same reasons.

use probate_sdk::prelude::*;

/// Writes which reclaim policy will really apply, and keeps the volumes of some classes.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EffectiveRetention {
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    retain_classes: Vec<String>,
}

impl Policy for EffectiveRetention {
    const NAME: &'static str = "effective-retention";
    const READS: &'static [Fact] = &[Fact::Volume, Fact::RetentionEffective];

    fn evaluate(&self, evidence: &Evidence) -> Result<Verdict> {
        let class = |volume: &Volume| volume.storage_class_name.clone();
        let kept = |class: &String| self.retain_classes.contains(class);
        let volume = evidence.volume()?;
        let verdict = match (volume.and_then(class).filter(kept), volume) {
            (Some(class), Some(volume))
                if ["Delete", "Recycle"].contains(&volume.reclaim_policy.as_str()) =>
            {
                Verdict::retain(format!("class {class} is to be kept"))
                    .rule("made-retain")
                    .ensure(Ensure::ReclaimPolicyRetain)
            }
            (Some(class), _) => Verdict::retain(format!("class {class} is kept")).rule("kept"),
            (None, _) => Verdict::abstain(),
        };
        let effective = match evidence.effective_retention()? {
            EffectivePolicy::Retain => "Retain",
            EffectivePolicy::Delete => "Delete",
        };
        Ok(verdict.annotate("probate.dev/note.effective-reclaim-policy", effective))
    }
}

export_policy!(EffectiveRetention);
