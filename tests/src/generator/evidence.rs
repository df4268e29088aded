//! Evidence documents, as the host would write them: for engines to be timed on, and to be compared on.

use super::NOW;
use super::random::Random;
use probate_contract::Fact;
use probate_core::time;
use serde_json::{Map, Value, json};

/// How the documents differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Claims of a few namespaces; most are used and look alike to a policy that asks for little.
    RealLike,
    /// Claims of namespaces of their own, each unused since a time of its own.
    AllDistinct,
    /// Anything the contract allows: every fact and field that may be absent sometimes is, every word occurs.
    Wild,
}

/// One document; `parameters` are left out, as they are the policy's.
pub fn document(seed: u64, at: usize, mix: Mix) -> Value {
    let mut random = Random::of(seed, "evidence", at);
    match mix {
        Mix::Wild => wild(&mut random, at),
        Mix::RealLike | Mix::AllDistinct => plain(&mut random, at, mix),
    }
}

/// The document with these facts alone.
pub fn project(document: &Value, facts: &[Fact]) -> Value {
    let Some(whole) = document.as_object() else { return document.clone() };
    let reads = |path: &[&str]| {
        let read = Fact::read_by(path);
        read.is_empty() || read.iter().any(|fact| facts.contains(fact))
    };
    let mut kept = Map::new();
    for (key, value) in whole {
        let parts = matches!(key.as_str(), "cluster" | "subject" | "volume" | "usage" | "retention");
        match value.as_object().filter(|_| parts) {
            Some(fields) => {
                let fields: Map<String, Value> = fields
                    .iter()
                    .filter(|(field, _)| reads(&[key, field]))
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect();
                if !fields.is_empty() {
                    kept.insert(key.clone(), Value::Object(fields));
                }
            }
            None if reads(&[key]) => drop(kept.insert(key.clone(), value.clone())),
            None => {}
        }
    }
    Value::Object(kept)
}

fn ago(seconds: u64) -> String {
    let now = time::parse(NOW).unwrap_or_default();
    time::format(now.saturating_sub(i64::try_from(seconds).unwrap_or(0)))
}

fn plain(random: &mut Random, at: usize, mix: Mix) -> Value {
    let home = if mix == Mix::RealLike { random.zipf(40) } else { at };
    let namespace = format!("team-{home}");
    let env = ["dev", "prod", "staging", "test"].get(home % 4).copied().unwrap_or_default();
    let unused = mix == Mix::AllDistinct || random.per_mille(50);
    let name = format!("data-{at}");
    let (uid, volume) = (random.uid(), random.uid());
    let age = 86_400 * (40 + random.below(500) as u64) + at as u64 % 86_400;
    let namespace_age = 86_400 * (300 + home as u64 % 400);
    let since = if mix == Mix::RealLike { 86_400 * random.below(200) as u64 } else { 60 * (at as u64 + 1) };
    let bytes = 10_737_418_240_u64;
    let usage = if unused {
        json!({"referenced": false, "state": "None", "unusedSince": ago(since), "unusedSeconds": since,
            "continuity": "Watched", "largestGapSeconds": 41})
    } else {
        json!({"referenced": true, "state": "Active"})
    };
    let references = if unused {
        json!([])
    } else {
        json!([{"cluster": "host", "kind": "Pod", "namespace": namespace, "name": format!("web-{at}"), "uid": random.uid(),
            "state": "Active", "path": "spec.volumes[0].persistentVolumeClaim.claimName"}])
    };
    json!({"apiVersion": "probate.dev/v1alpha1", "kind": "Evidence", "now": NOW,
        "cluster": {"name": "host", "uid": super::CLUSTER_UID}, "trigger": {"type": "Scan", "at": NOW},
        "subject": {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": name, "uid": uid, "createdAt": ago(age),
            "ageSeconds": age, "bytes": bytes, "labels": {"app.kubernetes.io/name": "web", "tier": "data"},
            "annotations": {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes",
                "volume.kubernetes.io/storage-provisioner": "driver.longhorn.io"},
            "finalizers": ["kubernetes.io/pvc-protection"],
            "object": {"metadata": {"name": name, "namespace": namespace, "uid": uid},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}},
                    "storageClassName": "harvester-longhorn", "volumeMode": "Filesystem", "volumeName": format!("pvc-{uid}")},
                "status": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "10Gi"}, "phase": "Bound"}}},
        "claim": {"namespace": namespace, "name": name, "uid": uid, "phase": "Bound", "volumeName": format!("pvc-{uid}"),
            "requestedBytes": bytes, "capacityBytes": bytes, "storageClassName": "harvester-longhorn",
            "volumeMode": "Filesystem", "accessModes": ["ReadWriteOnce"]},
        "volume": {"name": format!("pvc-{uid}"), "uid": volume, "phase": "Bound", "reclaimPolicy": "Delete",
            "capacityBytes": bytes, "storageClassName": "harvester-longhorn", "volumeMode": "Filesystem",
            "accessModes": ["ReadWriteOnce"], "driver": "driver.longhorn.io", "volumeHandle": format!("pvc-{uid}"),
            "claimRef": {"namespace": namespace, "name": name, "uid": uid}, "governing": true},
        "storageClass": {"name": "harvester-longhorn", "provisioner": "driver.longhorn.io", "reclaimPolicy": "Delete", "labels": {}},
        "namespace": {"name": namespace, "phase": "Active", "createdAt": ago(namespace_age), "ageSeconds": namespace_age,
            "labels": {"env": env, "kubernetes.io/metadata.name": namespace}, "annotations": {}},
        "usage": usage, "references": references, "owners": [], "counterparts": [], "snapshots": [],
        "retention": {"effective": "Delete", "from": {"cluster": "host", "kind": "PersistentVolume", "name": format!("pvc-{uid}")},
            "sources": [{"cluster": "host", "kind": "PersistentVolume", "name": format!("pvc-{uid}"), "policy": "Delete"}]}})
}

