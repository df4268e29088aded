//! An object of a list or watch as the API server wrote it: who it is, and its text, which the core reads.

use super::store::Name;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::{ApiResource, DynamicResourceScope};
use probate_contract::Diagnostic;
use probate_core::intake::GroupKind;
use probate_core::stock::Item;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// One object.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    /// Namespace, name and resourceVersion, no more.
    metadata: ObjectMeta,
    text: Box<RawValue>,
}

impl<'de> Deserialize<'de> for Raw {
    // An API server writes an event's type before its object, so that the text is never taken apart before it comes here.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Object {
            metadata: Place,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Place {
            namespace: Option<String>,
            name: Option<String>,
            resource_version: Option<String>,
        }
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let Object { metadata: Place { namespace, name, resource_version } } =
            serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        Ok(Self { metadata: ObjectMeta { namespace, name, resource_version, ..ObjectMeta::default() }, text })
    }
}

impl Resource for Raw {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(of: &ApiResource) -> Cow<'_, str> {
        of.kind.as_str().into()
    }

    fn group(of: &ApiResource) -> Cow<'_, str> {
        of.group.as_str().into()
    }

    fn version(of: &ApiResource) -> Cow<'_, str> {
        of.version.as_str().into()
    }

    fn api_version(of: &ApiResource) -> Cow<'_, str> {
        of.api_version.as_str().into()
    }

    fn plural(of: &ApiResource) -> Cow<'_, str> {
        of.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl Raw {
    /// Namespace and name.
    pub(crate) fn name(&self) -> Name {
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().into();
        (text(&self.metadata.namespace), text(&self.metadata.name))
    }

    /// The object without what nobody decides on: who wrote which field, which the core passes over, and the last applied text.
    pub(crate) fn item(&self, kind: &Arc<GroupKind>) -> Result<Item, Box<Diagnostic>> {
        let text = self.text.get();
        let read = |text: &str| Item::read(kind, text.as_bytes()).map_err(Box::new);
        // The name of the annotation is nowhere else in all but a few objects.
        if !text.contains(LAST_APPLIED) {
            return read(text);
        }
        let mut object: Value = serde_json::from_str(text).unwrap_or_default();
        if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
        {
            annotations.remove(LAST_APPLIED);
        }
        read(&object.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST_APPLIED, Raw};
    use kube::core::WatchEvent;
    use probate_core::intake::GroupKind;
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn an_event_keeps_the_text_and_what_was_applied_is_not_read() {
        let claim = |annotations| {
            json!({"metadata": {"namespace": "a", "name": "b", "uid": "u", "resourceVersion": "7", "annotations": annotations,
                "managedFields": [{"manager": "x"}]}, "spec": {}})
        };
        let read = |object: &serde_json::Value| {
            let event = format!("{{\"type\":\"ADDED\",\"object\":{object}}}");
            let Ok(WatchEvent::Added(raw)) = serde_json::from_str::<WatchEvent<Raw>>(&event) else {
                panic!("{event}")
            };
            assert_eq!(raw.name(), ("a".into(), "b".into()));
            assert_eq!(raw.metadata.resource_version.as_deref(), Some("7"));
            raw.item(&Arc::new(GroupKind::parse("PersistentVolumeClaim"))).unwrap()
        };
        let plain = read(&claim(json!({"k": "v"})));
        let applied = read(&claim(json!({"k": "v", LAST_APPLIED: "{}"})));
        assert_eq!(format!("{plain:?}"), format!("{applied:?}"));
    }
}
