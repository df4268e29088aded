//! The API server, and the controllers that Kubernetes and a CSI driver run beside it.

use probate_contract::record::{RecordStatus, VolumeRecord};
use probate_core::ledger::Ledger;
use probate_core::protocol::{Intended, Request, Seen, Step, Target, Write};
use probate_core::time;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// When every world begins.
pub(crate) const START: i64 = 1_795_327_200;

/// What the API server answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    Done(String),
    Refused(u16, String),
}

#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) now: i64,
    revision: u64,
    made: u64,
    pub(crate) claims: BTreeMap<(String, String), Value>,
    pub(crate) volumes: BTreeMap<String, Value>,
    pub(crate) namespaces: BTreeMap<String, Value>,
    /// Everything else that evidence is made of.
    pub(crate) others: BTreeMap<String, Value>,
    pub(crate) records: BTreeMap<String, (u64, VolumeRecord)>,
    pub(crate) ledger: (u64, Ledger),
    /// What the storage system holds, by handle.
    pub(crate) assets: BTreeMap<String, String>,
    /// The admission policy is in force.
    pub(crate) admission: bool,
    /// Requests of ours that are answered with 403.
    pub(crate) denied: BTreeSet<Intended>,
    /// Volumes that we handed to the driver, by uid.
    pub(crate) handed: BTreeSet<String>,
    /// Volumes that somebody else let go, by uid.
    pub(crate) doomed: BTreeSet<String>,
    /// Volumes about which a replica acted on an old look, by uid.
    pub(crate) late: BTreeSet<String>,
    /// Every destroyed asset.
    pub(crate) destroyed: Vec<String>,
    /// Uids of what we deleted.
    pub(crate) deleted: Vec<String>,
    /// Committed writes of ours, dry runs apart.
    pub(crate) writes: Vec<(Step, Intended, String)>,
    /// Every place that was ever taken: step, uid, time.
    pub(crate) places: Vec<(Step, String, i64)>,
}

pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

impl Api {
    pub(crate) fn new() -> Self {
        let mut api = Self {
            now: START,
            revision: 100,
            made: 0,
            claims: BTreeMap::new(),
            volumes: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            others: BTreeMap::new(),
            records: BTreeMap::new(),
            ledger: (1, Ledger::default()),
            assets: BTreeMap::new(),
            admission: true,
            denied: BTreeSet::new(),
            handed: BTreeSet::new(),
            doomed: BTreeSet::new(),
            late: BTreeSet::new(),
            destroyed: Vec::new(),
            deleted: Vec::new(),
            writes: Vec::new(),
            places: Vec::new(),
        };
        api.namespace("kube-system");
        api.namespace("shop");
        api
    }

    fn uid(&mut self) -> String {
        self.made += 1;
        format!("uid-{:04}", self.made)
    }

    pub(crate) fn bump(&mut self, object: &mut Value) {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
    }

