//! Our own kinds, as documents of the contract.

use crate::crds::{self, ClusterRetentionPolicy, Ledger, Plan, RetentionPolicy, VolumeRecord};
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};

pub use crate::crds::{CONTROLLER as FIELD_MANAGER, NAMESPACE};

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
            Self::ClusterPolicy => ClusterRetentionPolicy::KIND,
            Self::Policy => RetentionPolicy::KIND,
            Self::Record => VolumeRecord::KIND,
            Self::Plan => Plan::KIND,
            Self::Ledger => Ledger::KIND,
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::ClusterPolicy => ClusterRetentionPolicy::PLURAL,
            Self::Policy => RetentionPolicy::PLURAL,
            Self::Record => VolumeRecord::PLURAL,
            Self::Plan => Plan::PLURAL,
            Self::Ledger => Ledger::PLURAL,
        }
    }

    /// As the API server serves it.
    pub fn resource(self) -> ApiResource {
        let kind = GroupVersionKind::gvk(crds::GROUP, crds::VERSION, self.kind());
        ApiResource::from_gvk_with_plural(&kind, self.plural())
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