/// Picks of small vocabularies, so that equal values meet.
struct Words<'r>(&'r mut Random);

impl Words<'_> {
    fn of(&mut self, words: &[&str]) -> String {
        self.0.pick(words).copied().unwrap_or_default().to_owned()
    }

    fn name(&mut self) -> String {
        self.of(&[
            "db",
            "db-0",
            "data-db-0",
            "web",
            "a",
            "cache-old",
            "x7k2p",
            "import-scratch",
            "prime-01234567-89ab-cdef-0123-456789abcdef",
            "Ümlaut",
            "",
        ])
    }

    fn namespace(&mut self) -> String {
        self.of(&["team-a", "team-b", "default", "prod", "kube-system"])
    }

    fn maybe(&mut self) -> bool {
        self.0.per_mille(700)
    }

    fn seconds(&mut self) -> u64 {
        let days = [0, 1, 6, 7, 13, 14, 29, 30, 31, 90, 365];
        let days = self.0.pick(&days).copied().unwrap_or(0);
        (days * 86_400 + [0, 0, 1, 43_200].get(self.0.below(4)).copied().unwrap_or(0)).min(86_400 * 400)
    }

    fn time(&mut self, fields: &mut Map<String, Value>, since: &str, seconds: &str) {
        let ago_seconds = self.seconds();
        fields.insert(since.into(), json!(ago(ago_seconds)));
        fields.insert(seconds.into(), json!(ago_seconds));
    }

    fn labels(&mut self) -> Value {
        let mut labels = Map::new();
        for _ in 0..self.0.below(4) {
            let key = self.of(&["env", "tier", "app", "probate.dev/keep", "keep", "a.b/c"]);
            let value = self.of(&["prod", "dev", "db", "true", "false", ""]);
            labels.insert(key, json!(value));
        }
        Value::Object(labels)
    }

    fn annotations(&mut self) -> Value {
        let mut annotations = Map::new();
        for _ in 0..self.0.below(3) {
            let key =
                self.of(&["probate.dev/ttl", "probate.dev/expires-at", "probate.dev/keep", "owner", "note"]);
            let value = match key.as_str() {
                "probate.dev/ttl" => {
                    self.of(&["7d", "1d12h", "forever", "", "7 days", "90d", "1w", "10s", "0d"])
                }
                "probate.dev/expires-at" => self.of(&[
                    "2026-01-01T00:00:00Z",
                    "2027-01-01T00:00:00Z",
                    "2026-11-22T06:00:00Z",
                    "tomorrow",
                    "",
                ]),
                _ => self.of(&["true", "false", "someone", ""]),
            };
            annotations.insert(key, json!(value));
        }
        Value::Object(annotations)
    }

    fn identity(&mut self, kinds: &[(&str, &str)]) -> Map<String, Value> {
        let (group, kind) = self.0.pick(kinds).copied().unwrap_or_default();
        let mut fields = Map::new();
        fields.insert("cluster".into(), json!("host"));
        fields.insert("kind".into(), json!(kind));
        if !group.is_empty() {
            fields.insert("group".into(), json!(group));
        }
        if self.maybe() {
            fields.insert("namespace".into(), json!(self.namespace()));
        }
        fields.insert("name".into(), json!(self.name()));
        if self.maybe() {
            fields.insert("uid".into(), json!(self.0.uid()));
        }
        fields
    }

    fn list(&mut self, make: impl Fn(&mut Self) -> Map<String, Value>) -> Value {
        let count = self.0.below(4);
        (0..count).map(|_| Value::Object(make(self))).collect()
    }

    fn put(&mut self, fields: &mut Map<String, Value>, key: &str, words: &[&str]) {
        let word = self.of(words);
        fields.insert(key.into(), json!(word));
    }

    fn perhaps(&mut self, fields: &mut Map<String, Value>, key: &str, words: &[&str]) {
        if self.maybe() {
            self.put(fields, key, words);
        }
    }
}

