//! Our own kinds as they are in the cluster, kept up to date by a watch.

use crate::own::Own;
use futures::StreamExt;
use kube::Client;
use kube::api::DynamicObject;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt, watcher};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// All objects of one of our kinds.
pub(super) struct Mirror {
    store: Store<DynamicObject>,
    task: JoinHandle<()>,
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Mirror {
    /// Starts to watch; `wake` is told of every change.
    pub(super) fn start(client: &Client, own: Own, wake: Arc<Notify>) -> Self {
        let writer = reflector::store::Writer::new(own.resource());
        let store = writer.as_reader();
        let events =
            watcher::watcher(own.api(client), watcher::Config::default().streaming_lists()).default_backoff();
        let run = events.reflect(writer).for_each(move |event| {
            if let Err(error) = &event {
                tracing::warn!(kind = own.kind(), %error, "our own kind cannot be watched");
            }
            wake.notify_one();
            std::future::ready(())
        });
        Self { store, task: tokio::spawn(run) }
    }

    /// Waits for the first whole list.
    pub(super) async fn ready(&self) -> bool {
        self.store.wait_until_ready().await.is_ok()
    }

    /// In order of namespace and name.
    pub(super) fn objects(&self) -> Vec<Arc<DynamicObject>> {
        let mut objects = self.store.state();
        objects.sort_by(|left, right| {
            let key =
                |object: &DynamicObject| (object.metadata.namespace.clone(), object.metadata.name.clone());
            key(left).cmp(&key(right))
        });
        objects
    }
}
