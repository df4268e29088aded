//! Builds the Rego guest (`host/rego`) as a component, for `src/rego.rs` to embed. A cargo inside a cargo: it has a target
//! directory of its own, since the outer one is locked, and an environment cleaned of everything that speaks of the outer build.

use sha2::{Digest, Sha256};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const TARGET: &str = "wasm32-wasip2";
const PROFILE: &str = "guest";
/// What decides the guest's bytes, below the workspace.
const SOURCES: [&str; 4] = ["host/rego", "sdk/contract", "sdk/wit", "Cargo.lock"];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("cargo::error={message}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed=PROBATE_REGO_WASM");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let embedded = out.join("probate_rego.wasm");
    let workspace = workspace()?;
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    let guest = match env::var_os("PROBATE_REGO_WASM").filter(|path| !path.is_empty()) {
        Some(prebuilt) => {
            let path = PathBuf::from(prebuilt);
            println!("cargo::rerun-if-changed={}", path.display());
            path
        }
        None => nested(&workspace, &out)?,
    };
    let bytes = fs::read(&guest).map_err(|error| format!("the Rego guest {}: {error}", guest.display()))?;
    fs::write(&embedded, bytes).map_err(|error| format!("{}: {error}", embedded.display()))?;
    println!("cargo::rustc-env=PROBATE_REGO_GUEST={}", embedded.display());
    println!("cargo::rustc-env=PROBATE_REGO_SOURCES=sha256:{}", digest(&workspace)?);
    Ok(())
}

/// Runs the nested cargo and gives the component's path.
fn nested(workspace: &Path, out: &Path) -> Result<PathBuf, String> {
    // OUT_DIR is <target>/<profile>/build/<package>/out.
    let target = out.ancestors().nth(4).ok_or("OUT_DIR has an unknown layout")?.join("guests");
    let libraries = clean(Command::new("rustc"), workspace)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|error| format!("rustc does not run: {error}"))?;
    let directory = String::from_utf8_lossy(&libraries.stdout).trim().to_owned();
    if !libraries.status.success() || !Path::new(&directory).is_dir() {
        return Err(format!(
            "the Rust target {TARGET} is missing: run `rustup target add {TARGET}`, or set PROBATE_REGO_WASM to a prebuilt Rego guest"
        ));
    }
    let output = clean(Command::new("cargo"), workspace)
        .args([
            "build",
            "--package",
            "probate-rego",
            "--lib",
            "--target",
            TARGET,
            "--profile",
            PROFILE,
            "--locked",
        ])
        .arg("--target-dir")
        .arg(&target)
        .arg("--config")
        .arg(format!("target.{TARGET}.rustflags=[{}]", remapped(workspace)?))
        .output()
        .map_err(|error| format!("cargo does not run: {error}"))?;
    if !output.status.success() {
        for line in String::from_utf8_lossy(&output.stderr).lines().filter(|line| !line.trim().is_empty()) {
            println!("cargo::warning={line}");
        }
        return Err("the Rego guest does not build: see the lines above".into());
    }
    Ok(target.join(TARGET).join(PROFILE).join("probate_rego.wasm"))
}

/// Paths of this machine must not reach the guest. Given on the command line, so that no RUSTFLAGS are needed from outside.
fn remapped(workspace: &Path) -> Result<String, String> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))
        .ok_or("neither CARGO_HOME nor HOME is set")?;
    let mut flags = Vec::new();
    for (path, name) in [(home.as_path(), "/cargo"), (workspace, "/probate")] {
        let path = path.to_str().ok_or("a path of this build is not UTF-8")?;
        flags.push(toml_string(&format!("--remap-path-prefix={path}={name}")));
    }
    Ok(flags.join(","))
}

fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Takes out of the environment what cargo and rustup set for the outer build: the workspace's own toolchain file decides.
fn clean(mut command: Command, workspace: &Path) -> Command {
    let outer = |name: &str| {
        [
            "RUSTC",
            "RUSTDOC",
            "RUSTFLAGS",
            "CARGO_ENCODED_",
            "CARGO_BUILD_",
            "CARGO_PROFILE_",
            "CARGO_TARGET_",
            "CARGO_CFG_",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
            || ["RUSTUP_TOOLCHAIN", "CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"].contains(&name)
    };
    let names: Vec<OsString> =
        env::vars_os().map(|(name, _)| name).filter(|name| name.to_str().is_some_and(outer)).collect();
    for name in names {
        command.env_remove(name);
    }
    command.current_dir(workspace);
    command
}

/// Digest over names and bytes of the guest's sources.
fn digest(workspace: &Path) -> Result<String, String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&workspace.join(source), &mut files)?;
    }
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        let bytes = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.strip_prefix(workspace).unwrap_or(&file);
        digest.update(name.to_string_lossy().as_bytes());
        digest.update([0]);
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(&bytes);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("{}: {error}", path.display()))?;
        collect(&entry.path(), files)?;
    }
    Ok(())
}

fn workspace() -> Result<PathBuf, String> {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let root = manifest.ancestors().nth(2).ok_or("this package is not inside its workspace")?;
    Ok(root.to_owned())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set: run this through cargo"))
}