const USERS: [(&str, &str); 6] = [
    ("", "Pod"),
    ("apps", "StatefulSet"),
    ("kubevirt.io", "VirtualMachine"),
    ("kubevirt.io", "VirtualMachineInstance"),
    ("batch", "Job"),
    ("harvesterhci.io", "VirtualMachineRestore"),
];
const CLASSES: [&str; 3] = ["harvester-longhorn", "gold", "old"];
const POLICIES: [&str; 3] = ["Delete", "Retain", "Recycle"];
const STATES: [&str; 7] = ["Active", "Pending", "Stopped", "Template", "Reserved", "Possible", "Finished"];

fn wild(random: &mut Random, at: usize) -> Value {
    let mut words = Words(random);
    let mut all = Map::new();
    let cluster = if words.maybe() {
        json!({"name": "host", "uid": super::CLUSTER_UID})
    } else {
        json!({"name": "host"})
    };
    for (key, value) in [
        ("apiVersion", json!("probate.dev/v1alpha1")),
        ("kind", json!("Evidence")),
        ("now", json!(NOW)),
        ("cluster", cluster),
        ("trigger", json!({"type": words.of(&["Scan", "Changed", "Due"]), "at": NOW})),
    ] {
        all.insert(key.into(), value);
    }
    let claim = words.maybe();
    all.insert("subject".into(), subject(&mut words, claim, at));
    if claim || words.maybe() {
        all.insert("claim".into(), claim_fact(&mut words));
    }
    if !claim || words.maybe() {
        all.insert("volume".into(), volume_fact(&mut words));
    }
    if words.maybe() {
        all.insert(
            "storageClass".into(),
            json!({"name": words.of(&CLASSES), "provisioner": "driver.longhorn.io",
            "reclaimPolicy": words.of(&POLICIES), "labels": words.labels()}),
        );
    }
    if words.maybe() {
        let mut fields = Map::new();
        words.time(&mut fields, "createdAt", "ageSeconds");
        fields.insert("name".into(), json!(words.namespace()));
        words.put(&mut fields, "phase", &["Active", "Terminating"]);
        fields.insert("labels".into(), words.labels());
        fields.insert("annotations".into(), words.annotations());
        all.insert("namespace".into(), Value::Object(fields));
    }
    around(&mut words, &mut all);
    Value::Object(all)
}

