//! What can go wrong between a caller and its result.

use crate::wire::{Failure, Problem};

/// Why there is no answer, or no value.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing answers there, or the connection broke.
    #[error("no host can be reached at {url}: {reason}")]
    Unreachable {
        /// The server's address.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// The host refused.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The invocation ended without a value.
    #[error("{task} failed ({kind}): {message}", kind = .failure.kind, message = .failure.message)]
    TaskFailed {
        /// The invocation's id.
        id: String,
        /// The task as it was called.
        task: String,
        /// Of which kind the error is, and what came with it.
        failure: Box<Failure>,
    },
    /// The answer is not one that a Windlass host gives.
    #[error("the answer of {url} is not understood: {reason}")]
    Protocol {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The arguments do not become JSON.
    #[error("the arguments cannot be written as JSON: {0}")]
    Arguments(String),
    /// The value is not of the type that was asked for.
    #[error("the value of {id} is not of the type asked for: {reason}")]
    Value {
        /// The invocation's id.
        id: String,
        /// What does not fit.
        reason: String,
    },
    /// The server's address is no address.
    #[error("{url:?} is no address of a host: {reason}")]
    Address {
        /// The text as given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => Some(
                "start a host with `windlass serve`, or name one with --server or WINDLASS_SERVER"
                    .to_owned(),
            ),
            Self::Problem(problem) => problem.hint.clone(),
            Self::Protocol { .. } => Some(
                "something else than a Windlass host may listen there, or one of another version"
                    .to_owned(),
            ),
            Self::Address { .. } => Some("give it as http://127.0.0.1:7070".to_owned()),
            // Its message is the task's own.
            Self::TaskFailed { .. } | Self::Arguments(_) | Self::Value { .. } => None,
        }
    }

    /// Whether the request may not have arrived, so that repeating it may help.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// The innermost reason of an error, where the outer ones only say that something failed.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
