//! Volume records: kept in our namespace, written with the revision that was read.

use crate::apply::forget;
use crate::connect::Access;
use crate::error::ClusterError;
use crate::own::{FIELD_MANAGER, NAMESPACE, Own};
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use probate_contract::API_VERSION;
use probate_contract::record::{RecordMetadata, RecordStatus, VolumeRecord};
use probate_core::observe;
use probate_core::protocol::Outcome;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A record with the revision it was read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The record.
    pub record: VolumeRecord,
    /// Its resourceVersion.
    pub revision: String,
    /// Its own uid.
    pub uid: String,
    /// Who else wrote it, as managedFields tell.
    pub foreign: Option<String>,
}

/// All records of our namespace.
#[derive(Clone, Debug, Default)]
pub struct Records {
    by_name: BTreeMap<String, Kept>,
    /// Uids of volumes, and the records that name them.
    of_volume: BTreeSet<(String, String)>,
    /// Written here, and not yet seen by the watch.
    ahead: BTreeSet<String>,
    /// Uids of whose record is another one than when this was asked last.
    changed: BTreeSet<String>,
}

/// The uids that a record is about: of the claim, of the volume.
pub fn uids(record: &VolumeRecord) -> impl Iterator<Item = &str> {
    let claim = record.spec.claim.as_ref().and_then(|claim| claim.uid.as_deref());
    let volume = record.spec.volume.as_ref().map(|volume| volume.uid.as_str());
    claim.into_iter().chain(volume).filter(|uid| !uid.is_empty())
}

fn api(access: &Access) -> Api<DynamicObject> {
    Own::Record.api(&access.write)
}

fn read(object: DynamicObject) -> Result<Kept, ClusterError> {
    let name = object.metadata.name.clone().unwrap_or_default();
    let revision = object.metadata.resource_version.clone().unwrap_or_default();
    let uid = object.metadata.uid.clone().unwrap_or_default();
    let writers = object.metadata.managed_fields.iter().flatten().filter_map(|entry| entry.manager.clone());
    let foreign = writers.filter(|manager| manager != FIELD_MANAGER).min();
    let broken = |error: serde_json::Error| ClusterError::Answer {
        what: format!("VolumeRecord {NAMESPACE}/{name}"),
        why: error.to_string(),
    };
    let value = serde_json::to_value(&object).map_err(broken)?;
    let mut record: VolumeRecord = serde_json::from_value(value).map_err(broken)?;
    record.metadata = RecordMetadata { name: name.clone(), namespace: NAMESPACE.into() };
    Ok(Kept { record, revision, uid, foreign })
}

fn document(record: &VolumeRecord, revision: Option<&str>) -> Result<DynamicObject, ClusterError> {
    let name = observe::name(&record.spec);
    let document = json!({
        "apiVersion": API_VERSION,
        "kind": Own::Record.kind(),
        "metadata": {"name": name, "namespace": NAMESPACE, "resourceVersion": revision},
        "spec": record.spec,
        "status": record.status,
    });
    serde_json::from_value(document).map_err(|error| ClusterError::Answer {
        what: format!("VolumeRecord {NAMESPACE}/{name}"),
        why: error.to_string(),
    })
}

impl Records {
    /// Reads all of them at the API server's latest state.
    ///
    /// # Errors
    /// The API server does not give them, or one cannot be read: a record that is not understood may hold a veto.
    pub async fn load(access: &Access) -> Result<Self, ClusterError> {
        let mut records = Self::default();
        let mut params = ListParams::default().limit(500);
        loop {
            let page = Own::Record.api(&access.read).list(&params).await?;
            for object in page.items {
                records.set(read(object)?);
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(records),
            }
        }
    }

    /// Reads all of them again, at the API server's latest state.
    ///
    /// # Errors
    /// As `load`.
    pub async fn reload(&mut self, access: &Access) -> Result<(), ClusterError> {
        let Self { by_name, of_volume, ahead, .. } = Self::load(access).await?;
        let before = std::mem::replace(&mut self.by_name, by_name);
        (self.of_volume, self.ahead) = (of_volume, ahead);
        self.compare(&before);
        Ok(())
    }

    fn compare(&mut self, before: &BTreeMap<String, Kept>) {
        let differs = |left: &BTreeMap<String, Kept>, (name, kept): &(&String, &Kept)| {
            left.get(*name).is_none_or(|other| (&other.uid, &other.revision) != (&kept.uid, &kept.revision))
        };
        let come = self.by_name.iter().filter(|one| differs(before, one));
        let gone = before.iter().filter(|one| differs(&self.by_name, one));
        let other = come.chain(gone).flat_map(|(_, kept)| uids(&kept.record)).map(str::to_owned);
        self.changed.extend(other.collect::<Vec<_>>());
    }

