//! The world of one case: the suite's objects with what case and row add, leave out and change, made an inventory.

use super::bench::Bench;
use super::capture::{Dump, Placed};
use super::fill;
use super::find::Suite;
use super::leaves::{Leaf, Step};
use super::merge;
use super::names::{Id, Target};
use crate::load::DEFAULT_CLUSTER;
use crate::world::Unread;
use probate_contract::Diagnostic;
use probate_contract::dump::Incomplete;
use probate_contract::evidence::{Open, Trigger};
use probate_contract::settings::SettingsSpec;
use probate_contract::shape::nearest;
use probate_contract::suite::{ClusterWorld, World};
use probate_core::explain::split_cluster;
use probate_core::intake::{Batch, Builder};
use probate_core::inventory::Inventory;
use probate_core::time;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One cluster of it.
#[derive(Clone, Debug, Default)]
struct Place {
    name: String,
    objects: Vec<Placed>,
    dumps: Vec<(Arc<Dump>, usize)>,
    incomplete: Vec<Incomplete>,
}

/// Everything a case starts from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    /// Where objects without a cluster go.
    home: String,
    places: Vec<Place>,
    records: Vec<Open>,
    settings: Open,
    pub(crate) trigger: Option<Trigger>,
    taken_at: Option<String>,
}

type Wrong = Vec<Diagnostic>;

/// A message about a leaf.
fn wrong(suite: &Suite, leaf: &Leaf, code: &str, message: impl Into<String>, fix: &str) -> Wrong {
    vec![suite.diagnostic(code, message, leaf.line).fix(fix)]
}

