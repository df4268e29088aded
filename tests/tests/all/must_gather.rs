//! A real OpenShift must-gather: what it says is used is used, and once every user is taken out, exactly the two orphans go.

use crate::support::{probate, root};
use probate_contract::Cause;
use probate_contract::plan::{DecisionAction, PlanReport};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const CLAIMS: [&str; 2] = ["prometheus-data-prometheus-k8s-0", "prometheus-data-prometheus-k8s-1"];

/// The archive, where the machine has it: `PROBATE_DUMPS`, else beside the workspace.
fn archive() -> Option<PathBuf> {
    let folder =
        std::env::var_os("PROBATE_DUMPS").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let archive = folder.join("must-gather-vsphere.tar.xz");
    if archive.exists() {
        return Some(archive);
    }
    eprintln!("SKIPPED: {} is not there; PROBATE_DUMPS names the folder that holds it", archive.display());
    None
}

fn plan(args: &[&str]) -> PlanReport {
    let mut all = vec!["plan", "-p", "policies", "-o", "json"];
    all.extend(args);
    let output = probate(&all);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0)), "{:?}: {told}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
}

#[test]
fn both_claims_are_used_and_nothing_goes() {
    let Some(archive) = archive() else { return };
    let archive = archive.display().to_string();
    let plan = plan(&[&archive]);
    let kinds = |kind: &str| plan.entries.iter().filter(|entry| entry.subject.identity.kind == kind).count();
    assert_eq!((kinds("PersistentVolumeClaim"), kinds("PersistentVolume")), (2, 2));
    assert_eq!((plan.summary.delete.count, plan.summary.follows.count), (0, 0));
    assert!(plan.entries.iter().all(|entry| entry.decision.action == DecisionAction::Retain));
    assert!(!plan.incomplete.is_empty(), "a must-gather does not hold everything, and the plan says what");
    assert!(plan.incomplete.iter().all(|source| !source.remedy.is_empty()));
    let twice: Vec<_> = plan.diagnostics.iter().filter(|diagnostic| diagnostic.code == "PB1011").collect();
    assert!(twice.is_empty(), "one object in a list and in a file of its own is one object: {twice:?}");
    for claim in CLAIMS {
        let object = format!("pvc/openshift-monitoring/{claim}");
        let output = probate(&["explain", &object, &archive, "-o", "json"]);
        let explained: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let evidence = &explained["evidence"];
        assert_eq!(evidence["usage"]["referenced"], true, "{evidence}");
        assert_eq!(evidence["usage"]["state"], "Active");
        assert_eq!(evidence["volume"]["phase"], "Bound");
    }
}

/// Unpacks the archive without whatever wants a claim.
fn orphaned(archive: &Path, folder: &Path) {
    let mut names = 0;
    let mut archive = tar::Archive::new(liblzma::read::XzDecoder::new(fs::File::open(archive).unwrap()));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let text = path.to_string_lossy().into_owned();
        let wants = text.ends_with("/statefulsets.yaml")
            || text.ends_with("/core/pods.yaml")
            || text.contains("/pods/")
            || text.contains("/monitoring.coreos.com/prometheuses/");
        if wants || !entry.header().entry_type().is_file() {
            continue;
        }
        entry.unpack_in(folder).unwrap();
        if text.contains("/core/nodes/") {
            let file = folder.join(&path);
            let node = fs::read_to_string(&file).unwrap();
            let rest = without(&without(&node, "  volumesAttached:"), "  volumesInUse:");
            names += usize::from(rest != node);
            fs::write(file, rest).unwrap();
        }
    }
    assert!(names > 0, "some node had a volume");
}

/// The text without the list that begins with this line.
fn without(text: &str, head: &str) -> String {
    let mut inside = false;
    let kept = text.lines().filter(|line| {
        inside = *line == head || (inside && (line.starts_with("  -") || line.starts_with("   ")));
        !inside
    });
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn without_its_users_exactly_the_two_claims_go() {
    let Some(archive) = archive() else { return };
    let folder = tempfile::tempdir().unwrap();
    orphaned(&archive, folder.path());
    let records = folder.path().join("records.yaml");
    let record = |claim: &str| {
        format!("- {{subject: pvc/openshift-monitoring/{claim}, unusedSince: \"2021-09-15T00:00:00Z\"}}\n")
    };
    fs::write(&records, CLAIMS.map(record).concat()).unwrap();
    let dump = folder.path().join("must-gather-vsphere");
    let (dump, records) = (dump.display().to_string(), records.display().to_string());
    let flags = [dump.as_str(), "--complete", "all", "--as-of", "2021-12-13T00:00:00Z"];
    let without_records = plan(&flags);
    assert_eq!(
        without_records.summary.delete.count, 0,
        "how long they are unused is not known without records"
    );
    let mut with: Vec<&str> = flags.to_vec();
    with.extend(["--records", &records]);
    let plan = plan(&with);
    let deletes: Vec<_> =
        plan.entries.iter().filter(|entry| entry.decision.action == DecisionAction::Delete).collect();
    let names: Vec<&str> = deletes.iter().map(|entry| entry.subject.identity.name.as_str()).collect();
    assert_eq!(names, CLAIMS, "{:#?}", plan.entries);
    for entry in deletes {
        assert_eq!(entry.decision.causes, [Cause::PolicyDelete, Cause::AuditMode]);
        assert!(entry.guards.is_empty(), "{:?}", entry.guards);
    }
    let followed: Vec<&str> = plan
        .entries
        .iter()
        .filter_map(|entry| entry.follows.as_ref())
        .map(|follows| follows.claim.name.as_str())
        .collect();
    assert_eq!(followed.len(), 2);
    assert!(CLAIMS.iter().all(|claim| followed.contains(claim)), "both volumes go with their claims");
    assert_eq!(plan.summary.follows.count, 2);
    let table = probate(&[&["plan", "-p", "policies"], &with[..]].concat());
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let shown = table.lines().filter(|line| line.starts_with("Delete (audit)")).count();
    assert_eq!(shown, 2, "{table}");
}
