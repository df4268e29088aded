//! What was decided in generated worlds is decided again from its lines alone: with policies whose answers hang on every byte
//! that they read, so that a fact which is not recorded, or comes back otherwise, shows.

use crate::r#gen::{Random, active};
use crate::laws::{crowd, seed};
use probate_contract::dump::Reason;
use probate_contract::evidence::Open;
use probate_contract::log::{DecisionRecord, LogEngine};
use probate_contract::manifest::Policy as Manifest;
use probate_contract::plan::{DecisionAction, NextStep, Vote};
use probate_contract::settings::SettingsSpec;
use probate_contract::verdict::{Action, Verdict};
use probate_contract::{Cause, Fact};
use probate_core::digest;
use probate_core::inventory::Inventory;
use probate_core::log::{Chain, Journal, Unfit, replay};
use probate_core::pipeline::{self, Options};
use probate_core::policy::{Policy, PolicySet, Program};
use probate_core::port::{Answer, Chunk, Failure, Sandbox};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Worlds of a test.
const WORLDS: u64 = 300;

/// How a program comes to its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Delete, always.
    Always,
    /// By a hash of what it says that it reads.
    Honest,
    /// By a hash of everything that it is given.
    Whole,
    /// Delete, or nothing to say.
    Seldom,
}

/// The programs of a set, in its order.
pub(crate) struct Hashing(pub(crate) Vec<Kind>);

/// What the honest ones read.
const READS: [Fact; 4] = [Fact::Namespace, Fact::SubjectObject, Fact::UsageUnusedSince, Fact::StorageClass];

fn hash(input: &str, kind: Kind) -> u8 {
    let document: Value = serde_json::from_str(input).unwrap();
    let seen = match kind {
        Kind::Whole => document,
        _ => json!([
            document["namespace"],
            document["subject"]["object"],
            document["usage"]["unusedSeconds"],
            document["usage"]["continuity"],
            document["storageClass"],
        ]),
    };
    u8::from_str_radix(&digest::of_json(&seen)[7..9], 16).unwrap()
}

fn answer(input: &str, kind: Kind) -> Answer {
    let delete = Verdict { action: Action::Delete, reason: "always".into(), ..Verdict::default() };
    let hash = if kind == Kind::Always { 255 } else { hash(input, kind) };
    let note = |value: &str| [("probate.dev/note.hash".to_owned(), value.to_owned())].into();
    match (kind, hash % 8) {
        (Kind::Always, _) => Ok(delete),
        (Kind::Seldom, 0..4) => Ok(Verdict::default()),
        (Kind::Seldom, _) => Ok(Verdict { annotations: note(&format!("{hash}")), ..delete }),
        (_, 0..4) => Ok(Verdict { reason: format!("hash {hash}"), rule: Some("hash".into()), ..delete }),
        (_, 4) => {
            Ok(Verdict { action: Action::Retain, reason: format!("hash {hash}"), ..Verdict::default() })
        }
        (_, 5) => Ok(Verdict { annotations: note("same"), ..Verdict::default() }),
        (_, 6) => Err(Failure { cause: Cause::PolicyError, message: format!("hash {hash}") }),
        _ => Ok(Verdict::default()),
    }
}

impl Sandbox for Hashing {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        let one =
            |chunk: &Chunk| chunk.inputs.iter().map(|input| answer(input, self.0[chunk.policy])).collect();
        chunks.iter().map(one).collect()
    }
}

/// A policy by its place in the set.
pub(crate) fn policy(at: usize, kind: Kind, random: &mut Random, namespace: Option<&str>) -> Policy {
    let mode = *random.one(&["Audit", "Propose", "Enforce"]);
    let mut spec =
        json!({"mode": mode, "program": {"rego": {"inline": "-"}}, "deletion": {"retainedVolumes": "Keep"}});
    if random.percent(60) {
        spec["consents"] =
            json!(["ScaledDownOrdinal", "DependentSnapshots", "GitOpsTracked", "NamespaceGone"]);
        spec["deletion"]["retainedVolumes"] = json!("DeleteObjectAndAsset");
    }
    if random.percent(50) {
        spec["match"] = json!({"namespaces": ["?*"], "storageClasses": ["?*"]});
    } else if random.percent(30) {
        spec["match"] =
            json!({"namespaceSelector": {"matchExpressions": [{"key": "env", "operator": "DoesNotExist"}]}});
    }
    let mut metadata = json!({"name": format!("p{at}")});
    let mut manifest_kind = "ClusterRetentionPolicy";
    if random.percent(15) {
        spec["match"] = json!({"labelSelector": {"matchLabels": {"app": "kept"}}});
        spec["subjects"] = json!(["PersistentVolumeClaim"]);
    }
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
        manifest_kind = "RetentionPolicy";
        spec["consents"] = json!([]);
        spec["match"] = json!({});
        spec["subjects"] = json!(["PersistentVolumeClaim"]);
    }
    let manifest: Manifest = serde_json::from_value(json!({
        "apiVersion": "probate.dev/v1alpha1", "kind": manifest_kind, "metadata": metadata, "spec": spec,
    }))
    .unwrap();
    let reads = if kind == Kind::Always { Vec::new() } else { READS.to_vec() };
    let program = Ok(Program { reads, paths: ["usage".into()].into(), parameters: Open::default() });
    Policy { manifest, program_digest: format!("sha256:{at}"), program }
}

