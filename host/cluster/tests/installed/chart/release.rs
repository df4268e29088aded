//! A plane where a release is installed by the lines of the pages, as an operator would copy them.

use super::{Done, helm};
use crate::plane::{Installed, bare};
use probate_apiserver::{Helm, package};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An administrator with helm and kubectl, of a cluster where nothing of ours is installed yet.
pub(crate) struct Release {
    pub(crate) installed: Installed,
    helm: Helm,
}

/// What stands in a page from these words on, up to the end of the command.
pub(crate) fn documented(page: &str, words: &str) -> String {
    let path = root().join("host/deploy/docs").join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
    let at = text.find(words).unwrap_or_else(|| panic!("{page} does not say `{words}`"));
    let line = text[at..].split(['\n', '`']).next().unwrap_or_default();
    line.split(" #").next().unwrap_or_default().trim().to_owned()
}

fn root() -> PathBuf {
    package().join("../..")
}

impl Release {
    /// `None` where there is no Go.
    pub(crate) async fn start() -> Option<Self> {
        let helm = tokio::task::spawn_blocking(helm).await.expect("helm")?;
        let installed = bare().await?;
        installed.namespace("shop").await;
        Some(Self { installed, helm })
    }

    /// A folder that goes with this.
    pub(crate) fn folder(&self) -> &Path {
        self.helm.home()
    }

    /// Runs a line where the pages assume it: at the root of the repository.
    pub(crate) fn shell(&self, line: &str) -> Done {
        self.shell_as(self.installed.plane.kubeconfig(), line)
    }

    pub(crate) fn shell_as(&self, kubeconfig: &Path, line: &str) -> Done {
        let path =
            [self.helm.binaries(), self.installed.plane.binaries(), Path::new("/usr/bin"), Path::new("/bin")];
        let path = std::env::join_paths(path).expect("a PATH");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", line]).current_dir(root()).env_clear().env("PATH", path);
        let output =
            shell.env("HOME", self.helm.home()).env("KUBECONFIG", kubeconfig).output().expect("a shell");
        Done::of(&output)
    }

    /// A line that must succeed, and what it prints.
    pub(crate) fn well(&self, line: &str) -> String {
        let done = self.shell(line);
        assert!(done.well, "{line}\n{}{}", done.out, done.err);
        done.out
    }

    /// As the page says, and more of it.
    pub(crate) fn install(&self, more: &str) -> String {
        self.well(&format!("{} {more}", documented("install.md", "helm install")))
    }

    pub(crate) fn upgrade(&self, more: &str) -> String {
        self.well(&format!("{} {more}", documented("upgrade.md", "helm upgrade")))
    }

    pub(crate) fn uninstall(&self) -> String {
        self.well(&documented("uninstall.md", "helm uninstall"))
    }

    /// Everything that carries our label, of whatever kind, as `kind/name`.
    pub(crate) fn objects(&self) -> BTreeSet<String> {
        let kinds = self.well("kubectl api-resources --verbs=list -o name | paste -sd, -");
        let kinds = kinds.trim();
        let names =
            self.well(&format!("kubectl get {kinds} -A -l app.kubernetes.io/part-of=probate -o name"));
        names.lines().map(str::to_owned).collect()
    }

    /// Objects of a kind.
    pub(crate) fn list(&self, what: &str) -> Vec<Value> {
        let text = self.well(&format!("kubectl get {what} -o json"));
        let list: Value = serde_json::from_str(&text).expect("JSON");
        list["items"].as_array().expect("a list").clone()
    }
}
