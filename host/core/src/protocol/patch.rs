//! JSON patches and manifests. Each patch tests uid and resourceVersion first, so that it is a compare-and-swap.

use super::live::Live;
use crate::kinds::map;
use serde_json::{Map, Value, json};
use std::io::{Read as _, Write as _};

pub(crate) const STATE: &str = "probate.dev/state";
pub(crate) const MARKED: &str = "Marked";
pub(crate) const QUARANTINED: &str = "Quarantined";
pub(crate) const DECISION: &str = "probate.dev/decision";
pub(crate) const NOT_BEFORE: &str = "probate.dev/not-before";
pub(crate) const CLAIM: &str = "probate.dev/claim";
pub(crate) const MANIFEST: &str = "probate.dev/manifest";
pub(crate) const ORIGINAL: &str = "probate.dev/original-reclaim-policy";
/// Annotations by which probate shows a state.
pub(crate) const SHOWN: [&str; 5] = [DECISION, NOT_BEFORE, CLAIM, MANIFEST, ORIGINAL];

/// True for labels and annotations that probate writes; never evidence.
pub(crate) fn own(key: &str) -> bool {
    key == STATE || key.starts_with(crate::annotate::NOTE) || SHOWN.contains(&key)
}

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The operations of one patch on one object.
pub(crate) struct Patch<'a> {
    live: Live<'a>,
    labels: bool,
    annotations: bool,
    operations: Vec<Value>,
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl<'a> Patch<'a> {
    pub(crate) fn on(live: Live<'a>) -> Self {
        let is_map = |pointer| live.0.pointer(pointer).is_some_and(Value::is_object);
        let operations = vec![
            json!({"op": "test", "path": "/metadata/uid", "value": live.uid()}),
            json!({"op": "test", "path": "/metadata/resourceVersion", "value": live.resource_version()}),
        ];
        let (labels, annotations) = (is_map("/metadata/labels"), is_map("/metadata/annotations"));
        Self { live, labels, annotations, operations }
    }

    fn set(mut self, labels: bool, key: &str, value: &str) -> Self {
        let (map, there) = if labels {
            ("labels", std::mem::replace(&mut self.labels, true))
        } else {
            ("annotations", std::mem::replace(&mut self.annotations, true))
        };
        if !there {
            self.operations.push(json!({"op": "add", "path": format!("/metadata/{map}"), "value": {}}));
        }
        let path = format!("/metadata/{map}/{}", escaped(key));
        self.operations.push(json!({"op": "add", "path": path, "value": value}));
        self
    }

    pub(crate) fn label(self, key: &str, value: &str) -> Self {
        self.set(true, key, value)
    }

    pub(crate) fn annotation(self, key: &str, value: &str) -> Self {
        self.set(false, key, value)
    }

    fn remove(&mut self, path: String) {
        self.operations.push(json!({"op": "remove", "path": path}));
    }

    /// Without the label that shows the state.
    pub(crate) fn without_state(mut self) -> Self {
        if self.live.label(STATE).is_some() {
            self.remove(format!("/metadata/labels/{}", escaped(STATE)));
        }
        self
    }

    /// Without anything by which probate shows a state.
    pub(crate) fn without_marks(self) -> Self {
        let mut patch = self.without_state();
        for key in SHOWN {
            if patch.live.annotation(key).is_some() {
                patch.remove(format!("/metadata/annotations/{}", escaped(key)));
            }
        }
        patch
    }

    pub(crate) fn policy(mut self, word: &str) -> Self {
        let path = "/spec/persistentVolumeReclaimPolicy";
        self.operations.push(json!({"op": "add", "path": path, "value": word}));
        self
    }

    /// The claim that the volume names, with or without its uid.
    pub(crate) fn claim_ref(mut self, namespace: &str, name: &str, uid: Option<&str>) -> Self {
        let mut value = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": name});
        if let (Some(uid), Some(value)) = (uid, value.as_object_mut()) {
            value.insert("uid".into(), json!(uid));
        }
        self.operations.push(json!({"op": "add", "path": "/spec/claimRef", "value": value}));
        self
    }

    pub(crate) fn operations(self) -> Vec<Value> {
        self.operations
    }
}

/// True where the object shows any state.
pub(crate) fn shows(live: Live<'_>) -> bool {
    live.label(STATE).is_some() || SHOWN.iter().any(|key| live.annotation(key).is_some())
}

/// True where labels or annotations of an object show any state.
pub(crate) fn state(labels: &map::Map, annotations: &map::Map) -> bool {
    labels.contains_key(STATE) || SHOWN.iter().any(|key| annotations.contains_key(key))
}

/// The object as it is kept for a restore: without managedFields and what was last applied.
pub(crate) fn manifest(live: Live<'_>) -> String {
    let mut object = live.0.clone();
    if let Some(metadata) = object.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
    }
    object.to_string()
}

/// gzip in base64, as it stands in an annotation: `base64 -d | gunzip` reads it.
pub(crate) fn packed(text: &str) -> String {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    data_encoding::BASE64.encode(&written.unwrap_or_default())
}

/// Largest manifest that is read back; an object of the API server is no larger.
const MAX_MANIFEST: u64 = 2 << 20;

/// Reads what `packed` wrote.
pub(crate) fn unpacked(text: &str) -> Option<Map<String, Value>> {
    let bytes = data_encoding::BASE64.decode(text.trim().as_bytes()).ok()?;
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).take(MAX_MANIFEST).read_to_end(&mut json).ok()?;
    serde_json::from_slice(&json).ok()
}
