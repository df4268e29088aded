//! The same objects in every format, and what folders and manifests state.

use super::{load, load_path, load_with, recorder::Recorder};
use probate_cli::load::LoadOptions;
use std::fs;
use std::io::Write;
use std::path::Path;

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"shop","uid":"u1"},"spec":{"nodeName":"a, \"b\" {"}}"#;
const CLAIM: &str = r#"{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"c","namespace":"shop","uid":"u2"},"spec":{}}"#;
const SECRET: &str =
    r#"{"apiVersion":"v1","data":{"a":"eA=="},"kind":"Secret","metadata":{"name":"s","namespace":"shop"}}"#;
const POD_YAML: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: shop\n  uid: u1\nspec:\n  nodeName: 'a, \"b\" {'\n";
const CLAIM_YAML: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: c\n  namespace: shop\n  uid: u2\nspec: {}\n";
const SECRET_YAML: &str = "apiVersion: v1\ndata:\n  a: |\n    - kind: Pod\n    ---x\nkind: Secret\nmetadata:\n  name: s\n  namespace: shop\n";

fn indent(yaml: &str, first: &str, rest: &str) -> String {
    let mut out = String::new();
    for (index, line) in yaml.lines().enumerate() {
        out.push_str(if index == 0 { first } else { rest });
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn list_yaml(dash: &str) -> String {
    let rest = format!("{}  ", dash.replace("- ", ""));
    let items: String =
        [POD_YAML, SECRET_YAML, CLAIM_YAML].iter().map(|item| indent(item, dash, &rest)).collect();
    format!("apiVersion: v1\nitems:\n{items}kind: List\nmetadata:\n  resourceVersion: \"\"\n")
}

fn same_objects(recorder: &Recorder, what: &str) {
    assert_eq!(recorder.ids(), ["Pod/shop/p", "PersistentVolumeClaim/shop/c"], "{what}: {recorder:?}");
    assert!(recorder.unreadable.is_empty() && recorder.diagnostics.is_empty(), "{what}: {recorder:?}");
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(json(&recorder.objects[0].json), json(POD), "{what}");
    assert_eq!(json(&recorder.objects[1].json), json(CLAIM), "{what}");
}

fn texts() -> Vec<(&'static str, String)> {
    vec![
        (
            "list.json",
            format!(
                r#"{{"apiVersion":"v1","items":[{POD},{SECRET},{CLAIM}],"kind":"List","metadata":{{}}}}"#
            ),
        ),
        (
            "spaced.json",
            format!(
                "\u{feff}\n{{ \"kind\" : \"List\",\n \"apiVersion\":\"v1\",\n\"items\" : [ {POD} ,\n{SECRET}\n,{CLAIM} ] }}\n"
            ),
        ),
        ("lines.jsonl", format!("{POD}\n{SECRET}\n{CLAIM}\n")),
        ("joined.json", format!("{POD}{SECRET}{CLAIM}")),
        (
            "documents.yaml",
            format!("---\n{POD_YAML}---\n# nothing\n---\n{SECRET_YAML}---\n{CLAIM_YAML}...\n"),
        ),
        ("windows.yaml", format!("{POD_YAML}---\n{SECRET_YAML}---\n{CLAIM_YAML}").replace('\n', "\r\n")),
        ("list.yaml", list_yaml("- ")),
        ("indented.yml", list_yaml("  - ")),
        ("wide.yml", list_yaml("    - ")),
        ("flow.yaml", format!("apiVersion: v1\nkind: List\nitems: [{POD}, {SECRET}, {CLAIM}]\n")),
        ("json.yaml", format!("{POD}\n---\n{SECRET}\n---\n{CLAIM}\n")),
    ]
}

#[test]
fn every_format_gives_the_same_objects() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in texts() {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let (recorder, loaded) = load_path(&path);
        same_objects(&recorder, name);
        assert_eq!(loaded.objects, 2);
        assert_eq!(loaded.skipped.values().sum::<u64>(), 1, "{name}");
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Written as it is: a hostile path is what some tests are about.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn packed_archives_give_the_same_objects() {
    let folder = tempfile::tempdir().unwrap();
    let archive = tar(&[
        ("d/1.yaml", POD_YAML.as_bytes()),
        ("d/2.json.gz", &gz(format!("{SECRET}{CLAIM}").as_bytes())),
        ("d/x.log", b"no"),
    ]);
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(&archive).unwrap();
    let files = [
        ("a.tar", archive.clone()),
        ("a.tar.gz", gz(&archive)),
        ("a.tar.xz", xz.finish().unwrap()),
        ("a.tar.zst", zstd::encode_all(&archive[..], 1).unwrap()),
        ("misnamed", gz(&gz(&archive))),
    ];
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (recorder, _) = load_path(&path);
        assert_eq!(recorder.ids(), ["Pod/shop/p", "PersistentVolumeClaim/shop/c"], "{name}: {recorder:?}");
        assert!(recorder.unreadable.is_empty(), "{name}");
        assert_eq!(recorder.codes(), ["PB1033"], "the log is counted in one note");
    }
}

#[test]
fn typed_lists_lend_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let item = r#"{"metadata":{"name":"p","namespace":"shop"}}"#;
    for (name, text) in [
        ("raw.json", format!(r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{}},"items":[{item}]}}"#)),
        ("late.json", format!(r#"{{"items":[{item}],"kind":"PodList","apiVersion":"v1"}}"#)),
        (
            "raw.yaml",
            "items:\n- metadata:\n    name: p\n    namespace: shop\nkind: PodList\napiVersion: v1\n".into(),
        ),
        (
            "flow.yaml",
            "items: [{metadata: {name: p, namespace: shop}}]\nkind: PodList\napiVersion: v1\n".into(),
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let (recorder, _) = load_path(&path);
        assert_eq!(recorder.ids(), ["Pod/shop/p"], "{name}: {recorder:?}");
        assert!(recorder.objects[0].json.contains("\"v1\""));
    }
}

#[test]
fn places_are_those_of_the_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, format!("{POD_YAML}---\n{}", list_yaml("- "))).unwrap();
    let (recorder, _) = load_path(&path);
    let places: Vec<(u64, u64)> =
        recorder.objects.iter().map(|object| (object.document, object.line)).collect();
    assert_eq!(places, [(1, 1), (2, 12), (2, 29)], "{recorder:?}");
    let path = folder.path().join("a.json");
    fs::write(
        &path,
        format!("{POD}\n{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[\n{POD},\n\n{CLAIM}]}}"),
    )
    .unwrap();
    let (recorder, _) = load_path(&path);
    let places: Vec<(u64, u64)> =
        recorder.objects.iter().map(|object| (object.document, object.line)).collect();
    assert_eq!(places, [(1, 1), (2, 3), (2, 5)]);
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_folder_with_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a/claims.yaml", CLAIM_YAML);
    write(folder.path(), "pods.json", POD);
    write(
        folder.path(),
        "probate.yaml",
        "kind: Dump\ncluster: {name: host, uid: k1}\ntakenAt: 2026-11-22T06:00:00Z\ncomplete: [{kinds: [Pod, PersistentVolumeClaim]}]\n\
         incomplete: [{kinds: [Pod], namespaces: [team-b], reason: Forbidden}]\nabsentKinds: [VirtualMachine.kubevirt.io]\n",
    );
    let (recorder, loaded) = load_path(folder.path());
    assert_eq!(recorder.ids().len(), 2, "{recorder:?}");
    let expected = [
        "absent VirtualMachine.kubevirt.io@host",
        "complete PersistentVolumeClaim/*@host",
        "complete Pod/*@host",
        "incomplete Pod/team-b Forbidden@host",
        "taken 2026-11-22T06:00:00Z@host",
        "uid k1@host",
    ];
    assert_eq!(recorder.statements.iter().collect::<Vec<_>>(), expected);
    assert_eq!(loaded.taken_at.as_deref(), Some("2026-11-22T06:00:00Z"));
    assert_eq!(loaded.clusters, ["host"]);

    // The name on the command line wins.
    let (recorder, loaded) = load(&[format!("x={}", folder.path().display())]);
    assert_eq!(loaded.clusters, ["x"]);
    assert!(recorder.statements.contains("complete Pod/*@x"));

    // One file of the folder: the manifest's word on completeness is about files that were not given.
    let (recorder, _) = load_path(&folder.path().join("pods.json"));
    assert!(recorder.statements.contains("complete Pod/*@host"), "the only dump in its folder: {recorder:?}");
    write(folder.path(), "more.json", CLAIM);
    let (recorder, _) = load_path(&folder.path().join("pods.json"));
    assert!(!recorder.statements.iter().any(|statement| statement.starts_with("complete")), "{recorder:?}");
    assert_eq!(recorder.codes(), ["PB1032"]);
}

#[test]
fn an_archive_may_tell_its_name_last() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar");
    fs::write(
        &path,
        tar(&[("p.json", POD.as_bytes()), ("probate.yaml", b"kind: Dump\ncluster: {name: late}\n")]),
    )
    .unwrap();
    let (recorder, loaded) = load_path(&path);
    assert_eq!(loaded.clusters, ["late"]);
    assert_eq!(recorder.ids(), ["Pod/shop/p"]);
}

