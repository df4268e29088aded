//! Takes in what workers made, in order: names the cluster, and states what files and folders say of completeness.

use super::fault::{self, kind_name};
use super::layout::{Place, Plurals, Resource};
use super::manifest::Resources;
use super::sink::{Intake, Sink};
use super::work::{Deferred, FileContext, Output};
use super::{DEFAULT_CLUSTER, DumpArg, DumpSource, Loaded};
use probate_contract::Diagnostic;
use probate_contract::dump::Dump;
use probate_core::intake::GroupKind;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One dump on its way into the sink.
pub(crate) struct Consumer<'c, S: Sink> {
    sink: &'c mut S,
    loaded: &'c mut Loaded,
    /// As the user named the dump.
    file: String,
    /// Name that is settled: by the user, or by the first manifest.
    name: Option<String>,
    cluster: Option<S::Cluster>,
    /// Read before the name was settled.
    held: Vec<S::Intake>,
    /// An archive or stream may tell its name late.
    hold: bool,
    manifests: Vec<Dump>,
    resources: Resources,
    timestamp: Option<String>,
    plurals: Plurals,
    deferred: Vec<Deferred>,
    folders: BTreeMap<(String, Resource), Folder>,
    current: Current,
    no_object: u64,
    no_object_file: Option<Arc<str>>,
    said: Vec<Diagnostic>,
    complete: BTreeSet<(String, String)>,
}

/// A folder that is one list.
#[derive(Default)]
struct Folder {
    kinds: BTreeSet<GroupKind>,
    broken: bool,
}

/// The file that is being taken in.
#[derive(Default)]
struct Current {
    kinds: BTreeSet<GroupKind>,
    lists: Vec<Option<GroupKind>>,
    objects_outside: bool,
    broken: bool,
}

impl<'c, S: Sink> Consumer<'c, S> {
    pub(crate) fn new(sink: &'c mut S, loaded: &'c mut Loaded, arg: &DumpArg, given: &[PathBuf]) -> Self {
        let (file, hold, beside) = match &arg.source {
            DumpSource::Stdin => ("standard input".to_string(), true, Beside::Nothing),
            DumpSource::Path(path) => (path.display().to_string(), true, beside(path, given)),
        };
        let mut consumer = Self {
            sink,
            loaded,
            file,
            name: arg.name.clone(),
            cluster: None,
            held: Vec::new(),
            hold,
            manifests: Vec::new(),
            resources: Resources::default(),
            timestamp: None,
            plurals: Plurals::default(),
            deferred: Vec::new(),
            folders: BTreeMap::new(),
            current: Current::default(),
            no_object: 0,
            no_object_file: None,
            said: Vec::new(),
            complete: BTreeSet::new(),
        };
        consumer.beside(beside);
        consumer
    }

    fn beside(&mut self, beside: Beside) {
        match beside {
            Beside::Nothing => {}
            Beside::Whole(dump) => self.manifest(dump),
            Beside::Part(dump, path) => {
                self.said.push(
                    Diagnostic::warning(
                        fault::MANIFEST,
                        "describes more files than were given: what it states of completeness is left aside",
                    )
                    .file(path.display().to_string())
                    .fix("give its folder"),
                );
                let Dump { cluster, taken_at, incomplete, .. } = dump;
                self.manifest(Dump { cluster, taken_at, incomplete, kind: "Dump".into(), ..Dump::default() });
            }
            Beside::Broken(diagnostic) => self.said.push(diagnostic),
        }
    }

    fn manifest(&mut self, dump: Dump) {
        if self.name.is_none() {
            self.name.clone_from(&dump.cluster.name);
        }
        if dump.cluster.name.is_some() && dump.cluster.name != self.name {
            let stated = dump.cluster.name.as_deref().unwrap_or_default();
            let name = self.name.as_deref().unwrap_or_default();
            self.said.push(
                Diagnostic::note(fault::MANIFEST, format!("a dump of `{stated}`, read as cluster `{name}`"))
                    .file(self.file.clone()),
            );
        }
        self.manifests.push(dump);
    }

