//! Nothing that somebody may have touched is executed.

use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use tempfile::TempDir;

const PROGRAM: &[u8] = b"a program";

struct Place {
    _folder: TempDir,
    path: PathBuf,
    cache: Cache,
    key: Key,
    file: PathBuf,
    engine: Engine,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("compiled");
    let engine = Engine::default();
    let cache = Cache::open(&path, &engine).unwrap();
    let key = cache.key(PROGRAM);
    let body = Component::new(&engine, wat::parse_str("(component)").unwrap()).unwrap().serialize().unwrap();
    cache.store(&key, &body);
    let file = path.join(&key.0);
    Place { _folder: folder, path, cache, key, file, engine }
}

#[test]
fn what_was_kept_is_found_again() {
    let place = place();
    assert!(place.cache.component(&place.key, &place.engine).is_some());
    assert!(place.cache.component(&place.cache.key(b"another program"), &place.engine).is_none());
    assert_eq!(fs::read_dir(&place.path).unwrap().count(), 1, "no temporary file is left");
    assert_eq!(fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&place.file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn two_hundred_flipped_bits_are_never_executed() {
    let place = place();
    let whole = fs::read(&place.file).unwrap();
    let bits = whole.len() * 8;
    for flip in 0..200 {
        // All of the head, then spread over the rest.
        let bit = if flip < 60 { flip * 7 } else { 420 + (flip - 60) * ((bits - 420) / 140) };
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(&place.file, &damaged).unwrap();
        assert!(place.cache.read(&place.key).is_none(), "bit {bit}");
    }
    for length in [0, 10, MAGIC.len(), MAGIC.len() + DIGEST_BYTES, whole.len() - 1] {
        fs::write(&place.file, &whole[..length]).unwrap();
        assert!(place.cache.read(&place.key).is_none(), "{length} bytes");
    }
    fs::write(&place.file, &whole).unwrap();
    assert!(place.cache.read(&place.key).is_some());
}

#[test]
fn a_file_under_another_name_is_not_that_program() {
    let place = place();
    let other = place.cache.key(b"another program");
    fs::copy(&place.file, place.path.join(&other.0)).unwrap();
    assert!(place.cache.read(&other).is_none());
}

#[test]
fn a_file_that_others_can_reach_is_not_used() {
    let place = place();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o644] {
        fs::set_permissions(&place.file, Permissions::from_mode(mode)).unwrap();
        assert!(place.cache.read(&place.key).is_none(), "{mode:o}");
    }
    fs::set_permissions(&place.file, Permissions::from_mode(0o600)).unwrap();
    fs::hard_link(&place.file, place.path.join("second")).unwrap();
    assert!(place.cache.read(&place.key).is_none(), "two names");
    fs::remove_file(place.path.join("second")).unwrap();
    assert!(place.cache.read(&place.key).is_some());
    let aside = place.path.join("aside");
    fs::rename(&place.file, &aside).unwrap();
    symlink(&aside, &place.file).unwrap();
    assert!(place.cache.read(&place.key).is_none(), "a link");
}

#[test]
fn a_directory_that_is_not_ours_alone_is_not_used() {
    let place = place();
    let us = rustix::process::geteuid().as_raw();
    assert!(Cache::open_as(&place.path, &place.engine, us).is_some());
    assert!(Cache::open_as(&place.path, &place.engine, us + 1).is_none(), "somebody else's");
    let link = place.path.with_file_name("link");
    symlink(&place.path, &link).unwrap();
    assert!(Cache::open(&link, &place.engine).is_none(), "a link");
    for mode in [0o750, 0o705, 0o770, 0o777] {
        fs::set_permissions(&place.path, Permissions::from_mode(mode)).unwrap();
        assert!(Cache::open(&place.path, &place.engine).is_none(), "{mode:o}");
    }
}

#[test]
fn a_file_of_another_owner_is_not_used() {
    let mut place = place();
    place.cache.owner += 1;
    assert!(place.cache.read(&place.key).is_none());
}

#[test]
fn another_configuration_has_another_key() {
    let place = place();
    let other = Engine::new(wasmtime::Config::new().consume_fuel(true)).unwrap();
    let cache = Cache::open(&place.path, &other).unwrap();
    assert_ne!(cache.key(PROGRAM), place.key);
}
