//! One watch a kind. A watch that errs is started from its list again: what happened meanwhile is then known to be missing, and
//! nothing that was kept of it counts until the new list is whole.

use super::discover::{Served, discover};
use super::raw::Raw;
use super::store::{Change, Name, Store};
use crate::connect::Access;
use crate::error::reason;
use futures::StreamExt;
use kube::api::{Api, ListParams, PartialObjectMeta};
use kube::runtime::watcher::{self, Event};
use probate_contract::Diagnostic;
use probate_contract::dump::Reason;
use probate_core::intake::GroupKind;
use probate_core::stock::Item;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often the API server is asked which kinds it has, beside every change of a definition.
const DISCOVERY_SECONDS: u64 = 30;
/// How often a kind is listed that cannot be watched.
const POLL_SECONDS: u64 = 60;
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Now, in seconds since 1970.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Watches a cluster until it is dropped.
#[derive(Debug)]
pub struct Watching {
    task: JoinHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts to watch every kind that is evidence, those too that come later.
pub fn start(access: Access, store: Arc<Store>) -> Watching {
    Watching { task: tokio::spawn(supervise(access, store)) }
}

/// Ends its task with itself.
struct Task {
    served: Served,
    handle: JoinHandle<()>,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

async fn supervise(access: Access, store: Arc<Store>) {
    let mut tasks: HashMap<GroupKind, Task> = HashMap::new();
    loop {
        match discover(&access.read).await {
            Ok(found) => {
                let whole = found.whole();
                let evidence = found.evidence.clone();
                store.discovered(found);
                if whole {
                    tasks.retain(|kind, task| evidence.get(kind) == Some(&task.served));
                }
                for (kind, served) in evidence {
                    tasks.entry(kind.clone()).or_insert_with(|| {
                        let run = follow(access.clone(), store.clone(), kind, served.clone());
                        Task { served, handle: tokio::spawn(run) }
                    });
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the API server does not say which kinds it has");
                store.undiscovered();
            }
        }
        if let Ok(uid) = cluster_uid(&access).await {
            store.uid(uid);
        }
        tokio::time::sleep(Duration::from_secs(DISCOVERY_SECONDS)).await;
    }
}

/// The uid of Namespace `kube-system`, which stands for the cluster.
///
/// # Errors
/// The API server does not give it.
pub async fn cluster_uid(access: &Access) -> Result<String, crate::ClusterError> {
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(access.read.clone());
    let system: PartialObjectMeta<_> = namespaces.get_metadata("kube-system").await?;
    system.metadata.uid.ok_or_else(|| crate::ClusterError::Answer {
        what: "Namespace kube-system".into(),
        why: "it has no uid".into(),
    })
}

async fn follow(access: Access, store: Arc<Store>, kind: GroupKind, served: Served) {
    let api: Api<Raw> = Api::all_with(access.read.clone(), &served.resource);
    let kind = Arc::new(kind);
    let mut backoff = Duration::from_millis(200);
    loop {
        let lost = if served.watchable {
            watch(&api, &store, &kind, &mut backoff).await
        } else {
            poll(&api, &store, &kind).await
        };
        store.apply(&kind, Change::Lost(lost), now());
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

/// Follows a kind until something is wrong with it.
async fn watch(api: &Api<Raw>, store: &Store, kind: &Arc<GroupKind>, backoff: &mut Duration) -> Reason {
    let mut events = watcher::watcher(api.clone(), watcher::Config::default().streaming_lists()).boxed();
    loop {
        let event = match events.next().await {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                tracing::debug!(kind = %kind, %error, "the watch is started again from its list");
                return why(&error);
            }
            None => return Reason::Unreachable,
        };
        let change = match event {
            Event::Init => Change::Begin,
            Event::InitApply(object) => listed(kind, &object, Change::Listed),
            Event::InitDone => {
                *backoff = Duration::from_millis(200);
                Change::End
            }
            Event::Apply(object) => listed(kind, &object, Change::Put),
            Event::Delete(object) => Change::Gone(object.name()),
        };
        store.apply(kind, change, now());
    }
}

/// Lists a kind again and again that cannot be watched.
async fn poll(api: &Api<Raw>, store: &Store, kind: &Arc<GroupKind>) -> Reason {
    loop {
        match api.list(&ListParams::default()).await {
            Ok(list) => {
                store.apply(kind, Change::Begin, now());
                for object in list.items {
                    store.apply(kind, listed(kind, &object, Change::Listed), now());
                }
                store.apply(kind, Change::End, now());
            }
            Err(error) => return reason(&error),
        }
        tokio::time::sleep(Duration::from_secs(POLL_SECONDS)).await;
    }
}

fn why(error: &watcher::Error) -> Reason {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => reason(error),
        watcher::Error::WatchError(status) if matches!(status.code, 401 | 403) => Reason::Forbidden,
        watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => Reason::Unreachable,
    }
}

fn listed(
    kind: &Arc<GroupKind>,
    object: &Raw,
    change: fn(Name, Result<Item, Box<Diagnostic>>) -> Change,
) -> Change {
    change(object.name(), object.item(kind))
}
