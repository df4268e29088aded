#!/usr/bin/env python3
"""Checks the Helm chart: lint, values schema, and that it renders what the plain manifests say.

    pip install helm-python-sdk==0.2.2 pyyaml
    python3 host/deploy/check_chart.py [--kubeconfig FILE]

With a kubeconfig it also installs the chart there, upgrades it from audit to enforce and back, and removes it; whoever that
kubeconfig names is an administrator of a cluster for tests.
"""

import argparse
import json
import pathlib
import sys

import helm_python as helm
import yaml

HERE = pathlib.Path(__file__).resolve().parent
CHART = HERE / "chart"

REFUSED = [
    {"mode": "Enforce"},
    {"mode": "delete"},
    {"modes": "audit"},
    {"replicas": -1},
    {"replicas": "two"},
    {"image": {"digest": "latest"}},
    {"image": {"name": "x"}},
    {"settings": {"minimumAge": 5}},
    {"settings": {"minimumAgeSeconds": "5"}},
    {"settings": {"protected": {"namespace": ["x"]}}},
    {"settings": {"rates": [{"window": "Week", "per": "Policy"}]}},
    {"observe": {"groups": ["x"]}},
    {"observe": {"extraGroups": ["*"]}},
    {"networkPolicy": True},
    {"crds": {"keep": True}},
    {"links": [{"name": "rancher"}]},
]
ACCEPTED = [
    {},
    {"mode": "enforce"},
    {"settings": {"minimumAgeSeconds": 5, "protected": {"namespaces": ["prod-*"]}}},
    {"settings": {"rates": [{"window": "Day", "per": "StorageClass", "maxBytes": "5Ti"}]}},
    {"observe": {"extraGroups": ["databases.example.com"]}},
    {"image": {"digest": "sha256:" + "0" * 64}, "imagePullSecrets": [{"name": "x"}]},
    {"links": [{"name": "vcluster:a", "secret": "kubeconfig-a"}], "clusterName": "harvester", "mode": "enforce"},
    {"nodeSelector": {"a": "b"}, "tolerations": [{"operator": "Exists"}], "podAnnotations": {"x": "y"}, "extraArgs": ["-v"]},
]


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def by_name(found):
    named = {}
    for document in found:
        key = (document["kind"], document["metadata"].get("namespace"), document["metadata"]["name"])
        assert key not in named, f"{key} is there twice"
        named[key] = document
    return named


def rendered(chart, values):
    files = chart.render(values, name="probate", namespace="probate")
    return by_name(d for name, text in files.items() if name.endswith(".yaml") for d in documents(text))


def without_choice(document):
    """Without what only the chart can choose, where nothing is chosen."""
    if document["kind"] == "Deployment":
        document = json.loads(json.dumps(document))
        template = document["spec"]["template"]
        template["metadata"].pop("annotations", None)
        for name in ("nodeSelector", "tolerations", "affinity", "imagePullSecrets", "priorityClassName"):
            assert not template["spec"].pop(name, None), name
    if document["kind"] == "ConfigMap":
        document = dict(document, data={k: yaml.safe_load(v) for k, v in document["data"].items()})
    return document


def check():
    report = helm.lint(str(CHART), {}, strict=True, namespace="probate", kube_version="v1.36.0")
    serious = [m for m in report["messages"] if m["severity"] >= 2]
    assert not report["errors"] and not serious, report
    chart = helm.Chart.load(str(CHART))
    for values in REFUSED:
        try:
            chart.validate_schema(values)
        except helm.HelmValuesError:
            continue
        raise AssertionError(f"accepted: {values}")
    for values in ACCEPTED:
        chart.validate_schema(values)
        assert rendered(chart, values), values
    definitions = {}
    for path in sorted((HERE / "crds").glob("*.yaml")):
        definitions.update(by_name(documents(path.read_text())))
    namespace = [key for key in definitions if key[0] == "Namespace"]
    for key in namespace:
        del definitions[key]
    for mode in ("audit", "enforce"):
        plain = by_name(documents((HERE / "manifests" / f"{mode}.yaml").read_text()))
        from_chart = rendered(chart, {"mode": mode})
        for key, document in list(from_chart.items()):
            if document["kind"] == "CustomResourceDefinition":
                kept = document["metadata"].pop("annotations")
                assert kept == {"helm.sh/resource-policy": "keep"}, kept
                assert document == definitions[key], key
                del from_chart[key]
        assert set(plain) == set(from_chart), set(plain) ^ set(from_chart)
        for key, document in plain.items():
            assert without_choice(from_chart[key]) == without_choice(document), key
    linked = rendered(chart, ACCEPTED[6])["Deployment", "probate", "probate"]["spec"]["template"]["spec"]
    assert "--link=vcluster:a=/etc/probate-links/kubeconfig-a/kubeconfig" in linked["containers"][0]["args"], linked
    assert {"name": "link-kubeconfig-a", "secret": {"secretName": "kubeconfig-a"}} in linked["volumes"], linked
    audit, enforce = (rendered(chart, {"mode": mode}) for mode in ("audit", "enforce"))
    more = {key for key in enforce if key not in audit}
    verbs = {v for d in audit.values() if "Role" in d["kind"] for r in d.get("rules") or [] for v in r["verbs"]
             if "" in r["apiGroups"] and {"persistentvolumes", "persistentvolumeclaims", "*"} & set(r["resources"])}
    assert verbs == {"get", "list", "watch"}, verbs
    assert {name for kind, _, name in more if kind == "ClusterRole"} >= {"probate-mark", "probate-delete", "probate-purge"}
    try:
        chart.render({}, name="probate", namespace="default")
        raise AssertionError("rendered for another namespace")
    except helm.HelmError as error:
        assert "--namespace probate" in str(error), error
    print(f"chart: linted, {len(REFUSED)} values refused, {len(ACCEPTED)} accepted, same as the plain manifests")


def install(kubeconfig):
    with helm.Config(kubeconfig_path=kubeconfig, namespace="probate") as cluster:
        cluster.install(str(CHART), "probate", {"replicas": 0}, create_namespace=True)
        for mode in ("enforce", "audit"):
            cluster.upgrade(str(CHART), "probate", {"mode": mode, "replicas": 0})
            print(f"upgraded to {mode}")
        cluster.uninstall("probate")
    print("installed, upgraded and removed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig")
    arguments = parser.parse_args()
    check()
    if arguments.kubeconfig:
        install(arguments.kubeconfig)
    sys.exit(0)
