//! The component's face: the exports of the world `guest` over one [`Session`] an instance.
#![allow(
    unsafe_code,
    missing_docs,
    clippy::same_length_and_capacity,
    reason = "the generated bindings cross the component's boundary"
)]

use crate::Session;
use probate_contract::rego::{LoadReply, LoadRequest};
use probate_contract::verdict;
use std::cell::RefCell;

wit_bindgen::generate!({ world: "guest", path: "wit" });

use exports::probate::policy::policy::{
    Action, Annotation, Description, Failure, Guest as Policy, Measure, Verdict,
};
use exports::probate::rego::loader::Guest as Loader;

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

struct Component;

fn with<T>(absent: T, use_it: impl FnOnce(&mut Session) -> T) -> T {
    SESSION.with_borrow_mut(|session| session.as_mut().map_or(absent, use_it))
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn failure(message: impl Into<String>) -> Failure {
    Failure { message: message.into() }
}

const NOT_LOADED: &str = "PolicyError: no policy is loaded";

impl Loader for Component {
    fn load(request: String) -> String {
        let reply = match serde_json::from_str::<LoadRequest>(&request) {
            Ok(request) => match crate::load(&request) {
                Ok(session) => {
                    let loaded = session.loaded().clone();
                    SESSION.replace(Some(session));
                    LoadReply::Loaded(Box::new(loaded))
                }
                Err(diagnostics) => LoadReply::Refused(diagnostics),
            },
            Err(error) => LoadReply::Refused(vec![probate_contract::Diagnostic::error(
                "PB9001",
                format!("the load request does not decode: {error}"),
            )]),
        };
        json(&reply)
    }

    fn explain(evidence: String) -> String {
        json(&with(Default::default(), |session| session.explain(&evidence)))
    }

    fn test(name: String) -> String {
        with(String::new(), |session| json(&session.test(&name)))
    }

    fn coverage() -> String {
        json(&with(Default::default(), |session| session.coverage()))
    }
}

impl Policy for Component {
    fn describe() -> Description {
        let nothing = Description {
            name: String::new(),
            version: String::new(),
            title: String::new(),
            reads: Vec::new(),
            parameters_schema: "{}".into(),
        };
        with(nothing, |session| {
            let loaded = session.loaded();
            Description {
                name: loaded.package.clone(),
                version: loaded.version.clone(),
                title: loaded.title.clone(),
                reads: loaded.reads.iter().map(|fact| fact.name().to_owned()).collect(),
                parameters_schema: json(&loaded.parameters_schema),
            }
        })
    }

    fn configure(parameters: String) -> Result<(), Failure> {
        with(Err(failure(NOT_LOADED)), |session| session.configure(&parameters).map_err(failure))
    }

    fn evaluate(evidence: String) -> Result<Verdict, Failure> {
        with(Err(failure(NOT_LOADED)), |session| {
            session.evaluate(&evidence).map(verdict).map_err(|error| failure(error.to_string()))
        })
    }
}

fn verdict(verdict: verdict::Verdict) -> Verdict {
    Verdict {
        action: match verdict.action {
            verdict::Action::Abstain => Action::Abstain,
            verdict::Action::Retain => Action::Retain,
            verdict::Action::Delete => Action::Delete,
        },
        reason: verdict.reason,
        rule: verdict.rule,
        annotations: verdict.annotations.into_iter().map(|(key, value)| Annotation { key, value }).collect(),
        ensure: verdict.ensure.map(|verdict::Ensure::ReclaimPolicyRetain| Measure::ReclaimPolicyRetain),
        recheck_after_seconds: verdict.recheck_after_seconds,
        basis: verdict.basis,
    }
}

export!(Component);
