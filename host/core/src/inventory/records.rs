//! Records by the uids of claim and volume.

use super::ClusterData;
use crate::explain::split_cluster;
use probate_contract::Diagnostic;
use probate_contract::evidence::ClaimRef;
use probate_contract::record::{RecordMetadata, RecordSpec, RecordStatus, RecordVolume, VolumeRecord};
use serde::Deserialize;
use serde_json::Value;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// A record in either form.
#[derive(Clone, Debug)]
pub(crate) enum AnyRecord {
    Whole(Box<VolumeRecord>),
    Short(Box<ShortRecord>),
}

/// Fields of a record's status beside the subject they are about.
#[derive(Clone, Debug)]
pub(crate) struct ShortRecord {
    pub(crate) subject: String,
    pub(crate) status: RecordStatus,
}

/// Reads a record in either form.
pub(crate) fn parse(document: &Value) -> Result<AnyRecord, String> {
    let Some(subject) = document.get("subject") else {
        let record = VolumeRecord::deserialize(document).map_err(|error| error.to_string())?;
        if record.kind != "VolumeRecord" {
            return Err(format!("kind is `{}`, not VolumeRecord", record.kind));
        }
        return Ok(AnyRecord::Whole(Box::new(record)));
    };
    let subject = subject.as_str().ok_or("subject is no text")?.to_owned();
    let mut status = document.as_object().cloned().unwrap_or_default();
    status.retain(|key, _| !matches!(key.as_str(), "subject" | "apiVersion" | "kind" | "metadata"));
    let status = RecordStatus::deserialize(Value::Object(status)).map_err(|error| error.to_string())?;
    Ok(AnyRecord::Short(Box::new(ShortRecord { subject, status })))
}

/// The whole record of a short one: its subject's uids.
pub(super) fn resolve(
    clusters: &[ClusterData],
    home: Option<&str>,
    short: ShortRecord,
) -> Result<VolumeRecord, Diagnostic> {
    let ShortRecord { subject, status } = short;
    let unknown = || {
        Diagnostic::error("PB1023", format!("the record's subject `{subject}` is not in the inventory"))
            .consequence("the record is not used; what needs it is retained")
            .fix("write pvc/NAMESPACE/NAME or pv/NAME, with CLUSTER: before it where there are several")
    };
    let (named, path) = split_cluster(&subject);
    let named = named.or(home);
    let cluster = match named {
        Some(named) => clusters.iter().find(|cluster| &*cluster.name == named),
        None => clusters.first(),
    };
    let cluster = cluster.ok_or_else(unknown)?;
    let head = |id| cluster.object(id).map(|object| &object.head);
    let parts: Vec<&str> = path.split('/').collect();
    let (claim, volume) = match parts.as_slice() {
        ["pvc", namespace, name] => {
            let claim =
                cluster.claim(namespace, name).and_then(|at| cluster.claims.get(at)).ok_or_else(unknown)?;
            (head(claim.object), None)
        }
        ["pv", name] => {
            (None, Some(cluster.volume(name).and_then(|at| cluster.volumes.get(at)).ok_or_else(unknown)?))
        }
        _ => return Err(unknown()),
    };
    let claim_of_volume = volume.and_then(|volume| volume.data.claim.as_ref());
    let spec = RecordSpec {
        cluster: Default::default(),
        claim: claim
            .map(|head| ClaimRef {
                namespace: head.namespace.to_string(),
                name: head.name.to_string(),
                uid: Some(head.uid.to_string()),
            })
            .or_else(|| {
                claim_of_volume.map(|claim| ClaimRef {
                    namespace: claim.namespace.to_string(),
                    name: claim.name.to_string(),
                    uid: None,
                })
            }),
        volume: volume.and_then(|volume| {
            let head = head(volume.object)?;
            Some(RecordVolume {
                name: head.name.to_string(),
                uid: head.uid.to_string(),
                ..RecordVolume::default()
            })
        }),
    };
    Ok(VolumeRecord {
        api_version: probate_contract::API_VERSION.into(),
        kind: "VolumeRecord".into(),
        metadata: RecordMetadata::default(),
        spec,
        status,
    })
}

/// All records; of two about one uid neither counts.
#[derive(Debug, Default)]
pub(crate) struct Records {
    records: Vec<VolumeRecord>,
    by_claim: BTreeMap<String, Option<usize>>,
    by_volume: BTreeMap<String, Option<usize>>,
}

impl Records {
    /// All records; what was only learned from dumps counts where no record speaks of the volume.
    pub(super) fn build(
        mut records: Vec<VolumeRecord>,
        learned: Vec<VolumeRecord>,
    ) -> (Self, Vec<Diagnostic>) {
        let uids = |record: &VolumeRecord| {
            let claim = record.spec.claim.as_ref().and_then(|claim| claim.uid.clone());
            let volume = record.spec.volume.as_ref().map(|volume| volume.uid.clone());
            [claim, volume].into_iter().flatten().filter(|uid| !uid.is_empty())
        };
        let told: BTreeSet<String> = records.iter().flat_map(uids).collect();
        records.extend(learned.into_iter().filter(|record| !uids(record).any(|uid| told.contains(&uid))));
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
                match map.entry(uid) {
                    Entry::Vacant(place) => {
                        place.insert(Some(at));
                    }
                    Entry::Occupied(mut place) => {
                        let message = format!("two records speak of uid `{}`", place.key());
                        diagnostics.push(
                            Diagnostic::error("PB1021", message)
                                .consequence("neither is used; what needs one is retained")
                                .fix("keep the newer one"),
                        );
                        place.insert(None);
                    }
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
