//! Annotations by server-side apply: what policies ask for and no more, written only where it differs. A key that somebody else
//! owns stays theirs.

use super::send::{Reply, get, path, send};
use crate::connect::Access;
use http::Method;
use probate_contract::plan::{Entry, Vote};
use probate_core::protocol::{Outcome, Seen, Target};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Who owns the annotations that policies ask for.
pub const NOTES_MANAGER: &str = "probate-notes";

/// What is to stand on a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Keys and values.
    pub annotations: BTreeMap<String, String>,
    /// True where every annotating policy answered, so that what is not wanted goes.
    pub settled: bool,
}

/// What the policies that may write ask of a subject. `acting` tells whether a policy is beyond Audit.
pub fn wanted(entry: &Entry, acting: impl Fn(&str) -> bool) -> Wanted {
    let out: BTreeSet<&String> =
        entry.annotations.conflicts.iter().chain(&entry.annotations.refused).collect();
    let mut annotations = BTreeMap::new();
    for verdict in entry.verdicts.iter().filter(|verdict| acting(&verdict.policy)) {
        let allowed = verdict.annotations.iter().filter(|(key, _)| !out.contains(key));
        annotations.extend(allowed.map(|(key, value)| (key.clone(), value.clone())));
    }
    let settled = !entry.verdicts.iter().any(|verdict| verdict.action == Vote::Failed);
    Wanted { annotations, settled }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// What is wanted stands there already.
    Stands,
    /// The object could not be read, or another one has the name by now.
    Unread,
    /// It was written, or refused.
    Sent(Outcome, String),
}

/// Writes what differs.
pub async fn annotate(access: &Access, target: &Target, uid: &str, wanted: &Wanted) -> Noted {
    let Seen::Present(object) = get(&access.read, &path(target)).await else { return Noted::Unread };
    if object.pointer("/metadata/uid").and_then(Value::as_str) != Some(uid) {
        return Noted::Unread;
    }
    let owned = keys(&object, ours);
    let theirs = keys(&object, |entry| !ours(entry));
    let current = |key: &str| object.pointer("/metadata/annotations").and_then(|all| all.get(key)?.as_str());
    let mut desired = wanted.annotations.clone();
    // One key of another's would have all of them refused.
    desired.retain(|key, _| !theirs.contains(key));
    if !wanted.settled {
        for key in &owned {
            if let Some(value) = current(key) {
                desired.entry(key.clone()).or_insert_with(|| value.to_owned());
            }
        }
    }
    let same = desired.keys().cloned().collect::<BTreeSet<_>>() == owned
        && desired.iter().all(|(key, value)| current(key) == Some(value.as_str()));
    // What stands there already, whoever wrote it, is not written again.
    let stands = owned.iter().all(|key| desired.contains_key(key))
        && desired.iter().all(|(key, value)| current(key) == Some(value.as_str()));
    if same || stands {
        return Noted::Stands;
    }
    let reply = apply(access, target, uid, &desired).await;
    Noted::Sent(reply.outcome(), reply.message)
}

async fn apply(access: &Access, target: &Target, uid: &str, annotations: &BTreeMap<String, String>) -> Reply {
    let (kind, namespace, name) = match target {
        Target::Claim { namespace, name } => ("PersistentVolumeClaim", Some(namespace), name),
        Target::Volume { name } => ("PersistentVolume", None, name),
    };
    let mut metadata = json!({"name": name, "uid": uid, "annotations": annotations});
    if let (Some(namespace), Some(metadata)) = (namespace, metadata.as_object_mut()) {
        metadata.insert("namespace".into(), json!(namespace));
    }
    let body = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
    let url = format!("{}?fieldManager={NOTES_MANAGER}&force=false", path(target));
    send(&access.write, Method::PATCH, &url, "application/apply-patch+yaml", &body).await
}

fn ours(entry: &Value) -> bool {
    entry.get("manager").and_then(Value::as_str) == Some(NOTES_MANAGER)
        && entry.get("operation").and_then(Value::as_str) == Some("Apply")
}

/// Annotations of the object that those managers own.
fn keys(object: &Value, whose: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let fields = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let entries = fields.into_iter().flatten().filter(|entry| whose(entry));
    entries
        .filter_map(|entry| entry.pointer("/fieldsV1/f:metadata/f:annotations")?.as_object())
        .flat_map(|keys| keys.keys())
        .filter_map(|key| key.strip_prefix("f:").map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{keys, ours};
    use serde_json::json;

    #[test]
    fn only_what_we_applied_is_ours() {
        let object = json!({"metadata": {"managedFields": [
            {"manager": "kubectl", "operation": "Update",
             "fieldsV1": {"f:metadata": {"f:annotations": {".": {}, "f:a": {}}}}},
            {"manager": "probate-notes", "operation": "Apply",
             "fieldsV1": {"f:metadata": {"f:annotations": {"f:probate.dev/note.b": {}}}}},
        ]}});
        assert_eq!(keys(&object, ours), ["probate.dev/note.b".to_owned()].into());
        assert_eq!(keys(&object, |entry| !ours(entry)), ["a".to_owned()].into());
    }
}
