//! Plan objects: exactly these uids at these revisions, to be approved by a person.

use crate::connect::Access;
use crate::error::ClusterError;
use crate::own::{FIELD_MANAGER, NAMESPACE, Own};
use kube::api::{Patch, PatchParams, PostParams};
use probate_contract::API_VERSION;
use probate_contract::plan::{DecisionAction, Entry, PlanReport};
use probate_core::plan::digest_of;
use probate_core::time;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Items of one plan; an object is limited to 1.5 MiB.
pub const MAX_ITEMS: usize = 2000;

/// The Plan object of a report: every delete that stands.
pub fn of_report(report: &PlanReport, name: &str, expires_at: i64) -> Value {
    let stands = |entry: &&Entry| entry.decision.action == DecisionAction::Delete && entry.follows.is_none();
    of_entries(report, &report.entries.iter().filter(stands).collect::<Vec<_>>(), name, expires_at)
}

/// The Plan object of some entries of a report.
pub(crate) fn of_entries(report: &PlanReport, entries: &[&Entry], name: &str, expires_at: i64) -> Value {
    let items: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let identity = &entry.subject.identity;
            json!({
                "kind": identity.kind,
                "namespace": identity.namespace.as_deref().unwrap_or_default(),
                "name": identity.name,
                "uid": identity.uid.as_deref().unwrap_or_default(),
                "resourceVersion": entry.subject.resource_version.as_deref().unwrap_or_default(),
                "bytes": entry.bytes,
                "decision": entry.decision.id,
                "step": "Mark",
            })
        })
        .collect();
    let cluster = report.clusters.first().map(|cluster| &cluster.cluster);
    let digest = if report.digest.is_empty() { digest_of(report) } else { report.digest.clone() };
    json!({
        "apiVersion": API_VERSION,
        "kind": Own::Plan.kind(),
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "cluster": cluster,
            "digest": digest,
            "expiresAt": time::format(expires_at),
            "items": items,
            "approval": "Pending",
        },
    })
}

/// Makes the object.
///
/// # Errors
/// The API server refuses.
pub async fn create(access: &Access, plan: &Value) -> Result<(), ClusterError> {
    let object = serde_json::from_value(plan.clone())
        .map_err(|error| ClusterError::Answer { what: "Plan".into(), why: error.to_string() })?;
    let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
    Own::Plan.api(&access.write).create(&params, &object).await?;
    Ok(())
}

/// The decisions that a plan names.
///
/// # Errors
/// There is none of that name, or it cannot be read.
pub async fn decisions(access: &Access, name: &str) -> Result<BTreeSet<String>, ClusterError> {
    let plan = Own::Plan.api(&access.read).get(name).await?;
    let items = plan.data.pointer("/spec/items").and_then(Value::as_array).into_iter().flatten();
    Ok(items.filter_map(|item| item.get("decision")?.as_str().map(str::to_owned)).collect())
}

/// Says yes or no to it.
///
/// # Errors
/// There is none of that name, or the right to approve is missing.
pub async fn decide(access: &Access, name: &str, approve: bool) -> Result<(), ClusterError> {
    let approval = if approve { "Approved" } else { "Rejected" };
    let patch = Patch::Merge(json!({"spec": {"approval": approval}}));
    Own::Plan.api(&access.write).patch(name, &PatchParams::default(), &patch).await?;
    Ok(())
}

/// Every object that a plan is about, as it is now: uid and resourceVersion, or what changed.
///
/// # Errors
/// The API server does not answer.
pub async fn stale(access: &Access, report: &PlanReport) -> Result<Vec<String>, ClusterError> {
    let uid = crate::observe::watch::cluster_uid(access).await?;
    if let Some(cluster) =
        report.clusters.first().filter(|cluster| cluster.cluster.uid.as_ref() != Some(&uid))
    {
        let other = cluster.cluster.uid.as_deref().unwrap_or("unknown");
        return Ok(vec![format!("the plan is of cluster {other}, this is {uid}")]);
    }
    let mut changed = Vec::new();
    for entry in &report.entries {
        if entry.decision.action != DecisionAction::Delete || entry.follows.is_some() {
            continue;
        }
        let identity = &entry.subject.identity;
        if let Some(why) = crate::apply::changed(access, entry).await? {
            let place =
                identity.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
            changed.push(format!("{} {place}{}: {why}", identity.kind, identity.name));
        }
    }
    Ok(changed)
}
