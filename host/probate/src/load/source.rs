//! One walker over files, folders, archives, compressions and standard input, nested as they come.

use super::blocks::{Blocks, refused};
use super::fault::{self, Fault};
use super::feed::Feed;
use super::guard::{Counted, Limits, Measured};
use super::layout::Place;
use super::manifest::Role;
use super::work::{Body, FileContext, Work};
use super::{json, yaml};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use walkdir::WalkDir;

/// Reads one dump from end to end.
pub(crate) struct Walker<'w> {
    pub(crate) limits: Limits,
    pub(crate) send: &'w mut dyn FnMut(Work),
    /// Told after each file: its name and the bytes it has on disk.
    pub(crate) progress: &'w mut dyn FnMut(&str, u64),
}

/// A stream, what it is called, and where it stands in the dump.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    /// Path relative to the dump; empty for the dump itself.
    path: String,
    bundle: bool,
    nesting: u32,
}

impl Walker<'_> {
    /// Standard input.
    pub(crate) fn stdin(&mut self) {
        let named = Named { name: "standard input".into(), path: String::new(), bundle: false, nesting: 0 };
        self.stream(&mut io::stdin().lock(), &named);
    }

    /// A file or folder.
    pub(crate) fn path(&mut self, path: &Path) {
        let name = path.display().to_string();
        if path.is_dir() {
            self.folder(path, &name);
        } else {
            self.file(path, &Named { name, path: String::new(), bundle: false, nesting: 0 });
        }
    }

    fn folder(&mut self, root: &Path, name: &str) {
        let whole = Named { name: name.into(), path: String::new(), bundle: true, nesting: 0 };
        for entry in WalkDir::new(root).follow_links(false).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.fault(&whole, Fault::new(fault::UNREADABLE, format!("could not be read: {error}")));
                    continue;
                }
            };
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let Some(relative) = relative.to_str().map(|text| text.replace('\\', "/")) else {
                self.fault(&whole, Fault::new(fault::UNREADABLE, "a file whose name is not UTF-8"));
                continue;
            };
            let named =
                Named { name: format!("{name}/{relative}"), path: relative, bundle: true, nesting: 0 };
            let kind = entry.file_type();
            if kind.is_symlink() {
                self.link(root, entry.path(), &named);
            } else if kind.is_file() {
                self.member_file(entry.path(), &named);
            } else if !kind.is_dir() && is_data(&named.path) {
                self.fault(&named, Fault::new(fault::LINK, "neither a file nor a folder"));
            }
        }
    }

    /// Within the folder a link's target is read where it stands; outside it is nothing of this dump.
    fn link(&mut self, root: &Path, path: &Path, named: &Named) {
        let inside = match (fs::canonicalize(root), fs::canonicalize(path)) {
            (Ok(root), Ok(target)) => target.starts_with(root),
            _ => false,
        };
        if !inside && (is_data(&named.path) || path.is_dir()) {
            self.fault(named, Fault::new(fault::LINK, "a link that leads out of the dump, or nowhere"));
        }
    }

    fn member_file(&mut self, path: &Path, named: &Named) {
        if is_data(&named.path) {
            self.file(path, named);
        } else {
            self.body(named, Body::NoObject);
        }
    }

    fn file(&mut self, path: &Path, named: &Named) {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (before, mut file) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                return self
                    .fault(named, Fault::new(fault::UNREADABLE, format!("could not be read: {error}")));
            }
        };
        if !before.is_file() && named.bundle {
            return self.fault(named, Fault::new(fault::LINK, "neither a file nor a folder"));
        }
        self.stream(&mut file, named);
        (self.progress)(&named.name, before.len());
        let after = fs::metadata(path).ok();
        if before.is_file() && !after.is_some_and(|after| is_same(&before, &after)) {
            self.fault(named, Fault::new(fault::CHANGED, "changed while it was read"));
        }
    }

    /// Anything that can be read: packed, an archive, or text.
    fn stream(&mut self, source: &mut dyn Read, named: &Named) {
        let mut head = Vec::new();
        if let Err(error) = (&mut *source).take(512).read_to_end(&mut head) {
            return self.fault(named, refused(&error));
        }
        let packing = Packing::of(&head);
        let mut whole = io::Cursor::new(head).chain(source);
        if packing != Packing::None && named.nesting >= self.limits.nesting {
            let message =
                format!("more than {} archives and compressions in each other", self.limits.nesting);
            return self.fault(named, Fault::new(fault::BOMB, message));
        }
        let (counted, count) = Counted::new(&mut whole);
        let inner = Named { nesting: named.nesting + 1, path: unpacked(&named.path).into(), ..named.clone() };
        let limits = self.limits;
        match packing {
            Packing::None => self.text(&mut whole, named),
            Packing::Gzip => {
                self.stream(
                    &mut Measured::new(flate2::read::MultiGzDecoder::new(counted), count, limits),
                    &inner,
                );
            }
            Packing::Xz => {
                let decoder = liblzma::read::XzDecoder::new_multi_decoder(counted);
                self.stream(&mut Measured::new(decoder, count, limits), &inner);
            }
            Packing::Zstd => match zstd::stream::read::Decoder::new(counted) {
                Ok(decoder) => self.stream(&mut Measured::new(decoder, count, limits), &inner),
                Err(error) => self.fault(named, refused(&error)),
            },
            Packing::Tar => self.archive(counted, &inner),
        }
    }

    fn archive(&mut self, source: Counted<'_>, named: &Named) {
        let mut archive = tar::Archive::new(source);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.fault(named, refused(&error)),
        };
        for (count, entry) in entries.enumerate() {
            let mut entry = match entry {
                Ok(entry) if (count as u64) < self.limits.members => entry,
                Ok(_) => {
                    let message = format!("more than {} members", self.limits.members);
                    return self.fault(named, Fault::new(fault::BOMB, message));
                }
                Err(error) => return self.fault(named, broken(&error)),
            };
            let Some(path) = std::str::from_utf8(&entry.path_bytes()).ok().map(ToString::to_string) else {
                self.fault(named, Fault::new(fault::UNSAFE_PATH, "a member whose name is not UTF-8"));
                continue;
            };
            self.member(&mut entry, path, named);
        }
    }

    fn member<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>, path: String, archive: &Named) {
        let path = path.trim_start_matches("./").to_string();
        let name = format!("{}!{path}", archive.name);
        let named = Named { name, path: path.clone(), bundle: true, nesting: archive.nesting };
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            return;
        }
        let safe = !path.starts_with('/') && !path.contains('\\') && path.split('/').all(|part| part != "..");
        if !safe {
            let named = Named { path: String::new(), ..named };
            return self
                .fault(&named, Fault::new(fault::UNSAFE_PATH, "an archive member with an unsafe path"));
        }
        if !is_data(&path) {
            return self.body(&named, Body::NoObject);
        }
        if !(kind.is_file() || kind.is_contiguous()) {
            return self.fault(&named, Fault::new(fault::LINK, "a link, device or other special member"));
        }
        self.stream(entry, &named);
    }

    fn text(&mut self, source: &mut dyn Read, named: &Named) {
        let file = context(named);
        let mut blocks = Blocks::new(source);
        let mut feed = Feed::new(file, self.limits, self.send);
        if let Err(fault) = read_text(&mut blocks, &mut feed, named) {
            feed.fault(fault, blocks.line(), None);
        }
        feed.body(Body::End);
    }

    fn fault(&mut self, named: &Named, fault: Fault) {
        self.body(named, Body::Fault { fault, document: 0, line: 0, kind: None });
    }

    fn body(&mut self, named: &Named, body: Body) {
        (self.send)(Work { file: context(named), body });
    }
}

