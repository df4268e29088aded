//! From a [`Policy`] to the component's exports: one configured policy an instance.

use crate::{Error, Evidence, Policy, policy, schema};
use probate_contract::verdict::{Action, Ensure, Verdict as Document};
use std::cell::OnceCell;

/// What wit-bindgen makes of the contract's WIT; the lints below cannot hold for generated code.
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    rust_2018_idioms,
    clippy::all,
    clippy::restriction,
    reason = "generated from the WIT"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit/since_v0.1.0",
        world: "retention-policy",
        pub_export_macro: true,
        default_bindings_module: "probate_sdk::__private::bindings",
    });
}

pub use bindings::exports::probate::policy::policy as wit;
pub use wit_bindgen;

/// The policy of an instance, once it is configured.
pub struct Session<P>(OnceCell<P>);

impl<P: Policy> Session<P> {
    /// Not configured yet.
    pub const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// What the policy is.
    pub fn describe(version: &str, title: &str) -> wit::Description {
        wit::Description {
            name: P::NAME.to_owned(),
            version: version.to_owned(),
            title: if title.is_empty() { P::NAME } else { title }.to_owned(),
            reads: P::READS.iter().map(|fact| fact.name().to_owned()).collect(),
            parameters_schema: schema::parameters::<P>().to_string(),
        }
    }

    /// Sets the parameters, once.
    ///
    /// # Errors
    /// Parameters that do not fit, or a second call.
    pub fn configure(&self, parameters: &str) -> Result<(), wit::Failure> {
        let policy = policy::configure(parameters).map_err(failure)?;
        self.0.set(policy).map_err(|_| failure(Error::new("configure was called twice in one session")))
    }

    /// The policy's answer about one subject.
    ///
    /// # Errors
    /// What keeps the policy from deciding.
    pub fn evaluate(&self, evidence: String) -> Result<wit::Verdict, wit::Failure> {
        let policy =
            self.0.get().ok_or_else(|| failure(Error::new("evaluate was called before configure")))?;
        let answer = Evidence::read_from(evidence, P::READS.iter())
            .and_then(|evidence| policy::answer(policy, &evidence))
            .map_err(failure)?;
        Ok(verdict(answer))
    }
}

impl<P: Policy> Default for Session<P> {
    fn default() -> Self {
        Self::new()
    }
}

fn failure(error: Error) -> wit::Failure {
    wit::Failure { message: error.message().to_owned() }
}

fn verdict(document: Document) -> wit::Verdict {
    wit::Verdict {
        action: match document.action {
            Action::Abstain => wit::Action::Abstain,
            Action::Retain => wit::Action::Retain,
            Action::Delete => wit::Action::Delete,
        },
        reason: document.reason,
        rule: document.rule,
        annotations: document
            .annotations
            .into_iter()
            .map(|(key, value)| wit::Annotation { key, value })
            .collect(),
        ensure: document.ensure.map(|Ensure::ReclaimPolicyRetain| wit::Measure::ReclaimPolicyRetain),
        recheck_after_seconds: document.recheck_after_seconds,
        basis: document.basis,
    }
}

/// Makes the component's exports of a [`Policy`]. Version and title are those of the crate it stands in.
#[macro_export]
macro_rules! export_policy {
    ($policy:ty) => {
        #[allow(unsafe_code, reason = "a component's exports are unmangled symbols")]
        const _: () = {
            thread_local! {
                static SESSION: $crate::__private::Session<$policy> =
                    const { $crate::__private::Session::new() };
            }

            struct Component;

            impl $crate::__private::wit::Guest for Component {
                fn describe() -> $crate::__private::wit::Description {
                    $crate::__private::Session::<$policy>::describe(
                        env!("CARGO_PKG_VERSION"),
                        env!("CARGO_PKG_DESCRIPTION"),
                    )
                }

                fn configure(
                    parameters: String,
                ) -> ::std::result::Result<(), $crate::__private::wit::Failure> {
                    SESSION.with(|session| session.configure(&parameters))
                }

                fn evaluate(
                    evidence: String,
                ) -> ::std::result::Result<$crate::__private::wit::Verdict, $crate::__private::wit::Failure>
                {
                    SESSION.with(|session| session.evaluate(evidence))
                }
            }

            #[cfg(target_arch = "wasm32")]
    $crate::__private::bindings::export!(Component with_types_in $crate::__private::bindings);

            // Elsewhere nothing is exported, but the policy is in use all the same.
            #[cfg(not(target_arch = "wasm32"))]
            const _: () = {
                use $crate::__private::wit::Guest;
                let _ = (Component::describe, Component::configure, Component::evaluate);
            };
        };
    };
}
