//! Plan objects: what waits for a person is proposed, what a person approved counts, and each plan says what became of its items.

use super::Controller;
use crate::crds::{Approval, PlanItem, PlanItemState, PlanItemStatus, PlanSpec, PlanStatus};
use crate::error::ClusterError;
use crate::own::{NAMESPACE, Own};
use crate::plans::{MAX_ITEMS, create, of_entries};
use crate::records::Kept;
use kube::api::DynamicObject;
use probate_contract::Cause;
use probate_contract::plan::{DecisionAction, Entry, PlanReport};
use probate_core::stock::Scope;
use probate_core::{digest, time};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};

/// Between two proposals: what comes up together is proposed together.
const PROPOSE_SECONDS: i64 = 60;
/// How long a proposal may be approved.
const OPEN_SECONDS: i64 = 7 * 86_400;

/// What of it can be read; a plan that cannot be approves nothing.
fn spec_of(plan: &DynamicObject) -> Option<PlanSpec> {
    serde_json::from_value(plan.data.get("spec")?.clone()).ok()
}

fn open(spec: &PlanSpec, at: i64) -> bool {
    time::parse(&spec.expires_at).is_some_and(|until| until > at)
}

impl Controller {
    /// Plans of this cluster that have not expired.
    fn open_plans(&self, at: i64) -> Vec<(std::sync::Arc<DynamicObject>, PlanSpec)> {
        let here = |spec: &PlanSpec| {
            let cluster = spec.cluster.as_ref().and_then(|cluster| cluster.uid.as_ref());
            cluster.is_some() && cluster == self.cluster.uid.as_ref()
        };
        let read = self.plans.objects().into_iter().filter_map(|plan| Some((spec_of(&plan)?, plan)));
        read.filter(|(spec, _)| open(spec, at) && here(spec)).map(|(spec, plan)| (plan, spec)).collect()
    }

    /// Uids that an approved Plan of this cluster names, where the decision is still the one that was approved, and when the youngest
    /// such Plan was made.
    pub(super) fn approved(&self, live: &PlanReport, at: i64) -> BTreeMap<String, i64> {
        let decided: HashSet<(&str, &str)> = live.entries.iter().filter_map(decided).collect();
        let mut approved = BTreeMap::new();
        for (plan, spec) in self.open_plans(at) {
            let made = plan.metadata.creation_timestamp.as_ref().map(|made| made.0.as_second());
            let Some(made) = made.filter(|_| spec.approval == Approval::Approved) else { continue };
            let stands = |item: &PlanItem| decided.contains(&(item.uid.as_str(), item.decision.as_str()));
            for item in spec.items.into_iter().filter(stands) {
                let known = approved.entry(item.uid).or_insert(made);
                *known = made.max(*known);
            }
        }
        approved
    }

    /// Proposes what waits, and writes what became of what was proposed.
    pub(super) async fn proposals(&mut self, report: &PlanReport, at: i64) -> Result<(), ClusterError> {
        let plans = self.open_plans(at);
        if at.saturating_sub(self.proposed_at) >= PROPOSE_SECONDS {
            let known: HashSet<(&str, &str)> = plans
                .iter()
                .flat_map(|(_, spec)| &spec.items)
                .map(|item| (item.uid.as_str(), item.decision.as_str()))
                .collect();
            let waits: Vec<&Entry> = report
                .entries
                .iter()
                .filter(|entry| self.waits(entry) && decided(entry).is_some_and(|id| !known.contains(&id)))
                .collect();
            for entries in waits.chunks(MAX_ITEMS) {
                self.propose(report, entries, at).await?;
                self.proposed_at = at;
            }
        }
        let entries: BTreeMap<&str, &Entry> =
            report.entries.iter().filter_map(|entry| Some((decided(entry)?.0, entry))).collect();
        for (plan, spec) in &plans {
            let status = json!(self.became(plan, spec, &entries));
            let name = plan.metadata.name.as_deref().unwrap_or_default();
            if plan.data.get("status") != Some(&status) {
                self.write_status(Own::Plan, Some(NAMESPACE), name, &status).await?;
            }
        }
        Ok(())
    }

