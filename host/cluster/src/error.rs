//! What can go wrong between us and an API server.

use probate_contract::dump::Reason;

/// An error of the API server or on the way there.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No configuration to connect with.
    #[error("no cluster to talk to: {0}; give --context or --kubeconfig, or run in a pod")]
    NoConfiguration(String),
    /// The API server refused or did not answer.
    #[error("{0}")]
    Api(Box<kube::Error>),
    /// What it answered is not what it should be.
    #[error("{what}: {why}")]
    Answer {
        /// Of which request.
        what: String,
        /// What is wrong.
        why: String,
    },
}

impl From<kube::Error> for ClusterError {
    fn from(error: kube::Error) -> Self {
        Self::Api(Box::new(error))
    }
}

impl ClusterError {
    /// Its message code.
    pub fn id(&self) -> &'static str {
        match self {
            Self::NoConfiguration(_) => "PB6001",
            Self::Api(_) => "PB6002",
            Self::Answer { .. } => "PB6003",
        }
    }

    /// The status code of the API server's answer, if it gave one.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Api(error) => code(error),
            Self::NoConfiguration(_) | Self::Answer { .. } => None,
        }
    }
}

/// The status code of the API server's answer, if it gave one.
pub(crate) fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// Why a list is not known.
pub(crate) fn reason(error: &kube::Error) -> Reason {
    match code(error) {
        Some(401 | 403) => Reason::Forbidden,
        _ => Reason::Unreachable,
    }
}
