//! An upgrade from a chart that had fewer values keeps what was chosen and gets the new defaults.

use super::chart;
use super::release::{Release, documented};
use std::path::Path;

/// The chart as a version before might have been, without the value for its network policy.
fn older(folder: &Path) {
    let shell = std::process::Command::new("cp").arg("-r").arg(chart()).arg(folder).status();
    assert!(shell.expect("cp").success());
    let change = |name: &str, from: &str, to: &str| {
        let path = folder.join("chart").join(name);
        let text = std::fs::read_to_string(&path).expect(name);
        assert!(text.contains(from), "{name}: {from}");
        std::fs::write(&path, text.replace(from, to)).expect(name);
    };
    change("values.yaml", "networkPolicy:\n  enabled: true\n", "");
    change("templates/workload.yaml", ".Values.networkPolicy.enabled", "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_keeps_what_was_chosen_and_has_new_defaults() {
    let Some(release) = Release::start().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    older(folder.path());
    let install = documented("install.md", "helm install");
    let chart = folder.path().join("chart").display().to_string();
    let line = install.replace("host/deploy/chart", &chart);
    assert_ne!(line, install);
    release.well(&format!("{line} --set mode=enforce --set clusterName=harvester"));
    let policies = "kubectl get networkpolicy -n probate -o name";
    assert_eq!(release.well(policies), "");
    release.upgrade("");
    assert_eq!(release.well(policies).trim(), "networkpolicy.networking.k8s.io/probate");
    let args = release.well(
        "kubectl get deployment probate -n probate -o jsonpath='{.spec.template.spec.containers[0].args}'",
    );
    assert!(args.contains("--cluster-name=harvester") && args.contains("--purger=probate-purger"), "{args}");
}
