//! What a step of a workflow asks for, as the journal has it: enough to compare a replay with it, and
//! to show it.

use serde::{Deserialize, Serialize};

use crate::engine::{HandleNumber, NamedCall, Request};
use crate::model::Digest;

/// Arguments and values up to this size stand in the journal as they are, in bytes. Of larger ones,
/// which are kept with the child or shown elsewhere, it has the beginning and a hash to compare.
const SHOWN_BYTES: usize = 200;

/// How much of a hash is kept.
const HASH_CHARS: usize = 32;

/// What a step asked for: enough to compare a replay with it, and to show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Asked {
    /// One call by name.
    Enqueue {
        /// The call.
        #[serde(flatten)]
        call: Named,
    },
    /// Many as one step.
    EnqueueMany {
        /// How many.
        count: usize,
        /// The first of them.
        first: Option<Named>,
        /// The hash of all of them.
        hash: String,
    },
    /// A call by type.
    Call {
        /// The interface.
        interface: String,
        /// The function.
        function: String,
        /// The arguments, or what stands for them.
        arguments: String,
    },
    /// A handle by id.
    Find {
        /// The id.
        id: String,
    },
    /// Where an invocation is in its life.
    Status {
        /// The handle's number.
        handle: u32,
    },
    /// Its end.
    Cancel {
        /// The handle's number.
        handle: u32,
    },
    /// Until one has ended.
    WaitAny {
        /// The handles' numbers.
        handles: Vec<u32>,
        /// How long at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
    /// Until all have ended, or the time is up.
    WaitAll {
        /// The handles' numbers.
        handles: Vec<u32>,
        /// How long at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
    /// A while.
    Sleep {
        /// How long.
        ms: u64,
    },
    /// The time.
    Now,
    /// A value for the outside.
    Publish {
        /// Its name.
        name: String,
        /// The value, or what stands for it.
        value: String,
    },
    /// A message.
    Receive {
        /// Its name.
        name: String,
        /// How long at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
    /// A piece of the workflow's own work, done.
    Step {
        /// Its name.
        name: String,
    },
}

/// A call by name, as a journal has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The queue; none for the workflow's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The task as it was written.
    pub task: String,
    /// The arguments as they were written, or what stands for them.
    pub arguments: String,
    /// The chosen id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Lower goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// How long one attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Whether it survives its parent's cancellation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub detached: bool,
}

/// What stands for a text in the journal: no other text has the same.
pub fn mark(text: &str) -> String {
    if text.len() <= SHOWN_BYTES {
        return text.to_owned();
    }
    let shown = &text[..text.floor_char_boundary(SHOWN_BYTES / 2)];
    format!(
        "{shown}… ({} bytes, sha-256 {})",
        text.len(),
        hash(text.as_bytes())
    )
}

fn hash(text: &[u8]) -> String {
    Digest::of(text).as_str()[..HASH_CHARS].to_owned()
}

impl From<&NamedCall> for Named {
    fn from(call: &NamedCall) -> Self {
        Self {
            queue: call.queue.clone(),
            task: call.task.clone(),
            arguments: mark(&call.arguments),
            id: call.id.clone(),
            priority: call.priority,
            timeout_ms: call.timeout_ms,
            detached: call.detached,
        }
    }
}

fn numbers(handles: &[HandleNumber]) -> Vec<u32> {
    handles.iter().map(|handle| handle.0).collect()
}

impl Asked {
    /// What a request asks for, if it is a step of its own. How a child ends, and until all have
    /// ended, follows from the store and is none; nor is the beginning of a piece, or of everything
    /// anew.
    pub fn of(request: &Request) -> Option<Self> {
        Some(match request {
            Request::Enqueue(call) => Self::Enqueue { call: call.into() },
            Request::EnqueueMany(calls) => {
                let named: Vec<Named> = calls.iter().map(Named::from).collect();
                let all = serde_json::to_vec(&named).expect("texts and numbers are JSON");
                Self::EnqueueMany {
                    count: named.len(),
                    hash: hash(&all),
                    first: named.into_iter().next(),
                }
            }
            Request::Call {
                interface,
                function,
                arguments,
            } => Self::Call {
                interface: interface.clone(),
                function: function.clone(),
                arguments: mark(&String::from_utf8_lossy(arguments)),
            },
            Request::Find(id) => Self::Find { id: id.clone() },
            Request::Status(handle) => Self::Status { handle: handle.0 },
            Request::Cancel(handle) => Self::Cancel { handle: handle.0 },
            Request::WaitAny(handles, timeout_ms) => Self::WaitAny {
                handles: numbers(handles),
                timeout_ms: *timeout_ms,
            },
            Request::WaitAll(handles, Some(timeout_ms)) => Self::WaitAll {
                handles: numbers(handles),
                timeout_ms: Some(*timeout_ms),
            },
            Request::Sleep(ms) => Self::Sleep { ms: *ms },
            Request::Now => Self::Now,
            Request::Publish(name, value) => Self::Publish {
                name: name.clone(),
                value: mark(value),
            },
            Request::Receive(name, timeout_ms) => Self::Receive {
                name: name.clone(),
                timeout_ms: *timeout_ms,
            },
            Request::Result(_)
            | Request::WaitAll(_, None)
            | Request::StepBegin(_)
            | Request::StepEnd(_)
            | Request::ContinueAsNew(_) => return None,
        })
    }

    /// The word for it, everywhere.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Enqueue { .. } => "enqueue",
            Self::EnqueueMany { .. } => "enqueue-many",
            Self::Call { .. } => "call",
            Self::Find { .. } => "find",
            Self::Status { .. } => "status",
            Self::Cancel { .. } => "cancel",
            Self::WaitAny { .. } => "wait-any",
            Self::WaitAll { .. } => "wait-all",
            Self::Sleep { .. } => "sleep",
            Self::Now => "now",
            Self::Publish { .. } => "publish",
            Self::Receive { .. } => "receive",
            Self::Step { .. } => "step",
        }
    }

    /// How people read it: `enqueue {"task":"resize", …}`.
    pub fn shown(&self) -> String {
        let mut json = serde_json::to_value(self).expect("texts and numbers are JSON");
        if let Some(fields) = json.as_object_mut() {
            fields.remove("kind");
        }
        match json.as_object().is_some_and(serde_json::Map::is_empty) {
            true => self.kind().to_owned(),
            false => format!("{} {json}", self.kind()),
        }
    }
}
