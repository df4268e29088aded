//! What makes a spec and a status a kube resource: one macro, since the derive wants a spec type of its own.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

/// An object as it is written: with apiVersion and kind, which kube types leave out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written<'a, S, T> {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) metadata: &'a ObjectMeta,
    pub(super) spec: &'a S,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'a T>,
}

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident, $plural:literal, $scope:ty, $spec:ty, $status:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
        pub struct $name {
            /// Name, uid, resourceVersion.
            pub metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
            /// What is asked for.
            pub spec: $spec,
            /// What the controller says of it; written through the status subresource.
            #[serde(default)]
            pub status: Option<$status>,
        }

        impl $name {
            /// The kind.
            pub const KIND: &str = stringify!($name);
            /// As URLs name it.
            pub const PLURAL: &str = $plural;

            /// One with that name.
            pub fn new(name: &str, spec: $spec) -> Self {
                let mut made = Self { spec, ..Self::default() };
                made.metadata.name = Some(name.to_owned());
                made
            }
        }

        impl kube::Resource for $name {
            type DynamicType = ();
            type Scope = $scope;

            fn kind((): &()) -> std::borrow::Cow<'_, str> {
                Self::KIND.into()
            }
            fn group((): &()) -> std::borrow::Cow<'_, str> {
                super::GROUP.into()
            }
            fn version((): &()) -> std::borrow::Cow<'_, str> {
                super::VERSION.into()
            }
            fn plural((): &()) -> std::borrow::Cow<'_, str> {
                Self::PLURAL.into()
            }
            fn meta(&self) -> &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &self.metadata
            }
            fn meta_mut(&mut self) -> &mut k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &mut self.metadata
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                super::kind::Written {
                    api_version: probate_contract::API_VERSION,
                    kind: Self::KIND,
                    metadata: &self.metadata,
                    spec: &self.spec,
                    status: self.status.as_ref(),
                }
                .serialize(serializer)
            }
        }
    };
}

pub(super) use kind;
