//! What `init` makes works at once, and its tests can fail.

use crate::binary::{folder, probate, root};
use std::fs;

#[test]
fn a_new_rego_policy_passes_its_tests_and_fails_them_inverted() {
    let folder = folder(&[]);
    let run = probate(folder.path(), &["init", "rego", "Dev Claims"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let run = probate(folder.path(), &["check", "Dev Claims"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("ClusterRetentionPolicy/dev-claims"), "{}", run.out);
    let run = probate(folder.path(), &["test", "Dev Claims"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let path = folder.path().join("Dev Claims/policy.rego");
    let text = fs::read_to_string(&path).unwrap();
    let inverted = text
        .replace("\"Delete\"", "\"x\"")
        .replace("\"Retain\"", "\"Delete\"")
        .replace("\"x\"", "\"Retain\"");
    assert_ne!(text, inverted);
    fs::write(&path, inverted).unwrap();
    let run = probate(folder.path(), &["test", "Dev Claims"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
}

#[test]
fn a_new_rust_policy_finds_the_sdk() {
    let outside = folder(&[]);
    let manifest = |args: &[&str]| {
        let run = probate(outside.path(), &[&["init", "rust"][..], args].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        fs::read_to_string(outside.path().join(args[0]).join("Cargo.toml")).unwrap()
    };
    let text = manifest(&["away"]);
    let tag = concat!("tag = \"v", env!("CARGO_PKG_VERSION"), "\"");
    assert!(
        text.contains("git = \"https://") && text.contains(tag) && text.contains("\n[workspace]\n"),
        "{text}"
    );
    let sdk = root().join("sdk/rust");
    let text = manifest(&["given", "--sdk", sdk.to_str().unwrap()]);
    assert!(text.contains("path = \"") && text.contains("sdk/rust\""), "{text}");
    let checkout =
        folder(&[("sdk/rust/Cargo.toml", "[package]\nname = \"probate-sdk\"\n"), ("a/README", "")]);
    let run = probate(&checkout.path().join("a"), &["init", "rust", "b"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let text = fs::read_to_string(checkout.path().join("a/b/Cargo.toml")).unwrap();
    assert!(text.contains("probate-sdk = { path = \"../../sdk/rust\" }"), "{text}");
    let elsewhere = outside.path().join("elsewhere");
    let run = probate(&checkout.path().join("a"), &["init", "rust", elsewhere.to_str().unwrap()]);
    assert!(run.out.contains("probate-sdk: path = ") && run.out.contains("--sdk PATH"), "{}", run.out);
    let readme = fs::read_to_string(elsewhere.join("README.md")).unwrap();
    assert!(readme.contains("| `unused()` |") && readme.contains(".annotate(key, value)"), "{readme}");
    let run = probate(outside.path(), &["init", "rust", "none", "--sdk", "away"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("PB0006"), "{}", run.err);
}
