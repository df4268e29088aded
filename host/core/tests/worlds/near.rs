//! What a change concerns is decided from its neighbourhood as from the whole cluster, and nothing else is decided otherwise than
//! before: each edge comes and goes in worlds of one cluster.

use crate::ask::{Deleting, Given, policies};
use crate::r#gen::{Edge, Group, Random, active};
use crate::laws::{crowd, seed, sole, worlds};
use crate::world::{NOW_SECONDS, Says, World};
use probate_contract::Diagnostic;
use probate_contract::evidence::ClaimRef;
use probate_contract::log::DecisionRecord;
use probate_contract::plan::Entry;
use probate_contract::record::{RecordMetadata, RecordSpec, RecordVolume, VolumeRecord};
use probate_core::intake::{Builder, GroupKind};
use probate_core::inventory::Inventory;
use probate_core::pipeline::{self, Options};
use probate_core::stock::{Changes, Item, Opened, Scope, Stock};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was decided about a uid, with everything that it was decided from.
type Decided = BTreeMap<String, (Entry, Option<DecisionRecord>)>;

fn kind(object: &Value) -> Arc<GroupKind> {
    let text = |key: &str| object[key].as_str().unwrap();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    Arc::new(GroupKind { group: group.into(), kind: text("kind").into() })
}

/// The objects of the one cluster; nothing where one cannot be read, or has the name of another.
fn items(world: &World) -> Option<Vec<Item>> {
    let mut names = BTreeSet::new();
    let items = world.clusters[0].objects.iter().map(|object| {
        let item = Item::read(&kind(object), object.to_string().as_bytes()).ok()?;
        let (namespace, name) = item.name();
        names.insert((item.kind().clone(), namespace.to_owned(), name.to_owned())).then_some(item)
    });
    items.collect()
}

/// Records in full.
fn records(world: &World) -> Option<Vec<VolumeRecord>> {
    let one = |(_, record): &(usize, Value)| {
        let parts: Vec<&str> = record["subject"].as_str()?.rsplit(':').next()?.split('/').collect();
        let object = world.clusters[0].objects.iter().find(|object| {
            let metadata = &object["metadata"];
            match parts.as_slice() {
                ["pvc", namespace, name] => {
                    object["kind"] == "PersistentVolumeClaim"
                        && metadata["namespace"] == *namespace
                        && metadata["name"] == *name
                }
                ["pv", name] => object["kind"] == "PersistentVolume" && metadata["name"] == *name,
                _ => false,
            }
        })?;
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
        let mut spec = RecordSpec::default();
        if object["kind"] == "PersistentVolume" {
            spec.volume =
                Some(RecordVolume { name: text("name"), uid: text("uid"), ..RecordVolume::default() });
        } else {
            spec.claim =
                Some(ClaimRef { namespace: text("namespace"), name: text("name"), uid: Some(text("uid")) });
        }
        let mut status = record.clone();
        status.as_object_mut()?.remove("subject");
        Some(VolumeRecord {
            api_version: probate_contract::API_VERSION.into(),
            kind: "VolumeRecord".into(),
            metadata: RecordMetadata::default(),
            spec,
            status: serde_json::from_value(status).ok()?,
        })
    };
    world.records.iter().map(one).collect()
}

/// An inventory of these objects, in a cluster of which is known what is known of the world's.
fn inventory<'a>(
    world: &World,
    all: &Stock,
    items: impl Iterator<Item = Result<Opened<'a>, (Arc<GroupKind>, Box<Diagnostic>)>>,
    records: &[VolumeRecord],
) -> Inventory {
    let cluster = &world.clusters[0];
    let mut builder = Builder::default();
    let id = builder.cluster(&cluster.name);
    for says in &cluster.says {
        match says {
            Says::Complete(kind, namespace) => builder.complete(id, kind, namespace),
            Says::Incomplete(kind, namespace, why) => builder.incomplete(id, kind, namespace, *why),
            Says::Absent(kind) => builder.absent(id, kind),
            Says::Discovered(kinds) => {
                let kinds: Vec<GroupKind> = kinds.iter().map(|kind| GroupKind::parse(kind)).collect();
                builder.discovered(id, &kinds);
            }
        }
    }
    all.kinds().for_each(|kind| builder.seen(id, kind));
    items.for_each(|item| builder.item(id, item.unwrap().into_item()));
    // The watch knows it; otherwise the object tells it.
    let system =
        |object: &&Value| object["kind"] == "Namespace" && object["metadata"]["name"] == "kube-system";
    if let Some(uid) = cluster.objects.iter().find(system) {
        builder.uid(id, uid["metadata"]["uid"].as_str().unwrap());
    }
    records.iter().for_each(|record| builder.record(record.clone()));
    builder.finish(NOW_SECONDS)
}

fn decided(inventory: &Inventory, only: Option<&Scope>, given: &Given) -> Decided {
    let only = only.map(|scope| Arc::new(scope.uids.clone()));
    let (options, set) = (Options { only, ..Options::default() }, policies(given));
    let entries = pipeline::decide(inventory, &set, &Deleting, &options).entries;
    let one = |entry: &Entry| pipeline::logged(inventory, &set, &options, &[entry]).pop();
    let uid = |entry: &Entry| entry.subject.identity.uid.clone().unwrap();
    entries.into_iter().map(|entry| (uid(&entry), (entry.clone(), one(&entry)))).collect()
}

#[derive(Default)]
struct Counts {
    changes: u64,
    all: u64,
    decided: usize,
    subjects: usize,
    wrong: BTreeMap<&'static str, String>,
}

