//! How an invocation ended.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::State;

/// Of which kind an error is. A guest that fails is data, never an error of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The function returned `err`; the payload is kept.
    Guest,
    /// A call by SQL that does not fit its type.
    Arguments,
    /// The guest trapped, or exited before it returned.
    Trap,
    /// A limit: memory, stack, tables, output …
    Limit,
    /// The attempt took longer than its timeout.
    Timeout,
    /// Its hosts died while it ran, too often.
    HostLost,
    /// A replay differed from the journal.
    Nondeterminism,
    /// The component cannot be loaded.
    Component,
    /// Somebody cancelled it.
    Cancelled,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Guest,
        Self::Arguments,
        Self::Trap,
        Self::Limit,
        Self::Timeout,
        Self::HostLost,
        Self::Nondeterminism,
        Self::Component,
        Self::Cancelled,
    ];

    /// The word for it, everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Arguments => "arguments",
            Self::Trap => "trap",
            Self::Limit => "limit",
            Self::Timeout => "timeout",
            Self::HostLost => "host-lost",
            Self::Nondeterminism => "nondeterminism",
            Self::Component => "component",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FailureKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no kind of failure"))
    }
}

/// Why an invocation did not succeed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failure {
    /// Of which kind it is.
    pub kind: FailureKind,
    /// For people: what happened, and where there is one, the way out.
    pub message: String,
    /// Of kind `limit`: which limit, by its name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Of kind `guest`: the E of the function's `result<T, E>`, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Box<RawValue>>,
    /// Of kind `trap` and `limit`: the frames of the guest, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
}

impl Failure {
    /// A failure that needs no more than a message.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            limit: None,
            payload: None,
            backtrace: Vec::new(),
        }
    }

    /// The named limit was reached.
    pub fn limit(name: &str, message: impl Into<String>) -> Self {
        Self {
            limit: Some(name.to_owned()),
            ..Self::new(FailureKind::Limit, message)
        }
    }
}

/// How an invocation ended: the value, or the error.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// What the function returned, as canonical JSON; `null` where it returns nothing.
    Value(Box<RawValue>),
    /// Why there is no value.
    Error(Failure),
}

impl Outcome {
    /// The final state that this outcome brings.
    pub fn state(&self) -> State {
        match self {
            Self::Value(_) => State::Succeeded,
            Self::Error(failure) if failure.kind == FailureKind::Cancelled => State::Cancelled,
            Self::Error(_) => State::Failed,
        }
    }

    /// The kind of the error, where it is one.
    pub fn kind(&self) -> Option<FailureKind> {
        match self {
            Self::Value(_) => None,
            Self::Error(failure) => Some(failure.kind),
        }
    }

    /// The JSON that is stored: the value, or the failure.
    pub fn to_stored(&self) -> String {
        match self {
            Self::Value(value) => value.get().to_owned(),
            Self::Error(failure) => {
                serde_json::to_string(failure).expect("a failure is texts and JSON")
            }
        }
    }

    /// The outcome that was stored under this state.
    pub fn from_stored(state: State, body: &str) -> Result<Self, serde_json::Error> {
        match state {
            State::Succeeded => Ok(Self::Value(RawValue::from_string(body.to_owned())?)),
            _ => Ok(Self::Error(serde_json::from_str(body)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_reads_back_from_what_is_stored() {
        let mut failure = Failure::new(FailureKind::Guest, "the task returned an error");
        failure.payload = Some(RawValue::from_string("{\"too-large\":9}".to_owned()).unwrap());
        let outcome = Outcome::Error(failure);

        let back = Outcome::from_stored(outcome.state(), &outcome.to_stored()).unwrap();

        let Outcome::Error(back) = back else {
            panic!("the failure became a value")
        };
        assert_eq!(back.kind, FailureKind::Guest);
        assert_eq!(back.payload.unwrap().get(), "{\"too-large\":9}");
    }

    #[test]
    fn the_words_for_kinds_read_back() {
        for kind in FailureKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }
}
