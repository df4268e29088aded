//! Since when everything has been watched. A Lease keeps it over restarts: what it says was seen until its last renewal; a longer
//! silence than the settings allow begins a new era, and disuse is counted anew.

use crate::connect::Access;
use crate::error::{ClusterError, code};
use crate::own::{FIELD_MANAGER, NAMESPACE};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Api, PostParams};
use probate_contract::evidence::Continuity;
use probate_contract::record::{Observation, VolumeRecord};
use probate_core::time;
use std::collections::BTreeMap;

const NAME: &str = "probate-watch";
const SINCE: &str = "probate.dev/watching-since";
const GAP: &str = "probate.dev/largest-gap-seconds";
/// How often it is renewed.
pub(super) const RENEW_SECONDS: i64 = 30;

/// A time of watching without a break that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Era {
    /// Since when.
    pub(super) since: i64,
    /// Until when it is known.
    pub(super) until: i64,
    /// The longest silence in it.
    pub(super) largest_gap: i64,
}

impl Era {
    /// What comes after a silence until `now`.
    pub(super) fn resumed(self, now: i64, maximum_gap: i64) -> Self {
        let gap = now.saturating_sub(self.until);
        // A clock that went back tells nothing about how long nobody looked.
        if self.since == 0 || gap > maximum_gap || gap < 0 {
            return Self { since: now, until: now, largest_gap: 0 };
        }
        Self { since: self.since, until: now, largest_gap: self.largest_gap.max(gap) }
    }

    /// Since when this process has watched, which says `watched`: after a silence, or a clock that jumped, only since now.
    pub(super) fn watched(&self, watched: i64, now: i64, maximum_gap: i64) -> i64 {
        watched.max(self.clone().resumed(now, maximum_gap).since)
    }

    /// A record as it is to be believed now: what was last written in this era has been watched since.
    pub(super) fn believed(&self, mut record: VolumeRecord) -> VolumeRecord {
        let Some(observation) = &mut record.status.observation else { return record };
        let last = observation.last_at.as_deref().and_then(time::parse);
        if observation.continuity == Continuity::Watched && last.is_some_and(|last| last >= self.since) {
            let gap = observation.largest_gap_seconds.unwrap_or(0).max(self.largest_gap);
            *observation = Observation {
                last_at: Some(time::format(self.until)),
                largest_gap_seconds: (gap > 0).then_some(gap),
                ..observation.clone()
            };
        }
        record
    }
}

fn api(access: &Access) -> Api<Lease> {
    Api::namespaced(access.write.clone(), NAMESPACE)
}

/// Reads the last era.
///
/// # Errors
/// The API server does not give the Lease.
pub(super) async fn load(access: &Access) -> Result<Era, ClusterError> {
    let Some(lease) = api(access).get_opt(NAME).await? else { return Ok(Era::default()) };
    let annotations = lease.metadata.annotations.unwrap_or_default();
    let number = |key: &str| annotations.get(key);
    let since = number(SINCE).and_then(|text| time::parse(text)).unwrap_or(0);
    let largest_gap = number(GAP).and_then(|text| text.parse().ok()).unwrap_or(0);
    let until = lease.spec.and_then(|spec| spec.renew_time).map_or(0, |at| at.0.as_second());
    Ok(Era { since, until, largest_gap })
}

/// Writes the era down. Another replica may have done so: the later word of an equal era stays.
///
/// # Errors
/// The API server refuses or does not answer.
pub(super) async fn renew(access: &Access, era: &Era) -> Result<(), ClusterError> {
    let api = api(access);
    let renewed = jiff::Timestamp::from_second(era.until)
        .map_err(|error| ClusterError::Answer { what: "clock".into(), why: error.to_string() })?;
    let annotations = BTreeMap::from([
        (SINCE.to_owned(), time::format(era.since)),
        (GAP.to_owned(), era.largest_gap.to_string()),
    ]);
    let current = api.get_opt(NAME).await?;
    let metadata = ObjectMeta {
        name: Some(NAME.into()),
        namespace: Some(NAMESPACE.into()),
        resource_version: current.as_ref().and_then(|lease| lease.metadata.resource_version.clone()),
        annotations: Some(annotations),
        ..ObjectMeta::default()
    };
    let spec = LeaseSpec { renew_time: Some(MicroTime(renewed)), ..LeaseSpec::default() };
    let lease = Lease { metadata, spec: Some(spec) };
    let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
    let written = match current {
        Some(_) => api.replace(NAME, &params, &lease).await,
        None => api.create(&params, &lease).await,
    };
    match written {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some(409) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::Era;

    #[test]
    fn a_short_silence_goes_on_and_a_long_one_begins_anew() {
        let era = Era { since: 100, until: 200, largest_gap: 5 };
        assert_eq!(era.clone().resumed(230, 60), Era { since: 100, until: 230, largest_gap: 30 });
        assert_eq!(era.clone().resumed(300, 60), Era { since: 300, until: 300, largest_gap: 0 });
        assert_eq!(
            era.resumed(150, 60),
            Era { since: 150, until: 150, largest_gap: 0 },
            "a clock that went back"
        );
        assert_eq!(Era::default().resumed(7, 60).since, 7);
        let era = Era { since: 100, until: 200, largest_gap: 5 };
        assert_eq!((era.watched(150, 230, 60), era.watched(90, 230, 60)), (150, 100));
        let month = 31 * 86_400;
        assert_eq!(era.watched(150, 200 + month, 60), 200 + month, "a clock that jumped");
    }
}
