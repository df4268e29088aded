//! Our own kinds, as documents of the contract.

use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use probate_contract::API_VERSION;

/// Probate's own namespace, where records, plans and the ledger are.
pub const NAMESPACE: &str = "probate";
/// Who we are to server-side apply.
pub const FIELD_MANAGER: &str = "probate";

/// A kind of `probate.dev`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// `ClusterRetentionPolicy`.
    ClusterPolicy,
    /// `RetentionPolicy`.
    Policy,
    /// `VolumeRecord`.
    Record,
    /// `Plan`.
    Plan,
    /// `Ledger`: rates, breaker and how long was watched.
    Ledger,
}

impl Own {
    /// How it is spelt.
    pub fn kind(self) -> &'static str {
        match self {
            Self::ClusterPolicy => "ClusterRetentionPolicy",
            Self::Policy => "RetentionPolicy",
            Self::Record => "VolumeRecord",
            Self::Plan => "Plan",
            Self::Ledger => "Ledger",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::ClusterPolicy => "clusterretentionpolicies",
            Self::Policy => "retentionpolicies",
            Self::Record => "volumerecords",
            Self::Plan => "plans",
            Self::Ledger => "ledgers",
        }
    }

    /// As the API server serves it.
    pub fn resource(self) -> ApiResource {
        let (group, version) = API_VERSION.split_once('/').unwrap_or(("", API_VERSION));
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, self.kind()), self.plural())
    }

    /// All of them, or for kinds of our namespace those in it.
    pub fn api(self, client: &Client) -> Api<DynamicObject> {
        let resource = self.resource();
        match self {
            Self::ClusterPolicy | Self::Policy => Api::all_with(client.clone(), &resource),
            Self::Record | Self::Plan | Self::Ledger => {
                Api::namespaced_with(client.clone(), NAMESPACE, &resource)
            }
        }
    }
}
