//! Each rail alone: one thing laid over an orphan that nothing else holds, and what then holds its delete, in the guards' own words.
//! The cases are `cases.yaml`; one of them is the orphan itself, which goes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, its helpers too"
)]

#[path = "../worlds/ask.rs"]
#[allow(dead_code, reason = "shared with the generated worlds")]
mod ask;
#[path = "../worlds/world.rs"]
#[allow(dead_code, reason = "shared with the generated worlds")]
mod world;

use ask::Deleting;
use probate_contract::plan::{DecisionAction, Entry, GuardEntry};
use probate_contract::settings::SettingsSpec;
use probate_core::pipeline::{self, Options};
use probate_core::policy::PolicySet;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use world::{Cluster, Says, World, merge};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// The orphan's cluster.
    objects: Vec<Value>,
    record: Value,
    policy: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    case: String,
    /// Laid over objects, named `KIND NAME`; what is null goes.
    #[serde(default)]
    change: BTreeMap<String, Value>,
    #[serde(default)]
    add: Vec<Value>,
    #[serde(default)]
    remove: Vec<String>,
    /// Another cluster, by name.
    #[serde(default)]
    clusters: BTreeMap<String, Vec<Value>>,
    /// Laid over the record.
    #[serde(default)]
    record: Value,
    #[serde(default)]
    settings: SettingsSpec,
    /// Each laid over the policy; one that lays nothing if none is named.
    #[serde(default)]
    policies: Vec<Value>,
    /// Kinds that are not listed whole.
    #[serde(default)]
    incomplete: Vec<String>,
    /// `KIND NAME`.
    #[serde(default = "orphan")]
    subject: String,
    /// `CAUSE: detail, until TIME`, in their order.
    held: Vec<String>,
}

fn orphan() -> String {
    "PersistentVolumeClaim data".into()
}

fn named(object: &Value) -> String {
    format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
}

fn without_nulls(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(without_nulls);
    }
}

fn world(cases: &Cases, case: &Case) -> World {
    let mut objects = cases.objects.clone();
    for (name, change) in &case.change {
        let object = objects.iter_mut().find(|object| named(object) == *name);
        let object = object.unwrap_or_else(|| panic!("{}: no {name}", case.case));
        merge(object, change);
        without_nulls(object);
    }
    objects.retain(|object| !case.remove.contains(&named(object)));
    objects.extend(case.add.iter().cloned());
    let whole = || vec![Says::Complete("*".into(), "*".into())];
    let mut says = whole();
    for kind in &case.incomplete {
        says.push(Says::Incomplete(kind.clone(), "*".into(), probate_contract::dump::Reason::Forbidden));
    }
    let mut clusters = vec![Cluster { name: "host".into(), objects, says }];
    for (name, objects) in &case.clusters {
        clusters.push(Cluster { name: name.clone(), objects: objects.clone(), says: whole() });
    }
    let mut record = cases.record.clone();
    if case.record.is_object() {
        merge(&mut record, &case.record);
    }
    without_nulls(&mut record);
    let told = record.get("subject").is_some() || record.get("spec").is_some();
    let records = told.then_some((0, record)).into_iter().collect();
    World { clusters, records }
}

fn policies(cases: &Cases, case: &Case) -> PolicySet {
    let over = if case.policies.is_empty() { vec![json!({})] } else { case.policies.clone() };
    let policy = |(at, over): (usize, &Value)| {
        let mut manifest = cases.policy.clone();
        manifest["metadata"]["name"] = json!(format!("p{at}"));
        merge(&mut manifest, over);
        without_nulls(&mut manifest);
        ask::policy(manifest)
    };
    PolicySet::new(over.iter().enumerate().map(policy).collect())
}

fn entry(cases: &Cases, case: &Case) -> Entry {
    let inventory = world(cases, case).inventory();
    let options = Options { settings: case.settings.clone(), ..Options::default() };
    let report = pipeline::decide(&inventory, &policies(cases, case), &Deleting, &options);
    let is = |entry: &&Entry| {
        let identity = &entry.subject.identity;
        identity.cluster.as_deref() == Some("host")
            && format!("{} {}", identity.kind, identity.name) == case.subject
    };
    let found = report.entries.iter().find(is);
    found.unwrap_or_else(|| panic!("{}: no {} in {:?}", case.case, case.subject, report.diagnostics)).clone()
}

fn said(guard: &GuardEntry) -> String {
    let until = guard.until.as_ref().map(|until| format!(", until {until}")).unwrap_or_default();
    format!("{:?}: {}{until}", guard.cause, guard.detail)
}

#[test]
fn each_rail_holds_alone_and_says_by_what() {
    let cases: Cases = serde_saphyr::from_str(include_str!("cases.yaml")).unwrap();
    let mut wrong = Vec::new();
    for case in &cases.cases {
        let entry = entry(&cases, case);
        let held: Vec<String> = entry.guards.iter().map(said).collect();
        let goes = entry.decision.action == DecisionAction::Delete;
        if held != case.held || goes != held.is_empty() {
            wrong.push(format!(
                "{}: {:?} {:?}\n  expected {:#?}\n  found {held:#?}",
                case.case, entry.decision.action, entry.decision.causes, case.held
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
