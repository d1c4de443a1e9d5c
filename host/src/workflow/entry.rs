//! What a journal consists of.
//!
//! A journal is a list of entries in the order in which things happened: where it begins, the steps
//! that the workflow took, and the gates that opened where that does not follow from the store. How
//! a child ended is not repeated here: outcomes never change, and stay as long as their parent.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use crate::engine::{Answer, Gate};
use crate::model::{Moment, Outcome, State};

/// About what an entry takes beside what it was answered, in bytes.
const ENTRY_BYTES: usize = 200;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "kebab-case")]
pub enum Entry {
    /// The beginning, of the journal or of its continuation as new.
    Begin {
        /// From what random numbers come, in hexadecimal.
        seed: String,
        /// When.
        at: Moment,
        /// The number of the last step before.
        #[serde(default)]
        steps: u32,
        /// How many children there were before.
        #[serde(default)]
        children: u32,
        /// Of a fork: whose steps these were, the oldest first, each up to a step.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        origins: Vec<Origin>,
    },
    /// The workflow asked for something.
    Step {
        /// Its number, from 1.
        n: u32,
        /// When.
        at: Moment,
        /// What it asked for.
        asked: Asked,
        /// What it was answered, where that was at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Answered>,
    },
    /// A gate opened.
    Open {
        /// Which.
        gate: u32,
        /// The step that waited there, where it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<u32>,
        /// When.
        at: Moment,
        /// What it brought, where the store does not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Answered>,
    },
}

/// Whose the first steps of a fork were: their children have ids of that invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The invocation.
    pub id: String,
    /// Up to the step before the one of this number.
    pub before: u32,
}

/// An answer, as a journal has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// It was done.
    Done,
    /// Handles for that many invocations.
    Handles(u32),
    /// It was refused: a code and a message.
    Refused(String, String),
    /// Where it was in its life.
    State(State),
    /// Which one had ended.
    Index(Option<u32>),
    /// Whether it was so.
    Flag(bool),
    /// The time.
    Time(Moment),
    /// When a sleep ends.
    Until(Moment),
    /// JSON.
    Text(Option<String>),
}

impl Entry {
    /// How people read it.
    pub fn shown(&self) -> String {
        match self {
            Self::Begin { .. } => "begins".to_owned(),
            Self::Step { asked, .. } => asked.shown(),
            Self::Open { step: Some(n), .. } => format!("step {n} is answered"),
            Self::Open { gate, .. } => format!("wait {gate} is over"),
        }
    }

    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        let answer = match self {
            Self::Begin { .. } => None,
            Self::Step { answer, .. } | Self::Open { answer, .. } => answer.as_ref(),
        };
        let text = match answer {
            Some(Answered::Text(Some(text)) | Answered::Refused(_, text)) => text.len(),
            _ => 0,
        };
        ENTRY_BYTES + text
    }

    /// That a gate opened.
    pub fn open(gate: Gate, step: Option<u32>, at: Moment, answer: Option<Answered>) -> Self {
        Self::Open {
            gate: gate.0,
            step,
            at,
            answer,
        }
    }
}

/// How people read the end of a workflow.
pub fn shown_end(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(value) => {
            let text = value.get();
            format!("returns {}", &text[..text.floor_char_boundary(200)])
        }
        Outcome::Error(failure) => format!("fails ({}): {}", failure.kind, failure.message),
    }
}

impl From<Answered> for Answer {
    fn from(answered: Answered) -> Self {
        match answered {
            Answered::Done | Answered::Until(_) | Answered::Handles(_) => Self::Done,
            Answered::Refused(code, message) => Self::Refused(code, message),
            Answered::State(state) => Self::State(state),
            Answered::Index(index) => Self::Index(index),
            Answered::Flag(flag) => Self::Flag(flag),
            Answered::Time(at) => Self::Time(at),
            Answered::Text(text) => Self::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back() {
        let entries = vec![
            Entry::Begin {
                seed: "00".to_owned(),
                at: Moment(5),
                steps: 0,
                children: 0,
                origins: Vec::new(),
            },
            Entry::Step {
                n: 1,
                at: Moment(6),
                asked: Asked::Receive {
                    name: "approval".to_owned(),
                    timeout_ms: Some(10),
                },
                answer: None,
            },
            Entry::open(
                Gate(0),
                Some(1),
                Moment(7),
                Some(Answered::Text(Some("true".to_owned()))),
            ),
        ];

        let json = serde_json::to_vec(&entries).unwrap();

        assert_eq!(
            serde_json::from_slice::<Vec<Entry>>(&json).unwrap(),
            entries
        );
    }

    #[test]
    fn a_step_shows_what_it_asked_for() {
        let asked = Asked::Sleep { ms: 5 };

        assert_eq!(asked.shown(), "sleep {\"ms\":5}");
        assert_eq!(Asked::Now.shown(), "now");
    }
}
