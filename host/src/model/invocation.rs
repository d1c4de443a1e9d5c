//! The states of an invocation and the transitions between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where an invocation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not before a time that has not come.
    Scheduled,
    /// In its place in the queue; also while a retry backs off, and while reserved by a host.
    Queued,
    /// An attempt holds a slot.
    Running,
    /// A workflow waits for something.
    Waiting,
    /// Ended with a value.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended because somebody asked.
    Cancelled,
}

/// What can happen to an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Its time has come.
    Due,
    /// An attempt starts, or a waiting one goes on.
    Started,
    /// A workflow waits.
    Waited,
    /// It goes back to its place: retry, rescue, or given back.
    Returned,
    /// It ended with a value.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// An event that cannot happen in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invocation that is {state} cannot be {event:?}")]
pub struct IllegalTransition {
    /// The state that it is in.
    pub state: State,
    /// What was to happen.
    pub event: Event,
}

impl State {
    /// Every state, in the order of life.
    pub const ALL: [Self; 7] = [
        Self::Scheduled,
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state after `event`, or why that event is illegal here.
    pub fn after(self, event: Event) -> Result<Self, IllegalTransition> {
        match (self, event) {
            (Self::Scheduled, Event::Due) => Ok(Self::Queued),
            (Self::Queued | Self::Waiting, Event::Started) => Ok(Self::Running),
            (Self::Running, Event::Waited) => Ok(Self::Waiting),
            (Self::Running, Event::Returned) => Ok(Self::Queued),
            (Self::Running, Event::Succeeded) => Ok(Self::Succeeded),
            (Self::Queued | Self::Running | Self::Waiting, Event::Failed) => Ok(Self::Failed),
            (Self::Scheduled | Self::Queued | Self::Running | Self::Waiting, Event::Cancelled) => {
                Ok(Self::Cancelled)
            }
            (state, event) => Err(IllegalTransition { state, event }),
        }
    }

    /// Whether nothing can happen any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// The word for it, everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no state: scheduled, queued, running, waiting, succeeded, failed or cancelled")]
pub struct UnknownState(pub String);

impl FromStr for State {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 7] = [
        Event::Due,
        Event::Started,
        Event::Waited,
        Event::Returned,
        Event::Succeeded,
        Event::Failed,
        Event::Cancelled,
    ];

    #[test]
    fn nothing_happens_after_a_final_state() {
        for state in State::ALL.into_iter().filter(|state| state.is_final()) {
            for event in EVENTS {
                assert!(state.after(event).is_err(), "{state} after {event:?}");
            }
        }
    }

    #[test]
    fn every_state_that_is_not_final_can_still_end() {
        for state in State::ALL.into_iter().filter(|state| !state.is_final()) {
            assert_eq!(state.after(Event::Cancelled), Ok(State::Cancelled));
        }
    }

    #[test]
    fn only_a_running_invocation_succeeds() {
        for state in State::ALL {
            assert_eq!(
                state.after(Event::Succeeded).is_ok(),
                state == State::Running
            );
        }
    }

    #[test]
    fn the_words_read_back() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }
}
