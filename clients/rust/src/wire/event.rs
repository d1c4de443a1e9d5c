//! What an invocation tells while it runs: `/logs` and `/events`.

use serde::{Deserialize, Serialize};

use super::{Invocation, Published};

/// How far an invocation is, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much in all.
    pub total: u64,
    /// What it is doing.
    #[serde(default)]
    pub note: String,
}

/// An invocation's log: the answer of `GET /v1/invocations/{id}/logs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Log {
    /// Its pieces, in the order in which they were written.
    pub items: Vec<LogChunk>,
}

/// A piece of an invocation's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogChunk {
    /// The attempt that wrote it.
    pub attempt: u32,
    /// What it wrote.
    pub text: String,
}

/// An event of `GET /v1/invocations/{id}/events`, which are server-sent events: the variant's name
/// in lower case is `event:`, its content in JSON is `data:`. They begin with the present state and
/// end after a final one; every event has an `id:` to go on from with `Last-Event-ID`.
#[derive(Debug, Clone)]
pub enum Event {
    /// `state`: the invocation, when its state or attempt has changed.
    State(Box<Invocation>),
    /// `progress`: how far it is.
    Progress(Progress),
    /// `log`: what it has written since.
    Log(LogChunk),
    /// `published`: what it shows under a name, when that has changed.
    Published(Published),
}

impl Event {
    /// What stands behind `event:`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::State(_) => "state",
            Self::Progress(_) => "progress",
            Self::Log(_) => "log",
            Self::Published(_) => "published",
        }
    }

    /// What stands behind `data:`.
    pub fn data(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::State(invocation) => serde_json::to_string(invocation),
            Self::Progress(progress) => serde_json::to_string(progress),
            Self::Log(chunk) => serde_json::to_string(chunk),
            Self::Published(published) => serde_json::to_string(published),
        }
    }

    /// The event with this name and data; none where the name is not known, since a newer host may
    /// have more to tell.
    pub fn parse(name: &str, data: &str) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match name {
            "state" => Self::State(serde_json::from_str(data)?),
            "progress" => Self::Progress(serde_json::from_str(data)?),
            "log" => Self::Log(serde_json::from_str(data)?),
            "published" => Self::Published(serde_json::from_str(data)?),
            _ => return Ok(None),
        }))
    }
}
