//! What our accounts may write, as the API server tells each of them by its own token, and what it answers when they try.

use super::release::Release;
use k8s_openapi::api::authorization::v1::{SelfSubjectRulesReview, SelfSubjectRulesReviewSpec};
use kube::api::{Api, PostParams};
use probate_apiserver::until;
use std::collections::BTreeSet;

/// Verbs, and what they may be used on: `group/resource`, with a name where it is one object only.
type Row = (&'static str, &'static str);

/// In every namespace, whatever the mode.
const SAY: &[Row] = &[
    ("patch update", "probate.dev/clusterretentionpolicies/status probate.dev/retentionpolicies/status"),
    ("create patch", "/events events.k8s.io/events"),
];

/// In the namespace `probate`, whatever the mode.
const KEEP: &[Row] = &[
    (
        "create update patch delete",
        "probate.dev/volumerecords probate.dev/volumerecords/status probate.dev/ledgers probate.dev/plans \
         probate.dev/plans/status",
    ),
    ("create update patch", "coordination.k8s.io/leases"),
];

/// In every namespace, where the mode is enforce.
const ACT: &[Row] = &[
    ("patch update", "/persistentvolumeclaims /persistentvolumes"),
    ("delete create", "/persistentvolumeclaims"),
    ("impersonate", "/users[probate:self-test]"),
];

const BECOME: &[Row] = &[("create", "/serviceaccounts/token[probate-purger]")];

const PURGE: &[Row] = &[("patch delete", "/persistentvolumes")];

fn expand(tables: &[&[Row]]) -> BTreeSet<String> {
    let rows = tables.iter().copied().flatten();
    rows.flat_map(|(verbs, things)| {
        verbs
            .split(' ')
            .flat_map(move |verb| things.split_whitespace().map(move |thing| format!("{verb} {thing}")))
    })
    .collect()
}

/// What an account of ours may do in a namespace but read.
async fn writes(release: &Release, account: &str, namespace: &str) -> anyhow::Result<BTreeSet<String>> {
    let plane = &release.installed.plane;
    plane.service_account("probate", account).await?;
    let client = plane.client(&format!("probate:{account}")).await?;
    let spec = SelfSubjectRulesReviewSpec { namespace: Some(namespace.to_owned()) };
    let review = SelfSubjectRulesReview { spec, ..SelfSubjectRulesReview::default() };
    let status = Api::all(client).create(&PostParams::default(), &review).await?.status.expect("rules");
    assert!(!status.incomplete, "{:?}", status.evaluation_error);
    let mut found = BTreeSet::new();
    for rule in status.resource_rules {
        let names = rule.resource_names.unwrap_or_default();
        let names: Vec<String> = if names.is_empty() {
            vec![String::new()]
        } else {
            names.iter().map(|name| format!("[{name}]")).collect()
        };
        for group in rule.api_groups.iter().flatten() {
            // Whoever is known to the API server may ask it about themselves.
            if ["authorization.k8s.io", "authentication.k8s.io"].contains(&group.as_str()) {
                continue;
            }
            for resource in rule.resources.iter().flatten() {
                for verb in
                    rule.verbs.iter().filter(|verb| !["get", "list", "watch"].contains(&verb.as_str()))
                {
                    found.extend(names.iter().map(|name| format!("{verb} {group}/{resource}{name}")));
                }
            }
        }
    }
    Ok(found)
}

async fn settle(release: &Release, account: &str, namespace: &str, wanted: &[&[Row]]) {
    let wanted = expand(wanted);
    let settled = until("rights", async || {
        let found = writes(release, account, namespace).await?;
        anyhow::ensure!(found == wanted, "{account} in {namespace} may {found:#?}\nnot {wanted:#?}");
        Ok(Some(()))
    });
    settled.await.unwrap_or_else(|error| panic!("{error:#}"));
}

/// Exactly what the mode asks, once the API server heeds what it was given.
pub(crate) async fn are(release: &Release, enforce: bool) {
    let (act, handing, purge) = if enforce { (ACT, BECOME, PURGE) } else { (&[][..], &[][..], &[][..]) };
    settle(release, "probate", "shop", &[SAY, act]).await;
    settle(release, "probate", "probate", &[SAY, KEEP, act, handing]).await;
    for namespace in ["shop", "probate"] {
        settle(release, "probate-purger", namespace, &[purge]).await;
    }
}

/// What the account itself is answered, without dry run where it is refused anyway.
pub(crate) fn tried(release: &Release, enforce: bool) {
    let who = |account: &str| release.installed.plane.kubeconfig_of(&format!("probate:{account}"));
    let ask = |account: &str, line: &str| release.shell_as(&who(account), line);
    let forbidden = |account: &str, line: &str, words: &str| {
        let done = ask(account, line);
        assert!(
            !done.well && done.err.contains("is forbidden"),
            "{account}: {line}\n{}{}",
            done.out,
            done.err
        );
        assert!(done.err.contains(words), "{account}: {line}\n{}\nnot: {words}", done.err);
    };
    let delete = "kubectl delete pvc marked -n shop --dry-run=server";
    let mark = "kubectl label pvc plain -n shop probate.dev/state=Marked --dry-run=server";
    let retain =
        r#"kubectl patch pv plain -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}' --dry-run=server"#;
    for line in [delete, mark, retain] {
        let done = ask("probate", line);
        assert_eq!(done.well, enforce, "{line}\n{}{}", done.out, done.err);
        assert!(enforce || done.err.contains("cannot "), "{line}: {}", done.err);
    }
    let unmarked = "kubectl delete pvc plain -n shop --dry-run=server";
    let why = if enforce { "deletes a claim that is not marked" } else { "cannot delete resource" };
    forbidden("probate", unmarked, why);
    forbidden("probate", "kubectl delete pv plain --dry-run=server", "cannot delete resource");
    forbidden(
        "probate-purger",
        "kubectl delete pvc marked -n shop --dry-run=server",
        "cannot delete resource",
    );
    let why = if enforce { "only one that is marked" } else { "cannot " };
    forbidden("probate-purger", "kubectl delete pv plain --dry-run=server", why);
    forbidden("probate", "kubectl get secrets -n probate", "cannot list resource \"secrets\"");
    forbidden("probate", "kubectl get configmaps -n shop", "cannot list resource \"configmaps\"");
    assert!(ask("probate", "kubectl get configmaps -n probate").well, "its own settings");
    let token = ask("probate", "kubectl create token probate-purger -n probate");
    assert_eq!(token.well, enforce, "{}", token.err);
    let other = "kubectl create token default -n shop";
    forbidden("probate", other, "cannot create resource \"serviceaccounts/token\"");
}
