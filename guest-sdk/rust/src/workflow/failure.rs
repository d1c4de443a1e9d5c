//! Why a call did not succeed, and why one was not even enqueued.

use std::fmt;

use crate::data::{Data, Json, Mistake};

/// Why an invocation did not succeed.
///
/// A workflow may return it as its own error: the exported function then fails with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `guest` where the function returned an error; `trap`, `limit`, `timeout`, `host-lost`,
    /// `cancelled` …; `mismatch` where its value is not of the type that was expected.
    pub kind: String,
    /// For people.
    pub message: String,
    pub(crate) payload: Option<String>,
}

impl Failure {
    pub(crate) fn new(kind: &str, message: String) -> Self {
        Self {
            kind: kind.to_owned(),
            message,
            payload: None,
        }
    }

    /// What the function returned as its error; none if it did not return, or something else.
    pub fn payload<E: Data>(&self) -> Option<E> {
        E::from_json(self.payload.as_deref()?).ok()
    }
}

/// The words of the task itself where its error is text, else the message with the kind.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self.clone()))
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        // So that an error that is handed up through workflows stays what it was.
        match failure.payload() {
            Some(words) => words,
            None => [&failure.message, " (", &failure.kind, ")"].concat(),
        }
    }
}

/// As the error of a workflow, which is text.
impl Data for Failure {
    type Value = Self;

    fn write(&self, text: &mut String) {
        self.to_string().write(text);
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        String::read(json).map(|message| Self::new("guest", message))
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A word for programs, as in the problems of the HTTP interface: `task-unknown` …
    pub code: String,
    /// For people, with the place and the way out.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        f.write_str(" (")?;
        f.write_str(&self.code)?;
        f.write_str(")")
    }
}

impl std::error::Error for Refusal {}
