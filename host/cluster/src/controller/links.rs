//! The clusters that are watched: home, and linked ones whose kubeconfig is a file, as a mounted Secret is, that may be replaced or
//! come later. One that cannot be reached is unknown; it holds up nobody else.

use crate::connect::{Target, connect};
use crate::observe::inventory::Linked;
use crate::observe::live::Look;
use crate::observe::store::Store;
use crate::observe::watch::{self, Watching};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How often the files are looked at.
const LOOK_SECONDS: i64 = 10;
/// How long a start waits for linked clusters.
const PATIENCE_SECONDS: i64 = 10;

/// All of them, home first.
pub(super) struct Links {
    pub(super) looks: Vec<Look>,
    pub(super) clusters: Vec<Linked>,
    eyes: Vec<Eye>,
    began: i64,
    looked: i64,
    /// When all of them were whole.
    whole: i64,
    wake: Arc<Notify>,
}

/// What watches one cluster; it ends with this.
struct Eye {
    _watching: Option<Watching>,
    teller: JoinHandle<()>,
    /// The file that it was reached by.
    file: Option<Vec<u8>>,
}

impl Eye {
    fn open(look: &Look, store: &Arc<Store>, wake: &Arc<Notify>) -> Self {
        let watching = look.access.clone().map(|access| watch::start(access, store.clone()));
        let teller = tokio::spawn(tell(store.clone(), wake.clone()));
        Self { _watching: watching, teller, file: look.kubeconfig.as_deref().and_then(read) }
    }
}

impl Drop for Eye {
    fn drop(&mut self) {
        self.teller.abort();
    }
}

impl Links {
    /// Begins to watch them.
    pub(super) fn start(looks: Vec<Look>, wake: Arc<Notify>, now: i64) -> Self {
        let mut links = Self {
            looks: Vec::new(),
            clusters: Vec::new(),
            eyes: Vec::new(),
            began: now,
            looked: now,
            whole: now,
            wake,
        };
        for look in looks {
            let store = Arc::new(Store::default());
            links.eyes.push(Eye::open(&look, &store, &links.wake));
            links.clusters.push(Linked { name: look.name.clone(), store });
            links.looks.push(look);
        }
        links
    }

    /// True once home is listed, and linked clusters are or were waited for.
    pub(super) fn settled(&self, now: i64) -> bool {
        let mut stores = self.clusters.iter().map(|cluster| &cluster.store);
        stores.next().is_some_and(|home| home.settled())
            && (now.saturating_sub(self.began) >= PATIENCE_SECONDS || stores.all(|store| store.settled()))
    }

    /// Since when everything has been watched without a break. While a linked cluster is not, nothing is said: it may be back soon.
    /// After `patience` seconds home goes on alone, and what rests on the other is unknown.
    pub(super) fn watched_since(&mut self, now: i64, patience: i64) -> Option<i64> {
        let times: Vec<Option<i64>> =
            self.clusters.iter().map(|cluster| cluster.store.watched_since()).collect();
        let home = times.first().copied().flatten()?;
        match times.into_iter().collect::<Option<Vec<i64>>>() {
            Some(all) => {
                self.whole = now;
                all.into_iter().max()
            }
            None => (now.saturating_sub(self.whole) > patience).then_some(home),
        }
    }

    /// Reaches those anew whose file was replaced, or that could not be reached.
    pub(super) async fn renew(&mut self, now: i64) {
        if now.saturating_sub(self.looked) < LOOK_SECONDS {
            return;
        }
        self.looked = now;
        let all = self.looks.iter_mut().zip(&mut self.clusters).zip(&mut self.eyes);
        for ((look, linked), eye) in all {
            let Some(path) = look.kubeconfig.clone() else { continue };
            if look.access.is_some() && read(&path) == eye.file {
                continue;
            }
            let target = Target { kubeconfig: Some(path), context: None };
            let access = connect(&target).await;
            if let Err(error) = &access {
                tracing::warn!(%error, cluster = look.name, "a linked cluster is unknown");
            }
            look.access = access.ok();
            linked.store = Arc::new(Store::default());
            *eye = Eye::open(look, &linked.store, &self.wake);
        }
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    std::fs::read(path).ok()
}

/// Passes a store's changes on.
async fn tell(store: Arc<Store>, wake: Arc<Notify>) {
    let mut changes = store.changes();
    while changes.changed().await.is_ok() {
        wake.notify_one();
    }
}
