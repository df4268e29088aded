//! The policies of the cluster: resources, with their programs inline, from a ConfigMap or a mounted file.

use crate::connect::Access;
use crate::error::{ClusterError, code};
use crate::own::{NAMESPACE, Own};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject, ListParams};
use probate_contract::Diagnostic;
use probate_contract::manifest::{ConfigMapRef, Policy as Manifest};
use probate_core::policy::PolicySet;
use probate_core::port::Sandbox;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// How long the bytes of a program are believed that stands elsewhere.
const READ_SECONDS: u64 = 5;

/// Names and bytes of a program's files.
pub type Files = Vec<(String, Arc<[u8]>)>;

/// A policy with the files of its program, or why there are none.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySource {
    /// The manifest.
    pub manifest: Manifest,
    /// `metadata.generation`.
    pub generation: i64,
    /// Names and bytes of its files.
    pub files: Result<Files, String>,
}

impl PolicySource {
    /// True where its program may change while the policy does not.
    fn elsewhere(&self) -> bool {
        let program = &self.manifest.spec.program;
        program.rego.as_ref().is_none_or(|rego| rego.inline.is_none())
    }
}

/// What the policies were loaded from, and when that was read.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// Uids and generations by name.
    present: BTreeMap<String, (String, i64)>,
    sources: Vec<PolicySource>,
    /// 0 before the first time.
    at: i64,
}

impl Loaded {
    /// What must be loaded anew: a policy changed, or the bytes of a program did, which are read again now and then.
    ///
    /// # Errors
    /// The API server does not say.
    pub(super) async fn changed(
        &mut self,
        access: &Access,
        objects: &[Arc<DynamicObject>],
        mounted: Option<&Path>,
        at: i64,
    ) -> Result<Option<Vec<PolicySource>>, ClusterError> {
        let named = |object: &Arc<DynamicObject>| {
            let meta = &object.metadata;
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let name = format!("{}/{}", text(&meta.namespace), text(&meta.name));
            (name, (text(&meta.uid), meta.generation.unwrap_or(0)))
        };
        let present: BTreeMap<_, _> = objects.iter().map(named).collect();
        let same = self.at > 0 && present == self.present;
        let elsewhere = self.sources.iter().any(PolicySource::elsewhere);
        if same && (!elsewhere || at.abs_diff(self.at) < READ_SECONDS) {
            return Ok(None);
        }
        let sources = read(access, objects, mounted).await?;
        self.at = at;
        if same && sources == self.sources {
            return Ok(None);
        }
        self.present = present;
        self.sources.clone_from(&sources);
        Ok(Some(sources))
    }
}

/// Policies that are loaded and can be asked.
pub trait Bench: Send + Sync {
    /// The policies, sorted by id.
    fn set(&self) -> &PolicySet;
    /// Their programs, with every clock at `now` (seconds since 1970).
    fn sandbox(&self, now: i64) -> Box<dyn Sandbox + '_>;
    /// What is to be said of each policy, by id.
    fn said(&self) -> Vec<(String, Vec<Diagnostic>)>;
}

/// Loads programs; the sandbox stands behind it.
pub trait Loader: Send + Sync {
    /// Loads these policies. What does not load is a retain vote and says why.
    fn load(&self, sources: Vec<PolicySource>) -> Arc<dyn Bench>;
}

/// The policies that these resources hold, with their programs. `mounted` is the folder that `files` are relative to.
///
/// # Errors
/// One cannot be read: then those that were loaded stay.
pub async fn read(
    access: &Access,
    objects: &[Arc<DynamicObject>],
    mounted: Option<&Path>,
) -> Result<Vec<PolicySource>, ClusterError> {
    let mut sources = Vec::new();
    for object in objects {
        let own = if object.metadata.namespace.is_some() { Own::Policy } else { Own::ClusterPolicy };
        sources.push(source(access, own, object, mounted).await?);
    }
    Ok(sources)
}

/// The policies of the cluster as they are now.
///
/// # Errors
/// The API server does not give them.
pub async fn list(access: &Access) -> Result<Vec<PolicySource>, ClusterError> {
    let mut objects = Vec::new();
    for own in [Own::ClusterPolicy, Own::Policy] {
        let list = own.api(&access.read).list(&ListParams::default()).await?;
        objects.extend(list.items.into_iter().map(Arc::new));
    }
    read(access, &objects, None).await
}

/// How many volumes all policies have freed so far, and how large, as their statuses say.
///
/// # Errors
/// The API server does not give them.
pub async fn freed(access: &Access) -> Result<(u64, i64), ClusterError> {
    let mut freed = (0u64, 0i64);
    for own in [Own::ClusterPolicy, Own::Policy] {
        for object in own.api(&access.read).list(&ListParams::default()).await?.items {
            let total = |pointer: &str| object.data.pointer(pointer).and_then(serde_json::Value::as_i64);
            let count = u64::try_from(total("/status/totals/purged").unwrap_or(0)).unwrap_or(0);
            let bytes = total("/status/totals/reclaimedBytes").unwrap_or(0);
            freed = (freed.0.saturating_add(count), freed.1.saturating_add(bytes));
        }
    }
    Ok(freed)
}