    pub(crate) fn namespace(&mut self, name: &str) {
        let uid = self.uid();
        let mut object = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "uid": uid, "creationTimestamp": time::format(self.now - 9_000_000)},
            "status": {"phase": "Active"}});
        self.bump(&mut object);
        self.namespaces.insert(name.into(), object);
    }

    /// A claim without a volume.
    pub(crate) fn claim(&mut self, name: &str, volume: Option<&str>) -> String {
        let uid = self.uid();
        let phase = if volume.is_some() { "Bound" } else { "Pending" };
        let mut object = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": "shop", "uid": uid, "labels": {"app": "db"},
                "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
                "finalizers": ["kubernetes.io/pvc-protection"],
                "creationTimestamp": time::format(self.now - 1_000_000)},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "volumeMode": "Filesystem",
                "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": phase}});
        if let Some(volume) = volume {
            object["spec"]["volumeName"] = json!(volume);
            object["status"]["capacity"] = json!({"storage": "1Gi"});
        }
        self.bump(&mut object);
        self.claims.insert(("shop".into(), name.into()), object);
        uid
    }

    /// A volume with an asset, for that claim.
    pub(crate) fn volume(&mut self, name: &str, claim: &str, claim_uid: &str) -> String {
        let uid = self.uid();
        let mut object = json!({"apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": name, "uid": uid, "finalizers": ["kubernetes.io/pv-protection"],
                "annotations": {"pv.kubernetes.io/provisioned-by": "csi.example.com"},
                "creationTimestamp": time::format(self.now - 1_000_000)},
            "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
                "storageClassName": "fast", "persistentVolumeReclaimPolicy": "Delete",
                "csi": {"driver": "csi.example.com", "volumeHandle": format!("asset-{uid}")},
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "shop", "name": claim, "uid": claim_uid}},
            "status": {"phase": "Bound"}});
        self.bump(&mut object);
        self.assets.insert(format!("asset-{uid}"), format!("data of {uid}"));
        self.volumes.insert(name.into(), object);
        uid
    }

    /// A claim and the volume it is bound to; the uids of both.
    pub(crate) fn pair(&mut self, name: &str) -> (String, String) {
        let volume = format!("pvc-{name}-{}", self.made);
        let claim = self.claim(name, Some(&volume));
        let uid = self.volume(&volume, name, &claim);
        (claim, uid)
    }

    /// What uses a claim.
    pub(crate) fn pod(&mut self, name: &str, claim: &str) {
        let uid = self.uid();
        let mut object = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "uid": uid, "creationTimestamp": time::format(self.now)},
            "spec": {"nodeName": "n1", "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]},
            "status": {"phase": "Running"}});
        self.bump(&mut object);
        self.others.insert(format!("pod/{name}"), object);
    }

    pub(crate) fn see_claim(&self, namespace: &str, name: &str) -> Seen {
        let found = self.claims.get(&(namespace.to_owned(), name.to_owned()));
        found.map_or(Seen::Absent, |object| Seen::Present(object.clone()))
    }

    pub(crate) fn see_volume(&self, name: &str) -> Seen {
        self.volumes.get(name).map_or(Seen::Absent, |object| Seen::Present(object.clone()))
    }

    pub(crate) fn see_namespace(&self, name: &str) -> Seen {
        self.namespaces.get(name).map_or(Seen::Absent, |object| Seen::Present(object.clone()))
    }

    /// A change of one object, with a new revision.
    pub(crate) fn edit_claim(&mut self, name: &str, change: impl FnOnce(&mut Value)) -> bool {
        let key = ("shop".to_owned(), name.to_owned());
        let Some(mut object) = self.claims.remove(&key) else { return false };
        change(&mut object);
        self.bump(&mut object);
        self.claims.insert(key, object);
        true
    }

    pub(crate) fn edit_volume(&mut self, name: &str, change: impl FnOnce(&mut Value)) -> bool {
        let Some(mut object) = self.volumes.remove(name) else { return false };
        change(&mut object);
        self.bump(&mut object);
        self.volumes.insert(name.to_owned(), object);
        true
    }

    /// One request of ours.
    pub(crate) fn send(&mut self, write: &Write) -> Reply {
        if self.denied.contains(&write.intended) {
            return Reply::Refused(403, "denied by a webhook".into());
        }
        self.judge(write);
        let reply = match (&write.target, &write.request) {
            (target, Request::Patch { json_patch } | Request::ReclaimDelete { json_patch, .. }) => {
                self.patch(target, json_patch)
            }
            (target, Request::Delete { uid, resource_version, dry_run, .. }) => {
                self.delete(target, uid, resource_version, *dry_run)
            }
            (Target::Claim { namespace, name }, Request::Create { body, dry_run }) => {
                self.create(namespace, name, body, *dry_run)
            }
            (Target::Volume { .. }, Request::Create { .. }) => Reply::Refused(405, "no".into()),
        };
        if let Reply::Done(uid) = &reply
            && !write.dry_run()
        {
            self.writes.push((write.step, write.intended, uid.clone()));
            if write.intended == Intended::ReclaimDelete {
                self.handed.insert(uid.clone());
            }
            if matches!(write.request, Request::Delete { .. }) {
                assert!(!self.deleted.contains(uid), "{uid} was deleted twice");
                self.deleted.push(uid.clone());
            }
        }
        reply
    }

    /// What holds for every request of ours, whatever becomes of it.
    fn judge(&self, write: &Write) {
        let object = match &write.target {
            Target::Claim { namespace, name } => self.claims.get(&(namespace.clone(), name.clone())),
            Target::Volume { name } => self.volumes.get(name),
        };
        let uid = object.map(|object| text(object, "/metadata/uid")).unwrap_or_default();
        // A delete that was decided before a roll-back began may still come, until the claim's mark is off.
        let late = |intent: &str| write.intended == Intended::DeleteClaim && intent == "RollBack";
        let mentions = |status: &RecordStatus| {
            let intent = status.intent.as_ref().map(|intent| intent.write.as_str());
            intent.is_some_and(|intent| intent == write.intended.name() || late(intent))
        };
        let recorded = self.records.values().find(|(_, record)| {
            let claim = record.spec.claim.as_ref().and_then(|claim| claim.uid.as_deref());
            let volume = record.spec.volume.as_ref().map(|volume| volume.uid.as_str());
            mentions(&record.status) && (claim == Some(uid) || volume == Some(uid))
        });
        let current = |version: &str| object.is_some_and(|o| text(o, "/metadata/resourceVersion") == version);
        match &write.request {
            Request::Delete { uid: meant, resource_version, ticket, dry_run } => {
                assert_eq!(ticket.uid(), meant, "the ticket is for another object");
                if *dry_run || uid != meant || !current(resource_version) {
                    return;
                }
                let (_, record) = recorded.expect("a delete without its intent in the record");
                if write.intended == Intended::DeleteClaim {
                    let name = record.spec.volume.as_ref().map(|volume| volume.name.clone()).unwrap();
                    let volume = &self.volumes[&name];
                    assert_eq!(text(volume, "/spec/persistentVolumeReclaimPolicy"), "Retain");
                    assert!(self.admission, "quarantined without the admission policy");
                    let quarantine = record.status.quarantine.as_ref().unwrap();
                    assert!(quarantine.manifests.claim.contains(uid), "nothing to restore from");
                }
            }
            Request::ReclaimDelete { ticket, json_patch } if write.intended == Intended::ReclaimDelete => {
                assert_eq!(write.step, Step::Purge);
                let version = json_patch[1]["value"].as_str().unwrap();
                if uid == ticket.uid() && current(version) {
                    assert!(recorded.is_some(), "a purge without its intent in the record");
                }
            }
            Request::Patch { json_patch } => {
                let deletes = json_patch.iter().any(|operation| {
                    operation["path"] == json!("/spec/persistentVolumeReclaimPolicy")
                        && operation["value"] != json!("Retain")
                });
                assert!(!deletes, "a patch to Delete without a ticket");
            }
            Request::ReclaimDelete { .. } | Request::Create { .. } => {}
        }
    }

    fn patch(&mut self, target: &Target, operations: &[Value]) -> Reply {
        let object = match target {
            Target::Claim { namespace, name } => self.claims.get(&(namespace.clone(), name.clone())),
            Target::Volume { name } => self.volumes.get(name),
        };
        let Some(mut object) = object.cloned() else { return Reply::Refused(404, "not found".into()) };
        for operation in operations {
            if let Err(message) = apply(&mut object, operation) {
                return Reply::Refused(422, message);
            }
        }
        self.bump(&mut object);
        let uid = text(&object, "/metadata/uid").to_owned();
        match target {
            Target::Claim { namespace, name } => {
                self.claims.insert((namespace.clone(), name.clone()), object);
            }
            Target::Volume { name } => {
                self.volumes.insert(name.clone(), object);
            }
        }
        Reply::Done(uid)
    }

    fn delete(&mut self, target: &Target, uid: &str, version: &str, dry_run: bool) -> Reply {
        let object = match target {
            Target::Claim { namespace, name } => self.claims.get_mut(&(namespace.clone(), name.clone())),
            Target::Volume { name } => self.volumes.get_mut(name),
        };
        let Some(object) = object else { return Reply::Refused(404, "not found".into()) };
        if text(object, "/metadata/uid") != uid || text(object, "/metadata/resourceVersion") != version {
            return Reply::Refused(409, "the precondition does not match".into());
        }
        if !dry_run {
            object["metadata"]["deletionTimestamp"] = json!(time::format(self.now));
            let mut changed = object.clone();
            self.bump(&mut changed);
            match target {
                Target::Claim { namespace, name } => {
                    self.claims.insert((namespace.clone(), name.clone()), changed);
                }
                Target::Volume { name } => {
                    self.volumes.insert(name.clone(), changed);
                }
            }
        }
        Reply::Done(uid.to_owned())
    }

    fn create(&mut self, namespace: &str, name: &str, body: &Value, dry_run: bool) -> Reply {
        let key = (namespace.to_owned(), name.to_owned());
        if self.claims.contains_key(&key) {
            return Reply::Refused(409, "already exists".into());
        }
        if !self.namespaces.contains_key(namespace) {
            return Reply::Refused(404, "no such namespace".into());
        }
        for part in ["ownerReferences", "finalizers", "uid"] {
            assert!(body["metadata"].get(part).is_none(), "a restored claim with {part}");
        }
        assert!(body["spec"].get("dataSource").is_none(), "a restored claim would be filled anew");
        if dry_run {
            return Reply::Done(String::new());
        }
        let mut object = body.clone();
        let uid = self.uid();
        object["metadata"]["uid"] = json!(uid);
        object["metadata"]["creationTimestamp"] = json!(time::format(self.now));
        object["status"] = json!({"phase": "Pending"});
        self.bump(&mut object);
        self.claims.insert(key, object);
        Reply::Done(uid)
    }

    /// Kubernetes' own controllers and the driver, once.
    pub(crate) fn controllers(&mut self) {
        self.protection();
        self.binder();
        self.driver();
    }

    fn protection(&mut self) {
        let used = |name: &str| {
            self.others.values().any(|object| {
                object["kind"] == json!("Pod")
                    && object["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == json!(name)
            })
        };
        let gone: Vec<(String, String)> = self
            .claims
            .iter()
            .filter(|((_, name), claim)| claim["metadata"].get("deletionTimestamp").is_some() && !used(name))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.claims.remove(&key);
        }
    }

    fn binder(&mut self) {
        for name in self.volumes.keys().cloned().collect::<Vec<_>>() {
            let volume = &self.volumes[&name];
            let reference = |part: &str| text(volume, &format!("/spec/claimRef/{part}")).to_owned();
            let (namespace, claim, uid) = (reference("namespace"), reference("name"), reference("uid"));
            if claim.is_empty() {
                continue;
            }
            let found = self.claims.get(&(namespace.clone(), claim.clone()));
            let owner = found.map(|claim| text(claim, "/metadata/uid").to_owned());
            if uid.is_empty() {
                let free = found.is_some_and(|claim| {
                    let asked = text(claim, "/spec/volumeName");
                    text(claim, "/status/phase") == "Pending" && (asked.is_empty() || asked == name)
                });
                if let Some(owner) = owner.filter(|_| free) {
                    self.bind(&name, &(namespace, claim), &owner);
                } else if text(&self.volumes[&name], "/status/phase") != "Available" {
                    self.edit_volume(&name, |volume| volume["status"]["phase"] = json!("Available"));
                }
            } else if owner.as_deref() != Some(&uid) && text(volume, "/status/phase") != "Released" {
                let now = time::format(self.now);
                self.edit_volume(&name, |volume| {
                    volume["status"] = json!({"phase": "Released", "lastPhaseTransitionTime": now});
                });
            }
        }
        // Immediate binding: a claim that no volume is kept for gets a new one.
        for key in self.claims.keys().cloned().collect::<Vec<_>>() {
            let claim = &self.claims[&key];
            let waits = text(claim, "/status/phase") == "Pending"
                && text(claim, "/spec/volumeName").is_empty()
                && claim["metadata"].get("deletionTimestamp").is_none()
                && text(claim, "/spec/storageClassName") == "fast"
                && key.1.starts_with("again");
            let kept = self.volumes.values().any(|volume| {
                text(volume, "/spec/claimRef/name") == key.1 && text(volume, "/spec/claimRef/uid").is_empty()
            });
            if waits && !kept {
                let uid = text(claim, "/metadata/uid").to_owned();
                let name = format!("pvc-new-{}", self.made);
                self.volume(&name, &key.1, &uid);
                self.bind(&name, &key, &uid);
            }
        }
    }

    fn bind(&mut self, volume: &str, key: &(String, String), uid: &str) {
        self.edit_volume(volume, |object| {
            object["spec"]["claimRef"]["uid"] = json!(uid);
            object["status"] = json!({"phase": "Bound"});
        });
        let mut claim = self.claims[key].clone();
        claim["spec"]["volumeName"] = json!(volume);
        claim["status"] = json!({"phase": "Bound", "capacity": {"storage": "1Gi"}});
        self.bump(&mut claim);
        self.claims.insert(key.clone(), claim);
    }

    /// Destroys what is released with policy Delete, and what goes with a deleted object; the admission policy keeps marked ones.
    fn driver(&mut self) {
        for name in self.volumes.keys().cloned().collect::<Vec<_>>() {
            let volume = &self.volumes[&name];
            let deleting = volume["metadata"].get("deletionTimestamp").is_some();
            let policy = text(volume, "/spec/persistentVolumeReclaimPolicy");
            let bound = text(volume, "/status/phase") == "Bound";
            let released = text(volume, "/status/phase") == "Released";
            let made = volume["metadata"]["annotations"].get("pv.kubernetes.io/provisioned-by").is_some();
            let uid = text(volume, "/metadata/uid").to_owned();
            let handle = text(volume, "/spec/csi/volumeHandle").to_owned();
            if policy == "Delete" && made && (released || (deleting && !bound)) {
                let ours = self.handed.contains(&uid);
                assert!(ours || self.doomed.contains(&uid), "nobody let {name} go, and it is destroyed");
                self.assets.remove(&handle);
                self.destroyed.push(handle);
                let marked = volume["metadata"]["labels"].get("probate.dev/state").is_some();
                assert!(!(marked && self.admission), "the driver may not delete {name}, it is marked");
                self.volumes.remove(&name);
            } else if deleting && !bound {
                self.volumes.remove(&name);
            }
        }
    }
}

fn apply(object: &mut Value, operation: &Value) -> Result<(), String> {
    let path = operation["path"].as_str().unwrap();
    let (parent, key) = path.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    let failed = || format!("testing path {path} failed");
    match operation["op"].as_str().unwrap() {
        "test" => {
            let same = object.pointer(path) == Some(&operation["value"]);
            if same { Ok(()) } else { Err(failed()) }
        }
        "add" => {
            let parent = object.pointer_mut(parent).and_then(Value::as_object_mut).ok_or_else(failed)?;
            parent.insert(key, operation["value"].clone());
            Ok(())
        }
        "remove" => {
            let parent = object.pointer_mut(parent).and_then(Value::as_object_mut).ok_or_else(failed)?;
            parent.remove(&key).map(|_| ()).ok_or_else(failed)
        }
        other => panic!("operation {other}"),
    }
}