fn context(named: &Named) -> Arc<FileContext> {
    let place = if named.bundle { Place::of(unpacked(&named.path)) } else { None };
    Arc::new(FileContext { name: named.name.as_str().into(), bundle: named.bundle, place })
}

fn read_text(blocks: &mut Blocks<'_>, feed: &mut Feed<'_>, named: &Named) -> Result<(), Fault> {
    let base = named.path.rsplit('/').next().unwrap_or_default();
    if let Some(role) = Role::of(base).filter(|_| named.bundle) {
        while blocks.data().len() < feed.limits.object_bytes && blocks.more()? {}
        feed.body(Body::Text { bytes: blocks.data().to_vec(), role });
        return Ok(());
    }
    if blocks.starts_with(b"\xef\xbb\xbf")? {
        blocks.consume(3);
    }
    let wide = blocks.starts_with(b"\xff\xfe")? || blocks.starts_with(b"\xfe\xff")?;
    if wide {
        return Err(Fault::new(fault::ENCODING, "UTF-16, not UTF-8"));
    }
    let Some(first) = blocks.next_byte()? else {
        if named.bundle && !has_data_name(&named.path) {
            feed.body(Body::NoObject);
            return Ok(());
        }
        // kubectl writes a list even of nothing; an empty file is what a failed command leaves behind.
        return Err(Fault::new(fault::TRUNCATED, "the file is empty"));
    };
    if first == 0 {
        return Err(Fault::new(fault::ENCODING, "NUL bytes in place of text"));
    }
    if named.bundle && !has_data_name(&named.path) && !looks_like_data(blocks.data()) {
        feed.body(Body::NoObject);
        return Ok(());
    }
    if matches!(first, b'{' | b'[' | 0x1e) {
        json::read(blocks, feed)
    } else {
        yaml::read(blocks, feed)
    }
    if feed.has_documents() {
        return Ok(());
    }
    if named.bundle {
        feed.body(Body::NoObject);
        return Ok(());
    }
    Err(Fault::new(fault::TRUNCATED, "no document in the file"))
}