    /// Uids of whose record is another one than when this was asked last.
    pub fn take_changed(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.changed)
    }

    fn set(&mut self, kept: Kept) {
        let name = kept.record.metadata.name.clone();
        self.unset(&name);
        self.changed.extend(uids(&kept.record).map(str::to_owned));
        if let Some(volume) = &kept.record.spec.volume {
            self.of_volume.insert((volume.uid.clone(), name.clone()));
        }
        self.by_name.insert(name, kept);
    }

    fn unset(&mut self, name: &str) {
        let Some(kept) = self.by_name.remove(name) else { return };
        self.changed.extend(uids(&kept.record).map(str::to_owned));
        if let Some(volume) = kept.record.spec.volume {
            self.of_volume.remove(&(volume.uid, name.to_owned()));
        }
    }

    /// In order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Kept> + Clone {
        self.by_name.values()
    }

    /// The record of that name.
    pub fn get(&self, name: &str) -> Option<&Kept> {
        self.by_name.get(name)
    }

    /// The record that names this uid, of a claim or of a volume.
    pub fn of_uid(&self, uid: &str) -> Option<&Kept> {
        self.by_name.get(&format!("c-{uid}")).or_else(|| {
            let (volume, name) = self.of_volume.range((uid.to_owned(), String::new())..).next()?;
            self.by_name.get(name).filter(|_| volume == uid)
        })
    }

    /// Since when nothing wanted what has this uid.
    pub fn unused_since(&self, uid: &str) -> Option<String> {
        self.of_uid(uid)?.record.status.unused_since.clone()
    }

    /// Takes what a watch says; what was written here meanwhile and the watch has not seen yet stays.
    ///
    /// # Errors
    /// One cannot be read: it may hold a veto.
    pub fn learn(&mut self, objects: Vec<Arc<DynamicObject>>) -> Result<(), ClusterError> {
        let mut seen = BTreeMap::new();
        for object in objects {
            let meta = &object.metadata;
            let same = |kept: &&Kept| {
                meta.uid.as_ref() == Some(&kept.uid) && meta.resource_version.as_ref() == Some(&kept.revision)
            };
            let known = meta.name.as_ref().and_then(|name| self.by_name.get(name)).filter(same);
            let kept = known.map_or_else(|| read((*object).clone()), |known| Ok(known.clone()))?;
            seen.insert(kept.record.metadata.name.clone(), kept);
        }
        let number = |kept: &Kept| kept.revision.parse::<u64>().unwrap_or(0);
        let by_name = &self.by_name;
        self.ahead.retain(|name| {
            let (Some(own), watched) = (by_name.get(name), seen.get(name)) else { return false };
            let behind = watched.is_none_or(|watched| number(watched) < number(own));
            if behind {
                seen.insert(name.clone(), own.clone());
            }
            behind
        });
        let volume = |(name, kept): (&String, &Kept)| {
            Some((kept.record.spec.volume.as_ref()?.uid.clone(), name.clone()))
        };
        self.of_volume = seen.iter().filter_map(volume).collect();
        let before = std::mem::replace(&mut self.by_name, seen);
        self.compare(&before);
        Ok(())
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Reads one anew.
    ///
    /// # Errors
    /// The API server does not give it.
    pub async fn refresh(&mut self, access: &Access, name: &str) -> Result<Option<&Kept>, ClusterError> {
        match Own::Record.api(&access.read).get_opt(name).await? {
            Some(object) => {
                let kept = read(object)?;
                self.set(kept);
            }
            None => self.unset(name),
        }
        Ok(self.by_name.get(name))
    }

    /// Writes a record that is new or has changed: its identity once, its status by the revision that was read.
    ///
    /// # Errors
    /// The API server refuses. 409: somebody else wrote it; nothing was changed, and it was read anew.
    pub async fn put(&mut self, access: &Access, record: &VolumeRecord) -> Result<(), ClusterError> {
        let name = observe::name(&record.spec);
        if name.is_empty() {
            return Err(ClusterError::Answer { what: "VolumeRecord".into(), why: "it names no uid".into() });
        }
        let written = self.write(access, &name, record).await;
        match written {
            Ok(kept) => {
                self.ahead.insert(name);
                self.set(kept);
                Ok(())
            }
            Err(error) => {
                // A conflict, or an outcome that is not known: what is there now counts.
                self.refresh(access, &name).await?;
                Err(error)
            }
        }
    }

    async fn write(&self, access: &Access, name: &str, record: &VolumeRecord) -> Result<Kept, ClusterError> {
        let api = api(access);
        let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let known = match self.by_name.get(name) {
            Some(kept) => kept.clone(),
            None => read(api.create(&params, &document(record, None)?).await?)?,
        };
        let mut revision = known.revision;
        let mut kept = None;
        if known.record.spec != record.spec {
            let replaced = api.replace(name, &params, &document(record, Some(&revision))?).await?;
            let replaced = read(replaced)?;
            revision.clone_from(&replaced.revision);
            kept = Some(replaced);
        }
        if known.record.status != record.status {
            let body = document(record, Some(&revision))?;
            let replaced = api.replace_status(name, &params, &body).await?;
            kept = Some(read(replaced)?);
        }
        let (uid, foreign) = (known.uid, known.foreign);
        Ok(kept.unwrap_or(Kept { record: known.record, revision, uid, foreign }))
    }

    /// Removes the record of something long gone.
    ///
    /// # Errors
    /// The API server refuses, or somebody else wrote it meanwhile.
    pub async fn remove(&mut self, access: &Access, name: &str) -> Result<(), ClusterError> {
        let Some(kept) = self.by_name.get(name) else { return Ok(()) };
        let url = format!("/apis/{API_VERSION}/namespaces/{NAMESPACE}/volumerecords/{name}");
        let reply = forget(&access.write, &url, &kept.uid, &kept.revision).await;
        if !matches!(reply.outcome(), Outcome::Applied | Outcome::Gone) {
            return Err(ClusterError::Answer {
                what: format!("removal of VolumeRecord {name}"),
                why: reply.message,
            });
        }
        self.unset(name);
        Ok(())
    }

    /// The statuses of all records as they are to be believed now.
    pub fn documents(&self) -> Vec<VolumeRecord> {
        self.by_name.values().map(|kept| kept.record.clone()).collect()
    }

    /// The status of a record, empty where there is none.
    pub fn status(&self, name: &str) -> RecordStatus {
        self.by_name.get(name).map(|kept| kept.record.status.clone()).unwrap_or_default()
    }
}
