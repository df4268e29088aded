//! Dependencies point one way, read from `cargo metadata`.

use crate::support::root;
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, PackageId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static METADATA: LazyLock<Metadata> = LazyLock::new(|| {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).features(CargoOpt::SomeFeatures(Vec::new()));
    command.other_options(["--locked".to_owned(), "--filter-platform".to_owned(), host()]);
    command.exec().unwrap()
});

/// The platform that this is built on; what others need is not fetched.
fn host() -> String {
    let output = std::process::Command::new("rustc").arg("-vV").current_dir(root()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// What ships on the host.
const SHIPPED: [&str; 5] =
    ["probate", "probate-cluster", "probate-sandbox", "probate-core", "probate-contract"];

/// What ships and decides: of it nothing reaches a network.
const OFFLINE: [&str; 3] = ["probate-sandbox", "probate-core", "probate-contract"];

/// Folder of each package, and the packages of ours that it may build on.
const PACKAGES: [(&str, &str, &[&str]); 11] = [
    ("probate-contract", "sdk/contract", &[]),
    ("probate-sdk", "sdk/rust", &["probate-contract"]),
    ("probate-core", "host/core", &["probate-contract"]),
    ("probate-rego", "host/rego", &["probate-contract"]),
    ("probate-sandbox", "host/sandbox", &["probate-contract", "probate-core"]),
    // Its tests have a control plane of their own.
    ("probate-cluster", "host/cluster", &["probate-contract", "probate-core", "probate-apiserver"]),
    ("probate", "host/probate", &["probate-contract", "probate-core", "probate-sandbox", "probate-cluster"]),
    ("probate-policies", "policies", &["probate-sdk"]),
    (
        "probate-tests",
        "tests",
        &[
            "probate",
            "probate-contract",
            "probate-core",
            "probate-sandbox",
            "probate-cluster",
            "probate-apiserver",
            "probate-rego",
            "probate-sdk",
        ],
    ),
    ("probate-apiserver", "tests/apiserver", &[]),
    (
        "xtask",
        "tests/xtask",
        &[
            "probate",
            "probate-contract",
            "probate-core",
            "probate-sandbox",
            "probate-cluster",
            "probate-apiserver",
            "probate-tests",
        ],
    ),
];

fn name(id: &PackageId) -> &str {
    &METADATA[id].name
}

fn id(name: &str) -> &'static PackageId {
    &METADATA.workspace_packages().into_iter().find(|package| package.name.as_str() == name).unwrap().id
}

/// Packages that `from` depends on, kinds of dependency as given, all the way down.
fn reached(from: &str, kinds: &[DependencyKind]) -> BTreeSet<&'static str> {
    let resolve = METADATA.resolve.as_ref().unwrap();
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut seen: BTreeSet<&PackageId> = BTreeSet::new();
    let mut open = vec![id(from)];
    while let Some(at) = open.pop() {
        for dep in &nodes[at].deps {
            if dep.dep_kinds.iter().any(|kind| kinds.contains(&kind.kind)) && seen.insert(&dep.pkg) {
                open.push(&dep.pkg);
            }
        }
    }
    seen.into_iter().map(name).collect()
}

const BUILT_IN: [DependencyKind; 1] = [DependencyKind::Normal];
const BUILT_WITH: [DependencyKind; 2] = [DependencyKind::Normal, DependencyKind::Build];

