//! OPA as a library, through the Python package that carries it; absent, whoever asks says so.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What OPA says of one document.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A value.
    Value(Value),
    /// Nothing.
    Undefined,
    /// An error, such as two values of one rule.
    Error(String),
}

/// A Python that has OPA.
#[derive(Clone, Debug)]
pub struct Opa {
    python: String,
}

/// The script that talks to it.
pub fn script() -> PathBuf {
    super::root().join("tests/bench/opa.py")
}

impl Opa {
    /// The Python of `PROBATE_PYTHON`, else `python3`, if it has the package.
    ///
    /// # Errors
    /// Never for a package that is only missing.
    pub fn find() -> anyhow::Result<Option<Self>> {
        let python = std::env::var("PROBATE_PYTHON").unwrap_or_else(|_| "python3".into());
        let found = Command::new(&python)
            .args(["-c", "import opa_bindings"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        Ok(found.then_some(Self { python }))
    }

    fn run(&self, order: &Value, documents: &[Value]) -> anyhow::Result<String> {
        let mut file = tempfile::NamedTempFile::new()?;
        for document in documents {
            writeln!(file, "{document}")?;
        }
        file.flush()?;
        let mut order = order.clone();
        if let Some(order) = order.as_object_mut() {
            order.insert("inputs".into(), json!(file.path()));
        }
        let mut child = Command::new(&self.python)
            .arg(script())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start Python")?;
        child.stdin.take().context("no input")?.write_all(order.to_string().as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("OPA: {}", output.status);
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// One answer for each document.
    ///
    /// # Errors
    /// OPA does not take the policy.
    pub fn answers(
        &self,
        modules: &[(String, String)],
        entry: &str,
        documents: &[Value],
    ) -> anyhow::Result<Vec<Said>> {
        let said = self.run(&order(modules, entry, "answers"), documents)?;
        said.lines().map(|line| Ok(said_in(&serde_json::from_str(line)?))).collect()
    }

    /// Processor seconds for all documents: one by one, and in batches.
    ///
    /// # Errors
    /// OPA does not take the policy.
    pub fn seconds(
        &self,
        modules: &[(String, String)],
        entry: &str,
        documents: &[Value],
    ) -> anyhow::Result<(f64, f64)> {
        let said: Value = serde_json::from_str(&self.run(&order(modules, entry, "time"), documents)?)?;
        let seconds =
            |key: &str| said.pointer(&format!("/{key}/0")).and_then(Value::as_f64).context("no time");
        Ok((seconds("single")?, seconds("batched")?))
    }
}

fn order(modules: &[(String, String)], entry: &str, mode: &str) -> Value {
    let modules: serde_json::Map<String, Value> =
        modules.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
    json!({"modules": modules, "entry": entry, "mode": mode})
}

fn said_in(line: &Value) -> Said {
    match (line.get("value"), line.get("error")) {
        (Some(value), _) => Said::Value(value.clone()),
        (None, Some(error)) => {
            Said::Error(format!("{error} {}", line.get("message").unwrap_or(&Value::Null)))
        }
        (None, None) => Said::Undefined,
    }
}
