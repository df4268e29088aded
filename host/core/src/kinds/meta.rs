//! Metadata as all projections read it.

use super::Unreadable;
use super::map::Map;
use crate::intake::GroupKind;
use crate::time;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// An ownerReference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnerRef {
    #[serde(default)]
    pub(crate) api_version: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) name: Box<str>,
    #[serde(default)]
    pub(crate) uid: Box<str>,
    #[serde(default)]
    pub(crate) controller: Option<bool>,
}

/// Who an object is and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) namespace: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) uid: Box<str>,
    pub(crate) resource_version: Box<str>,
    pub(crate) created: Option<i64>,
    pub(crate) deleting: Option<i64>,
    pub(crate) owners: Box<[OwnerRef]>,
}

/// `metadata`; labels and annotations are read only where they are asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta<'a> {
    name: Box<str>,
    #[serde(default)]
    namespace: Option<Box<str>>,
    #[serde(default)]
    uid: Option<Box<str>>,
    #[serde(default)]
    resource_version: Option<Box<str>>,
    #[serde(default, borrow)]
    creation_timestamp: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    deletion_timestamp: Option<Cow<'a, str>>,
    #[serde(default)]
    owner_references: Option<Vec<OwnerRef>>,
    #[serde(default, borrow)]
    labels: Option<&'a RawValue>,
    #[serde(default, borrow)]
    annotations: Option<&'a RawValue>,
    #[serde(default, borrow)]
    finalizers: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "present")]
    managed_fields: bool,
}

/// An object of which metadata alone matters.
#[derive(Deserialize)]
pub(crate) struct Bare<'a> {
    #[serde(borrow)]
    pub(crate) metadata: Meta<'a>,
}

impl Meta<'_> {
    pub(crate) fn labels(&self, kind: &GroupKind) -> Result<Map, Unreadable> {
        read(self.labels, kind)
    }

    pub(crate) fn annotations(&self, kind: &GroupKind) -> Result<Map, Unreadable> {
        read(self.annotations, kind)
    }

    pub(crate) fn finalizers(&self, kind: &GroupKind) -> Result<Box<[Box<str>]>, Unreadable> {
        read(self.finalizers, kind)
    }

    /// It says who wrote which field.
    pub(crate) fn managed(&self) -> bool {
        self.managed_fields
    }

    /// It is deleted in a way that leaves alone what it owns (k8s.io/apimachinery, `FinalizerOrphanDependents`).
    pub(crate) fn orphans(&self) -> bool {
        let read = |text: &RawValue| serde_json::from_str::<Option<Vec<String>>>(text.get()).ok()?;
        let finalizers = self.deletion_timestamp.as_ref().and_then(|_| read(self.finalizers?));
        finalizers.is_some_and(|all| all.iter().any(|finalizer| finalizer == "orphan"))
    }

    /// Checks what no object of an API server lacks.
    pub(crate) fn head(self, kind: &GroupKind) -> Result<Head, Unreadable> {
        let uid = self.uid.filter(|uid| !uid.is_empty()).ok_or_else(|| Unreadable {
            code: "PB1010",
            message: format!("{kind} `{}` has no uid", self.name),
            fix: "dump objects from the cluster (kubectl get -o yaml); manifests that were never applied have no uid",
        })?;
        if self.name.is_empty() {
            return Err(Unreadable {
                code: "PB1012",
                message: format!("{kind} has an empty name"),
                fix: "dump the object again",
            });
        }
        let instant = |text: Option<Cow<'_, str>>, field: &str| match text {
            None => Ok(None),
            Some(text) => time::parse(&text).map(Some).ok_or_else(|| Unreadable {
                code: "PB1013",
                message: format!(
                    "{kind} `{}`: {field} `{}` is no RFC 3339 time",
                    self.name,
                    printable(&text)
                ),
                fix: "write times as 2026-11-22T06:00:00Z",
            }),
        };
        Ok(Head {
            created: instant(self.creation_timestamp, "creationTimestamp")?,
            deleting: instant(self.deletion_timestamp, "deletionTimestamp")?,
            namespace: self.namespace.unwrap_or_default(),
            name: self.name,
            uid,
            resource_version: self.resource_version.unwrap_or_default(),
            owners: self.owner_references.unwrap_or_default().into_boxed_slice(),
        })
    }
}

/// A part; what is not there or null is empty.
fn read<T: DeserializeOwned + Default>(text: Option<&RawValue>, kind: &GroupKind) -> Result<T, Unreadable> {
    let part: Option<Option<T>> = text
        .map(|text| serde_json::from_str(text.get()))
        .transpose()
        .map_err(|error| Unreadable::shape(kind, &error))?;
    Ok(part.flatten().unwrap_or_default())
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Text of a dump as a message may show it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// apiVersion and kind of an object.
pub(crate) fn type_of(json: &[u8]) -> Result<(String, String), Unreadable> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct TypeMeta<'a> {
        #[serde(default, borrow)]
        api_version: Option<Cow<'a, str>>,
        #[serde(default, borrow)]
        kind: Option<Cow<'a, str>>,
    }
    let unreadable = |message: String| Unreadable {
        code: "PB1012",
        message,
        fix: "give Kubernetes objects, as kubectl get -o yaml prints them",
    };
    let meta: TypeMeta<'_> = serde_json::from_slice(json).map_err(|error| unreadable(error.to_string()))?;
    match (meta.api_version, meta.kind) {
        (Some(version), Some(kind)) if !version.is_empty() && !kind.is_empty() => {
            Ok((version.into_owned(), kind.into_owned()))
        }
        _ => Err(unreadable("the document has no apiVersion and kind".into())),
    }
}

/// `null` as the default, as the API server reads it.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
