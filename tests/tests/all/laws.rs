//! Laws over whole worlds: what may never change a plan, and what may only ever take deletes away.

use crate::support::{SHIPPED, copy, decide, deleted, inventory, options, policies, root};
use probate_cli::policies::Policies;
use probate_contract::dump::{Dump, Scope};
use probate_contract::plan::{PlanReport, Vote};
use probate_contract::{Cause, Fact};
use probate_core::inventory::Inventory;
use probate_core::pipeline;
use probate_core::policy::PolicySet;
use probate_core::port::{Answer, Chunk, Sandbox};
use probate_sandbox::Programs;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const DUMP: &str = "examples/quickstart/dump";

static QUICKSTART: LazyLock<Inventory> = LazyLock::new(|| inventory(&[DUMP]));
static PLAN: LazyLock<PlanReport> = LazyLock::new(|| decide(&QUICKSTART, &SHIPPED, 1));

fn bytes(report: &PlanReport) -> String {
    serde_json::to_string_pretty(report).unwrap()
}

fn plan_of(folder: &Path) -> PlanReport {
    decide(&inventory(&[folder]), &SHIPPED, 2)
}

/// The quickstart in a folder of its own, to be changed.
fn changed(change: impl Fn(&Path)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join(DUMP), folder.path());
    change(folder.path());
    folder
}

fn statement() -> Dump {
    serde_saphyr::from_str(&fs::read_to_string(root().join(DUMP).join("probate.yaml")).unwrap()).unwrap()
}

fn state(folder: &Path, dump: &Dump) {
    fs::write(folder.join("probate.yaml"), serde_json::to_string(dump).unwrap()).unwrap();
}

#[test]
fn the_quickstart_has_something_to_lose() {
    assert!(deleted(&PLAN).len() >= 5, "{:?}", PLAN.summary);
    assert!(PLAN.summary.incomplete.count > 0 && PLAN.summary.annotate.count > 0);
    let causes: BTreeSet<Cause> = PLAN.summary.causes.iter().map(|total| total.cause).collect();
    assert!(causes.len() >= 10, "{causes:?}");
}

#[test]
fn threads_do_not_matter() {
    for threads in [2, 3, 8] {
        assert_eq!(bytes(&decide(&QUICKSTART, &SHIPPED, threads)), bytes(&PLAN), "{threads} threads");
    }
}

/// Turns every chunk round and cuts it into pieces: histories that the pipeline never makes.
struct Recut<'a>(&'a Programs, usize);

impl Sandbox for Recut<'_> {
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>> {
        let one = |chunk: &Chunk| {
            let mut inputs = chunk.inputs.clone();
            inputs.reverse();
            let pieces: Vec<Chunk> = inputs
                .chunks(self.1)
                .map(|inputs| Chunk { policy: chunk.policy, inputs: inputs.to_vec() })
                .collect();
            let mut answers: Vec<Answer> = self.0.ask(&pieces).into_iter().flatten().collect();
            answers.reverse();
            answers
        };
        chunks.iter().map(one).collect()
    }
}

#[test]
fn the_order_and_size_of_chunks_do_not_matter() {
    let (set, programs) = SHIPPED.split(2);
    for size in [1, 7, 1000] {
        let plan = pipeline::decide(&QUICKSTART, &set, &Recut(&programs, size), &options());
        assert_eq!(bytes(&plan), bytes(&PLAN), "chunks of {size}");
    }
}

#[test]
fn the_order_of_policies_does_not_matter() {
    let folders = fs::read_dir(root().join("policies")).unwrap().map(|entry| entry.unwrap());
    let names = folders.filter(|folder| folder.path().join("policy.yaml").exists());
    let mut paths: Vec<String> =
        names.map(|folder| format!("policies/{}", folder.file_name().to_string_lossy())).collect();
    assert!(paths.len() > 5, "{paths:?}");
    // By their last letters: an order that nothing else makes.
    paths.sort_by_key(|path| path.chars().rev().collect::<String>());
    assert_eq!(bytes(&decide(&QUICKSTART, &policies(&paths), 1)), bytes(&PLAN));
    paths.reverse();
    assert_eq!(bytes(&decide(&QUICKSTART, &policies(&paths), 1)), bytes(&PLAN));
}