impl Scene {
    /// Lays the world of a case.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(crate) fn of(suite: &Suite, leaf: &Leaf, bench: &Bench<'_>) -> Result<Self, Wrong> {
        let mut scene = Self { home: home(suite, leaf, bench)?, ..Self::default() };
        scene.place(&scene.home.clone());
        scene.add(suite, leaf, &suite.test.given, bench)?;
        for step in &leaf.steps {
            scene.step(suite, leaf, step, bench)?;
        }
        Ok(scene)
    }

    fn place(&mut self, name: &str) -> &mut Place {
        let at = self.places.iter().position(|place| place.name == name).unwrap_or_else(|| {
            self.places.push(Place { name: name.to_owned(), ..Place::default() });
            self.places.len() - 1
        });
        // The index was found or made above.
        #[expect(clippy::indexing_slicing, reason = "the index is in range by construction")]
        &mut self.places[at]
    }

    fn add(&mut self, suite: &Suite, leaf: &Leaf, world: &World, bench: &Bench<'_>) -> Result<(), Wrong> {
        let home = self.home.clone();
        let alone = ClusterWorld {
            objects: world.objects.clone(),
            files: world.files.clone(),
            dump: world.dump.clone(),
            incomplete: Vec::new(),
        };
        self.cluster(suite, leaf, &home, false, &alone, bench)?;
        for (name, world) in &world.clusters {
            self.cluster(suite, leaf, name, true, world, bench)?;
        }
        // What is said without naming a cluster is said of each.
        for place in &mut self.places {
            place.incomplete.extend(world.incomplete.iter().cloned());
        }
        self.records(&world.records);
        if let Some(settings) = &world.settings {
            merge::onto(&mut self.settings, settings);
        }
        self.trigger = world.trigger.clone().or(self.trigger.take());
        Ok(())
    }

    fn cluster(
        &mut self,
        suite: &Suite,
        leaf: &Leaf,
        name: &str,
        named: bool,
        world: &ClusterWorld,
        bench: &Bench<'_>,
    ) -> Result<(), Wrong> {
        let mut layer: Vec<Placed> = Vec::new();
        if let Some(path) = &world.dump {
            let dump = bench.dump(&suite.beside(path), named.then_some(name))?;
            self.taken_at = self.taken_at.take().max(dump.taken_at.clone());
            for (at, cluster) in dump.clusters.iter().enumerate() {
                let place = self.place(cluster);
                place.dumps.push((dump.clone(), at));
                let own = dump.objects.iter().filter(|(of, _)| *of == at);
                place.objects.extend(own.map(|(_, object)| object.clone()));
            }
        }
        for path in &world.files {
            let file = bench.dump(&suite.beside(path), None)?;
            let errors = file.errors();
            if !errors.is_empty() {
                return Err(errors);
            }
            layer.extend(file.objects.iter().map(|(_, object)| object.clone()));
        }
        let (file, line) = (Arc::from(suite.name()), leaf.line.unwrap_or(1));
        for object in world.objects.iter().flat_map(items) {
            layer.push(Placed {
                file: Arc::clone(&file),
                document: u64::try_from(suite.document).unwrap_or(0) + 1,
                line,
                value: Arc::new(object),
            });
        }
        let mut seen = BTreeSet::new();
        for object in &layer {
            let id = Id::of(&object.value);
            if id.kind.is_empty() || id.name.is_empty() {
                let message = "an object without kind or metadata.name";
                return Err(wrong(
                    suite,
                    leaf,
                    "PB8012",
                    message,
                    "write apiVersion, kind and metadata.name",
                ));
            }
            if !seen.insert(id.clone()) {
                let message = format!("`{id}` is given twice");
                return Err(wrong(
                    suite,
                    leaf,
                    "PB8012",
                    message,
                    "keep one of them, or change it with patch",
                ));
            }
        }
        let place = self.place(name);
        place.incomplete.extend(world.incomplete.iter().cloned());
        if !layer.is_empty() {
            place.objects.retain(|object| !seen.contains(&Id::of(&object.value)));
            place.objects.extend(layer);
        }
        Ok(())
    }

    fn step(&mut self, suite: &Suite, leaf: &Leaf, step: &Step, bench: &Bench<'_>) -> Result<(), Wrong> {
        if let Some(world) = &step.given {
            self.add(suite, leaf, world, bench)?;
        }
        for text in &step.remove {
            let (place, at) = self.target(suite, leaf, text)?;
            if let Some(place) = self.places.get_mut(place) {
                place.objects.remove(at);
            }
            let short = |record: &Open| record.get("subject").and_then(Value::as_str) == Some(text);
            self.records.retain(|record| !short(record));
        }
        for (text, change) in &step.patch {
            let (place, at) = self.target(suite, leaf, text)?;
            if let Some(object) = self.places.get_mut(place).and_then(|place| place.objects.get_mut(at)) {
                merge::patch(Arc::make_mut(&mut object.value), &Value::Object(change.clone()));
            }
        }
        self.records(&step.records);
        for place in &mut self.places {
            place.incomplete.extend(step.incomplete.iter().cloned());
        }
        Ok(())
    }

    /// The one object that is meant.
    fn target(&self, suite: &Suite, leaf: &Leaf, text: &str) -> Result<(usize, usize), Wrong> {
        let shape = "write KIND[.GROUP]/[NAMESPACE/]NAME";
        let target = Target::parse(text).map_err(|message| wrong(suite, leaf, "PB8009", message, shape))?;
        let in_cluster = |place: &Place| target.cluster.as_ref().is_none_or(|name| *name == place.name);
        let places = self.places.iter().enumerate().filter(|(_, place)| in_cluster(place));
        let hits: Vec<(usize, usize)> = places
            .flat_map(|(place, of)| {
                let hit = |(_, object): &(usize, &Placed)| target.means(&object.value);
                of.objects.iter().enumerate().filter(hit).map(move |(at, _)| (place, at))
            })
            .collect();
        match hits.as_slice() {
            [one] => Ok(*one),
            [] => {
                let all: Vec<String> = self
                    .places
                    .iter()
                    .flat_map(|place| place.objects.iter().map(|object| Id::of(&object.value).to_string()))
                    .collect();
                let fix = match nearest(text, all.iter()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the world has: {}", some(&all)),
                };
                Err(wrong(suite, leaf, "PB8009", format!("`{text}` is not in the world"), &fix))
            }
            _ => {
                let message = format!("`{text}` names {} objects", hits.len());
                Err(wrong(suite, leaf, "PB8009", message, "write KIND.GROUP, or CLUSTER: before it"))
            }
        }
    }

    /// Adds records; one about the same subject gives way.
    fn records(&mut self, records: &[Open]) {
        for record in records {
            let about = about(record);
            self.records.retain(|known| about.is_none() || self::about(known) != about);
            if let Some(subject) = record.get("subject").and_then(Value::as_str) {
                for place in &mut self.places {
                    place.objects.retain(|object| !is_record_of(&object.value, subject));
                }
            }
            self.records.push(record.clone());
        }
    }

    /// The time of the case.
    ///
    /// # Errors
    /// Nobody says.
    pub(crate) fn now(&self, suite: &Suite, leaf: &Leaf) -> Result<i64, Wrong> {
        let fix = "write now: \"2026-11-22T06:00:00Z\"";
        let text = leaf.now.as_ref().or(self.taken_at.as_ref());
        let text = text.ok_or_else(|| wrong(suite, leaf, "PB8007", "the suite has no time", fix))?;
        time::parse(text)
            .ok_or_else(|| wrong(suite, leaf, "PB8007", format!("`{text}` is no RFC 3339 time"), fix))
    }

    /// Settings with what suite and case say.
    ///
    /// # Errors
    /// They are no settings.
    pub(crate) fn settings(&self, suite: &Suite, leaf: &Leaf) -> Result<SettingsSpec, Wrong> {
        let mut settings = json!({"minimumAgeSeconds": 0, "minimumUnusedSeconds": 0});
        merge::patch(&mut settings, &Value::Object(self.settings.clone()));
        serde_json::from_value(settings).map_err(|error| {
            wrong(suite, leaf, "PB8016", format!("settings: {error}"), "see `probate schema settings`")
        })
    }

    /// The clusters' names.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| place.name.as_str())
    }

    /// Freezes it.
    ///
    /// # Errors
    /// An object or record that cannot be read.
    pub(crate) fn inventory(
        &self,
        suite: &Suite,
        leaf: &Leaf,
        now: i64,
        settings: &SettingsSpec,
    ) -> Result<Inventory, Wrong> {
        let mut builder = Builder::default();
        builder.ignore_references(&settings.ignored_references);
        let dumped = self.places.iter().any(|place| !place.dumps.is_empty());
        for place in &self.places {
            let cluster = builder.cluster(&place.name);
            let system =
                |object: &Placed| Target::parse("ns/kube-system").is_ok_and(|t| t.means(&object.value));
            if place.dumps.is_empty() {
                builder.complete(cluster, "*", "*");
                if !place.objects.iter().any(system) {
                    builder.uid(cluster, &self.cluster_uid(&place.name));
                }
            }
            for (dump, at) in &place.dumps {
                dump.state(*at, &mut builder, cluster);
            }
            for Incomplete { kinds, namespaces, reason } in &place.incomplete {
                for (kind, namespace) in
                    kinds.iter().flat_map(|kind| namespaces.iter().map(move |n| (kind, n)))
                {
                    builder.incomplete(cluster, kind, namespace, *reason);
                }
            }
            let values: Vec<Arc<Value>> = place.objects.iter().map(|object| object.value.clone()).collect();
            let filled = fill::objects(&place.name, values, now);
            for (object, value) in place.objects.iter().zip(filled) {
                let mut batch = Batch::new(object.file.clone());
                batch.object(value.to_string().as_bytes(), object.document, object.line);
                builder.add(cluster, batch);
            }
        }
        let home = builder.cluster(&self.home);
        for record in &self.records {
            builder.record_document(home, &Value::Object(record.clone())).map_err(|message| {
                let fix = "write {subject: pvc/NS/NAME, unusedSince: TIME}, or see `probate schema record`";
                wrong(suite, leaf, "PB8012", format!("records: {message}"), fix)
            })?;
        }
        let inventory = builder.finish(now);
        let ours = |diagnostic: &&Diagnostic| {
            let own = diagnostic.file.as_deref() == Some(suite.name().as_str());
            diagnostic.severity == probate_contract::Severity::Error
                && (own || !dumped || (diagnostic.code == "PB1023" && !self.records.is_empty()))
        };
        let errors: Wrong = inventory.diagnostics.iter().filter(ours).cloned().collect();
        if errors.is_empty() {
            return match self.unread(suite, leaf, &inventory) {
                wrong if wrong.is_empty() => Ok(inventory),
                wrong => Err(wrong),
            };
        }
        let placed = |diagnostic: Diagnostic| match diagnostic.file {
            Some(_) => diagnostic,
            None => diagnostic.file(suite.name()).at(leaf.line.unwrap_or(1), 1),
        };
        Err(errors.into_iter().map(placed).collect())
    }

    /// Kinds of `incomplete` that nothing reads: such a case would show nothing.
    fn unread(&self, suite: &Suite, leaf: &Leaf, inventory: &Inventory) -> Wrong {
        let kinds: BTreeSet<&String> =
            self.places.iter().flat_map(|place| &place.incomplete).flat_map(|scope| &scope.kinds).collect();
        let said = |kind: &String| {
            // That a real kind does not matter is worth a case; a slip of the hand is not.
            let meant = Unread::of(&crate::load::parse_kind(kind), inventory)?.meant?;
            let message = format!("incomplete names `{kind}`, and nothing here reads such a kind");
            Some(wrong(suite, leaf, "PB8021", message, &format!("did you mean `{meant}`?")))
        };
        kinds.into_iter().filter_map(said).flatten().collect()
    }

    /// What a whole record says of the cluster, else made up of its name.
    fn cluster_uid(&self, name: &str) -> String {
        let stated = self.records.iter().find_map(|record| {
            let cluster = record.get("spec")?.get("cluster")?;
            let same = cluster.get("name").is_none_or(|stated| stated == name);
            cluster.get("uid").and_then(Value::as_str).filter(|_| same)
        });
        stated.map_or_else(|| fill::uid(&[name]), str::to_owned)
    }
}

