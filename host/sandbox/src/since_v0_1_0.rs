//! The adapter of `probate:policy@0.1.0`: the released WIT on one side, the contract's own types on the other.

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/since_v0.1.0",
        world: "retention-policy",
    });
}

use crate::off::{Limit, off};
use crate::program::Description;
use crate::scan::{INTERFACE, Scan};
use crate::world::{Host, printable};
use bindings::exports::probate::policy::policy as wit;
use probate_contract::verdict::{Action, Ensure, MAX_ANNOTATIONS, Verdict};
use probate_contract::{Cause, Fact};
use probate_core::port::Failure;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre, TypedFunc};

pub(crate) use bindings::RetentionPolicyIndices as Indices;
pub(crate) use wit::Description as Described;

type Evaluate = TypedFunc<(Arc<str>,), (Result<wit::Verdict, wit::Failure>,)>;

/// The exports of an instance.
pub(crate) struct Exports {
    policy: bindings::RetentionPolicy,
    /// Apart, since the generated method wants a `String` of its own for each call.
    evaluate: Evaluate,
}

/// Finds the exports of a component, once.
pub(crate) fn indices(pre: &InstancePre<Host>) -> wasmtime::Result<Indices> {
    Indices::new(pre)
}

impl Exports {
    pub(crate) fn new(
        indices: &Indices,
        store: &mut Store<Host>,
        instance: &Instance,
    ) -> wasmtime::Result<Self> {
        let policy = indices.load(&mut *store, instance)?;
        let interface = instance.get_export_index(&mut *store, None, INTERFACE);
        let index = instance.get_export_index(&mut *store, interface.as_ref(), "evaluate");
        let index = index.ok_or_else(|| wasmtime::format_err!("the component has no evaluate"))?;
        Ok(Self { policy, evaluate: instance.get_typed_func(store, index)? })
    }

    /// Asks what the policy is.
    pub(crate) fn describe(&self, store: &mut Store<Host>) -> wasmtime::Result<Described> {
        self.policy.probate_policy_policy().call_describe(store)
    }

    /// Gives the policy its parameters.
    pub(crate) fn configure(
        &self,
        store: &mut Store<Host>,
        parameters: &str,
    ) -> wasmtime::Result<Result<(), String>> {
        let answer = self.policy.probate_policy_policy().call_configure(store, &parameters.to_owned())?;
        Ok(answer.map_err(|failure| failure.message))
    }

    /// Asks about one subject: a verdict that is not yet checked, or the policy's own failure.
    pub(crate) fn evaluate(
        &self,
        store: &mut Store<Host>,
        evidence: &Arc<str>,
    ) -> wasmtime::Result<Result<wit::Verdict, String>> {
        let (answer,) = self.evaluate.call(store, (Arc::clone(evidence),))?;
        Ok(answer.map_err(|failure| failure.message))
    }
}

/// Makes a verdict of the contract out of a guest's answer.
pub(crate) fn verdict(answer: wit::Verdict, output_bytes: usize) -> Result<Verdict, Failure> {
    let wit::Verdict { action, reason, rule, annotations, ensure, recheck_after_seconds, basis } = answer;
    let size = reason.len()
        + rule.as_ref().map_or(0, String::len)
        + annotations.iter().map(|annotation| annotation.key.len() + annotation.value.len()).sum::<usize>()
        + basis.iter().map(String::len).sum::<usize>();
    if size > output_bytes && !off(Limit::Output) {
        return Err(Failure {
            cause: Cause::OutputTooLarge,
            message: format!("the answer has {size} bytes, at most {output_bytes} are allowed"),
        });
    }
    let bad = |message: String| Failure { cause: Cause::BadVerdict, message: printable(&message, 512) };
    if annotations.len() > MAX_ANNOTATIONS {
        return Err(bad(format!("{} annotations, at most {MAX_ANNOTATIONS} are allowed", annotations.len())));
    }
    let mut merged = BTreeMap::new();
    for wit::Annotation { key, value } in annotations {
        if let Some(_earlier) = merged.insert(key.clone(), value) {
            return Err(bad(format!("the annotation {key} twice")));
        }
    }
    let action = match action {
        wit::Action::Abstain => Action::Abstain,
        wit::Action::Retain => Action::Retain,
        wit::Action::Delete => Action::Delete,
    };
    let ensure = ensure.map(|measure| match measure {
        wit::Measure::ReclaimPolicyRetain => Ensure::ReclaimPolicyRetain,
    });
    let verdict = Verdict { action, reason, rule, annotations: merged, ensure, recheck_after_seconds, basis };
    verdict.check().map_err(bad)?;
    Ok(verdict)
}

/// Makes a description out of a guest's own; the message says what is wrong with it.
pub(crate) fn description(described: wit::Description, scan: &Scan) -> Result<Description, String> {
    let wit::Description { name, version, title, reads, parameters_schema } = described;
    let names: Vec<String> = Fact::ALL.iter().map(|fact| fact.name().to_owned()).collect();
    let mut facts = Vec::new();
    for read in reads {
        let Some(fact) = Fact::ALL.into_iter().find(|fact| fact.name() == read) else {
            let hint = probate_contract::shape::nearest(&read, names.iter())
                .map_or(String::new(), |near| format!("; did you mean {near}?"));
            return Err(format!("the policy reads {}, which is no fact{hint}", printable(&read, 80)));
        };
        facts.push(fact);
    }
    facts.sort_unstable();
    facts.dedup();
    let schema = serde_json::from_str::<Value>(&parameters_schema)
        .map_err(|error| format!("the policy's parameters schema is no JSON: {error}"))?;
    if !schema.is_object() {
        return Err("the policy's parameters schema is no object".into());
    }
    Ok(Description {
        name: printable(&name, 253),
        version: printable(&version, 64),
        title: printable(&title, 256),
        description: String::new(),
        paths: facts.iter().map(|fact| fact.name().to_owned()).collect(),
        reads: facts,
        parameters_schema: schema,
        can_delete: true,
        imports: scan.imports.clone(),
        size_bytes: scan.size_bytes,
        diagnostics: Vec::new(),
    })
}
