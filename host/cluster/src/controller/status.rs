//! What the resources say: policies their totals and conditions, plans what became of each item; and the figures for monitoring.

use super::Controller;
use super::policies::Bench;
use super::tally::OfPolicy;
use crate::error::{ClusterError, code};
use crate::own::{FIELD_MANAGER, Own};
use crate::records::{Kept, uids};
use kube::api::{Api, Patch, PatchParams};
use probate_contract::Severity;
use probate_contract::manifest::Policy as Manifest;
use probate_contract::record::Condition;
use probate_core::time;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Controller {
    /// Writes statuses that differ from what stands, and the metrics.
    pub(super) async fn publish(&mut self, bench: &Arc<dyn Bench>, at: i64) -> Result<(), ClusterError> {
        self.figures();
        let said: BTreeMap<String, _> = bench.said().into_iter().collect();
        let mut objects = self.cluster_policies.objects();
        objects.extend(self.policies.objects());
        for object in objects {
            let namespace = object.metadata.namespace.clone();
            let name = object.metadata.name.clone().unwrap_or_default();
            let own = if namespace.is_some() { Own::Policy } else { Own::ClusterPolicy };
            let id = match &namespace {
                Some(namespace) => format!("{}/{namespace}/{name}", own.kind()),
                None => format!("{}/{name}", own.kind()),
            };
            let Some(policy) = bench.set().iter().find(|policy| policy.id() == id) else { continue };
            let old = object.data.get("status").cloned().unwrap_or_default();
            let diagnostics = said.get(&id).map(Vec::as_slice).unwrap_or_default();
            let errors: Vec<String> = diagnostics
                .iter()
                .filter(|said| said.severity == Severity::Error)
                .map(|said| match (said.line, said.column) {
                    (Some(line), Some(column)) => format!("{}: {line}:{column}: {}", said.code, said.message),
                    _ => format!("{}: {}", said.code, said.message),
                })
                .collect();
            let loaded =
                policy.program.as_ref().map(|program| program.reads.iter().map(|fact| fact.name()).collect());
            let reads: Vec<&str> = loaded.unwrap_or_default();
            let figures = self.tally.policy(&id);
            let status = json!({
                "observedGeneration": object.metadata.generation,
                "program": {"digest": policy.program_digest, "reads": reads},
                "totals": self.totals(&figures, &id, &old),
                "conditions": conditions(&old, self.judge(&figures, &policy.manifest, &id, errors), at),
            });
            if status != old {
                self.write_status(own, namespace.as_deref(), &name, &status).await?;
                self.freed.remove(&id);
            }
        }
        Ok(())
    }

    pub(super) async fn write_status(
        &self,
        own: Own,
        namespace: Option<&str>,
        name: &str,
        status: &Value,
    ) -> Result<(), ClusterError> {
        let api = match namespace {
            Some(namespace) => Api::namespaced_with(self.access.write.clone(), namespace, &own.resource()),
            None => own.api(&self.access.write),
        };
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        match api.patch_status(name, &params, &Patch::Merge(json!({"status": status}))).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(code(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn totals(&self, figures: &OfPolicy, id: &str, old: &Value) -> Value {
        let in_state = |quarantined: bool| {
            let here = |kept: &&Kept| {
                let status = &kept.record.status;
                let state = if quarantined {
                    status.quarantine.is_some()
                } else {
                    status.mark.is_some() && status.quarantine.is_none()
                };
                state && uids(&kept.record).any(|uid| self.tally.deleting(uid, id))
            };
            self.records.iter().filter(here).count()
        };
        let freed = self.freed.get(id).copied().unwrap_or_default();
        let before = |pointer: &str| old.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
        json!({
            "matched": figures.matched,
            "candidates": figures.candidates,
            "marked": in_state(false),
            "quarantined": in_state(true),
            "purged": before("/totals/purged").saturating_add(i64::try_from(freed.0).unwrap_or(0)),
            "reclaimedBytes": before("/totals/reclaimedBytes").saturating_add(freed.1),
            "heldByUnknownBytes": figures.unknown_bytes,
        })
    }

    /// The three conditions: type, status, reason and message.
    fn judge(
        &self,
        figures: &OfPolicy,
        manifest: &Manifest,
        id: &str,
        errors: Vec<String>,
    ) -> [(&'static str, bool, &'static str, String); 3] {
        let ready = match errors.first() {
            None => ("Ready", true, "Loaded", String::new()),
            Some(first) => {
                let reason = if first.starts_with("PB3006") {
                    "DigestMismatch"
                } else if first.starts_with("PB2302") {
                    "ParametersInvalid"
                } else {
                    "LoadFailed"
                };
                ("Ready", false, reason, errors.join("\n"))
            }
        };
        let degraded = match (&figures.failed, self.missing(figures)) {
            (Some(why), _) => ("Degraded", true, "PolicyFailing", why.clone()),
            (None, Some(message)) => ("Degraded", true, "EvidenceIncomplete", message),
            (None, None) => ("Degraded", false, "Complete", String::new()),
        };
        let enforces = manifest.spec.mode != probate_contract::manifest::Mode::Audit;
        let open = self.ledger.get().held_by(&[id.to_owned()]);
        let blocked = match (&self.admission, open) {
            (_, Some(open)) => ("Blocked", true, "BreakerOpen", open.detail.clone()),
            (Err(why), None) if enforces => ("Blocked", true, "AdmissionPolicyMissing", why.clone()),
            _ => ("Blocked", false, "Free", String::new()),
        };
        [ready, degraded, blocked]
    }

    /// What this policy's subjects want and do not get, with the rule that would give it.
    fn missing(&self, figures: &OfPolicy) -> Option<String> {
        let sources = figures.missing.clone();
        if sources.is_empty() {
            return None;
        }
        let rules: BTreeSet<String> = self
            .links
            .clusters
            .first()
            .map(|home| home.store.broken())
            .unwrap_or_default()
            .into_iter()
            .filter(|(_, reason)| *reason == probate_contract::dump::Reason::Forbidden)
            .filter_map(|(kind, _)| {
                let served = self.links.clusters.first()?.store.served(&kind)?;
                Some(format!(
                    "{{apiGroups: [\"{}\"], resources: [{}], verbs: [get, list, watch]}}",
                    kind.group, served.resource.plural
                ))
            })
            .collect();
        let list = |set: BTreeSet<String>| set.into_iter().take(8).collect::<Vec<_>>().join(", ");
        let rule = if rules.is_empty() { String::new() } else { format!("; missing rules: {}", list(rules)) };
        Some(format!("not known: {}{rule}", list(sources)))
    }
}

/// Conditions with the time of their last change.
fn conditions(
    old: &Value,
    judged: [(&'static str, bool, &'static str, String); 3],
    at: i64,
) -> Vec<Condition> {
    let before: Vec<Condition> = old
        .get("conditions")
        .and_then(|conditions| serde_json::from_value(conditions.clone()).ok())
        .unwrap_or_default();
    judged
        .into_iter()
        .map(|(kind, holds, reason, message)| {
            let status = if holds { "True" } else { "False" };
            let since = before.iter().find(|old| old.r#type == kind && old.status == status);
            Condition {
                r#type: kind.into(),
                status: status.into(),
                reason: reason.into(),
                message,
                last_transition_time: since
                    .map_or_else(|| time::format(at), |old| old.last_transition_time.clone()),
            }
        })
        .collect()
}
