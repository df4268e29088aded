//! What means a claim without naming it: by its labels, its namespace, its owners, the uid in its name.

use super::index::{Reference, reference};
use super::lookup::Lookup;
use super::{ClusterData, ObjectId};
use crate::kinds::custom::hash_of;
use crate::kinds::{self, ANYWHERE, Edge, Target, cdi};
use probate_contract::evidence::ReferenceState;
use std::collections::BTreeSet;

/// Joins for it, built with the others.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// Objects of kinds that nobody here knows, by namespace and name.
    strangers: Lookup,
    /// Keys of the labels by which claims are named, sorted.
    labels: Vec<Box<str>>,
    /// Something names all claims of a namespace.
    namespaces: bool,
    /// Something names claims by how their names begin.
    beginnings: bool,
    /// Something names claims by their uids.
    uids: bool,
    /// Something names assets as nodes do.
    pub(super) attachments: bool,
    /// Something names claims of any namespace.
    pub(super) anywhere: bool,
}

pub(crate) fn label_key(namespace: &str, pair: &str) -> u64 {
    hash_of(&["l/", namespace, "/", pair])
}

pub(crate) fn namespace_key(namespace: &str) -> u64 {
    hash_of(&["n/", namespace])
}

pub(crate) fn uid_key(uid: &str) -> u64 {
    hash_of(&["u/", uid])
}

pub(crate) fn begin_key(namespace: &str, prefix: &str) -> u64 {
    hash_of(&["b/", namespace, "/", prefix])
}

fn stranger_key(namespace: &str, name: &str) -> u64 {
    hash_of(&[namespace, "/", name])
}

impl Marks {
    pub(super) fn of(cluster: &ClusterData) -> Self {
        let unknown: Vec<bool> = cluster.kinds.iter().map(|kind| cluster.stranger(kind)).collect();
        let strangers = cluster.objects.iter().enumerate().filter(|(_, object)| {
            !object.void && unknown.get(usize::from(object.kind)).copied().unwrap_or(false)
        });
        let keys: BTreeSet<&str> = cluster
            .edges
            .iter()
            .filter_map(|(_, edge)| match &edge.target {
                Target::Labelled { pair, .. } => Some(pair.split_once('=')?.0),
                _ => None,
            })
            .collect();
        Self {
            strangers: Lookup::of(
                strangers.map(|(at, object)| (at, stranger_key(&object.head.namespace, &object.head.name))),
            ),
            labels: keys.into_iter().map(Box::from).collect(),
            namespaces: cluster.edges.iter().any(|(_, edge)| matches!(edge.target, Target::Namespace { .. })),
            beginnings: cluster.edges.iter().any(|(_, edge)| matches!(edge.target, Target::Prefixed { .. })),
            uids: cluster.edges.iter().any(|(_, edge)| matches!(edge.target, Target::Uid { .. })),
            attachments: cluster.edges.iter().any(|(_, edge)| matches!(edge.target, Target::Attachment { .. })),
            anywhere: cluster.edges.iter().any(|(_, edge)| {
                matches!(&edge.target, Target::Claim { namespace: Some(namespace), .. } if **namespace == *ANYWHERE)
            }),
        }
    }
}

impl ClusterData {
    /// True for kinds of which nothing is known, so that any of their objects may want a claim.
    fn stranger(&self, kind: &crate::intake::GroupKind) -> bool {
        kinds::unknown(kind) && !self.ignores(kind)
    }

