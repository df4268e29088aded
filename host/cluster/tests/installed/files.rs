//! What is installed is what is generated. `PROBATE_UPDATE=1` writes it instead, as `cargo xtask deploy` does.

use std::path::Path;

#[test]
fn committed_files_are_the_generated_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    let files = probate_cluster::deploy::files().expect("files");
    assert!(files.len() > 15, "{}", files.len());
    for file in files {
        let path = root.join(&file.path);
        if std::env::var_os("PROBATE_UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            std::fs::write(&path, &file.text).expect("the file");
        }
        let stands = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(stands, file.text, "{}: run `cargo xtask deploy` and commit it", file.path);
    }
}

#[test]
fn nothing_but_our_expressions_is_an_expression() {
    for file in probate_cluster::deploy::files().expect("files") {
        if !file.path.starts_with("chart/templates") {
            assert!(!file.text.contains("{{") || file.path.ends_with(".tpl"), "{}", file.path);
        }
        let definitions = file.path.ends_with("templates/crds.yaml");
        assert!(!definitions || file.text.matches("{{").count() == 2, "{}", file.path);
    }
}