#[test]
fn completeness_on_the_command_line_comes_last() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "p.json", POD);
    let complete = vec!["all".parse().unwrap(), "Pod,Job.batch/shop".parse().unwrap()];
    let options = LoadOptions { complete, ..LoadOptions::default() };
    let (recorder, _) = load_with(&[folder.path().display().to_string()], &options);
    let expected = [
        "complete */*@cluster",
        "complete Job.batch/shop@cluster",
        "complete Pod/shop@cluster",
        "lift Job.batch/shop@cluster",
        "lift Pod/shop@cluster",
    ];
    assert_eq!(recorder.statements.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn threads_and_folders_keep_the_order() {
    let folder = tempfile::tempdir().unwrap();
    for file in 0..20 {
        let pods: String =
            (0..700).map(|n| POD.replace("\"p\"", &format!("\"p{file}-{n}\"")) + "\n").collect();
        write(folder.path(), &format!("{file:02}.jsonl"), &pods);
    }
    let ids = |threads| {
        let options = LoadOptions { threads: std::num::NonZeroUsize::new(threads), ..LoadOptions::default() };
        let (recorder, _) = load_with(&[folder.path().display().to_string()], &options);
        recorder.objects
    };
    let one = ids(1);
    assert_eq!(one.len(), 14000);
    assert_eq!(one[699].id, "Pod/shop/p0-699");
    assert_eq!(one, ids(4));
}

#[test]
fn a_list_larger_than_any_block() {
    let folder = tempfile::tempdir().unwrap();
    let filler = "x".repeat(9000);
    let pod =
        |n: usize| POD.replace("\"p\"", &format!("\"p{n}\"")).replace("\"u1\"", &format!("\"u{n}{filler}\""));
    let items: Vec<String> = (0..3000).map(pod).collect();
    let path = folder.path().join("big.json");
    fs::write(
        &path,
        format!("{{\"apiVersion\":\"v1\",\"items\":[{}],\"kind\":\"List\"}}", items.join(",\n")),
    )
    .unwrap();
    let (recorder, _) = load_path(&path);
    assert_eq!(recorder.objects.len(), 3000);
    assert!(recorder.codes().is_empty());
    assert_eq!(recorder.objects[2999].line, 3000);

    let item = |n: usize| {
        indent(&POD_YAML.replace("name: p", &format!("name: p{n}")).replace("u1", &filler), "- ", "  ")
    };
    let items: String = (0..3000).map(item).collect();
    let path = folder.path().join("big.yaml");
    fs::write(&path, format!("apiVersion: v1\nitems:\n{items}kind: List\n---\n{CLAIM_YAML}")).unwrap();
    let (recorder, _) = load_path(&path);
    assert_eq!(recorder.objects.len(), 3001);
    assert!(recorder.codes().is_empty());
    assert_eq!(recorder.objects[3000].document, 2);
}

#[test]
fn api_resources_prove_what_a_cluster_has() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "p.json", POD);
    let table = "pods po v1 true Pod\npersistentvolumeclaims v1 true PersistentVolumeClaim\npersistentvolumes v1 false PersistentVolume\n\
                 deployments apps/v1 true Deployment\njobs batch/v1 true Job\n";
    write(folder.path(), "api-resources.txt", table);
    let (recorder, _) = load_path(folder.path());
    assert!(recorder.statements.contains("discovered 5@cluster"), "{recorder:?}");
    write(folder.path(), "api-resources.txt", "error: the server is gone\n");
    let (recorder, _) = load_path(folder.path());
    assert!(!recorder.statements.iter().any(|statement| statement.starts_with("discovered")));
    assert_eq!(recorder.codes(), ["PB1038"]);
}

#[test]
fn a_dump_that_is_not_there() {
    let (recorder, loaded) = load(&["no/such/dump.yaml".into()]);
    assert_eq!(loaded.diagnostics.len(), 1);
    assert!(recorder.objects.is_empty() && loaded.clusters.is_empty());
}
