//! One hand-made document for each class of hazard, and those that only a test can make.

use super::formats::tar;
use super::{load_path, load_with};
use probate_cli::load::{Limits, LoadOptions};
use serde::Deserialize;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Case {
    file: String,
    code: String,
    incomplete: String,
    objects: usize,
    about: String,
}

pub(crate) fn data() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/hostile/data")
}

#[test]
fn each_class_has_its_code_and_consequence() {
    let cases: Vec<Case> =
        serde_saphyr::from_str(&fs::read_to_string(data().join("index.yaml")).unwrap()).unwrap();
    assert!(cases.len() >= 30);
    let mut wrong = Vec::new();
    for case in &cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(&case.file);
        fs::copy(data().join(&case.file), &path).unwrap();
        let (recorder, loaded) = load_path(&path);
        let found: Vec<(&str, &str)> = recorder
            .unreadable
            .iter()
            .map(|(_, diagnostic, kind)| (diagnostic.code.as_str(), kind.as_str()))
            .collect();
        let expected = (case.code.as_str(), case.incomplete.as_str());
        let right = found.first() == Some(&expected);
        if !right || recorder.objects.len() != case.objects || loaded.unreadable as usize != found.len() {
            wrong.push(format!("{} ({}): {found:?}, {:?}", case.file, case.about, recorder.ids()));
        }
        for (_, diagnostic, _) in &recorder.unreadable {
            let whole =
                diagnostic.file.is_some() && diagnostic.line.is_some() && diagnostic.document.is_some();
            let helps = diagnostic.consequence.is_some() && diagnostic.fix.is_some();
            assert!(whole && helps, "{}: {diagnostic:?}", case.file);
        }
        if right {
            println!("contained\tdump\t{}\t{}", case.about, case.code);
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}"#;

fn codes_of(name: &str, bytes: &[u8]) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    codes(&path)
}

fn codes(path: &Path) -> Vec<(String, String)> {
    let (recorder, _) = load_path(path);
    recorder.unreadable.iter().map(|(_, diagnostic, kind)| (diagnostic.code.clone(), kind.clone())).collect()
}

fn all(code: &str) -> Vec<(String, String)> {
    vec![(code.into(), "*".into())]
}

#[test]
fn archives_may_be_hostile() {
    assert_eq!(codes_of("a.tar", &tar(&[("../p.json", POD.as_bytes())])), all("PB1035"));
    assert_eq!(codes_of("a.tar", &tar(&[("/etc/p.json", POD.as_bytes())])), all("PB1035"));
    assert_eq!(codes_of("a.tar", &tar(&[("a/../../p.json", POD.as_bytes())])), all("PB1035"));
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Char, tar::EntryType::Fifo] {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_path("p.json").unwrap();
        header.set_link_name("/etc/passwd").unwrap();
        header.set_cksum();
        builder.append(&header, &b""[..]).unwrap();
        assert_eq!(codes_of("a.tar", &builder.into_inner().unwrap()), all("PB1034"), "{kind:?}");
    }
    let whole = tar(&[("p.json", POD.as_bytes()), ("q.json", POD.as_bytes())]);
    assert_eq!(codes_of("a.tar", &whole[..1200]), all("PB1006"));
    let mut damaged = whole;
    damaged[1100..1110].fill(b'x');
    assert_eq!(codes_of("a.tar", &damaged), all("PB1006"));
}

#[test]
fn packed_files_may_be_hostile() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(POD.as_bytes()).unwrap();
    for _ in 0..64 {
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert_eq!(codes_of("a.json.gz", &bomb), all("PB1037"));
    assert_eq!(codes_of("a.json.gz", &bomb[..100]), all("PB1006"));
    let mut nested = POD.as_bytes().to_vec();
    for _ in 0..6 {
        nested = zstd::encode_all(&nested[..], 1).unwrap();
    }
    assert_eq!(codes_of("a.zst", &nested), all("PB1037"));
    assert_eq!(codes_of("a.xz", b"\xfd7zXZ\0 and nothing else that fits"), all("PB1002"));
}

#[test]
fn an_object_may_be_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { object_bytes: 1 << 16, ..Limits::default() };
    let options = LoadOptions { limits, ..LoadOptions::default() };
    let large = POD.replace("\"p\"", &format!("\"{}\"", "x".repeat(1 << 17)));
    let item = |name: &str| format!("- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: {name}\n");
    for (name, text, read) in [
        (
            "a.json",
            format!("{{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[{POD},{large},{POD}]}}"),
            2,
        ),
        (
            "a.yaml",
            format!("kind: PodList\napiVersion: v1\nitems:\n{}{}", item("p"), item(&"x".repeat(1 << 17))),
            1,
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let (recorder, _) = load_with(&[path.display().to_string()], &options);
        assert!(recorder.codes().contains(&"PB1007"), "{name} {:?}", recorder.codes());
        assert_eq!(recorder.objects.len(), read, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out_of_a_folder() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("p.json"), POD).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.json"), POD).unwrap();
    std::os::unix::fs::symlink("a.json", folder.path().join("inside.json")).unwrap();
    assert_eq!(codes(folder.path()), []);
    std::os::unix::fs::symlink(outside.path().join("p.json"), folder.path().join("out.json")).unwrap();
    assert_eq!(codes(folder.path()), all("PB1034"));
}

#[test]
fn what_holds_no_object_in_a_folder_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.yaml", "values: 1\n"),
        ("b.json", "[1]"),
        ("c.log", "x"),
        ("README", "hello"),
        ("d.yaml", "# nothing\n"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let (recorder, loaded) = load_path(folder.path());
    assert_eq!(recorder.codes(), ["PB1033"]);
    assert!(recorder.diagnostics[0].message.starts_with("5 "), "{recorder:?}");
    assert_eq!(loaded.unreadable, 0);
    fs::write(folder.path().join("pods.json"), "").unwrap();
    assert_eq!(codes(folder.path()), all("PB1006"));
}
