//! Which kinds the API server has. A group that does not answer leaves its kinds unknown, never absent.

use crate::error::ClusterError;
use kube::Client;
use kube::core::discovery::v2::{APIGroupDiscovery, APIVersionDiscovery};
use kube::core::{ApiResource, GroupVersionKind};
use probate_core::intake::{GroupKind, Interest, interest};
use std::collections::BTreeMap;

/// A kind that can be listed and watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Group, version, kind and plural.
    pub resource: ApiResource,
    /// True where its objects are in namespaces.
    pub namespaced: bool,
    /// True where it can be watched; what can only be listed is listed again and again.
    pub watchable: bool,
}

/// What the API server has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovered {
    /// Kinds that are evidence, by the preferred version that serves them.
    pub evidence: BTreeMap<GroupKind, Served>,
    /// Every kind there is, also those that nothing is read of.
    pub kinds: Vec<GroupKind>,
    /// Groups that did not answer: aggregated APIs whose server is away.
    pub stale: Vec<String>,
}

impl Discovered {
    /// True where a kind that is not in it does not exist.
    pub fn whole(&self) -> bool {
        self.stale.is_empty()
    }
}

/// Asks the API server.
///
/// # Errors
/// It does not answer.
pub async fn discover(client: &Client) -> Result<Discovered, ClusterError> {
    let core = client.list_core_api_versions_aggregated().await?;
    let groups = client.list_api_groups_aggregated().await?;
    let mut found = Discovered::default();
    for group in core.items.iter().chain(&groups.items) {
        read_group(group, &mut found);
    }
    found.kinds.sort();
    found.kinds.dedup();
    Ok(found)
}

fn read_group(group: &APIGroupDiscovery, found: &mut Discovered) {
    let name = group.metadata.as_ref().and_then(|meta| meta.name.clone()).unwrap_or_default();
    for version in &group.versions {
        if version.freshness.as_deref() == Some("Stale") {
            found.stale.push(name.clone());
            continue;
        }
        read_version(&name, version, found);
    }
}

fn read_version(group: &str, version: &APIVersionDiscovery, found: &mut Discovered) {
    let Some(number) = version.version.as_deref() else { return };
    for resource in &version.resources {
        let kind = resource.response_kind.as_ref().and_then(|kind| kind.kind.clone());
        let (Some(kind), Some(plural)) = (kind, resource.resource.clone()) else { continue };
        let key = GroupKind { group: group.to_owned(), kind: kind.clone() };
        found.kinds.push(key.clone());
        let can = |verb: &str| resource.verbs.iter().any(|have| have == verb);
        let api_version = if group.is_empty() { number.to_owned() } else { format!("{group}/{number}") };
        // What Kubernetes itself only lists is made up for the answer (ComponentStatus, PodMetrics), and names no volume.
        let made_up = !can("watch") && (group.is_empty() || group.ends_with(".k8s.io"));
        if !can("list") || made_up || interest(&api_version, &kind) == Interest::Skip {
            continue;
        }
        let resource_of = GroupVersionKind::gvk(group, number, &kind);
        let served = Served {
            resource: ApiResource::from_gvk_with_plural(&resource_of, &plural),
            namespaced: resource.scope.as_deref() == Some("Namespaced"),
            watchable: can("watch"),
        };
        // Versions come in order of preference; all show the same objects.
        found.evidence.entry(key).or_insert(served);
    }
}
