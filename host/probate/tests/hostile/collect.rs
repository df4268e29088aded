//! `examples/collect.sh` against a kubectl that answers from a script.
#![cfg(unix)]

use super::load_path;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const KUBECTL: &str = r#"#!/bin/sh
case "$*" in
api-resources*) cat <<'EOF'
bindings                                 v1                     true    Binding                   create
pods                        po           v1                     true    Pod                       create,delete,get,list,watch   all
secrets                                  v1                     true    Secret                    create,delete,get,list,watch
persistentvolumeclaims      pvc          v1                     true    PersistentVolumeClaim     create,delete,get,list,watch
persistentvolumes           pv           v1                     false   PersistentVolume          create,delete,get,list,watch
deployments                 deploy       apps/v1                true    Deployment                create,delete,get,list,watch   all
jobs                                     batch/v1               true    Job                       create,delete,get,list,watch   all
leases                                   coordination.k8s.io/v1 true    Lease                     create,delete,get,list,watch
virtualmachines             vm,vms       kubevirt.io/v1         true    VirtualMachine            delete,get,list,watch          all
EOF
;;
*kube-system*) printf k-uid ;;
*pods*) echo 'Error from server (Forbidden): pods is forbidden' >&2; exit 1 ;;
*persistentvolumeclaims*) echo '{"apiVersion":"v1","items":[{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"c","namespace":"shop"}}],"kind":"List"}' ;;
*) echo '{"apiVersion":"v1","items":[],"kind":"List"}' ;;
esac
"#;

#[test]
fn a_collected_dump_states_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let kubectl = folder.path().join("kubectl");
    fs::write(&kubectl, KUBECTL).unwrap();
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
    let script =
        Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../examples/collect.sh");
    let dump = folder.path().join("dump");
    let output =
        Command::new("sh").arg(&script).arg(&dump).arg("host").env("KUBECTL", &kubectl).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(9),
        "Pods are forbidden: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (recorder, loaded) = load_path(&dump);
    assert_eq!(recorder.ids(), ["PersistentVolumeClaim/shop/c"], "{recorder:?}");
    assert_eq!(recorder.codes(), Vec::<&str>::new(), "{recorder:?}");
    let statements: Vec<&str> =
        recorder.statements.iter().map(String::as_str).filter(|text| !text.starts_with("taken")).collect();
    let expected = [
        "complete Deployment.apps/*@host",
        "complete Job.batch/*@host",
        "complete PersistentVolume/*@host",
        "complete PersistentVolumeClaim/*@host",
        "complete VirtualMachine.kubevirt.io/*@host",
        "discovered 9@host",
        "incomplete Pod/* Forbidden@host",
        "uid k-uid@host",
    ];
    assert_eq!(statements, expected);
    assert!(loaded.taken_at.is_some());

    let again = Command::new("sh").arg(&script).arg(&dump).env("KUBECTL", &kubectl).output().unwrap();
    assert_eq!(again.status.code(), Some(2), "a dump is never mixed with another");
}