/// A world's policies: always one that deletes, mostly one that hangs on what it reads.
fn policies(random: &mut Random, namespace: &str) -> (PolicySet, Hashing) {
    let mut kinds = vec![Kind::Always];
    let kind = *random.one(&[Kind::Honest, Kind::Seldom, Kind::Whole]);
    kinds.extend(random.percent(75).then_some(kind));
    let mut set: Vec<Policy> =
        kinds.iter().enumerate().map(|(at, kind)| policy(at, *kind, random, None)).collect();
    if random.percent(25) {
        set.push(policy(kinds.len(), Kind::Seldom, random, Some(namespace)));
        kinds.push(Kind::Seldom);
    }
    if random.percent(10) {
        let failure = Failure { cause: Cause::LoadFailed, message: "it does not load".into() };
        // Of cluster policies; a namespaced one sorts behind them.
        let broken = Policy { program: Err(failure), ..policy(0, Kind::Always, random, None) };
        set[0] = broken;
    }
    (PolicySet::new(set), Hashing(kinds))
}

fn settings(random: &mut Random) -> SettingsSpec {
    let mut settings = SettingsSpec {
        minimum_age_seconds: *random.one(&[0, 86_400, 400_000_000]),
        minimum_unused_seconds: *random.one(&[0, 86_400, 400_000_000]),
        ..SettingsSpec::default()
    };
    if random.percent(10) {
        settings.protected.namespaces.push("*".into());
    }
    settings
}

