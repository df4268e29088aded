//! Facts, rails and settings out of a line, as they stood when it was decided.

use super::replay::Unfit;
use crate::evidence::Rails;
use crate::facts::{FactSet, Facts, Gap, Known};
use crate::time;
use probate_contract::dump::Reason;
use probate_contract::evidence::{EffectivePolicy, RetentionFrom, Subject, Trigger, TriggerType};
use probate_contract::log::{DecisionRecord, LoggedRails};
use probate_contract::record::{Manifests, Quarantine};
use probate_contract::settings::SettingsSpec;
use probate_contract::{API_VERSION, Fact};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a decision is made of.
pub(super) struct Recalled {
    pub(super) facts: Facts,
    pub(super) rails: Rails,
    pub(super) settings: SettingsSpec,
    pub(super) now: i64,
}

/// Reads a line back.
pub(super) fn recall(record: &DecisionRecord) -> Result<Recalled, Unfit> {
    if record.api_version != API_VERSION {
        return Err(Unfit::Version(record.api_version.clone()));
    }
    let logged = record.rails.clone().ok_or(Unfit::Lacks("rails"))?;
    let settings = record.settings.as_ref().ok_or(Unfit::Lacks("settings"))?;
    let settings = SettingsSpec {
        minimum_age_seconds: settings.minimum_age_seconds,
        minimum_unused_seconds: settings.minimum_unused_seconds,
        protected: settings.protected.clone(),
        annotation_prefixes: settings.annotation_prefixes.clone(),
        ..SettingsSpec::default()
    };
    let line = Line { record, reads: record.reads.iter().copied().collect() };
    let facts = line.facts()?;
    let now = time::parse(&facts.now).ok_or(Unfit::Lacks("evidence.now"))?;
    let rails = rails(logged, &facts);
    Ok(Recalled { facts, rails, settings, now })
}

struct Line<'a> {
    record: &'a DecisionRecord,
    reads: FactSet,
}

/// Keys of an object, if one of them is there.
fn picked(object: Option<&Value>, keys: &[&str]) -> Option<Value> {
    let object = object?.as_object()?;
    let picked: Map<String, Value> = keys
        .iter()
        .filter_map(|key| object.get(*key).map(|value| ((*key).to_owned(), value.clone())))
        .collect();
    (!picked.is_empty()).then_some(Value::Object(picked))
}

/// An object without these keys, if anything is left.
fn without(object: Option<&Value>, keys: &[&str]) -> Option<Value> {
    let mut rest = object?.as_object()?.clone();
    rest.retain(|key, _| !keys.contains(&key.as_str()));
    (!rest.is_empty()).then_some(Value::Object(rest))
}