fn subject(words: &mut Words<'_>, claim: bool, at: usize) -> Value {
    let mut fields = Map::new();
    words.time(&mut fields, "createdAt", "ageSeconds");
    fields.insert("kind".into(), json!(if claim { "PersistentVolumeClaim" } else { "PersistentVolume" }));
    if claim {
        fields.insert("namespace".into(), json!(words.namespace()));
    }
    fields.insert("name".into(), json!(words.name()));
    fields.insert("uid".into(), json!(format!("uid-{at}")));
    if !words.maybe() {
        words.time(&mut fields, "deletingSince", "deletingSeconds");
    }
    fields.insert("bytes".into(), json!([0_u64, 1, 1_073_741_824, 10_737_418_240].get(words.0.below(4))));
    fields.insert("labels".into(), words.labels());
    fields.insert("annotations".into(), words.annotations());
    fields.insert("finalizers".into(), json!(["kubernetes.io/pvc-protection"]));
    if words.maybe() {
        fields.insert("object".into(), json!({"metadata": {"name": words.name(), "labels": words.labels()},
            "spec": {"volumeMode": words.of(&["Filesystem", "Block"])}, "status": {"phase": words.of(&["Bound", "Lost"])}}));
    }
    Value::Object(fields)
}

fn claim_fact(words: &mut Words<'_>) -> Value {
    let mut fields = Map::new();
    fields.insert("namespace".into(), json!(words.namespace()));
    fields.insert("name".into(), json!(words.name()));
    fields.insert("uid".into(), json!(words.0.uid()));
    words.put(&mut fields, "phase", &["Bound", "Pending", "Lost"]);
    fields.insert("requestedBytes".into(), json!(1_073_741_824));
    if words.maybe() {
        fields.insert("capacityBytes".into(), json!(1_073_741_824));
    }
    words.perhaps(&mut fields, "storageClassName", &CLASSES);
    words.perhaps(&mut fields, "volumeName", &["pv-1", "pv-2"]);
    words.put(&mut fields, "volumeMode", &["Filesystem", "Block"]);
    fields.insert("accessModes".into(), if words.maybe() { json!(["ReadWriteOnce"]) } else { json!([]) });
    if !words.maybe() {
        fields.insert("dataSource".into(), json!({"kind": "VolumeSnapshot", "name": words.name()}));
    }
    Value::Object(fields)
}

fn volume_fact(words: &mut Words<'_>) -> Value {
    let mut fields = Map::new();
    fields.insert("name".into(), json!(words.of(&["pv-1", "pv-2"])));
    fields.insert("uid".into(), json!(words.0.uid()));
    words.put(&mut fields, "phase", &["Bound", "Released", "Available", "Failed"]);
    if fields.get("phase") == Some(&json!("Released")) && words.maybe() {
        words.time(&mut fields, "releasedSince", "releasedSeconds");
    }
    words.put(&mut fields, "reclaimPolicy", &POLICIES);
    fields.insert("capacityBytes".into(), json!(1_073_741_824));
    words.perhaps(&mut fields, "storageClassName", &CLASSES);
    words.put(&mut fields, "volumeMode", &["Filesystem", "Block"]);
    fields.insert("accessModes".into(), json!(["ReadWriteOnce"]));
    words.perhaps(&mut fields, "driver", &["driver.longhorn.io", "rbd.csi.ceph.com"]);
    words.perhaps(&mut fields, "volumeHandle", &["pvc-1", "pvc-2"]);
    if words.maybe() {
        let mut reference = Map::new();
        reference.insert("namespace".into(), json!(words.namespace()));
        reference.insert("name".into(), json!(words.name()));
        words.perhaps(&mut reference, "uid", &["u-1", "u-2"]);
        fields.insert("claimRef".into(), Value::Object(reference));
    }
    fields.insert("governing".into(), json!(words.maybe()));
    Value::Object(fields)
}

fn usage(words: &mut Words<'_>) -> Value {
    let mut fields = Map::new();
    let referenced = !words.maybe();
    fields.insert("referenced".into(), json!(referenced));
    let states: &[&str] = if referenced { &["Active", "Stopped", "Template"] } else { &["None", "Reserved"] };
    words.put(&mut fields, "state", states);
    if !referenced && words.maybe() {
        words.time(&mut fields, "unusedSince", "unusedSeconds");
        words.put(&mut fields, "continuity", &["Watched", "Sampled", "Condition", "Assumed"]);
        if words.maybe() {
            fields.insert("largestGapSeconds".into(), json!(words.0.below(5000)));
        }
    }
    Value::Object(fields)
}