    /// Everything that means the claim by its labels, namespace, owners or the uid in its name.
    pub(super) fn by_marks<'a>(&'a self, namespace: &'a str, name: &str, found: &mut Vec<Reference<'a>>) {
        if self.index.marks.namespaces {
            for within in [namespace, ANYWHERE] {
                let all = self.index.edges.at(namespace_key(within)).filter_map(|id| self.edge(id));
                let hit = |(_, edge): &&(ObjectId, Edge)| matches!(&edge.target, Target::Namespace { name } if &**name == within);
                found.extend(all.filter(hit).map(|(object, edge)| reference(*object, edge, None)));
            }
        }
        if self.index.marks.beginnings {
            self.beginning(namespace, name, found);
        }
        let filled = cdi::filled_by(name).and_then(|uid| self.by_uid(uid));
        found.extend(filled.map(|object| Reference {
            operation: true,
            ..seen(object, ReferenceState::Active, "metadata.uid")
        }));
        let Some(claim) = self.claim(namespace, name).and_then(|at| self.claims.get(at)) else { return };
        let uid = self.object(claim.object).map_or("", |object| &*object.head.uid);
        found.extend(self.possible(uid, None));
        if self.index.marks.uids {
            let named = self.index.edges.at(uid_key(uid)).filter_map(|id| self.edge(id));
            let hit = |(_, edge): &&(ObjectId, Edge)| matches!(&edge.target, Target::Uid { uid: told } if **told == *uid);
            found.extend(named.filter(hit).map(|(object, edge)| reference(*object, edge, None)));
        }
        let labels = &claim.data.subject.labels;
        let asked = |key: &str| self.index.marks.labels.binary_search_by(|own| (**own).cmp(key)).is_ok();
        for (key, value) in labels.iter().filter(|(key, _)| asked(key)) {
            self.labelled(namespace, &format!("{key}={value}"), found);
        }
        if self.index.marks.strangers.is_empty() {
            return;
        }
        // Operators keep the claims of what is hibernated or scaled down, and label them with its name; a claim that such an
        // object owns goes with it.
        let values: BTreeSet<&str> = labels.values().collect();
        for value in values {
            let named = self.index.marks.strangers.at(stranger_key(namespace, value)).filter(|id| {
                self.object(*id)
                    .is_some_and(|object| &*object.head.namespace == namespace && &*object.head.name == value)
            });
            found.extend(named.map(|id| seen(id, ReferenceState::Possible, "metadata.name")));
        }
        let owners = self.object(claim.object).map(|object| &object.head.owners[..]).unwrap_or_default();
        for id in owners.iter().filter_map(|owner| self.by_uid(&owner.uid)) {
            if self.kind_of(id).is_some_and(|kind| self.stranger(kind)) {
                found.push(seen(id, ReferenceState::Possible, "metadata.uid"));
            }
        }
    }

    /// Everything that names claims by a beginning of that name.
    fn beginning<'a>(&'a self, namespace: &str, name: &str, found: &mut Vec<Reference<'a>>) {
        for prefix in name.match_indices('-').filter_map(|(end, _)| name.get(..end)) {
            for (object, edge) in
                self.index.edges.at(begin_key(namespace, prefix)).filter_map(|id| self.edge(id))
            {
                let own = self.object(*object).is_some_and(|object| &*object.head.namespace == namespace);
                let hit = matches!(&edge.target, Target::Prefixed { prefix: named } if **named == *prefix);
                if hit && own {
                    found.push(reference(*object, edge, None));
                }
            }
        }
    }

    /// Everything that names claims with that label.
    fn labelled<'a>(&'a self, namespace: &str, pair: &str, found: &mut Vec<Reference<'a>>) {
        for within in [namespace, ANYWHERE] {
            for (object, edge) in self.index.edges.at(label_key(within, pair)).filter_map(|id| self.edge(id))
            {
                let Target::Labelled { pair: named, anywhere } = &edge.target else { continue };
                let own = || self.object(*object).is_some_and(|object| &*object.head.namespace == namespace);
                if &**named == pair && (*anywhere || own()) {
                    found.push(reference(*object, edge, None));
                }
            }
        }
    }
}

