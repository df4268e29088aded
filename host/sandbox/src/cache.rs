//! Compiled programs on disk. Code in a file is code that runs, and wasmtime itself loads damaged files; so a file is used only
//! if the directory is ours alone, the file is ours alone and its digest is right. Anything else is compiled anew.

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{Read, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::Engine;
use wasmtime::component::Component;

const MAGIC: &[u8] = b"probate-compiled-1\n";
const DIGEST_BYTES: usize = 32;
/// Largest file that is read.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// A directory of compiled programs.
pub(crate) struct Cache {
    directory: OwnedFd,
    owner: u32,
    /// Of the engine: version, settings and processor.
    compatibility: String,
    written: AtomicU64,
}

/// Name of a compiled program: digest of the program, and of all that decides what it compiles to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Cache {
    /// Opens or makes the directory; nothing where it is not ours alone.
    pub(crate) fn open(path: &Path, engine: &Engine) -> Option<Self> {
        Self::open_as(path, engine, rustix::process::geteuid().as_raw())
    }

    fn open_as(path: &Path, engine: &Engine, owner: u32) -> Option<Self> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).ok()?;
        }
        match rustix::fs::mkdirat(CWD, path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(_) => return None,
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(CWD, path, flags, Mode::empty()).ok()?;
        let stat = rustix::fs::fstat(&directory).ok()?;
        if !private(&stat, owner, FileType::Directory) {
            return None;
        }
        let mut hasher = Hashed(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compatibility = hex(&hasher.0.finalize());
        Some(Self { directory, owner, compatibility, written: AtomicU64::new(0) })
    }

    pub(crate) fn key(&self, program: &[u8]) -> Key {
        Key(format!("{}-{}", hex(&Sha256::digest(program)), self.compatibility))
    }

    /// A program that is known to be as we wrote it.
    #[expect(unsafe_code, reason = "the only way to load compiled code; `read` has proven that we wrote it")]
    pub(crate) fn component(&self, key: &Key, engine: &Engine) -> Option<Component> {
        let body = self.read(key)?;
        // SAFETY: the bytes are those that `store` wrote for this key, out of `Component::serialize` of an engine with the same
        // compatibility hash: the digest says so, and nobody but us can write below the directory.
        unsafe { Component::deserialize(engine, &body) }.ok()
    }

    /// The compiled code of a key, or nothing where there is the least doubt about it.
    fn read(&self, key: &Key) -> Option<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = rustix::fs::openat(&self.directory, key.0.as_str(), flags, Mode::empty()).ok()?;
        let stat = rustix::fs::fstat(&file).ok()?;
        if !private(&stat, self.owner, FileType::RegularFile) || stat.st_nlink != 1 {
            return None;
        }
        let mut bytes = Vec::new();
        File::from(file).take(MAX_FILE_BYTES).read_to_end(&mut bytes).ok()?;
        verified(&bytes, key).map(<[u8]>::to_vec)
    }

    /// Keeps compiled code. A cache that cannot be written costs time, nothing else.
    pub(crate) fn store(&self, key: &Key, body: &[u8]) {
        let temporary =
            format!(".{}-{}.new", std::process::id(), self.written.fetch_add(1, Ordering::Relaxed));
        if self.write(&temporary, key, body).is_none() {
            // Nothing more can be done about a left-over than to try.
            let _left = rustix::fs::unlinkat(&self.directory, temporary.as_str(), AtFlags::empty());
        }
    }

    fn write(&self, temporary: &str, key: &Key, body: &[u8]) -> Option<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.directory, temporary, flags, Mode::RUSR | Mode::WUSR).ok()?;
        let mut file = File::from(file);
        for part in [MAGIC, &digest(key, body), body] {
            file.write_all(part).ok()?;
        }
        file.sync_all().ok()?;
        rustix::fs::renameat(&self.directory, temporary, &self.directory, key.0.as_str()).ok()
    }
}

/// The code in a file, if it is the one of this key.
fn verified<'a>(bytes: &'a [u8], key: &Key) -> Option<&'a [u8]> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (stated, body) = rest.split_at_checked(DIGEST_BYTES)?;
    (digest(key, body) == stated).then_some(body)
}

/// Over the key too: a whole file under another's name is as wrong as a damaged one.
fn digest(key: &Key, body: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(key.0.as_bytes()).chain_update([0]).chain_update(body).finalize().to_vec()
}

/// True for a file of that type that belongs to that user and to nobody else.
fn private(stat: &Stat, owner: u32, kind: FileType) -> bool {
    FileType::from_raw_mode(stat.st_mode) == kind && stat.st_uid == owner && stat.st_mode & 0o077 == 0
}

/// Feeds a `Hash` to SHA-256: the standard hasher promises nothing from one release to the next.
struct Hashed(Sha256);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
