//! CustomResourceDefinitions of other systems, with open schemas: enough to hold their objects on a real API server.

use crate::until;
use anyhow::{Context as _, bail};
use futures::TryStreamExt as _;
use futures::stream::{self, StreamExt as _};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams, PostParams};
use serde_json::{Value, json};

const LIST: &str = include_str!("crds.txt");

/// One kind of another system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// API group.
    pub group: &'static str,
    /// Versions that are served, the stored one first.
    pub versions: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Name in URLs.
    pub plural: &'static str,
    /// Whether its objects have a namespace.
    pub namespaced: bool,
    short: &'static str,
}

impl Foreign {
    /// `plural.group`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.plural, self.group)
    }

    /// The definition as a document.
    #[must_use]
    pub fn definition(&self) -> Value {
        let versions: Vec<Value> = (self.versions.split(',').enumerate())
            .map(|(index, name)| {
                json!({
                    "name": name, "served": true, "storage": index == 0,
                    "schema": {"openAPIV3Schema":
                        {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                })
            })
            .collect();
        let short: Vec<&str> = self.short.split(',').filter(|name| *name != "-").collect();
        // Groups of the Kubernetes project are refused without it.
        let approved = self.group.ends_with(".k8s.io");
        let notes = approved.then(|| json!({"api-approved.kubernetes.io": "unapproved, for tests"}));
        let metadata = json!({"name": self.name(), "annotations": notes});
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata,
            "spec": {
                "group": self.group, "scope": if self.namespaced { "Namespaced" } else { "Cluster" },
                "names": {"kind": self.kind, "listKind": format!("{}List", self.kind), "plural": self.plural,
                          "singular": self.kind.to_lowercase(), "shortNames": short},
                "versions": versions,
            },
        })
    }
}

/// All of them.
pub fn foreign() -> anyhow::Result<Vec<Foreign>> {
    let lines = LIST.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| match line.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
            &[group, versions, kind, plural, scope, short] => {
                let namespaced = scope == "Namespaced";
                Ok(Foreign { group, versions, kind, plural, namespaced, short })
            }
            _ => bail!("not six columns: {line}"),
        })
        .collect()
}

/// Installs those whose group passes, and waits until each is served. What is there already stays.
pub async fn install_some(client: &kube::Client, wanted: impl Fn(&Foreign) -> bool) -> anyhow::Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let kinds: Vec<Foreign> = foreign()?.into_iter().filter(wanted).collect();
    stream::iter(&kinds)
        .map(Ok)
        .try_for_each_concurrent(8, async |kind| {
            let definition = serde_json::from_value(kind.definition()).context("a definition")?;
            match api.create(&PostParams::default(), &definition).await {
                Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
                other => other.map(drop).with_context(|| kind.name()),
            }
        })
        .await?;
    until("custom kinds are served", async || {
        let list = api.list(&ListParams::default()).await?;
        let ready = |kind: &Foreign| {
            list.items
                .iter()
                .any(|one| one.metadata.name.as_deref() == Some(&kind.name()) && established(one))
        };
        Ok(kinds.iter().all(ready).then_some(()))
    })
    .await
}

/// Installs all.
pub async fn install(client: &kube::Client) -> anyhow::Result<()> {
    install_some(client, |_| true).await
}

fn established(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Established" && one.status == "True"))
}

#[cfg(test)]
mod tests {
    use super::foreign;
    use crate::package;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_stands_once() {
        let all = foreign().unwrap();
        let names: BTreeSet<String> = all.iter().map(super::Foreign::name).collect();
        assert_eq!(names.len(), all.len());
    }

    /// The kinds that the core understands and Kubernetes does not serve, read from its generated page.
    #[test]
    fn what_the_core_reads_can_be_made_here() {
        // Where the checkout is now, which need not be where it was built.
        let here = package();
        let facts = std::fs::read_to_string(here.join("../../host/core/FACTS.md")).unwrap();
        let own =
            ["core", "apps", "batch", "autoscaling", "storage.k8s.io", "apiextensions.k8s.io", "probate.dev"];
        let here: BTreeSet<(String, String)> =
            foreign().unwrap().iter().map(|one| (one.group.to_owned(), one.kind.to_owned())).collect();
        let mut group = String::new();
        let mut seen = 0;
        for line in facts.lines().take_while(|line| !line.starts_with("## Ignored")) {
            if let Some(name) = line.strip_prefix("## ") {
                group = name.to_owned();
            }
            let Some(kind) = line.strip_prefix("| ").and_then(|rest| rest.split(" | ").next()) else {
                continue;
            };
            if kind == "kind" || own.contains(&group.as_str()) {
                continue;
            }
            assert!(
                here.contains(&(group.clone(), kind.to_owned())),
                "{kind}.{group} is missing in crds.txt"
            );
            seen += 1;
        }
        assert!(seen > 30, "{seen}");
    }
}