/// The cluster that objects without one belong to: the first of the first dump, else `cluster`; where clusters are named, the
/// first of them.
fn home(suite: &Suite, leaf: &Leaf, bench: &Bench<'_>) -> Result<String, Wrong> {
    let worlds =
        || std::iter::once(&suite.test.given).chain(leaf.steps.iter().filter_map(|step| step.given.as_ref()));
    for path in worlds().filter_map(|world| world.dump.as_ref()) {
        if let Some(first) = bench.dump(&suite.beside(path), None)?.clusters.first() {
            return Ok(first.clone());
        }
    }
    let named = worlds().find_map(|world| world.clusters.keys().next());
    Ok(named.map_or_else(|| DEFAULT_CLUSTER.to_owned(), Clone::clone))
}

/// An object, or the items of a List.
fn items(object: &Open) -> Vec<Value> {
    let list = object.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match object.get("items") {
        Some(Value::Array(items)) if list => items.clone(),
        _ => vec![Value::Object(object.clone())],
    }
}

/// What a record is about.
fn about(record: &Open) -> Option<String> {
    if let Some(subject) = record.get("subject").and_then(Value::as_str) {
        return Some(subject.to_owned());
    }
    let spec = record.get("spec")?;
    let of = |kind: &str| spec.get(kind)?.get("uid")?.as_str().map(|uid| format!("{kind} {uid}"));
    of("claim").or_else(|| of("volume"))
}

/// True for a VolumeRecord object about that claim or volume.
fn is_record_of(object: &Value, subject: &str) -> bool {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    if text("/kind") != "VolumeRecord" {
        return false;
    }
    let (_, path) = split_cluster(subject);
    let claim = format!("pvc/{}/{}", text("/spec/claim/namespace"), text("/spec/claim/name"));
    path == claim || path == format!("pv/{}", text("/spec/volume/name")) || text("/subject") == subject
}

/// The first few of a list.
fn some(all: &[String]) -> String {
    let shown: Vec<&str> = all.iter().take(8).map(String::as_str).collect();
    let more = all.len().saturating_sub(shown.len());
    let list = if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") };
    if more == 0 { list } else { format!("{list} and {more} more") }
}