#[test]
fn the_order_of_dumps_and_double_dumps_do_not_matter() {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join(DUMP)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let parts = tempfile::tempdir().unwrap();
    // Each file is a dump of its own, with the statement beside the first.
    let part = |at: usize, file: &Path| {
        let folder = parts.path().join(at.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::copy(file, folder.join(file.file_name().unwrap())).unwrap();
        folder
    };
    let mut dumps: Vec<PathBuf> = files.iter().enumerate().map(|(at, file)| part(at, file)).collect();
    let named: Vec<String> = dumps.iter().map(|dump| format!("host={}", dump.display())).collect();
    let plan = |paths: &[String]| {
        let mut plan = decide(&named_inventory(paths), &SHIPPED, 2);
        plan.diagnostics.clear();
        plan
    };
    let once = plan(&named);
    assert_eq!(deleted(&once), deleted(&PLAN));
    let mut other = named.clone();
    other.reverse();
    assert_eq!(bytes(&plan(&other)), bytes(&once), "reversed");
    other.extend(named.iter().cloned());
    assert_eq!(bytes(&plan(&other)), bytes(&once), "twice");
    dumps.clear();
}

fn named_inventory(args: &[String]) -> Inventory {
    use probate_cli::load::{self, LoadOptions};
    let args: Vec<_> = args.iter().map(|arg| arg.parse().unwrap()).collect();
    let mut builder = probate_core::intake::Builder::default();
    let loaded = load::dumps(&args, &LoadOptions::default(), &mut builder);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    builder.finish(crate::support::NOW)
}

/// Kinds without which no delete stands.
const MANDATORY: [&str; 19] = [
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass.storage.k8s.io",
    "Namespace",
    "Node",
    "Pod",
    "ReplicationController",
    "Deployment.apps",
    "ReplicaSet.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "Job.batch",
    "CronJob.batch",
    "VolumeAttachment.storage.k8s.io",
    "VolumeSnapshot.snapshot.storage.k8s.io",
    "VolumeSnapshotContent.snapshot.storage.k8s.io",
    "VirtualMachine.kubevirt.io",
    "VirtualMachineInstance.kubevirt.io",
    "DataVolume.cdi.kubevirt.io",
];

#[test]
fn erasing_a_completeness_statement_never_adds_a_delete_and_each_mandatory_one_takes_some() {
    let whole = statement();
    let before = deleted(&PLAN);
    let mut erased = BTreeSet::new();
    let mut harmless = Vec::new();
    for at in 0..whole.complete.len() {
        let mut dump = whole.clone();
        let Scope { kinds, .. } = dump.complete.remove(at);
        let folder = changed(|folder| state(folder, &dump));
        let plan = plan_of(folder.path());
        let after = deleted(&plan);
        assert!(after.is_subset(&before), "{kinds:?} erased: {:?} would go", after.difference(&before));
        if after == before && kinds.iter().any(|kind| MANDATORY.contains(&kind.as_str())) {
            harmless.push(format!("{kinds:?}"));
        }
        erased.extend(kinds);
    }
    assert!(harmless.is_empty(), "no delete needs these: {harmless:?}");
    let unstated: Vec<_> = MANDATORY.iter().filter(|kind| !erased.contains(**kind)).collect();
    assert!(unstated.is_empty(), "the quickstart does not state {unstated:?}");
}

#[test]
fn erasing_an_absent_kind_or_adding_a_gap_never_adds_a_delete() {
    let whole = statement();
    let before = deleted(&PLAN);
    for at in 0..whole.absent_kinds.len() {
        let mut dump = whole.clone();
        let kind = dump.absent_kinds.remove(at);
        let folder = changed(|folder| state(folder, &dump));
        assert!(deleted(&plan_of(folder.path())).is_subset(&before), "{kind} erased");
    }
    let mut dump = whole;
    dump.complete.clear();
    let folder = changed(|folder| state(folder, &dump));
    let plan = plan_of(folder.path());
    assert_eq!(deleted(&plan), BTreeSet::new(), "nothing is stated complete");
    assert!(!plan.incomplete.is_empty());
}

#[test]
fn erasing_a_record_never_adds_a_delete() {
    let before = deleted(&PLAN);
    let text = fs::read_to_string(root().join(DUMP).join("records.yaml")).unwrap();
    let records: Vec<&str> = text.split("\n---\n").collect();
    assert!(records.len() >= 10, "{} records", records.len());
    let mut taken = 0;
    for at in 0..records.len() {
        let mut rest = records.clone();
        rest.remove(at);
        let folder = changed(|folder| fs::write(folder.join("records.yaml"), rest.join("\n---\n")).unwrap());
        let after = deleted(&plan_of(folder.path()));
        assert!(after.is_subset(&before), "record {at}: {:?}", after.difference(&before));
        taken += usize::from(after != before);
    }
    assert!(taken >= 3, "records matter: {taken}");
}

/// Pads one claim's raw object; its vote and everybody else's must stay.
#[test]
fn a_large_subject_before_small_ones_changes_nothing() {
    let (_, programs) = SHIPPED.split(1);
    for (at, policy) in SHIPPED.items.iter().enumerate() {
        let small: Vec<std::sync::Arc<str>> =
            [probate_contract::examples::CLAIM, probate_contract::examples::VOLUME]
                .into_iter()
                .map(|text| with_parameters(text, policy).to_string().into())
                .collect();
        let mut large = with_parameters(probate_contract::examples::CLAIM, policy);
        large["subject"]["annotations"]["example.com/padding"] = json!("x".repeat(1_000_000));
        let ask = |inputs: Vec<std::sync::Arc<str>>| programs.ask(&[Chunk { policy: at, inputs }]).remove(0);
        let alone = ask(small.clone());
        assert!(alone.iter().all(Result::is_ok), "{alone:?}");
        let mut inputs = vec![large.to_string().into()];
        inputs.extend(small);
        assert_eq!(ask(inputs)[1..], alone, "{}", policy.manifest.metadata.name);
    }
}

fn with_parameters(text: &str, policy: &probate_cli::policies::LoadedPolicy) -> Value {
    let mut document: Value = serde_json::from_str(text).unwrap();
    document["parameters"] = Value::Object(policy.parameters.clone());
    document
}

/// With every fact in the document, each shipped policy says what it says of the facts that it reads.
#[test]
fn what_a_policy_does_not_read_does_not_matter() {
    let (set, programs) = SHIPPED.split(2);
    let unprojected: Vec<_> = set
        .iter()
        .cloned()
        .map(|mut policy| {
            if let Ok(program) = &mut policy.program {
                // A fact that is unknown for some subject would stop the question; those are compared below as they are.
                program.reads = Fact::ALL.to_vec();
            }
            policy
        })
        .collect();
    let full = pipeline::decide(&QUICKSTART, &PolicySet::new(unprojected), &programs, &options());
    let (mut compared, mut voted) = (0, 0);
    for (left, right) in PLAN.entries.iter().zip(&full.entries) {
        assert_eq!(left.subject, right.subject);
        for (left_vote, right_vote) in left.verdicts.iter().zip(&right.verdicts) {
            let unknown =
                |vote: &probate_contract::plan::PolicyVerdict| vote.cause == Some(Cause::IncompleteEvidence);
            if unknown(left_vote) {
                assert!(unknown(right_vote), "{:?}", left.subject);
            } else if !unknown(right_vote) {
                assert_eq!(left_vote, right_vote, "{:?}", left.subject);
                compared += 1;
                voted += usize::from(matches!(left_vote.action, Vote::Retain | Vote::Delete));
            }
        }
    }
    assert!(compared >= 100 && voted >= 15, "{compared} compared, {voted} of them no abstention");
}

#[test]
fn an_annotate_only_policy_that_fails_vetoes_nothing() {
    let broken = |actions: &str| {
        let folder = tempfile::tempdir().unwrap();
        let manifest = format!(
            "apiVersion: probate.dev/v1alpha1\nkind: ClusterRetentionPolicy\nmetadata: {{name: broken}}\nspec:\n  actions: {actions}\n  program: {{rego: {{files: [p.rego]}}}}\n"
        );
        fs::write(folder.path().join("policy.yaml"), manifest).unwrap();
        let rego = "package broken\n\nverdict := {\"annotations\": {\"probate.dev/note.n\": sprintf(\"%d\", [to_number(input.now)])}}\n";
        fs::write(folder.path().join("p.rego"), rego).unwrap();
        let loaded = policies(&[root().join("policies"), folder.path().to_path_buf()]);
        (folder, loaded)
    };
    let (_folder, annotating) = broken("[Annotate]");
    let plan = decide(&QUICKSTART, &annotating, 1);
    assert!(fails(&plan) > 0, "it fails");
    assert_eq!(deleted(&plan), deleted(&PLAN));
    let (_folder, voting) = broken("[Retain, Delete, Annotate]");
    let plan = decide(&QUICKSTART, &voting, 1);
    assert!(fails(&plan) > 0);
    assert_eq!(deleted(&plan), BTreeSet::new(), "the same policy with a vote holds everything");
}

fn fails(plan: &PlanReport) -> usize {
    let votes = plan.entries.iter().flat_map(|entry| &entry.verdicts);
    votes.filter(|vote| vote.policy.ends_with("/broken") && vote.cause == Some(Cause::PolicyError)).count()
}

#[test]
fn a_policy_that_does_not_load_holds_everything() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("broken.rego"), "package broken\n\nverdict := \n").unwrap();
    let paths = [root().join("policies"), folder.path().join("broken.rego")];
    let loaded = Policies::load(&paths, &crate::support::ENGINE).unwrap();
    let plan = decide(&QUICKSTART, &loaded, 1);
    assert_eq!(deleted(&plan), BTreeSet::new());
    assert!(plan.entries.iter().all(|entry| entry.decision.causes.contains(&Cause::LoadFailed)));
}
