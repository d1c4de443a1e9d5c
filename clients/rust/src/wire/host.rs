//! Hosts, and what answers: `GET /v1/hosts` and `GET /v1`.

use serde::{Deserialize, Serialize};

/// A live host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Host {
    /// Its number; a host that was declared dead gets another.
    pub number: i64,
    /// Its name for people.
    pub name: String,
    /// Where its API listens.
    pub address: String,
    /// The Windlass version that it runs.
    pub version: String,
    /// The queues that it serves; null means all of them.
    pub queues: Option<Vec<String>>,
    /// When it registered.
    pub started_at: String,
    /// How many invocations it holds.
    pub holds: u64,
}

/// What answers: `GET /v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Info {
    /// The Windlass version.
    pub version: String,
    /// Where it stores: `sqlite` or `postgres`.
    pub backend: String,
    /// The number of the host that answered.
    pub host: i64,
}
