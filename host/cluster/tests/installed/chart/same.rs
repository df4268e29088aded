//! The chart installs what the plain manifests do: the same objects, but for what only an installer of the chart can choose.

use super::{documents, helm, template};
use probate_apiserver::package;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Kind, namespace, name.
type Key = (String, String, String);

pub(super) fn by_name(text: &str) -> BTreeMap<Key, Value> {
    let mut named = BTreeMap::new();
    for document in documents(text) {
        let word = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
        let key = (word("/kind"), word("/metadata/namespace"), word("/metadata/name"));
        assert!(!key.0.is_empty() && !key.2.is_empty(), "{document}");
        assert!(named.insert(key.clone(), document).is_none(), "{key:?} is there twice");
    }
    named
}

fn read(name: &str) -> String {
    let path = package().join("../deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Without what only the chart can choose, where nothing is chosen.
fn without_choice(mut document: Value) -> Value {
    if document["kind"] == "Deployment" {
        let template = document["spec"]["template"].as_object_mut().expect("a template");
        let metadata = template["metadata"].as_object_mut().expect("metadata");
        if let Some(Value::Object(annotations)) = metadata.remove("annotations") {
            let keys: Vec<&String> = annotations.keys().collect();
            assert_eq!(keys, ["probate.dev/settings-digest"], "so that other settings are other Pods");
        }
        let pod = template["spec"].as_object_mut().expect("a Pod");
        for name in ["nodeSelector", "tolerations", "affinity", "imagePullSecrets", "priorityClassName"] {
            let chosen = pod.remove(name).unwrap_or_default();
            let nothing = [json!(null), json!({}), json!([]), json!("")];
            assert!(nothing.contains(&chosen), "{name}: {chosen}");
        }
    }
    if document["kind"] == "ConfigMap" {
        let data = document["data"].as_object_mut().expect("data");
        for text in data.values_mut() {
            *text = serde_saphyr::from_str(text.as_str().expect("text")).expect("YAML in the ConfigMap");
        }
    }
    document
}

/// The kinds: in the chart they are told to stay, else as they are.
fn take_definitions(rendered: &mut BTreeMap<Key, Value>) {
    let mut definitions = BTreeMap::new();
    let folder = package().join("../deploy/crds");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let name = entry.expect("a file").file_name().into_string().expect("a name");
        definitions.extend(by_name(&read(&format!("crds/{name}"))));
    }
    definitions.retain(|(kind, ..), _| kind == "CustomResourceDefinition");
    assert!(definitions.len() >= 5, "{:?}", definitions.keys());
    for (key, definition) in definitions {
        let mut from_chart = rendered.remove(&key).unwrap_or_else(|| panic!("{key:?} is not in the chart"));
        let kept = from_chart["metadata"].as_object_mut().and_then(|metadata| metadata.remove("annotations"));
        assert_eq!(kept, Some(json!({"helm.sh/resource-policy": "keep"})), "{key:?}");
        assert_eq!(from_chart, definition, "{key:?}");
    }
}

#[test]
fn the_chart_is_the_plain_manifests() {
    let Some(helm) = helm() else { return };
    for mode in ["audit", "enforce"] {
        let done = template(&helm, &json!({"mode": mode}));
        assert!(done.well, "{}", done.err);
        let mut rendered = by_name(&done.out);
        take_definitions(&mut rendered);
        let plain = by_name(&read(&format!("manifests/{mode}.yaml")));
        assert!(plain.len() > 20, "{}", plain.len());
        assert_eq!(plain.keys().collect::<Vec<_>>(), rendered.keys().collect::<Vec<_>>(), "{mode}");
        for (key, document) in plain {
            assert_eq!(without_choice(rendered[&key].clone()), without_choice(document), "{mode}: {key:?}");
        }
    }
}

fn named(text: &str, kind: &str, name: &str) -> Option<Value> {
    let found = by_name(text).into_iter().find(|(key, _)| key.0 == kind && key.2 == name);
    found.map(|(_, document)| document)
}

fn pod(text: &str) -> Map<String, Value> {
    let deployment = named(text, "Deployment", "probate").expect("a Deployment");
    deployment["spec"]["template"]["spec"].as_object().expect("a Pod").clone()
}

/// What is chosen stands where it acts.
#[test]
fn what_is_chosen_stands_where_it_acts() {
    let Some(helm) = helm() else { return };
    let render = |values: Value| {
        let done = template(&helm, &values);
        assert!(done.well, "{values}: {}", done.err);
        done.out
    };
    let linked = render(
        json!({"links": [{"name": "vcluster:a", "secret": "kubeconfig-a"}], "clusterName": "harvester",
        "mode": "enforce", "extraArgs": ["--threads=2"]}),
    );
    let pod_of = pod(&linked);
    let said = [
        "--cluster-name=harvester",
        "--purger=probate-purger",
        "--link=vcluster:a=/etc/probate-links/kubeconfig-a/kubeconfig",
        "--threads=2",
    ];
    let args = pod_of["containers"][0]["args"].as_array().expect("arguments");
    assert!(said.iter().all(|word| args.contains(&json!(word))), "{args:?}");
    let mount = json!({"name": "link-kubeconfig-a", "mountPath": "/etc/probate-links/kubeconfig-a", "readOnly": true});
    assert!(pod_of["containers"][0]["volumeMounts"].as_array().expect("mounts").contains(&mount));
    let volume = json!({"name": "link-kubeconfig-a", "secret": {"secretName": "kubeconfig-a"}});
    assert!(pod_of["volumes"].as_array().expect("volumes").contains(&volume));

    let digest = format!("sha256:{}", "0".repeat(64));
    let image = render(json!({"image": {"repository": "r/probate", "tag": "9", "digest": digest}}));
    assert_eq!(pod(&image)["containers"][0]["image"], format!("r/probate@{digest}"), "a digest comes first");
    let placed = render(json!({"nodeSelector": {"a": "b"}, "tolerations": [{"operator": "Exists"}]}));
    assert_eq!(pod(&placed)["nodeSelector"], json!({"a": "b"}));
    assert_eq!(pod(&placed)["tolerations"], json!([{"operator": "Exists"}]));

    let settings =
        render(json!({"settings": {"minimumAgeSeconds": 5, "protected": {"namespaces": ["prod-*"]}}}));
    let read = named(&settings, "ConfigMap", "probate-settings").map(without_choice).expect("settings");
    let spec = json!({"minimumAgeSeconds": 5, "protected": {"namespaces": ["prod-*"]}});
    assert_eq!(read["data"]["settings.yaml"]["spec"], spec);
    let more = render(json!({"observe": {"extraGroups": ["databases.example.com"]}}));
    let extra = named(&more, "ClusterRole", "probate-observe-extra").expect("a role");
    assert_eq!(extra["rules"][0]["apiGroups"], json!(["databases.example.com"]));
    assert_eq!(extra["rules"][0]["verbs"], json!(["get", "list", "watch"]));
    let less = render(json!({"networkPolicy": {"enabled": false}, "crds": {"install": false}}));
    assert!(!by_name(&less).keys().any(|(kind, ..)| kind == "NetworkPolicy" || kind.starts_with("Custom")));
}