async fn source(
    access: &Access,
    own: Own,
    object: &DynamicObject,
    mounted: Option<&Path>,
) -> Result<PolicySource, ClusterError> {
    let name = object.metadata.name.clone().unwrap_or_default();
    let mut document = json!({
        "apiVersion": probate_contract::API_VERSION,
        "kind": own.kind(),
        "metadata": {"name": name, "namespace": object.metadata.namespace},
        "spec": object.data.get("spec"),
    });
    if object.metadata.namespace.is_none()
        && let Some(metadata) =
            document.pointer_mut("/metadata").and_then(|metadata| metadata.as_object_mut())
    {
        metadata.remove("namespace");
    }
    let manifest: Manifest = serde_json::from_value(document).map_err(|error| ClusterError::Answer {
        what: format!("{} {name}", own.kind()),
        why: error.to_string(),
    })?;
    let files = match files(access, &manifest, mounted).await {
        Ok(files) => Ok(files),
        Err(Unread::For(why)) => Err(why),
        Err(Unread::Now(error)) => return Err(error),
    };
    Ok(PolicySource { manifest, generation: object.metadata.generation.unwrap_or(0), files })
}

/// Why a program has no files.
enum Unread {
    /// As things are: the policy does not load.
    For(String),
    /// In this moment: nothing is known about it.
    Now(ClusterError),
}

impl From<String> for Unread {
    fn from(why: String) -> Self {
        Self::For(why)
    }
}

async fn files(access: &Access, manifest: &Manifest, mounted: Option<&Path>) -> Result<Files, Unread> {
    let program = &manifest.spec.program;
    if let Some(rego) = &program.rego {
        if let Some(text) = &rego.inline {
            return Ok(vec![("inline.rego".into(), text.as_bytes().into())]);
        }
        if let Some(reference) = &rego.config_map_ref {
            return config_map(access, manifest, reference, ".rego").await;
        }
        if rego.oci.is_some() {
            return Err(Unread::For("oci programs are not fetched yet: use configMapRef or files".into()));
        }
        return Ok(rego.files.iter().map(|name| mounted_file(mounted, name)).collect::<Result<_, _>>()?);
    }
    let Some(wasm) = &program.wasm else {
        return Err(Unread::For("the manifest names no program".into()));
    };
    if let Some(reference) = &wasm.config_map_ref {
        return config_map(access, manifest, reference, ".wasm").await;
    }
    match &wasm.file {
        Some(name) => Ok(vec![mounted_file(mounted, name)?]),
        None => Err(Unread::For("oci programs are not fetched yet: use configMapRef or file".into())),
    }
}

async fn config_map(
    access: &Access,
    manifest: &Manifest,
    reference: &ConfigMapRef,
    ending: &str,
) -> Result<Files, Unread> {
    let namespace = manifest.metadata.namespace.as_deref().unwrap_or(NAMESPACE);
    let api: Api<ConfigMap> = Api::namespaced(access.read.clone(), namespace);
    let name = &reference.name;
    let map = api.get(name).await.map_err(|error| match code(&error) {
        // It is not there, or not for us: that is an answer.
        Some(403 | 404 | 410) => Unread::For(format!("ConfigMap {namespace}/{name}: {error}")),
        _ => Unread::Now(error.into()),
    })?;
    let text = map.data.into_iter().flatten().map(|(key, text)| (key, Arc::from(text.as_bytes())));
    let binary =
        map.binary_data.into_iter().flatten().map(|(key, bytes)| (key, Arc::from(bytes.0.as_slice())));
    let chosen: Files = text
        .chain(binary)
        .filter(|(key, _)| match &reference.key {
            Some(chosen) => key == chosen,
            None => key.ends_with(ending),
        })
        .collect();
    if chosen.is_empty() {
        let why = format!("ConfigMap {namespace}/{name} has no {ending} under the keys asked for");
        return Err(Unread::For(why));
    }
    Ok(chosen)
}

fn mounted_file(mounted: Option<&Path>, name: &str) -> Result<(String, Arc<[u8]>), String> {
    let folder = mounted.ok_or("the controller has no folder of policies (--policies)")?;
    let path = PathBuf::from(name);
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(format!("`{name}` leaves the folder of policies"));
    }
    let bytes = std::fs::read(folder.join(&path)).map_err(|error| format!("{name}: {error}"))?;
    Ok((name.to_owned(), bytes.into()))
}