    fn settle(&mut self) -> S::Cluster {
        if let Some(cluster) = self.cluster {
            return cluster;
        }
        let name = self.name.clone().unwrap_or_else(|| DEFAULT_CLUSTER.into());
        let cluster = self.sink.cluster(&name);
        self.cluster = Some(cluster);
        if !self.loaded.clusters.contains(&name) {
            self.loaded.clusters.push(name);
        }
        for intake in std::mem::take(&mut self.held) {
            self.sink.add(cluster, intake);
        }
        cluster
    }

    pub(crate) fn take(&mut self, output: Output<S::Intake>) {
        self.loaded.objects += output.objects;
        self.loaded.unreadable += output.faults;
        for (kind, count) in output.skipped {
            *self.loaded.skipped.entry(kind).or_default() += count;
        }
        self.resources.merge(output.resources);
        self.timestamp = [self.timestamp.take(), output.taken_at].into_iter().flatten().min();
        self.deferred.extend(output.deferred);
        if output.no_object > 0 {
            self.no_object += output.no_object;
            self.no_object_file.get_or_insert_with(|| output.file.name.clone());
        }
        self.current.broken |= output.faults > 0;
        self.current.objects_outside |= output.no_object > 0;
        self.current.kinds.extend(output.kinds);
        self.current
            .lists
            .extend(output.lists.into_iter().map(|list| if list.partial { None } else { list.kind }));
        for dump in output.dumps {
            self.manifest(dump);
        }
        if self.name.is_some() || !self.hold {
            let cluster = self.settle();
            self.sink.add(cluster, output.intake);
        } else {
            self.held.push(output.intake);
        }
        // A fault of a file that was never opened has no end; it counts for its folder all the same.
        if output.ended || self.current.broken {
            self.end_of_file(&output.file, output.ended);
        }
    }

    fn end_of_file(&mut self, file: &FileContext, ended: bool) {
        let Some(place) = &file.place else {
            if ended {
                self.current = Current::default();
            }
            return;
        };
        if let Place::Folder { root, resource } = place {
            let folder = self.folders.entry((root.clone(), resource.clone())).or_default();
            folder.broken |= self.current.broken;
            folder.kinds.extend(self.current.kinds.iter().cloned());
        }
        if !ended {
            return;
        }
        let current = std::mem::take(&mut self.current);
        let resource = place.resource();
        if let [kind] = current.kinds.iter().collect::<Vec<_>>().as_slice() {
            self.plurals.learn(resource, kind);
        }
        if let Place::List { namespace, .. } = place {
            let listed = match current.lists.as_slice() {
                [Some(kind)] => Some(kind.clone()),
                // An untyped List of one kind.
                [None] if current.kinds.len() == 1 => current.kinds.iter().next().cloned(),
                _ => None,
            };
            let Some(kind) = listed else { return };
            self.plurals.learn(resource, &kind);
            if !current.broken && !current.objects_outside {
                self.complete.insert((kind_name(&kind), namespace.clone()));
            }
        }
    }

    /// States what the dump as a whole says.
    pub(crate) fn finish(mut self) {
        self.hold = false;
        let cluster = self.settle();
        for (kind, namespace) in std::mem::take(&mut self.complete) {
            self.sink.complete(cluster, &kind, &namespace);
        }
        let mut intake = S::Intake::of(self.file.as_str().into());
        self.unreadable(&mut intake);
        self.folders(cluster);
        self.manifests(cluster);
        if let Some(kinds) = self.resources.whole() {
            self.sink.discovered(cluster, &kinds);
        }
        if self.no_object > 0 {
            let first = self.no_object_file.take().unwrap_or_else(|| self.file.as_str().into());
            let message = format!(
                "{} documents or files hold no Kubernetes object, the first is {first}",
                self.no_object
            );
            self.said.push(Diagnostic::note(fault::NO_OBJECT, message).file(self.file.clone()));
        }
        for diagnostic in std::mem::take(&mut self.said) {
            intake.diagnostic(diagnostic);
        }
        self.sink.add(cluster, intake);
    }

