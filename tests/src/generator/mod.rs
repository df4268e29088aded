//! A cluster of any size: claims, volumes and three times as many Pods as one `kind: List`, written as `kubectl get -o json`
//! writes it, with its `probate.yaml` and the VolumeRecords of what may go. Seeded; nothing else decides what comes out.

pub mod evidence;
mod machines;
mod objects;
mod pods;
pub mod random;

use serde::Serialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// The inventory's time.
pub const NOW: &str = "2026-11-22T06:00:00Z";
pub(crate) const CLUSTER_UID: &str = "45465ce2-b219-46c7-9bfa-e6e32c1355d6";

/// How alike the objects are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Few namespaces, labels and classes, the common ones far more often, as in clusters.
    RealLike,
    /// Every claim in a namespace of its own, with labels of its own: the worst case for anything that remembers.
    AllDistinct,
    /// Disks of virtual machines: a DataVolume for each claim, four to a machine, and no Pods.
    Machines,
}

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Seed.
    pub seed: u64,
    /// Claims; there are as many volumes, and three times as many Pods, or as many DataVolumes.
    pub claims: usize,
    /// How alike they are.
    pub shape: Shape,
}

/// What a claim is there for; the same for its volume and its Pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A Pod names it.
    Used,
    /// Nothing names it, and a record says since when: it may go.
    Orphan,
    /// Nothing names it and nothing is known of it.
    Unobserved,
    /// It waits for a volume, while the volume of that number is left over from another claim.
    Pending,
}

impl Plan {
    pub(crate) fn fate(&self, at: usize) -> Fate {
        match at % 100 {
            7 | 57 => Fate::Orphan,
            19 | 44 | 83 => Fate::Unobserved,
            91 => Fate::Pending,
            _ => Fate::Used,
        }
    }

    /// Namespaces of claims.
    pub(crate) fn namespaces(&self) -> usize {
        match self.shape {
            Shape::RealLike | Shape::Machines => (self.claims / 500).clamp(12, 400),
            Shape::AllDistinct => self.claims,
        }
    }

    pub(crate) fn namespace(&self, at: usize) -> usize {
        match self.shape {
            // A machine has its disks beside it.
            Shape::Machines => {
                random::Random::of(self.seed, "home", at / machines::DISKS).zipf(self.namespaces())
            }
            Shape::RealLike => random::Random::of(self.seed, "home", at).zipf(self.namespaces()),
            Shape::AllDistinct => at,
        }
    }

    /// Objects that the dump holds, classes and namespaces apart.
    pub fn objects(&self) -> usize {
        match self.shape {
            Shape::Machines => self.claims * 3 + self.claims.div_ceil(machines::DISKS),
            Shape::RealLike | Shape::AllDistinct => self.claims * 5,
        }
    }

    /// Writes `dump.json`, `records.json` and `probate.yaml` into the folder.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut dump = List::new(&folder.join("dump.json"))?;
        for class in objects::classes() {
            dump.item(&class)?;
        }
        dump.item(&objects::system_namespace())?;
        for at in 0..self.namespaces() {
            dump.item(&objects::namespace(self, at))?;
        }
        for at in 0..self.claims {
            dump.item(&objects::claim(self, at))?;
        }
        for at in 0..self.claims {
            dump.item(&objects::volume(self, at))?;
        }
        if self.shape == Shape::Machines {
            for at in 0..self.claims {
                dump.item(&machines::data_volume(self, at))?;
            }
            for at in 0..self.claims.div_ceil(machines::DISKS) {
                dump.item(&machines::machine(self, at))?;
            }
        } else {
            for at in 0..self.claims.saturating_mul(3) {
                dump.item(&pods::pod(self, at))?;
            }
        }
        dump.end()?;
        let mut records = List::new(&folder.join("records.json"))?;
        for at in 0..self.claims {
            if let Some(record) = objects::record(self, at) {
                records.item(&record)?;
            }
        }
        records.end()?;
        std::fs::write(folder.join("probate.yaml"), MANIFEST)
    }
}

/// Everything that was asked for is here.
const MANIFEST: &str = "apiVersion: probate.dev/v1alpha1
kind: Dump
cluster: {name: host}
takenAt: \"2026-11-22T06:00:00Z\"
complete:
- {kinds: [\"*\"]}
";

/// A `kind: List` that is written item by item.
struct List {
    file: BufWriter<File>,
    first: bool,
    text: Vec<u8>,
}

impl List {
    fn new(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        file.write_all(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [")?;
        Ok(Self { file, first: true, text: Vec::new() })
    }

    fn item(&mut self, object: &Value) -> io::Result<()> {
        self.text.clear();
        let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        object.serialize(&mut serde_json::Serializer::with_formatter(&mut self.text, format))?;
        if !std::mem::take(&mut self.first) {
            self.file.write_all(b",")?;
        }
        for line in self.text.split(|byte| *byte == b'\n') {
            self.file.write_all(b"\n        ")?;
            self.file.write_all(line)?;
        }
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        let metadata = json!({"resourceVersion": ""}).to_string().replace(':', ": ");
        write!(self.file, "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {metadata}\n}}\n")?;
        self.file.flush()
    }
}
