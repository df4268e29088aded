//! A dump of what the controller sees: one list a kind, which kinds there are, and what is whole. Secrets, ConfigMaps and Events are
//! never read.

use super::discover::{Discovered, Served, discover};
use super::watch::{cluster_uid, now};
use crate::connect::Access;
use crate::error::{ClusterError, reason};
use crate::own::Own;
use kube::api::{Api, DynamicObject, ListParams};
use probate_contract::common::Cluster;
use probate_contract::dump::{Dump, Incomplete, Reason, Scope};
use probate_core::time;
use serde_json::{Value, json};

const PAGE: u32 = 500;

/// A file of the dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Lists everything that is evidence, and our records.
///
/// # Errors
/// The API server does not say which kinds it has.
pub async fn collect(access: &Access, name: &str) -> Result<Vec<File>, ClusterError> {
    let taken = now();
    let found = discover(&access.read).await?;
    let cluster = Cluster { name: Some(name.to_owned()), uid: Some(cluster_uid(access).await?) };
    let mut files = Vec::new();
    let (mut whole, mut broken) = (Vec::new(), Vec::new());
    for (kind, served) in &found.evidence {
        match list(access, served).await {
            Ok(items) => {
                whole.push(kind.to_string());
                files.push(file(&format!("{kind}.json"), &served.resource.api_version, items));
            }
            Err(error) => broken.push(Incomplete {
                kinds: vec![kind.to_string()],
                namespaces: vec!["*".into()],
                reason: reason(&error),
            }),
        }
    }
    let records = Own::Record.api(&access.read).list(&ListParams::default()).await;
    if let Ok(records) = records {
        let items = records.items.into_iter().map(trimmed).collect();
        files.push(file("VolumeRecord.probate.dev.json", probate_contract::API_VERSION, items));
    }
    broken.extend(found.stale.iter().map(|group| Incomplete {
        kinds: vec![format!("*.{group}")],
        namespaces: vec!["*".into()],
        reason: Reason::Unreachable,
    }));
    if found.whole() {
        files.push(resources(&found));
    }
    let everywhere = vec!["*".to_owned()];
    let dump = Dump {
        api_version: Some(probate_contract::API_VERSION.into()),
        kind: "Dump".into(),
        cluster,
        taken_at: Some(time::format(taken)),
        complete: vec![Scope { kinds: whole, namespaces: everywhere }],
        incomplete: broken,
        absent_kinds: Vec::new(),
    };
    // JSON is YAML.
    files.push(File {
        name: "probate.yaml".into(),
        bytes: serde_json::to_vec_pretty(&dump).unwrap_or_default(),
    });
    Ok(files)
}

async fn list(access: &Access, served: &Served) -> Result<Vec<Value>, kube::Error> {
    let api: Api<DynamicObject> = Api::all_with(access.read.clone(), &served.resource);
    let mut params = ListParams::default().limit(PAGE);
    let mut items = Vec::new();
    loop {
        let page = api.list(&params).await?;
        for mut object in page.items {
            // Items of a list name neither.
            object.types = Some(kube::core::TypeMeta {
                api_version: served.resource.api_version.clone(),
                kind: served.resource.kind.clone(),
            });
            items.push(trimmed(object));
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(items),
        }
    }
}

fn trimmed(mut object: DynamicObject) -> Value {
    object.metadata.managed_fields = None;
    if let Some(annotations) = &mut object.metadata.annotations {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    serde_json::to_value(&object).unwrap_or_default()
}

fn file(name: &str, api_version: &str, items: Vec<Value>) -> File {
    let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"of": api_version}, "items": items});
    File { name: name.to_owned(), bytes: serde_json::to_vec(&list).unwrap_or_default() }
}

/// As `kubectl api-resources --no-headers` prints them.
fn resources(found: &Discovered) -> File {
    let line = |kind: &probate_core::intake::GroupKind| {
        let served = found.evidence.get(kind);
        let version = if kind.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", kind.group) };
        let plural = served.map_or_else(|| kind.kind.to_lowercase(), |served| served.resource.plural.clone());
        let namespaced = served.is_none_or(|served| served.namespaced);
        format!("{plural} {version} {namespaced} {}\n", kind.kind)
    };
    let text: String = found.kinds.iter().map(line).collect();
    File { name: "api-resources.txt".into(), bytes: text.into_bytes() }
}