fn around(words: &mut Words<'_>, all: &mut Map<String, Value>) {
    all.insert("usage".into(), usage(words));
    let references = words.list(|words| {
        let mut fields = words.identity(&USERS);
        words.put(&mut fields, "state", &STATES);
        if words.maybe() {
            words.time(&mut fields, "stateSince", "stateSeconds");
        }
        words.perhaps(
            &mut fields,
            "path",
            &["spec.volumes[0].persistentVolumeClaim.claimName", "status.deletedVolumes[0]"],
        );
        fields
    });
    all.insert("references".into(), references);
    let owners = words.list(|words| {
        let mut fields = words.identity(&USERS);
        words.put(&mut fields, "relation", &["Controller", "OwnerReference", "CreatedFor", "Used"]);
        words.put(&mut fields, "state", &["Alive", "Deleting", "Gone"]);
        if fields.get("state") == Some(&json!("Gone")) && words.maybe() {
            words.time(&mut fields, "goneSince", "goneSeconds");
            words.perhaps(&mut fields, "successorUid", &["u-9"]);
        }
        words.perhaps(&mut fields, "platformIntent", &["Keep", "Delete"]);
        fields
    });
    all.insert("owners".into(), owners);
    if !words.maybe() {
        let mut fields = Map::new();
        words.put(&mut fields, "type", &["Rancher", "ClusterAPI", "VCluster"]);
        words.put(&mut fields, "name", &["gc1", "gc2"]);
        words.put(&mut fields, "state", &["Alive", "Gone"]);
        if fields.get("state") == Some(&json!("Gone")) {
            words.time(&mut fields, "goneSince", "goneSeconds");
        }
        all.insert("guestCluster".into(), Value::Object(fields));
    }
    let snapshots = words.list(|words| {
        let mut fields = words.identity(&[("snapshot.storage.k8s.io", "VolumeSnapshot")]);
        words.put(&mut fields, "type", &["Snapshot", "Backup"]);
        fields.insert("ready".into(), json!(words.maybe()));
        words.time(&mut fields, "createdAt", "ageSeconds");
        fields.insert("independent".into(), json!(words.maybe()));
        fields
    });
    all.insert("snapshots".into(), snapshots);
    all.insert("counterparts".into(), counterparts(words));
    let mut retention = Map::new();
    if words.maybe() {
        words.put(&mut retention, "effective", &["Delete", "Retain"]);
    }
    let policy = words.of(&["Delete", "Retain"]);
    retention.insert(
        "sources".into(),
        json!([{"cluster": "host", "kind": "PersistentVolume", "name": "pv-1", "policy": policy}]),
    );
    all.insert("retention".into(), Value::Object(retention));
}

fn counterparts(words: &mut Words<'_>) -> Value {
    words.list(|words| {
        let mut fields = words.identity(&[("", "PersistentVolume"), ("", "PersistentVolumeClaim")]);
        words.put(&mut fields, "relation", &["Host", "Guest", "Virtual"]);
        words.put(&mut fields, "linkedBy", &["VolumeHandle", "ObjectMarks", "Record"]);
        words.put(&mut fields, "state", &["Present", "Gone"]);
        if fields.get("state") == Some(&json!("Gone")) && words.maybe() {
            words.time(&mut fields, "goneSince", "goneSeconds");
        }
        words.perhaps(&mut fields, "reclaimPolicy", &["Delete", "Retain"]);
        fields
    })
}

#[cfg(test)]
mod tests {
    use super::{Mix, document, project};
    use probate_contract::Fact;
    use probate_contract::evidence::Evidence;

    #[test]
    fn documents_are_evidence_and_depend_on_the_seed_alone() {
        for mix in [Mix::RealLike, Mix::AllDistinct, Mix::Wild] {
            for at in 0..200 {
                let one = document(1, at, mix);
                assert_eq!(one, document(1, at, mix));
                let typed: Evidence = serde_json::from_value(one).unwrap();
                assert_eq!(typed.kind, "Evidence");
            }
        }
    }

    #[test]
    fn a_projection_holds_what_is_read_and_no_more() {
        let whole = document(1, 3, Mix::AllDistinct);
        let part = project(&whole, &[Fact::Namespace, Fact::UsageUnusedSince]);
        assert_eq!(part["namespace"], whole["namespace"]);
        assert_eq!(part["usage"]["unusedSeconds"], whole["usage"]["unusedSeconds"]);
        assert!(part["usage"].get("referenced").is_none() && part.get("volume").is_none());
    }
}
