//! The verdict: one policy's answer about one subject.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a policy answers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Action {
    /// No opinion; a policy that only annotates abstains.
    #[default]
    Abstain,
    /// Keep it.
    Retain,
    /// Let it go.
    Delete,
}

/// What a Retain may ask the host to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Ensure {
    /// Flip the volume's reclaim policy to Retain.
    ReclaimPolicyRetain,
}

/// One policy's answer about one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verdict {
    /// The answer; Abstain if not given.
    #[serde(default)]
    pub action: Action,
    /// One printable line of at most 512 bytes; needed for Retain and Delete.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The rule that answered, `[a-z0-9-]`, at most 63.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub rule: Option<String>,
    /// Annotations to set, under `probate.dev/note.` or a prefix that the admin listed; at most 8.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// With Retain only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Ensure")]
    pub ensure: Option<Ensure>,
    /// Wake earlier, 60..=2592000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub recheck_after_seconds: Option<u64>,
    /// The paths it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<String>,
}

/// Longest reason, in bytes.
pub const MAX_REASON_BYTES: usize = 512;
/// Most annotations of one verdict.
pub const MAX_ANNOTATIONS: usize = 8;
/// Longest annotation value, in bytes.
pub const MAX_ANNOTATION_BYTES: usize = 1024;
/// Range of `recheckAfterSeconds`.
pub const RECHECK_SECONDS: std::ops::RangeInclusive<u64> = 60..=2_592_000;

impl Verdict {
    /// Checks what the types cannot say. Annotation keys and values are the host's to refuse one by one.
    ///
    /// # Errors
    /// One sentence that names the first thing wrong.
    pub fn check(&self) -> Result<(), String> {
        if self.action != Action::Abstain && self.reason.is_empty() {
            return Err(format!("{:?} needs a reason", self.action));
        }
        if self.reason.len() > MAX_REASON_BYTES {
            return Err(format!(
                "the reason has {} bytes, at most {MAX_REASON_BYTES} are allowed",
                self.reason.len()
            ));
        }
        if !printable(&self.reason) {
            return Err("the reason is not one printable line".into());
        }
        if let Some(rule) = &self.rule {
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if rule.is_empty() || rule.len() > 63 || !rule.bytes().all(allowed) {
                return Err("the rule is not 1..63 of [a-z0-9-]".into());
            }
        }
        if self.ensure.is_some() && self.action != Action::Retain {
            return Err("ensure goes with Retain only".into());
        }
        if self.recheck_after_seconds.is_some_and(|seconds| !RECHECK_SECONDS.contains(&seconds)) {
            return Err("recheckAfterSeconds is not in 60..2592000".into());
        }
        if self.basis.len() > 256 || self.basis.iter().any(|path| path.len() > 256 || !printable(path)) {
            return Err("the basis is not a list of paths".into());
        }
        Ok(())
    }
}

/// True for text without control, bidirectional-override or other invisible characters.
pub fn printable(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    })
}
