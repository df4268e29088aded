//! A must-gather: a small one made here, and the real one where it is at hand.

use super::{formats::tar, load_path};
use std::collections::BTreeMap;
use std::path::PathBuf;

const NS: &str = "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n";

fn object(kind: &str, name: &str) -> String {
    format!("---\napiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n")
}

fn gather(extra: &[(&str, &str)]) -> super::recorder::Recorder {
    let volume = object("PersistentVolume", "v1");
    let pod = object("Pod", "p");
    let mut members: Vec<(&str, &[u8])> = vec![
        ("mg/timestamp", b"2021-09-14 12:14:04.3 +0200 CEST m=+2.0\n2021-09-14 12:17:49.8 +0200 CEST m=+227.5\n"),
        ("mg/q/namespaces/a/a.yaml", NS.as_bytes()),
        ("mg/q/namespaces/a/core/persistentvolumeclaims.yaml", b"---\napiVersion: v1\nitems: []\nkind: PersistentVolumeClaimList\nmetadata:\n  resourceVersion: \"1\"\n"),
        ("mg/q/namespaces/a/core/pods.yaml", b"---\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: p\nkind: PodList\n"),
        ("mg/q/namespaces/a/pods/p/p.yaml", pod.as_bytes()),
        ("mg/q/namespaces/a/pods/p/c/c/logs/current.log", b"x"),
        ("mg/q/cluster-scoped-resources/core/persistentvolumes/v1.yaml", volume.as_bytes()),
        ("mg/q/etcd_info/member_list.json", b"{\"members\":[]}"),
        ("mg/q/etcd_info/alarm_list.json", b"[]"),
    ];
    members.extend(extra.iter().map(|(path, text)| (*path, text.as_bytes())));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mg.tar");
    std::fs::write(&path, tar(&members)).unwrap();
    load_path(&path).0
}

#[test]
fn the_layout_states_what_is_whole() {
    let recorder = gather(&[]);
    let expected = [
        "complete PersistentVolume/*@cluster",
        "complete PersistentVolumeClaim/a@cluster",
        "complete Pod/a@cluster",
        "taken 2021-09-14T10:14:04Z@cluster",
    ];
    assert_eq!(recorder.statements.iter().collect::<Vec<_>>(), expected, "{recorder:?}");
    assert_eq!(recorder.codes(), ["PB1033"], "what is no object is counted in one note");
    assert!(recorder.diagnostics[0].message.starts_with('3'), "{recorder:?}");
}

#[test]
fn what_cannot_be_read_is_missing_from_the_kind_of_its_path() {
    let recorder = gather(&[
        (
            "mg/q/namespaces/b/core/persistentvolumeclaims.yaml",
            "---\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: [\n",
        ),
        ("mg/q/cluster-scoped-resources/core/persistentvolumes/v2.yaml", "\0\0\0\0"),
        ("mg/q/namespaces/b/example.com/widgets.yaml", "a: ["),
        ("mg/q/odd.yaml", "a: ["),
    ]);
    let kinds: Vec<&str> = recorder.unreadable.iter().map(|(_, _, kind)| kind.as_str()).collect();
    assert!(!recorder.statements.contains("complete PersistentVolumeClaim/b@cluster"));
    assert!(!recorder.statements.contains("complete PersistentVolume/*@cluster"));
    assert!(kinds.contains(&"PersistentVolumeClaim") && kinds.contains(&"PersistentVolume"), "{recorder:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "*").count(), 2, "{recorder:?}");
}

#[test]
fn a_page_of_a_list_is_not_the_list() {
    let text = "---\napiVersion: v1\nitems: []\nkind: PodList\nmetadata:\n  continue: abc\n";
    let recorder = gather(&[("mg/q/namespaces/b/core/pods.yaml", text)]);
    assert!(!recorder.statements.contains("complete Pod/b@cluster"));
    assert!(recorder.codes().contains(&"PB1031"));
}

#[test]
fn a_real_one() {
    let dumps = std::env::var_os("PROBATE_DUMPS").map(PathBuf::from);
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../..");
    let dumps = dumps.unwrap_or_else(|| root.join("../shared/data"));
    let path = dumps.join("must-gather-vsphere.tar.xz");
    if !path.exists() {
        eprintln!("SKIPPED: no must-gather at {} (set PROBATE_DUMPS)", path.display());
        return;
    }
    let (recorder, loaded) = load_path(&path);
    assert_eq!(loaded.unreadable, 0, "{:?}", recorder.unreadable.iter().take(5).collect::<Vec<_>>());
    let mut kinds = BTreeMap::<&str, usize>::new();
    for object in &recorder.objects {
        *kinds.entry(object.id.split('/').next().unwrap()).or_default() += 1;
    }
    assert_eq!(kinds["PersistentVolume"], 2);
    assert_eq!(kinds["PersistentVolumeClaim"], 2);
    assert_eq!(kinds["StorageClass"], 1);
    assert_eq!(kinds["StatefulSet"], 2);
    assert_eq!(kinds["Namespace"], 56);
    let claims =
        recorder.statements.iter().filter(|s| s.starts_with("complete PersistentVolumeClaim/")).count();
    assert_eq!(claims, 56);
    assert!(recorder.statements.contains("complete PersistentVolume/*@cluster"));
    assert!(recorder.statements.contains("complete CustomResourceDefinition.apiextensions.k8s.io/*@cluster"));
    assert_eq!(loaded.taken_at.as_deref(), Some("2021-09-14T10:14:04Z"));
    assert_eq!(recorder.codes(), ["PB1033"]);
}
