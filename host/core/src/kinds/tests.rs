//! Every kind as data: an object, what it means, and near misses that differ in a field (`cases/*.json`; a near miss is a merge
//! patch, RFC 7396). What a kind is not told to mean, it must not mean.

use super::{Parsed, Payload, Target, custom, read_as, understood};
use crate::intake::GroupKind;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const CASES: [(&str, &str); 5] = [
    ("kubernetes", include_str!("cases/kubernetes.json")),
    ("kubevirt", include_str!("cases/kubevirt.json")),
    ("cdi", include_str!("cases/cdi.json")),
    ("harvester", include_str!("cases/harvester.json")),
    ("tools", include_str!("cases/tools.json")),
];

fn cases() -> Vec<Value> {
    let parsed = |(file, text)| {
        serde_json::from_str::<Vec<Value>>(text).unwrap_or_else(|error| panic!("{file}: {error}"))
    };
    CASES.into_iter().flat_map(parsed).collect()
}

fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let Value::Object(fields) = into else { return };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

fn said(target: &Target) -> String {
    let within =
        |namespace: &Option<Box<str>>| namespace.as_ref().map_or(String::new(), |name| format!("{name}/"));
    match target {
        Target::Claim { namespace, name } => format!("claim {}{name}", within(namespace)),
        Target::Volume { name } => format!("volume {name}"),
        Target::Attachment { unique } => format!("attachment {unique}"),
        Target::Ordinals { prefix, start, end, reserves } => {
            format!("ordinals {prefix}-{start}..{end}{}", if *reserves { "+" } else { "" })
        }
        Target::Labelled { pair, anywhere } => {
            format!("label {pair}{}", if *anywhere { " anywhere" } else { "" })
        }
        Target::Prefixed { prefix } => format!("prefix {prefix}"),
        Target::Uid { uid } => format!("uid {uid}"),
        Target::Namespace { name } => format!("namespace {name}"),
        Target::Snapshot { namespace, name } => format!("snapshot {}{name}", within(namespace)),
        Target::Filling { from, made } => format!("{} for {made}", said(from)),
    }
}

/// Everything that an object means, as the cases write it; `names` are those that it may mean.
fn means(parsed: &Parsed, names: &[String]) -> BTreeSet<String> {
    let edges = parsed.edges.iter().map(|edge| {
        let operation = if edge.operation { "!" } else { "" };
        format!("{:?}{operation} {} @ {}", edge.state, said(&edge.target), edge.path)
    });
    let mut all: BTreeSet<String> = edges.collect();
    assert_eq!(all.len(), parsed.edges.len(), "an edge stands twice");
    let possible = |name: &&String| parsed.names.contains(&custom::hash(name));
    all.extend(names.iter().filter(possible).map(|name| format!("possibly {name}")));
    match &parsed.payload {
        Payload::Copies(copies) => all.extend(copies.iter().map(|copy| {
            let ready = if copy.ready { "ready" } else { "making" };
            let independent = if copy.independent { " independent" } else { "" };
            let uid = copy.uid.as_ref().map_or(String::new(), |uid| format!(" {uid}"));
            let bytes = copy.bytes.map_or(String::new(), |bytes| format!(" {bytes} bytes"));
            let of = copy.created.map_or(String::new(), |at| format!(" of {at}"));
            format!(
                "copy {:?} {ready}{independent} {}/{}{uid}{bytes}{of}",
                copy.r#type, copy.namespace, copy.claim
            )
        })),
        Payload::Scaler(scaler) => {
            all.insert(format!("scales {} {} to {}", scaler.target, scaler.name, scaler.maximum));
        }
        Payload::Intent(intent) => {
            let all_of_them = if intent.remove_all { " all" } else { "" };
            let deletes = format!("deletes{all_of_them} {}", intent.removed.join(" "));
            all.insert(if intent.orphaned { "orphans".into() } else { deletes });
        }
        _ => {}
    }
    all
}

/// What differs from the expectation, if anything.
fn check(kind: &str, object: &Value, expected: &Value) -> Option<String> {
    let group_kind = GroupKind::parse(kind);
    let mut whole = serde_json::json!({"apiVersion": format!("{}/v1", group_kind.group), "kind": group_kind.kind,
        "metadata": {"name": "x", "namespace": "ns", "uid": "uid"}});
    merge(&mut whole, object);
    let parsed = read_as(&group_kind, whole.to_string().as_bytes());
    let parsed = parsed.unwrap_or_else(|error| panic!("{kind}: {}: {whole}", error.message));
    let expected: BTreeSet<String> =
        expected.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
    let names: Vec<String> =
        expected.iter().filter_map(|text| text.strip_prefix("possibly ").map(str::to_owned)).collect();
    let found = means(&parsed, &names);
    let same = found == expected && names.is_empty() == parsed.names.is_empty();
    (!same).then(|| format!("{kind}: {whole}\n expected {expected:#?}\n found {found:#?}"))
}

#[test]
fn every_kind_means_what_its_cases_say() {
    let mut differing = Vec::new();
    for case in cases() {
        let kind = case["kind"].as_str().unwrap();
        differing.extend(check(kind, &case["object"], &case["means"]));
        for near in case["near"].as_array().unwrap() {
            let mut object = case["object"].clone();
            merge(&mut object, &near["but"]);
            assert_ne!(object, case["object"], "{kind}: {} changes nothing", near["but"]);
            differing.extend(check(kind, &object, &near["means"]));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn templates_of_unknown_kinds_name_what_is_made_of_them() {
    let rows = [
        (
            r#"{"metadata": {"name": "es"}, "spec": {"nodeSets": [{"name": "default", "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}]}}"#,
            vec!["Possible prefix data-es @ volumeClaimTemplates", "possibly default", "possibly data"],
        ),
        (
            r#"{"metadata": {"name": "es"}, "spec": {"volumeClaimTemplate": {"metadata": {"name": "data"}}}}"#,
            vec!["possibly data"],
        ),
        (
            r#"{"metadata": {"name": "es"}, "spec": {"volumeClaimTemplates": ["data", {"metadata": {}}]}}"#,
            vec!["possibly data"],
        ),
    ];
    for (object, expected) in rows {
        let object = serde_json::from_str(object).unwrap();
        let different =
            check("Elasticsearch.elasticsearch.k8s.elastic.co", &object, &serde_json::json!(expected));
        assert_eq!(different, None);
    }
}

/// Kinds that name nothing by themselves have their tests where they are read.
#[test]
fn every_kind_has_a_case_and_a_near_miss() {
    let cases = cases();
    let elsewhere = [
        "rke-machine.cattle.io",
        "cluster.x-k8s.io",
        "provisioning.cattle.io",
        "management.cattle.io",
        "probate.dev",
    ];
    for known in understood().filter(|known| !elsewhere.contains(&known.group)) {
        let name = GroupKind { group: known.group.into(), kind: known.kind.into() }.to_string();
        let case = cases
            .iter()
            .find(|case| case["kind"] == name.as_str())
            .unwrap_or_else(|| panic!("{name}: no case"));
        let silent = case["means"].as_array().unwrap().is_empty();
        assert!(silent || !case["near"].as_array().unwrap().is_empty(), "{name}: no near miss");
    }
}
