//! `cargo xtask image`: an OCI image layout of the static binary, without a container engine. The same binary gives the same bytes.
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>

use crate::cargo::cargo;
use crate::generated::root;
use anyhow::{Context as _, ensure};
use clap::Args;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// As whom it runs; the manifests say so too.
const USER: u32 = 65532;

#[derive(Args)]
pub(crate) struct ImageArgs {
    /// Folder of the layout; it is replaced
    #[arg(long, default_value = "target/image")]
    out: PathBuf,
    /// A static binary; built if not given
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Tag of the image; the version if not given
    #[arg(long)]
    tag: Option<String>,
}

pub(crate) fn run(args: &ImageArgs) -> anyhow::Result<()> {
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => build()?,
    };
    let program = fs::read(&binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let arch = architecture(&program)
        .with_context(|| format!("{} is no static program for Linux", binary.display()))?;
    let tag = args.tag.as_deref().unwrap_or(env!("CARGO_PKG_VERSION"));
    let digest = layout(&args.out, &program, arch, tag)?;
    writeln!(std::io::stdout(), "{} {tag} {arch} {digest}", args.out.display())?;
    Ok(())
}

/// Links against the C library's archive, so that the image holds nothing else. With a target of its own: build scripts and macros
/// stay as they are.
fn build() -> anyhow::Result<PathBuf> {
    let version = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let target =
        version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let target_dir = root().join("target/static");
    let status = cargo()
        .args([
            "build",
            "--locked",
            "--release",
            "--package",
            "probate",
            "--bin",
            "probate",
            "--target",
            target,
        ])
        .env("CARGO_TARGET_DIR", &target_dir)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()?;
    ensure!(status.success(), "the static binary was not built");
    Ok(target_dir.join(target).join("release/probate"))
}

/// The architecture of a 64-bit ELF without an interpreter, as images name it (ELF gABI, chapters 4 and 5).
fn architecture(program: &[u8]) -> Option<&'static str> {
    let short = |at: usize| Some(u16::from_le_bytes(program.get(at..at.checked_add(2)?)?.try_into().ok()?));
    let long = |at: usize| Some(u32::from_le_bytes(program.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let wide = |at: usize| Some(u64::from_le_bytes(program.get(at..at.checked_add(8)?)?.try_into().ok()?));
    let elf = program.starts_with(b"\x7fELF\x02\x01");
    let arch = match short(18)? {
        62 => "amd64",
        183 => "arm64",
        _ => return None,
    };
    let (begin, size, count) =
        (usize::try_from(wide(32)?).ok()?, usize::from(short(54)?), usize::from(short(56)?));
    const INTERPRETER: u32 = 3;
    let mut headers = (0..count).map(|index| long(begin.checked_add(size.checked_mul(index)?)?));
    let alone = headers.all(|kind| kind.is_some_and(|kind| kind != INTERPRETER));
    (elf && count > 0 && alone).then_some(arch)
}

/// Writes the layout, and gives the digest of its manifest.
fn layout(out: &Path, program: &[u8], arch: &str, tag: &str) -> anyhow::Result<String> {
    let made = out.with_extension("new");
    if made.exists() {
        fs::remove_dir_all(&made)?;
    }
    fs::create_dir_all(made.join("blobs/sha256"))?;
    let tar = layer(program)?;
    let mut packed = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::default());
    packed.write_all(&tar)?;
    let layer = blob(&made, "application/vnd.oci.image.layer.v1.tar+gzip", &packed.finish()?)?;
    let config = json!({
        "architecture": arch, "os": "linux", "created": "1970-01-01T00:00:00Z",
        "config": {"Entrypoint": ["/probate"], "User": format!("{USER}:{USER}"), "WorkingDir": "/",
            "Labels": {"org.opencontainers.image.title": "probate", "org.opencontainers.image.version": tag,
                "org.opencontainers.image.licenses": env!("CARGO_PKG_LICENSE")}},
        "rootfs": {"type": "layers", "diff_ids": [digest(&tar)]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "cargo xtask image"}],
    });
    let config = blob(&made, "application/vnd.oci.image.config.v1+json", &serde_json::to_vec(&config)?)?;
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]});
    let mut manifest = blob(&made, kind, &serde_json::to_vec(&manifest)?)?;
    let digest = manifest.get("digest").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(fields) = manifest.as_object_mut() {
        fields.insert("platform".into(), json!({"architecture": arch, "os": "linux"}));
        fields.insert("annotations".into(), json!({"org.opencontainers.image.ref.name": tag}));
    }
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest]});
    fs::write(made.join("index.json"), serde_json::to_vec(&index)?)?;
    fs::write(made.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    if out.exists() {
        ensure!(out.join("oci-layout").exists(), "{} is no image layout: not replaced", out.display());
        fs::remove_dir_all(out)?;
    }
    fs::rename(&made, out)?;
    Ok(digest)
}

