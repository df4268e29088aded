//! Decision logs as files: line by line, checked one by one, and chosen by subject, time and decision.

use crate::cli::LinesArgs;
use crate::exit::Stop;
use probate_contract::Diagnostic;
use probate_contract::common::Identity;
use probate_contract::log::{DecisionRecord, EffectRecord};
use probate_core::explain::Named;
use probate_core::log::{Fault, checked};
use probate_core::time;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Longer than any line that is written: a line holds at most the facts of one subject.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// Gives every line of every file without its line break; lines are counted from 1 in each.
///
/// # Errors
/// A file that cannot be read.
pub fn each(files: &[PathBuf], mut take: impl FnMut(&Path, u64, &[u8])) -> Result<(), Stop> {
    for path in files {
        let failed = |message: String| {
            let said = Diagnostic::error("PB7001", message).file(path.display().to_string());
            Stop::invalid(vec![said.fix("name the file of a decision log, or - for standard input")])
        };
        let mut reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin().lock())
        } else {
            let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
            Box::new(BufReader::new(file))
        };
        let (mut line, mut number) = (Vec::new(), 0);
        loop {
            line.clear();
            let mut limited = (&mut reader).take(MAX_LINE_BYTES);
            let read = limited.read_until(b'\n', &mut line).map_err(|error| failed(error.to_string()))?;
            if read == 0 {
                break;
            }
            number += 1;
            let whole = line.strip_suffix(b"\n");
            if whole.is_none() && u64::try_from(read).is_ok_and(|read| read >= MAX_LINE_BYTES) {
                return Err(failed(format!("line {number} is longer than {MAX_LINE_BYTES} bytes")));
            }
            take(path, number, whole.unwrap_or(&line));
        }
    }
    Ok(())
}

/// The code of a fault.
pub fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::NotALine(_) => "PB7002",
        Fault::Respelled | Fault::Changed { .. } => "PB7003",
        Fault::Begins | Fault::Missing { .. } => "PB7004",
        Fault::Repeated | Fault::Disordered { .. } => "PB7005",
        Fault::Unlinked => "PB7006",
        Fault::NotTheHead { .. } => "PB7007",
    }
}

/// What a line says.
#[derive(Clone, Debug)]
pub enum Body {
    /// A changed decision.
    Decision(Box<DecisionRecord>),
    /// A write.
    Effect(Box<EffectRecord>),
}

/// A line, and where it stands.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its file.
    pub file: PathBuf,
    /// Its number there.
    pub number: u64,
    /// As it is written.
    pub text: String,
    /// What it says.
    pub body: Body,
}

impl Body {
    /// What it is about.
    pub fn subject(&self) -> &Identity {
        match self {
            Self::Decision(record) => &record.subject.identity,
            Self::Effect(record) => &record.subject.identity,
        }
    }

    /// When.
    pub fn at(&self) -> &str {
        match self {
            Self::Decision(record) => &record.at,
            Self::Effect(record) => &record.at,
        }
    }

    /// Chain and sequence.
    pub fn place(&self) -> (&str, u64) {
        match self {
            Self::Decision(record) => (&record.chain, record.sequence),
            Self::Effect(record) => (&record.chain, record.sequence),
        }
    }

    fn decision(&self) -> &str {
        match self {
            Self::Decision(record) => &record.decision.id,
            Self::Effect(record) => &record.decision,
        }
    }
}

/// Which lines are meant.
pub struct Wanted {
    subject: Option<Subject>,
    since: Option<i64>,
    decision: Option<String>,
}

enum Subject {
    Named(Named),
    Uid(String),
}

impl Wanted {
    /// Reads the flags.
    ///
    /// # Errors
    /// A flag that is no time or no object.
    pub fn of(args: &LinesArgs) -> Result<Self, Stop> {
        let since = args.since.as_deref().map(|text| {
            time::parse(text).ok_or_else(|| {
                let message = format!("--since: `{text}` is no RFC 3339 time");
                Stop::usage("PB0002", message, "write 2026-11-22T06:00:00Z")
            })
        });
        let subject = args.subject.as_deref().map(|text| match Named::parse(text) {
            Some(named) => Ok(Subject::Named(named)),
            None if text.contains('/') => {
                let message = format!("--subject: `{text}` is no object");
                Err(Stop::usage("PB0007", message, "write pvc/NAMESPACE/NAME, pv/NAME or a uid"))
            }
            None => Ok(Subject::Uid(text.to_owned())),
        });
        Ok(Self { subject: subject.transpose()?, since: since.transpose()?, decision: args.decision.clone() })
    }

    fn takes(&self, body: &Body) -> bool {
        let about = match &self.subject {
            None => true,
            Some(Subject::Uid(uid)) => body.subject().uid.as_ref() == Some(uid),
            Some(Subject::Named(named)) => {
                let subject = body.subject();
                let kind =
                    if named.namespace.is_some() { "PersistentVolumeClaim" } else { "PersistentVolume" };
                subject.kind == kind
                    && subject.namespace == named.namespace
                    && subject.name == named.name
                    && (named.cluster.is_none() || named.cluster == subject.cluster)
            }
        };
        let late = self.since.is_none_or(|since| time::parse(body.at()).is_some_and(|at| at >= since));
        about && late && self.decision.as_deref().is_none_or(|id| id == body.decision())
    }
}

/// Lines that were read, and what is to be said of others.
#[derive(Default)]
pub struct Lines {
    /// Those that are meant, in order.
    pub lines: Vec<Line>,
    /// What is wrong with those that cannot be used.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the lines that are meant. Each is what was hashed, or is left out with a message.
///
/// # Errors
/// A file that cannot be read.
pub fn read(files: &[PathBuf], wanted: &Wanted) -> Result<Lines, Stop> {
    let mut read = Lines::default();
    each(files, |file, number, text| match typed(text) {
        Ok(body) if wanted.takes(&body) => {
            let text = String::from_utf8_lossy(text).into_owned();
            read.lines.push(Line { file: file.to_owned(), number, text, body });
        }
        Ok(_) => {}
        Err(fault) => read.diagnostics.push(
            Diagnostic::error(code(&fault), fault.to_string())
                .file(file.display().to_string())
                .at(number, 1)
                .consequence("the line is left out"),
        ),
    })?;
    Ok(read)
}

fn typed(text: &[u8]) -> Result<Body, Fault> {
    fn of<T: DeserializeOwned>(value: Value) -> Result<Box<T>, Fault> {
        serde_json::from_value(value).map(Box::new).map_err(|error| Fault::NotALine(error.to_string()))
    }
    let value = checked(text)?;
    match value.get("kind").and_then(Value::as_str) {
        Some("DecisionRecord") => Ok(Body::Decision(of(value)?)),
        Some("EffectRecord") => Ok(Body::Effect(of(value)?)),
        other => Err(Fault::NotALine(format!("kind {}", other.unwrap_or("missing")))),
    }
}
