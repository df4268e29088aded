//! Which faults there are, and which requests of the loop they can hit: those that a clean run made.

use probate_apiserver::proxy::{Fault, Passed, Refusal, Rule};
use std::collections::BTreeSet;
use std::time::Duration;

/// What goes wrong. A watch that falls silent has a test of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answered with that status; nothing is done.
    Refused(u16),
    /// Done, and answered with a time-out.
    Committed,
    /// The connection is closed; a write is done all the same.
    Reset,
    /// A watch breaks off in the middle of a line.
    Truncated,
    Slow,
}

const KINDS: [Kind; 13] = [
    Kind::Refused(401),
    Kind::Refused(403),
    Kind::Refused(404),
    Kind::Refused(409),
    Kind::Refused(410),
    Kind::Refused(422),
    Kind::Refused(429),
    Kind::Refused(500),
    Kind::Refused(503),
    Kind::Committed,
    Kind::Reset,
    Kind::Truncated,
    Kind::Slow,
];

/// Requests of the loop as far as a rule can tell them apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) verb: String,
    pub(crate) resource: String,
    dry_run: bool,
}

impl Asked {
    fn of(passed: &Passed) -> Self {
        let call = &passed.call;
        Self { verb: call.verb.clone(), resource: call.resource.clone(), dry_run: call.dry_run }
    }

    /// What came by, but for what tells whether the admission policy is in force.
    pub(crate) fn made(passed: &[Passed]) -> BTreeSet<Self> {
        let guarding = Self::guarding();
        passed.iter().map(Self::of).filter(|asked| !guarding.contains(asked)).collect()
    }

    /// What tells whether it is: what goes wrong there is tried again half a minute later.
    pub(crate) fn guarding() -> BTreeSet<Self> {
        let asked = |(verb, resource, dry_run): (&str, &str, bool)| Self {
            verb: verb.into(),
            resource: resource.into(),
            dry_run,
        };
        let all = [
            ("get", "validatingadmissionpolicies", false),
            ("get", "validatingadmissionpolicybindings", false),
            ("patch", "persistentvolumes", true),
            ("delete", "persistentvolumes", true),
        ];
        all.map(asked).into()
    }

    fn writes(&self) -> bool {
        ["create", "update", "patch", "delete"].contains(&self.verb.as_str())
    }
}

/// One fault at one kind of request.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) asked: Asked,
    pub(crate) kind: Kind,
}

impl Cell {
    fn can_be(&self) -> bool {
        match self.kind {
            Kind::Committed => self.asked.writes(),
            Kind::Truncated => self.asked.verb == "watch",
            Kind::Refused(_) | Kind::Reset | Kind::Slow => true,
        }
    }

    fn fault(&self) -> Fault {
        match self.kind {
            Kind::Refused(code) => Fault::Answer(Refusal::of(code)),
            Kind::Committed => Fault::CommitThenAnswer(Refusal::of(504)),
            Kind::Reset if self.asked.writes() => Fault::CommitThenDrop,
            Kind::Reset => Fault::Drop,
            Kind::Truncated => Fault::Truncate(1),
            Kind::Slow if self.asked.verb == "watch" => Fault::Slow(Duration::from_millis(50)),
            Kind::Slow => Fault::Delay(Duration::from_secs(1)),
        }
    }

    pub(crate) fn rule(&self) -> Rule {
        let Asked { verb, resource, dry_run } = &self.asked;
        Rule::new(verb, resource, self.fault()).dry_run(*dry_run).from(self.first()).times(1)
    }

    /// Which of these requests is hit. The first read of a volume is of the one that the admission policy is tried on.
    fn first(&self) -> u64 {
        if self.asked.verb == "get" && self.asked.resource == "persistentvolumes" { 2 } else { 1 }
    }

    /// True where the request that is to be hit came by.
    pub(crate) fn came_by(&self, passed: &[Passed]) -> bool {
        let same = passed.iter().filter(|passed| Asked::of(passed) == self.asked);
        u64::try_from(same.count()).is_ok_and(|count| count >= self.first())
    }
}

/// Every fault at each of these, or each `every`-th of them.
pub(crate) fn cells(asked: BTreeSet<Asked>, every: usize) -> Vec<Cell> {
    let all = asked.iter().flat_map(|asked| KINDS.map(|kind| Cell { asked: asked.clone(), kind }));
    all.filter(Cell::can_be).step_by(every).collect()
}

/// The resources that the loop watches.
pub(crate) fn watched(passed: &[Passed]) -> BTreeSet<String> {
    let watches = passed.iter().filter(|passed| passed.call.verb == "watch");
    watches.map(|passed| passed.call.resource.clone()).collect()
}

/// Cells that can be in force together: one at each kind of request. A Lease is made or renewed when a loop starts, not both.
pub(crate) fn packed(cells: Vec<Cell>) -> Vec<Vec<Cell>> {
    let mut runs: Vec<Vec<Cell>> = Vec::new();
    for cell in cells {
        let apart = |other: &Cell| {
            let lease = cell.asked.resource == "leases" && other.asked.resource == "leases";
            other.asked != cell.asked && (!lease || cell.asked.verb == "get" || other.asked.verb == "get")
        };
        match runs.iter_mut().find(|run| run.iter().all(apart)) {
            Some(run) => run.push(cell),
            None => runs.push(vec![cell]),
        }
    }
    runs
}
