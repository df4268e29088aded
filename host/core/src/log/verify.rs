//! Verify: every chain whole, in order and unchanged. What cannot be seen from lines alone, the end of a chain cut off, shows
//! against an anchor: the hash of the last line, kept elsewhere.

use super::chain::{NONE_BEFORE, hash_of};
use crate::digest;
use probate_contract::API_VERSION;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Hashes that are known from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    /// Each must be the last line of a chain.
    pub heads: Vec<String>,
    /// Lines before the first ones here, where older files were put away.
    pub after: Vec<String>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No line of a decision log.
    NotALine(String),
    /// The same content, not in the one spelling that is written.
    Respelled,
    /// It is not what was hashed.
    Changed {
        /// The hash it states.
        stated: String,
        /// The hash it has.
        computed: String,
    },
    /// The first line of the chain here is not its first.
    Begins,
    /// Lines are missing before it.
    Missing {
        /// From this sequence on.
        from: u64,
        /// Up to this one.
        to: u64,
    },
    /// The line once more.
    Repeated,
    /// It comes after a later one.
    Disordered {
        /// The sequence before it.
        after: u64,
    },
    /// It names another line as the one before.
    Unlinked,
    /// No chain ends in the anchor.
    NotTheHead {
        /// The anchor.
        anchor: String,
        /// It is a line, but not a last one.
        inside: bool,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotALine(why) => write!(f, "no line of a decision log: {why}"),
            Self::Respelled => f.write_str("the line is not spelt as it was written"),
            Self::Changed { stated, computed } => {
                write!(f, "the line was changed: it says hash {stated} and has {computed}")
            }
            Self::Begins => f.write_str("the chain begins here, but not with its first line"),
            Self::Missing { from, to } if from == to => write!(f, "the line {from} before it is missing"),
            Self::Missing { from, to } => write!(f, "the lines {from} to {to} before it are missing"),
            Self::Repeated => f.write_str("the line is there twice"),
            Self::Disordered { after } => write!(f, "the line comes after line {after} of its chain"),
            Self::Unlinked => f.write_str("the line names another one as the line before it"),
            Self::NotTheHead { anchor, inside: true } => {
                write!(f, "no chain ends in the anchor {anchor}: lines follow it")
            }
            Self::NotTheHead { anchor, inside: false } => {
                write!(f, "no chain ends in the anchor {anchor}: lines were cut off, or it is of another log")
            }
        }
    }
}

/// A fault with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Counted over all lines, from 1.
    pub line: Option<u64>,
    /// The chain that it states; for a line that cannot be read, the one before it.
    pub chain: Option<String>,
    /// The sequence that it states; for a line that cannot be read, the next one.
    pub sequence: Option<u64>,
    /// What is wrong.
    pub fault: Fault,
}

/// A chain, as far as it is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainEnd {
    /// Its name.
    pub chain: String,
    /// Its first line here.
    pub first: u64,
    /// Its last line here.
    pub last: u64,
    /// Hash of the last line.
    pub head: String,
    /// Hash of the line before the first; missing where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many lines were read.
    pub lines: u64,
    /// The chains, in the order in which they begin.
    pub chains: Vec<ChainEnd>,
    /// What is wrong, in order.
    pub findings: Vec<Finding>,
}

/// Reads lines one by one.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    anchors: Anchors,
    lines: u64,
    chains: Vec<ChainEnd>,
    places: BTreeMap<String, usize>,
    /// Hashes that an anchor or the first line of a chain names, as far as they were seen.
    inside: BTreeSet<String>,
    last: Option<(String, u64)>,
    /// Lines that no chain could claim; each explains one that is missing.
    spoilt: u64,
    findings: Vec<Finding>,
}

/// What every line has.
struct Read {
    chain: String,
    sequence: u64,
    previous: String,
    hash: String,
}

impl Verifier {
    /// With what is known from elsewhere.
    pub fn new(anchors: Anchors) -> Self {
        Self { anchors, ..Self::default() }
    }

    /// The next line, without its line break.
    pub fn line(&mut self, text: &[u8]) {
        self.lines = self.lines.saturating_add(1);
        match read(text) {
            Ok(read) => {
                let (chain, sequence) = (read.chain.clone(), read.sequence);
                for fault in self.follow(read) {
                    self.find(Some((chain.clone(), sequence)), fault);
                }
                self.last = Some((chain, sequence));
            }
            Err((stated, fault)) => {
                self.spoilt = self.spoilt.saturating_add(1);
                let next = || self.last.clone().map(|(chain, sequence)| (chain, sequence.saturating_add(1)));
                let place = stated.or_else(next);
                if place.is_some() {
                    self.last.clone_from(&place);
                }
                self.find(place, fault);
            }
        }
    }

