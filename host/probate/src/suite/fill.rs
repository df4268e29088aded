//! What a suite's objects leave out and every object of a cluster has: made up, the same on every run.

use super::names::Id;
use probate_contract::evidence::Open;
use probate_core::{digest, time};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const YEAR_SECONDS: i64 = 365 * 86_400;

/// A uid made of these words.
pub(crate) fn uid(words: &[&str]) -> String {
    let digest = digest::of_json(&words);
    let hex: Vec<char> = digest.trim_start_matches("sha256:").chars().take(32).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().iter().collect::<String>();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// The objects of one cluster with uid, resourceVersion, creationTimestamp, phases, and the uids of bound pairs.
pub(crate) fn objects(cluster: &str, objects: Vec<Arc<Value>>, now: i64) -> Vec<Value> {
    let created = time::format(now - YEAR_SECONDS);
    let mut objects: Vec<Value> = objects.into_iter().map(Arc::unwrap_or_clone).collect();
    let pairs = Pairs::of(&objects);
    for object in &mut objects {
        let id = Id::of(object);
        let Some(map) = object.as_object_mut() else { continue };
        if let Some(metadata) = child(map, "metadata") {
            let own = pairs.uid_of_claim(&id).map(str::to_owned);
            default(metadata, "uid", || {
                json!(own.unwrap_or_else(|| uid(&[cluster, &id.group, &id.kind, &id.namespace, &id.name])))
            });
            default(metadata, "resourceVersion", || json!("1"));
            default(metadata, "creationTimestamp", || json!(created));
        }
        if id.group.is_empty() {
            phase(map, &id);
        }
    }
    let uids: BTreeMap<(String, String), String> = objects
        .iter()
        .filter(|object| Id::of(object).kind == "PersistentVolumeClaim")
        .map(|object| {
            let id = Id::of(object);
            ((id.namespace, id.name), text(object, "/metadata/uid").to_owned())
        })
        .collect();
    for object in &mut objects {
        let id = Id::of(object);
        if id.kind != "PersistentVolume" || !text(object, "/spec/claimRef/uid").is_empty() {
            continue;
        }
        let claim = (
            text(object, "/spec/claimRef/namespace").to_owned(),
            text(object, "/spec/claimRef/name").to_owned(),
        );
        if pairs.volume_of(&claim) == Some(id.name.as_str())
            && let (Some(uid), Some(Value::Object(named))) =
                (uids.get(&claim), object.pointer_mut("/spec/claimRef"))
        {
            named.insert("uid".into(), json!(uid));
        }
    }
    objects
}

fn text<'v>(object: &'v Value, path: &str) -> &'v str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn child<'m>(map: &'m mut Open, key: &str) -> Option<&'m mut Open> {
    let value = map.entry(key).or_insert_with(|| json!({}));
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

fn default(map: &mut Open, key: &str, value: impl FnOnce() -> Value) {
    if map.get(key).is_none_or(Value::is_null) {
        map.insert(key.into(), value());
    }
}

/// Phases of namespaces, claims and volumes.
fn phase(map: &mut Open, id: &Id) {
    let has = |path: &str| {
        let spec = map.get("spec").and_then(|spec| spec.get(path));
        spec.is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
    };
    let phase = match id.kind.as_str() {
        "Namespace" => "Active",
        "PersistentVolumeClaim" if has("volumeName") => "Bound",
        "PersistentVolumeClaim" => "Pending",
        "PersistentVolume" if has("claimRef") => "Bound",
        "PersistentVolume" => "Available",
        _ => return,
    };
    if let Some(status) = child(map, "status") {
        default(status, "phase", || json!(phase));
    }
}

/// Which claim names which volume, and the uids that volumes name.
struct Pairs {
    volumes: BTreeMap<(String, String), String>,
    uids: BTreeMap<(String, String), (String, String)>,
}

impl Pairs {
    fn of(objects: &[Value]) -> Self {
        let mut pairs = Self { volumes: BTreeMap::new(), uids: BTreeMap::new() };
        for object in objects {
            let id = Id::of(object);
            match id.kind.as_str() {
                "PersistentVolumeClaim" => {
                    let volume = text(object, "/spec/volumeName");
                    if !volume.is_empty() {
                        pairs.volumes.insert((id.namespace, id.name), volume.to_owned());
                    }
                }
                "PersistentVolume" => {
                    let claim = text(object, "/spec/claimRef/namespace").to_owned();
                    let claim = (claim, text(object, "/spec/claimRef/name").to_owned());
                    let uid = text(object, "/spec/claimRef/uid");
                    if !uid.is_empty() {
                        pairs.uids.insert(claim, (id.name, uid.to_owned()));
                    }
                }
                _ => {}
            }
        }
        pairs
    }

    /// The uid that the volume of this claim names it by.
    fn uid_of_claim(&self, id: &Id) -> Option<&str> {
        let claim = (id.namespace.clone(), id.name.clone());
        let (volume, uid) = self.uids.get(&claim).filter(|_| id.kind == "PersistentVolumeClaim")?;
        (self.volumes.get(&claim) == Some(volume)).then_some(uid)
    }

    fn volume_of(&self, claim: &(String, String)) -> Option<&str> {
        self.volumes.get(claim).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(objects: &[Value]) -> Vec<Value> {
        super::objects("host", objects.iter().cloned().map(Arc::new).collect(), 1_795_327_200)
    }

    fn claim(spec: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "a", "name": "c"}, "spec": spec})
    }

    fn volume(claim: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {"claimRef": claim}})
    }

    #[test]
    fn what_is_missing_is_made_up_alike_every_time() {
        let alone = filled(&[claim(json!({}))]);
        assert_eq!(alone, filled(&[claim(json!({}))]));
        assert_eq!(text(&alone[0], "/status/phase"), "Pending");
        assert_eq!(text(&alone[0], "/metadata/creationTimestamp"), "2025-11-22T06:00:00Z");
        assert_eq!(text(&alone[0], "/metadata/uid").len(), 36);
        let kept = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "uid": "u", "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Terminating"}});
        assert_eq!(filled(std::slice::from_ref(&kept)), [kept]);
    }

    #[test]
    fn a_bound_pair_agrees_on_the_uid() {
        let pair =
            filled(&[claim(json!({"volumeName": "v"})), volume(json!({"namespace": "a", "name": "c"}))]);
        assert_eq!(text(&pair[0], "/metadata/uid"), text(&pair[1], "/spec/claimRef/uid"));
        assert_eq!((text(&pair[0], "/status/phase"), text(&pair[1], "/status/phase")), ("Bound", "Bound"));
        let pair = filled(&[
            claim(json!({"volumeName": "v"})),
            volume(json!({"namespace": "a", "name": "c", "uid": "x"})),
        ]);
        assert_eq!(text(&pair[0], "/metadata/uid"), "x");
        let reserved = filled(&[claim(json!({})), volume(json!({"namespace": "a", "name": "c"}))]);
        assert_eq!(text(&reserved[1], "/spec/claimRef/uid"), "");
        assert_eq!(text(&filled(&[volume(Value::Null)])[0], "/status/phase"), "Available");
    }
}
