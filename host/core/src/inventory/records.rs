//! Records by the uids of claim and volume.

use probate_contract::Diagnostic;
use probate_contract::record::VolumeRecord;
use std::collections::BTreeMap;

/// All records; of two about one uid neither counts.
#[derive(Debug, Default)]
pub(crate) struct Records {
    records: Vec<VolumeRecord>,
    by_claim: BTreeMap<String, Option<usize>>,
    by_volume: BTreeMap<String, Option<usize>>,
}

impl Records {
    pub(super) fn build(mut records: Vec<VolumeRecord>) -> (Self, Vec<Diagnostic>) {
        records.sort_by_cached_key(crate::digest::canonical);
        records.dedup();
        let mut built = Self::default();
        let mut diagnostics = Vec::new();
        for (at, record) in records.iter().enumerate() {
            let claim =
                record.spec.claim.as_ref().and_then(|claim| claim.uid.clone()).filter(|uid| !uid.is_empty());
            let volume =
                record.spec.volume.as_ref().map(|volume| volume.uid.clone()).filter(|uid| !uid.is_empty());
            if claim.is_none() && volume.is_none() {
                diagnostics.push(
                    Diagnostic::warning(
                        "PB1020",
                        format!("the record `{}` names no uid", record.metadata.name),
                    )
                    .consequence("it is not used: records match by uid")
                    .fix("write spec.claim.uid or spec.volume.uid"),
                );
            }
            for (map, uid) in [(&mut built.by_claim, claim), (&mut built.by_volume, volume)] {
                let Some(uid) = uid else { continue };
                if map.contains_key(&uid) {
                    diagnostics.push(
                        Diagnostic::error("PB1021", format!("two records speak of uid `{uid}`"))
                            .consequence("neither is used; what needs one is retained")
                            .fix("keep the newer one"),
                    );
                    map.insert(uid, None);
                } else {
                    map.insert(uid, Some(at));
                }
            }
        }
        built.records = records;
        (built, diagnostics)
    }

    /// The record of a claim or volume, in a cluster of that uid where both are known.
    pub(crate) fn of(
        &self,
        claim: Option<&str>,
        volume: Option<&str>,
        cluster: Option<&str>,
    ) -> Option<&VolumeRecord> {
        let by_claim = claim.and_then(|uid| self.by_claim.get(uid));
        let by_volume = || volume.and_then(|uid| self.by_volume.get(uid));
        let at = by_claim.or_else(by_volume).copied().flatten()?;
        let record = self.records.get(at)?;
        let elsewhere = match (record.spec.cluster.uid.as_deref(), cluster) {
            (Some(recorded), Some(uid)) => recorded != uid,
            _ => false,
        };
        (!elsewhere).then_some(record)
    }
}