#[test]
fn there_are_exactly_eleven_packages_each_in_its_folder() {
    let found: BTreeMap<String, String> = METADATA
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let folder = package.manifest_path.parent().unwrap().strip_prefix(root()).unwrap();
            (package.name.to_string(), folder.to_string())
        })
        .collect();
    let expected =
        PACKAGES.iter().map(|(name, folder, _)| ((*name).to_owned(), (*folder).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn packages_depend_only_downwards() {
    let ours: BTreeSet<&str> = PACKAGES.iter().map(|(name, ..)| *name).collect();
    for (name, _, allowed) in PACKAGES {
        let package = &METADATA[id(name)];
        for dependency in package.dependencies.iter().filter(|other| ours.contains(other.name.as_str())) {
            assert!(
                allowed.contains(&dependency.name.as_str()),
                "{name} depends on {} ({:?}), which is not below it",
                dependency.name,
                dependency.kind
            );
        }
    }
}

#[test]
fn what_policy_authors_depend_on_never_reaches_the_host() {
    for name in ["probate-sdk", "probate-contract", "probate-policies"] {
        let reached =
            reached(name, &[DependencyKind::Normal, DependencyKind::Build, DependencyKind::Development]);
        for host in ["probate", "probate-core", "probate-sandbox", "probate-rego", "wasmtime", "regorus"] {
            assert!(!reached.contains(host), "{name} reaches {host}");
        }
    }
}

#[test]
fn nothing_that_ships_reaches_a_native_rego_or_a_second_http_client() {
    for name in SHIPPED {
        let reached = reached(name, &BUILT_WITH);
        for other in [
            "regorus",
            "probate-rego",
            "async-std",
            "reqwest",
            "ureq",
            "openssl",
            "aws-lc-rs",
            "wasmtime-wasi",
        ] {
            assert!(!reached.contains(other), "{name} reaches {other}");
        }
    }
}

#[test]
fn what_decides_reaches_neither_an_async_runtime_nor_an_api_client() {
    for name in OFFLINE {
        let reached = reached(name, &BUILT_WITH);
        for other in ["tokio", "kube", "kube-client", "kube-runtime", "k8s-openapi", "hyper", "rand"] {
            assert!(!reached.contains(other), "{name} reaches {other}");
        }
    }
}

#[test]
fn the_core_knows_neither_wasm_nor_rego_nor_io() {
    for name in ["probate-core", "probate-contract"] {
        let reached = reached(name, &BUILT_IN);
        for other in
            ["wasmtime", "wasmparser", "regorus", "tokio", "kube", "rustix", "clap", "tempfile", "walkdir"]
        {
            assert!(!reached.contains(other), "{name} reaches {other}");
        }
    }
}

#[test]
fn wasmtime_has_the_five_features_and_one_user() {
    let wanted: BTreeSet<&str> =
        ["std", "runtime", "cranelift", "component-model", "parallel-compilation"].into();
    for package in METADATA.workspace_packages() {
        for dependency in package.dependencies.iter().filter(|other| other.name == "wasmtime") {
            assert_eq!(package.name.as_str(), "probate-sandbox", "only the sandbox knows wasmtime");
            assert!(!dependency.uses_default_features);
            let features: BTreeSet<&str> = dependency.features.iter().map(String::as_str).collect();
            assert_eq!(features, wanted);
        }
    }
    let resolve = METADATA.resolve.as_ref().unwrap();
    let node = resolve.nodes.iter().find(|node| name(&node.id) == "wasmtime").unwrap();
    let on: BTreeSet<&str> = node.features.iter().map(|feature| feature.as_str()).collect();
    assert!(wanted.is_subset(&on), "{on:?}");
    for off in [
        "async",
        "component-model-async",
        "cache",
        "pooling-allocator",
        "gc",
        "threads",
        "winch",
        "wat",
        "profiling",
    ] {
        assert!(!on.contains(off), "wasmtime's `{off}` is on: {on:?}");
    }
}

#[test]
fn each_of_these_rules_can_fail() {
    assert!(reached("probate", &BUILT_IN).contains("wasmtime"));
    assert!(reached("probate-rego", &BUILT_IN).contains("regorus"));
    assert!(reached("probate-tests", &BUILT_IN).contains("probate-core"));
    assert!(
        !reached("probate-core", &BUILT_IN).contains("proptest"),
        "a development dependency is not built in"
    );
}
