//! Why a policy could not decide: one sentence, which the host turns into a retain vote.

use std::fmt;

/// Why a policy could not decide. Every standard error converts into it, so `?` works.
pub struct Error(String);

/// What a policy answers: a verdict, or why there is none.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that says so.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
