//! A live look before something is done: every kind of evidence is listed at the API server's latest state, once for all subjects of
//! a batch, and read into an inventory of its own.

use super::discover::{Served, discover};
use super::inventory::{Linked, Reading, freeze};
use super::raw::Raw;
use super::store::{Change, Store};
use super::watch::{cluster_uid, now};
use crate::connect::Access;
use crate::error::{ClusterError, reason};
use futures::StreamExt;
use kube::api::{Api, ListParams};
use probate_contract::record::VolumeRecord;
use probate_core::intake::GroupKind;
use probate_core::inventory::Inventory;
use std::path::PathBuf;
use std::sync::Arc;

/// Objects a page.
const PAGE: u32 = 500;
/// Lists at a time.
const AT_ONCE: usize = 8;

/// A cluster to look at, by its name.
#[derive(Clone, Debug)]
pub struct Look {
    /// Name.
    pub name: String,
    /// How to reach it; a cluster that cannot be reached is unknown.
    pub access: Option<Access>,
    /// The file that says how, where it may be replaced while it is in use.
    pub kubeconfig: Option<PathBuf>,
}

/// Lists everything that is evidence in these clusters. What a linked one does not give now is taken from what was `known` of it: that may
/// still be there, and proves nothing absent.
///
/// # Errors
/// The first cluster does not answer. A linked one that does not is unknown in the inventory.
pub async fn look(
    clusters: &[Look],
    known: &[Linked],
    records: Vec<VolumeRecord>,
    ignored: &[String],
) -> Result<Inventory, ClusterError> {
    let at = now();
    let mut linked = Vec::new();
    for (position, cluster) in clusters.iter().enumerate() {
        let store = Arc::new(Store::default());
        if let Some(access) = &cluster.access {
            match fill(access, store.clone()).await {
                Ok(()) => {}
                Err(error) if position == 0 => return Err(error),
                Err(error) => {
                    tracing::warn!(cluster = %cluster.name, %error, "a linked cluster does not answer");
                }
            }
        }
        if let Some(known) = known.get(position).filter(|known| position > 0 && known.name == cluster.name) {
            store.remember(&known.store);
        }
        linked.push(Linked { name: cluster.name.clone(), store });
    }
    Ok(freeze(&linked, records, ignored, Reading::First, at))
}

async fn fill(access: &Access, store: Arc<Store>) -> Result<(), ClusterError> {
    let found = discover(&access.read).await?;
    store.uid(cluster_uid(access).await?);
    let evidence = found.evidence.clone();
    store.discovered(found);
    // No list is of the same moment as another, in whatever order they are asked for.
    let all = evidence.into_iter().map(|(kind, served)| list(access.clone(), store.clone(), kind, served));
    futures::stream::iter(all).buffer_unordered(AT_ONCE).collect::<()>().await;
    Ok(())
}

async fn list(access: Access, store: Arc<Store>, kind: GroupKind, served: Served) {
    let api: Api<Raw> = Api::all_with(access.read, &served.resource);
    let kind = Arc::new(kind);
    store.apply(&kind, Change::Begin, now());
    let mut params = ListParams::default().limit(PAGE);
    let end = loop {
        let page = match api.list(&params).await {
            Ok(page) => page,
            Err(error) => break Change::Lost(reason(&error)),
        };
        for object in page.items {
            store.apply(&kind, Change::Listed(object.name(), object.item(&kind)), now());
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break Change::End,
        }
    };
    store.apply(&kind, end, now());
}
