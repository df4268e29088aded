//! Volumes as folders: what a test can compare, and miss.

use anyhow::{Context as _, anyhow};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What was done to a volume's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Its folder was made and filled.
    Created,
    /// Its folder is gone.
    Destroyed,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What.
    pub act: Act,
    /// The volume's handle.
    pub handle: String,
    /// The PersistentVolume on whose behalf.
    pub volume: String,
}

/// A folder of volumes, `<handle>/data`, and `journal.jsonl` beside them.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// Makes the folder if need be.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(root).with_context(|| format!("cannot make {}", root.display()))?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes a volume of random bytes, or with those of another; one that is there already stays as it is.
    pub fn create(&self, handle: &str, volume: &str, copy_of: Option<&str>) -> anyhow::Result<()> {
        if self.data(handle)?.exists() {
            return Ok(());
        }
        let bytes = match copy_of {
            Some(source) => fs::read(self.data(source)?).with_context(|| format!("no data of {source}"))?,
            None => {
                let mut bytes = vec![0; 4096];
                SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow!("no randomness"))?;
                bytes
            }
        };
        fs::create_dir_all(self.root.join(handle))?;
        fs::write(self.data(handle)?, bytes)?;
        self.note(Act::Created, handle, volume)
    }

    /// Destroys a volume's data; true if there was any.
    pub fn destroy(&self, handle: &str, volume: &str) -> anyhow::Result<bool> {
        if !self.data(handle)?.exists() {
            return Ok(false);
        }
        // Noted first: whoever misses the data finds it in the journal.
        self.note(Act::Destroyed, handle, volume)?;
        fs::remove_dir_all(self.root.join(handle))?;
        Ok(true)
    }

    /// sha256 of a volume's data; `None` once it is destroyed.
    #[must_use]
    pub fn digest(&self, handle: &str) -> Option<String> {
        let bytes = fs::read(self.data(handle).ok()?).ok()?;
        Some(data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
    }

    /// Everything that was done, in order.
    pub fn journal(&self) -> anyhow::Result<Vec<Entry>> {
        match fs::read_to_string(self.root.join("journal.jsonl")) {
            Ok(text) => text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    fn note(&self, act: Act, handle: &str, volume: &str) -> anyhow::Result<()> {
        let entry = Entry { act, handle: handle.to_owned(), volume: volume.to_owned() };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let path = self.root.join("journal.jsonl");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path)?;
        Ok(file.write_all(&line)?)
    }

    /// Handles come from PersistentVolumes that anyone may write: never out of our folder.
    fn data(&self, handle: &str) -> anyhow::Result<PathBuf> {
        let plain = !handle.is_empty()
            && handle.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            && !handle.starts_with('.');
        anyhow::ensure!(plain, "{handle:?} is no handle of ours");
        Ok(self.root.join(handle).join("data"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Disk};

    #[test]
    fn data_stays_until_it_is_destroyed_and_the_journal_tells() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::open(dir.path()).unwrap();
        disk.create("vol-1", "pv-1", None).unwrap();
        let digest = disk.digest("vol-1").unwrap();
        disk.create("vol-1", "pv-1", None).unwrap();
        disk.create("vol-2", "pv-2", Some("vol-1")).unwrap();
        assert_eq!(disk.digest("vol-1").unwrap(), digest);
        assert_eq!(disk.digest("vol-2").unwrap(), digest);
        assert!(disk.destroy("vol-1", "pv-1").unwrap());
        assert!(!disk.destroy("vol-1", "pv-1").unwrap());
        assert_eq!(disk.digest("vol-1"), None);
        let acts: Vec<Act> = disk.journal().unwrap().into_iter().map(|entry| entry.act).collect();
        assert_eq!(acts, [Act::Created, Act::Created, Act::Destroyed]);
    }

    #[test]
    fn handles_do_not_lead_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::open(&dir.path().join("volumes")).unwrap();
        for handle in ["", ".", "..", "../x", "a/b", "/etc"] {
            assert!(disk.create(handle, "pv", None).is_err(), "{handle}");
            assert!(disk.destroy(handle, "pv").is_err(), "{handle}");
        }
    }
}