/// The one layer: the program, and who runs it.
fn layer(program: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let users = format!("root:x:0:0::/:/probate\nprobate:x:{USER}:{USER}::/:/probate\n");
    let groups = format!("root:x:0:\nprobate:x:{USER}:\n");
    let files: [(&str, u32, &[u8]); 3] = [
        ("etc/group", 0o644, groups.as_bytes()),
        ("etc/passwd", 0o644, users.as_bytes()),
        ("probate", 0o755, program),
    ];
    for (path, mode, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(bytes.len())?);
        header.set_mode(mode);
        header.set_mtime(0);
        tar.append_data(&mut header, path, bytes)?;
    }
    Ok(tar.into_inner()?)
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(bytes)))
}

/// Writes a blob by its digest, and describes it.
fn blob(made: &Path, kind: &str, bytes: &[u8]) -> anyhow::Result<Value> {
    let digest = digest(bytes);
    let name = digest.trim_start_matches("sha256:");
    fs::write(made.join("blobs/sha256").join(name), bytes)?;
    Ok(json!({"mediaType": kind, "digest": digest, "size": bytes.len()}))
}

#[cfg(test)]
mod tests {
    use super::{architecture, digest, layout};
    use serde_json::Value;
    use std::fs;

    #[test]
    fn every_descriptor_names_a_blob_and_the_same_program_gives_the_same_bytes() {
        let out = std::env::temp_dir().join(format!("probate-image-{}", std::process::id()));
        let first = layout(&out, b"program", "amd64", "1.2.3").expect("a layout");
        let again = layout(&out, b"program", "amd64", "1.2.3").expect("it is replaced");
        let other = layout(&out, b"Program", "amd64", "1.2.3").expect("another");
        assert_eq!(first, again);
        assert_ne!(first, other);
        let json = |path: &str| -> Value {
            serde_json::from_slice(&fs::read(out.join(path)).expect("a file")).expect("json")
        };
        let read = |descriptor: &Value| {
            let digest_of = descriptor["digest"].as_str().expect("a digest");
            let bytes = fs::read(out.join(format!("blobs/{}", digest_of.replace(':', "/")))).expect("a blob");
            assert_eq!(digest(&bytes), digest_of);
            assert_eq!(Some(bytes.len() as u64), descriptor["size"].as_u64());
            bytes
        };
        let manifest: Value =
            serde_json::from_slice(&read(&json("index.json")["manifests"][0])).expect("json");
        let config: Value = serde_json::from_slice(&read(&manifest["config"])).expect("json");
        let mut tar = Vec::new();
        let packed = read(&manifest["layers"][0]);
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut tar).expect("gzip");
        assert_eq!(config["rootfs"]["diff_ids"][0], digest(&tar));
        let mut archive = tar::Archive::new(&tar[..]);
        let names: Vec<_> =
            archive.entries().expect("entries").map(|e| e.expect("one").path_bytes().into_owned()).collect();
        assert_eq!(names, [b"etc/group".to_vec(), b"etc/passwd".to_vec(), b"probate".to_vec()]);
        fs::remove_dir_all(&out).expect("the folder");
    }

    #[test]
    fn a_program_that_needs_an_interpreter_is_refused() {
        let here = fs::read(std::env::current_exe().expect("a path")).expect("this test");
        let mut alone = here.clone();
        assert_eq!(architecture(&here), None, "tests are linked dynamically");
        assert_eq!(architecture(b"#!/bin/sh"), None);
        let (begin, size, count) = (
            usize::try_from(u64::from_le_bytes(here[32..40].try_into().expect("8"))).expect("small"),
            usize::from(u16::from_le_bytes(here[54..56].try_into().expect("2"))),
            usize::from(u16::from_le_bytes(here[56..58].try_into().expect("2"))),
        );
        for index in 0..count {
            let at = begin + size * index;
            if alone[at] == 3 {
                alone[at] = 4;
            }
        }
        assert!(architecture(&alone).is_some());
    }
}
