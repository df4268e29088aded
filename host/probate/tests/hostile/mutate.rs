//! A seeded mutator: whatever a byte turns into, nothing panics, and no object is lost in silence.

use super::recorder::Recorder;
use super::{load_path, load_with};
use probate_cli::load::LoadOptions;
use std::collections::BTreeSet;
use std::fs;

/// xorshift64*: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }
}

const CLAIMS: usize = 6;

fn json() -> String {
    let items: Vec<String> = (0..CLAIMS)
        .map(|n| format!(r#"{{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{{"name":"c{n}","uid":"u{n}"}},"spec":{{"a":[1,"x"]}}}}"#))
        .collect();
    format!("{{\"apiVersion\":\"v1\",\"items\":[{}],\"kind\":\"List\"}}", items.join(","))
}

fn yaml_items() -> String {
    let item = |n| {
        format!(
            "- apiVersion: v1\n  kind: PersistentVolumeClaim\n  metadata:\n    name: c{n}\n    uid: u{n}\n  spec:\n    a:\n    - 1\n    - \"x\"\n"
        )
    };
    format!("apiVersion: v1\nitems:\n{}kind: List\n", (0..CLAIMS).map(item).collect::<String>())
}

fn yaml_documents() -> String {
    let item = |n| {
        format!(
            "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: c{n}\n  uid: u{n}\nspec:\n  a: |\n    x: y\n"
        )
    };
    (0..CLAIMS).map(item).collect()
}

fn mutate(text: &str, dice: &mut Dice) -> Vec<u8> {
    const TOKENS: &[&str] = &[
        "\"", "{", "}", "[", "]", ",", ":", "- ", "\n", "  ", "#", "---\n", "...\n", "|", "&a ", "*a", "!",
        "\\", "\0", "'", "items:", "null",
    ];
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=dice.roll(2) {
        let at = dice.roll(bytes.len());
        let token = TOKENS[dice.roll(TOKENS.len())].bytes();
        match dice.roll(6) {
            0 => drop(bytes.remove(at)),
            1 => bytes[at] = token.last().unwrap_or(0),
            2 => drop(bytes.splice(at..at, token)),
            3 => bytes[at] ^= 1 << dice.roll(8),
            4 => {
                let end = (at + dice.roll(40)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
            _ => {
                let end = (at + dice.roll(40)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, copy));
            }
        }
        if bytes.is_empty() {
            bytes.push(b' ');
        }
    }
    bytes
}

/// Names of claims that stand whole in the text: they must be read, or something must be said.
fn is_accounted(recorder: &Recorder, skipped: u64) -> bool {
    let read: BTreeSet<&str> = recorder.objects.iter().map(|object| object.id.as_str()).collect();
    let whole = (0..CLAIMS).all(|n| read.contains(format!("PersistentVolumeClaim/-/c{n}").as_str()));
    whole || recorder.objects.len() + skipped as usize >= CLAIMS || !recorder.unreadable.is_empty()
}

#[test]
fn nothing_panics_and_nothing_is_lost_in_silence() {
    let rounds = std::env::var("PROBATE_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(0x5eed);
    let mut refused = 0;
    for round in 0..rounds {
        for (name, text) in [("m.json", json()), ("m.yaml", yaml_items()), ("d.yaml", yaml_documents())] {
            let bytes = mutate(&text, &mut dice);
            let path = folder.path().join(name);
            fs::write(&path, &bytes).unwrap();
            let (recorder, loaded) = load_path(&path);
            let skipped = loaded.skipped.values().sum();
            refused += usize::from(!recorder.unreadable.is_empty());
            let shown = String::from_utf8_lossy(&bytes);
            assert!(is_accounted(&recorder, skipped), "round {round}, {name}: {recorder:?}\n{shown}");
        }
    }
    assert!(refused > rounds, "most mutations are refused: {refused}");
}

#[test]
fn threads_do_not_change_what_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(7);
    for _ in 0..40 {
        let path = folder.path().join("m.yaml");
        fs::write(&path, mutate(&yaml_items(), &mut dice)).unwrap();
        let told = |threads| {
            let options =
                LoadOptions { threads: std::num::NonZeroUsize::new(threads), ..LoadOptions::default() };
            format!("{:?}", load_with(&[path.display().to_string()], &options).0)
        };
        assert_eq!(told(1), told(3));
    }
}
