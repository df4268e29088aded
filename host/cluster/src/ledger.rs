//! The ledger in the cluster: one object, only ever written at the revision that was read.

use crate::connect::Access;
use crate::error::ClusterError;
use crate::own::{FIELD_MANAGER, NAMESPACE, Own};
use kube::api::{DynamicObject, PostParams};
use probate_contract::API_VERSION;
use probate_contract::plan::Entry;
use probate_core::ledger::{Ask, Ledger, Place, RateOf, Refused, reserve};
use probate_core::protocol::{Reservation, Step, Terms};
use probate_core::time;
use serde_json::json;

/// The one ledger.
const NAME: &str = crate::crds::Ledger::NAME;
/// Writers that come between; each has written something, so somebody gets on.
const ATTEMPTS: usize = 12;

/// The ledger as it was last read.
#[derive(Debug, Default)]
pub struct LedgerStore {
    ledger: Ledger,
    revision: Option<String>,
}

impl LedgerStore {
    /// Reads it; an installation that has none yet has an empty one.
    ///
    /// # Errors
    /// The API server does not give it, or it cannot be read: then nothing may be reserved.
    pub async fn load(access: &Access) -> Result<Self, ClusterError> {
        match Own::Ledger.api(&access.read).get_opt(NAME).await? {
            Some(object) => Self::read(object),
            None => Ok(Self::default()),
        }
    }

    fn read(object: DynamicObject) -> Result<Self, ClusterError> {
        let revision = object.metadata.resource_version.clone();
        let spec = object.data.get("spec").cloned().unwrap_or_default();
        let ledger = serde_json::from_value(spec).map_err(|error| ClusterError::Answer {
            what: format!("Ledger {NAMESPACE}/{NAME}"),
            why: error.to_string(),
        })?;
        Ok(Self { ledger, revision })
    }

    /// As it was last read.
    pub fn get(&self) -> &Ledger {
        &self.ledger
    }

    /// Every place that these policies hold for this uid.
    pub fn places(&self, uid: &str, terms: Option<&Terms>) -> Vec<Reservation> {
        let same = |place: &Place| terms.is_none_or(|terms| place.policies.iter().eq(policies(terms)));
        let own = self.ledger.places.iter().filter(|place| place.reservation.uid == uid && same(place));
        own.map(|place| place.reservation.clone()).collect()
    }

    /// What the open breaker says that holds what these policies want.
    pub fn held_by(&self, terms: Option<&Terms>) -> Option<String> {
        let ids: Vec<String> = terms.into_iter().flat_map(policies).cloned().collect();
        self.ledger.held_by(&ids).map(|open| open.detail.clone())
    }

    /// Changes it and writes it, on what is there now; `change` runs again where another replica was faster. Nothing is written
    /// where it says so.
    ///
    /// # Errors
    /// The API server refuses or does not answer. An unknown outcome counts as written: a place is never given twice.
    pub async fn change<T>(
        &mut self,
        access: &Access,
        mut change: impl FnMut(&mut Ledger) -> (T, bool),
    ) -> Result<T, ClusterError> {
        for _ in 0..ATTEMPTS {
            let mut ledger = self.ledger.clone();
            let (result, write) = change(&mut ledger);
            if !write {
                return Ok(result);
            }
            match self.write(access, &ledger).await {
                Ok(written) => {
                    *self = written;
                    return Ok(result);
                }
                Err(error) if error.code() == Some(409) => *self = Self::load(access).await?,
                Err(error) => {
                    *self = Self::load(access).await?;
                    return Err(error);
                }
            }
        }
        Err(ClusterError::Answer { what: "Ledger".into(), why: "others write it all the time".into() })
    }

    /// Takes a place for a step, or says what holds it.
    ///
    /// # Errors
    /// The ledger cannot be read or written: then there is no place.
    pub async fn reserve(
        &mut self,
        access: &Access,
        place: &PlaceOf<'_>,
        now: i64,
    ) -> Result<Result<Reservation, Refused>, ClusterError> {
        let ask = place.ask();
        self.change(access, |ledger| take(ledger, now, place.rates, &ask)).await
    }

    async fn write(&self, access: &Access, ledger: &Ledger) -> Result<Self, ClusterError> {
        let api = Own::Ledger.api(&access.write);
        let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let document = json!({
            "apiVersion": API_VERSION,
            "kind": Own::Ledger.kind(),
            "metadata": {"name": NAME, "namespace": NAMESPACE, "resourceVersion": self.revision},
            "spec": ledger,
        });
        let object: DynamicObject = serde_json::from_value(document)
            .map_err(|error| ClusterError::Answer { what: "Ledger".into(), why: error.to_string() })?;
        let written = match &self.revision {
            Some(_) => api.replace(NAME, &params, &object).await,
            None => api.create(&params, &object).await,
        };
        written.map_err(ClusterError::from).and_then(Self::read)
    }
}

/// A place, and whether it is a new one that must be written: their number need not grow, as those of yesterday go.
fn take(ledger: &mut Ledger, now: i64, rates: &[RateOf], ask: &Ask) -> (Result<Reservation, Refused>, bool) {
    let before = ledger.places.clone();
    let answer = reserve(ledger, now, rates, ask);
    let taken = answer.is_ok() && ledger.places != before;
    (answer, taken)
}

/// Those that carry it out.
fn policies(terms: &Terms) -> impl Iterator<Item = &String> {
    terms.policies.iter().map(|(id, _)| id)
}

/// For what a place is asked.
#[derive(Clone, Copy, Debug)]
pub struct PlaceOf<'a> {
    /// The step.
    pub step: Step,
    /// The decision it serves.
    pub entry: &'a Entry,
    /// What the policies ask together.
    pub terms: &'a Terms,
    /// Every rate that holds.
    pub rates: &'a [RateOf],
    /// Since when nothing wants it.
    pub unused_since: Option<&'a str>,
    /// An approved Plan names it.
    pub approved: bool,
}

impl PlaceOf<'_> {
    fn ask(&self) -> Ask {
        let identity = &self.entry.subject.identity;
        Ask {
            policies: policies(self.terms).cloned().collect(),
            namespace: identity.namespace.clone().or_else(|| self.entry.claim_namespace.clone()),
            class: self.entry.storage_class.clone(),
            step: self.step,
            uid: identity.uid.clone().unwrap_or_default(),
            decision: self.entry.decision.id.clone(),
            bytes: self.entry.bytes,
            unused_since: self.unused_since.and_then(time::parse),
            approved: self.approved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, Ledger, take};
    use probate_core::protocol::Step;

    fn ask(uid: &str) -> Ask {
        Ask {
            policies: vec!["ClusterRetentionPolicy/unused".into()],
            namespace: Some("shop".into()),
            class: None,
            step: Step::Mark,
            uid: uid.into(),
            decision: format!("{uid}-1"),
            bytes: 1,
            unused_since: None,
            approved: false,
        }
    }

    #[test]
    fn a_new_place_is_written_though_an_old_one_goes() {
        let mut ledger = Ledger::default();
        let (first, written) = take(&mut ledger, 0, &[], &ask("u-1"));
        assert!(first.is_ok() && written);
        let (again, written) = take(&mut ledger, 60, &[], &ask("u-1"));
        assert!(again.is_ok() && !written);
        let (second, written) = take(&mut ledger, 90_000, &[], &ask("u-2"));
        assert!(second.is_ok() && written);
        assert_eq!(ledger.places.len(), 1);
    }
}