fn seen(object: ObjectId, state: ReferenceState, path: &'static str) -> Reference<'static> {
    Reference { object, state, since: None, path: Some(path), operation: false, ordinal: None }
}

#[cfg(test)]
mod tests {
    use crate::intake::{Batch, Builder};
    use crate::inventory::Inventory;
    use serde_json::{Value, json};

    fn inventory(objects: &[Value]) -> Inventory {
        let mut builder = Builder::default();
        let cluster = builder.cluster("c");
        let mut batch = Batch::new("dump".into());
        for object in objects {
            batch.object(object.to_string().as_bytes(), 1, 1);
        }
        builder.add(cluster, batch);
        builder.finish(0)
    }

    fn object(kind: (&str, &str), at: (&str, &str), rest: Value) -> Value {
        let mut object = json!({"apiVersion": kind.0, "kind": kind.1,
            "metadata": {"namespace": at.0, "name": at.1, "uid": format!("{}-{}-{}", kind.1, at.0, at.1)}});
        for (key, value) in rest.as_object().unwrap() {
            match (key.as_str(), value) {
                ("metadata", Value::Object(more)) => {
                    object["metadata"].as_object_mut().unwrap().extend(more.clone());
                }
                _ => object[key] = value.clone(),
            }
        }
        object
    }

    fn claim(name: &str, labels: Value) -> Value {
        object(
            ("v1", "PersistentVolumeClaim"),
            ("shop", name),
            json!({"metadata": {"labels": labels}, "status": {"phase": "Bound"}}),
        )
    }

    /// `KIND STATE[!] PATH`, sorted.
    fn references(objects: &[Value], name: &str) -> Vec<String> {
        let inventory = inventory(objects);
        let cluster = inventory.clusters.first().unwrap();
        let said = |reference: crate::inventory::Reference<'_>| {
            let operation = if reference.operation { "!" } else { "" };
            let kind = &cluster.kind_of(reference.object).unwrap().kind;
            format!("{kind} {:?}{operation} {}", reference.state, reference.path.unwrap_or_default())
        };
        let mut list: Vec<String> = cluster.references_to_claim("shop", name).into_iter().map(said).collect();
        list.sort();
        list
    }

    fn set(replicas: i64) -> Value {
        object(
            ("apps/v1", "StatefulSet"),
            ("shop", "db"),
            json!({"spec": {"replicas": replicas, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}}),
        )
    }

    fn scaler(namespace: &str, maximum: i64) -> Value {
        object(
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            (namespace, "db"),
            json!({"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db"}, "maxReplicas": maximum}}),
        )
    }

    const RESERVED: &str = "StatefulSet Reserved spec.volumeClaimTemplates[0].metadata.name";
    const SCALED: &str = "HorizontalPodAutoscaler Template spec.maxReplicas";

    #[test]
    fn a_scaler_wants_the_ordinals_it_may_reach() {
        let claims = [claim("data-db-2", json!({})), claim("data-db-3", json!({}))];
        let world = |more: Value| [claims.to_vec(), vec![set(1), more]].concat();
        assert_eq!(references(&world(scaler("shop", 3)), "data-db-2"), [SCALED, RESERVED]);
        assert_eq!(references(&world(scaler("shop", 3)), "data-db-3"), [RESERVED]);
        assert_eq!(references(&world(scaler("other", 3)), "data-db-2"), [RESERVED], "another namespace");
    }

    #[test]
    fn what_is_restored_from_a_snapshot_wants_the_claim_it_was_taken_of() {
        let snapshot = |namespace| {
            object(
                ("snapshot.storage.k8s.io/v1", "VolumeSnapshot"),
                (namespace, "s"),
                json!({"spec": {"source": {"persistentVolumeClaimName": "old"}}, "status": {"readyToUse": true}}),
            )
        };
        let restored = |phase: &str| {
            object(
                ("v1", "PersistentVolumeClaim"),
                ("shop", "new"),
                json!({"spec": {"dataSource": {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}}, "status": {"phase": phase}}),
            )
        };
        let old = claim("old", json!({}));
        let pending = "PersistentVolumeClaim Pending! spec.dataSourceRef.name";
        assert_eq!(references(&[old.clone(), snapshot("shop"), restored("Pending")], "old"), [pending]);
        assert_eq!(references(&[old.clone(), snapshot("shop"), restored("Bound")], "old"), [""; 0]);
        assert_eq!(references(&[old, snapshot("other"), restored("Pending")], "old"), [""; 0]);
    }

    #[test]
    fn labels_and_namespaces_name_claims() {
        let machine = |namespace| {
            object(
                ("kubevirt.io/v1", "VirtualMachine"),
                (namespace, "db01"),
                json!({"status": {"printableStatus": "Stopped"}}),
            )
        };
        let state = claim("persistent-state-for-db01-x7k2p", json!({"persistent-state-for": "db01"}));
        let name = "persistent-state-for-db01-x7k2p";
        assert_eq!(
            references(&[state.clone(), machine("shop")], name),
            ["VirtualMachine Stopped metadata.name"]
        );
        assert_eq!(references(&[state.clone(), machine("other")], name), [""; 0]);
        assert_eq!(
            references(&[claim(name, json!({"persistent-state-for": "db02"})), machine("shop")], name),
            [""; 0]
        );

        let restore = |phase: &str| {
            let spec = json!({"includedNamespaces": ["far", "near"], "namespaceMapping": {"near": "shop"}});
            object(
                ("velero.io/v1", "Restore"),
                ("velero", "r1"),
                json!({"spec": spec, "status": {"phase": phase}}),
            )
        };
        let restored = claim("data", json!({"velero.io/restore-name": "r1"}));
        let into = "Restore Active! spec.includedNamespaces";
        assert_eq!(
            references(&[restored.clone(), restore("InProgress")], "data"),
            ["Restore Active! metadata.name", into]
        );
        assert_eq!(references(&[claim("data", json!({})), restore("InProgress")], "data"), [into]);
        assert_eq!(references(&[restored.clone(), restore("Completed")], "data"), [""; 0]);

        let copied = |uid: &str| {
            object(
                ("velero.io/v1", "PodVolumeBackup"),
                ("velero", "p1"),
                json!({"metadata": {"labels": {"velero.io/pvc-uid": uid}}, "spec": {"pod": {"namespace": "shop", "name": "p"}}}),
            )
        };
        let by_uid = "PodVolumeBackup Active! metadata.labels[velero.io/pvc-uid]";
        assert_eq!(
            references(&[restored.clone(), copied("PersistentVolumeClaim-shop-data")], "data"),
            [by_uid]
        );
        assert_eq!(references(&[restored.clone(), copied("another")], "data"), [""; 0]);

        let backup = |included: Value| {
            object(
                ("velero.io/v1", "Backup"),
                ("velero", "b1"),
                json!({"spec": {"includedNamespaces": included}, "status": {"phase": "InProgress"}}),
            )
        };
        let within = "Backup Active! spec.includedNamespaces";
        assert_eq!(references(&[restored.clone(), backup(json!(["shop"]))], "data"), [within]);
        assert_eq!(references(&[restored.clone(), backup(json!(null))], "data"), [within]);
        assert_eq!(references(&[restored, backup(json!(["other"]))], "data"), [""; 0]);
    }

    #[test]
    fn temporaries_are_wanted_while_their_target_is_there() {
        let target = claim("data", json!({}));
        let uid = "PersistentVolumeClaim-shop-data";
        for name in [
            format!("prime-{uid}"),
            format!("prime-{uid}-scratch"),
            format!("tmp-pvc-{uid}"),
            format!("tmp-source-pvc-{uid}"),
        ] {
            let temporary = claim(&name, json!({}));
            assert_eq!(
                references(&[temporary.clone(), target.clone()], &name),
                ["PersistentVolumeClaim Active! metadata.uid"]
            );
            assert_eq!(references(&[temporary], &name), [""; 0], "{name}");
        }
    }

    #[test]
    fn claims_made_of_an_unknown_kinds_template_are_its_own() {
        let search = |namespace| {
            object(
                ("elasticsearch.k8s.elastic.co/v1", "Elasticsearch"),
                (namespace, "es"),
                json!({"spec": {"nodeSets": [{"name": "hot", "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}]}}),
            )
        };
        let kept = |name| [claim(name, json!({})), search("shop")];
        assert_eq!(
            references(&kept("data-es-es-hot-2"), "data-es-es-hot-2"),
            ["Elasticsearch Possible volumeClaimTemplates"]
        );
        assert_eq!(references(&kept("data-esx-0"), "data-esx-0"), [""; 0], "another object's");
        assert_eq!(references(&kept("logs-es-0"), "logs-es-0"), [""; 0], "another template's");
        assert_eq!(
            references(&[claim("data-es-0", json!({})), search("other")], "data-es-0"),
            [""; 0],
            "another namespace"
        );
    }

    #[test]
    fn operators_keep_claims_labelled_with_their_own_name() {
        let cluster = |kind: (&str, &str), namespace: &str| {
            object(kind, (namespace, "pg"), json!({"spec": {"instances": 0}}))
        };
        let postgres = ("postgresql.cnpg.io/v1", "Cluster");
        let kept = claim("pg-1", json!({"cnpg.io/cluster": "pg", "role": "primary"}));
        assert_eq!(
            references(&[kept.clone(), cluster(postgres, "shop")], "pg-1"),
            ["Cluster Possible metadata.name"]
        );
        assert_eq!(
            references(&[kept.clone(), cluster(postgres, "other")], "pg-1"),
            [""; 0],
            "another namespace"
        );
        let monitor = ("monitoring.coreos.com/v1", "ServiceMonitor");
        assert_eq!(references(&[kept, cluster(monitor, "shop")], "pg-1"), [""; 0], "on the ignore list");
        let owned = |uid: &str| {
            object(
                ("v1", "PersistentVolumeClaim"),
                ("shop", "pg-1"),
                json!({"metadata": {"ownerReferences": [{"apiVersion": postgres.0, "kind": postgres.1, "name": "pg", "uid": uid}]}}),
            )
        };
        assert_eq!(
            references(&[owned("Cluster-shop-pg"), cluster(postgres, "shop")], "pg-1"),
            ["Cluster Possible metadata.uid"]
        );
        assert_eq!(references(&[owned("gone"), cluster(postgres, "shop")], "pg-1"), [""; 0]);
    }
}