    fn find(&mut self, place: Option<(String, u64)>, fault: Fault) {
        let (chain, sequence) = place.unzip();
        self.findings.push(Finding { line: Some(self.lines), chain, sequence, fault });
    }

    /// A line that is what it says it is, in its chain.
    fn follow(&mut self, read: Read) -> Vec<Fault> {
        let Read { chain, sequence, previous, hash } = read;
        if self.anchors.heads.contains(&hash) {
            self.inside.insert(hash.clone());
        }
        let Some(end) = self.places.get(&chain).and_then(|at| self.chains.get_mut(*at)) else {
            let after = (previous != NONE_BEFORE).then(|| previous.clone());
            let known = self.anchors.after.contains(&previous);
            self.places.insert(chain.clone(), self.chains.len());
            self.chains.push(ChainEnd { chain, first: sequence, last: sequence, head: hash, after });
            let before = sequence.saturating_sub(1);
            let begins = before > 0 && !known && !self.explained(before);
            return begins.then_some(Fault::Begins).into_iter().collect();
        };
        if sequence <= end.last {
            let again = sequence == end.last && hash == end.head;
            return vec![if again { Fault::Repeated } else { Fault::Disordered { after: end.last } }];
        }
        let missing = sequence - end.last - 1;
        let (from, to) = (end.last + 1, sequence - 1);
        let linked = missing > 0 || previous == end.head;
        (end.last, end.head) = (sequence, hash);
        if missing > 0 && !self.explained(missing) {
            return vec![Fault::Missing { from, to }];
        }
        if linked { Vec::new() } else { vec![Fault::Unlinked] }
    }

    /// True where so many lines that could not be read stand for those that are missing.
    fn explained(&mut self, missing: u64) -> bool {
        let explained = self.spoilt >= missing;
        if explained {
            self.spoilt -= missing;
        }
        explained
    }

    /// What came out.
    pub fn finish(mut self) -> Verified {
        for anchor in &self.anchors.heads {
            if !self.chains.iter().any(|end| end.head == *anchor) {
                let fault =
                    Fault::NotTheHead { anchor: anchor.clone(), inside: self.inside.contains(anchor) };
                self.findings.push(Finding { line: None, chain: None, sequence: None, fault });
            }
        }
        Verified { lines: self.lines, chains: self.chains, findings: self.findings }
    }
}

/// A single line, checked by itself: what it holds, if that is what was hashed.
///
/// # Errors
/// It is no line, or not as it was written.
pub fn checked(text: &[u8]) -> Result<Value, Fault> {
    read(text).map_err(|(_, fault)| fault)?;
    serde_json::from_slice(text).map_err(|error| Fault::NotALine(error.to_string()))
}

type Stated = Option<(String, u64)>;

/// A line that states its place, is spelt as written, and has the hash it states.
fn read(text: &[u8]) -> Result<Read, (Stated, Fault)> {
    let no_line = |why: &str| (None, Fault::NotALine(why.to_owned()));
    let value: Value = serde_json::from_slice(text).map_err(|error| no_line(&error.to_string()))?;
    let Value::Object(mut line) = value else { return Err(no_line("not an object")) };
    let text_of = |line: &Map<String, Value>, key: &str| line.get(key)?.as_str().map(str::to_owned);
    let chain = text_of(&line, "chain").ok_or_else(|| no_line("no chain"))?;
    let sequence = line.get("sequence").and_then(Value::as_u64).ok_or_else(|| no_line("no sequence"))?;
    let stated = Some((chain.clone(), sequence));
    let wrong = |why: &str| (stated.clone(), Fault::NotALine(why.to_owned()));
    let previous = text_of(&line, "previous").ok_or_else(|| wrong("no previous"))?;
    let hash = text_of(&line, "hash").ok_or_else(|| wrong("no hash"))?;
    let spelt = digest::canonical(&line).as_bytes() == text;
    let computed = hash_of(&mut line);
    if computed != hash {
        return Err((stated, Fault::Changed { stated: hash, computed }));
    }
    if !spelt {
        return Err((stated, Fault::Respelled));
    }
    if text_of(&line, "apiVersion").as_deref() != Some(API_VERSION) {
        return Err(wrong("another apiVersion"));
    }
    Ok(Read { chain, sequence, previous, hash })
}

/// Verifies a whole text.
pub fn verify(text: &[u8], anchors: Anchors) -> Verified {
    let mut verifier = Verifier::new(anchors);
    // A last line break ends the last line and begins none.
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    if !text.is_empty() {
        text.split(|byte| *byte == b'\n').for_each(|line| verifier.line(line));
    }
    verifier.finish()
}
