//! The contract's two evidence documents with setters, for native tests of policies.

use crate::functions::{instant, seconds_between};
use crate::{Evidence, Fact};
use probate_contract::evidence::examples;
use serde_json::{Map, Value, json};

/// Fields that hold what users wrote: no times of probate's in there.
const OPEN: [&str; 4] = ["object", "labels", "annotations", "parameters"];

/// Evidence for native tests. Each setter gives changed evidence; ages follow their times and `now`.
///
/// ```
/// use probate_sdk::{Evidence, json, days};
///
/// let evidence = Evidence::example_claim().with("usage.state", json!("None")).with_label("tier", "cache");
/// assert_eq!(evidence.subject().unwrap().labels["tier"], "cache");
/// let evidence = evidence.unused_for(days(31));
/// assert_eq!(evidence.unused().unwrap().unwrap().since, "2026-10-22T06:00:00Z");
/// ```
impl Evidence {
    /// The disk of a stopped VM: the subject is a claim.
    pub fn example_claim() -> Self {
        Self::from_json(examples::CLAIM).unwrap_or_default()
    }

    /// A Released host volume that served a guest cluster which is gone: the subject is a volume.
    pub fn example_volume() -> Self {
        Self::from_json(examples::VOLUME).unwrap_or_default()
    }

    /// Sets the field at a path as policies write it, `usage.referenced`.
    #[must_use]
    pub fn with(self, path: &str, value: Value) -> Self {
        self.edit(&path.split('.').collect::<Vec<_>>(), Some(value))
    }

    /// Takes the field at a path out: absent.
    #[must_use]
    pub fn without(self, path: &str) -> Self {
        self.edit(&path.split('.').collect::<Vec<_>>(), None)
    }

    /// Another time.
    #[must_use]
    pub fn at(self, now: &str) -> Self {
        self.with("now", json!(now))
    }

    /// A label of the subject.
    #[must_use]
    pub fn with_label(self, key: &str, value: &str) -> Self {
        self.edit(&["subject", "labels", key], Some(json!(value)))
    }

    /// An annotation of the subject.
    #[must_use]
    pub fn with_annotation(self, key: &str, value: &str) -> Self {
        self.edit(&["subject", "annotations", key], Some(json!(value)))
    }

    /// A label of the claim's namespace.
    #[must_use]
    pub fn with_namespace_label(self, key: &str, value: &str) -> Self {
        self.edit(&["namespace", "labels", key], Some(json!(value)))
    }

    /// Nothing has wanted it for so long, as the controller watched.
    #[must_use]
    pub fn unused_for(self, seconds: u64) -> Self {
        let since = self.before_now(seconds);
        self.with("references", json!([])).with(
            "usage",
            json!({"referenced": false, "state": "None", "unusedSince": since, "continuity": "Watched"}),
        )
    }

    /// The volume has been Released for so long.
    #[must_use]
    pub fn released_for(self, seconds: u64) -> Self {
        let since = self.before_now(seconds);
        self.with("volume.phase", json!("Released")).with("volume.releasedSince", json!(since))
    }

    fn before_now(&self, seconds: u64) -> String {
        let now = self.now.get(&self.text).ok().flatten().and_then(|now| instant(now).ok());
        let then = now.unwrap_or_default().as_second().saturating_sub_unsigned(seconds);
        jiff::Timestamp::from_second(then).unwrap_or_default().to_string()
    }

    fn edit(self, path: &[&str], value: Option<Value>) -> Self {
        let mut document: Value = serde_json::from_str(&self.text).unwrap_or_default();
        set(&mut document, path, value);
        if let Some(now) = document.get("now").and_then(Value::as_str).map(str::to_owned) {
            ages(&mut document, &now);
        }
        Self::read_from(document.to_string(), Fact::ALL.iter()).unwrap_or_default()
    }
}

fn set(at: &mut Value, path: &[&str], value: Option<Value>) {
    let Some((key, rest)) = path.split_first() else { return };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    let Value::Object(fields) = at else { return };
    match (rest.is_empty(), value) {
        (true, Some(value)) => {
            fields.insert((*key).to_owned(), value);
        }
        (true, None) => {
            fields.remove(*key);
            if let Some(seconds) = distance(key) {
                fields.remove(&seconds);
            }
        }
        (false, value) => set(fields.entry(*key).or_insert_with(|| json!({})), rest, value),
    }
}

/// The field that holds the distance of a time to now.
fn distance(key: &str) -> Option<String> {
    match key.strip_suffix("Since") {
        Some(stem) => Some(format!("{stem}Seconds")),
        None => (key == "createdAt").then(|| "ageSeconds".to_owned()),
    }
}

fn ages(at: &mut Value, now: &str) {
    match at {
        Value::Array(items) => items.iter_mut().for_each(|item| ages(item, now)),
        Value::Object(fields) => {
            let distances: Vec<(String, i64)> = fields
                .iter()
                .filter_map(|(key, value)| {
                    Some((distance(key)?, seconds_between(value.as_str()?, now).ok()?))
                })
                .collect();
            fields.extend(distances.into_iter().map(|(key, seconds)| (key, json!(seconds))));
            let parts = fields.iter_mut().filter(|(key, _)| !OPEN.contains(&key.as_str()));
            parts.for_each(|(_, part)| ages(part, now));
        }
        _ => {}
    }
}
