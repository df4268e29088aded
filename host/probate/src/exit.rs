//! Exit codes, and which one holds where several fit.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, unknowns retained included.
    Done = 0,
    /// Tests failed, or results differ.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// Bad manifest or input, no result.
    Invalid = 3,
    /// Nothing selected, no tests.
    Empty = 4,
    /// The plan is stale.
    Stale = 5,
    /// A guard, rate or the breaker stopped `apply`.
    Stopped = 6,
    /// Cluster or API failure.
    Cluster = 7,
    /// A policy failed or hit a limit, its subjects are retained.
    PolicyFailed = 8,
    /// Result printed, but some input was unreadable or dropped.
    Unreadable = 9,
    /// Internal error.
    Internal = 10,
    /// With `--detailed-exitcode`: done, and there are changes.
    Changes = 20,
}

/// Earlier wins.
const ORDER: [Exit; 12] = [
    Exit::Internal,
    Exit::Usage,
    Exit::Invalid,
    Exit::Cluster,
    Exit::Stale,
    Exit::Stopped,
    Exit::Unreadable,
    Exit::PolicyFailed,
    Exit::Failed,
    Exit::Empty,
    Exit::Changes,
    Exit::Done,
];

impl Exit {
    /// The one that holds where all of these fit.
    pub fn first(fits: &[Self]) -> Self {
        ORDER.into_iter().find(|exit| fits.contains(exit)).unwrap_or(Self::Done)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that cannot give a result: what to say, and how to end.
#[derive(Debug)]
pub struct Stop {
    /// How to end.
    pub exit: Exit,
    /// What to say.
    pub diagnostics: Vec<probate_contract::Diagnostic>,
}

impl Stop {
    /// Bad input.
    pub fn invalid(diagnostics: Vec<probate_contract::Diagnostic>) -> Self {
        Self { exit: Exit::Invalid, diagnostics }
    }

    /// The cluster refused or did not answer.
    pub fn cluster(error: &probate_cluster::ClusterError) -> Self {
        Self {
            exit: Exit::Cluster,
            diagnostics: vec![probate_contract::Diagnostic::error(error.id(), error.to_string())],
        }
    }

    /// Wrong usage.
    pub fn usage(code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            diagnostics: vec![probate_contract::Diagnostic::error(code, message).fix(fix)],
        }
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self {
            exit: Exit::Internal,
            diagnostics: vec![probate_contract::Diagnostic::error("PB9001", format!("{error:#}"))],
        }
    }
}

/// What a command ends with.
pub type Outcome = Result<Exit, Stop>;

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_first_of_several_holds() {
        assert_eq!(Exit::first(&[]), Exit::Done);
        assert_eq!(Exit::first(&[Exit::Changes, Exit::PolicyFailed]), Exit::PolicyFailed);
        assert_eq!(Exit::first(&[Exit::Unreadable, Exit::PolicyFailed, Exit::Invalid]), Exit::Invalid);
    }
}
