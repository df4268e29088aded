//! The Helm chart, by the real `helm`: what it refuses, what it renders, and what a release does on a real API server.

mod modes;
mod release;
mod rights;
mod same;
mod uninstall;
mod upgrade;
mod values;

use probate_apiserver::{Helm, package};
use serde_json::Value;

use std::process::Output;

/// What a command came to.
pub(crate) struct Done {
    pub(crate) well: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { well: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// The chart as it is committed.
pub(crate) fn chart() -> String {
    package().join("../deploy/chart").display().to_string()
}

pub(crate) fn helm() -> Option<Helm> {
    Helm::build_or_skip().expect("helm")
}

/// Runs helm with these values in a file, without a cluster.
pub(crate) fn run(helm: &Helm, args: &[&str], values: &Value) -> Done {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut file, values.to_string().as_bytes()).expect("values");
    let mut command = helm.command();
    Done::of(&command.args(args).arg("--values").arg(file.path()).output().expect("helm"))
}

/// `helm template` as somebody who installs it would see it.
pub(crate) fn template(helm: &Helm, values: &Value) -> Done {
    run(helm, &["template", "probate", &chart(), "--namespace", "probate"], values)
}

/// YAML documents that hold something.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    let mut found: Vec<Value> = serde_saphyr::from_multiple(text).expect("YAML");
    found.retain(|document| !document.is_null());
    found
}