    /// True where something of it is to be proposed, or was proposed as something else: what plans say is said of all of them together.
    pub(super) fn plans_concerned(&self, report: &PlanReport, scope: &Scope, at: i64) -> bool {
        let plans = self.open_plans(at);
        let items = || plans.iter().flat_map(|(_, spec)| &spec.items);
        let known: HashSet<(&str, &str)> =
            items().map(|item| (item.uid.as_str(), item.decision.as_str())).collect();
        let other = |entry: &Entry| decided(entry).is_some_and(|id| !known.contains(&id));
        report.entries.iter().any(|entry| self.waits(entry) && other(entry))
            || items().any(|item| scope.uids.contains(item.uid.as_str()))
    }

    /// A delete that nothing but a person's word is missing to.
    fn waits(&self, entry: &Entry) -> bool {
        let identity = &entry.subject.identity;
        entry.decision.action == DecisionAction::Delete
            && entry.decision.causes.contains(&Cause::AwaitingApproval)
            && entry.guards.is_empty()
            && entry.follows.is_none()
            && identity.cluster.as_deref() == self.cluster.name.as_deref()
            && identity.uid.as_deref().is_some_and(|uid| !self.in_protocol(uid))
    }

    async fn propose(&self, report: &PlanReport, entries: &[&Entry], at: i64) -> Result<(), ClusterError> {
        let ids: Vec<String> = entries
            .iter()
            .filter_map(|entry| decided(entry))
            .map(|(uid, id)| format!("{uid}/{id}"))
            .collect();
        // The same proposal has the same name, whoever makes it; one that expired may be made again.
        let period = at.div_euclid(OPEN_SECONDS).to_string();
        let name = format!("proposed-{}", digest::short(&[&ids.join(","), &period]));
        let plan = of_entries(report, entries, &name, at.saturating_add(OPEN_SECONDS));
        match create(&self.access, &plan).await {
            Ok(()) => tracing::info!(plan = name, items = entries.len(), "proposed"),
            Err(error) if error.code() == Some(409) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn became(&self, plan: &DynamicObject, spec: &PlanSpec, entries: &BTreeMap<&str, &Entry>) -> PlanStatus {
        let items: Vec<PlanItemStatus> = spec
            .items
            .iter()
            .map(|item| {
                let (state, cause, message) = self.item(item, entries.get(item.uid.as_str()).copied());
                PlanItemStatus { uid: item.uid.clone(), state, cause, message }
            })
            .collect();
        let count = |state: PlanItemState| items.iter().filter(|item| item.state == state).count();
        PlanStatus {
            observed_generation: plan.metadata.generation,
            count: u64::try_from(items.len()).unwrap_or(u64::MAX),
            bytes: spec.items.iter().map(|item| item.bytes).fold(0, i64::saturating_add),
            done: u64::try_from(count(PlanItemState::Done)).unwrap_or(u64::MAX),
            refused: u64::try_from(count(PlanItemState::Refused)).unwrap_or(u64::MAX),
            items,
            conditions: Vec::new(),
        }
    }

    fn item(&self, item: &PlanItem, entry: Option<&Entry>) -> (PlanItemState, Option<Cause>, String) {
        if self.records.of_uid(&item.uid).is_some_and(|kept| carries(kept, &item.decision)) {
            return (PlanItemState::Done, None, String::new());
        }
        let Some(entry) = entry else { return (PlanItemState::Refused, None, "it is gone".into()) };
        if entry.decision.id != item.decision {
            let cause = entry.decision.causes.first().copied();
            return (PlanItemState::Refused, cause, "what is known of it changed".into());
        }
        match entry.guards.first() {
            Some(guard) => (PlanItemState::Refused, Some(guard.cause), guard.detail.clone()),
            None => (PlanItemState::Waiting, None, String::new()),
        }
    }
}

fn decided(entry: &Entry) -> Option<(&str, &str)> {
    Some((entry.subject.identity.uid.as_deref()?, entry.decision.id.as_str()))
}

/// True where the record says that this decision is being carried out, or was.
fn carries(kept: &Kept, decision: &str) -> bool {
    let status = &kept.record.status;
    let said = |condition: &probate_contract::record::Condition| {
        condition.status == "True" && condition.message == decision
    };
    status.mark.as_ref().is_some_and(|mark| mark.decision == decision)
        || status.quarantine.as_ref().is_some_and(|quarantine| quarantine.decision == decision)
        || status.conditions.iter().any(said)
}