/// Marks and quarantines that some records know of.
fn in_protocol(record: &mut Value, random: &mut Random) {
    if random.percent(30) {
        let until = *random.one(&["2026-11-20T00:00:00Z", "2026-12-20T00:00:00Z"]);
        record["mark"] = json!({"decision": "d-1", "at": "2026-11-10T00:00:00Z", "notBefore": until});
    }
    if random.percent(30) {
        let labels = *random.one(&["{}", r#"{"app":"kept"}"#]);
        let claim = format!(r#"{{"metadata":{{"labels":{labels}}}}}"#);
        record["quarantine"] =
            json!({"decision": "d-1", "watchedSeconds": 60, "manifests": {"claim": claim}});
        if random.percent(70) {
            record["quarantine"]["releasedAt"] = json!("2026-11-20T00:00:00Z");
        }
        if random.percent(30) {
            record["quarantine"]["promisedIn"] = json!("uid-namespace");
        }
        record["originalReclaimPolicy"] = json!("Delete");
    }
}

/// A world's inventory, policies and settings.
pub(crate) struct Scene {
    pub(crate) inventory: Inventory,
    pub(crate) set: PolicySet,
    pub(crate) sandbox: Hashing,
    pub(crate) options: Options,
}

/// The scene of that number.
pub(crate) fn scene(world: u64) -> Scene {
    let mut random = Random::of(seed() ^ 0x10c, world);
    let mut built = crowd(Random::of(seed(), world), &active());
    for (_, record) in &mut built.records {
        in_protocol(record, &mut random);
    }
    let namespace = built.clusters[0]
        .objects
        .iter()
        .find(|object| object["kind"] == "PersistentVolumeClaim")
        .map_or("shop", |claim| claim["metadata"]["namespace"].as_str().unwrap())
        .to_owned();
    let (set, sandbox) = policies(&mut random, &namespace);
    let unused_since = random.percent(30).then_some(1_760_000_000);
    let options = Options { settings: settings(&mut random), unused_since, ..Options::default() };
    Scene { inventory: built.inventory(), set, sandbox, options }
}

impl Scene {
    /// Its decisions as records.
    pub(crate) fn records(&self, threads: usize) -> Vec<DecisionRecord> {
        let options = Options { threads, ..self.options.clone() };
        let plan = pipeline::decide(&self.inventory, &self.set, &self.sandbox, &options);
        let entries: Vec<_> = plan.entries.iter().collect();
        let records = pipeline::logged(&self.inventory, &self.set, &options, &entries);
        assert_eq!(records.len(), entries.len(), "every entry has a record");
        records
    }

    /// And as lines of a chain.
    pub(crate) fn lines(&self, chain: &str) -> Vec<String> {
        journal(chain).decisions(&self.records(1))
    }
}

/// A journal of a chain that follows none.
pub(crate) fn journal(chain: &str) -> Journal {
    let engine = LogEngine { probate: "0.1.0".into(), rego_guest: "sha256:1".into() };
    Journal::new(Chain::start(chain, engine, None))
}

fn read(lines: &[String]) -> Vec<DecisionRecord> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_line_is_decided_again_byte_for_byte() {
    let (mut lines_in_all, mut seen, mut steps) = (0, BTreeSet::new(), BTreeSet::new());
    let (mut deletes, mut candidates, mut unknown, mut whole, mut causes) = (0, 0, 0, 0, BTreeSet::new());
    for world in 0..WORLDS {
        let scene = scene(world);
        let lines = scene.lines("c-test");
        assert_eq!(lines, journal("c-test").decisions(&scene.records(2)), "threads do not matter");
        let records = read(&lines);
        let once = replay(&records, &none(), &scene.set, &scene.sandbox, 1);
        assert_eq!(once, replay(&records, &none(), &scene.set, &scene.sandbox, 2));
        for (record, replayed) in records.iter().zip(once) {
            let replayed = replayed.unwrap();
            assert!(
                replayed.differences.is_empty(),
                "world {world}: {:#?}\n{record:#?}",
                replayed.differences
            );
            assert_eq!(replayed.unrecorded, Vec::<Fact>::new());
            deletes += usize::from(record.decision.action == DecisionAction::Delete);
            candidates += usize::from(record.candidate);
            unknown += usize::from(!record.unknown.is_empty());
            whole +=
                usize::from(record.reads.contains(&Fact::Owners) && record.reads.contains(&Fact::Trigger));
            causes.extend(record.decision.causes.iter().copied());
            steps.insert(record.decision.next_step);
            seen.extend(record.verdicts.iter().map(|logged| logged.verdict.action));
        }
        lines_in_all += lines.len();
    }
    println!(
        "{lines_in_all} lines, {deletes} deletes, {candidates} candidates, {unknown} with unknown facts, {whole} whole"
    );
    println!("{} causes: {causes:?}", causes.len());
    assert!(deletes > 50 && candidates > 20 && unknown > 50, "the worlds have something of each");
    assert_eq!(seen.len(), 4, "every vote: {seen:?}");
    let all = [NextStep::Mark, NextStep::Wait, NextStep::Unmark, NextStep::Quarantine, NextStep::Purge];
    assert!(all.iter().all(|step| steps.contains(step)), "{steps:?}");
    let must = [Cause::ProjectionDisagrees, Cause::LoadFailed, Cause::PolicyError, Cause::IncompleteEvidence];
    assert!(must.iter().all(|cause| causes.contains(cause)) && causes.len() > 20, "{causes:?}");
}

#[test]
fn one_thing_changed_in_a_line_shows() {
    let mut tried = 0;
    for world in 0..20 {
        let scene = scene(world);
        for record in scene.records(1) {
            let differs = |change: &dyn Fn(&mut DecisionRecord)| {
                let mut changed = record.clone();
                change(&mut changed);
                match &replay(&[changed], &none(), &scene.set, &scene.sandbox, 1)[0] {
                    Ok(replayed) => !replayed.differences.is_empty(),
                    Err(_) => true,
                }
            };
            assert!(!differs(&|_| ()));
            assert!(differs(&|record| record.decision.reason.push('!')));
            assert!(differs(&|record| record.evidence_digest.push('0')));
            assert!(differs(&|record| record.candidate = !record.candidate));
            assert!(differs(&|record| {
                record.evidence["subject"]["name"] = json!("other");
            }));
            if let Some(at) = record.verdicts.iter().position(|logged| logged.verdict.action == Vote::Delete)
            {
                assert!(differs(&|record| record.verdicts[at].digest = "sha256:2".into()));
                let held = |record: &mut DecisionRecord| {
                    record.rails.as_mut().unwrap().kept.push("a mark".into());
                };
                // A protected namespace is told in its place.
                if !record.guards.iter().any(|guard| guard.cause == Cause::Protected) {
                    assert!(differs(&held), "a rail that was not seen");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 20);
}

#[test]
fn another_policy_shows_what_differs() {
    let scene = scene(3);
    let records = scene.records(1);
    let mut random = Random::of(1, 1);
    let other = PolicySet::new(vec![policy(7, Kind::Whole, &mut random, None)]);
    let replayed = replay(&records, &none(), &other, &Hashing(vec![Kind::Whole]), 1);
    let mut unrecorded = BTreeSet::new();
    for (record, replayed) in records.iter().zip(replayed) {
        let replayed = replayed.unwrap();
        let paths: Vec<&str> =
            replayed.differences.iter().map(|difference| difference.path.as_str()).collect();
        assert!(paths.contains(&"decision.id"), "{paths:?}");
        for logged in &record.verdicts {
            let path = format!("verdicts.{}", logged.verdict.policy);
            let gone = replayed.differences.iter().find(|difference| difference.path == path).unwrap();
            let action = Some(json!(logged.verdict.action));
            assert_eq!((gone.recorded.clone(), gone.replayed.clone()), (action, None));
        }
        unrecorded.extend(replayed.unrecorded);
    }
    assert!(unrecorded.is_subset(&READS.into_iter().collect()), "{unrecorded:?}");
}

/// No log: every policy that is given is asked.
fn none() -> BTreeSet<String> {
    BTreeSet::new()
}

#[test]
fn a_policy_that_came_later_is_not_asked_about_older_lines() {
    let scene = scene(3);
    let mut random = Random::of(1, 1);
    let later = policy(7, Kind::Always, &mut random, None);
    let id = later.id();
    let records = scene.records(1);
    let set = PolicySet::new(scene.set.iter().cloned().chain([later]).collect());
    let logged: BTreeSet<String> = set.iter().map(Policy::id).collect();
    let mut older = scene.sandbox.0.iter().copied();
    let kind = |policy: &Policy| if policy.id() == id { Some(Kind::Always) } else { older.next() };
    let sandbox = Hashing(set.iter().filter_map(kind).collect());
    let asked = |logged: &BTreeSet<String>| {
        let replayed = replay(&records, logged, &set, &sandbox, 1);
        let told = |replayed: &Result<probate_core::log::Replayed, Unfit>| {
            replayed.as_ref().unwrap().differences.iter().any(|difference| difference.path.contains(&id))
        };
        replayed.iter().any(told)
    };
    assert!(asked(&none()), "as another policy it is");
    assert!(!asked(&logged));
}

#[test]
fn a_line_that_lacks_something_is_not_guessed_at() {
    let scene = scene(0);
    let record = scene.records(1).remove(0);
    let unfit = |change: &dyn Fn(&mut DecisionRecord)| {
        let mut changed = record.clone();
        change(&mut changed);
        replay(&[changed], &none(), &scene.set, &scene.sandbox, 1).remove(0).unwrap_err()
    };
    assert_eq!(unfit(&|record| record.rails = None), Unfit::Lacks("rails"));
    assert_eq!(unfit(&|record| record.settings = None), Unfit::Lacks("settings"));
    let version = "probate.dev/v1";
    assert_eq!(unfit(&|record| record.api_version = version.into()), Unfit::Version(version.into()));
    let gone = |record: &mut DecisionRecord| {
        record.evidence.remove("now");
    };
    assert_eq!(unfit(&gone), Unfit::Lacks("evidence.now"));
    let broken = |record: &mut DecisionRecord| {
        record.evidence.insert("references".into(), json!("none"));
        record.unknown.retain(|missing| missing.fact != Fact::References);
    };
    assert!(matches!(unfit(&broken), Unfit::Fact(Fact::References, _)));
}

#[test]
fn answers_that_the_run_made_are_taken_from_the_line() {
    let scene = scene(5);
    let mut record = scene.records(1).into_iter().find(|record| !record.verdicts.is_empty()).unwrap();
    let policy = record.verdicts[0].verdict.policy.clone();
    let verdict = &mut record.verdicts[0].verdict;
    (verdict.action, verdict.cause) = (Vote::Failed, Some(Cause::SandboxFailed));
    verdict.reason = "the sandbox gave no answer".into();
    let replayed =
        replay(std::slice::from_ref(&record), &none(), &scene.set, &scene.sandbox, 1).remove(0).unwrap();
    assert_eq!(replayed.taken, std::slice::from_ref(&policy));
    let paths: Vec<String> = replayed.differences.into_iter().map(|difference| difference.path).collect();
    assert!(!paths.iter().any(|path| path.starts_with(&format!("verdicts.{policy}"))), "{paths:?}");
    record.verdicts[0].digest = "sha256:other".into();
    let asked = replay(&[record], &none(), &scene.set, &scene.sandbox, 1).remove(0).unwrap();
    assert_eq!(asked.taken, Vec::<String>::new(), "another policy is asked");
}

#[test]
fn facts_are_recorded_as_unknown_with_what_would_tell() {
    let record = (0..50).flat_map(|world| scene(world).records(1)).find(|record| !record.unknown.is_empty());
    let record = record.unwrap();
    assert!(record.unknown.iter().all(|missing| record.reads.contains(&missing.fact)));
    assert!(record.unknown.iter().any(|missing| missing.reason != Reason::TooLarge));
}