/// One world becomes the other.
fn change(before: &World, after: &World, edge: &Edge, given: &Given, counts: &mut Counts) {
    let (Some(old), Some(new)) = (items(before), items(after)) else { return };
    let (Some(old_records), Some(records)) = (records(before), records(after)) else { return };
    let (mut stock, mut changes) = (Stock::default(), Changes::default());
    for item in &old {
        stock.put(item.clone());
        let (namespace, name) = item.name();
        let kept = stock.get(item.kind(), namespace, name).unwrap();
        assert_eq!(format!("{:?}", *kept), format!("{item:?}"), "what is kept is what was read");
    }
    let whole = decided(&inventory(before, &stock, stock.iter(), &old_records), None, given);
    for item in &old {
        let (namespace, name) = item.name();
        if !new.iter().any(|other| (other.kind(), other.name()) == (item.kind(), (namespace, name))) {
            changes.add(stock.remove(item.kind(), namespace, name).as_ref(), None);
        }
    }
    // Revisions are all the same here: the documents tell what is another one.
    for (item, document) in new.into_iter().zip(&after.clusters[0].objects) {
        let old = stock.put(item.clone());
        if !before.clusters[0].objects.contains(document) {
            changes.add(old.as_ref(), Some(&item));
        }
    }
    for record in old_records.iter().chain(&records) {
        if old_records.contains(record) != records.contains(record) {
            let claim = record.spec.claim.as_ref().and_then(|claim| claim.uid.as_deref());
            changes.look_at(claim.unwrap_or_else(|| &record.spec.volume.as_ref().unwrap().uid));
        }
    }
    counts.changes += 1;
    let now = decided(&inventory(after, &stock, stock.iter(), &records), None, given);
    counts.subjects += now.len();
    let Some(scope) = stock.scope(&changes, records.iter()) else {
        counts.all += 1;
        counts.decided += now.len();
        return;
    };
    let own: Vec<VolumeRecord> = records.iter().filter(|record| scope.has(record)).cloned().collect();
    let near = decided(&inventory(after, &stock, stock.within(&scope), &own), Some(&scope), given);
    counts.decided += near.len();
    for (uid, decided) in &now {
        let told = near.get(uid).or_else(|| whole.get(uid));
        if told != Some(decided) && !counts.wrong.contains_key(edge.name) {
            let reached = scope.uids.contains(uid.as_str());
            let words = |decided: Option<&(Entry, Option<DecisionRecord>)>| {
                decided.map(|(entry, record)| {
                    let evidence = record.as_ref().map(|record| record.evidence.clone());
                    format!("{:?} {:?} {:?} {evidence:?}", entry.guards, entry.missing, entry.verdicts)
                })
            };
            let text = format!(
                "{uid}, reached: {reached}\n  told {:?}\n  whole {:?}\n{}\n  ->\n{}",
                words(told),
                words(Some(decided)),
                before.show(),
                after.show()
            );
            counts.wrong.insert(edge.name, text);
        }
    }
    assert!(near.keys().all(|uid| now.contains_key(uid)), "what is not there is not decided about");
}

/// A crowd of one cluster, and the same without one of its objects.
fn lessened(mut random: Random, edges: &[&'static Edge]) -> Option<(World, World)> {
    let world = crowd(random.clone(), edges);
    let mut less = world.clone();
    let objects = &mut less.clusters[0].objects;
    objects.remove(random.below(objects.len()));
    (world.clusters.len() == 1).then_some((world, less))
}

/// A crowd of one cluster, and the same with one object that means the other namespace.
fn moved(mut random: Random, edges: &[&'static Edge]) -> Option<(World, World)> {
    let world = crowd(random.clone(), edges);
    let mut other = world.clone();
    let objects = &mut other.clusters[0].objects;
    let at = random.below(objects.len());
    let spec = objects[at].get_mut("spec")?;
    let text = spec.to_string().replace("\"shop\"", "\"-\"").replace("\"other\"", "\"shop\"");
    *spec = serde_json::from_str(&text.replace("\"-\"", "\"other\"")).unwrap();
    (world.clusters.len() == 1).then_some((world, other))
}

#[test]
fn what_a_change_concerns_is_decided_as_from_the_whole() {
    let edges: Vec<&'static Edge> = active().into_iter().filter(|edge| edge.group != Group::Gap).collect();
    let mut counts = Counts::default();
    for (world, edge) in (0..worlds()).zip(edges.iter().cycle()) {
        let random = Random::of(seed(), world);
        let pair = match world % 4 {
            0 => lessened(random, &edges),
            1 => moved(random, &edges),
            _ => sole(edge, random).map(|(before, after, _)| (before, after)),
        };
        let Some((before, after)) = pair.filter(|(before, _)| before.clusters.len() == 1) else { continue };
        let given = [Given::none(), Given::all()][usize::try_from(world % 2).unwrap()].clone();
        change(&before, &after, edge, &given, &mut counts);
        change(&after, &before, edge, &given, &mut counts);
        if counts.wrong.len() > 8 {
            break;
        }
    }
    println!(
        "{} changes, {} of them of anything; {} of {} decided again",
        counts.changes, counts.all, counts.decided, counts.subjects
    );
    for (name, first) in &counts.wrong {
        println!("WRONG {name}: {first}");
    }
    assert!(counts.wrong.is_empty(), "{:?}", counts.wrong.keys());
    assert!(counts.changes > worlds() / 2 && counts.all * 5 < counts.changes, "{}", counts.all);
    assert!(counts.decided * 5 < counts.subjects * 4, "{} of {}", counts.decided, counts.subjects);
}