/// A file without a telling name counts as data where it begins like an object.
fn looks_like_data(data: &[u8]) -> bool {
    data.starts_with(b"{")
        || data.starts_with(b"---")
        || data.starts_with(b"apiVersion:")
        || data.starts_with(b"kind:")
}

fn broken(error: &io::Error) -> Fault {
    match refused(error) {
        fault if fault.code == fault::UNREADABLE => {
            Fault::new(fault::TRUNCATED, format!("the archive is damaged or cut: {error}"))
        }
        fault => fault,
    }
}

fn is_same(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len() && before.modified().ok() == after.modified().ok()
}

const DATA: &[&str] = &["yaml", "yml", "json", "jsonl", "ndjson"];
const PACKED: &[&str] = &["gz", "xz", "zst", "tgz", "txz", "tzst", "tar"];

fn extension(path: &str) -> Option<&str> {
    let base = path.rsplit('/').next().unwrap_or(path);
    base.rsplit_once('.').map(|(_, extension)| extension)
}

/// The path without `.gz`, `.xz`, `.zst`.
fn unpacked(path: &str) -> &str {
    [".gz", ".xz", ".zst"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path)
}

fn has_data_name(path: &str) -> bool {
    extension(unpacked(path)).is_some_and(|extension| DATA.contains(&extension))
}

/// Whether a file of a bundle can hold objects, by its name.
fn is_data(path: &str) -> bool {
    let base = path.rsplit('/').next().unwrap_or(path);
    match extension(unpacked(path)) {
        _ if Role::of(base).is_some() => true,
        Some(extension) => DATA.contains(&extension) || PACKED.contains(&extension),
        None => true,
    }
}

/// Whether a file beside a dump looks like a dump too, by its name.
pub(crate) fn may_hold_objects(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    path.is_file() && extension(name).is_some() && is_data(name)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Xz,
    Zstd,
    Tar,
}

impl Packing {
    /// By the first bytes, whatever the name says.
    fn of(head: &[u8]) -> Self {
        if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if head.starts_with(b"\xfd7zXZ\0") {
            Self::Xz
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else if head.get(257..262) == Some(b"ustar") {
            Self::Tar
        } else {
            Self::None
        }
    }
}