impl Line<'_> {
    fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.record.evidence.get(*first)?, |value, key| value.get(*key))
    }

    fn known<T: DeserializeOwned>(&self, fact: Fact, value: Option<Value>) -> Result<Known<T>, Unfit> {
        if !self.reads.has(fact) {
            let source = format!("the line, which does not record {fact}");
            return Ok(Known::Unknown(vec![Gap { reason: Reason::NotCollected, source }]));
        }
        let own = self.record.unknown.iter().filter(|missing| missing.fact == fact);
        let gaps: Vec<Gap> =
            own.map(|missing| Gap { reason: missing.reason, source: missing.source.clone() }).collect();
        if !gaps.is_empty() {
            return Ok(Known::Unknown(gaps));
        }
        let typed = |value| serde_json::from_value(value).map_err(|error| Unfit::fact(fact, &error));
        Ok(value.map(typed).transpose()?.map_or(Known::Absent, Known::Present))
    }

    fn whole<T: DeserializeOwned>(&self, fact: Fact) -> Result<Known<T>, Unfit> {
        let path: Vec<&str> = fact.name().split('.').collect();
        self.known(fact, self.at(&path).cloned())
    }

    fn facts(&self) -> Result<Facts, Unfit> {
        const RELEASED: [&str; 2] = ["releasedSince", "releasedSeconds"];
        const UNUSED: [&str; 4] = ["unusedSince", "unusedSeconds", "continuity", "largestGapSeconds"];
        let text = |key: &str| self.at(&[key]).and_then(Value::as_str).map(str::to_owned);
        let now = text("now").ok_or(Unfit::Lacks("evidence.now"))?;
        let trigger = self.at(&["trigger"]).cloned().map(serde_json::from_value::<Trigger>).transpose();
        let trigger = trigger
            .map_err(|error| Unfit::fact(Fact::Trigger, &error))?
            .unwrap_or_else(|| Trigger { r#type: TriggerType::Scan, at: now.clone() });
        let subject: Known<Subject> =
            self.known(Fact::Subject, without(self.at(&["subject"]), &["object"]))?;
        let Known::Present(subject) = subject else { return Err(Unfit::Lacks("evidence.subject")) };
        let volume = self.at(&["volume"]);
        let raw = self.at(&["subject", "object"]).map(|object| Arc::from(object.to_string()));
        let object = match (self.known::<Value>(Fact::SubjectObject, None)?, raw) {
            (Known::Unknown(gaps), _) => Known::Unknown(gaps),
            (_, Some(raw)) => Known::Present(raw),
            (_, None) => Known::Absent,
        };
        Ok(Facts {
            now,
            cluster_name: self.record.subject.identity.cluster.clone().unwrap_or_default(),
            cluster_uid: self.whole(Fact::ClusterUid)?,
            trigger,
            subject,
            object,
            claim: self.whole(Fact::Claim)?,
            volume: self.known(Fact::Volume, without(volume, &RELEASED))?,
            released: self.known(Fact::VolumeReleasedSince, picked(volume, &RELEASED))?,
            storage_class: self.whole(Fact::StorageClass)?.map(Arc::new),
            namespace: self.whole(Fact::Namespace)?.map(Arc::new),
            referenced: self.whole(Fact::UsageReferenced)?,
            state: self.whole(Fact::UsageState)?,
            unused: self.known(Fact::UsageUnusedSince, picked(self.at(&["usage"]), &UNUSED))?,
            references: self.whole(Fact::References)?.map(Arc::new),
            owners: self.whole(Fact::Owners)?,
            guest_cluster: self.whole(Fact::GuestCluster)?,
            counterparts: self.whole(Fact::Counterparts)?,
            snapshots: self.whole(Fact::Snapshots)?,
            effective: self.effective()?,
            sources: self.whole(Fact::RetentionSources)?,
        })
    }

    fn effective(&self) -> Result<Known<(EffectivePolicy, Option<RetentionFrom>)>, Unfit> {
        let from = self.at(&["retention", "from"]).cloned().map(serde_json::from_value).transpose();
        let from = from.map_err(|error| Unfit::fact(Fact::RetentionEffective, &error))?;
        let effective: Known<EffectivePolicy> = self.whole(Fact::RetentionEffective)?;
        Ok(effective.map(|effective| (effective, from)))
    }
}

fn rails(logged: LoggedRails, facts: &Facts) -> Rails {
    let LoggedRails {
        proven,
        holds,
        kept,
        operations,
        ordinal,
        tracked,
        twins,
        finalizers,
        unproven,
        deleting,
        mark,
        quarantine,
    } = logged;
    let listed = || facts.references.get().cloned().unwrap_or_default();
    let proven = proven.map_or_else(listed, Arc::new);
    Rails {
        proven,
        holds: holds
            .into_iter()
            .map(|hold| (hold.place, hold.until.as_deref().and_then(time::parse)))
            .collect(),
        kept,
        operations,
        ordinal,
        tracked,
        twins,
        finalizers,
        unproven,
        deleting,
        mark,
        quarantine: quarantine.map(|quarantine| Quarantine {
            decision: quarantine.decision,
            released_at: quarantine.released_at,
            watched_seconds: quarantine.watched_seconds,
            manifests: Manifests {
                claim: quarantine
                    .claim_labels
                    .map(|labels| json!({"metadata": {"labels": labels}}).to_string())
                    .unwrap_or_default(),
                ..Manifests::default()
            },
            policies: BTreeMap::new(),
            promised_in: quarantine.promised_in,
        }),
    }
}
