//! Asks one policy about the inputs of one chunk. What came before must not show in an answer: whatever looks as if it might is
//! asked again in a fresh session, whose answer holds.

use crate::failure::failure;
use crate::off::{Limit, off};
use crate::program::Program;
use crate::session::{Asked, Session};
use probate_contract::rego::Purpose;
use probate_core::port::{Answer, Failure, NOT_ASKED};
use std::sync::Arc;

/// After so many confirmed failures a chunk's further ones cost no fresh session.
const PATIENCE: usize = 4;

/// Asks about each input, in order.
pub(crate) fn ask(program: &Program, inputs: &[Arc<str>]) -> Vec<Answer> {
    let mut asker = Asker { program, session: None, broken: 0, refused: 0 };
    let mut given_up: Option<Failure> = None;
    let mut answers = Vec::with_capacity(inputs.len());
    for input in inputs {
        let answer = match &given_up {
            Some(failure) => Err(failure.clone()),
            None => asker.answer(input),
        };
        if let Err(last) = &answer
            && asker.broken >= PATIENCE
            && !off(Limit::Patience)
            && given_up.is_none()
        {
            let message =
                format!("{NOT_ASKED}{PATIENCE} subjects before it failed; the last: {}", last.message);
            given_up = Some(failure(last.cause, message));
        }
        answers.push(answer);
    }
    asker.end();
    answers
}

struct Asker<'a> {
    program: &'a Program,
    session: Option<Session>,
    /// Confirmed traps and limits: the dear kind, each costs a session.
    broken: usize,
    /// Confirmed failures that the policy answered itself.
    refused: usize,
}

impl Asker<'_> {
    fn answer(&mut self, input: &Arc<str>) -> Answer {
        let first = self.asked(input)?;
        // A policy's own failure is an answer about that subject and says nothing about the next one, so the rest of the chunk is
        // still asked: else five subjects that their owners spoilt would silence a policy for all others.
        let settled = first.answer.is_err() && !first.broke && self.refused >= PATIENCE;
        if settled || (first.answer.is_ok() && !first.costly) || off(Limit::FreshSession) {
            return first.answer;
        }
        let mut fresh = self.program.session(Purpose::Evaluate)?;
        let Asked { answer, broke, .. } = fresh.evaluate(input);
        if broke {
            self.broken += 1;
        } else if answer.is_err() {
            self.refused += 1;
        }
        self.program.retire(fresh);
        answer
    }

    /// Asks in the session at hand, or in a new one where there is none.
    fn asked(&mut self, input: &Arc<str>) -> Result<Asked, Failure> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.program.session(Purpose::Evaluate)?,
        };
        let asked = session.evaluate(input);
        if session.ended() {
            self.program.retire(session);
        } else {
            self.session = Some(session);
        }
        Ok(asked)
    }

    fn end(&mut self) {
        if let Some(session) = self.session.take() {
            self.program.retire(session);
        }
    }
}
