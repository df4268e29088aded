//! The only port of the core: whoever runs policies. The sandbox implements it; tests put a closure there.

use probate_contract::{Cause, Verdict};
use std::sync::Arc;

/// Why a policy gave no answer: a retain vote with a cause of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// One of the causes of group Error.
    pub cause: Cause,
    /// One printable line.
    pub message: String,
}

/// How the message of a failure begins that stands for others before it: its own question was not asked.
pub const NOT_ASKED: &str = "not asked: ";

/// A policy's answer.
pub type Answer = Result<Verdict, Failure>;

/// Documents that one session of one policy is asked about, in order.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Index of the policy in the policy set.
    pub policy: usize,
    /// Evidence documents, as the policy is to see them.
    pub inputs: Vec<Arc<str>>,
}

/// Runs policies.
pub trait Sandbox: Sync {
    /// Asks each chunk in a session of its own and gives one answer for each input, in order. An answer depends on policy,
    /// parameters and its own input alone, never on other inputs, chunks or threads.
    fn ask(&self, chunks: &[Chunk]) -> Vec<Vec<Answer>>;
}
