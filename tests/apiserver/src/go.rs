//! The binaries of the control plane, and Helm's, built from the pinned modules beside this crate and kept outside the tree.

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder with etcd, etcdctl, kube-apiserver, kube-controller-manager and kubectl, or with helm.
#[derive(Clone, Debug)]
pub struct Binaries {
    dir: PathBuf,
}

impl Binaries {
    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Path of one of them.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// One Go module and what is built of it.
struct Module {
    name: &'static str,
    manifest: &'static str,
    sums: &'static str,
    packages: &'static [(&'static str, &'static str)],
}

/// What is built together, into a folder of its own: a plane does not wait for Helm.
pub(crate) struct Set {
    /// Also the name of its lock.
    name: &'static str,
    says: &'static str,
    modules: &'static [Module],
    ldflags: &'static str,
}

/// What every plane is started from.
pub(crate) const PLANE: Set = Set {
    name: "build",
    says: "building a control plane from Go modules; the first time takes about six minutes",
    modules: &[
        Module {
            name: "etcd",
            manifest: include_str!("../etcd/go.mod"),
            sums: include_str!("../etcd/go.sum"),
            packages: &[("etcd", "go.etcd.io/etcd/server/v3"), ("etcdctl", "go.etcd.io/etcd/etcdctl/v3")],
        },
        Module {
            name: "k8s",
            manifest: include_str!("../k8s/go.mod"),
            sums: include_str!("../k8s/go.sum"),
            packages: &[
                ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
                ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
                ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
            ],
        },
    ],
    // What `kubectl version` and feature defaults go by: a build from modules has no tags to ask.
    ldflags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
    -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36 \
    -X k8s.io/component-base/version.gitCommit=0 -X k8s.io/component-base/version.gitTreeState=clean \
    -X k8s.io/component-base/version.buildDate=2026-01-01T00:00:00Z \
    -X k8s.io/client-go/pkg/version.gitVersion=v1.36.3 -X k8s.io/client-go/pkg/version.gitMajor=1 \
    -X k8s.io/client-go/pkg/version.gitMinor=36",
};

/// For the chart. Its Kubernetes libraries are the plane's, so that it renders for the version that it installs on.
pub(crate) const HELM: Set = Set {
    name: "helm",
    says: "building helm from Go modules; the first time takes about two minutes",
    modules: &[Module {
        name: "helm",
        manifest: include_str!("../helm/go.mod"),
        sums: include_str!("../helm/go.sum"),
        packages: &[("helm", "helm.sh/helm/v4/cmd/helm")],
    }],
    ldflags: "-s -w -X helm.sh/helm/v4/internal/version.version=v4.2.4",
};

const GOFLAGS: &str = "-buildvcs=false -mod=readonly";

/// The binaries, built if they are not there yet (minutes the first time); `None` without Go.
pub(crate) fn binaries(set: &Set) -> anyhow::Result<Option<Binaries>> {
    let Some(go) = find_go() else { return Ok(None) };
    let cache = cache()?.join("go");
    let version = output(&go, &["version"])?;
    let dir = cache.join("bin").join(key(set, &version));
    if !complete(set, &dir) {
        fs::create_dir_all(cache.join("bin"))?;
        let lock = fs::File::create(cache.join(format!("{}.lock", set.name)))?;
        lock.lock().context("cannot lock the cache of Go binaries")?;
        if !complete(set, &dir) {
            build(set, &go, &cache, &dir)?;
        }
    }
    Ok(Some(Binaries { dir }))
}

/// Where everything is kept that is not in the tree: `PROBATE_CACHE`, or `~/.cache/probate`.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    if let Some(cache) = std::env::var_os("PROBATE_CACHE") {
        return Ok(PathBuf::from(cache));
    }
    let home = std::env::var_os("HOME").context("neither PROBATE_CACHE nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/probate"))
}

fn find_go() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/local/go/bin"), PathBuf::from("/usr/lib/go/bin")])
        .map(|dir| dir.join("go"))
        .find(|go| go.is_file())
}

fn complete(set: &Set, dir: &Path) -> bool {
    set.modules.iter().flat_map(|module| module.packages).all(|(name, _)| dir.join(name).is_file())
}

/// Everything that the bytes of the binaries depend on.
fn key(set: &Set, go_version: &str) -> String {
    let mut hash = Sha256::new();
    for module in set.modules {
        for part in [module.name, module.manifest, module.sums] {
            hash.update(part);
            hash.update([0]);
        }
    }
    for part in [GOFLAGS, set.ldflags, go_version] {
        hash.update(part);
        hash.update([0]);
    }
    let hex = data_encoding::HEXLOWER.encode(&hash.finalize());
    hex.chars().take(16).collect()
}

fn build(set: &Set, go: &Path, cache: &Path, dir: &Path) -> anyhow::Result<()> {
    crate::say(set.says);
    let work = tempfile::Builder::new().prefix("new-").tempdir_in(cache.join("bin"))?;
    let bin = work.path().join("bin");
    for module in set.modules {
        let source = work.path().join(module.name);
        fs::create_dir_all(&source)?;
        fs::write(source.join("go.mod"), module.manifest)?;
        fs::write(source.join("go.sum"), module.sums)?;
        for (name, package) in module.packages {
            let mut command = Command::new(go);
            command
                .args(["build", "-trimpath", "-ldflags", set.ldflags, "-o"])
                .arg(bin.join(name))
                .arg(package);
            environment(&mut command, go, cache);
            let status = command.current_dir(&source).status().context("cannot start go")?;
            ensure!(status.success(), "go build {package}: {status}");
        }
    }
    match fs::rename(&bin, dir) {
        Err(_) if complete(set, dir) => Ok(()),
        other => other.context("cannot put the binaries in place"),
    }
}

/// The same bytes whoever builds: no C, no other toolchain, caches of our own.
fn environment(command: &mut Command, go: &Path, cache: &Path) {
    let mut path = OsString::from(go.parent().unwrap_or(Path::new("/")));
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    command
        .env("PATH", path)
        .env("CGO_ENABLED", "0")
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", GOFLAGS)
        .env("GOWORK", "off")
        .env("GOPATH", cache)
        .env("GOMODCACHE", cache.join("mod"))
        .env("GOCACHE", cache.join("build"));
}

fn output(program: &Path, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(args)
        .env("GOTOOLCHAIN", "local")
        .current_dir("/")
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(output.status.success(), "{} {}: {}", program.display(), args.join(" "), output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