    /// Parts that could not be read, now that the dump has shown what its paths speak of.
    fn unreadable(&mut self, intake: &mut S::Intake) {
        for Deferred { fault, file, document, line } in std::mem::take(&mut self.deferred) {
            let kind = file.place.as_ref().and_then(|place| {
                let resource = place.resource();
                let listed = self.resources.plurals.get(&(resource.group.clone(), resource.plural.clone()));
                self.plurals.kind(resource).or(listed).cloned()
            });
            let diagnostic = fault.diagnostic(&file.name, document, line, kind.as_ref());
            intake.unreadable(diagnostic, kind);
        }
    }

    fn folders(&mut self, cluster: S::Cluster) {
        for folder in std::mem::take(&mut self.folders).into_values() {
            let mut kinds = folder.kinds.into_iter();
            if let (Some(kind), None, false) = (kinds.next(), kinds.next(), folder.broken) {
                self.sink.complete(cluster, &kind_name(&kind), "*");
            }
        }
    }

    fn manifests(&mut self, cluster: S::Cluster) {
        let manifests = std::mem::take(&mut self.manifests);
        let stated =
            manifests.iter().filter_map(|dump| dump.taken_at.clone()).max().or(self.timestamp.take());
        if let Some(time) = stated {
            match self.sink.taken_at(cluster, &time) {
                Ok(()) => self.loaded.taken_at = self.loaded.taken_at.take().max(Some(time)),
                Err(error) => {
                    self.said.push(Diagnostic::warning(fault::MANIFEST, error).file(self.file.clone()))
                }
            }
        }
        for dump in manifests {
            if let Some(uid) = &dump.cluster.uid {
                self.sink.uid(cluster, uid);
            }
            let scopes = dump.complete.iter().map(|scope| &scope.kinds);
            let kinds = scopes.chain(dump.incomplete.iter().map(|scope| &scope.kinds)).flatten();
            let stated = kinds.chain(&dump.absent_kinds).map(|kind| (self.file.clone(), kind.clone()));
            self.loaded.stated.extend(stated);
            for scope in &dump.complete {
                each(&scope.kinds, &scope.namespaces, |kind, namespace| {
                    self.sink.complete(cluster, kind, namespace)
                });
            }
            for scope in &dump.incomplete {
                each(&scope.kinds, &scope.namespaces, |kind, namespace| {
                    self.sink.incomplete(cluster, kind, namespace, scope.reason);
                });
            }
            for kind in &dump.absent_kinds {
                self.sink.absent(cluster, kind);
            }
        }
    }
}

fn each(kinds: &[String], namespaces: &[String], mut state: impl FnMut(&str, &str)) {
    for kind in kinds {
        for namespace in namespaces {
            state(kind, namespace);
        }
    }
}

/// A `probate.yaml` that stands beside a file.
enum Beside {
    Nothing,
    /// It speaks of what was given.
    Whole(Dump),
    /// It speaks of other files too, so that a kind it calls complete may not have been given.
    Part(Dump, PathBuf),
    Broken(Diagnostic),
}

/// Within a folder the manifest is read like any other file; a single file's stands beside it.
fn beside(path: &Path, given: &[PathBuf]) -> Beside {
    let Some(folder) = path.parent().filter(|_| path.is_file()) else { return Beside::Nothing };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let manifest = folder.join("probate.yaml");
    if path.file_name() == manifest.file_name() {
        return Beside::Nothing;
    }
    let Ok(text) = std::fs::read(&manifest) else { return Beside::Nothing };
    let mut json = Vec::new();
    let parsed = super::convert::to_json(&text, super::work::Format::Yaml, &mut json)
        .and_then(|_| super::manifest::parse(&json));
    let dump = match parsed {
        Ok(dump) => dump,
        Err(fault) => {
            let diagnostic = fault.diagnostic(&manifest.display().to_string(), 1, 1, None);
            return Beside::Broken(
                diagnostic.consequence("what it states is left aside").fix(fault::fix(fault::MANIFEST)),
            );
        }
    };
    let given: Vec<PathBuf> = given.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let all = std::fs::read_dir(folder).into_iter().flatten().flatten().all(|entry| {
        let path = entry.path();
        let is_given = path.canonicalize().is_ok_and(|path| given.contains(&path));
        is_given || path.file_name() == manifest.file_name() || !super::source::may_hold_objects(&path)
    });
    if all { Beside::Whole(dump) } else { Beside::Part(dump, manifest) }
}
